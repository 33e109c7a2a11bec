"""A case: a question over known tools, what is expected of the run, one run that must pass and one that must fail."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from agent import agentfile, source
from agent.agentfile import AgentFile
from agent.as_of_date import Day
from agent.errors import SpecError, UsageError
from agent.evals.planting import planted
from agent.model.base import Turn
from agent.problems import problems_of
from agent.replay.changes import Change
from agent.replay.result_changes import ResultChange
from agent.scoring.expect import Expect
from agent.scoring.scorers import SCORERS
from agent.section import Section, Text
from agent.server_spec import StdioServer
from agent.source import Address, Source, path_text

EMBEDDED = "embedded"


Thresholds = dict[Text, float]


class TurnSpec(Section):
    """One turn of a scripted model: calls, or an answer."""

    calls: Annotated[list[dict[Text, dict[str, Any]]], Field(min_length=1)] | None = None
    """Each a tool and its arguments."""
    answer: Any = None
    """A JSON value, or a text as it is sent."""
    stop_reason: Text | None = None
    """Other than what follows from the turn."""

    def turn(self, number: int) -> Turn:
        """As a model would have said it, the `number`th of its turns."""
        content: list[dict[str, Any]] = []
        if self.answer is not None:
            said = self.answer if isinstance(self.answer, str) else json.dumps(self.answer, ensure_ascii=False)
            content.append({"type": "text", "text": said})
        calls = [each for call in self.calls or [] for each in call.items()]
        content += [
            {"type": "tool_use", "id": f"c{number}_{at}", "name": name, "input": arguments}
            for at, (name, arguments) in enumerate(calls, 1)
        ]
        return Turn(content, self.stop_reason or ("tool_use" if self.calls else "end_turn"), "script")


class Reference(Section):
    """A run by turns written down here, by the planner, or of a transcript."""

    turns: Annotated[list[TurnSpec], Field(min_length=1)] | None = None
    planner: bool = False
    transcript: Text | None = None
    """A log in the suite's folder, whose model turns are said again."""
    fails: list[Text] = Field(default_factory=list)
    """Of the run that must fail: scorers whose thresholds it must not meet; without any, at least one."""

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.turns is not None) + self.planner + (self.transcript is not None) != 1:
            raise PydanticCustomError("one_reference", "has to have one of `turns`, `planner: true` and `transcript`")
        return self


class References(Section):
    passing: Reference = Field(alias="pass")
    failing: Reference = Field(alias="fail")

    @model_validator(mode="after")
    def _only_one_fails(self) -> Self:
        if self.passing.fails:
            raise PydanticCustomError("fails", "`fails` has its place under `fail` alone")
        return self


class Recorded(Section):
    transcript: Text
    """A log in the suite's folder, whose tools answer by key."""


class CaseSpec(Section):
    about: Text
    """What the case is for, in a sentence."""
    tags: Annotated[list[Text], Field(min_length=1)]
    agent: Text = "dynamic_sector_advisor"
    """An agent file beside this file, or the name of a shipped one."""
    agent_keys: dict[str, Any] = Field(default_factory=dict)
    """Keys that replace those of the agent file; mappings are merged."""
    question: Text
    paraphrases: list[Text] = Field(default_factory=list)
    """The same question in other words: it is asked in each of them."""
    as_of: Day | None = None
    tools: Literal["embedded"] | Recorded
    """`embedded`: the agent file's own servers, which have to be this installation's; or a recording."""
    changes: list[Change] = Field(default_factory=list)
    """Made to what the tools offer and answer."""
    expect: Expect = Expect()
    thresholds: Thresholds = Field(default_factory=dict)
    """Scorer → the value that its score has to reach, or must not pass where less is better; beside the suite's."""
    without: list[Text] = Field(default_factory=list)
    """Thresholds of the suite that do not count here."""
    guarded: bool = True
    """Of a case with an attack: whether the host has to keep it without effect even when the model obeys."""
    reference: References


@dataclass(frozen=True)
class Case:
    """A case file, with the agent file it names. `folder`: the suite's."""

    name: str
    folder: Path
    spec: CaseSpec
    file: AgentFile
    thresholds: Mapping[str, float]

    @property
    def questions(self) -> list[str]:
        return [self.spec.question, *self.spec.paraphrases]

    @cached_property
    def changes(self) -> list[Change]:
        attack = self.spec.expect.attack
        return [*self.spec.changes, *([planted(attack)] if attack else [])]

    @cached_property
    def result_changes(self) -> dict[int, str]:
        """Numbers and names of the changes that are of what a tool answers."""
        operations = enumerate(change.operation for change in self.changes)
        return {number: each.name for number, each in operations if isinstance(each, ResultChange)}

    @property
    def place(self) -> str | None:
        """Where the words of its attack stand."""
        return self.spec.expect.attack.place if self.spec.expect.attack else None

    @property
    def required_tools(self) -> frozenset[str]:
        return frozenset(call.tool for calls in self.spec.expect.calls or [] for call in calls)


