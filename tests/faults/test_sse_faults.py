"""What a server of the older transport can do wrong: a stream of events, and a place to post to."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from agent.errors import ServerError
from agent.events import ServerOpened
from agent.server_spec import HttpServer
from agent.spec import TimeoutSpec
from agent.tools.servers import CALLS, Server
from tests.faults.http_server import FaultyHttp, Step
from tests.faults.kit import Waits, double, failure_of, told, wipe, words
from tests.faults.steps import end_stream, hang_up, place, redirect, refuse, silent
from tests.tools.raw import PATIENCE, opened

CALL = "tools/call"


def server(web: FaultyHttp, **more: Any) -> Server:
    return Server("bad", HttpServer(url=web.sse_url, type="sse"), **{"timeouts": PATIENCE, "sleep": Waits(), **more})


async def test_server_of_the_older_transport_works(web: FaultyHttp) -> None:
    async with opened([older := server(web)]) as [outcome]:
        assert isinstance(outcome, ServerOpened) and (outcome.transport, outcome.protocol) == ("sse", "2025-06-18")
        assert [await double(older, n) for n in (1, 2)] == [2, 4]


@pytest.mark.parametrize(
    ("step", "says"),
    [
        (refuse(401), "HTTP 401 Unauthorized"),
        (refuse(404), "HTTP 404 Not Found"),
        (refuse(503), "HTTP 503 Service Unavailable"),
        (refuse(429, retry_after="9"), "HTTP 429 Too Many Requests"),
        (redirect(302, "http://elsewhere.invalid/sse"), "elsewhere.invalid"),
        (hang_up, "the connection failed"),
        (place(""), "its event stream named no place to post messages to"),
        (place("http://elsewhere.invalid/messages"), "another server: elsewhere.invalid"),
        (silent, "it did not answer within 0.4 s"),
    ],
    ids=["401", "404", "503", "429", "redirect", "reset", "no-place", "foreign-place", "silent"],
)
async def test_stream_that_does_not_open_is_told_with_its_cause(step: Step, says: str, web: FaultyHttp) -> None:
    web.always("GET", step)
    error = await failure_of(server(web, timeouts=TimeoutSpec(start=0.4)))
    assert says in error.message and f"  url:     {web.sse_url}" in error.message


async def test_stream_that_wants_a_sign_in_tells_that(web: FaultyHttp) -> None:
    web.always("GET", refuse(401, www_authenticate='Bearer resource_metadata="https://desk.invalid/meta"'))
    error = await failure_of(server(web))
    assert "OAuth" in error.message and "headers" in str(error.hint)


async def test_list_that_never_comes_ends_at_its_time_out(web: FaultyHttp) -> None:
    web.always("tools/list", refuse(202))
    error = await failure_of(server(web, timeouts=TimeoutSpec(start=30, list=0.3)))
    assert error.message.startswith("server 'bad': it did not list its tools within 0.3 s")


async def test_stream_that_ends_in_a_call_is_opened_again_for_a_read_only_tool(web: FaultyHttp) -> None:
    web.script(CALL, end_stream)
    async with opened([older := server(web)]):
        reply = await older.call("double", {"n": 21}, repeatable=True)
        assert reply.result["structuredContent"] == {"doubled": 42}
        assert reply.notes == ["server 'bad' was lost and opened again"]
    assert web.heard.count("initialize") == 2


async def test_stream_that_ends_in_a_call_that_may_have_changed_something_is_left_to_the_model(
    web: FaultyHttp,
) -> None:
    web.script(CALL, end_stream)
    async with opened([older := server(web)]):
        assert "not known" in told(await wipe(older))
        assert web.heard.count(CALL) == 1
        assert words(await wipe(older, 7)) == '{"wipe": 7}'


async def test_stream_that_ends_in_every_call_is_given_up(web: FaultyHttp) -> None:
    web.always(CALL, end_stream)
    async with opened([older := server(web)]):
        with pytest.raises(ServerError, match="server 'bad': it was lost in a call of double"):
            await double(older)
    assert web.heard.count(CALL) == CALLS


@pytest.mark.parametrize("read_only", [True, False])
async def test_server_that_was_restarted_between_two_calls_is_met_again(read_only: bool, web: FaultyHttp) -> None:
    async with opened([older := server(web)]):
        assert await double(older, 1) == 2
        web.restart()
        async with asyncio.timeout(10):
            while older.alive:
                await asyncio.sleep(0)
        reply = await double(older, 2) if read_only else words(await wipe(older))
        assert reply == (4 if read_only else '{"wipe": 2}')
    assert web.calls == ["double", "double" if read_only else "wipe"]


@pytest.mark.parametrize("read_only", [True, False])
async def test_stream_that_the_server_forgot_is_opened_again_and_the_call_is_made(
    read_only: bool, web: FaultyHttp
) -> None:
    """As after a restart of which the client has not heard."""
    web.script(CALL, refuse(404, "Could not find session"))
    async with opened([older := server(web)]):
        reply = await double(older, 2) if read_only else words(await wipe(older))
        assert reply == (4 if read_only else '{"wipe": 2}')
    assert web.heard.count("initialize") == 2 and len(web.calls) == 1


async def test_message_that_is_refused_is_the_answer_of_its_call_alone(web: FaultyHttp) -> None:
    async with opened([older := server(web)]):
        for step, says in ((refuse(403), "HTTP 403 Forbidden"), (refuse(429, retry_after="99"), "in 99 s")):
            web.script(CALL, step)
            assert says in told(await older.call("double", {"n": 1}, repeatable=True))
        web.script(CALL, refuse(500), hang_up)
        assert await double(older) == 4
    assert web.heard.count("initialize") == 1


async def test_call_that_is_taken_and_never_answered_ends_at_its_time_out(web: FaultyHttp) -> None:
    web.script(CALL, refuse(202))
    async with opened([older := server(web, timeouts=TimeoutSpec(call=1))]):
        assert "did not answer within 1 s" in told(await older.call("double", {"n": 1}, repeatable=True))
        assert await double(older) == 4


async def test_stream_that_is_silent_for_longer_than_a_call_may_take_stays_open(web: FaultyHttp) -> None:
    """Silence between calls is no fault."""
    web.script("notifications/cancelled", refuse(202))
    web.script(CALL, refuse(202), refuse(202))
    async with opened([older := server(web, timeouts=TimeoutSpec(call=0.7))]):
        for _ in range(2):
            assert (await older.call("double", {"n": 1}, repeatable=True)).result["isError"]
        assert await double(older) == 4
    assert web.heard.count("GET") == 1
