"""Events of servers: what became of them, and what they offer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from agent.encoding import JSON
from agent.events.base import Event


@dataclass(frozen=True)
class ServerOpened(Event):
    """`seconds`: from the start of the server to its list of tools; 0 where another run had opened it."""

    name: ClassVar[str] = "server.opened"
    server: str
    transport: str
    protocol: str
    server_name: str | None
    server_version: str | None
    seconds: float = 0.0


@dataclass(frozen=True)
class ServerFailed(Event):
    """`exit` is the exit status of a stdio server, None while it still ran or for other transports."""

    name: ClassVar[str] = "server.failed"
    server: str
    command: str
    exit: int | None
    stderr: str
    reason: str
    required: bool


@dataclass(frozen=True)
class ToolsListed(Event):
    """What a server said when it was opened, before anything was chosen from it.

    `instructions`: hash of its words about itself, which no model is shown; None without any. `tools`: each with its
    name, hashes of its `description` and `schema` (and of its `output_schema`, where it has one), and read_only,
    destructive, idempotent and kind. `set_aside`: entries of its list that are no tools.
    """

    name: ClassVar[str] = "tools.listed"
    server: str
    instructions: str | None
    tools: list[dict[str, JSON]]
    set_aside: list[dict[str, JSON]] = field(default_factory=list)


@dataclass(frozen=True)
class ToolsVouched(Event):
    """What the lock had to say of the tools, at the `first` offer of a sitting or at a later one: `warnings` for
    people, and what is `held` back from the model. Logged when it had something to say.
    """

    name: ClassVar[str] = "tools.vouched"
    first: bool
    warnings: list[str] = field(default_factory=list)
    held: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class ToolsOffered(Event):
    """What the model is offered from here on.

    `tools`: name (as the model sees it), server, tool (the server's own name), hashes of its description,
    of the server's schema and of the definition that the model gets, read_only, takes_as_of, kind; `rewritten`: how
    the schema was changed for the model, where it was.
    `differences` between declaration and offer; `set_aside`: tools that cannot be used, and why.
    """

    name: ClassVar[str] = "tools.offered"
    tools: list[dict[str, JSON]]
    differences: list[dict[str, JSON]] = field(default_factory=list)
    set_aside: list[dict[str, JSON]] = field(default_factory=list)
