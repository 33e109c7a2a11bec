"""One run again, in memory: the same host, other ports. What comes out is a log like any other."""

from __future__ import annotations

import asyncio
import datetime
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.agentfile import AgentFile
from agent.encoding import digest
from agent.errors import AdvisorError, Diverged
from agent.events import ArtifactWritten, Event, RunCompared, RunFinished, RunStarted
from agent.gate import Gate
from agent.gathering import result_of
from agent.model.base import Model
from agent.offer import Opening
from agent.place import MEDIA_TYPE, Place, page_of
from agent.prices import Price, Terms, terms_for
from agent.replay.divergence import log_divergence
from agent.replay.models import RecordedModel, ReplayGate
from agent.replay.recording import Recording
from agent.replay.servers import ReplayServers
from agent.result import PAGE, RunResult
from agent.runs.log import Line, encode
from agent.sitting import Sitting
from agent.tools.ports import Form, Person
from agent.vouching import Vouch, by_nobody

EPOCH = "2000-01-01T00:00:00.000+00:00"
"""The time of every line of a log that no clock was asked for."""


class MemoryLog:
    """A log that is kept in memory, every line at the same time: equal runs give equal bytes."""

    folder = None

    def __init__(self, at: str, before: Sequence[Event] = ()) -> None:
        """`before`: what it holds when it is opened."""
        self.events: list[Event] = []
        self._at = at
        self._written: list[bytes] = []
        self._root = hashlib.sha256()
        for event in before:
            self.append(event)
        self.lines = [Line(index, at, event) for index, event in enumerate(before)]

    @property
    def root(self) -> str:
        return self._root.hexdigest()

    @property
    def content(self) -> bytes:
        return b"".join(self._written)

    def append(self, event: Event) -> None:
        line = encode(event, len(self.events), self._at)
        self._written.append(line)
        self._root.update(line)
        self.events.append(event)

    async def sync(self) -> None:
        pass

    def sync_now(self) -> None:
        pass

    def close(self) -> None:
        pass


@dataclass(frozen=True)
class MemoryPlace(Place):
    """A place without a disk."""

    at: str = EPOCH
    renders: bool = False
    before: Sequence[Event] = ()
    log: list[MemoryLog] = field(default_factory=list)
    pages: list[bytes] = field(default_factory=list)

    def open_log(self) -> MemoryLog:
        self.log.append(MemoryLog(self.at, self.before))
        return self.log[-1]

    async def keep_words(self, server: str, stderr: str) -> None:
        """Nothing was printed."""

    async def write_page(self, result: RunResult) -> ArtifactWritten:
        """A log that is the same whatever the templates are keeps no hash of a page."""
        if self.renders:
            self.pages.append(page_of(result))
        sha256 = hashlib.sha256(self.pages[-1]).hexdigest() if self.renders else ""
        return ArtifactWritten("page", self.page, sha256, MEDIA_TYPE)

    async def hand_out(self, result: RunResult) -> RunResult:
        return result


@dataclass(frozen=True)
class Rerun:
    """A run that was made again. `content`: its log; `error`: what ended it, where that is no outcome."""

    events: tuple[Event, ...]
    content: bytes
    result: RunResult
    page: bytes | None
    error: AdvisorError | None
    at: str

    @property
    def root(self) -> str:
        """Of its sealed log."""
        return self.events[-1].root if self.events and isinstance(self.events[-1], RunFinished) else ""

    @property
    def recording(self) -> Recording:
        return Recording.of(self.events, self.at, self.result.run_id)


@dataclass(frozen=True)
class Recalled:
    """The person of a recorded run, who says again what was said of each call, in turn. What servers asked lies in
    their results.
    """

    verdicts: Mapping[str, Sequence[bool]]
    _asked: Counter[str] = field(default_factory=Counter)

    async def allow(self, server: str, tool: str, arguments: Any) -> bool:
        key = digest([tool, arguments])
        said = self.verdicts.get(key, [True])
        self._asked[key] += 1
        return said[min(self._asked[key], len(said)) - 1]

    async def fill(self, server: str, message: str, schema: dict[str, Any]) -> Form:
        return None


