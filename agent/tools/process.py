"""A server's process: begun before anything that takes time, ended with its whole group, its last words kept.

Begun early, since importing the SDKs takes as long as a server needs to boot: nothing here imports them.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from agent import agentfile
from agent.agentfile import AgentFile
from agent.errors import SpecError
from agent.server_spec import StdioServer

INHERITED = (
    (
        "APPDATA", "HOMEDRIVE", "HOMEPATH", "LOCALAPPDATA", "PATH", "PATHEXT", "PROCESSOR_ARCHITECTURE", "SYSTEMDRIVE",
        "SYSTEMROOT", "TEMP", "USERNAME", "USERPROFILE",
    )
    if sys.platform == "win32"
    else ("HOME", "LOGNAME", "PATH", "SHELL", "TERM", "USER")
)  # fmt: skip
"""Variables of the environment that every server gets."""
EXIT_SECONDS = 2.0
"""How long a server may take to end after its input closed, and again after SIGTERM."""
STDERR_KEPT = 1 << 16
"""Bytes from the end of stderr that can be told."""


class StdioProcess:
    """One process; what it said on stderr, and how it ended, stay readable afterwards."""

    def __init__(self, spec: StdioServer) -> None:
        # `advisor` is this very installation, whatever lies on PATH or in the current folder.
        program = [sys.executable, "-P", "-m", "agent"] if spec.command == "advisor" else [spec.command]
        self.command = [*program, *spec.args]
        self._env = inherited() | spec.env
        self._cwd = spec.cwd
        self._process: asyncio.subprocess.Process | None = None
        self.stderr = b""
        self.endless = False
        """Whether it was given up for a line that did not end."""
        self.noise = ""
        """The beginning of the last line on stdout that was no message."""
        self.exit_status: int | None = None
        """How it ended by itself; None while it runs, and when we ended it."""
        self.stopping = False
        self.began = 0.0
        """When it was started, by the clock that never goes back."""

    async def start(self) -> asyncio.subprocess.Process:
        """Unless it runs. Raises OSError when the command cannot be started."""
        if self._process is None:
            if self._cwd and not Path(self._cwd).is_dir():
                raise NotADirectoryError(f"there is no folder {self._cwd!r}")
            self.began = time.monotonic()
            self._process = await asyncio.create_subprocess_exec(
                *self.command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=self._env,
                cwd=self._cwd,
                start_new_session=True,
            )
        return self._process

    def stderr_text(self) -> str:
        """The end of what it wrote to stderr."""
        return self.stderr.decode("utf-8", "replace")

    async def stop(self) -> None:
        """Close its input, wait, then end its whole process group."""
        process = self._process
        if process is None:
            return
        assert process.stdin
        self.stopping = True
        process.stdin.close()
        ended = await has_ended(process, EXIT_SECONDS)
        if not ended:
            self._signal(signal.SIGTERM)
            await has_ended(process, EXIT_SECONDS)
        await self._end(process)

    async def discard(self) -> None:
        """End one that nobody talked to."""
        if self._process:
            await self._end(self._process)

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        self._signal(signal.SIGKILL)
        await has_ended(process, EXIT_SECONDS)
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


@asynccontextmanager
async def begun(file: AgentFile) -> AsyncIterator[dict[str, StdioProcess]]:
    """The processes of an agent file's servers, booting. Those that nobody takes out end here; one that cannot be
    started is left out: opening its server will tell why.
    """
    processes: dict[str, StdioProcess] = {}
    try:
        for name, given in file.spec.servers.items():
            if isinstance(given, StdioServer):
                with suppress(OSError, SpecError):
                    spec, _ = agentfile.expand(given, name, file.source)
                    assert isinstance(spec, StdioServer)
                    process = StdioProcess(spec)
                    await process.start()
                    processes[name] = process
        yield processes
    finally:
        for process in processes.values():
            await process.discard()


def inherited() -> dict[str, str]:
    """What a server gets of this process's environment. A shell's functions are nothing to hand on."""
    found = {name: os.environ[name] for name in INHERITED if name in os.environ}
    return {name: value for name, value in found.items() if not value.startswith("()")}


async def has_ended(process: asyncio.subprocess.Process, seconds: float) -> bool:
    """Whether it ended in time. Not `wait()`, which also waits for descendants that hold its pipes; and no
    `asyncio.timeout`, which in a task that a timeout has cancelled already does not end as one before Python 3.11.3.
    """
    late = time.monotonic() + seconds
    while process.returncode is None and time.monotonic() < late:
        await asyncio.sleep(0.01)
    return process.returncode is not None
