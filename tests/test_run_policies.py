from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest
from mcp.server.mcpserver import MCPServer

from agent.doubts import doubts
from agent.errors import (
    DriftError,
    ServerError,
    SimulatedDataError,
    SpecError,
)
from agent.events import ModelAsked, RunFinished, ToolAnswered, ToolAsked, Warned
from agent.figures import Figure
from agent.result import Call, RunResult
from agent.run import run
from agent.runs import store
from agent.spec import AgentSpec
from tests.asking import ask, logged
from tests.messages_api import call
from tests.scripted import ANSWER, LOOK, SECTOR_FORM, Scripted, agent_file, answer, market, said
from tests.tools.raw import PROGRAM


async def test_simulated_data_and_a_paid_model_are_refused_before_any_request() -> None:
    with pytest.raises(SimulatedDataError) as caught:
        await run(agent_file(), "Which?", model=Scripted(paid=True))
    assert caught.value.exit_code == 2 and "--simulated" in str(caught.value.hint)
    assert not [event for event in logged(store.home()) if isinstance(event, ModelAsked)]


async def test_simulated_data_that_nobody_declared_stop_a_paid_model_at_once() -> None:
    model = Scripted(said(LOOK))
    with pytest.raises(SimulatedDataError, match="get_sector_heatmap"):
        await ask(model, servers={"market": market(kind="simulated")})


async def test_simulated_data_are_labelled_wherever_they_are_allowed() -> None:
    model = Scripted(said(LOOK), answer())
    result = await ask(model, servers={"market": market(kind="simulated")}, simulated=True)
    assert result.labels == ["SIMULATED DATA"]
    assert all(each["rationale"].startswith("[SIMULATED] ") for each in result.answer["sector_recommendations"])
    assert result.page and "SIMULATED DATA" in result.page.read_text(encoding="utf-8")


async def test_unpaid_model_may_work_on_simulated_data() -> None:
    result = await ask(Scripted(said(LOOK), answer(), paid=False), servers={"market": market(kind="simulated")})
    assert result.ok


async def test_as_of_reaches_the_prompt_and_the_calls() -> None:
    model = Scripted(said(LOOK), answer())
    result = await ask(model, as_of="2008-09-30")
    assert "As-of date: 2008-09-30" in model.requests[0].messages[0]["content"][1]["text"]
    assert result.calls[0].arguments == {"lookback_period": "3M", "as_of": "2008-09-30"}
    assert result.calls[0].dates["as_of"] == "2008-09-30"


async def test_tool_that_takes_no_date_is_a_warning_when_it_may_be_asked_for_a_past_one() -> None:
    def news() -> str:
        """No date."""
        return "nothing"

    servers = {"market": market(news=news)}
    result = await ask(Scripted(said(LOOK), answer()), as_of="2008-09-30", servers=servers, allow_live=True)
    assert any("take no date" in warning and "news" in warning for warning in result.warnings)


async def test_missing_declared_tool_is_an_error_unless_the_policy_says_otherwise() -> None:
    tools = [{"tool_name": "get_sector_heatmap"}, {"tool_name": "get_sector_heat"}]
    with pytest.raises(DriftError, match="nearest names are get_sector_heatmap") as caught:
        await ask(Scripted(), keys={"tools": tools})
    assert caught.value.exit_code == 5
    result = await ask(Scripted(said(LOOK), answer()), keys={"tools": tools, "policy": {"on_drift": "warn"}})
    assert result.ok and any("get_sector_heat:" in warning for warning in result.warnings)


async def test_changed_parameter_is_a_warning_unless_the_policy_says_otherwise() -> None:
    tools = [{"tool_name": "get_sector_heatmap", "parameters": {"horizon": {"type": "string"}}}]
    result = await ask(Scripted(said(LOOK), answer()), keys={"tools": tools})
    assert any("the server does not know this parameter" in warning for warning in result.warnings)
    with pytest.raises(DriftError):
        await ask(Scripted(), keys={"tools": tools, "policy": {"on_drift": "error"}})


def raw(behaviour: str, **more: Any) -> dict[str, Any]:
    import sys

    return {"command": sys.executable, "args": [str(PROGRAM), behaviour], **more}