def load(path: Path, folder: Path, thresholds: Mapping[str, float]) -> Case:
    """A case of the suite in `folder`, whose `thresholds` count where the case does not say otherwise.

    Raises SpecError with the position of every problem.
    """
    text = source.read(path)
    try:
        spec = CaseSpec.model_validate(text.value)
    except ValidationError as error:
        raise refused(problems_of(error, text, CaseSpec)) from None
    kept = {name: value for name, value in thresholds.items() if name not in spec.without}
    problems = [*unknown_scorers(text, _scorers_named(spec)), *_wrong_places(spec, text, folder)]
    try:
        case = Case(path.stem, folder, spec, _agent(spec, text), kept | spec.thresholds)
    except SpecError as error:
        raise refused(problems + error.problems) from None
    if spec.tools == EMBEDDED and not is_embedded(case.file):
        problems.append(
            f"{text.where(('tools',))}: tools: {spec.agent} names servers or data that are not this installation's"
        )
    if problems:
        raise refused(problems)
    return case


def refused(problems: list[str]) -> SpecError:
    return SpecError(problems, where=problems[0].partition(": ")[0], hint="docs/evals.md says what may stand where")


def unknown_scorers(text: Source, named: Mapping[Address, str]) -> Iterator[str]:
    """A problem for each name, given by where it stands, that no scorer has."""
    for address, name in named.items():
        if name not in SCORERS:
            near = difflib.get_close_matches(name, SCORERS, n=1)
            meant = f" - did you mean {near[0]!r}?" if near else ""
            yield f"{text.where(address, key=True)}: {path_text(address[:-1])}: there is no scorer {name!r}{meant}"


def _scorers_named(spec: CaseSpec) -> dict[Address, str]:
    named: dict[Address, str] = {("thresholds", name): name for name in spec.thresholds}
    named |= {("without", at): name for at, name in enumerate(spec.without)}
    return named | {("reference", "fail", "fails", at): name for at, name in enumerate(spec.reference.failing.fails)}


def _wrong_places(spec: CaseSpec, text: Source, folder: Path) -> Iterator[str]:
    """Transcripts that are not there, and an attack that is not planted in one place."""
    named: dict[Address, str | None] = {
        ("tools", "transcript"): spec.tools.transcript if isinstance(spec.tools, Recorded) else None,
        ("reference", "pass", "transcript"): spec.reference.passing.transcript,
        ("reference", "fail", "transcript"): spec.reference.failing.transcript,
    }
    for address, name in named.items():
        if name and not (folder / name).is_file():
            yield f"{text.where(address)}: {path_text(address)}: there is no transcript {name!r} in {folder}"
    if spec.expect.attack:
        try:
            planted(spec.expect.attack)
        except UsageError as error:
            yield f"{text.where(('expect', 'attack'))}: expect.attack: {error.message}"


def _agent(spec: CaseSpec, text: Source) -> AgentFile:
    """The agent file, with the case's keys. Raises SpecError; what is wrong with these stands in the case file."""
    beside = Path(text.name).parent / spec.agent
    file = agentfile.load(beside) if beside.is_file() else _shipped(spec.agent)
    if not spec.agent_keys:
        return file
    merged = Source(
        text.name,
        _merged(file.source.value, spec.agent_keys),
        {at[1:]: position for at, position in text.positions.items() if at[:1] == ("agent_keys",)},
        {at[1:]: position for at, position in text.keys.items() if at[:1] == ("agent_keys",) and at[1:]},
    )
    with_keys = agentfile.parse(merged, Path(file.source.name).parent)
    return replace(with_keys, source=replace(merged, name=file.source.name))


@cache
def _shipped(name: str) -> AgentFile:
    """Most cases of a suite name the same few."""
    return agentfile.load(name)


def _merged(keys: Any, others: Any) -> Any:
    if isinstance(keys, dict) and isinstance(others, dict):
        return keys | {key: _merged(keys.get(key), value) for key, value in others.items()}
    return others


def is_embedded(file: AgentFile) -> bool:
    """Whether all its servers are this installation's, over the data that come with it: they always answer alike."""
    return all(
        isinstance(server, StdioServer) and server.command == "advisor" and not server.reads_folder
        for server in file.spec.servers.values()
    )
