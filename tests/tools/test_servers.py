from __future__ import annotations

import asyncio
import http.server
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from agent.errors import ServerError
from agent.events import ServerOpened
from agent.server_spec import HttpServer, StdioServer
from agent.spec import TimeoutSpec
from agent.tools import process as process_module
from agent.tools.collecting import collect
from agent.tools.servers import Server
from tests.tools.raw import PATIENCE, PROGRAM, alive, opened, server, spec, stdio

SHORT = TimeoutSpec(start=0.5, list=0.5, call=0.5)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers that do not end by themselves are not waited for."""
    monkeypatch.setattr(process_module, "EXIT_SECONDS", 0.2)


async def failure_of(failing: Server) -> ServerError:
    with pytest.raises(ServerError) as caught:
        async with opened([failing]):
            pass
    return caught.value


async def test_open_server_tells_its_transport_protocol_and_version() -> None:
    async with opened([server()]) as outcomes:
        [opening] = outcomes
        assert isinstance(opening, ServerOpened) and opening.seconds > 0
        assert replace(opening, seconds=0.0) == ServerOpened("raw", "stdio", "2025-06-18", "raw", "1")


async def test_all_servers_are_open_at_once_and_an_optional_one_that_fails_is_told_in_place() -> None:
    good, bad, other = server(name="good"), server("exits", name="bad", required=False), server(name="other")
    async with opened([good, bad, other]) as outcomes:
        assert [type(outcome) for outcome in outcomes] == [ServerOpened, ServerError, ServerOpened]
        assert (await good.call("double", {"n": 2}, repeatable=True)).result["structuredContent"] == {"doubled": 4}
        assert (await other.call("double", {"n": 3}, repeatable=True)).result["structuredContent"] == {"doubled": 6}


async def test_server_that_exits_at_once_names_itself_its_command_its_exit_and_its_last_words() -> None:
    error = await failure_of(server("exits"))
    assert error.exit_code == 5
    lines = error.message.splitlines()
    assert lines[0] == "server 'raw': it ended before it was ready"
    assert lines[1].startswith("  command: ") and lines[1].endswith("raw_server.py exits   (exited with 1)")
    assert lines[2:] == ["  stderr:  loading", "           DB password missing"]
    assert "`required: false`" in str(error.hint)


async def test_required_server_that_fails_is_told_without_waiting_for_the_others(impatient: None) -> None:
    slow = Server("slow", stdio("silent"), TimeoutSpec(start=86_400))
    with pytest.raises(ServerError, match="server 'bad'"):
        async with opened([slow, server("exits", name="bad")]):
            pass
    assert alive("raw_server.py silent") == []


async def test_opening_can_be_interrupted(impatient: None) -> None:
    async def open_it() -> None:
        async with opened([Server("slow", stdio("silent"), TimeoutSpec(start=86_400))]):
            pass

    task = asyncio.create_task(open_it())
    while not alive("raw_server.py silent"):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert alive("raw_server.py silent") == []


async def test_command_that_does_not_exist_is_named() -> None:
    error = await failure_of(Server("m", StdioServer(command="no-such-program-anywhere"), PATIENCE))
    assert error.message.startswith("server 'm': there is no command 'no-such-program-anywhere'")


async def test_folder_that_does_not_exist_is_named() -> None:
    error = await failure_of(Server("m", StdioServer(command=sys.executable, cwd="/no/such/folder"), PATIENCE))
    assert "there is no folder '/no/such/folder'" in error.message


async def test_server_that_never_answers_initialize_ends_at_its_start_time_out(impatient: None) -> None:
    error = await failure_of(server("silent", timeouts=SHORT))
    assert error.message.startswith("server 'raw': it did not answer within 0.5 s")
    assert "exited" not in error.message, "we ended it, so its exit tells nothing"
    assert str(error.hint).startswith("raise timeouts.start")
    assert alive("raw_server.py silent") == []


async def test_server_that_never_lists_its_tools_ends_at_its_list_time_out(impatient: None) -> None:
    error = await failure_of(server("never-lists", timeouts=TimeoutSpec(start=30, list=0.5)))
    assert error.message.startswith("server 'raw': it did not list its tools within 0.5 s")


async def test_garbage_on_stdout_is_passed_over() -> None:
    async with opened([noisy := server("garbage")]) as outcomes:
        assert isinstance(outcomes[0], ServerOpened)
        assert (await noisy.call("double", {"n": 1}, repeatable=True)).result["structuredContent"] == {"doubled": 2}


async def test_nothing_but_garbage_on_stdout_is_shown_in_the_error(impatient: None) -> None:
    error = await failure_of(server("garbage-for-ever", timeouts=SHORT))
    assert "its stdout held 'starting…', which is no MCP message" in error.message


async def test_malformed_tools_are_set_aside_by_name_and_the_rest_work() -> None:
    async with opened([mixed := server("malformed-tool")]):
        assert [tool.name for tool in mixed.tools] == ["double"]
        assert [each["tool"] for each in mixed.set_aside] == ["bad", "worse", "a tool without a name"]
        assert (await mixed.call("double", {"n": 1}, repeatable=True)).result["structuredContent"] == {"doubled": 2}


async def test_every_page_of_tools_is_read_and_a_repeated_cursor_ends_the_list() -> None:
    async with opened([paged := server("pages"), endless := server("endless-pages", name="endless")]):
        assert [tool.name for tool in paged.tools] == ["echo", "double"]
        assert [tool.name for tool in endless.tools] == ["double"]


async def test_result_of_fifty_megabytes_arrives_whole() -> None:
    async with opened([huge := server("huge")]):
        result = (await huge.call("double", {"n": 1}, repeatable=True)).result
        assert len(result["content"][0]["text"]) == 50_000_000


async def test_result_that_breaks_its_output_schema_is_kept() -> None:
    async with opened([loose := server("breaks-output-schema")]):
        assert (await loose.call("double", {"n": 1}, repeatable=True)).result["structuredContent"] == {"other": 1}


async def test_call_without_an_answer_ends_as_an_error_result(impatient: None) -> None:
    async with opened([silent := server("silent-in-call", timeouts=TimeoutSpec(call=0.3))]):
        result = (await silent.call("double", {"n": 1}, repeatable=True)).result
        assert result["isError"] and "did not answer within 0.3 s" in result["content"][0]["text"]


async def test_server_that_dies_in_a_call_is_told_with_its_exit_and_stderr() -> None:
    async with opened([dying := server("dies-in-call")]):
        with pytest.raises(ServerError) as caught:
            await dying.call("double", {"n": 1}, repeatable=True)
        assert caught.value.failure.exit == 3
        assert caught.value.failure.stderr == "out of memory"
        with pytest.raises(ServerError):
            await dying.call("double", {"n": 1}, repeatable=True)


async def test_no_process_is_left_of_stubborn_servers_and_their_children(impatient: None) -> None:
    async with opened([server("stubborn"), server("leaves-a-child", name="parent")]) as outcomes:
        assert all(isinstance(outcome, ServerOpened) for outcome in outcomes)
        assert alive("raw_server.py stubborn") and alive("sleep 1000")
    assert alive("raw_server.py stubborn") + alive("sleep 1000") == []


async def test_server_gets_a_minimal_environment_and_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "of-the-host")
    async with opened(
        [apart := server("leaks"), given := Server("own", stdio("leaks", env={"SECRET_KEY": "mine"}), PATIENCE)]
    ):
        assert (await apart.call("double", {"n": 1}, repeatable=True)).result["content"][0]["text"] == "the key is None"
        assert (await given.call("double", {"n": 1}, repeatable=True)).result["content"][0]["text"] == "the key is mine"


async def test_secrets_never_come_back_out_of_a_server() -> None:
    secret = "sk-very-secret-1"
    leaky = Server("own", stdio("leaks", env={"SECRET_KEY": secret}), PATIENCE, secrets=[secret, "short"])
    async with opened([leaky]):
        assert (await leaky.call("double", {"n": 1}, repeatable=True)).result["content"][0][
            "text"
        ] == "the key is [redacted]"


async def test_unreachable_url_is_told_with_its_cause() -> None:
    error = await failure_of(Server("web", HttpServer(url="http://127.0.0.1:9/mcp"), PATIENCE))
    assert error.message.splitlines() == [
        "server 'web': the connection failed: ConnectError: All connection attempts failed",
        "  url:     http://127.0.0.1:9/mcp",
    ]


@contextmanager
def refusing(status: int) -> Iterator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=web.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{web.server_port}/mcp"
    finally:
        web.shutdown()
        web.server_close()
        thread.join()


@pytest.mark.parametrize(
    ("status", "said", "hint"),
    [(401, "HTTP 401 Unauthorized", "headers"), (403, "HTTP 403", "headers"), (500, "HTTP 500", "URL")],
)
async def test_refusing_url_tells_its_status_and_what_to_do(status: int, said: str, hint: str) -> None:
    with refusing(status) as url:
        error = await failure_of(Server("web", HttpServer(url=url), PATIENCE))
    assert said in error.message and hint in str(error.hint)


async def test_streamable_http_server_works_and_is_named_when_it_goes_away() -> None:
    market = subprocess.Popen(
        [sys.executable, "-m", "agent", "market", "--http", "0"], stderr=subprocess.PIPE, text=True
    )
    assert market.stderr
    try:
        url = re.search(r"http://\S+", market.stderr.readline())
        assert url
        async with opened([web := Server("web", HttpServer(url=url[0]), PATIENCE)]) as outcomes:
            assert isinstance(outcomes[0], ServerOpened) and outcomes[0].transport == "http"
            result = (await web.call("get_sector_heatmap", {}, repeatable=True)).result
            assert result["structuredContent"]["kind"] == "simulated"
            market.kill()
            market.wait()
            with pytest.raises(ServerError, match="server 'web': it was lost in a call of get_sector_heatmap"):
                await web.call("get_sector_heatmap", {}, repeatable=True)
    finally:
        market.kill()
        market.wait()
        market.stderr.close()


@pytest.mark.parametrize(
    ("schema", "offered"),
    [
        ('{"properties": {"n": {"type": "integer"}}}', True),
        ('{"type": "object", "properties": {"n": {"type": "integer", "minimum": 0, "exclusiveMinimum": True}}}', True),
        ('{"type": "object", "properties": {"n": True}}', True),
        ('{"type": "object", "required": 5}', False),
    ],
    ids=["no type", "draft 4", "boolean", "no schema at all"],
)
async def test_odd_schema_spoils_no_other_tool_and_works_where_it_is_one(
    schema: str, offered: bool, tmp_path: Path
) -> None:
    program = tmp_path / "odd.py"
    program.write_text(PROGRAM.read_text().replace("NUMBER = {", f"ODD = {schema}\nNUMBER = {{").replace(
        "good = list(TOOLS.values())",
        'good = [*TOOLS.values(), {"name": "odd", "inputSchema": ODD, "annotations": {"readOnlyHint": True}}]',
    ))  # fmt: skip
    async with opened([odd := Server("odd", StdioServer(command=sys.executable, args=[str(program)]), PATIENCE)]):
        assert [tool.name for tool in odd.tools] == ["double", "odd"]
        assert list(collect(spec(), None, [odd]).tools) == (["double", "odd"] if offered else ["double"])
        assert (await odd.call("double", {"n": 2}, repeatable=True)).result["structuredContent"] == {"doubled": 4}
