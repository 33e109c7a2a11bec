"""advisor.lock: what the servers of agent files, and their tools, were when somebody last looked.

A server can give a tool other words, and so another purpose, from one day to the next. The first run of an agent file
locks what it is offered; a change stops every later one until a person accepts it. The lock lies beside the agent file,
to be committed with it, and holds hashes; the texts behind them are kept in $ADVISOR_HOME/tools, so that a change can
be read.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from filelock import FileLock, Timeout
from pydantic import Field, ValidationError
from pydantic.dataclasses import dataclass as validated

from agent import data
from agent.agentfile import AgentFile
from agent.encoding import JSON, canonical, digest
from agent.errors import LogBusy, LogError, ToolsChanged, UsageError
from agent.events import ServerOpened
from agent.foreign import whole
from agent.runs import store
from agent.runs.log import write_whole
from agent.server_spec import HttpServer, StdioServer
from agent.tools.changed_text import LINES, clipped, difference, marked, revealed
from agent.tools.toolbox import Toolbox

FILE = "advisor.lock"
PATIENCE = 30
"""Seconds to wait for another process that writes the same lock."""
SHOWN = 60
"""Lines that are shown of all changes."""
_Hash: TypeAlias = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


@dataclass(frozen=True)
class LockedTool:
    description: _Hash
    schema: _Hash
    hints: str


@dataclass(frozen=True)
class LockedServer:
    """`command`: as the agent file writes it, without env and headers; `server` and `version`: as it calls itself."""

    command: str
    server: str | None
    version: str | None
    tools: dict[str, LockedTool]


@validated(frozen=True)
class Lock:
    """A whole file: the servers of each agent file in its folder."""

    format: Literal["advisor-lock/1"]
    agents: dict[str, dict[Literal["servers"], dict[str, LockedServer]]]

    def servers(self, agent: str) -> dict[str, LockedServer]:
        return self.agents.get(agent, {}).get("servers", {})


EMPTY = Lock("advisor-lock/1", {})


@dataclass(frozen=True)
class Change:
    """`tool`: None for the server itself; `before`: None for what was not there, or is not kept on this machine."""

    server: str
    tool: str | None
    what: Literal["command", "server", "new tool", "description", "schema", "hints"]
    before: str | None
    after: str | None

    def __str__(self) -> str:
        says = self.what if self.what == "new tool" else f"changed {self.what}"
        if self.before is None and self.what in ("description", "schema"):
            says += "; what it was is not kept on this machine"
        if self.before is None and self.what != "server":
            lines = marked("+", self.after or "", LINES)
        else:
            lines = difference(self.before or "(none)", self.after or "(none)")
        tool = "" if self.tool is None else f", tool '{revealed(self.tool)}'"
        return "\n".join([f"server '{self.server}'{tool}: {says}", *lines])

    def to_json(self) -> dict[str, str | None]:
        return asdict(self)


@dataclass(frozen=True)
class _Offer:
    """What is offered now, as it would be locked; `texts`: the contents behind its hashes."""

    path: Path
    agent: str
    servers: dict[str, LockedServer]
    texts: dict[str, JSON]
    named: frozenset[tuple[str, str]]
    """Server and name of the tools that the agent file itself speaks of."""

    def names(self, server: str, tool: str, locked: Mapping[str, LockedServer]) -> bool:
        """Whether the agent file itself speaks of the tool, and not of another server's that is locked already."""
        others = (each.tools for name, each in locked.items() if name != server)
        return (server, tool) in self.named and not any(tool in tools for tools in others)

    def with_named(self, locked: Mapping[str, LockedServer]) -> dict[str, LockedServer]:
        """What is locked, and what the person has written into the agent file since: a server, a tool."""
        return {
            name: self._with_named_tools(name, now, locked) if name in locked else now
            for name, now in self.servers.items()
        }

    def _with_named_tools(self, name: str, now: LockedServer, locked: Mapping[str, LockedServer]) -> LockedServer:
        named = {tool: new for tool, new in now.tools.items() if self.names(name, tool, locked)}
        return replace(locked[name], tools=named | locked[name].tools)


