"""The messages of a stdio server: what its process prints, line by line, and what it is sent.

The SDK's own stdio transport hides its process and joins large lines in quadratic time.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TypeAlias

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.shared.message import SessionMessage
from mcp_types import JSONRPCMessage, jsonrpc_message_adapter

from agent.tools.process import STDERR_KEPT, StdioProcess, has_ended

Incoming: TypeAlias = SessionMessage | Exception
Streams: TypeAlias = tuple[MemoryObjectReceiveStream[Incoming], MemoryObjectSendStream[SessionMessage]]
"""What the SDK's client reads from and writes to."""
CHUNK = 1 << 18
HANGUP_SECONDS = 0.5
"""How long a server may take to end after it closed its output, so that its exit status can be told."""
NOISE_KEPT = 2_000
"""Bytes of a line that is no message, kept to tell what a server printed."""
LONGEST_LINE = 1 << 28
"""Bytes after which a server that never ends its line is given up."""


@asynccontextmanager
async def stdio_streams(server: StdioProcess) -> AsyncGenerator[Streams, None]:
    """Start the server, unless it runs, and end it in the end. Raises OSError when the command cannot be started."""
    process = await server.start()
    incoming, read = anyio.create_memory_object_stream[Incoming](0)
    write, outgoing = anyio.create_memory_object_stream[SessionMessage](0)
    async with anyio.create_task_group() as tasks:
        heard = anyio.Event()
        tasks.start_soon(_hear, server, process, heard)
        tasks.start_soon(_receive, server, process, incoming, heard)
        tasks.start_soon(_send, process, outgoing, incoming)
        try:
            yield read, write
        finally:
            with anyio.CancelScope(shield=True):
                for stream in (read, write):
                    await stream.aclose()
                await server.stop()
            tasks.cancel_scope.cancel()


async def _receive(
    server: StdioProcess,
    process: asyncio.subprocess.Process,
    incoming: MemoryObjectSendStream[Incoming],
    heard: anyio.Event,
) -> None:
    assert process.stdout
    async with incoming:
        async for line in _lines(server, process.stdout):
            message = _message(line)
            if message is None:
                server.noise = line[:NOISE_KEPT].decode("utf-8", "replace")
                continue
            with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
                await incoming.send(SessionMessage(message))
        await has_ended(process, HANGUP_SECONDS)
        if not server.stopping:
            server.exit_status = process.returncode
        with anyio.move_on_after(HANGUP_SECONDS):
            await heard.wait()


async def _lines(server: StdioProcess, stdout: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """Lines without their ends. A last one without an end is dropped; one beyond all reason ends them."""
    parts: list[bytes] = []
    length = 0
    while chunk := await stdout.read(CHUNK):
        *complete, rest = chunk.split(b"\n")
        for line in complete:
            whole = b"".join([*parts, line])
            parts.clear()
            length = 0
            if whole.strip():
                yield whole
        if rest:
            parts.append(rest)
            length += len(rest)
        if length > LONGEST_LINE:
            server.endless = True
            return


async def _hear(server: StdioProcess, process: asyncio.subprocess.Process, heard: anyio.Event) -> None:
    """Whatever it writes to stderr is read, so that it never waits for a reader, and the end is kept."""
    assert process.stderr
    while chunk := await process.stderr.read(CHUNK):
        server.stderr = (server.stderr + chunk)[-STDERR_KEPT:]
    heard.set()


async def _send(
    process: asyncio.subprocess.Process,
    outgoing: MemoryObjectReceiveStream[SessionMessage],
    incoming: MemoryObjectSendStream[Incoming],
) -> None:
    assert process.stdin
    async with outgoing:
        async for item in outgoing:
            process.stdin.write(item.message.model_dump_json(by_alias=True, exclude_unset=True).encode() + b"\n")
            try:
                await process.stdin.drain()
            except (ConnectionError, RuntimeError):
                await incoming.aclose()
                return


def _message(line: bytes) -> JSONRPCMessage | None:
    """None for a line that is no message; bytes that are no UTF-8 are replaced, and spoil nothing else."""
    for each in (line, line.decode("utf-8", "replace").encode()):
        with suppress(ValueError):
            return jsonrpc_message_adapter.validate_json(each, by_name=False)
    return None