async def rerun(
    file: AgentFile,
    question: str,
    as_of: str | None,
    model: Model,
    opening: Opening,
    *,
    run_id: str,
    at: str = EPOCH,
    gate: Gate | None = None,
    started: RunStarted | None = None,
    person: Person | None = None,
    vouch: Vouch = by_nobody,
    compared: RunCompared | None = None,
    renders: bool = False,
    before: Sequence[Event] = (),
) -> Rerun:
    """Run once, at the standing time `at`. `started`: the beginning whose facts the run keeps; `person`: who allows
    calls; `vouch`: who says whether tools are what they were; `compared`: what changed since the last comparable run;
    `renders`: its page too; `before`: the conversation that it goes on with.

    Raises Diverged.
    """
    page = started.files.get("page", PAGE) if started else PAGE
    place = MemoryPlace(Path("/") / run_id, page=page, at=at, renders=renders, before=before)
    sitting = Sitting(
        file,
        question,
        as_of,
        model,
        place=place,
        opening=opening,
        gate=gate or Gate(),
        now=lambda: datetime.datetime.fromisoformat(at),
        person=person,
        vouch=vouch,
        predecessor=lambda _: compared,
        **_kept(started),
        terms_for=lambda model: _terms(started, model),
    )
    error: AdvisorError | None = None
    try:
        result = await sitting.run()
    except Diverged as other:
        other.run_id = None  # there is no log of it
        raise
    except AdvisorError as ended:
        error, result = ended, result_of(place.log[-1].events)
    log = place.log[-1]
    return Rerun(tuple(log.events), log.content, result, place.pages[-1] if place.pages else None, error, at)


def _kept(started: RunStarted | None) -> dict[str, Any]:
    """What a sitting is that keeps the facts of a beginning; `recorded`: its tools tell what they told."""
    if started is None:
        return {"simulated": False, "real_data_only": False, "versions": {}}
    names = ("simulated", "real_data_only", "replay_of", "allow_live", "vetted", "versions")
    return {"recorded": True} | {name: getattr(started, name) for name in names}


def _terms(started: RunStarted | None, model: Model) -> Terms:
    if started is None:
        return terms_for(model)
    return Terms(Price(**started.price) if started.price else None, started.retires)


async def replayed(recording: Recording, file: AgentFile | None = None, *, renders: bool = False) -> Rerun:
    """The recorded run again, its model and its servers recorded too; with `file`, under that agent file.

    `renders`: its page has to be the one that was written, too. Raises Diverged for the first thing that is not as it
    was: prompt, parameters, tools, schema, message, call, check, answer or page. Of a question on another run, what was
    said before it is taken as it was. Raises UsageError when that is to be under another agent file.
    """
    recording.require_end()
    if file:
        recording.require_first()
    started = recording.started
    again = await rerun(
        file or recording.file,
        started.question,
        started.as_of,
        RecordedModel(recording),
        ReplayServers(recording, strict=True).opening,
        run_id=started.run_id,
        at=recording.at,
        gate=ReplayGate(recording),
        started=started,
        person=Recalled(recording.verdicts) if started.attended else None,
        vouch=recording.vouch,
        compared=recording.compared,
        renders=renders,
        before=recording.events[: recording.begins + 1] if recording.begins else (),
    )
    if different := log_divergence(recording, again.recording):
        raise different
    if different := _page_divergence(recording, again):
        raise different
    return again


def _page_divergence(recording: Recording, again: Rerun) -> Diverged | None:
    """Of a run that went through in one piece its page has to be the one that was written."""
    if not recording.has_page or again.page is None:
        return None
    written = next(event for event in recording.events if isinstance(event, ArtifactWritten))
    sha256 = hashlib.sha256(again.page).hexdigest()
    if written.sha256 == sha256:
        return None
    return Diverged(
        "another page, from the same events: another version of the program made the recorded one",
        what="page",
        recorded=written.sha256,
        now=sha256,
    )


def replay(path: str | Path) -> RunResult:
    """A recorded run again, from its log or its folder: nothing is asked of any model or server.

    Raises Diverged when this version of the program does not do what was recorded; LogError; UsageError.
    """
    recording = Recording.read(Path(path))
    return asyncio.run(replayed(recording, renders=recording.has_page)).result
