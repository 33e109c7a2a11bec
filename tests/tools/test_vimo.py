"""The article's agent file against a server with the real tools of today, as `advisor tools` and a run see it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from agent import agentfile, data
from agent.errors import DriftError
from agent.events import ContentStored, RunStarted
from agent.gathering import read_run
from agent.market.vn_parameters import SECTORS
from agent.report.heatmap import heatmap_of
from agent.result import RunResult
from agent.run import as_logged, run
from agent.runs import log
from agent.source import read
from tests.cli.advisor import advisor
from tests.messages_api import call
from tests.scripted import Scripted, answer, said

FIXTURES = Path(__file__).parent.parent / "fixtures"
ARTICLE = FIXTURES / "article_form.json5"
VIMO = {"command": sys.executable, "args": [str(FIXTURES / "vimo_server.py")]}
ADVICE = {"action": "neutral", "rationale": "It rose 1.2 percent.", "confidence_score": 0.5}
UNKNOWN = "the server does not know this parameter"


def article(**tools: dict[str, Any]) -> dict[str, Any]:
    """The article's file with the server, and with what is said anew of its tools; without parameters when bound."""
    content = read(ARTICLE).value
    content["mcpServers"] = {"vimo": VIMO}
    for tool in content["tools"]:
        if tool["tool_name"] in tools:
            tool |= tools[tool["tool_name"]]
            del tool["parameters"]
    return dict(content)


BOUND = {
    "get_sector_heatmap": {"bind": "vimo.get_sector_rotation"},
    "get_macro_indicators": {"bind": "vimo.get_macro_snapshot", "arguments": {"category": "vietnam"}},
    "get_foreign_flow": {},
    "get_whale_activity": {},
}


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "article.json5"
    path.write_text(json.dumps(article()), encoding="utf-8")
    return path


def test_tools_reports_exactly_how_the_declaration_and_the_server_differ(written: Path) -> None:
    done = advisor("tools", "-c", written.name, "--format", "json", cwd=written.parent)
    rows = {row["name"]: row for row in json.loads(done.stdout)}
    assert done.returncode == 0 and len(rows) == 35 + 2
    found = [
        (name, row["server"], each["kind"], each["at"], each["hint"].partition(";")[0])
        for name, row in sorted(rows.items())
        for each in row["differences"]
    ]
    assert found == [
        ("get_foreign_flow", "vimo", "changed", "parameters.sector", UNKNOWN),
        ("get_foreign_flow", "vimo", "changed", "parameters.period", UNKNOWN),
        ("get_foreign_flow", "vimo", "changed", "parameters.flow_type", UNKNOWN),
        ("get_macro_indicators", None, "missing", "tool", "no server offers this tool"),
        ("get_sector_heatmap", None, "missing", "tool", "no server offers this tool"),
        ("get_whale_activity", "vimo", "changed", "parameters.sector", UNKNOWN),
        ("get_whale_activity", "vimo", "changed", "parameters.lookback_days", UNKNOWN),
    ]
    heatmap, macro = (rows[name]["differences"][0]["hint"] for name in ("get_sector_heatmap", "get_macro_indicators"))
    assert heatmap.endswith("if one is meant, say so, as with bind: vimo.get_sector_rotation")
    assert macro.endswith("if one is meant, say so, as with bind: vimo.get_macro_snapshot")
    offered = sorted(name for name, row in rows.items() if row["offered_as"])
    assert offered == ["get_foreign_flow", "get_whale_activity"]


async def test_article_as_it_is_does_not_run_and_says_why() -> None:
    with pytest.raises(DriftError, match="get_sector_heatmap: tool: no server offers this tool"):
        await run(article(), "Which sectors?", model=Scripted())


