"""Recorded servers: they list what was listed, and answer a call with what was recorded for that call, or not at all.

A call is looked up by server, tool and arguments: exactly; then with its arguments as the tool's schema reads them;
then in a recorded answer that is declared to contain it. What is merely near, or next, is never given.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

from agent import data
from agent.agentfile import AgentFile
from agent.errors import Diverged, ServerError
from agent.events import ServerFailed, ServerOpened
from agent.foreign import visible
from agent.replay import keys, slices
from agent.replay.recording import RecordedList, RecordedResult, RecordedServer, Recording
from agent.replay.slices import Containment
from agent.tools import links
from agent.tools.listed import READ_RESOURCE, ListedTool
from agent.tools.pace import Pace
from agent.tools.ports import OpenServer, Outcome, Reply, error_result

Tier: TypeAlias = Literal["exact", "normalised", "contained", "miss"]


class Index:
    """Recorded results by what they were asked with, for all runs that replay them, each known by its place in
    `results`. `containment` is by `server.tool`, or by the tool's name alone.
    """

    def __init__(self, results: Sequence[RecordedResult], containment: Mapping[str, Containment] | None = None) -> None:
        self.results = tuple(results)
        self._containment = containment or {}
        self._exact: dict[str, list[int]] = defaultdict(list)
        self._by_tool: dict[tuple[str, str], list[int]] = defaultdict(list)
        self._normalised: dict[tuple[str, str, tuple[str, ...]], dict[str, list[int]]] = {}
        for place, each in enumerate(self.results):
            self._exact[keys.exact(each.server, each.tool, each.arguments)].append(place)
            self._by_tool[each.server, each.tool].append(place)

    def containment(self, tool: ListedTool, *, shared: bool) -> Containment:
        """What is declared of a tool. `shared`: other servers list one of its name, which alone then means no tool."""
        names = [f"{tool.server}.{tool.name}", *([] if shared else [tool.name])]
        return next((self._containment[name] for name in names if name in self._containment), Containment())

    def exact(self, tool: ListedTool, arguments: Any) -> tuple[str, list[int]]:
        """The key of a call, and the places of what was answered to it."""
        key = keys.exact(tool.server, tool.name, arguments)
        return key, self._exact.get(key, [])

    def normalised(self, tool: ListedTool, arguments: Any, sets: Sequence[str]) -> tuple[str, list[int]]:
        def key(asked: Any) -> str:
            return keys.normalised_key(tool.server, tool.name, asked, tool.schema, sets)

        name = (tool.server, tool.name, tuple(sets))
        if name not in self._normalised:
            by_key = defaultdict(list)
            for place in self._by_tool.get(name[:2], []):
                by_key[key(self.results[place].arguments)].append(place)
            self._normalised[name] = by_key
        return key(arguments), self._normalised[name].get(key(arguments), [])

    def contained(self, tool: ListedTool, arguments: Any, containment: Containment) -> RecordedResult | None:
        """Cut from the last recorded answer that is declared to hold this one: the one that is given again, too."""
        narrow = keys.normalised(arguments, tool.schema, containment.sets)
        for place in reversed(self._by_tool.get((tool.server, tool.name), [])):
            each = self.results[place]
            wide = keys.normalised(each.arguments, tool.schema, containment.sets)
            if slices.contains(wide, narrow, containment):
                result = slices.cut(each.result, narrow, containment)
                if result is not None:
                    return replace(each, result=result)
        return None


@dataclass
class Lookup:
    """Finds the recorded results of one run's calls. `found` counts how.

    A tool that may be called twice without harm gives a call's results in turn, and then the last again; any other
    gives each of its results once, however it is asked for, in the order in which they were recorded for that call.
    """

    index: Index
    exact_only: bool = False
    shared: Collection[str] = ()
    """Names of tools that more than one server lists."""
    found: Counter[Tier] = field(default_factory=Counter)
    _calls: Counter[str] = field(default_factory=Counter)
    """How often each call was made of tools that may be called twice, by its key."""
    _spent: set[int] = field(default_factory=set)
    """Places of the results that other tools gave."""

    def find(self, tool: ListedTool, arguments: Any, *, repeatable: bool, ends: bool = False) -> RecordedResult | None:
        """`ends`: no result is given again after the last one."""
        tier, result = self._find(tool, arguments, repeatable and not ends)
        self.found[tier] += 1
        return result

    def _find(self, tool: ListedTool, arguments: Any, repeatable: bool) -> tuple[Tier, RecordedResult | None]:
        key, places = self.index.exact(tool, arguments)
        if places:
            return self._given("exact", key, places, repeatable)
        if self.exact_only:
            return "miss", None
        containment = self.index.containment(tool, shared=tool.name in self.shared)
        key, places = self.index.normalised(tool, arguments, containment.sets)
        if places:
            return self._given("normalised", key, places, repeatable)
        if repeatable and (cut := self.index.contained(tool, arguments, containment)):
            return "contained", cut
        return "miss", None

    def _given(self, tier: Tier, key: str, places: list[int], repeatable: bool) -> tuple[Tier, RecordedResult | None]:
        place = self._nth(key, places) if repeatable else self._unspent(places)
        return ("miss", None) if place is None else (tier, self.index.results[place])

    def _nth(self, key: str, places: list[int]) -> int:
        self._calls[key] += 1
        return places[min(self._calls[key], len(places)) - 1]

    def _unspent(self, places: list[int]) -> int | None:
        place = next((each for each in places if each not in self._spent), None)
        if place is not None:
            self._spent.add(place)
        return place


@dataclass
class ReplayServer:
    """One server of a recording. `strict`: a call that was not recorded ends the run, out of the model's sight."""

    recorded: RecordedServer
    lookup: Lookup
    strict: bool
    lost: ServerError | None = None
    missed: frozenset[str] = frozenset()
    """Calls that are a miss in the recording itself."""
    pace: Pace = field(default_factory=Pace)

    def __post_init__(self) -> None:
        self._revision = 0
        self._listed = RecordedList(self.recorded.tools, self.recorded.set_aside)

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
        return self._listed.tools

    @property
    def set_aside(self) -> Sequence[dict[str, Any]]:
        return self._listed.set_aside

    @property
    def stderr(self) -> str:
        return ""

    @property
    def revision(self) -> int:
        return self._revision

    async def renew(self, turn: int) -> None:
        """List what was listed before that turn, if anything was."""
        if (listed := self.recorded.again.get(turn)) is not None:
            self._listed = listed
            self._revision = turn

    async def call(self, tool: str, arguments: Any, *, repeatable: bool) -> Reply:
        """Raises Diverged for a call that was not recorded, when that is strict; ServerError when it died there."""
        found = self._found(tool, arguments, repeatable)
        if found is None:
            if self.lost and self.lost.failure.required:
                raise self.lost
            if self.strict and keys.exact(self.name, tool, arguments) not in self.missed:
                raise Diverged(f"{self.name}.{tool} was not called with {arguments}", what="call")
            return Reply(error_result(data.words("not_recorded")), "miss", seconds=0.0)
        source: Literal["injected", "replayed"] = "injected" if found.injected else "replayed"
        died = self.lost is not None and found.result == visible(error_result(self.lost.message))[0]
        lost = self.lost if died else None
        about = list(found.notes), found.by_host, found.sampled
        return Reply(found.result, source, found.retrieved_at, found.seconds, lost, *about)

    def _found(self, tool: str, arguments: Any, repeatable: bool) -> RecordedResult | None:
        known = [*self.tools, *([links.reader(self.name)] if tool == READ_RESOURCE else [])]
        listed = next((each for each in known if each.name == tool), None)
        return (
            None if listed is None else self.lookup.find(listed, arguments, repeatable=repeatable, ends=self.required)
        )


def _shared(servers: Iterable[RecordedServer]) -> frozenset[str]:
    """Names of tools that more than one of the servers lists."""
    listed = Counter(name for server in servers for name in {tool.name for tool in server.tools})
    return frozenset(name for name, times in listed.items() if times > 1)


class ReplayServers:
    """The servers of one recording, for one run; `opening` opens them as a sitting opens live ones."""

    def __init__(self, recording: Recording, index: Index | None = None, *, strict: bool = False) -> None:
        self.recording = recording
        self.strict = strict
        self.lookup = Lookup(index or Index(recording.results), strict, _shared(recording.servers))

    @asynccontextmanager
    async def opening(self, file: AgentFile) -> AsyncIterator[list[tuple[OpenServer, Outcome]]]:
        outcomes: list[tuple[OpenServer, Outcome]] = []
        for event in self.recording.openings:
            if isinstance(event, ServerFailed) and event.required:
                raise ServerError(event)
            server = ReplayServer(
                self._recorded(event.server),
                self.lookup,
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
