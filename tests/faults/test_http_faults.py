"""What a server over HTTP can do wrong: at its start, in a call, between calls."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

import pytest

from agent.errors import ServerError
from agent.events import ServerOpened
from agent.server_spec import HttpServer
from agent.spec import TimeoutSpec
from agent.tools.servers import CALLS, Server
from tests.faults.http_server import ANY, Exchange, FaultyHttp, Step, well
from tests.faults.kit import Waits, ask, calling, double, failure_of, told, wipe, words
from tests.faults.steps import (
    content,
    cut_within,
    drip,
    event_cut_short,
    forget,
    hang_up,
    late,
    redirect,
    refuse,
    silent,
)
from tests.tools.raw import PATIENCE, opened

CALL = "tools/call"
OAUTH = 'Bearer resource_metadata="https://desk.invalid/.well-known/oauth-protected-resource"'
HTML = "<html><body><h1>502</h1></body></html>"


def server(web: FaultyHttp, **more: object) -> Server:
    return Server("bad", HttpServer(url=web.url), **{"timeouts": PATIENCE, "sleep": Waits(), **more})  # type: ignore[arg-type]


def waits_of(server: Server) -> list[float]:
    assert isinstance(server.sleep, Waits)
    return server.sleep.seconds


async def test_server_over_http_works_under_a_session_that_is_ended(web: FaultyHttp) -> None:
    async with opened([well_behaved := server(web)]) as [outcome]:
        assert isinstance(outcome, ServerOpened) and (outcome.transport, outcome.protocol) == ("http", "2025-06-18")
        assert await double(well_behaved, 21) == 42
    assert web.heard[-1] == "DELETE" and web.headers[-1]["mcp-session-id"] == "session-1"


@pytest.mark.parametrize("status", [401, 403])
async def test_refusal_for_want_of_credentials_tells_where_they_are_set(status: int, web: FaultyHttp) -> None:
    web.always(ANY, refuse(status, "who are you?", www_authenticate="Bearer"))
    error = await failure_of(server(web))
    assert f"HTTP {status} " in error.message and "who are you?" in error.message
    assert "credentials" in str(error.hint) and "headers" in str(error.hint)


@pytest.mark.parametrize("method", [ANY, "initialize", "tools/list"])
async def test_server_that_wants_a_sign_in_tells_that_and_how_to_do_without(method: str, web: FaultyHttp) -> None:
    web.always(method, refuse(401, www_authenticate=OAUTH))
    error = await failure_of(server(web))
    assert "sign-in" in error.message and "OAuth" in error.message and "not supported yet" in error.message
    assert "a token" in str(error.hint) and "headers" in str(error.hint)


@pytest.mark.parametrize("status", [401, 403])
async def test_refusal_of_a_call_for_want_of_credentials_is_left_to_the_model(status: int, web: FaultyHttp) -> None:
    web.script(CALL, refuse(status))
    async with opened([bad := server(web)]):
        assert f"HTTP {status} " in told(await bad.call("double", {"n": 1}, repeatable=True))
        assert await double(bad) == 4
    assert web.calls == ["double"] and waits_of(bad) == []


@pytest.mark.parametrize("tool", ["double", "wipe"])
async def test_server_that_wants_a_moment_gets_it(tool: str, web: FaultyHttp) -> None:
    web.script(CALL, refuse(429, retry_after="3"), refuse(429, retry_after="0"))
    async with opened([busy := server(web)]):
        reply = await busy.call(tool, {"n": 1}, repeatable=tool == "double")
        assert not reply.result.get("isError")
        assert waits_of(busy) == [3, 0] and web.calls == [tool], "it refused, so that nothing is done twice"


async def test_server_that_wants_more_than_a_moment_is_left_to_the_model(web: FaultyHttp) -> None:
    web.script(CALL, refuse(429, "quota", retry_after="3600"))
    async with opened([busy := server(web)]):
        says = told(await busy.call("double", {"n": 1}, repeatable=True))
        assert says == "HTTP 429 Too Many Requests, to be asked again in 3600 s: quota"
        assert await double(busy) == 4
    assert waits_of(busy) == []


async def test_server_that_is_always_busy_is_asked_so_often_and_no_more(web: FaultyHttp) -> None:
    web.always(CALL, refuse(429, retry_after="1"))
    async with opened([busy := server(web)]):
        assert "HTTP 429" in told(await busy.call("double", {"n": 1}, repeatable=True))
    assert web.heard.count(CALL) == CALLS and len(waits_of(busy)) == CALLS - 1


@pytest.mark.parametrize("step", [refuse(500), refuse(502, HTML), refuse(503, retry_after="2"), refuse(504), hang_up])
async def test_call_of_a_read_only_tool_is_made_again_where_the_server_stumbled(step: Step, web: FaultyHttp) -> None:
    web.script(CALL, step)
    async with opened([stumbling := server(web)]):
        assert await double(stumbling) == 4
    assert web.heard.count(CALL) == 2 and len(waits_of(stumbling)) == 1


@pytest.mark.parametrize(
    ("status", "says"), [(500, "HTTP 500 Internal Server Error"), (503, "HTTP 503 Service Unavailable")]
)
async def test_server_that_stumbles_in_every_call_is_left_to_the_model(status: int, says: str, web: FaultyHttp) -> None:
    web.always(CALL, refuse(status, HTML))
    async with opened([stumbling := server(web)]):
        assert told(await stumbling.call("double", {"n": 1}, repeatable=True)) == says
        assert web.heard.count(CALL) == CALLS and stumbling.alive


@pytest.mark.parametrize("step", [refuse(500), refuse(502, HTML), refuse(503), hang_up, cut_within, event_cut_short])
async def test_call_that_may_have_changed_something_is_never_made_again(step: Step, web: FaultyHttp) -> None:
    web.script(CALL, step)
    async with opened([stumbling := server(web)]):
        assert "not known" in told(await wipe(stumbling))
        assert web.heard.count(CALL) == 1
        assert words(await wipe(stumbling, 7)) == '{"wipe": 7}'


@pytest.mark.parametrize("step", [hang_up, cut_within, event_cut_short])
async def test_result_that_breaks_off_is_fetched_once_more_for_a_read_only_tool(step: Step, web: FaultyHttp) -> None:
    web.script(CALL, step, step)
    async with opened([breaking := server(web)]):
        assert await double(breaking, 21) == 42
    assert web.heard.count(CALL) == 3


@pytest.mark.parametrize("step", [hang_up, cut_within, event_cut_short])
async def test_server_whose_every_result_breaks_off_is_given_up(step: Step, web: FaultyHttp) -> None:
    web.always(CALL, step)
    async with opened([breaking := server(web)]):
        with pytest.raises(ServerError) as caught:
            await double(breaking)
    assert caught.value.message.splitlines() == [
        "server 'bad': it was lost in a call of double",
        f"  url:     {web.url}",
    ]


@pytest.mark.parametrize("read_only", [True, False])
async def test_session_that_the_server_forgot_is_begun_anew_and_the_call_is_made(
    read_only: bool, web: FaultyHttp
) -> None:
    web.script(CALL, well, forget)
    async with opened([forgotten := server(web)]):
        assert await double(forgotten, 1) == 2
        reply = await double(forgotten, 2) if read_only else words(await wipe(forgotten))
        assert reply == (4 if read_only else '{"wipe": 2}')
        assert web.calls == ["double", "double" if read_only else "wipe"] and web.heard.count("initialize") == 2


async def test_calls_at_once_under_a_forgotten_session_begin_one_new_one(web: FaultyHttp) -> None:
    async with opened([forgotten := server(web)]):
        web.sessions.clear()
        assert await asyncio.gather(*(double(forgotten, n) for n in range(6))) == [2 * n for n in range(6)]
    assert web.heard.count("initialize") == 2


@pytest.mark.parametrize("read_only", [True, False])
async def test_server_that_was_restarted_between_two_calls_is_met_again(read_only: bool, web: FaultyHttp) -> None:
    async with opened([restarted := server(web)]):
        assert await double(restarted, 1) == 2
        web.restart()
        reply = await double(restarted, 2) if read_only else words(await wipe(restarted))
        assert reply == (4 if read_only else '{"wipe": 2}')
    assert web.calls == ["double", "double" if read_only else "wipe"]


async def test_server_that_went_away_between_two_calls_is_given_up_by_name(web: FaultyHttp) -> None:
    async with opened([gone := server(web)]):
        web.stop()
        for tool in ("double", "wipe"):
            with pytest.raises(ServerError) as caught:
                await gone.call(tool, {"n": 1}, repeatable=tool == "double")
            assert caught.value.message.startswith(f"server 'bad': it was lost in a call of {tool}\n")
            assert web.url in caught.value.message


async def test_server_that_came_back_after_it_was_given_up_is_met_again(web: FaultyHttp) -> None:
    async with opened([gone := server(web)]):
        web.stop()
        with pytest.raises(ServerError):
            await double(gone)
        web.start()
        assert await double(gone, 3) == 6


async def test_redirect_to_another_server_is_named_and_nothing_is_sent_there(web: FaultyHttp) -> None:
    with FaultyHttp() as other:
        web.always(ANY, redirect(307, f"{other.url}?token=s3cret"))
        error = await failure_of(server(web))
        assert f"it redirects to {other.url}" in error.message
        assert "s3cret" not in error.message and other.heard == []


@pytest.mark.parametrize("status", [307, 308])
async def test_redirect_within_the_server_is_followed(status: int, web: FaultyHttp) -> None:
    web.script(ANY, *[redirect(status, "/moved")] * 2)
    web.script(CALL, redirect(status, "/moved"))
    async with opened([moved := server(web)]):
        assert await double(moved) == 4
    assert web.calls == ["double"]


async def test_redirect_that_would_lose_the_message_is_named_for_what_it_is(web: FaultyHttp) -> None:
    web.always(ANY, redirect(302, "/login"))
    error = await failure_of(server(web))
    assert f"{web.origin}/login" in error.message and "another server" not in error.message


async def test_redirects_in_a_circle_end(web: FaultyHttp) -> None:
    web.always(ANY, redirect(307, "/mcp"))
    error = await failure_of(server(web))
    assert "redirect" in error.message.lower()


@pytest.mark.parametrize("step", [silent, drip(0.05)])
async def test_answer_that_does_not_come_in_time_is_left_to_the_model(step: Step, web: FaultyHttp) -> None:
    web.script(CALL, step)
    async with opened([slow := server(web, timeouts=TimeoutSpec(call=1))]):
        reply = await slow.call("double", {"n": 1}, repeatable=True)
        assert told(reply).strip() == "double did not answer within 1 s." and reply.by_host
        assert await double(slow) == 4


async def test_answer_that_drips_but_comes_in_time_is_taken(web: FaultyHttp) -> None:
    web.script(CALL, drip(0))
    async with opened([slow := server(web)]):
        assert await double(slow) == 4


@pytest.mark.parametrize("step", [silent, drip(0.05)])
@pytest.mark.parametrize(("method", "step_name"), [(ANY, "start"), ("initialize", "start"), ("tools/list", "list")])
async def test_start_that_does_not_end_in_time_names_the_time_out_to_raise(
    step: Step, method: str, step_name: str, web: FaultyHttp
) -> None:
    web.always(method, step)
    error = await failure_of(server(web, timeouts=TimeoutSpec(start=1, list=1, call=1)))
    assert "within 1 s" in error.message and str(error.hint).startswith(f"raise timeouts.{step_name}")


@pytest.mark.parametrize(
    "step",
    [
        content(b"{"),
        content(b'{"jsonrpc": "2.0"}'),
        content(b"caf\xe9 \xff"),
        content(b"<html>Sign in</html>", "text/html"),
        content(b"data: {\n\n", "text/event-stream"),
        refuse(202),
        refuse(204),
    ],
    ids=["half", "no-message", "no-utf8", "html", "event", "accepted", "nothing"],
)
async def test_answer_that_is_no_answer_is_left_to_the_model(step: Step, web: FaultyHttp) -> None:
    web.script(CALL, step)
    async with opened([odd := server(web, timeouts=TimeoutSpec(call=2))]):
        says = told(await odd.call("double", {"n": 1}, repeatable=True))
        assert says and "pydantic" not in says
        assert await double(odd) == 4


async def test_time_that_a_call_may_take_is_no_limit_of_the_start(web: FaultyHttp) -> None:
    web.script("initialize", late(0.5))
    web.script("tools/list", late(0.5))
    async with opened([server(web, timeouts=TimeoutSpec(start=30, list=30, call=0.2))]) as [outcome]:
        assert isinstance(outcome, ServerOpened)


async def test_server_that_does_not_answer_to_a_farewell_holds_nobody_up(web: FaultyHttp) -> None:
    web.always("DELETE", silent)
    async with asyncio.timeout(10):
        async with opened([server(web)]) as [outcome]:
            assert isinstance(outcome, ServerOpened)


async def test_result_for_another_request_is_not_taken_for_this_one(web: FaultyHttp) -> None:
    web.script(CALL, content(b'{"jsonrpc": "2.0", "id": 4711, "result": {"content": []}}'))
    async with opened([odd := server(web, timeouts=TimeoutSpec(call=0.3))]):
        assert "did not answer" in told(await odd.call("double", {"n": 1}, repeatable=True))


async def test_server_that_cannot_be_reached_is_told_with_its_cause(web: FaultyHttp) -> None:
    web.stop()
    error = await failure_of(server(web))
    assert error.message.splitlines() == [
        "server 'bad': the connection failed: ConnectError: All connection attempts failed",
        f"  url:     {web.url}",
    ]


async def test_run_meets_a_restarted_server_again(web: FaultyHttp, brisk: None) -> None:
    web.script(CALL, well, forget, hang_up)
    result = await ask(calling("double", "double", "double"), {"bad": {"url": web.url}})
    assert result.status == "ok"
    assert [each.data for each in result.calls] == [{"doubled": 8}, {"doubled": 8}, {"doubled": 10}]
    assert "server 'bad' was lost and opened again" in result.warnings


async def test_run_goes_on_where_an_optional_server_went_away(web: FaultyHttp, brisk: None) -> None:
    def last_words(exchange: Exchange) -> None:
        web.stop()
        well(exchange)

    with FaultyHttp() as good:
        good.script(CALL, last_words)
        servers = {"bad": {"url": web.url, "required": False}, "good": {"url": good.url}}
        result = await ask(calling("good__double", "bad__double", "good__double"), servers)
    assert result.status == "ok" and [each.is_error for each in result.calls] == [False, True, False]
    assert [each.server for each in result.failed_servers] == ["bad"]
    assert any(each.startswith("server 'bad': it was lost in a call of double") for each in result.warnings)


@contextmanager
def market(port: str) -> Iterator[str]:
    """The reference server, which speaks the protocol of 2026-07-28; its URL."""
    command = [sys.executable, "-m", "agent", "market", "--http", port]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        url = re.search(r"http://\S+", process.stderr.readline())
        try:
            assert url
            yield url[0]
        finally:
            process.kill()


async def test_server_without_sessions_that_was_restarted_needs_no_new_connection() -> None:
    with ExitStack() as running:
        url = running.enter_context(market("0"))
        web = Server("bad", HttpServer(url=url), PATIENCE, sleep=Waits())
        async with opened([web]) as [outcome]:
            assert isinstance(outcome, ServerOpened) and outcome.protocol == "2026-07-28"
            running.close()
            running.enter_context(market(str(urlsplit(url).port)))
            reply = await web.call("get_sector_heatmap", {}, repeatable=True)
            assert reply.result["structuredContent"]["kind"] == "simulated" and reply.notes == []