async def test_optional_server_that_fails_is_reported_and_the_run_goes_on() -> None:
    servers = {"good": raw("well"), "vimo": raw("exits", required=False)}
    keys = {"mcpServers": servers, "tools": [{"tool_name": "double"}, {"tool_name": "only_at_vimo"}]}
    model = Scripted(said(call("double", {"n": 2})), answer())
    result = await ask(model, servers=None, keys=keys)
    assert result.ok
    assert [failed.server for failed in result.failed_servers] == ["vimo"]
    assert any("DB password missing" in warning for warning in result.warnings)
    assert any("only_at_vimo" in warning for warning in result.warnings), "a tool it would have had is a warning too"


async def test_optional_server_that_dies_in_a_call_is_an_error_result_and_a_warning() -> None:
    servers = {"good": raw("well"), "weak": raw("dies-in-call", required=False)}
    model = Scripted(said(call("weak__double", {"n": 2})), said(call("good__double", {"n": 2}, id="2")), answer())
    result = await ask(model, servers=None, keys={"mcpServers": servers, "tools": [{"tool_name": "double"}]})
    assert result.ok and result.calls[0].is_error
    assert [(failed.server, failed.exit) for failed in result.failed_servers] == [("weak", 3)]


async def test_required_server_that_dies_in_a_call_fails_the_run_and_loses_nothing_that_was_logged() -> None:
    servers = {"good": raw("well"), "weak": raw("dies-in-call")}
    model = Scripted(said(call("good__double", {"n": 2}), call("weak__double", {"n": 2}, id="2")))
    with pytest.raises(ServerError) as caught:
        await ask(model, servers=None, keys={"mcpServers": servers, "tools": [{"tool_name": "double"}]})
    assert caught.value.run_id
    events = logged(store.home())
    assert len([event for event in events if isinstance(event, ToolAsked)]) == 2
    assert [event.call for event in events if isinstance(event, ToolAnswered)] == ["toolu_1"]
    assert isinstance(events[-1], RunFinished) and events[-1].status == "failed"


async def test_variable_that_is_not_set_is_told_with_its_place() -> None:
    keys = {"mcpServers": {"m": {"command": "x", "env": {"KEY": "${NOT_SET_ANYWHERE}"}}}}
    with pytest.raises(
        SpecError, match=r"mcpServers\.m\.env\.KEY: the environment variable NOT_SET_ANYWHERE is not set"
    ):
        await ask(Scripted(), servers=None, keys=keys)


async def test_secrets_of_the_file_never_enter_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THE_KEY", "sk-from-environment")
    env = {"SECRET_KEY": "${THE_KEY}", "API_TOKEN": "literal-token-1"}
    keys = {"mcpServers": {"m": raw("leaks", env=env)}, "tools": [{"tool_name": "double"}]}
    result = await ask(Scripted(said(call("double", {"n": 1})), answer()), servers=None, keys=keys)
    written = "".join(
        path.read_text(encoding="utf-8") for path in (result.folder or Path()).iterdir() if path.is_file()
    )
    assert "sk-from-environment" not in written and "literal-token-1" not in written
    assert "the key is [redacted]" in written


async def test_optional_server_whose_variable_is_not_set_is_reported_and_the_run_goes_on() -> None:
    vimo = {"command": "x", "env": {"KEY": "${NOT_SET_ANYWHERE}"}, "required": False}
    keys = {"mcpServers": {"good": raw("well"), "vimo": vimo}, "tools": [{"tool_name": "double"}]}
    result = await ask(Scripted(said(call("double", {"n": 2})), answer()), servers=None, keys=keys)
    assert result.ok and any("NOT_SET_ANYWHERE is not set" in warning for warning in result.warnings)


async def test_url_that_a_tool_only_echoes_is_not_one_of_its_own() -> None:
    def echo(words: str) -> str:
        """Says it back."""
        return words

    evil = "https://evil.example/x"
    model = Scripted(said(call("echo", {"words": evil})), answer({**ANSWER, "heatmap_url": evil}))
    result = await ask(model, servers={"market": market(echo=echo)})
    assert result.answer["heatmap_url"].startswith("file://")