def path_of(file: AgentFile) -> Path | None:
    """Where its lock lies: beside it; in $ADVISOR_HOME for one that ships with the package, or in a folder that can
    only be read and holds no lock of it. None for one that lies in no file. Raises UsageError.
    """
    if file.path is None:
        return None
    place = file.path.parent.resolve() / file.path.name
    beside = place.with_name(FILE)
    shipped = place.is_relative_to(data.root().resolve())
    if not shipped and (os.access(place.parent, os.W_OK) or _read(beside).servers(whole(place.name))):
        return beside
    return store.home() / "locks" / f"{place.stem}-{digest(str(place))[:8]}.lock"


def is_known(file: AgentFile) -> bool:
    """Whether somebody has looked at its tools before."""
    place = path_of(file)
    return place is not None and bool(_read(place).servers(whole(place.name if file.path is None else file.path.name)))


def check(file: AgentFile, box: Toolbox, opened: Iterable[ServerOpened]) -> list[str]:
    """Warnings. Locks what is offered by servers that are not locked yet.

    Raises ToolsChanged with what has changed, UsageError for a lock that cannot be used, LogBusy.
    """
    if (offer := _offered(file, box, opened)) is None:
        return []
    locked = _unchanged(file, offer, _read(offer.path))
    if not locked.items() >= offer.with_named(locked).items():
        with _held(offer.path):
            lock = _read(offer.path)
            locked = _unchanged(file, offer, lock)  # another process may have written it in the meantime
            _write(lock, offer, locked | offer.with_named(locked))
    _keep(offer.texts)
    return [
        f"server '{name}' is now {revealed(str(now.version))}, it was {revealed(str(was.version))} when it was locked"
        for name, now in offer.servers.items()
        if (was := locked.get(name, now)).version != now.version
    ]


def held_back(file: AgentFile, box: Toolbox, opened: Iterable[ServerOpened]) -> list[str]:
    """The names, as offered, of tools that are not locked, for the caller to hold back when a toolbox was collected
    again in the middle of a run. Nothing is written. Raises ToolsChanged when a locked tool or its server has changed,
    UsageError for a lock that cannot be used.
    """
    if (offer := _offered(file, box, opened)) is None:
        return []
    locked = _unchanged(file, offer, _read(offer.path), but="new tool")
    return [
        tool.offered_as
        for tool in box.tools.values()
        if (server := tool.listed.server) in offer.servers
        and (server not in locked or tool.listed.name not in locked[server].tools)
    ]


def changes(file: AgentFile, box: Toolbox, opened: Iterable[ServerOpened]) -> list[Change]:
    """What would stop a run; nothing is written. Raises UsageError for a lock that cannot be used."""
    offer = _offered(file, box, opened)
    return list(_changes(_read(offer.path).servers(offer.agent), offer)) if offer else []


def accept(file: AgentFile, box: Toolbox, opened: Iterable[ServerOpened]) -> list[Change]:
    """Lock what is offered now, and return what has changed. Other agent files, and servers that did not open, keep
    what they have; servers that the file names no more are dropped; a lock that cannot be read is begun anew. Raises
    UsageError when it cannot be written, LogBusy.
    """
    if (offer := _offered(file, box, opened)) is None:
        return []
    with _held(offer.path):
        lock = EMPTY
        with suppress(UsageError):
            lock = _read(offer.path)
        locked = lock.servers(offer.agent)
        kept = {name: server for name, server in locked.items() if name in (file.spec.mcpServers or {})}
        _write(lock, offer, kept | offer.servers)
    _keep(offer.texts)
    return list(_changes(locked, offer))


def _offered(file: AgentFile, box: Toolbox, opened: Iterable[ServerOpened]) -> _Offer | None:
    """Only of servers that the file names and that are no part of this program; None when there is nothing to lock."""
    tools: dict[str, dict[str, LockedTool]] = {}
    texts: dict[str, JSON] = {}
    for tool in box.tools.values():
        description, schema = tool.listed.contents
        texts |= {description.hash: description.content, schema.hash: schema.content}
        locked = LockedTool(description.hash, schema.hash, tool.listed.hints)
        tools.setdefault(tool.listed.server, {})[tool.listed.name] = locked
    servers = {}
    for each in opened:
        spec = file.spec.servers.get(each.server)
        if spec is None or each.transport == "memory":
            continue
        if isinstance(spec, StdioServer) and spec.is_embedded:  # it changes when somebody installs another
            continue
        command = spec.url if isinstance(spec, HttpServer) else shlex.join([spec.command, *spec.args])
        about = command, whole(each.server_name), whole(each.server_version)
        servers[each.server] = LockedServer(*about, tools.get(each.server, {}))
    path = path_of(file) if servers else None
    if not (path and file.path):
        return None
    offered = [(tool.listed.server, tool.listed.name) for tool in box.tools.values()]
    named = frozenset(each for each in offered if file.spec.declares(*each))
    return _Offer(path, whole(file.path.name), servers, texts, named)


