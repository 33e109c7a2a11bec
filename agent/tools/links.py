"""What results of a run link to, and the tool that reads it: offered as soon as there is a link, and for no other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agent import data, schemas
from agent.events import CallPlace, ContentStored, Event, ToolAnswered, ToolAsked
from agent.tools import content
from agent.tools.listed import READ_RESOURCE, ListedTool
from agent.tools.offered import Tool

HOST = "sector-advisor"
"""In place of a server, for what this program offers itself."""
NAMES = ("read_resource", "read_resource_link")
"""The first that no server's tool has."""
TOLD = 10
"""Links that are named to a model that asks for another."""


def reader(server: str) -> ListedTool:
    """What reads a resource of a server."""
    schema = {
        "type": "object",
        "properties": {"uri": {"type": "string", "description": "A link, exactly as a tool result has it."}},
        "required": ["uri"],
        "additionalProperties": False,
    }
    return ListedTool(server, READ_RESOURCE, data.prompt("read_resource"), schema, True, False, None, True)


class Links:
    """Folded from the events of a run."""

    def __init__(self) -> None:
        self.tool: Tool | None = None
        self._servers: dict[str, str] = {}
        self._asked: dict[CallPlace, str] = {}
        self._stored: dict[str, Mapping[str, Any]] = {}

    def apply(self, event: Event) -> None:
        match event:
            case ContentStored() if isinstance(event.content, dict):
                self._stored[event.hash] = event.content
            case ToolAsked() if event.server:
                self._asked[event.place] = event.server
            case ToolAnswered():
                server = self._asked.get(event.place)
                result = self._stored.get(str(event.result.get("stored"))) or event.result
                if server:
                    self._servers |= dict.fromkeys(content.links_of(result), server)

    def server_of(self, arguments: Any) -> str | None:
        """Whose link it is; None when no result had it."""
        uri = arguments.get("uri") if isinstance(arguments, dict) else None
        return self._servers.get(uri) if isinstance(uri, str) else None

    def refusal(self, arguments: Any) -> str:
        known = content.framed("\n".join(list(self._servers)[-TOLD:]), "links")
        return data.words("unlinked_resource", known=known)

    def offered(self, tools: Mapping[str, Tool]) -> Tool | None:
        """The tool, once there is a link."""
        if self._servers and self.tool is None:
            listed = reader(HOST)
            name = next((name for name in NAMES if name not in tools), NAMES[-1])
            definition = {"name": name, "description": listed.description, "input_schema": listed.schema}
            self.tool = Tool(
                name, listed, definition, schemas.validator(listed.schema), False, True, frozenset({"uri"})
            )
        return self.tool
