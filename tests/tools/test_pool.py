from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from agent import agentfile
from agent.errors import ServerError, SpecError
from agent.events import ServerOpened
from agent.follow import follow_up
from agent.place import Place
from agent.run import run
from agent.runs import store
from agent.server_spec import StdioServer
from agent.sitting import Sitting
from agent.source import Source
from agent.spec import TimeoutSpec
from agent.tools import pool as pool_module
from agent.tools.pace import Pace
from agent.tools.pool import ServerPool, servers_of
from agent.tools.process import StdioProcess
from agent.tools.servers import CALLS, Server
from tests.messages_api import call
from tests.scripted import Scripted, agent_file, answer, market, said
from tests.tools.raw import PATIENCE, PROGRAM, alive

COUNTED = f"""\
import os, pathlib, runpy
with open(__file__ + ".starts", "a") as starts:
    starts.write(f"{{os.getpid()}}\\n")
gate = pathlib.Path(__file__ + ".gate")
if gate.exists():
    gate.read_text()
runpy.run_path({str(PROGRAM)!r})
"""


class Program:
    """A server of a test's own: its starts are counted, and with a gate it waits to be let through."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "counted_server.py"
        self.path.write_text(COUNTED, encoding="utf-8")
        self._gate = Path(f"{self.path}.gate")

    def server(self, behaviour: str = "well", name: str = "raw", **more: Any) -> Server:
        spec = StdioServer(command=sys.executable, args=[str(self.path), behaviour])
        return Server(name, spec, **{"timeouts": PATIENCE, **more})

    @property
    def starts(self) -> list[int]:
        """Ids of all processes that were ever started."""
        starts = Path(f"{self.path}.starts")
        return [int(line) for line in starts.read_text().splitlines()] if starts.exists() else []

    @property
    def running(self) -> int:
        return len(alive(str(self.path)))

    def close_gate(self) -> None:
        os.mkfifo(self._gate)

    async def open_gate(self) -> None:
        """Let one process through."""
        await asyncio.to_thread(self._gate.write_text, "go")


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path)


async def double(server: Server, n: int) -> Any:
    return (await server.call("double", {"n": n}, repeatable=True)).result["structuredContent"]["doubled"]


async def opened(stack: AsyncExitStack, pool: ServerPool, *servers: Server) -> list[Server]:
    """Open the servers of one run, all of them well, until the stack ends."""
    found = await stack.enter_async_context(pool.opened(servers))
    assert all(isinstance(outcome, ServerOpened) for _, outcome in found)
    return [server for server, _ in found]


async def failure(pool: ServerPool, server: Server) -> ServerError:
    with pytest.raises(ServerError) as caught:
        async with pool.opened([server]):
            pass
    return caught.value


async def test_runs_at_the_same_time_share_one_process_that_ends_with_the_pool(program: Program) -> None:
    async with ServerPool() as pool:
        async with AsyncExitStack() as stack:
            (one,), (other,) = await asyncio.gather(
                opened(stack, pool, program.server()), opened(stack, pool, program.server())
            )
            assert [*await asyncio.gather(double(one, 1), double(other, 2))] == [2, 4]
            assert [tool.name for tool in other.tools] == ["double"]
            assert len(program.starts) == program.running == 1
        assert program.running == 1
        async with pool.opened([program.server()]) as [(later, outcome)]:
            assert isinstance(outcome, ServerOpened) and await double(later, 3) == 6
        assert len(program.starts) == 1
    assert program.running == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "other"},
        {"required": False},
        {"timeouts": TimeoutSpec(start=31)},
        {"spec": StdioServer(command=sys.executable, env={"KEY": "2"})},
    ],
    ids=["name", "required", "timeouts", "environment"],
)
async def test_servers_that_differ_are_not_shared(changes: dict[str, Any], program: Program) -> None:
    one, other = program.server(), program.server(**{key: changes[key] for key in changes if key != "spec"})
    if "spec" in changes:
        other.spec = changes["spec"].model_copy(update={"args": [str(program.path), "well"]})
    async with ServerPool() as pool, AsyncExitStack() as stack:
        await opened(stack, pool, one)
        await opened(stack, pool, other)
        assert program.running == 2


async def test_objects_of_this_process_are_shared_when_they_are_the_same() -> None:
    same, another = market(), market()
    async with ServerPool() as pool, AsyncExitStack() as stack:
        found = [await opened(stack, pool, Server("m", given, PATIENCE)) for given in (same, same, another)]
        assert found[0][0] is found[1][0] and found[0][0] is not found[2][0]


async def test_server_that_died_in_a_call_is_opened_anew_for_the_next_run(program: Program) -> None:
    async with ServerPool() as pool:
        async with pool.opened([program.server("dies-in-call")]) as [(dying, _)]:
            with pytest.raises(ServerError):
                await double(dying, 1)
        async with pool.opened([program.server("dies-in-call")]) as [(fresh, outcome)]:
            assert isinstance(outcome, ServerOpened) and fresh is not dying
            assert len(program.starts) == CALLS + 1 and program.running == 1
    assert program.running == 0


async def test_stateful_server_is_each_runs_own_and_ends_with_it(program: Program) -> None:
    async with ServerPool() as pool:
        async with pool.opened([program.server(stateful=True)]) as [(one, _)]:
            async with pool.opened([program.server(stateful=True)]) as [(other, _)]:
                assert one is not other and program.running == 2
                assert [*await asyncio.gather(double(one, 1), double(other, 2))] == [2, 4]
            assert program.running == 1 and await double(one, 3) == 6
        assert program.running == 0
        async with pool.opened([program.server(stateful=True)]):
            assert len(program.starts) == 3
    assert program.running == 0


async def test_stateful_server_of_a_run_that_fails_ends_with_it(program: Program) -> None:
    async with ServerPool() as pool:
        with pytest.raises(ValueError, match="boom"):
            async with pool.opened([program.server(stateful=True)]):
                raise ValueError("boom")
        assert program.running == 0


async def test_server_that_failed_is_not_tried_again_at_once_and_each_run_has_an_error_of_its_own(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with ServerPool() as pool:
        first, second = await failure(pool, program.server("exits")), await failure(pool, program.server("exits"))
        assert first.message == second.message and "DB password missing" in first.message
        assert first.hint == second.hint and first is not second
        assert len(program.starts) == 2, "one start, and one more in the old way"
        monkeypatch.setattr(pool_module, "FAILED_SECONDS", 0.0)
        await failure(pool, program.server("exits"))
        assert len(program.starts) == 4


async def test_optional_server_that_failed_is_told_to_every_run(program: Program) -> None:
    async with ServerPool() as pool:
        for _ in range(2):
            servers = [program.server(), program.server("exits", name="bad", required=False)]
            async with pool.opened(servers) as [(good, well), (_, bad)]:
                assert isinstance(well, ServerOpened) and await double(good, 1) == 2
                assert isinstance(bad, ServerError) and bad.failure.server == "bad"
    assert len(program.starts) == 3 and program.running == 0


async def test_run_that_is_cancelled_while_it_opens_leaves_the_opening_to_the_others(program: Program) -> None:
    async def open_and_double(pool: ServerPool) -> Any:
        async with pool.opened([program.server()]) as [(server, _)]:
            return await double(server, 4)

    program.close_gate()
    async with ServerPool() as pool:
        one, other = (asyncio.create_task(open_and_double(pool)) for _ in range(2))
        while not program.starts:
            await asyncio.sleep(0)
        one.cancel()
        with pytest.raises(asyncio.CancelledError):
            await one
        await program.open_gate()
        assert await other == 8
    assert len(program.starts) == 1 and program.running == 0


async def test_nothing_outlives_a_pool_that_is_left_while_servers_open(program: Program) -> None:
    patience = TimeoutSpec(start=86_400)
    shared = program.server(timeouts=patience)
    own = program.server(name="own", stateful=True, timeouts=patience)

    async def open_it() -> None:
        async with ServerPool() as pool, pool.opened([shared, own]):
            raise AssertionError("nobody opened the gate")

    program.close_gate()
    task = asyncio.create_task(open_it())
    while len(program.starts) < 2:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert program.running == 0


@pytest.mark.parametrize("stateful", [False, True])
async def test_runs_share_the_pace_of_a_server_also_where_each_has_its_own(stateful: bool, program: Program) -> None:
    servers = [program.server(stateful=stateful, pace=Pace(5)) for _ in range(2)]
    async with ServerPool() as pool, AsyncExitStack() as stack:
        (one,), (other,) = [await opened(stack, pool, server) for server in servers]
        assert one.pace is other.pace is servers[0].pace


async def test_two_runs_of_one_agent_file_work_on_one_process(program: Program) -> None:
    server = {"command": sys.executable, "args": [str(program.path)]}
    keys = {"mcpServers": {"raw": server}, "tools": [{"tool_name": "double"}]}
    file = agentfile.parse(Source("agent.yaml", agent_file(**keys)))

    async def ask(pool: ServerPool, name: str, n: int) -> Any:
        model = Scripted(said(call("double", {"n": n})), answer())
        place = Place(store.folder(name))
        sitting = Sitting(file, "Which?", None, model, False, True, place, opening=pool.of)
        result = await sitting.run()
        return result.status, result.calls[0].data

    async with ServerPool() as pool:
        assert [*await asyncio.gather(ask(pool, "a", 1), ask(pool, "b", 2))] == [
            ("ok", {"doubled": 2}),
            ("ok", {"doubled": 4}),
        ]
        assert len(program.starts) == program.running == 1
    assert program.running == 0


async def test_servers_stay_open_for_a_question_on_an_answer(program: Program) -> None:
    server = {"command": sys.executable, "args": [str(program.path)]}
    file = agent_file(mcpServers={"raw": server}, tools=[{"tool_name": "double"}])
    async with ServerPool() as pool:
        assert pool.empty
        first = await run(file, "Which?", model=Scripted(said(call("double", {"n": 1})), answer()), pool=pool)
        model = Scripted(said(call("double", {"n": 2})), answer())
        second = await follow_up(first, "And now?", agent=file, model=model, pool=pool)
        assert [call.data for call in second.calls] == [{"doubled": 2}, {"doubled": 4}]
        assert first.servers[0].seconds > second.servers[0].seconds == 0
        assert len(program.starts) == program.running == 1
    assert program.running == 0


async def test_pool_that_was_closed_opens_its_servers_anew(program: Program) -> None:
    async with ServerPool() as pool:
        for _ in range(2):
            async with pool.opened([program.server()]) as [(server, _)]:
                assert await double(server, 3) == 6
            await pool.close()
            assert pool.empty and program.running == 0
        await failure(pool, program.server("exits"))
        await pool.close()
        await failure(pool, program.server("exits"))
    assert len(program.starts) == 6, "two of each that fails: one more in the old way"


async def test_server_whose_opening_was_stopped_is_opened_anew(program: Program) -> None:
    program.close_gate()
    async with ServerPool() as pool:
        opening = asyncio.create_task(pool.opened([program.server()]).__aenter__())
        while not program.starts:
            await asyncio.sleep(0)
        opening.cancel()
        await asyncio.wait([opening])
        await pool.close()
        assert program.running == 0
        program.path.with_name(f"{program.path.name}.gate").unlink()
        async with pool.opened([program.server()]) as [(server, _)]:
            assert await double(server, 3) == 6


async def test_process_that_was_begun_for_a_server_that_is_open_already_ends(program: Program) -> None:
    async with ServerPool() as pool, pool.opened([program.server()]):
        server = program.server()
        assert isinstance(server.spec, StdioServer)
        server.begun = StdioProcess(server.spec)
        await server.begun.start()
        async with pool.opened([server]) as [(other, _)]:
            assert other is not server and await double(other, 1) == 2
        await pool.close()
        assert program.running == 0


def file_with(**server: Any) -> agentfile.AgentFile:
    return agentfile.parse(Source("agent.yaml", agent_file(mcpServers={"raw": {"command": "x", **server}})))


def test_servers_of_a_file_have_its_time_outs_and_pace_and_what_the_environment_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PLACE", "here")
    (server,) = servers_of(
        file_with(args=["${PLACE}"], timeouts={"call": 7}, calls_per_minute=3, stateful=True, required=False)
    )
    assert isinstance(server.spec, StdioServer) and server.spec.args == ["here"]
    assert (server.timeouts.call, server.timeouts.start) == (7, TimeoutSpec().start)
    assert (server.pace.calls, server.stateful, server.required) == (3, True, False)


async def test_variable_that_is_not_set_ends_a_run_or_the_optional_server_that_needs_it() -> None:
    with pytest.raises(SpecError, match="UNSET_HERE is not set"):
        servers_of(file_with(args=["${UNSET_HERE}"]))
    optional = servers_of(file_with(args=["${UNSET_HERE}"], required=False))
    async with ServerPool() as pool, pool.opened(optional) as [(_, outcome)]:
        assert isinstance(outcome, ServerError) and "UNSET_HERE is not set" in outcome.message


async def test_server_that_died_between_two_runs_is_opened_anew(program: Program) -> None:
    async with ServerPool() as pool:
        async with pool.opened([program.server()]) as [(first, _)]:
            os.kill(program.starts[0], signal.SIGKILL)
            async with asyncio.timeout(30):
                while first.alive:
                    await asyncio.sleep(0)
        async with pool.opened([program.server()]) as [(second, _)]:
            assert await double(second, 2) == 4
        assert len(program.starts) == 2


async def test_dead_server_that_was_replaced_keeps_no_file_open_and_its_last_words(program: Program) -> None:
    async with ServerPool() as pool:
        for _ in range(3):
            async with pool.opened([program.server("dies-in-call")]) as [(dead, _)]:
                with pytest.raises(ServerError, match="out of memory"):
                    await dead.call("double", {"n": 1}, repeatable=True)
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(8):
            async with pool.opened([program.server("dies-in-call")]) as [(last, _)]:
                with pytest.raises(ServerError):
                    await last.call("double", {"n": 1}, repeatable=True)
        assert len(os.listdir("/proc/self/fd")) <= before + 2
        assert "out of memory" in dead.error("it is gone").message


async def test_pace_of_a_program_holds_for_all_servers_that_are_it(program: Program) -> None:
    async with ServerPool() as pool:
        servers = [program.server(name=name, pace=Pace(3)) for name in ("one", "two")]
        other = program.server("huge", pace=Pace(3))
        async with pool.opened([*servers, other]) as [(one, _), (two, _), (huge, _)]:
            assert one.pace is two.pace and one.pace is not huge.pace


async def test_server_that_the_pool_let_go_is_not_opened_again_by_a_run_that_still_has_it(program: Program) -> None:
    async with ServerPool() as pool, pool.opened([program.server("dies-in-call")]) as [(old, _)]:
        with pytest.raises(ServerError):
            await double(old, 1)
        async with pool.opened([program.server("dies-in-call")]) as [(fresh, _)]:
            assert fresh is not old
            with pytest.raises(ServerError):
                await double(old, 2)
    assert program.running == 0
