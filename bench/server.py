"""The MCP server of the job, over stdio: four read-only tools, which answer with some 4 KB of JSON each."""

from __future__ import annotations

from typing import Any

from job import RESULTS
from mcp.server.mcpserver import MCPServer
from mcp_types import ToolAnnotations

server: MCPServer[Any] = MCPServer("bench")
READ_ONLY = ToolAnnotations(read_only_hint=True)


@server.tool(annotations=READ_ONLY)
def get_macro_indicators(
    indicators: list[str] | None = None, region: str = "Vietnam", period: str = "quarterly", as_of: str | None = None
) -> dict[str, Any]:
    """The economy behind the market, with the day on which each value was known."""
    return RESULTS["get_macro_indicators"]


@server.tool(annotations=READ_ONLY)
def get_sector_heatmap(
    lookback_period: str = "3M",
    granularity: str = "daily",
    metrics: list[str] | None = None,
    as_of: str | None = None,
) -> dict[str, Any]:
    """Performance, momentum, volatility and relative strength of every sector over a lookback."""
    return RESULTS["get_sector_heatmap"]


@server.tool(annotations=READ_ONLY)
def get_foreign_flow(
    sector: str = "all", period: str = "1M", flow_type: str = "net_buy_sell", as_of: str | None = None
) -> dict[str, Any]:
    """What foreign investors bought and sold, by sector or in total."""
    return RESULTS["get_foreign_flow"]


@server.tool(annotations=READ_ONLY)
def get_whale_activity(sector: str = "all", lookback_days: int = 20, as_of: str | None = None) -> dict[str, Any]:
    """Unusually large trades, by sector."""
    return RESULTS["get_whale_activity"]


if __name__ == "__main__":
    server.run("stdio")
