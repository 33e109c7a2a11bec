"""What a stdio server can do wrong in a call and between calls, and what the next call meets."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable

import pytest

from agent.errors import ServerError
from agent.spec import TimeoutSpec
from agent.tools.servers import BACKOFF, CALLS, Server
from tests.faults.kit import Faulty, Waits, double, told, wipe, words
from tests.tools.raw import opened

Make = Callable[..., Faulty]
AGAIN = "server 'bad' was lost (exited with 3) and opened again"
FIRST_CALL_FAULTS = ["dies-in-first-call", "hangs-up-in-first-call"]


async def loss(server: Server) -> ServerError:
    with pytest.raises(ServerError) as caught:
        await double(server)
    return caught.value


@pytest.mark.parametrize("behaviour", FIRST_CALL_FAULTS)
async def test_call_of_a_read_only_tool_that_its_server_died_in_is_made_again_on_a_new_process(
    behaviour: str, faulty: Make
) -> None:
    async with opened([server := (bad := faulty(behaviour)).server()]):
        assert await double(server, 21) == 42
        assert (bad.calls, len(bad.starts)) == (["double", "double"], 2)


async def test_server_that_was_opened_again_is_told_to_people(faulty: Make) -> None:
    async with opened([server := faulty("dies-in-first-call").server()]):
        reply = await server.call("double", {"n": 1}, repeatable=True)
        assert reply.notes == [AGAIN]
        assert (await server.call("double", {"n": 1}, repeatable=True)).notes == []


@pytest.mark.parametrize("behaviour", FIRST_CALL_FAULTS)
async def test_call_that_may_have_changed_something_is_never_made_again(behaviour: str, faulty: Make) -> None:
    async with opened([server := (bad := faulty(behaviour)).server()]):
        lost = await wipe(server)
        assert "not known" in told(lost) and lost.by_host is False
        assert (bad.calls, len(bad.starts)) == (["wipe"], 1)
        assert words(await wipe(server, 7)) == '{"wipe": 7}'
        assert (bad.calls, len(bad.starts)) == (["wipe", "wipe"], 2)


async def test_server_that_dies_in_every_call_is_given_up_after_so_many(faulty: Make) -> None:
    async with opened([server := (bad := faulty("dies-in-every-call")).server(sleep=(waits := Waits()))]):
        error = await loss(server)
        assert error.message.startswith("server 'bad': it was lost in a call of double\n")
        assert (error.exit_code, error.failure.exit, error.failure.stderr) == (5, 3, "out of memory")
        assert bad.calls == ["double"] * CALLS and len(bad.starts) == CALLS
        assert waits.seconds == [BACKOFF[0]] * (CALLS - 1), "each was opened again at the first attempt"


async def test_server_that_dies_within_a_line_of_its_result_is_lost_like_any_other(faulty: Make) -> None:
    async with opened([server := faulty("dies-within-a-result").server(sleep=Waits())]):
        error = await loss(server)
        assert (error.failure.exit, error.failure.stderr) == (9, "the disk is full")
        assert "which is no MCP message" not in error.message, "half a line is no noise"


async def test_server_that_cannot_be_opened_again_is_tried_with_pauses_and_given_up(
    faulty: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened([server := (bad := faulty("dies-in-first-call")).server(sleep=(waits := Waits()))]):
        bad.behaviour = "exits"
        server.spec = bad.server().spec
        error = await loss(server)
        assert error.message.startswith("server 'bad': it was lost in a call of double\n")
        assert tuple(waits.seconds) == BACKOFF
        assert "DB password missing" in error.failure.stderr


async def test_stateful_server_is_not_opened_again(faulty: Make) -> None:
    async with opened([server := (bad := faulty("dies-in-first-call")).server(stateful=True)]):
        for _ in range(2):
            error = await loss(server)
            assert error.message.startswith("server 'bad': it was lost in a call of double\n")
        assert (bad.calls, len(bad.starts)) == (["double"], 1)


async def test_server_that_ends_after_every_call_is_opened_again_for_each(faulty: Make) -> None:
    async with opened([server := (bad := faulty("exits-after-call")).server()]):
        assert [await double(server, n) for n in (1, 2, 3)] == [2, 4, 6]
        assert len(bad.starts) == 3


async def test_server_that_was_killed_between_two_calls_is_opened_again(faulty: Make) -> None:
    async with opened([server := (well := faulty()).server()]):
        assert await double(server, 1) == 2
        os.kill(well.starts[0], signal.SIGKILL)
        while server.alive:
            await asyncio.sleep(0)
        assert words(await wipe(server)) == '{"wipe": 2}', (
            "nothing was under way, so it is certain that it is made once"
        )
        assert (well.calls, len(well.starts)) == (["double", "wipe"], 2)


async def test_calls_under_way_when_a_server_dies_open_it_again_once(faulty: Make) -> None:
    async with opened([server := (bad := faulty("dies-in-first-call")).server()]):
        assert await asyncio.gather(*(double(server, n) for n in range(8))) == [2 * n for n in range(8)]
        assert len(bad.starts) == 2


async def test_tool_that_is_another_when_its_server_was_opened_again_is_not_called(faulty: Make) -> None:
    async with opened([server := (bad := faulty("other-tools-when-opened-again")).server()]):
        reply = await server.call("double", {"n": 1}, repeatable=True)
        assert "no longer what it was" in told(reply) and reply.by_host
        assert bad.calls == ["double"]
        assert [tool.name for tool in server.tools] == ["double"] and server.revision == 1


@pytest.mark.parametrize("repeatable", [True, False])
async def test_call_without_an_answer_ends_at_its_time_out_and_is_not_made_again(
    repeatable: bool, faulty: Make
) -> None:
    async with opened([server := (bad := faulty("silent-in-call")).server(timeouts=TimeoutSpec(call=0.3))]):
        reply = await server.call("double", {"n": 1}, repeatable=repeatable)
        assert told(reply).strip() == "double did not answer within 0.3 s." and reply.by_host
        assert (bad.calls, len(bad.starts)) == (["double"], 1)


async def test_result_that_is_no_result_is_told_as_that(faulty: Make) -> None:
    async with opened([server := (bad := faulty("no-result")).server()]):
        reply = await server.call("double", {"n": 1}, repeatable=True)
        assert "cannot be read" in told(reply) and "pydantic" not in told(reply)
        assert (bad.calls, len(bad.starts)) == (["double"], 1), "the server lives, and would say the same again"
