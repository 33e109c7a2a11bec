"""What an agent file says of a server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag

from agent.section import Section, Text

Seconds: TypeAlias = Annotated[float, Field(gt=0, le=86_400)]
Count: TypeAlias = Annotated[int, Field(ge=1)]
SERVER_NAME = r"^[A-Za-z0-9_.-]{1,40}$"
PROTOCOL = r"^(auto|legacy|20\d\d-\d\d-\d\d)$"


class ServerTimeoutSpec(Section):
    start: Seconds | None = None
    """Until it has been greeted."""
    list: Seconds | None = None
    """For its list of tools."""
    call: Seconds | None = None
    """For one call of a tool."""


class _Server(Section):
    required: bool = True
    """Whether a run fails when this server does; otherwise the result reports it and the run goes on."""
    disabled: bool = False
    """Whether it is left out."""
    timeouts: ServerTimeoutSpec = ServerTimeoutSpec()
    """Seconds, where they differ from the file's `timeouts`."""
    calls_per_minute: Count | None = None
    """How often the server may be called, over all runs of a batch."""
    protocol: Annotated[str, Field(pattern=PROTOCOL)] = "auto"
    """How the protocol is negotiated: `auto`, `legacy` (by the old handshake), or a version from 2026-07-28 on."""
    stateful: bool = False
    """Whether it remembers what a run did: each run then opens one of its own, and is not resumed once it used it."""
    description: str | None = None
    """For people."""
    autoApprove: list[str] | None = None
    """Other programs' key: read and without effect here."""
    alwaysAllow: list[str] | None = None
    """Other programs' key: read and without effect here."""


class StdioServer(_Server):
    command: Text
    """A program; `advisor` is the running installation."""
    args: list[str] = Field(default_factory=list)
    """What the program is started with; expanded as `env` is."""
    env: dict[str, str] = Field(default_factory=dict)
    """Added to the few variables that a server gets; ${VAR} and ${VAR:-default} are expanded."""
    cwd: Text | None = None
    """The folder that it starts in; without it, the current one, wherever the agent file lies."""
    type: Literal["stdio"] | None = None
    """For files that say so; a `command` says it already."""
    transport: Literal["stdio"] | None = None
    """The same key as `type`."""

    @property
    def is_embedded(self) -> bool:
        """Whether it is the market server of this very installation, as it comes."""
        return self.command == "advisor" and self.args[:1] == ["market"] and not self.env and self.cwd is None

    @property
    def reads_folder(self) -> bool:
        """Whether it is, or once `${…}` is expanded may be, a market server over somebody's own files."""
        return self.command == "advisor" and any("--data" in arg or "${" in arg for arg in self.args)


class HttpServer(_Server):
    url: Annotated[str, Field(pattern=r"^(https?://|\$\{)\S+$")]
    """Where it is called; expanded as `headers` are."""
    headers: dict[str, str] = Field(default_factory=dict)
    """${VAR} and ${VAR:-default} are expanded."""
    type: Literal["http", "streamable-http", "streamableHttp", "sse"] | None = None
    """`sse` for the transport of servers from before 2025-03-26."""
    transport: Literal["http", "streamable-http", "streamableHttp", "sse"] | None = None
    """The same key as `type`."""

    @property
    def is_sse(self) -> bool:
        return "sse" in (self.type, self.transport)


def _server_tag(value: Any) -> str:
    return "http" if isinstance(value, HttpServer) or (isinstance(value, Mapping) and "url" in value) else "stdio"


ServerSpec: TypeAlias = Annotated[
    Annotated[StdioServer, Tag("stdio")] | Annotated[HttpServer, Tag("http")], Discriminator(_server_tag)
]
