"""Recorded servers: they list what was listed, and answer a call with what was recorded for that call, or not at all.

A call is looked up by server, tool and arguments: exactly; then with its arguments as the tool's schema reads them;
then in a recorded answer that is declared to contain it. What is merely near, or next, is never given.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

from agent import data
from agent.agentfile import AgentFile
from agent.errors import Diverged, ServerError
from agent.events import ServerFailed, ServerOpened
from agent.offer import Outcome
from agent.replay import keys, slices
from agent.replay.recording import RecordedResult, RecordedServer, Recording
from agent.replay.slices import Containment
from agent.tools.listed import ListedTool
from agent.tools.pace import Pace
from agent.tools.toolbox import OpenServer, Reply, error_result

Tier: TypeAlias = Literal["exact", "normalised", "contained", "miss"]


class Index:
    """Recorded results by what they were asked with, for all runs that replay them. `containment` is by tool."""

    def __init__(self, results: Sequence[RecordedResult], containment: Mapping[str, Containment] | None = None) -> None:
        self._containment = containment or {}
        self._exact: dict[str, list[RecordedResult]] = defaultdict(list)
        self._by_tool: dict[tuple[str, str], list[RecordedResult]] = defaultdict(list)
        self._normalised: dict[tuple[str, str], dict[str, list[RecordedResult]]] = {}
        for each in results:
            self._exact[keys.exact(each.server, each.tool, each.arguments)].append(each)
            self._by_tool[each.server, each.tool].append(each)

    def exact(self, tool: ListedTool, arguments: Any) -> tuple[str, list[RecordedResult]]:
        """The key of a call, and what was answered to it."""
        key = keys.exact(tool.server, tool.name, arguments)
        return key, self._exact.get(key, [])

    def normalised(self, tool: ListedTool, arguments: Any) -> tuple[str, list[RecordedResult]]:
        name = (tool.server, tool.name)
        if name not in self._normalised:
            by_key = defaultdict(list)
            for each in self._by_tool.get(name, []):
                by_key[self._key(tool, each.arguments)].append(each)
            self._normalised[name] = by_key
        key = self._key(tool, arguments)
        return key, self._normalised[name].get(key, [])

    def contained(self, tool: ListedTool, arguments: Any) -> RecordedResult | None:
        """Cut from the first recorded answer that is declared to hold this one."""
        containment = self._of(tool)
        narrow = keys.normalised(arguments, tool.schema, containment.sets)
        for each in self._by_tool.get((tool.server, tool.name), []):
            wide = keys.normalised(each.arguments, tool.schema, containment.sets)
            if slices.contains(wide, narrow, containment):
                result = slices.cut(each.result, narrow, containment)
                if result is not None:
                    return replace(each, result=result)
        return None

    def _of(self, tool: ListedTool) -> Containment:
        return self._containment.get(tool.name) or Containment()

    def _key(self, tool: ListedTool, arguments: Any) -> str:
        return keys.normalised_key(tool.server, tool.name, arguments, tool.schema, self._of(tool).sets)


@dataclass
class Lookup:
    """Finds the recorded results of one run's calls. `found` counts how.

    A tool that may be called twice without harm gives its last result again; any other gives each of its results once,
    in the order in which they were recorded for that call.
    """

    index: Index
    exact_only: bool = False
    found: Counter[Tier] = field(default_factory=Counter)
    _given: Counter[str] = field(default_factory=Counter)

    def find(self, tool: ListedTool, arguments: Any, *, repeatable: bool) -> RecordedResult | None:
        tier, result = self._find(tool, arguments, repeatable)
        self.found[tier] += 1
        return result

    def _find(self, tool: ListedTool, arguments: Any, repeatable: bool) -> tuple[Tier, RecordedResult | None]:
        key, results = self.index.exact(tool, arguments)
        if results:
            return self._next("exact", key, results, repeatable)
        if self.exact_only:
            return "miss", None
        key, results = self.index.normalised(tool, arguments)
        if results:
            return self._next("normalised", key, results, repeatable)
        if repeatable and (cut := self.index.contained(tool, arguments)):
            return "contained", cut
        return "miss", None

    def _next(
        self, tier: Tier, key: str, results: list[RecordedResult], repeatable: bool
    ) -> tuple[Tier, RecordedResult | None]:
        at = self._given[key]
        self._given[key] += 1
        if at < len(results):
            return tier, results[at]
        return (tier, results[-1]) if repeatable else ("miss", None)


@dataclass
class ReplayServer:
    """One server of a recording. `strict`: a call that was not recorded ends the run, out of the model's sight."""

    recorded: RecordedServer
    lookup: Lookup
    declared: frozenset[str]
    """Tools that the agent file declares, and so takes for read-only when they say nothing."""
    strict: bool
    lost: ServerError | None = None
    missed: frozenset[str] = frozenset()
    """Calls that are a miss in the recording itself."""
    pace: Pace = field(default_factory=Pace)

    @property
    def required(self) -> bool:
        return self.lost is not None and self.lost.failure.required

    @property
    def name(self) -> str:
        return self.recorded.opened.server

    @property
    def instructions(self) -> str | None:
        return self.recorded.instructions

    @property
    def tools(self) -> Sequence[ListedTool]:
        return self.recorded.tools

    @property
    def set_aside(self) -> Sequence[dict[str, Any]]:
        return self.recorded.set_aside

    async def call(self, tool: str, arguments: Any) -> Reply:
        """Raises Diverged for a call that was not recorded, when that is strict; ServerError when it died there."""
        found = self._found(tool, arguments)
        if found is None:
            if self.lost and self.lost.failure.required:
                raise self.lost
            if self.strict and keys.exact(self.name, tool, arguments) not in self.missed:
                raise Diverged(f"{self.name}.{tool} was not called with {arguments}", what="call")
            return Reply(error_result(data.words("not_recorded")), "miss")
        source: Literal["injected", "replayed"] = "injected" if found.injected else "replayed"
        died = self.lost is not None and found.result == error_result(self.lost.message)
        return Reply(found.result, source, found.retrieved_at, found.seconds, lost=self.lost if died else None)

    def _found(self, tool: str, arguments: Any) -> RecordedResult | None:
        listed = next((each for each in self.tools if each.name == tool), None)
        if listed is None:
            return None
        return self.lookup.find(listed, arguments, repeatable=listed.repeatable(tool in self.declared))


