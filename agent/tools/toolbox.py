"""One set of uniquely named tools over all servers: filtered, validated, called, and cut to what a model can read."""

from __future__ import annotations

import hashlib
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal, Protocol, TypeAlias

from jsonschema.protocols import Validator

from agent import data, schemas
from agent.errors import ServerError
from agent.events import JSON, ContentStored, ServerOpened, ToolAnswered, ToolAsked, ToolsOffered, canonical, digest
from agent.model.base import ToolCall
from agent.spec import AgentSpec, ToolSpec
from agent.tools import content, drift
from agent.tools.drift import Difference
from agent.tools.listed import ListedTool
from agent.tools.pace import Pace

NAME_LENGTH = 64
LARGE = 1 << 16
"""Results of more bytes are stored as content of their own."""
UNSENT = ("refused", "miss")
"""Sources of results that no server gave."""
DATES = ("as_of", "observed_at", "known_at")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Reply:
    """What came back for one call: an MCP result, where it came from, and of a recorded one its time and seconds."""

    result: dict[str, JSON]
    source: Literal["live", "replayed", "injected", "miss", "refused"] = "live"
    retrieved_at: str | None = None
    seconds: float | None = None
    lost: ServerError | None = None
    """Set when the server died in the call; `result` is what the model is told of that."""


Outcome: TypeAlias = ServerOpened | ServerError
"""What came of opening a server."""


class OpenServer(Protocol):
    """A server that has listed its tools and takes calls: a live one, a recorded one."""

    @property
    def name(self) -> str: ...
    @property
    def required(self) -> bool: ...
    @property
    def instructions(self) -> str | None:
        """Its words about itself, which no model is shown."""

    @property
    def tools(self) -> Sequence[ListedTool]: ...
    @property
    def set_aside(self) -> Sequence[dict[str, JSON]]:
        """Entries of its list that are no tools."""

    @property
    def pace(self) -> Pace: ...
    async def call(self, tool: str, arguments: Any) -> Reply:
        """Raises ServerError when the server died."""


@dataclass(frozen=True)
class Tool:
    """A tool as it is offered; `definition` is what the model gets, `listed.schema` what arguments must satisfy."""

    offered_as: str
    listed: ListedTool
    definition: dict[str, Any]
    validator: Validator
    takes_as_of: bool
    repeatable: bool
    """Whether a call may be made twice without harm."""


@dataclass(frozen=True)
class Prepared:
    """A call that may be sent (`tool`), or what the model is told instead (`refusal`)."""

    asked: ToolAsked
    tool: Tool | None = None
    refusal: str | None = None

    @property
    def repeatable(self) -> bool:
        return self.refusal is not None or self.tool is None or self.tool.repeatable


