"""What a client is shown of the served advisor, and what it is refused."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from mcp import MCPError

from agent.events import ToolAsked
from agent.runs import store
from tests.resuming import copy_without
from tests.serving.client import ASKED, ERAS, NAME, in_process, judged, only_tool, read, text_of


async def test_the_tool_says_that_it_changes_nothing_and_asks_the_world() -> None:
    async with in_process(NAME) as client:
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

    async with in_process(NAME, mode=mode) as client:
        result = await client.call_tool(NAME, ASKED, progress_callback=hear)
    assert result.structured_content
    spend = result.structured_content["spend"]
    assert [number for number, _ in heard] == list(range(1, len(heard) + 1))
    assert sum(words.startswith("turn ") for _, words in heard) == spend["turns"] == 3
    assert sum(words.startswith("tool get_") for _, words in heard) == spend["tool_calls"] > 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"as_of": "soon"}, "as_of: 'soon' is no date"),
        ({"as_of": "2024-02-31"}, "as_of: '2024-02-31' is no date"),
        ({"as_of": "9999-12-31"}, "as_of: 9999-12-31 lies in the future: today is "),
        ({"as_of": 7}, "as_of: 7 is not of type 'string'"),
        ({"question": ""}, "question: '' "),
        ({"question": "x" * 20_001}, "question: longer than 20,000 characters"),
        ({"sector": "Banks"}, "'sector' was unexpected"),
    ],
)
async def test_arguments_that_mean_nothing_are_refused_before_a_run_begins(
    arguments: dict[str, Any], said: str
) -> None:
    async with in_process(NAME) as client:
        tool = await only_tool(client)
        result = await client.call_tool(tool.name, arguments)
    given = judged(tool, result.structured_content)
    assert result.is_error and given["error"]["code"] == "usage" and said in given["error"]["message"]
    assert given["as_of"] == (arguments.get("as_of") if isinstance(arguments.get("as_of"), str) else None)
    assert store.all_runs() == []


async def test_unknown_tools_and_pages_are_refused_with_what_there_is() -> None:
    async with in_process(NAME) as client:
        with pytest.raises(MCPError, match=f"Unknown tool 'other'. There are: {NAME}."):
            await client.call_tool("other", {})
        for uri in ("run://20250101-000000000-0000/page.html", "run://../../etc/page.html", "file:///etc/passwd"):
            with pytest.raises(MCPError, match="there is no resource") as refused:
                await client.read_resource(uri)
            assert refused.value.data == {"uri": uri}
        [template] = (await client.list_resource_templates()).resource_templates
    assert template.uri_template == "run://{run}/page.html"


async def test_a_page_of_an_agent_that_is_not_served_stays_unread(planned: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("ADVISOR_HOME", str(planned.parent.parent))
    uri = f"run://{planned.name}/page.html"
    async with in_process(NAME) as client:
        assert (await read(client, uri)).text == (planned / "page.html").read_text()
    async with in_process("us_sector_rotation") as client:
        with pytest.raises(MCPError, match="there is no resource"):
            await client.read_resource(uri)


async def test_there_is_no_page_of_a_log_whose_events_do_not_fit_together(planned: Path, home: Path) -> None:
    run = copy_without(ToolAsked, planned, home / "runs" / planned.name)
    async with in_process(NAME) as client:
        with pytest.raises(MCPError, match="there is no resource"):
            await client.read_resource(f"run://{run.name}/page.html")


@pytest.mark.parametrize("mode", ERAS)
async def test_clients_that_show_apps_get_the_page_beside_the_result_and_others_do_not(mode: str) -> None:
    async with in_process(NAME, mode=mode, apps=True) as client:
        tool = await only_tool(client)
        assert tool.meta == {"ui": {"resourceUri": "ui://advisor/run.html"}}
        [listed] = (await client.list_resources()).resources
        app = await read(client, listed.uri)
        result = await client.call_tool(tool.name, ASKED)
    assert (listed.uri, listed.mime_type) == (tool.meta["ui"]["resourceUri"], "text/html;profile=mcp-app")
    assert app.mime_type == listed.mime_type and app.text.startswith("<!DOCTYPE html>") and len(app.text) < 40_000
    assert "src=" not in app.text, "it is one file"
    assert app.meta and not any(app.meta["ui"]["csp"].values()), "it needs no domain"
    assert result.structured_content and result.meta
    run = store.find(result.structured_content["run"])
    assert result.meta["sector-advisor/page"] == (run / "page.html").read_text()
    assert "<html" not in json.dumps(result.structured_content) + text_of(result)
    async with in_process(NAME, mode=mode) as client:
        assert (await only_tool(client)).meta is None
        assert (await client.list_resources()).resources == []
        plain = await client.call_tool(tool.name, ASKED)
    assert "sector-advisor/page" not in (plain.meta or {})
    assert re.sub(run.name, "ID", text_of(result)) == re.sub(store.find("last").name, "ID", text_of(plain))
