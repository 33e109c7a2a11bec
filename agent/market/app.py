"""The heatmap as an MCP App: one HTML file that a chat client shows beside a result, and draws from it.

Follows the extension `io.modelcontextprotocol/ui`, version 2026-01-26. A client that does not announce it sees tools
and results without any of this.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mcp import types

URI = "ui://market/heatmap.html"
DRAWN = ("get_sector_heatmap", "get_relative_rotation")
"""The tools whose tables it draws."""
_NO_DOMAINS = ("connectDomains", "resourceDomains", "frameDomains", "baseUriDomains")
_BRIDGE = '<script src="app_bridge.js"></script>'


def link(tool: str) -> dict[str, Any]:
    """What the declaration of a tool says of it, for a client that can show it."""
    return {"ui": {"resourceUri": URI}} if tool in DRAWN else {}


def resource() -> types.Resource:
    from mcp import types
    from mcp.server.apps import APP_MIME_TYPE

    about = "A table of sectors, coloured column by column, that can be sorted."
    return types.Resource(name="heatmap", title="Sector heatmap", uri=URI, description=about, mime_type=APP_MIME_TYPE)


def contents() -> types.TextResourceContents:
    return served(URI, page("agent.market", "heatmap_app.html"), border=True)


def served(uri: str, html: str, *, border: bool) -> types.TextResourceContents:
    """An App of ours at its address. It needs no domain of the outside, and says so; `border`: whether it wants one."""
    from mcp import types
    from mcp.server.apps import APP_MIME_TYPE

    meta = {"ui": {"csp": {kind: [] for kind in _NO_DOMAINS}, "prefersBorder": border}}
    return types.TextResourceContents(uri=uri, text=html, mime_type=APP_MIME_TYPE, _meta=meta)


@cache
def page(package: str, name: str) -> str:
    """The file of an App, with the script in it by which each of them talks to its host."""
    bridge = files("agent.market").joinpath("app_bridge.js").read_text("utf-8")
    return files(package).joinpath(name).read_text("utf-8").replace(_BRIDGE, f"<script>\n{bridge}</script>")
