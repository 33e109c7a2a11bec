from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from mcp.client.stdio import get_default_environment

from agent import agentfile
from agent.agentfile import AgentFile
from agent.errors import ServerError
from agent.source import Source
from agent.tools.pool import ServerPool
from agent.tools.process import begun, inherited
from tests.scripted import agent_file
from tests.tools.raw import stdio


def file_with(**servers: Any) -> AgentFile:
    return agentfile.parse(Source("a mapping", agent_file(mcpServers=servers)))


def raw() -> dict[str, Any]:
    return stdio().model_dump(include={"command", "args"})


def runs(pid: int) -> bool:
    """Whether a process is there and no mere entry of a dead one."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def pid_of(process: Any) -> int:
    assert process._process
    return int(process._process.pid)


def test_server_inherits_what_the_sdk_would_give_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-secret")
    monkeypatch.setenv("TERM", "() { :; }")
    assert inherited() == get_default_environment()
    assert "PATH" in inherited() and not {"ANTHROPIC_API_KEY", "TERM"} & set(inherited())


async def test_process_that_was_begun_early_is_the_one_its_server_talks_to_and_ends_with_it() -> None:
    file = file_with(market=raw())
    async with begun(file) as processes:
        process = processes["market"]
        early = pid_of(process)
        async with ServerPool() as pool, pool.of(file, begun=processes) as [(server, _)]:
            assert server._connection and server._connection.process is process and not processes
            assert runs(early) and not (await server.call("double", {"n": 2}, repeatable=True)).result.get("isError")
    assert not runs(early)


async def test_process_that_nobody_talked_to_ends_at_once() -> None:
    async with begun(file_with(market=raw(), other=raw())) as processes:
        early = [pid_of(each) for each in processes.values()]
        assert all(map(runs, early))
    assert not any(map(runs, early))


async def test_server_that_fails_leaves_no_process_of_the_others() -> None:
    file = file_with(missing={"command": "no-such-program"}, market=raw())
    async with begun(file) as processes:
        [(name, process)] = processes.items()
        assert name == "market"
        with pytest.raises(ServerError, match="no-such-program"):
            async with ServerPool() as pool, pool.of(file, begun=processes):
                raise AssertionError("a required server is down")
    assert not runs(pid_of(process))


async def test_lost_server_gets_a_process_of_its_own() -> None:
    file = file_with(market=raw())
    async with begun(file) as processes, ServerPool() as pool:
        process = processes["market"]
        async with pool.of(file, begun=processes) as [(server, _)]:
            os.kill(pid_of(process), 9)
            reply = await server.call("double", {"n": 2}, repeatable=True)
            assert not reply.result.get("isError")
            assert server._connection and server._connection.process is not process


async def test_variable_that_is_not_set_and_servers_that_are_no_processes_are_left_to_their_opening() -> None:
    file = file_with(a=raw() | {"env": {"KEY": "${NOT_SET_ANYWHERE}"}}, b={"url": "http://127.0.0.1:1/mcp"})
    async with begun(file) as processes:
        assert processes == {}
