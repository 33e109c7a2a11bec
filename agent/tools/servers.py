"""One MCP server, held by a task of its own.

The task enters, holds and leaves its client, so that a server that dies ends in one plain error for its callers.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import httpx2
import mcp.server
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client
from mcp.server.mcpserver import MCPServer
from mcp_types import Implementation

from agent import __version__, data
from agent.errors import ServerError, SpecError
from agent.events import JSON, ServerFailed, ServerOpened
from agent.foreign import redact, whole
from agent.spec import HttpServer, StdioServer, TimeoutSpec
from agent.tools.listed import ListedTool
from agent.tools.pace import Pace
from agent.tools.sieve import Sieve, SiftedStream
from agent.tools.stdio import StdioProcess
from agent.tools.toolbox import Reply, error_result

InMemoryServer: TypeAlias = mcp.server.Server[Any] | MCPServer[Any]
ServerSpec: TypeAlias = StdioServer | HttpServer | InMemoryServer

CLIENT = Implementation(name="sector-advisor", version=__version__)
CONNECTION_CLOSED = -32000
PAGES = 100
"""Most pages of one tool list; a server may repeat a cursor for ever."""
STDERR_LINES, STDERR_LENGTH, NOISE_LENGTH, UNREADABLE_LENGTH = 8, 4_000, 200, 300
"""How much an error shows of what a server printed or sent, in lines and characters."""

for _name in ("mcp", "client", "httpx2", "httpcore2"):
    logging.getLogger(_name).addHandler(logging.NullHandler())
    logging.getLogger(_name).propagate = False


@dataclass
class Server:
    """One server: `start` it, use `tools` and `call`, `stop` it."""

    name: str
    spec: ServerSpec
    timeouts: TimeoutSpec
    secrets: list[str] = field(default_factory=list)
    required: bool = True
    tools: list[ListedTool] = field(default_factory=list)
    sieve: Sieve = field(default_factory=Sieve)
    problem: SpecError | None = None
    """Why it cannot even be tried."""
    pace: Pace = field(default_factory=Pace)
    stateful: bool = False
    """Whether it remembers what a run did, and so serves one run only."""
    lost: bool = False
    """Whether it was found dead in a call."""
    instructions: str | None = None
    """Its words about itself, which no model is shown."""

    def __post_init__(self) -> None:
        self._owner: asyncio.Task[None] | None = None
        self._leave = asyncio.Event()
        self._process: StdioProcess | None = None
        self._ready: asyncio.Future[ServerOpened] | None = None
        self._client: Client | None = None
        self._refusal = ""

    @property
    def transport(self) -> str:
        if isinstance(self.spec, StdioServer):
            return "stdio"
        return "http" if isinstance(self.spec, HttpServer) else "memory"

    @property
    def command(self) -> str:
        """What was started or called, without arguments that came from the environment."""
        if isinstance(self.spec, StdioServer):
            return str(self.redact(" ".join([self.spec.command, *self.spec.args])))
        return str(self.redact(self.spec.url)) if isinstance(self.spec, HttpServer) else "in memory"

    @property
    def address(self) -> str:
        """Equal for servers that are started, or called, in the same way."""
        if isinstance(self.spec, StdioServer | HttpServer):
            return self.spec.model_dump_json(include={"command", "args", "env", "cwd", "url", "headers"})
        return f"in memory {id(self.spec)}"

    @property
    def identity(self) -> str:
        """Equal for servers that are used in the same way too."""
        return f"{self.name} {self.required} {self.timeouts.model_dump_json()} {self.pace.calls} {self.address}"

    @property
    def set_aside(self) -> list[dict[str, JSON]]:
        """Entries of its list that are no tools."""
        return self.sieve.set_aside

    @property
    def alive(self) -> bool:
        ended = self._process is not None and self._process.exit_status is not None
        return not (self.lost or ended) and self._owner is not None and not self._owner.done()

    def redact(self, value: JSON) -> JSON:
        """`value` without any secret in its texts."""
        return redact(value, self.secrets)

    async def start(self) -> ServerOpened:
        """Connect and list the tools. Raises ServerError."""
        if self.problem:
            raise self.error(self.problem.message, self.problem.hint)
        self._ready = asyncio.get_running_loop().create_future()
        self._owner = asyncio.create_task(self._own(self._ready), name=f"server {self.name}")
        first: list[asyncio.Future[Any]] = [self._ready, self._owner]
        try:
            await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not self._ready.done():
                self._ready.cancel()
        if self._ready.cancelled():
            raise self.error("it ended while it was being opened")
        return self._ready.result()

    async def stop(self) -> None:
        """Leave the client, or end the attempt to open it."""
        self._leave.set()
        if self._owner:
            if self._client is None:
                self._owner.cancel()
            await asyncio.wait([self._owner])
        if self._process:
            self._process.discard()

    def kill(self) -> None:
        if self._process:
            self._process.kill()

    async def _own(self, ready: asyncio.Future[ServerOpened]) -> None:
        """The only task that enters and leaves the client."""
        step = "start"
        try:
            async with asyncio.timeout(self.timeouts.start) as clock, self._connect() as client:
                step = "list"
                clock.reschedule(asyncio.get_running_loop().time() + self.timeouts.list)
                await self._list(client)
                clock.reschedule(None)
                self._client = client
                ready.set_result(self._opened(client))
                await self._leave.wait()
        except TimeoutError:
            limit = getattr(self.timeouts, step)
            did = "did not answer" if step == "start" else "did not list its tools"
            self._failed(ready, self.error(f"it {did} within {limit:g} s", hint=f"raise timeouts.{step}"))
        except Exception as error:
            self._failed(ready, self.error(reason(error) + self._refusal))

    def _failed(self, ready: asyncio.Future[ServerOpened], error: ServerError) -> None:
        if not ready.done():
            ready.set_exception(error)

    @asynccontextmanager
    async def _connect(self) -> AsyncIterator[Client]:
        spec = self.spec
        if isinstance(spec, StdioServer):
            if spec.cwd and not Path(spec.cwd).is_dir():
                raise NotADirectoryError(f"there is no folder {spec.cwd!r}")
            self._process = StdioProcess(_command(spec), spec.env, spec.cwd)
            async with Client(_sifted(self._process.open(), self.sieve), client_info=CLIENT) as client:
                yield client
        elif isinstance(spec, HttpServer):
            limits = httpx2.Timeout(self.timeouts.call, connect=10)
            hooks = {"response": [self._note_refusal]}
            async with httpx2.AsyncClient(headers=spec.headers, timeout=limits, event_hooks=hooks) as http:
                streams = streamable_http_client(spec.url, http_client=http, max_sse_event_size=None)
                async with Client(_sifted(streams, self.sieve), client_info=CLIENT) as client:
                    yield client
        else:
            async with Client(spec) as client:
                yield client

    async def _note_refusal(self, response: httpx2.Response) -> None:
        """The SDK's errors do not tell the HTTP status; ours do."""
        self._refusal = f" (HTTP {response.status_code} {response.reason_phrase})" if response.is_error else ""

    async def _list(self, client: Client) -> None:
        cursor: str | None = None
        seen: set[str] = set()
        for _ in range(PAGES):
            page = await client.list_tools(cursor=cursor)
            self.tools += [ListedTool.of(tool, self.name, self.redact) for tool in page.tools]
            self.sieve.set_aside = self.redact(self.sieve.set_aside)
            cursor = page.next_cursor
            if cursor is None or cursor in seen:
                return
            seen.add(cursor)

    def _opened(self, client: Client) -> ServerOpened:
        info = client.server_info
        self.instructions = str(self.redact(whole(client.instructions))) if client.instructions else None
        return ServerOpened(
            server=self.name,
            transport=self.transport,
            protocol=client.protocol_version,
            server_name=self.redact(info.name) if info else None,
            server_version=self.redact(info.version) if info else None,
        )

    async def call(self, tool: str, arguments: dict[str, Any]) -> Reply:
        """The server's result; whatever else it answers is an error result. Raises ServerError when it died."""
        assert self._client
        try:
            async with asyncio.timeout(self.timeouts.call):
                result = await self._client.call_tool(tool, arguments)
            sent = result.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"result_type", "meta"})
            return Reply(self.redact(whole(sent)))
        except TimeoutError:
            return Reply(error_result(data.words("no_answer", tool=tool, seconds=f"{self.timeouts.call:g}")))
        except MCPError as error:
            if self._is_loss(error):
                self.lost = True
                raise self.error(f"it was lost in a call of {tool}") from None
            return Reply(error_result(str(self.redact(error.message)) + self._refusal))
        except Exception as error:
            why = " ".join(str(self.redact(str(error))).split())[:UNREADABLE_LENGTH]
            return Reply(error_result(data.words("unreadable", tool=tool, reason=f"{type(error).__name__}: {why}")))

    def _is_loss(self, error: MCPError) -> bool:
        """A living server may use the same code for errors of its own."""
        closed = error.code == CONNECTION_CLOSED and error.message == "Connection closed"
        return closed or (self._owner is not None and self._owner.done())

    def error(self, why: str, hint: str | None = None) -> ServerError:
        """What is known of a failure: reason, command, exit status, the last lines of stderr."""
        process = self._process
        if process and process.noise:
            why += f"; its stdout held {str(self.redact(process.noise))[:NOISE_LENGTH]!r}, which is no MCP message"
        stderr = str(self.redact(process.stderr_text())) if process else ""
        failed = ServerFailed(
            server=self.name,
            command=self.command,
            exit=process.exit_status if process else None,
            stderr="\n".join(stderr.strip().splitlines()[-STDERR_LINES:])[-STDERR_LENGTH:],
            reason=str(self.redact(why)),
            required=self.required,
        )
        optional = ', or mark it "required": false' if self.required else ""
        return ServerError(failed, hint=(hint or self._advice()) + optional)

    def _advice(self) -> str:
        if isinstance(self.spec, StdioServer):
            return "run the command by hand to see why"
        if self._refusal.startswith((" (HTTP 401", " (HTTP 403")):
            return "the server wants credentials: set its headers"
        return "check the URL, and whether the server runs"


@asynccontextmanager
async def _sifted(
    transport: AbstractAsyncContextManager[tuple[Any, Any]], sieve: Sieve
) -> AsyncIterator[tuple[Any, Any]]:
    async with transport as (read, write):
        yield SiftedStream(read, sieve), write


def _command(spec: StdioServer) -> list[str]:
    """`advisor` is this very installation, whatever lies on PATH or in the current folder."""
    program = [sys.executable, "-P", "-m", "agent"] if spec.command == "advisor" else [spec.command]
    return [*program, *spec.args]


def reason(error: BaseException) -> str:
    """One sentence for what lies inside nested exception groups."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, FileNotFoundError):
        return f"there is no command {error.filename!r}"
    if isinstance(error, MCPError) and error.code == CONNECTION_CLOSED:
        return "it ended before it was ready"
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