class ReplayServers:
    """The servers of one recording, for one run; `opening` opens them as a sitting opens live ones."""

    def __init__(self, recording: Recording, index: Index | None = None, *, strict: bool = False) -> None:
        self.recording = recording
        self.strict = strict
        self.lookup = Lookup(index or Index(recording.results), exact_only=strict)

    @asynccontextmanager
    async def opening(self, file: AgentFile) -> AsyncIterator[list[tuple[OpenServer, Outcome]]]:
        declared = frozenset(tool.tool_name for tool in file.spec.tools or [])
        outcomes: list[tuple[OpenServer, Outcome]] = []
        for event in self.recording.openings:
            if isinstance(event, ServerFailed) and event.required:
                raise ServerError(event)
            server = ReplayServer(
                self._recorded(event.server),
                self.lookup,
                declared,
                self.strict,
                self._lost(event),
                self.recording.missed,
            )
            outcomes.append((server, ServerError(event) if isinstance(event, ServerFailed) else event))
        yield outcomes

    def _recorded(self, name: str) -> RecordedServer:
        never_opened = RecordedServer(ServerOpened(name, "none", "", None, None), None, (), ())
        return next((each for each in self.recording.servers if each.opened.server == name), never_opened)

    def _lost(self, event: ServerOpened | ServerFailed) -> ServerError | None:
        failure = self.recording.lost.get(event.server)
        return ServerError(failure) if failure else None
