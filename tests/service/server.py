"""A Messages API over bare sockets: it can do to a connection what networks do, and keeps count of what was asked."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, TypeAlias

SSE = "text/event-stream"
JSON = "application/json"
LEAVING_SECONDS = 20
"""How long a client that is done may take to hang up."""


@dataclass
class Exchange:
    """One request, and what is done about it. `attempt`: the how many-th for this turn of its conversation."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    headers: dict[str, str]
    body: dict[str, Any]
    attempt: int = 0
    closes: bool = False

    @property
    def question(self) -> str:
        return str(self.body["messages"][0]["content"][0]["text"])

    @property
    def turn(self) -> int:
        """Which turn of the conversation is asked for: 1, 2, …"""
        return 1 + [each["role"] for each in self.body["messages"]].count("assistant")

    @property
    def streams(self) -> bool:
        return bool(self.body.get("stream"))

    @property
    def gone(self) -> bool:
        """Whether the client has hung up."""
        return self.reader.at_eof() or self.reader.exception() is not None or self.writer.is_closing()

    async def write(self, content: bytes) -> None:
        self.writer.write(content)
        await self.writer.drain()

    async def begin(self, status: int = 200, kind: str = SSE, **headers: str) -> None:
        """The head. Without a `content_length`, what follows comes in chunks, or until the end where it `closes`."""
        told = {"content-type": kind} | {name.replace("_", "-"): value for name, value in headers.items()}
        if self.closes:
            told["connection"] = "close"
        elif "content-length" not in told:
            told["transfer-encoding"] = "chunked"
        lines = [f"HTTP/1.1 {status} Said", *(f"{name}: {value}" for name, value in told.items())]
        await self.write("\r\n".join([*lines, "", ""]).encode())

    async def chunk(self, content: bytes) -> None:
        await self.write(f"{len(content):x}\r\n".encode() + content + b"\r\n")

    async def end(self) -> None:
        await self.write(b"0\r\n\r\n")

    async def send(self, content: bytes, status: int = 200, kind: str = JSON, **headers: str) -> None:
        """All of it."""
        await self.begin(status, kind, content_length=str(len(content)), **headers)
        await self.write(content)

    def hang_up(self) -> None:
        self.closes = True
        self.writer.close()

    def reset(self) -> None:
        """End the connection without a word of farewell: the client's side learns of it as an error."""
        self.closes = True
        linger = struct.pack("ii", 1, 0)
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.writer.transport.abort()

    async def until_gone(self) -> None:
        """Say nothing for as long as the client listens."""
        self.closes = True
        await self.reader.read()


Step: TypeAlias = Callable[[Exchange], Awaitable[None]]
"""What is done about a request."""


@dataclass
class Service:
    """Does with each request what `plan` says. `requests`: all that came; `connections`: how many were opened."""

    plan: Callable[[Exchange], Step]
    url: str = ""
    requests: list[Exchange] = field(default_factory=list)
    connections: int = 0
    _asked: Counter[tuple[str, int]] = field(default_factory=Counter)
    open: dict[asyncio.Task[None], asyncio.StreamWriter] = field(default_factory=dict)
    _bugs: list[Exception] = field(default_factory=list)

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [each.body for each in self.requests]

    def asked(self, question: str) -> int:
        """How many requests came for a question."""
        return sum(count for (each, _), count in self._asked.items() if each == question)

    async def left(self) -> None:
        """Return when no connection is open any more."""
        async with asyncio.timeout(LEAVING_SECONDS):
            while self.open:
                await asyncio.wait(self.open)
        assert not self._bugs, self._bugs

    async def break_off(self) -> None:
        """Whatever is still under way."""
        for writer in self.open.values():
            writer.transport.abort()
        await asyncio.gather(*self.open)

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, from its beginning to its end."""
        self.connections += 1
        task = asyncio.current_task()
        assert task
        self.open[task] = writer
        task.add_done_callback(self.open.pop)
        try:
            while exchange := await self._heard(reader, writer):
                await self.plan(exchange)(exchange)
                if exchange.closes:
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client hung up
        except Exception as bug:
            self._bugs.append(bug)
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def _heard(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Exchange | None:
        """The next request; None when the client is done."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
        except asyncio.IncompleteReadError as error:
            if error.partial:
                raise
            return None
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:])}
        body = json.loads(await reader.readexactly(int(headers["content-length"])))
        exchange = Exchange(reader, writer, headers, body)
        self.requests.append(exchange)
        self._asked[exchange.question, exchange.turn] += 1
        exchange.attempt = self._asked[exchange.question, exchange.turn]
        return exchange


@asynccontextmanager
async def serving(plan: Callable[[Exchange], Step]) -> AsyncIterator[Service]:
    """For as long as it is needed; then every connection has to be closed, by the client."""
    service = Service(plan)
    server = await asyncio.start_server(service.converse, "127.0.0.1", 0, backlog=256)
    service.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield service
        await service.left()
    finally:
        server.close()
        await service.break_off()
