"""Whole runs over servers that break: the run goes on where the server was not required, and ends well told where it
was."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent.errors import ServerError
from agent.events import RunFinished, ServerFailed
from agent.result import RunResult
from agent.tools.servers import CALLS
from tests.cli.advisor import ADVISOR, AGENT, write
from tests.faults.http_server import ANY, FaultyHttp, Step
from tests.faults.kit import TOLERANT, Faulty, ask, calling, logged
from tests.faults.steps import content, drip, hang_up, redirect, refuse, silent
from tests.messages_api import call, message, scripted_api
from tests.scripted import Scripted, said
from tests.tools.raw import alive

Make = Callable[..., Faulty]
LIMITS = {"start": 1, "list": 0.4}
AT_START = [
    ("exits", "it ended before it was ready"),
    ("killed-at-start", "it ended before it was ready"),
    ("exits-at-list", "the database went away"),
    ("silent-at-start", "it did not answer within 1 s"),
    ("silent-at-list", "it did not list its tools within 0.4 s"),
]
REFUSALS: list[tuple[Step, str]] = [
    (refuse(401), "HTTP 401 Unauthorized"),
    (refuse(403, "no such tenant"), "HTTP 403 Forbidden: no such tenant"),
    (refuse(404), "HTTP 404 Not Found"),
    (refuse(429, retry_after="30"), "HTTP 429 Too Many Requests, to be asked again in 30 s"),
    (refuse(500), "HTTP 500 Internal Server Error"),
    (refuse(502, "<html><h1>Bad Gateway</h1></html>", content_type="text/html"), "HTTP 502 Bad Gateway"),
    (refuse(503, "down till noon"), "HTTP 503 Service Unavailable: down till noon"),
    (redirect(302, "http://elsewhere.invalid/mcp?token=s3cret"), "http://elsewhere.invalid/mcp"),
    (content(b"<html>Sign in</html>", "text/html"), "text/html"),
    (content(b"{", "application/json"), "JSON"),
    (hang_up, "the connection failed"),
    (silent, "it did not answer within 1 s"),
    (drip(0.05), "it did not answer within 1 s"),
]


def ended() -> str:
    """How the log of the newest run ends."""
    last = logged()[-1]
    assert isinstance(last, RunFinished)
    return last.status


async def lost_run(servers: dict[str, Any], model: Scripted | None = None) -> ServerError:
    """A run that a required server ends."""
    with pytest.raises(ServerError) as caught:
        await ask(model or Scripted(), servers)
    assert caught.value.exit_code == 5 and caught.value.run_id
    assert caught.value.message.startswith("server 'bad': ")
    assert [event.server for event in logged() if isinstance(event, ServerFailed)] == ["bad"]
    assert ended() == "failed"
    return caught.value


def went_on(result: RunResult, says: str) -> None:
    """It lost the server, said so, and used the other one."""
    assert result.status == "ok" and [each.server for each in result.failed_servers] == ["bad"]
    [warning] = [each for each in result.warnings if each.startswith("server 'bad': ")]
    assert says in warning
    assert [event.server for event in logged() if isinstance(event, ServerFailed)] == ["bad"]


@pytest.mark.parametrize(("behaviour", "says"), AT_START, ids=lambda value: value if "-" in value else "")
async def test_run_ends_at_once_where_a_required_server_does_not_start(behaviour: str, says: str, faulty: Make) -> None:
    bad = faulty(behaviour).entry(timeouts=LIMITS)
    error = await lost_run({"good": faulty().entry(), "bad": bad})
    assert says in error.message and str(Path(bad["args"][0])) in error.message


@pytest.mark.parametrize(("behaviour", "says"), AT_START, ids=lambda value: value if "-" in value else "")
async def test_run_goes_on_where_a_server_that_does_not_start_is_optional(
    behaviour: str, says: str, faulty: Make
) -> None:
    bad = faulty(behaviour).entry(timeouts=LIMITS, required=False)
    result = await ask(calling("double"), {"good": faulty().entry(), "bad": bad})
    went_on(result, says)
    assert result.calls[0].data == {"doubled": 8}


@pytest.mark.parametrize(("step", "says"), REFUSALS, ids=[says[:20] for _, says in REFUSALS])
async def test_run_ends_at_once_where_a_required_url_refuses(
    step: Step, says: str, web: FaultyHttp, faulty: Make
) -> None:
    web.always(ANY, step)
    error = await lost_run({"good": faulty().entry(), "bad": {"url": web.url, "timeouts": LIMITS}})
    assert says in error.message and f"  url:     {web.url}" in error.message
    assert "s3cret" not in error.message


@pytest.mark.parametrize(("step", "says"), REFUSALS, ids=[says[:20] for _, says in REFUSALS])
async def test_run_goes_on_where_a_url_that_refuses_is_optional(
    step: Step, says: str, web: FaultyHttp, faulty: Make
) -> None:
    web.always(ANY, step)
    bad = {"url": web.url, "timeouts": LIMITS, "required": False}
    result = await ask(calling("double"), {"good": faulty().entry(), "bad": bad})
    went_on(result, says)


async def test_run_without_a_tool_is_told_as_that_when_its_optional_server_fails(faulty: Make) -> None:
    result = await ask(Scripted(), {"bad": faulty("exits").entry(required=False)})
    assert result.status == "unsupported" and "DB password missing" in "".join(result.warnings)


async def test_call_that_was_lost_is_made_again_and_the_run_says_so(faulty: Make) -> None:
    result = await ask(calling("double"), {"bad": (bad := faulty("dies-in-first-call")).entry()})
    assert result.status == "ok" and result.calls[0].data == {"doubled": 8}
    assert "server 'bad' was lost (exited with 3) and opened again" in result.warnings
    assert bad.calls == ["double", "double"] and result.failed_servers == []


async def test_call_that_may_have_changed_something_is_left_to_the_model(faulty: Make) -> None:
    bad = faulty("dies-in-first-call")
    model = calling("wipe", "wipe")
    result = await ask(model, {"bad": bad.entry()}, policy=TOLERANT)
    assert result.status == "ok" and [each.is_error for each in result.calls] == [True, False]
    assert "is not known" in str(result.calls[0].shown) and result.calls[1].data == {"wipe": 4}
    assert "is not known" in str(model.requests[1].messages), "the model is told"
    assert (bad.calls, len(bad.starts)) == (["wipe", "wipe"], 2)


async def test_run_ends_where_a_required_server_dies_in_every_call(faulty: Make, brisk: None) -> None:
    bad = faulty("dies-in-every-call")
    model = Scripted(said(call("double", {"n": 1})))
    error = await lost_run({"bad": bad.entry()}, model)
    assert error.message.splitlines()[0] == "server 'bad': it was lost in a call of double"
    assert "(exited with 3)" in error.message and "out of memory" in error.message
    assert bad.calls == ["double"] * CALLS


async def test_run_goes_on_where_an_optional_server_dies_in_every_call(faulty: Make, brisk: None) -> None:
    servers = {"bad": faulty("dies-in-every-call").entry(required=False), "good": faulty().entry()}
    result = await ask(calling("bad__double", "good__double"), servers)
    went_on(result, "it was lost in a call of double")
    assert [each.is_error for each in result.calls] == [True, False]
    assert result.calls[1].data == {"doubled": 8}


async def test_call_without_an_answer_is_left_to_the_model(faulty: Make) -> None:
    bad = faulty("silent-in-call").entry(timeouts={"call": 0.3})
    result = await ask(calling("double"), {"bad": bad})
    assert result.calls[0].is_error and "did not answer within 0.3 s" in str(result.calls[0].shown)
    assert result.status == "ok" and result.failed_servers == []


async def test_run_out_of_seconds_ends_in_a_call_that_never_answers(faulty: Make) -> None:
    model = Scripted(said(call("double", {"n": 1})))
    bad = faulty("silent-in-call").entry(timeouts={"call": 86_400})
    result = await ask(model, {"bad": bad}, budget={"seconds": 2})
    assert result.status == "budget"


@pytest.mark.parametrize("signal_sent", [signal.SIGINT, signal.SIGTERM])
def test_no_process_is_left_of_a_command_that_is_stopped(
    signal_sent: signal.Signals, faulty: Make, tmp_path: Path
) -> None:
    bad = faulty("stubborn-family")
    servers = f"mcpServers: {{bad: {{command: {sys.executable}, args: [{', '.join(bad.args)}]}}}}\n"
    file = write(tmp_path, AGENT + servers)
    with scripted_api(message(call("double", {"n": 1}))) as api:
        env = os.environ | {"ANTHROPIC_API_KEY": "sk-test", "ANTHROPIC_BASE_URL": api.url}
        command = [*ADVISOR, "ask", "--trust", "-c", file, "Which?"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env) as process:
            while not bad.calls:
                assert process.poll() is None
            assert len(alive(str(bad.folder))) == 2
            process.send_signal(signal_sent)
            _, err = process.communicate(timeout=60)
    assert process.returncode == 130 and "Traceback" not in err
    assert alive(str(bad.folder)) == []
