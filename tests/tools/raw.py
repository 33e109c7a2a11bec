"""Servers for the tests: raw_server.py as a subprocess, with short time-outs."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from agent.server_spec import StdioServer
from agent.spec import AgentSpec, TimeoutSpec
from agent.tools.pool import ServerPool
from agent.tools.ports import Outcome
from agent.tools.servers import Server

PROGRAM = Path(__file__).parent.parent / "fixtures" / "raw_server.py"
PATIENCE = TimeoutSpec(start=30, list=30, call=30)


def stdio(behaviour: str = "well", **more: Any) -> StdioServer:
    return StdioServer(command=sys.executable, args=[str(PROGRAM), behaviour], **more)


def server(behaviour: str = "well", name: str = "raw", **more: Any) -> Server:
    return Server(name, stdio(behaviour), **{"timeouts": PATIENCE, **more})


@asynccontextmanager
async def opened(servers: list[Server]) -> AsyncIterator[list[Outcome]]:
    async with ServerPool() as pool, pool.opened(servers) as found:
        yield [outcome for _, outcome in found]


def spec(**keys: Any) -> AgentSpec:
    return AgentSpec(agent_name="A", description="B.", response_format={"type": "object"}, **keys)


def alive(marker: str) -> list[str]:
    """Command lines of running processes that contain `marker` and are younger than this one."""
    return [
        line for process in Path("/proc").iterdir() if process.name.isdigit() and marker in (line := _command(process))
    ]


def _command(process: Path) -> str:
    """Empty for what has ended, and for what ran before these tests."""
    try:
        line = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        state, born = _state_and_birth(process)
    except OSError:
        return ""
    return line if state != "Z" and born > _state_and_birth(Path(f"/proc/{os.getpid()}"))[1] else ""


def _state_and_birth(process: Path) -> tuple[str, int]:
    fields = (process / "stat").read_text().rpartition(")")[2].split()
    return fields[0], int(fields[19])
