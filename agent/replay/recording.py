"""What the log of a run recorded: its beginning, what each server listed, every result, what the model did."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from agent.agentfile import AgentFile, in_todays_words
from agent.encoding import digest
from agent.errors import LiveOnlyError, UsageError
from agent.events import (
    AnswerDue,
    ArtifactWritten,
    ContentStored,
    Event,
    ModelAnswered,
    ModelFailed,
    RunCompared,
    RunFinished,
    RunResumed,
    RunStarted,
    ServerFailed,
    ServerOpened,
    ToolAnswered,
    ToolAsked,
    ToolsListed,
    ToolsOffered,
    ToolsVouched,
)
from agent.model.base import Usage
from agent.replay.straight import straightened
from agent.run import as_logged
from agent.runs import log
from agent.tools.listed import ListedTool
from agent.tools.toolbox import Toolbox


@dataclass(frozen=True)
class RecordedList:
    """What a server listed at one time."""

    tools: tuple[ListedTool, ...]
    set_aside: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class RecordedServer:
    """What a server said when it was opened; `again`: what it listed anew before a turn."""

    opened: ServerOpened
    instructions: str | None
    tools: tuple[ListedTool, ...]
    set_aside: tuple[dict[str, Any], ...]
    again: Mapping[int, RecordedList] = field(default_factory=dict)


@dataclass(frozen=True)
class RecordedResult:
    """What a server answered to one call: an MCP result as JSON."""

    server: str
    tool: str
    arguments: Any
    result: dict[str, Any]
    retrieved_at: str
    seconds: float
    injected: bool = False
    """Whether it was changed on its way."""
    notes: tuple[str, ...] = ()
    by_host: bool = False
    """Whether the words of the result are the host's, and not the server's."""
    sampled: Usage = field(default_factory=Usage)
    """What the server had the model write."""


@dataclass(frozen=True)
class Recording:
    """One run's log, as if the run had never stopped on its way.

    `at`: when it ended, as its last line says; `resumed`: where it did stop and went on.
    """

    events: tuple[Event, ...]
    at: str
    resumed: tuple[RunResumed, ...] = ()
    paid_in_vain: bool = False
    """Whether answers broke off, and had used something, before the run stopped: no replay has them."""

    @classmethod
    def read(cls, path: Path) -> Recording:
        """From a log, or the folder of a run. Raises LogError; UsageError for a log that does not hold enough."""
        lines = log.read(path / log.FILE if path.is_dir() else path)
        if not lines:
            raise UsageError(f"{path} holds no run")
        return cls.of((line.event for line in lines), lines[-1].at, str(path))

    @classmethod
    def of(cls, events: Iterable[Event], at: str, name: str) -> Recording:
        """Raises UsageError for a log that does not hold enough; `name` is what it is called then."""
        events = list(events)
        resumed = tuple(event for event in events if isinstance(event, RunResumed))
        straight = tuple(straightened(events))
        broken = [event for event in events if isinstance(event, ModelFailed) and event.usage]
        recording = cls(straight, at, resumed, paid_in_vain=any(event not in straight for event in broken))
        opened = {event.server for event in recording.events if isinstance(event, ServerOpened)}
        if not any(isinstance(event, RunStarted) for event in recording.events):
            raise UsageError(f"{name} stopped before it began: there is nothing to replay")
        if opened - {event.server for event in recording.events if isinstance(event, ToolsListed)}:
            raise UsageError(
                f"{name} does not hold what its servers listed, so that they cannot be replayed",
                hint="an earlier version wrote it; ask again to get a log that can be replayed",
            )
        return recording

    @cached_property
    def contents(self) -> dict[str, Any]:
        return {event.hash: event.content for event in self.events if isinstance(event, ContentStored)}

    @cached_property
    def started(self) -> RunStarted:
        return next(event for event in self.events if isinstance(event, RunStarted))

    @cached_property
    def file(self) -> AgentFile:
        """The agent file that the run began with, without values that a log does not keep, in this version's words.

        Raises DecisionError.
        """
        return in_todays_words(as_logged(self.started, self.contents, connects=False))

    @cached_property
    def finished(self) -> RunFinished | None:
        """How the run ended; None while it has no end."""
        return next((event for event in reversed(self.events) if isinstance(event, RunFinished)), None)

    def require_end(self) -> None:
        """Raises UsageError for a run that has no end, or one that only a clock or a person could bring about again."""
        end = self.finished
        if any(event.in_flight == "skip" for event in self.resumed):
            raise UsageError(
                f"{self.started.run_id} went on without a call that was skipped by hand: no replay does that"
            )
        hint = f"advisor ask --resume {self.started.run_id} goes on with it"
        limited = any(isinstance(event, AnswerDue) for event in self.events) or (end and end.status == "budget")
        if self.paid_in_vain and limited:
            why = "came to its limits by answers that broke off before it was resumed"
            raise UsageError(f"{self.started.run_id} {why}: no replay has them")
        refused = end is not None and end.stop_reason.startswith(f"{LiveOnlyError.code}:")
        timed_out = end is not None and end.status == "budget" and end.stop_reason.startswith("seconds:")
        if end is None or end.status in ("interrupted", "needs_decision") or timed_out or refused:
            why = f"{end.status}: {end.stop_reason}" if end else "its log has no end"
            raise UsageError(
                f"{self.started.run_id} did not end by itself, so there is no end to compare with: {why}",
                hint=None if timed_out or refused else hint,
            )

    @property
    def has_page(self) -> bool:
        """Whether the log keeps the hash of a page that a replay has to come to, which counts no request made again."""
        return not self.resumed and any(isinstance(event, ArtifactWritten) and event.sha256 for event in self.events)

    @cached_property
    def turns(self) -> tuple[ModelAnswered, ...]:
        return tuple(event for event in self.events if isinstance(event, ModelAnswered))

    @cached_property
    def servers(self) -> tuple[RecordedServer, ...]:
        """Those that were opened, each as it was at first."""
        listed = {event.server: event for event in reversed(self.events) if isinstance(event, ToolsListed)}
        opened = {event.server: event for event in reversed(self.events) if isinstance(event, ServerOpened)}
        return tuple(
            RecordedServer(
                opened=opened[name],
                instructions=self.contents[event.instructions] if event.instructions else None,
                tools=self._list(event).tools,
                set_aside=self._list(event).set_aside,
                again=self._again(name),
            )
            for name, event in reversed(listed.items())
        )

    def _again(self, server: str) -> dict[int, RecordedList]:
        """What it listed after it was offered first, by the turn that came next."""
        lists, turn, offered = {}, 1, False
        for event in self.events:
            match event:
                case ModelAnswered():
                    turn = event.turn + 1
                case ToolsOffered():
                    offered = True
                case ToolsListed(server=name) if offered and name == server:
                    lists[turn] = self._list(event)
        return lists

    def _list(self, event: ToolsListed) -> RecordedList:
        return RecordedList(tuple(self._tool(each, event.server) for each in event.tools), tuple(event.set_aside))

    @cached_property
    def openings(self) -> tuple[ServerOpened | ServerFailed, ...]:
        """What came of opening each server, in order."""
        first: dict[str, ServerOpened | ServerFailed] = {}
        for event in self.events:
            if isinstance(event, ServerOpened | ServerFailed):
                first.setdefault(event.server, event)
        return tuple(first.values())

    @cached_property
    def lost(self) -> dict[str, ServerFailed]:
        """Those that died during the run, by name."""
        opened = {server.opened.server for server in self.servers}
        return {
            event.server: event for event in self.events if isinstance(event, ServerFailed) and event.server in opened
        }

    @cached_property
    def verdicts(self) -> Mapping[str, list[bool]]:
        """Whether calls were made, in turn, by what they were called and with which arguments."""
        refused = {event.place for event in self._asked_for("refused")}
        verdicts: dict[str, list[bool]] = {}
        for event in self.events:
            if isinstance(event, ToolAsked):
                made = event.place not in refused
                verdicts.setdefault(digest([event.offered_as, event.arguments]), []).append(made)
        return verdicts

    @cached_property
    def _vouched(self) -> Mapping[tuple[int, bool], ToolsVouched]:
        """What the lock said of tools, by the turn that came next, and whether at first."""
        said, turn = {}, 1
        for event in self.events:
            match event:
                case ModelAnswered():
                    turn = event.turn + 1
                case ToolsVouched():
                    said[turn, event.first] = event
        return said

    def vouch(
        self, file: AgentFile, box: Toolbox, opened: Sequence[ServerOpened], *, turn: int, first: bool
    ) -> ToolsVouched:
        """As the lock did then."""
        return self._vouched.get((turn, first), ToolsVouched(first))

    @cached_property
    def compared(self) -> RunCompared | None:
        return next((event for event in reversed(self.events) if isinstance(event, RunCompared)), None)

    @cached_property
    def results(self) -> tuple[RecordedResult, ...]:
        """In the order in which they were asked for; calls that no server answered are left out."""
        answers = {
            event.place: event
            for event in self.events
            if isinstance(event, ToolAnswered) and event.source not in ("refused", "miss")
        }
        return tuple(
            self._result(event, answers[event.place])
            for event in self.events
            if isinstance(event, ToolAsked) and event.place in answers
        )

    @cached_property
    def missed(self) -> frozenset[str]:
        """Keys of the calls that a recording, itself replayed, held no result for."""
        return frozenset(event.key for event in self._asked_for("miss"))

    def _asked_for(self, source: str) -> list[ToolAsked]:
        """The calls whose results came from there."""
        answers = (event for event in self.events if isinstance(event, ToolAnswered) and event.source == source)
        known = {event.place for event in answers}
        return [event for event in self.events if isinstance(event, ToolAsked) and event.place in known]

    def _result(self, asked: ToolAsked, answered: ToolAnswered) -> RecordedResult:
        sent = answered.result
        if set(sent) == {"stored"}:
            sent = self.contents[sent["stored"]]
        return RecordedResult(
            server=str(asked.server),
            tool=str(asked.tool),
            arguments=asked.arguments,
            result=sent,
            retrieved_at=answered.retrieved_at,
            seconds=answered.seconds,
            injected=answered.source == "injected",
            notes=tuple(answered.notes),
            by_host=answered.by_host,
            sampled=Usage.of(answered.sampled),
        )

    def _tool(self, said: dict[str, Any], server: str) -> ListedTool:
        return ListedTool(
            server=server,
            name=said["name"],
            description=self.contents[said["description"]],
            schema=self.contents[said["schema"]],
            read_only=said["read_only"],
            destructive=said["destructive"],
            kind=said["kind"],
            idempotent=said["idempotent"],
            output_schema=self.contents[said["output_schema"]] if "output_schema" in said else None,
        )