@dataclass
class Toolbox:
    """Build with `collect`; then `prepare` and `call`."""

    spec: AgentSpec
    as_of: str | None
    names: list[str] = field(default_factory=list)
    """All servers that were to be opened."""
    servers: dict[str, OpenServer] = field(default_factory=dict)
    tools: dict[str, Tool] = field(default_factory=dict)
    differences: list[Difference] = field(default_factory=list)
    set_aside: list[dict[str, JSON]] = field(default_factory=list)
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    lost: dict[str, ServerError] = field(default_factory=dict)
    """Servers that died during the run."""

    @property
    def kinds(self) -> set[str]:
        """real, simulated: what the offered tools declare about their data."""
        return {tool.listed.kind for tool in self.tools.values() if tool.listed.kind}

    @property
    def blind_to_as_of(self) -> list[str]:
        """Tools that cannot be asked as of a date."""
        return [name for name, tool in self.tools.items() if not tool.takes_as_of]

    def manifest(self) -> tuple[list[ContentStored], ToolsOffered]:
        """What is offered, and the contents that it names."""
        contents: dict[str, ContentStored] = {}

        def stored(content: ContentStored) -> str:
            contents[content.hash] = content
            return content.hash

        entries = [
            {
                "name": tool.offered_as,
                "server": tool.listed.server,
                "tool": tool.listed.name,
                "description": stored(tool.listed.contents[0]),
                "schema": stored(tool.listed.contents[1]),
                "definition": stored(ContentStored.of(tool.definition)),
                "read_only": tool.listed.read_only,
                "takes_as_of": tool.takes_as_of,
                "kind": tool.listed.kind,
            }
            for tool in self.tools.values()
        ]
        offered = ToolsOffered(entries, [asdict(each) for each in self.differences], self.set_aside)
        return list(contents.values()), offered

    def prepare(self, call: ToolCall, turn: int) -> Prepared:
        """Find the tool, set the as-of date, check the arguments against the server's schema."""
        tool = self.tools.get(call.name)
        arguments = self._dated(tool, call.arguments) if tool else call.arguments
        asked = ToolAsked(
            turn=turn,
            call=call.id,
            offered_as=call.name,
            server=tool.listed.server if tool else None,
            tool=tool.listed.name if tool else None,
            arguments=arguments,
            key=digest([tool.listed.server, tool.listed.name, arguments] if tool else [call.name, arguments]),
        )
        if tool is None:
            return Prepared(asked, refusal=data.words("unknown_tool", name=call.name, offered=", ".join(self.tools)))
        problems = [
            f"{'.'.join(map(str, error.absolute_path)) or 'arguments'}: {error.message}"
            for error in sorted(tool.validator.iter_errors(arguments), key=str)
        ]
        if problems:
            return Prepared(asked, tool, data.words("invalid_arguments", problems="; ".join(problems)))
        return Prepared(asked, tool)

    def skip(self, prepared: Prepared) -> Prepared:
        """In place of a call that may have been carried out: the model is told that its outcome is unknown."""
        return replace(prepared, refusal=data.words("unknown_outcome", tool=prepared.asked.offered_as))

    async def admit(self, prepared: Prepared) -> None:
        """Return when the server may be called once more."""
        if prepared.tool and not prepared.refusal:
            await self.servers[prepared.tool.listed.server].pace.admit()

    async def call(self, prepared: Prepared) -> tuple[list[ContentStored], ToolAnswered]:
        """Call and read the result. Raises ServerError when a required server died."""
        started = time.monotonic()
        if prepared.refusal or prepared.tool is None:
            return self._answered(prepared, Reply(error_result(prepared.refusal or ""), "refused"), 0.0)
        server = self.servers[prepared.tool.listed.server]
        try:
            reply = await server.call(prepared.tool.listed.name, prepared.asked.arguments)
        except ServerError as error:
            reply = Reply(error_result(error.message), lost=error)
        if reply.lost:
            self.lost[server.name] = reply.lost
            if server.required:
                raise reply.lost
        return self._answered(prepared, reply, time.monotonic() - started)

    def _dated(self, tool: Tool | None, arguments: Any) -> Any:
        """With the run's as-of date, unless the model asks for an earlier one."""
        if self.as_of is None or tool is None or not tool.takes_as_of or not isinstance(arguments, dict):
            return arguments
        given = arguments.get(self.spec.as_of_argument)
        earlier = isinstance(given, str) and _DAY.fullmatch(given) and given < self.as_of
        return arguments if earlier else arguments | {self.spec.as_of_argument: self.as_of}

    def _answered(self, prepared: Prepared, reply: Reply, seconds: float) -> tuple[list[ContentStored], ToolAnswered]:
        result = reply.result
        found = content.data_of(result)
        about = found if isinstance(found, dict) else {}
        kind = about.get("kind") or (
            prepared.tool.listed.kind if prepared.tool and reply.source not in UNSENT else None
        )
        stored = [ContentStored.of(result)] if len(canonical(result)) > LARGE else []
        answered = ToolAnswered(
            turn=prepared.asked.turn,
            call=prepared.asked.call,
            result={"stored": stored[0].hash} if stored else result,
            shown=content.cut(content.text_of(result), self.spec.policy.result_chars),
            is_error=bool(result.get("isError")),
            kind=kind if isinstance(kind, str) else None,
            dates={key: about[key] for key in DATES if isinstance(about.get(key), str)},
            retrieved_at=reply.retrieved_at or self.now().isoformat(timespec="seconds"),
            seconds=round(seconds, 3) if reply.seconds is None else reply.seconds,
            source=reply.source,
        )
        return stored, answered


def error_result(text: str) -> dict[str, JSON]:
    return {"content": [{"type": "text", "text": text}], "isError": True}


