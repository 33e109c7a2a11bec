"""What all changes to recorded tools have in common."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

from agent.errors import UsageError
from agent.replay.recording import RecordedServer
from agent.section import Section


class Operation(Section):
    """A pure change of what servers offer, or of what they answer. `name` is its key in a case file."""

    name: ClassVar[str]

    @abstractmethod
    def offer(self, servers: tuple[RecordedServer, ...]) -> tuple[RecordedServer, ...]:
        """The servers as they are opened. Raises UsageError when there is nothing of what is to be changed."""

    def answer(self, tool: str, arguments: Any, ordinal: int, result: dict[str, Any]) -> dict[str, Any] | None:
        """The changed MCP result of a call, the tool's `ordinal`th in its run (from 1); None: it is left as it is.

        Raises UsageError when the result has nothing of what is to be changed in it.
        """
        return None

    def refused(self, problem: str, *, where: str, hint: str | None = None) -> UsageError:
        return UsageError(f"the change `{self.name}`: {problem}", where=where, hint=hint)

    def require_listed(self, tool: str, servers: tuple[RecordedServer, ...]) -> None:
        """Raises UsageError when no server lists the tool."""
        names = sorted({each.name for server in servers for each in server.tools})
        if tool not in names:
            hint = f"the servers list {', '.join(names) or 'no tools'}"
            raise self.refused(f"no server lists a tool {tool!r}", where=tool, hint=hint)
