"""What a batch is to run: a jobs file → its jobs, each with a stable id, and every problem of the file at its place."""

from __future__ import annotations

import itertools
import math
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, partial
from pathlib import Path
from typing import Any, TypeAlias

from pydantic import ValidationError

from agent import agentfile, data
from agent.agentfile import AgentFile
from agent.as_of_date import as_of_day
from agent.batch import formats
from agent.batch.formats import refused
from agent.batch.spec import BatchSpec, GridSpec, JobSpec
from agent.errors import SpecError, UsageError
from agent.events import run_key
from agent.problems import problems_of
from agent.run import OFFLINE
from agent.source import Address, Source, path_text
from agent.tools import trust

DEFAULT_AGENT = "dynamic_sector_advisor"
MOST_JOBS = 100_000
NO_JOB = "no job: list some under `jobs`, give a `grid`, or a `question` alone"
KEY_SHOWN = 10
"""Characters of its key in a job's made-up id."""
_PLACE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")


@dataclass(frozen=True)
class Job:
    """One run of a batch. `as_of`: an ISO date; `model`: None for the agent file's own; `where`: jobs.yaml:7:5."""

    id: str
    file: AgentFile
    question: str
    as_of: str | None
    model: str | None
    where: str

    @cached_property
    def key(self) -> str:
        """Equal for jobs that ask the same: a hash of agent file, question, as-of date and model."""
        return run_key(*self.file.hashes, self.question, self.as_of, self.model or self.file.spec.model.name)


Draft: TypeAlias = tuple[Address, Job]
"""What the file says of a job, and where: its id is empty unless it was given, its date until a schedule gives it."""


@dataclass(frozen=True)
class Defaults:
    """The command line's words: a job's own win over them, and they over the batch file's. `offline` wins over all.

    `trusted`: whether agent files from anywhere may start programs.
    """

    agent: str | None = None
    model: str | None = None
    as_of: str | None = None
    offline: bool = False
    simulated: bool = False
    allow_live: bool = False
    trusted: bool = True


@dataclass(frozen=True)
class Batch:
    """`folder` is the jobs file's, `name` its stem; `simulated`: the file or the command line wants simulated data;
    `allow_live`: tools that take no date are asked for a past one, too."""

    spec: BatchSpec
    folder: Path
    name: str
    simulated: bool
    allow_live: bool
    text: Source = field(repr=False)
    drafts: list[Draft] = field(repr=False)

    def jobs(self, as_of: str | None = None) -> list[Job]:
        """Each job once, in the file's order; `as_of`: the date of a scheduled slot, for a batch without dates.

        Raises SpecError naming both places of an id that two jobs have, and UsageError for a second date.
        """
        if as_of and any(job.as_of for _, job in self.drafts):
            raise UsageError(f"{self.name}: its jobs have dates of their own, so that none is run as of {as_of}")
        jobs, problems = _named(self.text, [(at, replace(job, as_of=as_of or job.as_of)) for at, job in self.drafts])
        if problems:
            raise refused(problems)
        return jobs


def load(path: Path, defaults: Defaults) -> Batch:
    """Read a jobs file and the agent files that it names. Raises SpecError with every problem found, UsageError."""
    if str(path) == "-":
        raise UsageError("jobs are not read from standard input", hint="name a .yaml, .json, .jsonl or .csv file")
    as_of_day(defaults.as_of)
    text = formats.read(path)
    try:
        spec = BatchSpec.model_validate(text.value)
    except ValidationError as error:
        raise refused(problems_of(error, text, BatchSpec)) from None
    if spec.question and not {"jobs", "grid"} & set(text.value):
        spec = spec.model_copy(update={"jobs": [JobSpec()]})
    size = len(spec.jobs) + (math.prod(map(len, spec.grid.dimensions.values())) if spec.grid else 0)
    if not 1 <= size <= MOST_JOBS:
        many = f"{size:,} jobs are more than {MOST_JOBS:,}"
        raise refused([f"{text.where(())}: {many if size else NO_JOB}"])
    reading = _Reading(spec, text, path.parent, defaults)
    drafts = list(reading.drafts())
    problems = [*_second_dates(spec, text, defaults), *reading.problems, *_named(text, drafts)[1]]
    if problems:
        raise refused(list(dict.fromkeys(problems)))
    simulated = spec.simulated or defaults.simulated
    return Batch(spec, path.parent, path.stem, simulated, defaults.allow_live, text, drafts)


def _second_dates(spec: BatchSpec, text: Source, defaults: Defaults) -> Iterator[str]:
    """Dates beside those that a schedule gives."""
    if spec.schedule is None:
        return
    says = "the schedule gives the date"
    if defaults.as_of:
        yield f"{text.where(('schedule',), key=True)}: schedule: {says}, so that --as-of has no place"
    places: list[Address] = [("jobs", index, "as_of") for index, job in enumerate(spec.jobs) if job.as_of]
    if spec.grid and spec.grid.as_of:
        places.append(("grid", "as_of"))
    if spec.as_of:
        places.append(("as_of",))
    yield from (f"{text.where(place, key=True)}: {path_text(place)}: {says}" for place in places)


