"""The MCP server of the job, over stdio: four read-only tools, which answer with some 4 KB of JSON each."""

from __future__ import annotations

import json
from typing import Any

from job import RESULTS
from mcp.server.mcpserver import MCPServer
from mcp_types import CallToolResult, TextContent, ToolAnnotations

server: MCPServer[Any] = MCPServer("bench")
READ_ONLY = ToolAnnotations(read_only_hint=True)


def answer(tool: str) -> CallToolResult:
    """As data, and as the text that it is; no bigger for those who show the model the one than for the other."""
    text = json.dumps(RESULTS[tool], separators=(",", ":"))
    return CallToolResult(content=[TextContent(text=text)], structured_content=RESULTS[tool])


@server.tool(annotations=READ_ONLY)
def get_macro_indicators(
    indicators: list[str] | None = None, region: str = "Vietnam", period: str = "quarterly", as_of: str | None = None
) -> CallToolResult:
    """The economy behind the market, with the day on which each value was known."""
    return answer("get_macro_indicators")


@server.tool(annotations=READ_ONLY)
def get_sector_heatmap(
    lookback_period: str = "3M",
    granularity: str = "daily",
    metrics: list[str] | None = None,
    as_of: str | None = None,
) -> CallToolResult:
    """Performance, momentum, volatility and relative strength of every sector over a lookback."""
    return answer("get_sector_heatmap")


@server.tool(annotations=READ_ONLY)
def get_foreign_flow(
    sector: str = "all", period: str = "1M", flow_type: str = "net_buy_sell", as_of: str | None = None
) -> CallToolResult:
    """What foreign investors bought and sold, by sector or in total."""
    return answer("get_foreign_flow")


@server.tool(annotations=READ_ONLY)
def get_whale_activity(sector: str = "all", lookback_days: int = 20, as_of: str | None = None) -> CallToolResult:
    """Unusually large trades, by sector."""
    return answer("get_whale_activity")


if __name__ == "__main__":
    server.run("stdio")
