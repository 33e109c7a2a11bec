"""A tool as its server lists it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from agent import schemas
from agent.events import JSON, ContentStored
from agent.foreign import whole

if TYPE_CHECKING:
    from mcp import Tool

KIND = "sector-advisor/kind"
"""Where a tool's `_meta` says that its data are real or simulated."""


@dataclass(frozen=True)
class ListedTool:
    """`schema` is the server's own and is what arguments have to satisfy; a hint is None where it is not given."""

    server: str
    name: str
    description: str
    schema: dict[str, Any]
    read_only: bool | None
    destructive: bool | None
    kind: str | None
    """real or simulated, where the server declares it."""
    idempotent: bool | None = None

    @classmethod
    def of(cls, tool: Tool, server: str, redact: Callable[[JSON], JSON]) -> ListedTool:
        hints = tool.annotations
        kind = (tool.meta or {}).get(KIND)
        return cls(
            server=server,
            name=tool.name,
            description=str(redact(whole(tool.description or ""))),
            schema=redact(whole(tool.input_schema)),
            read_only=hints.read_only_hint if hints else None,
            destructive=hints.destructive_hint if hints else None,
            kind=kind if isinstance(kind, str) else None,
            idempotent=hints.idempotent_hint if hints else None,
        )

    @cached_property
    def contents(self) -> tuple[ContentStored, ContentStored]:
        """Its description and its schema, as the log stores them."""
        return ContentStored.of(self.description), ContentStored.of(self.schema)

    @cached_property
    def schema_problem(self) -> str | None:
        """Why no call could be checked against its schema."""
        found = schemas.problem(self.schema)
        return f"its input schema, at /{'/'.join(map(str, found[0]))}: {found[1]}" if found else None

    def repeatable(self, declared: bool) -> bool:
        """Whether a call may be made twice without harm."""
        return self.idempotent is True or not self.may_write(declared)

    def may_write(self, declared: bool) -> bool:
        """It may when it says so, or when neither it nor the agent file says anything about it."""
        if self.read_only is True:
            return False
        return self.read_only is False or self.destructive is True or not declared