def collect(spec: AgentSpec, as_of: str | None, servers: Iterable[OpenServer]) -> Toolbox:
    """The toolbox of all open servers: what the file declares, else everything; compared, named, sorted by name."""
    servers = list(servers)
    box = Toolbox(spec, as_of, servers={server.name: server for server in servers})
    listed = [tool for server in servers for tool in server.tools]
    box.set_aside = [{"server": server.name, **problem} for server in servers for problem in server.set_aside]
    declared = {tool.tool_name: tool for tool in spec.tools or []}
    wanted = [tool for tool in listed if spec.tools is None or tool.name in declared]
    names = {tool.name for tool in listed}
    unusable = {str(aside["tool"]): str(aside["problem"]) for aside in box.set_aside}
    box.differences = [
        drift.missing(tool, names, unusable.get(tool.tool_name))
        for tool in declared.values()
        if tool.tool_name not in names
    ]
    usable = []
    for tool in wanted:
        problem = tool.schema_problem or _write_problem(tool, spec, tool.name in declared)
        if tool.name in declared:
            box.differences += drift.changed(declared[tool.name], tool.schema)
        if problem:
            box.set_aside.append({"server": tool.server, "tool": tool.name, "problem": problem})
        else:
            usable.append(tool)
    offered = [
        _offer(name, tool, declared.get(tool.name), spec.as_of_argument) for name, tool in _named(usable, box.set_aside)
    ]
    box.tools = {tool.offered_as: tool for tool in sorted(offered, key=lambda tool: tool.offered_as)}
    return box


def _write_problem(tool: ListedTool, spec: AgentSpec, declared: bool) -> str | None:
    if not tool.may_write(declared) or spec.policy.writes == "allow":
        return None
    return "it is not known to be read-only; declare it under tools, or set policy.writes: allow"


def _named(tools: list[ListedTool], set_aside: list[dict[str, JSON]]) -> list[tuple[str, ListedTool]]:
    """The tool's own name where it is unique, else server__tool; in letters that the Messages API takes."""
    plain = Counter(safe_name(tool.name) for tool in tools)
    full = Counter(safe_name(f"{tool.server}__{tool.name}") for tool in tools)
    named: dict[str, ListedTool] = {}
    for tool in tools:
        name, long = safe_name(tool.name), safe_name(f"{tool.server}__{tool.name}")
        if plain[name] > 1:
            name = long if full[long] == 1 else safe_name(long, of=f"{tool.server}\0{tool.name}")
        if name in named:
            problem = "its server lists another tool of the same name"
            set_aside.append({"server": tool.server, "tool": tool.name, "problem": problem})
        else:
            named[name] = tool
    return list(named.items())


def safe_name(name: str, of: str | None = None) -> str:
    """Letters, digits, '_' and '-', at most 64. A cut name ends in a hash of the whole, any name in one of `of`."""
    safe = re.sub(r"[^A-Za-z0-9_-]", "_", name) or "_"
    if len(safe) <= NAME_LENGTH and of is None:
        return safe
    return f"{safe[: NAME_LENGTH - 9]}_{hashlib.sha256((of or name).encode()).hexdigest()[:8]}"


def _offer(name: str, listed: ListedTool, declared: ToolSpec | None, as_of_argument: str) -> Tool:
    description = (declared.description if declared else None) or listed.description
    schema = _narrowed(listed.schema, declared)
    return Tool(
        offered_as=name,
        listed=listed,
        definition={"name": name, "description": description, "input_schema": schema},
        validator=schemas.validator(schema),
        takes_as_of=as_of_argument in listed.schema.get("properties", {}),
        repeatable=listed.repeatable(declared is not None),
    )


def _narrowed(schema: dict[str, Any], declared: ToolSpec | None) -> dict[str, Any]:
    """The server's schema, with an enum reduced to the declared values where the server takes them."""
    properties = dict(schema.get("properties", {}))
    for name, expected in (declared.properties if declared else {}).items():
        if name in properties and isinstance(properties[name], dict) and isinstance(expected, dict):
            properties[name] = _narrow(properties[name], expected)
    return schema | {"properties": properties} if properties else schema


def _narrow(offered: dict[str, Any], expected: dict[str, Any]) -> dict[str, Any]:
    narrowed = dict(offered)
    if "enum" in expected and "enum" in offered:
        narrowed["enum"] = [value for value in offered["enum"] if value in expected["enum"]] or offered["enum"]
    if isinstance(expected.get("items"), dict) and isinstance(offered.get("items"), dict):
        narrowed["items"] = _narrow(offered["items"], expected["items"])
    return narrowed
