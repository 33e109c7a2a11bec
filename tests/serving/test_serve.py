"""The advisor as an MCP server, asked by the SDK's client."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp import Client, MCPError

from agent.result import ADVICE, SIMULATED
from agent.runs import store
from tests.asking import logged
from tests.cli.advisor import AGENT, advisor, write
from tests.messages_api import call, message, scripted_api, text
from tests.serving.client import (
    ASKED,
    ERAS,
    KEY,
    NAME,
    SHOWS_APPS,
    address,
    judged,
    only_tool,
    over_stdio,
    read,
    silent,
    started,
    text_of,
)


@pytest.mark.parametrize("mode", ERAS)
async def test_a_call_is_a_run_in_the_store_and_gives_its_answer_twice_as_data_and_as_text(mode: str) -> None:
    async with over_stdio("--offline", mode=mode) as client:
        tool = await only_tool(client)
        result = await client.call_tool(tool.name, ASKED)
        given = judged(tool, result.structured_content)
        page = await read(client, given["page"]["resource"])
    assert (tool.name, result.is_error, given["ok"], given["status"]) == (NAME, False, True, "ok")
    assert (given["as_of"], given["model"], given["kind"]) == ("2025-06-30", "planner", "simulated")
    assert SIMULATED in given["labels"] and given["evidence"]["grounded"] > 0 and given["spend"]["turns"] == 3
    said = text_of(result)
    best = given["answer"]["sector_recommendations"][0]
    assert said.startswith("[SIMULATED DATA, OFFLINE PLANNER]\n") and said.endswith(ADVICE)
    assert f"{best['sector_name']}: {best['action']} (confidence {best['confidence_score']}). [SIMULATED" in said
    folder = store.find(given["run"])
    assert json.loads((folder / "answer.json").read_text()) == given["answer"]
    assert given["page"]["url"] == (folder / "page.html").as_uri() == given["answer"]["heatmap_url"]
    assert (page.mime_type, page.text) == ("text/html", (folder / "page.html").read_text())


@pytest.mark.parametrize("mode", ERAS)
async def test_over_http_it_answers_many_calls_at_once_each_with_a_run_of_its_own(mode: str) -> None:
    with started("--offline", "--http", "0") as process:
        async with Client(address(process), mode=mode) as client:
            results = await asyncio.gather(*(client.call_tool(NAME, ASKED) for _ in range(3)))
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
    runs = {result.structured_content["run"] for result in results if result.structured_content}
    assert len(runs) == 3 == len(store.all_runs())
    assert (process.returncode, out, err.count(": ok\n")) == (0, "", 3)


def test_over_http_a_page_of_another_host_is_refused() -> None:
    with started("--offline", "--http", "0") as process:
        url = address(process)
        headers = {"Host": "evil.example", "Accept": "application/json, text/event-stream"}
        refused = httpx2.post(url, json={"jsonrpc": "2.0", "id": 1, "method": "ping"}, headers=headers)
    assert refused.status_code == 421


async def test_each_agent_file_is_a_tool_of_its_own() -> None:
    async with over_stdio("--offline", "-c", "us_sector_rotation", "-c", NAME) as client:
        tools = (await client.list_tools()).tools
        result = await client.call_tool("us_sector_rotation", {"as_of": "2008-09-30"})
    assert [tool.name for tool in tools] == ["us_sector_rotation", NAME]
    given = judged(tools[0], result.structured_content)
    assert (given["kind"], given["labels"], given["ok"]) == ("real", ["OFFLINE PLANNER"], True)


async def test_without_a_key_the_tools_are_listed_and_a_call_says_what_is_missing() -> None:
    async with over_stdio() as client:
        tool = await only_tool(client)
        result = await client.call_tool(tool.name, ASKED)
    given = judged(tool, result.structured_content)
    assert result.is_error and (given["ok"], given["run"], given["answer"]) == (False, None, None)
    assert given["error"]["code"] == "credentials" and "--offline" in given["error"]["hint"]
    assert given["error"]["message"] in text_of(result) and given["error"]["hint"] in text_of(result)


async def test_a_run_without_a_valid_answer_is_an_error_with_code_message_and_hint(tmp_path: Path) -> None:
    file = write(tmp_path, AGENT.replace("description:", "budget: {repairs: 0}\ndescription:"))
    look = call("get_sector_heatmap", {"lookback_period": "3M"})
    with scripted_api(message(look), message(text("no JSON"))) as api:
        env = KEY | {"ANTHROPIC_BASE_URL": api.url}
        async with over_stdio("-c", file, "--simulated", "--trust", env=env) as client:
            tool = await only_tool(client)
            assert tool.input_schema["required"] == ["question"]
            result = await client.call_tool(tool.name, {"question": "Which?"})
    given = judged(tool, result.structured_content)
    assert result.is_error and (given["ok"], given["status"], given["answer"]) == (False, "invalid", None)
    assert given["run"] == store.find("last").name and given["page"]
    said = text_of(result)
    assert "\ninvalid: " in said and f"\nHint: {given['error']['hint']}" in said and "[SIMULATED DATA]" in said


async def test_a_paid_model_gets_simulated_data_only_when_that_is_wanted() -> None:
    with scripted_api() as api:
        async with over_stdio(env=KEY | {"ANTHROPIC_BASE_URL": api.url}) as client:
            result = await client.call_tool(NAME, ASKED)
    assert result.is_error and text_of(result).startswith("simulated_data: ")
    assert result.structured_content and result.structured_content["run"] == store.find("last").name


WAITS = (message(call("double", {"n": 1})),)


@pytest.mark.parametrize("mode", ERAS)
async def test_a_call_that_is_cancelled_ends_its_run_in_order(mode: str, tmp_path: Path) -> None:
    with scripted_api(*WAITS) as api:
        env = KEY | {"ANTHROPIC_BASE_URL": api.url}
        async with over_stdio("-c", silent(tmp_path), "--trust", mode=mode, env=env) as client:
            asked = asyncio.Event()

            async def hear(progress: float, total: float | None, words: str | None) -> None:
                if words and words.startswith("turn 1: 1 call"):
                    asked.set()

            waiting = asyncio.create_task(client.call_tool("waiting", {"question": "?"}, progress_callback=hear))
            await asked.wait()
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            while not ended(store.find("last")):
                await client.list_tools()  # the server still answers
    end = logged(Path())[-1]
    assert (end.to_json()["status"], end.to_json()["resumable"]) == ("interrupted", True)


def ended(run: Path) -> bool:
    return '"event":"run.finished"' in (run / "log.jsonl").read_text()


HELLO = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
GREETING = [
    {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": HELLO},
    {"jsonrpc": "2.0", "method": "notifications/initialized"},
]
CALL = {"name": "waiting", "arguments": {"question": "?"}, "_meta": {"progressToken": "p"}}


@pytest.mark.parametrize("way", ["end of input", signal.SIGTERM, signal.SIGINT])
def test_a_server_that_ends_in_the_middle_of_a_run_seals_its_log_and_hands_over_its_spans_first(
    way: Any, tmp_path: Path
) -> None:
    with scripted_api(*WAITS) as api:
        env = KEY | {"ANTHROPIC_BASE_URL": api.url, "OTEL_TRACES_EXPORTER": "console"}
        with started("-c", silent(tmp_path), "--trust", env=env) as process:
            assert process.stdin and process.stdout and process.stderr
            for request in [*GREETING, {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": CALL}]:
                process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
            lines = iter(process.stdout.readline, "")
            assert any("turn 1: 1 call" in line for line in lines)
            if isinstance(way, signal.Signals):
                process.send_signal(way)
            else:
                process.stdin.close()
            rest = [json.loads(line) for line in lines]
            assert process.wait(timeout=60) == 0
            assert '"name": "invoke_agent Waiting"' in process.stderr.read()
    assert all(each["jsonrpc"] == "2.0" for each in rest)
    end = logged(Path())[-1].to_json()
    assert (end["event"], end["status"], end["resumable"]) == ("run.finished", "interrupted", True)


async def test_http_that_stops_in_the_middle_of_a_run_seals_its_log_first(tmp_path: Path) -> None:
    with scripted_api(*WAITS) as api:
        env = KEY | {"ANTHROPIC_BASE_URL": api.url}
        with started("-c", silent(tmp_path), "--trust", "--http", "0", env=env) as process:
            url = address(process)

            async def stop(progress: float, total: float | None, words: str | None) -> None:
                if words and words.startswith("turn 1: 1 call"):
                    process.send_signal(signal.SIGTERM)

            with pytest.raises((MCPError, ExceptionGroup)):
                async with Client(url) as client:
                    await client.call_tool("waiting", {"question": "?"}, progress_callback=stop)
            assert await asyncio.to_thread(process.wait, 60) == 0
    assert logged(Path())[-1].to_json()["status"] == "interrupted"


async def test_stdout_is_the_protocols_and_stderr_has_a_line_a_call(tmp_path: Path) -> None:
    async with over_stdio("--offline", errors=tmp_path / "stderr") as client:
        await client.call_tool(NAME, ASKED)
        await client.call_tool(NAME, {"as_of": "soon"})
    run = store.find("last").name
    said = (tmp_path / "stderr").read_text()
    assert said == f"{NAME}: run {run}: ok\n{NAME}: usage: as_of: 'soon' is no date\n"


def test_what_cannot_be_served_is_a_usage_error(tmp_path: Path) -> None:
    first, second = write(tmp_path, AGENT, "one.yaml"), write(tmp_path, AGENT, "two.yaml")
    clash = advisor("serve", "-c", first, "-c", second)
    assert clash.returncode == 2 and "both make a tool 'tester'" in clash.stderr
    both = advisor("serve", "--offline", "--model", "claude-opus-5-5")
    assert both.returncode == 2 and "exclude each other" in both.stderr
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = advisor("serve", "--offline", "--http", str(taken.getsockname()[1]))
    assert port.returncode == 2 and "cannot be used" in port.stderr


def test_a_file_from_elsewhere_starts_no_program_unless_it_is_trusted(tmp_path: Path) -> None:
    file, elsewhere = silent(tmp_path), tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert advisor("serve", "-c", file, input="").returncode == 0, "the current folder is the user's own"
    refused = advisor("serve", "-c", file, cwd=elsewhere, input="")
    assert refused.returncode == 7 and "--trust" in refused.stderr
    assert advisor("serve", "-c", file, "--trust", cwd=elsewhere, input="").returncode == 0


async def test_clients_of_both_kinds_share_a_server_over_http() -> None:
    with started("--offline", "--http", "0") as process:
        url = address(process)
        async with Client(url, extensions=SHOWS_APPS) as shows, Client(url) as plain:
            metas = [(await only_tool(client)).meta for client in (shows, plain, shows)]
    assert metas == [
        {"ui": {"resourceUri": "ui://advisor/run.html"}},
        None,
        {"ui": {"resourceUri": "ui://advisor/run.html"}},
    ]
