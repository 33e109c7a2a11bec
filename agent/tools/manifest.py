"""What a log keeps of tools: all that a server lists, and what of it a model is offered."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from agent.encoding import JSON
from agent.events import ContentStored, Event, ToolsListed, ToolsOffered
from agent.tools.listed import ListedTool
from agent.tools.offered import Tool
from agent.tools.ports import OpenServer

if TYPE_CHECKING:
    from agent.tools.toolbox import Toolbox


def listing(server: OpenServer) -> list[Event]:
    """All that a server said of itself and its tools, so that a replay can let it be chosen from again."""
    contents = _Contents()
    listed = ToolsListed(
        server=server.name,
        instructions=contents.hash_of(ContentStored.of(server.instructions)) if server.instructions else None,
        tools=[_listed(tool, contents) for tool in server.tools],
        set_aside=list(server.set_aside),
    )
    return [*contents.values(), listed]


def _listed(tool: ListedTool, contents: _Contents) -> dict[str, JSON]:
    said = {
        "name": tool.name,
        "description": contents.hash_of(tool.contents[0]),
        "schema": contents.hash_of(tool.contents[1]),
        "read_only": tool.read_only,
        "destructive": tool.destructive,
        "idempotent": tool.idempotent,
        "kind": tool.kind,
    }
    if tool.output_schema is not None:
        said["output_schema"] = contents.hash_of(ContentStored.of(tool.output_schema))
    return said


def offer(box: Toolbox) -> tuple[list[ContentStored], ToolsOffered]:
    """What is offered, and the contents that it names."""
    contents = _Contents()
    entries = [_offered(tool, contents) for tool in box.tools.values()]
    return list(contents.values()), ToolsOffered(entries, [asdict(each) for each in box.differences], box.set_aside)


def _offered(tool: Tool, contents: _Contents) -> dict[str, JSON]:
    said = {
        "name": tool.offered_as,
        "server": tool.listed.server,
        "tool": tool.listed.name,
        "description": contents.hash_of(tool.listed.contents[0]),
        "schema": contents.hash_of(tool.listed.contents[1]),
        "definition": contents.hash_of(ContentStored.of(tool.definition)),
        "read_only": tool.listed.read_only,
        "takes_as_of": tool.takes_as_of,
        "kind": tool.listed.kind,
    }
    return said | ({"rewritten": list(tool.rewritten)} if tool.rewritten else {})


class _Contents(dict[str, ContentStored]):
    """Each content once, by its hash, in the order in which they are named."""

    def hash_of(self, content: ContentStored) -> str:
        return self.setdefault(content.hash, content).hash
