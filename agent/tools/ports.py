"""What a toolbox needs of a server, live or recorded, and what comes back from one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeAlias

from agent.encoding import JSON
from agent.errors import ServerError
from agent.events import ServerOpened
from agent.model.base import Turn, Usage
from agent.tools.listed import ListedTool
from agent.tools.pace import Pace

Outcome: TypeAlias = ServerOpened | ServerError
"""What came of opening a server."""
Form: TypeAlias = dict[str, Any] | None
UNSENT = ("refused", "miss")
"""Sources of results that no server gave."""


@dataclass(frozen=True)
class Reply:
    """What came back for one call: an MCP result, where it came from, and of a recorded one its time and seconds."""

    result: dict[str, JSON]
    source: Literal["live", "replayed", "injected", "miss", "refused"] = "live"
    retrieved_at: str | None = None
    seconds: float | None = None
    lost: ServerError | None = None
    """Set when the server died in the call; `result` is what the model is told of that."""
    notes: list[str] = field(default_factory=list)
    """What people have to know of the call."""
    by_host: bool = False
    """Whether the words are ours, and not the server's."""
    sampled: Usage = field(default_factory=Usage)
    """What the server had the model write."""


class Person(Protocol):
    """Whoever sits at the terminal."""

    async def fill(self, server: str, message: str, schema: dict[str, Any]) -> Form:
        """A form that a server asks for, filled in; None when it is declined."""

    async def allow(self, server: str, tool: str, arguments: Any) -> bool:
        """Whether a call that may change something is made."""


class Lender(Protocol):
    """Who lends servers the run's model."""

    async def write(self, system: str, messages: list[dict[str, JSON]]) -> Turn:
        """One answer to messages in the form of the Messages API. Raises AdvisorError."""


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
    def stderr(self) -> str:
        """The end of what it printed there."""

    @property
    def tools(self) -> Sequence[ListedTool]: ...
    @property
    def set_aside(self) -> Sequence[dict[str, JSON]]:
        """Entries of its list that are no tools."""

    @property
    def pace(self) -> Pace: ...
    @property
    def revision(self) -> int:
        """Another number when its list is another."""

    async def renew(self, turn: int) -> None:
        """Before a turn: take in a list that has changed."""

    async def call(self, tool: str, arguments: Any, *, repeatable: bool) -> Reply:
        """Raises ServerError when the server died."""


def error_result(text: str) -> dict[str, JSON]:
    return {"content": [{"type": "text", "text": text}], "isError": True}
