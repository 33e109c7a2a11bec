"""Ways to ask the market server something in a test."""

from __future__ import annotations

import json
from typing import Any

from mcp import Client

from agent.market.pack import Pack
from agent.market.server import build


async def ask(pack: str | Pack, tool: str, **arguments: Any) -> dict[str, Any]:
    """The structured answer of one call, which the client has checked against the output schema."""
    async with Client(build(pack)) as client:
        result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content[0].text
    assert json.loads(result.content[0].text) == result.structured_content
    return result.structured_content


async def refusal(pack: str, tool: str, **arguments: Any) -> str:
    """The text of a tool error."""
    async with Client(build(pack)) as client:
        result = await client.call_tool(tool, arguments)
    assert result.is_error
    assert result.structured_content is None
    [block] = result.content
    return block.text