async def test_article_bound_to_the_servers_tools_runs_and_shows_no_difference() -> None:
    model = Scripted(
        said(
            call("get_sector_heatmap", {}, id="a"),
            call("get_macro_indicators", {}, id="b"),
            call("get_foreign_flow", {"sector": "Banking"}, id="c"),
            call("get_whale_activity", {}, id="d"),
        ),
        answer(),
    )
    result = await run(article(**BOUND), "Which sectors?", model=model)
    assert result.ok and result.offered.differences == [] and result.offered.set_aside == []
    assert [(each.server, each.tool, each.arguments, each.source) for each in result.calls] == [
        ("vimo", "get_sector_rotation", {}, "live"),
        ("vimo", "get_macro_snapshot", {"category": "vietnam"}, "live"),
        ("vimo", "get_foreign_flow", {"sector": "Banking"}, "refused"),
        ("vimo", "get_whale_activity", {}, "live"),
    ]
    assert [(each.sector, each.metric, each.value) for each in result.figures[:2]] == [
        ("Banking", "change_pct", 1.2),
        ("Real estate", "change_pct", -0.8),
    ]
    told = model.requests[1].messages[-1]["content"][2]["content"]
    assert "get_foreign_flow has no parameter sector" in told and "It takes no arguments." in told


def test_bound_article_passes_check(tmp_path: Path) -> None:
    path = tmp_path / "bound.json5"
    path.write_text(json.dumps(article(**BOUND)), encoding="utf-8")
    assert agentfile.load(path).spec.tools
    assert advisor("check", path.name, cwd=tmp_path).returncode == 0


def shipped() -> dict[str, Any]:
    """The agent file for this server that ships with the package, with the server of the fixture in its place."""
    content = read(data.root() / "configs" / "vimo.yaml").value
    return content | {"mcpServers": {"vimo": VIMO}}


def cells(result: RunResult) -> dict[str, dict[tuple[str, str], float | None]]:
    """Sector → (tool, metric) → number, as the heatmap has them."""
    table = heatmap_of(result.figures)
    return {
        row.sector: {
            (column.tool, column.metric): cell.value
            for column, cell in zip(table.columns, row.cells, strict=True)
            if cell.source
        }
        for row in table.rows
    }


async def test_shipped_agent_reads_the_servers_day_into_a_heatmap_of_every_sector() -> None:
    result = await run(shipped(), offline=True)
    assert result.ok and result.offered.differences == []
    found = cells(result)
    assert set(found) == set(SECTORS)
    performance = ("get_sector_heatmap", "performance")
    assert [found[name][performance] for name in ("Banks", "Basic Resources", "Technology")] == [1.2, -1.1, 1.9]
    flow, whales = ("get_foreign_flow", "net_value"), ("get_whale_activity", "net_value")
    assert [found[name].get(flow) for name in ("Banks", "Technology", "Utilities")] == [90.25, 1020.4, None]
    assert [found[name].get(whales) for name in ("Banks", "Real Estate", "Utilities")] == [64.0, -72.5, -7.2]
    assert {each["sector_name"] for each in result.answer["sector_recommendations"]} <= set(SECTORS)
    assert [figure.metric for figure in result.figures if figure.sector is None and not figure.ticker] == ["cpi_yoy"]
    units = {(each.metric, each.unit, each.lookback, each.observed_at) for each in result.figures if each.sector}
    assert units == {
        ("performance", "percent", "1 session", "2026-11-27"),
        ("net_value", "VND billion", "1 session", "2026-11-27"),
    }


async def test_tickers_are_kept_beside_their_sectors_and_unknown_ones_are_told() -> None:
    result = await run(shipped(), offline=True)
    flow = [each for each in result.figures if each.tool == "get_foreign_flow"]
    banks = {each.ticker: each.value for each in flow if each.sector == "Banks"}
    assert banks == {"VCB": 120.5, "BID": -30.25, None: 90.25}
    assert [each for each in result.warnings if "ticker" in each] == [
        "1 ticker in no sector of the agent file's `sectors`, so no sector's figures count them: XYZ"
    ]


async def test_error_that_the_server_does_not_call_one_has_no_figures() -> None:
    model = Scripted(
        said(
            call("get_financial_statements", {"symbol": "VCB"}, id="a"),
            call("get_sector_heatmap", {}, id="b"),
        ),
        answer({"sector_recommendations": [ADVICE | {"sector_name": "Ngân hàng"}], "heatmap_url": ""}),
    )
    result = await run(shipped(), model=model)
    assert result.ok and {figure.call for figure in result.figures} == {"b"}
    assert [call.is_error for call in result.calls] == [False, False]
    assert result.answer["sector_recommendations"][0]["sector_name"] == "Banks"
    assert "sector_name 'Ngân hàng' was replaced by the sector's own name, 'Banks'" in result.warnings


