"""A stdio MCP server as a subprocess of ours, so that its exit status and stderr can be told.

The SDK's own stdio transport hides its process and joins large lines in quadratic time.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TypeAlias

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.client.stdio import get_default_environment
from mcp.shared.message import SessionMessage
from mcp_types import JSONRPCMessage, jsonrpc_message_adapter

Incoming: TypeAlias = SessionMessage | Exception
Streams: TypeAlias = tuple[MemoryObjectReceiveStream[Incoming], MemoryObjectSendStream[SessionMessage]]
"""What the SDK's client reads from and writes to."""
CHUNK = 1 << 18
EXIT_SECONDS = 2.0
"""How long a server may take to end after its input closed, and again after SIGTERM."""
HANGUP_SECONDS = 0.5
"""How long a server may take to end after it closed its output, so that its exit status can be told."""
STDERR_KEPT = 1 << 16
"""Bytes from the end of stderr that can be told."""
NOISE_KEPT = 2_000
"""Bytes of a line that is no message, kept to tell what a server printed."""
LONGEST_LINE = 1 << 28
"""Bytes after which a server that never ends its line is given up."""


class StdioProcess:
    """One server process: run it with `open`; what it said on stderr, and how it ended, stay readable afterwards."""

    def __init__(self, command: list[str], env: Mapping[str, str], cwd: Path | str | None) -> None:
        self.command = command
        self._env = get_default_environment() | dict(env)
        self._cwd = cwd
        self._process: asyncio.subprocess.Process | None = None
        self._stderr = b""
        self.endless = False
        """Whether it was given up for a line that did not end."""
        self.noise = ""
        """The beginning of the last line on stdout that was no message."""
        self.exit_status: int | None = None
        """How it ended by itself; None while it runs, and when we ended it."""
        self._stopping = False

    def stderr_text(self) -> str:
        """The end of what it wrote to stderr."""
        return self._stderr.decode("utf-8", "replace")

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[Streams, None]:
        """Raises OSError when the command cannot be started."""
        self._process = await asyncio.create_subprocess_exec(
            *self.command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=self._env,
            cwd=self._cwd,
            start_new_session=True,
        )
        incoming, read = anyio.create_memory_object_stream[Incoming](0)
        write, outgoing = anyio.create_memory_object_stream[SessionMessage](0)
        async with anyio.create_task_group() as tasks:
            heard = anyio.Event()
            tasks.start_soon(self._hear, self._process, heard)
            tasks.start_soon(self._receive, self._process, incoming, heard)
            tasks.start_soon(self._send, self._process, outgoing, incoming)
            try:
                yield read, write
            finally:
                with anyio.CancelScope(shield=True):
                    for stream in (read, write):
                        await stream.aclose()
                    await self._stop(self._process)
                tasks.cancel_scope.cancel()

    async def _receive(
        self,
        process: asyncio.subprocess.Process,
        incoming: MemoryObjectSendStream[Incoming],
        heard: anyio.Event,
    ) -> None:
        assert process.stdout
        async with incoming:
            async for line in self._lines(process.stdout):
                message = _message(line)
                if message is None:
                    self.noise = line[:NOISE_KEPT].decode("utf-8", "replace")
                    continue
                with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
                    await incoming.send(SessionMessage(message))
            await _ended(process, HANGUP_SECONDS)
            if not self._stopping:
                self.exit_status = process.returncode
            with anyio.move_on_after(HANGUP_SECONDS):
                await heard.wait()

    async def _lines(self, stdout: asyncio.StreamReader) -> AsyncIterator[bytes]:
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
                self.endless = True
                return

    async def _hear(self, process: asyncio.subprocess.Process, heard: anyio.Event) -> None:
        """Whatever it writes to stderr is read, so that it never waits for a reader, and the end is kept."""
        assert process.stderr
        while chunk := await process.stderr.read(CHUNK):
            self._stderr = (self._stderr + chunk)[-STDERR_KEPT:]
        heard.set()

    async def _send(
        self,
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

    async def _stop(self, process: asyncio.subprocess.Process) -> None:
        """Close its input, wait, then end its whole process group."""
        assert process.stdin
        self._stopping = True
        process.stdin.close()
        ended = await _ended(process, EXIT_SECONDS)
        if not ended:
            self._signal(signal.SIGTERM)
            await _ended(process, EXIT_SECONDS)
        self._signal(signal.SIGKILL)
        await _ended(process, EXIT_SECONDS)
        # A descendant may still hold a pipe; nothing public closes our ends of them.
        process._transport.close()  # type: ignore[attr-defined]

    def kill(self) -> None:
        """End whatever is left of it at once; for when there is no time to wait."""
        if self._process and self._process.returncode is None:
            self._signal(signal.SIGKILL)

    def _signal(self, strength: signal.Signals) -> None:
        """To the whole process group, which outlives its leader."""
        if self._process:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, strength)


def _message(line: bytes) -> JSONRPCMessage | None:
    """None for a line that is no message; bytes that are no UTF-8 are replaced, and spoil nothing else."""
    for each in (line, line.decode("utf-8", "replace").encode()):
        with suppress(ValueError):
            return jsonrpc_message_adapter.validate_json(each, by_name=False)
    return None


async def _ended(process: asyncio.subprocess.Process, seconds: float) -> bool:
    """Whether it ended in time. Not `wait()`, which also waits for descendants that hold its pipes."""
    with anyio.move_on_after(seconds):
        while process.returncode is None:
            await anyio.sleep(0.01)
    return process.returncode is not None
