"""The market server: a pack's tools over MCP, on standard input and output or on local HTTP.

The MCP SDK, numpy and the data are imported where they are first needed: importing this module is cheap,
and a client can list the tools before any number has been computed.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import FrameType

    from mcp import types
    from mcp.server.context import ServerRequestContext
    from mcp.server.lowlevel import Server

    from agent.market.pack import Pack
    from agent.market.tools import Tool

    Context = ServerRequestContext[Any, Any]

PACKS: tuple[str, ...] = ("vn-sim", "us-real")

_HOST = "127.0.0.1"
_JSON = "application/json"
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def build(pack: str | Pack, difficulty: str | None = None) -> Server[Any]:
    """The MCP server of a pack, given by name or as such, not yet connected to anything.

    difficulty: of simulated data, how much momentum and flows tell; None: as usual.

    Raises ValueError: no such pack or difficulty. FileNotFoundError: the pack's data are not installed.
    """
    from mcp import types
    from mcp.server.apps import EXTENSION_ID, client_supports_apps
    from mcp.server.lowlevel import Server

    from agent.market import tools
    from agent.market.pack import Refusal

    market = _load(pack, difficulty) if isinstance(pack, str) else pack
    offered = tools.offered(market)

    async def list_tools(context: Context, params: object) -> types.ListToolsResult:
        apps = client_supports_apps(context)
        return types.ListToolsResult(tools=[_declare(tool, market, apps) for tool in offered.values()])

    async def call_tool(context: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
        from agent.market.answers import ANSWERS

        try:
            if params.name not in offered:
                raise tools.unknown("tool", params.name, offered)
            arguments = tools.checked(offered[params.name], market, params.arguments or {})
            answer = ANSWERS[params.name](market, arguments)
        except Refusal as refusal:
            return types.CallToolResult(content=[types.TextContent(text=str(refusal))], is_error=True)
        text = json.dumps(answer, ensure_ascii=False, separators=(",", ":"))
        return types.CallToolResult(content=[types.TextContent(text=text)], structured_content=answer)

    server: Server[Any] = Server(
        f"market-{market.name}",
        version="1",
        title=f"Sector market data, {market.kind}",
        instructions=market.summary,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        **_resources(market),
    )
    server.extensions[EXTENSION_ID] = {}
    return server


def serve(pack: str | Pack, http_port: int | None = None, difficulty: str | None = None) -> None:
    """Serve until end of input or a stop signal: on stdio, or on http://127.0.0.1:PORT/mcp.

    Port 0 picks a free port. The address goes to stderr, in one line, once connections are accepted.
    Belongs into the main thread, as it handles SIGINT and SIGTERM while it runs.

    Raises ValueError: no such pack or difficulty. FileNotFoundError: its data are missing. OSError: the port is taken.
    """
    before = {number: signal.signal(number, _leave) for number in _STOP_SIGNALS}
    muted = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        server = build(pack, difficulty)
        if http_port is None:
            _serve_stdio(server)
        else:
            _serve_http(server, pack if isinstance(pack, str) else pack.name, http_port)
    finally:
        logging.disable(muted)
        for number, handler in before.items():
            signal.signal(number, handler)


def _leave(number: int, frame: FrameType | None) -> None:
    """End now: the thread that reads stdin cannot be interrupted, and there is nothing to save."""
    os._exit(0)


def _serve_stdio(server: Server[Any]) -> None:
    import anyio
    from mcp.server.stdio import stdio_server

    async def run() -> None:
        async with stdio_server() as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())

    try:
        anyio.run(run)
    except* BrokenPipeError:
        pass  # The client left without waiting for an answer.


def _serve_http(server: Server[Any], pack: str, port: int) -> None:
    import uvicorn

    web = uvicorn.Server(
        uvicorn.Config(
            server.streamable_http_app(),
            log_config=None,
            access_log=False,
            ws="none",
            timeout_graceful_shutdown=1,
        )
    )

    def stop(number: int, frame: FrameType | None) -> None:
        web.should_exit = True

    with socket.create_server((_HOST, port)) as listener:
        # uvicorn has handlers of its own while it runs, and hands each signal on to ours when it is done.
        for number in _STOP_SIGNALS:
            signal.signal(number, stop)
        sys.stderr.write(f"serving {pack} on http://{_HOST}:{listener.getsockname()[1]}/mcp\n")
        sys.stderr.flush()
        web.run(sockets=[listener])


def _load(name: str, difficulty: str | None) -> Pack:
    if name == "vn-sim":
        from agent.market import vn_sim

        return vn_sim.pack(difficulty) if difficulty else vn_sim.PACK
    if difficulty:
        raise ValueError(f"the pack {name} is not simulated, so it has no difficulty")
    if name == "us-real":
        from agent.market import us_real

        us_real.require_data()
        return us_real.PACK
    raise ValueError(f"unknown pack {name!r}; the packs are {', '.join(PACKS)}")


def _resources(market: Pack) -> dict[str, Any]:
    """The handlers that list and read what the pack has beside its tools, and the App that draws their tables."""
    from mcp import MCPError, types
    from mcp.server.apps import client_supports_apps

    from agent.market import app

    async def list_resources(context: Context, params: object) -> types.ListResourcesResult:
        about = "What no tool tells, for whoever judges answers."
        kept = [types.Resource(name=uri, uri=uri, description=about, mime_type=_JSON) for uri in market.resources]
        return types.ListResourcesResult(resources=kept + [app.resource()] * client_supports_apps(context))

    async def list_templates(context: Context, params: object) -> types.ListResourceTemplatesResult:
        return types.ListResourceTemplatesResult(resource_templates=[])

    async def read_resource(context: Context, params: types.ReadResourceRequestParams) -> types.ReadResourceResult:
        if params.uri == app.URI:
            return types.ReadResourceResult(contents=[app.contents()])
        if params.uri not in market.resources:
            known = ", ".join([*market.resources, app.URI])
            message = f"Unknown resource {params.uri[:200]!r}. There are: {known}."
            raise MCPError(types.INVALID_PARAMS, message, {"uri": params.uri})
        text = market.resources[params.uri]()
        return types.ReadResourceResult(
            contents=[types.TextResourceContents(uri=params.uri, text=text, mime_type=_JSON)]
        )

    return {
        "on_list_resources": list_resources,
        "on_list_resource_templates": list_templates,
        "on_read_resource": read_resource,
    }


def _declare(tool: Tool, market: Pack, apps: bool) -> types.Tool:
    """`apps`: whether the client can show one."""
    from mcp import types

    from agent.market import app

    return types.Tool(
        name=tool.name,
        title=tool.title,
        description=tool.described(market),
        input_schema=tool.input_schema(market),
        output_schema=tool.output_schema(),
        annotations=types.ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=False),
        _meta={"sector-advisor/kind": market.kind, "sector-advisor/pack": market.name}
        | (app.link(tool.name) if apps else {}),
    )