def _unchanged(file: AgentFile, offer: _Offer, lock: Lock, but: str = "") -> dict[str, LockedServer]:
    """The locked servers. Raises ToolsChanged when what is offered differs, except in what is named by `but`."""
    locked = lock.servers(offer.agent)
    if found := [change for change in _changes(locked, offer) if change.what != but]:
        told = "\n".join(map(str, found)).split("\n")
        head = "the servers are not what they were when somebody last looked"
        hint = f"look at it, then `advisor tools accept -c {shlex.quote(str(file.path))}`, or mend the agent file"
        raise ToolsChanged("\n".join([head, *clipped(told, SHOWN)]), where=str(offer.path), hint=hint)
    return locked


def _changes(locked: Mapping[str, LockedServer], offer: _Offer) -> Iterator[Change]:
    for name, now in sorted(offer.servers.items()):
        was = locked.get(name, now)
        if now.command != was.command:
            yield Change(name, None, "command", was.command, now.command)
        if now.server != was.server:
            yield Change(name, None, "server", was.server, now.server)
        for tool, new in sorted(now.tools.items()):
            if (old := was.tools.get(tool)) is None and offer.names(name, tool, locked):
                continue
            if old is None:
                yield Change(name, tool, "new tool", None, _text(offer.texts[new.description]))
                continue
            if new.description != old.description:
                yield Change(name, tool, "description", _kept(old.description), _text(offer.texts[new.description]))
            if new.schema != old.schema:
                yield Change(name, tool, "schema", _kept(old.schema), _text(offer.texts[new.schema]))
            if new.hints != old.hints:
                yield Change(name, tool, "hints", old.hints, new.hints)


def _read(path: Path) -> Lock:
    """An empty one when there is none. Raises UsageError."""
    try:
        return Lock(**dict(json.loads(path.read_bytes())))
    except FileNotFoundError:
        return EMPTY
    except ValidationError as error:
        first = error.errors()[0]
        why = f"{'.'.join(map(str, first['loc'])) or 'its content'}: {first['msg']}"
    except (OSError, ValueError, TypeError, RecursionError) as error:
        why = str(error)
    hint = "mend or delete it, or look at what the servers offer and begin it anew with `advisor tools accept`"
    raise UsageError(f"{path} is no lock that this version can read: {why}", where=str(path), hint=hint)


@contextmanager
def _held(path: Path) -> Iterator[None]:
    """While no other process writes the lock. What is held lies in $ADVISOR_HOME: beside the lock it would be litter.

    Raises LogBusy, UsageError when the lock cannot be written.
    """
    mutex = store.home() / "locks" / f"{digest(str(path))[:16]}.mutex"
    try:
        mutex.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(mutex).acquire(timeout=PATIENCE):
            yield
    except Timeout:
        raise LogBusy(f"another process writes {path}", hint="wait for it to end") from None
    except (OSError, LogError) as error:
        hint = "make it writable, and run `advisor tools accept` once"
        raise UsageError(f"what the servers offer is not locked: {error}", where=str(path), hint=hint) from None


def _write(lock: Lock, offer: _Offer, servers: dict[str, LockedServer]) -> None:
    """Put the servers of one agent file into it. A file that says the same already is left alone."""
    lock = replace(lock, agents={**lock.agents, offer.agent: {"servers": servers}})
    content = json.dumps(asdict(lock), indent=2, sort_keys=True).encode() + b"\n"
    if not offer.path.exists() or offer.path.read_bytes() != content:
        write_whole(offer.path, content)


def _keep(texts: Mapping[str, JSON]) -> None:
    """For later differences, which do without where it fails; what is read back is compared with its hash."""
    folder = store.home() / "tools"
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in texts.items():
            if not (path := folder / f"{name}.json").exists():
                path.write_bytes(canonical(content))


def _kept(name: str) -> str | None:
    with suppress(OSError):
        content = (store.home() / "tools" / f"{name}.json").read_bytes()
        if hashlib.sha256(content).hexdigest() == name:
            return _text(json.loads(content))
    return None


def _text(content: JSON) -> str:
    return content if isinstance(content, str) else json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False)
