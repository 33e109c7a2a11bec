"""One set of uniquely named tools over all servers: checked before a call, called, and cut to what a model can read.

`collecting` fills it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from agent import data
from agent.asof import Withheld
from agent.encoding import JSON, compact, digest
from agent.errors import ServerError
from agent.events import ContentStored, Event, ToolAnswered, ToolAsked, Warned
from agent.figures import FigureReader
from agent.foreign import visible
from agent.glance import may_hold_later
from agent.model.base import ToolCall, Usage
from agent.shapes import Steps
from agent.spec import AgentSpec
from agent.tools import content, manifest
from agent.tools.drift import Difference
from agent.tools.links import Links
from agent.tools.offered import Prepared, Tool
from agent.tools.ports import UNSENT, OpenServer, Person, Reply, error_result
from agent.tools.timely import timely

LARGE = 1 << 16
"""Results of more bytes are stored as content of their own."""
DATES = ("as_of", "observed_at", "known_at")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass
class Toolbox:
    """Build with `collect`; then `prepare`, `admit` and `call`; before each turn, `renew`."""

    spec: AgentSpec
    as_of: str | None
    names: list[str] = field(default_factory=list)
    """All servers that were to be opened."""
    words: dict[str, str] = field(default_factory=dict)
    """What servers that failed had printed on stderr."""
    servers: dict[str, OpenServer] = field(default_factory=dict)
    tools: dict[str, Tool] = field(default_factory=dict)
    differences: list[Difference] = field(default_factory=list)
    set_aside: list[dict[str, JSON]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What else people have to know of the offer."""
    attended: bool = False
    """Whether somebody can be asked about calls."""
    person: Person | None = None
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    gated: bool = True
    """Whether results are shown without what is later than the as-of date."""
    lost: dict[str, ServerError] = field(default_factory=dict)
    """Servers that died during the run."""
    links: Links = field(default_factory=Links)
    choose_again: Callable[[], list[str]] = list
    """Fills the toolbox anew from what its servers list now, and warns. Raises what forbids the run to go on."""

    def __post_init__(self) -> None:
        self._seen = {name: server.revision for name, server in self.servers.items()}
        self._reader = FigureReader(self.spec)

    @property
    def kinds(self) -> set[str]:
        """real, simulated: what the offered tools declare about their data."""
        return {tool.listed.kind for tool in self.tools.values() if tool.listed.kind}

    @property
    def blind_to_as_of(self) -> list[str]:
        """Tools that cannot be asked as of a date."""
        return [name for name, tool in self.tools.items() if not tool.takes_as_of and tool is not self.links.tool]

    def apply(self, event: Event) -> None:
        """What results link to may be read."""
        self.links.apply(event)

    async def renew(self, turn: int) -> list[Event]:
        """Before a turn: what servers list anew, and what is offered then; nothing when all is as it was."""
        for server in self.servers.values():
            await server.renew(turn)
        now = {name: server.revision for name, server in self.servers.items()}
        changed = [self.servers[name] for name in now if now[name] != self._seen[name]]
        self._seen = now
        warnings = self.choose_again() if changed else []
        if not self.add_reader() and not changed:
            return []
        listed = [event for server in changed for event in manifest.listing(server)]
        contents, offered = manifest.offer(self)
        return [*listed, *contents, offered, *map(Warned, warnings)]

    def add_reader(self) -> bool:
        """Offer to read links, as soon as there are any; whether that is new."""
        tool = self.links.offered(self.tools)
        if tool is None or tool.offered_as in self.tools:
            return False
        self.tools = dict(sorted({**self.tools, tool.offered_as: tool}.items()))
        return True

    def prepare(self, call: ToolCall, turn: int) -> Prepared:
        """Find the tool, set what the file and the as-of date set, check the arguments against the server's schema."""
        tool = self.tools.get(call.name)
        arguments, server = call.arguments, tool.listed.server if tool else None
        if tool is not None and tool is self.links.tool:
            server = self.links.server_of(arguments)
        elif tool is not None and isinstance(arguments, dict):
            arguments = self._dated(tool, _given(tool, arguments | tool.constants))
        asked = ToolAsked(
            turn=turn,
            call=call.id,
            offered_as=call.name,
            server=server,
            tool=tool.listed.name if tool else None,
            arguments=arguments,
            key=digest([server, tool.listed.name, arguments] if tool else [call.name, arguments]),
        )
        return Prepared(asked, tool, self._refusal(call, tool, asked))

    def _refusal(self, call: ToolCall, tool: Tool | None, asked: ToolAsked) -> str | None:
        """Why a call is not sent."""
        if tool is None:
            return data.words("unknown_tool", name=call.name, offered=", ".join(self.tools))
        if unknown := self._undeclared(tool, call.arguments):
            known = f"It has: {', '.join(sorted(tool.parameters))}." if tool.parameters else "It takes no arguments."
            return data.words("undeclared_arguments", tool=call.name, names=", ".join(unknown), known=known)
        problems = [
            f"{'.'.join(map(str, error.absolute_path)) or 'arguments'}: {error.message}"
            for error in sorted(tool.validator.iter_errors(asked.arguments), key=str)
        ]
        if problems:
            return data.words("invalid_arguments", problems="; ".join(problems))
        if tool is self.links.tool and asked.server is None:
            return self.links.refusal(asked.arguments)
        return None

    @staticmethod
    def _undeclared(tool: Tool, arguments: Any) -> list[str]:
        """Names that the server would ignore in silence, so that the model would believe it had filtered."""
        if tool.parameters is None or not isinstance(arguments, dict):
            return []
        return sorted(set(arguments) - tool.parameters)

    def refuse(self, prepared: Prepared, words: str) -> Prepared:
        """In place of a call: what the prompt of that name says of it."""
        return replace(prepared, refusal=data.words(words, tool=prepared.asked.offered_as))

    async def admit(self, prepared: Prepared) -> Prepared:
        """Return when the server may be called once more, and who has to allow it has; or with a refusal."""
        tool, asked = prepared.tool, prepared.asked
        if tool is None or prepared.refusal or asked.server is None:
            return prepared
        allowed = not tool.asks or (
            self.person is not None and await self.person.allow(asked.server, asked.offered_as, asked.arguments)
        )
        if not allowed:
            return self.refuse(prepared, "not_allowed")
        await self.servers[asked.server].pace.admit()
        return prepared

    async def call(self, prepared: Prepared) -> list[Event]:
        """Call and read the result, which comes last. Raises ServerError when a required server died."""
        started = time.monotonic()
        tool, asked = prepared.tool, prepared.asked
        if prepared.refusal or tool is None or asked.server is None:
            return self._answered(prepared, Reply(error_result(prepared.refusal or ""), "refused"), 0.0)
        server = self.servers[asked.server]
        try:
            reply = await server.call(tool.listed.name, asked.arguments, repeatable=tool.repeatable)
        except ServerError as error:
            reply = Reply(error_result(error.message), lost=error)
        if reply.lost:
            self.lost[server.name] = reply.lost
            if server.required:
                raise reply.lost
        return self._answered(prepared, reply, time.monotonic() - started)

    def _dated(self, tool: Tool, arguments: dict[str, Any]) -> dict[str, Any]:
        """With the run's as-of date, unless the model asks for an earlier one."""
        if self.as_of is None or not tool.takes_as_of:
            return arguments
        given = arguments.get(self.spec.as_of_argument)
        earlier = isinstance(given, str) and _DAY.fullmatch(given) and given < self.as_of
        return arguments if earlier else arguments | {self.spec.as_of_argument: self.as_of}

    def _answered(self, prepared: Prepared, reply: Reply, seconds: float) -> list[Event]:
        asked, sent = prepared.asked, reply.source not in UNSENT
        encoded = compact(reply.result)
        result, hidden = visible(reply.result, encoded)
        encoded = compact(result) if hidden else encoded
        judged = prepared.tool.listed if prepared.tool and sent and not reply.by_host else None
        broken = judged.output_problem(result, encoded) if judged else None
        broken = broken if self.spec.policy.output_schema != "off" else None
        strict = broken is not None and self.spec.policy.output_schema == "strict"
        as_of = self.as_of if self.gated and sent and not reply.by_host else None
        seen, withheld = result, Withheld()
        if as_of and may_hold_later(encoded, as_of):
            seen, withheld = timely(result, as_of, self._dates(asked))
        found = content.data_of(result)
        about = found if isinstance(found, dict) else {}
        kind = about.get("kind") or (prepared.tool.listed.kind if prepared.tool and sent else None)
        stored = [ContentStored.of(result)] if len(encoded) > LARGE else []
        answered = ToolAnswered(
            turn=asked.turn,
            call=asked.call,
            result={"stored": stored[0].hash} if stored else result,
            shown=self._shown(asked, reply, seen, strict, withheld),
            is_error=bool(result.get("isError")) or strict,
            kind=kind if isinstance(kind, str) else None,
            dates={key: about[key] for key in DATES if isinstance(about.get(key), str)},
            retrieved_at=reply.retrieved_at or self.now().isoformat(timespec="seconds"),
            seconds=round(seconds, 3) if reply.seconds is None else reply.seconds,
            source=reply.source,
            images=[] if strict else content.images_of(result),
            notes=list(dict.fromkeys([*reply.notes, *_notes(asked, hidden, broken)])),
            by_host=reply.by_host,
            sampled=asdict(reply.sampled) if reply.sampled != Usage() else {},
            withheld=withheld.to_json(),
        )
        return [*stored, answered]

    def _dates(self, asked: ToolAsked) -> list[Steps]:
        """Where the file says that dates stand in results of this tool."""
        return self._reader.dates(asked.offered_as, asked.server, asked.tool)

    def _shown(self, asked: ToolAsked, reply: Reply, result: dict[str, JSON], broken: bool, withheld: Withheld) -> str:
        text = content.cut(content.text_of(result), self.spec.policy.result_chars)
        if self.spec.policy.frame_results and reply.source not in UNSENT and not reply.by_host:
            text = content.framed(text, f"{asked.server}.{asked.offered_as}")
        text = content.noticed(text, withheld.rows, self.as_of) if withheld.rows else text
        return data.words("broken_output", tool=asked.offered_as) + "\n" + text if broken else text


def _given(tool: Tool, arguments: dict[str, Any]) -> dict[str, Any]:
    """Without nulls in place of optional arguments: models write them for what they do not want to say."""
    if None not in arguments.values() or tool.validator.is_valid(arguments):
        return arguments
    required = tool.listed.schema.get("required")
    needed = required if isinstance(required, list) else ()
    return {name: value for name, value in arguments.items() if value is not None or name in needed}


def _notes(asked: ToolAsked, hidden: int, broken: str | None) -> list[str]:
    notes = [f"results of {asked.offered_as!r} held invisible characters, which were taken out"] if hidden else []
    if broken:
        notes.append(f"a result of {asked.offered_as!r} is not what its output schema promises: {broken}")
    return notes
