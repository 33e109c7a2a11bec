"""A recording against live servers: what they list now, and what they answer now to the calls of then."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from itertools import zip_longest
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

from agent.agentfile import AgentFile
from agent.encoding import compact
from agent.errors import ServerError
from agent.events import ServerOpened
from agent.foreign import visible
from agent.offer import Opening
from agent.pointers import escaped
from agent.replay import keys
from agent.replay.divergence import EXCERPT, excerpts
from agent.replay.recording import RecordedResult, RecordedServer, Recording
from agent.run import as_logged
from agent.runs import log
from agent.spec import AgentSpec
from agent.tools import trust
from agent.tools.content import data_of, text_of
from agent.tools.listed import ListedTool
from agent.tools.ports import OpenServer, Outcome

Verdict: TypeAlias = Literal["same", "changed", "broken", "info", "skipped"]
Kind: TypeAlias = Literal[
    "down", "server", "instructions", "tool_gone", "tool_new", "description", "schema", "hints",
    "same", "values", "shape", "error_now", "error_then", "gone", "skipped",
]  # fmt: skip
Side: TypeAlias = dict[str, str] | str | None

METADATA = frozenset({"retrieved_at", "vintage"})
"""Members of an answer that tell of its making, at any depth; they are never compared."""
PLACES = 5
"""Differing places that are told of one answer."""
_VERDICTS: dict[Kind, Verdict] = {
    "down": "broken",
    "server": "info",
    "instructions": "changed",
    "tool_gone": "broken",
    "tool_new": "info",
    "description": "changed",
    "schema": "changed",
    "hints": "changed",
    "same": "same",
    "values": "changed",
    "shape": "broken",
    "error_now": "broken",
    "error_then": "changed",
    "gone": "broken",
    "skipped": "skipped",
}
_ABSENT = object()


@dataclass(frozen=True)
class Drift:
    """One comparison. `at`: the arguments of a call, as JSON; empty for what a server lists.

    `recorded` and `now`: JSON pointer → excerpt of the JSON there, for each place that differs, without those that a
    side does not have; otherwise a text - an error, a reason - or None.
    """

    server: str
    tool: str | None
    kind: Kind
    at: str = ""
    recorded: Side = None
    now: Side = None

    @property
    def verdict(self) -> Verdict:
        return _VERDICTS[self.kind]

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"verdict": self.verdict}


def summary(drifts: Iterable[Drift]) -> dict[Verdict, int]:
    """How many there are of each verdict."""
    counts = Counter(drift.verdict for drift in drifts)
    return {verdict: counts[verdict] for verdict in get_args(Verdict)}


def exit_code(drifts: Iterable[Drift]) -> int:
    """5 when anything changed or is broken."""
    return 5 if any(drift.verdict in ("changed", "broken") for drift in drifts) else 0


async def verify(recording: Recording, file: AgentFile, opening: Opening) -> list[Drift]:
    """Compare what the servers of `file` list and answer now with what was recorded of them.

    Each distinct call goes out once, in the order in which they were recorded, when `file` would let a model make it
    twice without harm, and gives one row. A server that is down is a row too. Raises ServerError only when `opening`
    requires a server whatever the file says.
    """
    async with opening(_with_optional_servers(file)) as outcomes:
        known = {recorded.opened.server: recorded for recorded in recording.servers}
        opened = {server.name: (server, outcome) for server, outcome in outcomes}
        drifts = [
            drift
            for name in dict.fromkeys([*known, *opened])
            for drift in _listed(name, known.get(name), opened.get(name))
        ]
        live = {name: server for name, (server, outcome) in opened.items() if isinstance(outcome, ServerOpened)}
        return drifts + [await _again(call, live, file.spec) for call in _distinct(recording.results)]


async def verify_all(
    paths: Iterable[Path], file: AgentFile | None = None, *, trusted: bool = True
) -> list[tuple[str, list[Drift]]]:
    """Each recording among `paths`, a suite's transcripts included, against the servers of `file`, or of the agent file
    that it began with. `trusted`: whether a recording from anywhere may start programs.

    Raises TrustNeeded when it would and may not, SpecError, UsageError, LogError.
    """
    from agent.tools.pool import alone

    drifts = []
    for path in _recordings(paths):
        recording = Recording.read(path)
        of_now = file or as_logged(recording.started, recording.contents)
        if file is None:
            trust.require(of_now.spec, path, trusted=trusted)
        drifts.append((path.name, await verify(recording, of_now, alone)))
    return drifts


def _recordings(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        yield from [path] if path.is_file() or (path / log.FILE).is_file() else sorted(path.glob("transcripts/*.jsonl"))


def _with_optional_servers(file: AgentFile) -> AgentFile:
    """So that what fails is told of, and the others are compared all the same."""
    servers = {name: server.model_copy(update={"required": False}) for name, server in file.spec.servers.items()}
    return replace(file, spec=file.spec.model_copy(update={"mcpServers": servers}))


def _listed(name: str, recorded: RecordedServer | None, opened: tuple[OpenServer, Outcome] | None) -> Iterator[Drift]:
    """What a server says of itself and lists, beside what was recorded of it; of a new one, only what it lists."""
    if opened is None:
        yield Drift(name, None, "down", now="it is not among the agent's servers")
        return
    server, outcome = opened
    if isinstance(outcome, ServerError):
        yield Drift(name, None, "down" if recorded else "skipped", now=outcome.message)
        return
    if recorded:
        yield from _changed(name, None, "server", _about(recorded.opened), _about(outcome))
        yield from _changed(name, None, "instructions", recorded.instructions, server.instructions)
    problems = {aside["tool"]: aside["problem"] for aside in server.set_aside}
    yield from _tools(name, recorded.tools if recorded else (), server.tools, problems)


def _tools(
    server: str, recorded: Iterable[ListedTool], listed: Iterable[ListedTool], problems: Mapping[str, str]
) -> Iterator[Drift]:
    """`problems`: why an entry of the list is no tool."""
    then, now = ({tool.name: tool for tool in tools} for tools in (recorded, listed))
    for name in sorted({*then, *now}):
        if name not in now:
            yield Drift(server, name, "tool_gone", now=problems.get(name))
        elif name not in then:
            yield Drift(server, name, "tool_new")
        else:
            yield from _changed(server, name, "description", then[name].description, now[name].description)
            yield from _changed(server, name, "schema", then[name].schema, now[name].schema)
            yield from _changed(server, name, "hints", _hints(then[name]), _hints(now[name]))


def _about(opened: ServerOpened) -> dict[str, Any]:
    return {"name": opened.server_name, "version": opened.server_version}


def _hints(tool: ListedTool) -> dict[str, Any]:
    return {name: getattr(tool, name) for name in ("read_only", "destructive", "idempotent", "kind")}


def _changed(server: str, tool: str | None, kind: Kind, then: Any, now: Any) -> list[Drift]:
    """One row when the two differ, none when they do not."""
    found = list(differences(then, now))
    return [Drift(server, tool, kind, "", *_sides(found))] if found else []


def _distinct(calls: Iterable[RecordedResult]) -> list[RecordedResult]:
    """Each call once, with its last result: the one that a replay goes on giving."""
    return list({keys.exact(call.server, call.tool, call.arguments): call for call in calls}.values())


async def _again(call: RecordedResult, live: dict[str, OpenServer], spec: AgentSpec) -> Drift:
    """One call made again, unless it cannot or must not be. A server that dies of it is taken out of `live`."""
    about = call.server, call.tool
    arguments = compact(call.arguments).decode()
    server = live.get(call.server)
    if server is None:
        return Drift(*about, "gone", arguments, now="its server is down")
    tool = next((tool for tool in server.tools if tool.name == call.tool), None)
    if tool is None:
        return Drift(*about, "gone", arguments, now="its server lists no such tool")
    if problem := _problem(call, tool, spec):
        return Drift(*about, "skipped", arguments, now=problem)
    await server.pace.admit()
    try:
        reply = await server.call(call.tool, call.arguments, repeatable=True)
    except ServerError as error:
        del live[call.server]
        return Drift(*about, "down", arguments, now=error.message)
    kind, then, now = compared(call.result, visible(reply.result)[0])
    return Drift(*about, kind, arguments, then, now)


def _problem(call: RecordedResult, tool: ListedTool, spec: AgentSpec) -> str | None:
    """Why a call must not be made again, by what its server says of the tool now."""
    if call.injected:
        return "its recorded answer was changed on purpose"
    if not tool.may_write(spec.declares(tool.server, tool.name)):
        return None
    if spec.policy.writes != "allow":
        return "it is not known to be read-only, and the agent file refuses writes"
    return None if tool.idempotent else "it is neither read-only nor idempotent"


def compared(then: dict[str, Any], now: dict[str, Any]) -> tuple[Kind, Side, Side]:
    """Two MCP results of one call: what their difference is, and both sides of it. Pointers lead into their data, or,
    under /content, to the blocks that a model reads beside or instead of data."""
    if now.get("isError") and not then.get("isError"):
        return "error_now", None, text_of(now)[:EXCERPT]
    if then.get("isError") and not now.get("isError"):
        return "error_then", text_of(then)[:EXCERPT], None
    found = [
        *differences(data_of(then), data_of(now), ignored=METADATA),
        *differences(_blocks(then), _blocks(now), at="/content"),
    ]
    if not found:
        return "same", None, None
    return "shape" if any(each.is_shape for each in found) else "values", *_sides(found[:PLACES])


def _blocks(result: Mapping[str, Any]) -> list[Any]:
    """The content that its data do not hold."""
    blocks = result.get("content") or []
    return [block for block in blocks if block.get("type") != "text"] if data_of(result) is not None else blocks


@dataclass(frozen=True)
class Difference:
    """One place where two JSON values differ. `is_shape`: an object has another member, or a value another type."""

    pointer: str
    then: Any
    now: Any
    is_shape: bool


def differences(then: Any, now: Any, *, at: str = "", ignored: Collection[str] = ()) -> Iterator[Difference]:
    """The places where two JSON values differ, in the order of the first; members named in `ignored` never do.

    Numbers are equal as numbers, so that 1 is 1.0; that a list has more or fewer items is no other shape.
    """
    open_places = [(at, then, now, False)]
    while open_places:  # no recursion: a stranger may nest as deeply as he likes
        at, then, now, is_shape = open_places.pop()
        if then is _ABSENT or now is _ABSENT:
            yield Difference(at, then, now, is_shape)
        elif _type(then) != _type(now):
            yield Difference(at, then, now, True)
        elif isinstance(then, dict):
            names = [name for name in dict.fromkeys([*then, *now]) if name not in ignored]
            open_places += [
                (f"{at}/{escaped(name)}", then.get(name, _ABSENT), now.get(name, _ABSENT), True)
                for name in reversed(names)
            ]
        elif isinstance(then, list):
            pairs = list(enumerate(zip_longest(then, now, fillvalue=_ABSENT)))
            open_places += [(f"{at}/{number}", *pair, False) for number, pair in reversed(pairs)]
        elif then != now:
            yield Difference(at, then, now, False)


def _type(value: Any) -> str:
    """As JSON names it."""
    names = {bool: "boolean", int: "number", float: "number", str: "string", list: "array", dict: "object"}
    return names.get(type(value), "null")


def _sides(found: Iterable[Difference]) -> tuple[dict[str, str], dict[str, str]]:
    then: dict[str, str] = {}
    now: dict[str, str] = {}
    for each in found:
        left, right = excerpts(_text(each.then), _text(each.now))
        if each.then is not _ABSENT:
            then[each.pointer] = left
        if each.now is not _ABSENT:
            now[each.pointer] = right
    return then, now


def _text(value: Any) -> str:
    return "" if value is _ABSENT else compact(value).decode()