async def test_header_that_holds_a_line_break_is_refused_without_showing_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESK_TOKEN", "super-secret\n")
    desk = {"url": "http://127.0.0.1:9/mcp", "headers": {"Authorization": "Bearer ${DESK_TOKEN}"}}
    with pytest.raises(SpecError, match="holds a line break") as caught:
        await ask(Scripted(), servers=None, keys={"mcpServers": {"desk": desk}})
    assert "super-secret" not in caught.value.message


async def test_answer_is_judged_as_it_is_handed_out() -> None:
    form = {
        **SECTOR_FORM,
        "properties": {**SECTOR_FORM["properties"], "heatmap_url": {"type": "string", "maxLength": 9}},
    }
    model = Scripted(said(LOOK), answer(), answer(), answer())
    result = await ask(model, keys={"response_format": form})
    assert result.status == "invalid" and result.errors[0]["pointer"] == "/heatmap_url"


async def test_mapping_that_is_no_json_and_a_date_object_are_handled() -> None:
    with pytest.raises(SpecError, match="not JSON"):
        await run(agent_file(universe={"Banks"}), "Which?", model=Scripted())
    result = await ask(Scripted(said(LOOK), answer()), as_of=datetime.date(2008, 9, 30))
    assert result.as_of == "2008-09-30"


async def test_without_any_tool_to_offer_no_paid_request_is_made() -> None:
    def unhinted() -> str:
        """Says nothing about itself, so it is not known to be read-only."""
        return "x"

    server: MCPServer[Any] = MCPServer("plain")
    server.add_tool(unhinted)
    result = await ask(Scripted(), servers={"plain": server})
    assert (result.status, result.requests) == ("unsupported", 0)
    assert any("not known to be read-only" in warning for warning in result.warnings)
    allowed = {"policy": {"require_calls": False}}
    assert (await ask(Scripted(answer()), servers={"plain": server}, keys=allowed)).ok


async def test_data_older_than_the_horizon_are_a_warning() -> None:
    result = await ask(Scripted(said(LOOK), answer()), as_of="2020-03-31")
    assert not any("the newest figure" in warning for warning in result.warnings)
    old = market()
    model = Scripted(said(call("get_sector_heatmap", {"as_of": "2019-06-28"})), answer())
    result = await ask(model, as_of="2020-03-31", servers={"market": old})
    assert (
        "the newest figure was observed on 2019-06-28, more than the horizon of 63 sessions before the as-of date, "
        "2020-03-31" in result.warnings
    )


async def test_sectors_that_two_servers_name_alike_are_a_warning() -> None:
    calls = [call(f"{name}__get_sector_heatmap", {}, id=name) for name in ("us", "vn")]
    result = await ask(Scripted(said(*calls), answer()), servers={"us": market(), "vn": market()})
    assert "two servers have figures for Banks, Energy: they may mean different markets" in result.warnings


def test_sectors_that_two_servers_write_differently_are_a_warning_too() -> None:
    calls = [Call(name, 1, "heatmap", name, "heatmap", {}, "{}") for name in ("us", "vn")]
    figures = [
        Figure(sector, "performance", 1.0, "percent", "3M", "2026-01-30", "heatmap", call.id, "")
        for sector, call in zip(("Oil and Gas", "Oil & Gas"), calls, strict=True)
    ]
    spec = AgentSpec.model_validate(agent_file())
    told = doubts(RunResult("r1", "ok", calls=calls, figures=figures), spec, datetime.date(2026, 1, 31))
    assert told == ["two servers have figures for Oil and Gas: they may mean different markets"]


async def test_warnings_are_in_the_log_before_the_run_ends() -> None:
    seen: list[str] = []

    def look(request: Any) -> Any:
        seen.extend(event.text for event in logged(store.home()) if isinstance(event, Warned))
        return said(LOOK)

    servers = {"market": market(news=lambda: "none")}
    await ask(Scripted(look, answer()), as_of="2008-09-30", servers=servers, allow_live=True)
    assert any("take no date" in text for text in seen)