@dataclass(frozen=True)
class _Said:
    """What the file says of one job, and where: a listed job at its place, a combination at the grid's."""

    job: JobSpec
    at: Address
    index: Mapping[str, int] = field(default_factory=dict)
    """Of a combination: which value of each list."""

    def place(self, key: str) -> Address:
        return (*self.at, key, self.index[key]) if key in self.index else (*self.at, key)


def _said(spec: BatchSpec) -> Iterator[_Said]:
    for index, job in enumerate(spec.jobs):
        yield _Said(job, ("jobs", index))
    if spec.grid:
        yield from _combinations(spec.grid)


def _combinations(grid: GridSpec) -> Iterator[_Said]:
    lists = grid.dimensions
    for values in itertools.product(*map(enumerate, lists.values())):
        own: dict[str, Any] = {}
        index: dict[str, int] = {}
        variables: dict[str, str] = {}
        for (key, *name), (at, value) in zip(lists, values, strict=True):
            if name:
                variables[name[0]] = value
            else:
                own[key], index[key] = value, at
        yield _Said(JobSpec.model_construct(**own, vars=variables or None), ("grid",), index)


class _Reading:
    """Jobs from what a file says of them, each agent file loaded once; `problems` grows on the way."""

    def __init__(self, spec: BatchSpec, text: Source, folder: Path, defaults: Defaults) -> None:
        self.problems: list[str] = []
        self._spec = spec
        self._text = text
        self._defaults = defaults
        self._find = cache(partial(_found, folder=folder))
        self._files: dict[str, AgentFile | None] = {}

    def drafts(self) -> Iterator[Draft]:
        for said in _said(self._spec):
            job = self._job(said)
            if job:
                yield said.at, job

    def _job(self, said: _Said) -> Job | None:
        job, defaults, spec = said.job, self._defaults, self._spec
        file = self._file(said)
        if file is None:
            return None
        words = job.question or spec.question or (file.spec.objective or "").strip()
        if not words:
            self._tell(said.at, "no question: neither here nor in the batch file, and its agent has no objective")
            return None
        return Job(
            id=job.id or "",
            file=file,
            question=self._filled(words, said) if job.vars else words,
            as_of=job.as_of or defaults.as_of or spec.as_of,
            model=OFFLINE if defaults.offline else job.model or defaults.model or spec.model,
            where=os.path.basename(self._text.where(said.at)),
        )

    def _file(self, said: _Said) -> AgentFile | None:
        """The job's agent file, or None when its problems are told."""
        own, typed = said.job.agent, self._defaults.agent
        name = typed if typed and not own else self._find(own or self._spec.agent or DEFAULT_AGENT)
        if name not in self._files:
            try:
                self._files[name] = file = agentfile.load(name)
                trust.require(file.spec, file.path, trusted=self._defaults.trusted)
            except SpecError as error:
                self._files[name] = None
                for problem in error.problems:
                    self._tell(said.place("agent") if said.job.agent else ("agent",), problem)
        return self._files[name]

    def _filled(self, words: str, said: _Said) -> str:
        """The question with its vars."""
        variables = said.job.vars or {}
        at = said.place("question")
        used = set()

        def fill(found: re.Match[str]) -> str:
            place, name = found[0], found[1]
            if name in variables:
                used.add(name)
                return variables[name]
            if name is not None:
                self._tell(at, f"{place} is none of the vars: {', '.join(variables)}")
            elif len(place) == 1:
                self._tell(at, f"a {place!r} alone in {words!r}: write it twice where it is meant")
            return str(place[0])

        filled = _PLACE.sub(fill, words)
        for name in variables:
            if name not in used:
                self._tell((*said.at, "vars", name), f"the question does not use it: {words!r}", key=True)
        return filled

    def _tell(self, address: Address, problem: str, *, key: bool = False) -> None:
        self.problems.append(f"{self._text.where(address, key=key)}: {path_text(address)}: {problem}")


def _found(name: str, folder: Path) -> str:
    """Where an agent that a jobs file names lies: beside it, as given, in the package; or its name as it is."""
    places = (folder / name, Path(name), data.root() / name)
    return next((str(place) for place in places if os.path.isfile(place)), name)


def _named(text: Source, drafts: list[Draft]) -> tuple[list[Job], list[str]]:
    """Each job once, with its id; and where one id stands for two jobs. Ids are names of files: case says nothing."""
    named: dict[str, Draft] = {}
    problems = []
    for at, draft in drafts:
        job = draft if draft.id else replace(draft, id=f"{draft.as_of or 'now'}-{draft.key[:KEY_SHOWN]}")
        other_at, other = named.setdefault(job.id.casefold(), (at, job))
        if other.key != job.key:
            here, there = (*at, "id"), text.where((*other_at, "id"))
            problems.append(f"{text.where(here)}: {path_text(here)}: {job.id!r} is the id of another job, at {there}")
    return [job for _, job in named.values()], problems