async def test_run_read_again_from_its_log_alone_has_the_same_figures(tmp_path: Path) -> None:
    path, taxonomy = tmp_path / "agent.json5", tmp_path / "mine.yaml"
    taxonomy.write_text("Lenders: {aliases: [Banking], tickers: [VCB, BID]}", encoding="utf-8")
    path.write_text(json.dumps(shipped() | {"sectors": "mine.yaml"}), encoding="utf-8")
    result = await run(path, offline=True)
    assert "Lenders" in cells(result)
    taxonomy.unlink()
    path.unlink()
    assert result.folder and read_run(result.folder).figures == result.figures
    events = [line.event for line in log.read(result.folder / log.FILE)]
    started = next(event for event in events if isinstance(event, RunStarted))
    contents = {event.hash: event.content for event in events if isinstance(event, ContentStored)}
    again = as_logged(started, contents)
    assert again.hashes == (started.spec, started.prompt)
    assert again.spec.taxonomy and again.spec.taxonomy.sector_of("VCB") == "Lenders"


def said_of(*rationales: tuple[str, str]) -> dict[str, Any]:
    rows = [
        {"sector_name": sector, "action": "overweight", "rationale": rationale, "confidence_score": 0.55}
        for sector, rationale in rationales
    ]
    return {"sector_recommendations": rows, "heatmap_url": ""}


async def test_true_numbers_of_a_foreign_server_pass_and_its_single_day_is_told() -> None:
    """In both languages: what rows say, what tickers add up to, and one ticker's own."""
    calls = [
        call(name, {}, id=name[4])
        for name in ("get_sector_heatmap", "get_foreign_flow", "get_whale_activity", "get_macro_indicators")
    ]
    told = said_of(
        ("Banks", "It rose 1.2 % today. Foreigners bought VND 90.3 billion net, of VCB alone VND 120.5 billion."),
        ("Technology", "Tăng 1,9%, khối ngoại mua ròng 1.020,4 tỷ đồng; lạm phát 3,4%."),
        ("Real Estate", "Down 0.8 %, and large trades of VND −72.5 billion net; it lags Technology by 2.7 pp."),
    )
    result = await run(shipped() | {"horizon": "63 sessions"}, model=Scripted(said(*calls), answer(told)))
    assert result.ok and result.repairs == 0
    assert result.counted == {"grounded": 8, "derived": 1}
    assert len(cells(result)) == len(SECTORS)
    [short] = [each for each in result.warnings if "look back" in each]
    assert "1 session at most, far less than the horizon of 63 sessions" in short


async def test_made_up_numbers_of_a_foreign_server_are_sent_back() -> None:
    first = said_of(("Banks", "It rose 1.9 %."), ("Technology", "It fell 1.9 %."), ("Utilities", "Profit grew 12.4 %."))
    second = said_of(("Banks", "It rose 1.2 %."), ("Technology", "It rose 1.9 %."), ("Utilities", "Its gas is cheap."))
    model = Scripted(said(call("get_sector_heatmap", {}, id="b")), answer(first), answer(second))
    result = await run(shipped(), model=model)
    assert result.ok and result.counted == {"grounded": 2}
    reply = model.requests[2].messages[-1]["content"][-1]["text"]
    assert [number in reply for number in ("'1.9 %'", "'12.4 %'")] == [True, True] and reply.count("rationale") == 3


async def test_planner_advises_on_no_sector_that_the_taxonomy_lacks() -> None:
    few = {"Banks": {"aliases": ["Banking"]}, "Technology": {}, "Utilities": {}}
    result = await run(shipped() | {"sectors": few}, offline=True)
    assert result.ok and len(cells(result)) > len(few)
    assert {each["sector_name"] for each in result.answer["sector_recommendations"]} <= set(few)
    assert any("have no entry for" in warning for warning in result.warnings)
