"""One client of one server, entered, held and left by a task of its own; used once.

Whatever ends the client ends that task alone: who calls gets one `CallFault` that says what is known.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

import httpx2
import mcp.server
import mcp_types
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.server.mcpserver import MCPServer
from mcp_types import Implementation, ToolListChangedNotification
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from agent import __version__
from agent.server_spec import HttpServer, StdioServer
from agent.spec import TimeoutSpec
from agent.tools.faults import CallFault, fault_of
from agent.tools.guarded_http import GuardedClient, Refusal
from agent.tools.listed import READ_RESOURCE
from agent.tools.process import StdioProcess
from agent.tools.questions import Questions
from agent.tools.sieve import Sieve, SiftedStream
from agent.tools.sse import sse_streams
from agent.tools.stdio import stdio_streams

InMemoryServer: TypeAlias = mcp.server.Server[Any] | MCPServer[Any]
ServerSpec: TypeAlias = StdioServer | HttpServer | InMemoryServer
T = TypeVar("T")

CLIENT = Implementation(name="sector-advisor", version=__version__)
PAGES = 100
"""Most pages of one tool list; a server may repeat a cursor for ever."""
CONNECT_SECONDS = 10.0

for _name in ("mcp", "client", "httpx2", "httpcore2"):
    logging.getLogger(_name).addHandler(logging.NullHandler())
    logging.getLogger(_name).propagate = False


@dataclass
class Connection:
    """`open` it, use `list` and `call`, `close` it. `mode`: auto, legacy or a version of the protocol."""

    name: str
    spec: ServerSpec
    mode: str
    timeouts: TimeoutSpec
    questions: Questions
    sieve: Sieve = field(default_factory=Sieve)
    process: StdioProcess | None = None
    http: GuardedClient | None = None
    client: Client | None = None
    step: str = "start"
    """What it is at while it opens, named as its time-out is."""
    changed: bool = False
    """Whether the server has said that its list is another than it was."""

    def __post_init__(self) -> None:
        self._leave = asyncio.Event()
        self._owner: asyncio.Task[None] | None = None
        self._ready: asyncio.Future[list[mcp_types.Tool]] | None = None
        self._clocks: dict[asyncio.Timeout, float] = {}
        """Of the calls under way, with their seconds."""
        self._asked = 0
        self.questions.paused = self._pause

    @property
    def alive(self) -> bool:
        ended = self.process is not None and self.process.exit_status is not None
        return not (ended or self.sieve.ended) and self._owner is not None and not self._owner.done()

    @property
    def refusal(self) -> Refusal | None:
        """What HTTP said last, if that was no."""
        return self.http.refusal if self.http else None

    async def open(self) -> list[mcp_types.Tool]:
        """Connect and list the tools. Raises what went wrong, as it came; TimeoutError at the time-out of `step`."""
        self._ready = asyncio.get_running_loop().create_future()
        self._owner = asyncio.create_task(self._own(self._ready), name=f"server {self.name}")
        first: list[asyncio.Future[Any]] = [self._ready, self._owner]
        try:
            await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not self._ready.done():
                self._ready.cancel()
        if self._ready.cancelled():
            raise EOFError("it ended while it was being opened")
        return self._ready.result()

    async def close(self) -> None:
        """Leave the client, or end the attempt to open it."""
        self._leave.set()
        if self._owner:
            if self.client is None:
                self._owner.cancel()
            await asyncio.wait([self._owner])

    def kill(self) -> None:
        if self.process:
            self.process.kill()

    async def _own(self, ready: asyncio.Future[list[mcp_types.Tool]]) -> None:
        """The only task that enters and leaves the client."""
        try:
            async with asyncio.timeout(self.timeouts.start) as clock, self._connected() as client:
                self.step = "list"
                clock.reschedule(asyncio.get_running_loop().time() + self.timeouts.list)
                listener = self._listening(client)
                tools = await _all_tools(client)
                clock.reschedule(None)
                self.client = client
                if not ready.done():
                    ready.set_result(tools)
                await self._leave.wait()
                if listener:
                    listener.cancel()
        except Exception as error:
            if not ready.done():
                ready.set_exception(error)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Client]:
        async with AsyncExitStack() as stack:
            told: dict[str, Any] = {
                "client_info": CLIENT,
                "mode": self.mode,
                "elicitation_callback": self.questions.elicit,
                "sampling_callback": self.questions.sample if self.questions.lends else None,
                "list_roots_callback": self.questions.roots if self.questions.policy.roots else None,
                "message_handler": self._heard,
            }
            if isinstance(self.spec, StdioServer | HttpServer):
                transport = await self._transport(self.spec, stack)
                yield await stack.enter_async_context(Client(_sifted(transport, self.sieve), **told))
            else:
                yield await stack.enter_async_context(Client(self.spec, **told))

    async def _transport(
        self, spec: StdioServer | HttpServer, stack: AsyncExitStack
    ) -> AbstractAsyncContextManager[tuple[Any, Any]]:
        if isinstance(spec, StdioServer):
            self.process = self.process or StdioProcess(spec)
            return stdio_streams(self.process)
        limits = httpx2.Timeout(None, connect=CONNECT_SECONDS)  # the rest is timed here, step by step
        self.http = GuardedClient(headers=spec.headers, timeout=limits)
        self.http.posts_to_a_stream = spec.is_sse
        await stack.enter_async_context(self.http)
        if spec.is_sse:
            return sse_streams(spec.url, self.http)
        return streamable_http_client(spec.url, http_client=self.http, max_sse_event_size=None)

    def _listening(self, client: Client) -> asyncio.Task[None] | None:
        """Hear of changed lists, where the protocol has it asked for."""
        tools = client.server_capabilities.tools
        if client.protocol_version not in MODERN_PROTOCOL_VERSIONS or not (tools and tools.list_changed):
            return None

        async def hear() -> None:
            with suppress(Exception):  # a subscription that fails leaves a list as it was first told
                async with client.listen(tools_list_changed=True) as changes:
                    async for _ in changes:
                        self.changed = True

        return asyncio.create_task(hear(), name=f"changes of {self.name}")

    async def _heard(self, message: Any) -> None:
        self.changed = self.changed or isinstance(message, ToolListChangedNotification)

    async def list(self) -> list[mcp_types.Tool]:
        """Again, after a change. Raises CallFault."""
        assert self.client
        self.changed = False
        self.sieve.set_aside = []
        try:
            return await self._within(self.timeouts.list, _all_tools(self.client))
        except CallFault:
            self.changed = True
            raise

    async def call(self, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """The server's result as JSON; a resource in the form of one. Raises CallFault."""
        assert self.client
        if tool == READ_RESOURCE:
            return await self._read(self.client, str(arguments["uri"]))
        result = await self._within(self.timeouts.call, self.client.call_tool(tool, arguments))
        return result.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"result_type", "meta"})

    async def _read(self, client: Client, uri: str) -> dict[str, Any]:
        found = await self._within(self.timeouts.call, client.read_resource(uri))
        contents = [each.model_dump(mode="json", by_alias=True, exclude_none=True) for each in found.contents]
        return {"content": [{"type": "resource", "resource": each} for each in contents]}

    async def _within(self, seconds: float, work: Awaitable[T]) -> T:
        """Raises CallFault."""
        clock = asyncio.timeout(seconds)
        self._clocks[clock] = seconds
        try:
            async with clock:
                return await work
        except TimeoutError:
            raise CallFault(f"no answer within {seconds:g} s", timed_out=seconds) from None
        except Exception as error:
            raise fault_of(error, closed=not self.alive) from None
        finally:
            del self._clocks[clock]

    def _pause(self, waits: bool) -> None:
        """Time in which a person is asked, by one call or several, does not count for any of them."""
        self._asked += 1 if waits else -1
        if self._asked != waits:
            return  # somebody was asked before, or still is
        now = asyncio.get_running_loop().time()
        for clock, seconds in self._clocks.items():
            if not clock.expired():
                clock.reschedule(None if waits else now + seconds)


async def _all_tools(client: Client) -> list[mcp_types.Tool]:
    tools: list[mcp_types.Tool] = []
    cursor: str | None = None
    seen: set[str] = set()
    for _ in range(PAGES):
        page = await client.list_tools(cursor=cursor, cache_mode="refresh")
        tools += page.tools
        cursor = page.next_cursor
        if cursor is None or cursor in seen:
            break
        seen.add(cursor)
    return tools


@asynccontextmanager
async def _sifted(
    transport: AbstractAsyncContextManager[tuple[Any, Any]], sieve: Sieve
) -> AsyncIterator[tuple[Any, Any]]:
    async with transport as (read, write):
        yield SiftedStream(read, sieve), write
