"""The MCP server over agent files, on standard input and output or on local HTTP."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from agent import __version__
from agent.errors import DEBUG, AdvisorError, UsageError, defect
from agent.result import ADVICE
from agent.serving import outcome, pages
from agent.serving.desk import Desk
from agent.serving.offered import Offered

if TYPE_CHECKING:
    from mcp import types
    from mcp.server.context import ServerRequestContext
    from mcp.server.lowlevel import Server

    Context = ServerRequestContext[Any, Any]

HOST = "127.0.0.1"
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
Tell = Callable[[str], None]


def build(tools: Mapping[str, Offered], desk: Desk, tell: Tell) -> Server[Any]:
    """Not yet connected to anything. `tell`: what is said of each run, to whoever started the server."""
    from mcp import MCPError, types
    from mcp.server.apps import EXTENSION_ID, client_supports_apps
    from mcp.server.lowlevel import Server

    agents = {tool.file.spec.agent_name for tool in tools.values()}

    async def list_tools(context: Context, params: object) -> types.ListToolsResult:
        apps = client_supports_apps(context)
        return types.ListToolsResult(tools=[_declared(tool, apps) for tool in tools.values()])

    async def call_tool(context: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
        if params.name not in tools:
            raise MCPError(types.INVALID_PARAMS, f"Unknown tool {params.name[:200]!r}. There are: {', '.join(tools)}.")
        return await _called(tools[params.name], params.arguments or {}, context, desk, tell)

    async def list_resources(context: Context, params: object) -> types.ListResourcesResult:
        return types.ListResourcesResult(resources=[pages.app_resource()] * client_supports_apps(context))

    async def list_templates(context: Context, params: object) -> types.ListResourceTemplatesResult:
        return types.ListResourceTemplatesResult(resource_templates=[pages.template()])

    async def read_resource(context: Context, params: types.ReadResourceRequestParams) -> types.ReadResourceResult:
        try:
            contents = await asyncio.to_thread(pages.read, params.uri, agents)
        except UsageError as error:
            raise MCPError(types.INVALID_PARAMS, f"{error.message}; {error.hint}", {"uri": params.uri}) from None
        return types.ReadResourceResult(contents=[contents])

    server: Server[Any] = Server(
        "sector-advisor",
        version=__version__,
        title="Sector Advisor",
        instructions=ADVICE,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_resources=list_resources,
        on_list_resource_templates=list_templates,
        on_read_resource=read_resource,
    )
    server.extensions[EXTENSION_ID] = {}
    return server


def _declared(tool: Offered, apps: bool) -> types.Tool:
    from mcp import types

    return types.Tool(
        name=tool.name,
        title=tool.file.spec.agent_name,
        description=tool.description,
        input_schema=tool.input_schema,
        output_schema=tool.output_schema,
        annotations=types.ToolAnnotations(read_only_hint=True, open_world_hint=True),
        _meta={"ui": {"resourceUri": pages.APP}} if apps else None,
    )


async def _called(
    tool: Offered, arguments: dict[str, Any], context: Context, desk: Desk, tell: Tell
) -> types.CallToolResult:
    from mcp.server.apps import client_supports_apps

    async def report(count: int, line: str) -> None:
        await context.session.report_progress(count, message=line)

    as_of = day if isinstance(day := arguments.get("as_of"), str) else None
    try:
        question, as_of = tool.checked(arguments)
        result = await desk.ask(tool.file, question, as_of, report)
    except asyncio.CancelledError:
        tell(f"{tool.name}: the call was cancelled")
        raise
    except Exception as error:
        if os.environ.get(DEBUG):
            raise
        known = error if isinstance(error, AdvisorError) else defect(error)
        tell(f"{tool.name}: {known.code}: {known.message}")
        return outcome.of_error(known, as_of)
    tell(f"{tool.name}: run {result.run_id}: {result.status}")
    return outcome.of_result(result, apps=client_supports_apps(context))


def serve(
    tools: Mapping[str, Offered], desk: Desk, tell: Tell, http_port: int | None = None, *, end: Callable[[], None]
) -> None:
    """Serve until end of input or a stop signal: on stdio, or on http://127.0.0.1:PORT/mcp; runs underway are sealed.

    Port 0 picks a free port; the address is told once connections are accepted. `end`: what is still to be done where
    the process ends without a return. Raises OSError: the port is taken.
    """
    if not os.environ.get(DEBUG):
        logging.disable(logging.ERROR)  # the SDK logs tracebacks, of clients that leave too
    server = build(tools, desk, tell)
    asyncio.run(_over_stdio(server, desk, end) if http_port is None else _over_http(server, desk, tell, http_port))


async def _over_stdio(server: Server[Any], desk: Desk, end: Callable[[], None]) -> None:
    from mcp.server.stdio import stdio_server

    leaving: list[asyncio.Task[None]] = []
    loop = asyncio.get_running_loop()
    for number in _STOP_SIGNALS:
        loop.add_signal_handler(number, lambda: leaving.append(loop.create_task(_leave(desk, end))))
    try:
        async with stdio_server() as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())
    except* BrokenPipeError:
        pass  # The client left without waiting for an answer.


async def _leave(desk: Desk, end: Callable[[], None]) -> None:
    """The thread that reads standard input cannot be interrupted: the process ends once nothing is underway."""
    await desk.close()
    try:
        end()
    finally:
        os._exit(0)


async def _over_http(server: Server[Any], desk: Desk, tell: Tell, port: int) -> None:
    import uvicorn

    application = server.streamable_http_app()
    web = uvicorn.Server(
        uvicorn.Config(application, log_config=None, access_log=False, ws="none", timeout_graceful_shutdown=1)
    )

    def stop(number: int, frame: object) -> None:
        web.should_exit = True

    with socket.create_server((HOST, port)) as listener:
        # uvicorn has handlers of its own while it runs, and hands each signal on to ours when it is done.
        for number in _STOP_SIGNALS:
            signal.signal(number, stop)
        tell(f"serving on http://{HOST}:{listener.getsockname()[1]}/mcp")
        await web.serve(sockets=[listener])
    await desk.close()
