"""The advisor as an MCP server, asked by the SDK's client."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import socket
from pathlib import Path
from typing import Any

import httpx2
import jsonschema
import pytest
from mcp import Client, MCPError
from mcp_types import Tool

from agent.result import ADVICE, SIMULATED
from agent.runs import store
from tests.asking import logged
from tests.cli.advisor import AGENT, advisor, write
from tests.messages_api import call, message, scripted_api, text
from tests.serving.client import ERAS, KEY, SHOWS_APPS, address, over_stdio, read, silent, started, text_of

NAME = "dynamic_sector_advisor"
ASKED = {"question": "Which sectors lead?", "as_of": "2025-06-30"}


def judged(tool: Tool, structured: dict[str, Any] | None) -> dict[str, Any]:
    assert structured is not None and tool.output_schema is not None
    jsonschema.Draft202012Validator.check_schema(tool.output_schema)
    jsonschema.validate(structured, tool.output_schema)
    return structured


async def only_tool(client: Client) -> Tool:
    [tool] = (await client.list_tools()).tools
    return tool


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


async def test_the_tool_says_that_it_changes_nothing_and_asks_the_world() -> None:
    async with over_stdio("--offline") as client:
        tool = await only_tool(client)
    assert tool.annotations
    assert (tool.annotations.read_only_hint, tool.annotations.open_world_hint) == (True, True)
    assert tool.description and "Research, not investment advice: nothing here trades." in tool.description
    assert "required" not in tool.input_schema, "the shipped file has an objective"
    assert tool.input_schema["properties"]["question"]["description"].endswith("for the next quarter?")


@pytest.mark.parametrize("mode", ERAS)
async def test_progress_tells_of_every_turn_and_call_and_only_rises(mode: str) -> None:
    heard: list[tuple[float, str]] = []

    async def hear(progress: float, total: float | None, words: str | None) -> None:
        heard.append((progress, words or ""))

    async with over_stdio("--offline", mode=mode) as client:
        result = await client.call_tool(NAME, ASKED, progress_callback=hear)
    assert result.structured_content
    spend = result.structured_content["spend"]
    assert [number for number, _ in heard] == list(range(1, len(heard) + 1))
    assert sum(words.startswith("turn ") for _, words in heard) == spend["turns"] == 3
    assert sum(words.startswith("tool get_") for _, words in heard) == spend["tool_calls"] > 3


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


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"as_of": "soon"}, "as_of: 'soon' is no date"),
        ({"as_of": "2024-02-31"}, "as_of: '2024-02-31' is no date"),
        ({"as_of": 7}, "as_of: 7 is not of type 'string'"),
        ({"question": ""}, "question: '' "),
        ({"sector": "Banks"}, "'sector' was unexpected"),
    ],
)
async def test_arguments_that_mean_nothing_are_refused_before_a_run_begins(
    arguments: dict[str, Any], said: str
) -> None:
    async with over_stdio("--offline") as client:
        tool = await only_tool(client)
        result = await client.call_tool(tool.name, arguments)
    given = judged(tool, result.structured_content)
    assert result.is_error and given["error"]["code"] == "usage" and said in given["error"]["message"]
    assert store.all_runs() == []


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


async def test_unknown_tools_and_pages_are_refused_with_what_there_is() -> None:
    async with over_stdio("--offline") as client:
        with pytest.raises(MCPError, match=f"Unknown tool 'other'. There are: {NAME}."):
            await client.call_tool("other", {})
        for uri in ("run://20250101-000000000-0000/page.html", "run://../../etc/page.html", "file:///etc/passwd"):
            with pytest.raises(MCPError, match="there is no resource"):
                await client.read_resource(uri)
        [template] = (await client.list_resource_templates()).resource_templates
    assert template.uri_template == "run://{run}/page.html"


async def test_a_page_of_an_agent_that_is_not_served_stays_unread(planned: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("ADVISOR_HOME", str(planned.parent.parent))
    uri = f"run://{planned.name}/page.html"
    async with over_stdio("--offline") as client:
        assert (await read(client, uri)).text == (planned / "page.html").read_text()
    async with over_stdio("--offline", "-c", "us_sector_rotation") as client:
        with pytest.raises(MCPError, match="there is no resource"):
            await client.read_resource(uri)


@pytest.mark.parametrize("mode", ERAS)
async def test_clients_that_show_apps_get_the_page_beside_the_result_and_others_do_not(mode: str) -> None:
    async with over_stdio("--offline", mode=mode, apps=True) as client:
        tool = await only_tool(client)
        assert tool.meta == {"ui": {"resourceUri": "ui://advisor/run.html"}}
        [listed] = (await client.list_resources()).resources
        app = await read(client, listed.uri)
        result = await client.call_tool(tool.name, ASKED)
    assert (listed.uri, listed.mime_type) == (tool.meta["ui"]["resourceUri"], "text/html;profile=mcp-app")
    assert app.mime_type == listed.mime_type and app.text.startswith("<!DOCTYPE html>") and len(app.text) < 40_000
    assert app.meta and not any(app.meta["ui"]["csp"].values()), "it needs no domain"
    assert result.structured_content and result.meta
    run = store.find(result.structured_content["run"])
    assert result.meta["sector-advisor/page"] == (run / "page.html").read_text()
    assert "<html" not in json.dumps(result.structured_content) + text_of(result)
    async with over_stdio("--offline", mode=mode) as client:
        assert (await only_tool(client)).meta is None
        assert (await client.list_resources()).resources == []
        plain = await client.call_tool(tool.name, ASKED)
    assert "sector-advisor/page" not in (plain.meta or {})
    assert re.sub(run.name, "ID", text_of(result)) == re.sub(store.find("last").name, "ID", text_of(plain))


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
def test_a_server_that_ends_in_the_middle_of_a_run_seals_its_log_first(way: Any, tmp_path: Path) -> None:
    with scripted_api(*WAITS) as api:
        env = KEY | {"ANTHROPIC_BASE_URL": api.url}
        with started("-c", silent(tmp_path), "--trust", env=env) as process:
            assert process.stdin and process.stdout
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
