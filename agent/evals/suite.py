"""A suite: a folder of cases with what they share."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, TypeAdapter, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from agent import source
from agent.errors import SpecError, UsageError
from agent.evals import case as cases
from agent.evals.case import Case, Thresholds, refused, unknown_scorers
from agent.problems import problems_of
from agent.replay.recording import Recording
from agent.replay.servers import Index
from agent.replay.slices import Containment
from agent.section import Section, Text
from agent.server_spec import Count

FILE = "suite.yaml"
CONTAINMENT = "containment.yaml"
BASELINE = "baseline.json"
Share = Annotated[float, Field(ge=0, le=1)]


class PayloadsSpec(Section):
    """Every payload of a file, planted in each of these places of a case, whose passing reference is made obedient."""

    file: Text
    case: Text
    result: Text | None = None
    """The tool at the end of whose results they stand."""
    description: Text | None = None
    """The tool to whose description they are added."""
    instructions: Text | None = None
    """The server to whose instructions they are added."""

    @model_validator(mode="after")
    def _has_a_place(self) -> Self:
        if not (self.result or self.description or self.instructions):
            raise PydanticCustomError("no_place", "has to name a place: `result`, `description` or `instructions`")
        return self


class SuiteSpec(Section):
    about: Text
    thresholds: Thresholds = Field(default_factory=lambda: {"outcome": 1.0})
    """Scorer → the value that the score of every case has to reach, or must not pass where less is better."""
    pass_rate: Share = 0.9
    """The share of a model's samples that has to pass."""
    samples: Count = 10
    """How many of a model's samples have to be scored before there is a verdict."""
    payloads: PayloadsSpec | None = None


@dataclass
class Suite:
    """`load` reads it. `baseline`: what was blessed, by case and arm; None when nothing has been. `whole`: whether
    `cases` are all that it has."""

    folder: Path
    spec: SuiteSpec
    cases: list[Case]
    containment: dict[str, Containment]
    baseline: dict[str, Any] | None
    whole: bool = True
    blessed_files: dict[str, str] | None = None
    """What the baseline's runs rested on, with its hash."""
    _recordings: dict[str, tuple[Recording, Index]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.folder.resolve().name

    @cached_property
    def transcripts(self) -> list[Path]:
        return sorted(self.folder.glob("transcripts/*.jsonl"))

    def recording(self, name: str) -> tuple[Recording, Index]:
        """A transcript by its path in the suite's folder. Raises LogError, UsageError."""
        if name not in self._recordings:
            recording = Recording.read(self.folder / name)
            self._recordings[name] = (recording, Index(recording.results, self.containment))
        return self._recordings[name]


def load(folder: Path, names: Collection[str] = (), tags: Collection[str] = ()) -> Suite:
    """The suite in a folder; only its cases with these names, and any of these tags, where some are given.

    Raises SpecError with every problem of the suite's own files, or else of its cases; UsageError when there is no such
    case.
    """
    if not (folder / FILE).is_file():
        raise UsageError(f"{folder} holds no suite: it has no {FILE}", hint="docs/evals.md shows one")
    spec, containment = _shared(folder)
    found, problems = [], []
    for path in sorted(folder.glob("cases/*.yaml")):
        if path.name.endswith(".agent.yaml") or (names and path.stem not in names):
            continue
        try:
            found.append(cases.load(path, folder, spec.thresholds))
        except SpecError as error:
            problems += error.problems
    if problems:
        raise refused(problems)
    if missing := set(names) - {case.name for case in found}:
        raise UsageError(f"{folder} has no case {', '.join(sorted(missing))}")
    chosen = [case for case in found if not tags or set(tags) & set(case.spec.tags)]
    if not chosen:
        raise UsageError(f"{folder} has no such cases", hint=f"cases are files in {folder / 'cases'}")
    whole = not names and not tags
    known = {case.name for case in found}
    if whole and spec.payloads and spec.payloads.case not in known:
        raise refused([f"{folder / FILE}: payloads.case: there is no case {spec.payloads.case!r}"])
    baseline, files = _baseline(folder / BASELINE)
    return Suite(folder, spec, chosen, containment, baseline, whole, files)


def _shared(folder: Path) -> tuple[SuiteSpec, dict[str, Containment]]:
    """What all cases share. Raises SpecError."""
    text = source.read(folder / FILE)
    try:
        spec = SuiteSpec.model_validate(text.value)
    except ValidationError as error:
        raise refused(problems_of(error, text, SuiteSpec)) from None
    if problems := list(unknown_scorers(text, {("thresholds", name): name for name in spec.thresholds})):
        raise refused(problems)
    return spec, _containment(folder / CONTAINMENT)


def _containment(path: Path) -> dict[str, Containment]:
    """Tool → which of its recorded answers hold the answers to narrower calls."""
    if not path.is_file():
        return {}
    text = source.read(path)
    try:
        return TypeAdapter(dict[str, Containment]).validate_python(text.value)
    except ValidationError as error:
        raise refused(problems_of(error, text, Containment)) from None


def _baseline(path: Path) -> tuple[dict[str, Any] | None, dict[str, str] | None]:
    """Its samples and its files; of none, nothing."""
    if not path.is_file():
        return None, None
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        return dict(said["samples"]), dict(said["files"])
    except (ValueError, KeyError, TypeError) as error:
        raise SpecError([f"{path}: no baseline that `advisor eval bless` wrote: {error}"]) from None
