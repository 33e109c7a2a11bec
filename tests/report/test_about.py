"""What a run is about and what its data lack: functions of its log alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest

from agent.events import ServerFailed
from agent.report import about
from agent.report.heatmap import heatmap_of
from agent.report.words import words
from agent.result import Call, RunResult
from agent.tools.listed import READ_RESOURCE
from tests.report.runs_and_pages import figure, result

SAY = words("en")
VN: dict[str, Any] = {
    "Banks": {"names": {"vi": "Ngân hàng"}, "aliases": ["Banking"], "tickers": ["VCB", "BID"]},
    "Retail": {"tickers": ["MWG"]},
    "Media": {},
}


def facts(run: RunResult) -> dict[str, str]:
    return dict(about.facts(run, heatmap_of(run.figures, run.taxonomy.key), SAY))


def gaps(run: RunResult, beside: Sequence[str] = ()) -> list[str]:
    return about.gaps(run, heatmap_of(run.figures, run.taxonomy.key), SAY, beside=beside)


@pytest.mark.parametrize(
    ("horizon", "as_of", "text"),
    [
        ("3 months", "2008-09-30", "3 months, from the as-of date to 2008-12-31"),
        ("1 quarter", "2008-11-29", "1 quarter, from the as-of date to 2009-02-28"),
        ("1 month", "2008-01-31", "1 month, from the as-of date to 2008-02-29"),
        ("2 years", "2008-06-15", "2 years, from the as-of date to 2010-06-15"),
        ("2 weeks", "2008-12-24", "2 weeks, from the as-of date to 2009-01-07"),
        ("63 sessions", "2008-09-30", "63 sessions, from the as-of date to about 2008-12-30"),
        ("9999 years", "2008-09-30", "9999 years"),
        ("soon", "2008-09-30", "soon"),
    ],
)
def test_a_horizon_has_an_end(horizon: str, as_of: str, text: str) -> None:
    assert facts(result(horizon=horizon, as_of=as_of))["Horizon"] == text


def test_without_an_as_of_date_the_horizon_begins_at_the_newest_data_else_when_they_were_retrieved() -> None:
    call = Call("c1", 1, "heat", "market", "heat", {}, "{}", source="live", retrieved_at="2026-01-05T08:00:00+00:00")
    undated = result(as_of=None, horizon="1 month", calls=[call], figures=[figure("Banks", 1.0, observed_at=None)])
    assert facts(result(as_of=None, horizon="1 month"))["Horizon"].endswith("from the newest data to 2026-01-31")
    assert facts(undated)["Horizon"] == "1 month, from the day of retrieval to 2026-02-05"
    assert facts(result(as_of=None, horizon="1 month", figures=[]))["Horizon"] == "1 month"


@pytest.mark.parametrize(
    ("spec", "universe", "taxonomy"),
    [
        ({}, "2 sectors, as the tools have them", None),
        ({"universe": ["Banks", "Media"]}, "2 sectors, named in the agent file", None),
        ({"sectors": VN}, "all 3 sectors of the taxonomy", "the agent file's 3 sectors, 3 tickers"),
        ({"sectors": "of/another/version.yaml"}, "2 sectors, as the tools have them", None),
        ({"sectors": {"Banks": {"colour": "red"}}}, "2 sectors, as the tools have them", None),
    ],
)
def test_universe_and_taxonomy_are_those_of_the_file_else_of_the_tools(
    spec: dict[str, Any], universe: str, taxonomy: str | None
) -> None:
    said = facts(result(spec=spec))
    assert (said["Universe"], said.get("Taxonomy")) == (universe, taxonomy)


def test_a_source_has_its_days_its_retrieval_and_its_age() -> None:
    calls = [
        Call(f"c{at}", 1, "heat", "market", "heat", {}, "{}", source=source, retrieved_at=retrieved, is_error=at == 2)
        for at, source, retrieved in [(1, "live", "2026-01-05T08:00:00+00:00"), (2, "live", None), (3, "refused", None)]
    ]
    figures = [figure("Banks", 1.0, tool="heat", observed_at=day) for day in ("2025-12-01", "2025-12-31", "soon")]
    [source] = about.sources(result(calls=calls, figures=figures, as_of="2026-01-02"))
    assert (source.tool, source.calls, source.failed) == ("heat", 2, 1)
    assert (source.observed, source.age) == (("2025-12-01", "2025-12-31"), 2)
    assert about.moment(source.retrieved_at) == "2026-01-05 08:00"


def test_a_source_without_figures_has_the_day_that_its_result_names() -> None:
    call = Call("c1", 1, "heat", "market", "heat", {}, "{}", source="live", dates={"observed_at": "2025-12-30"})
    [source] = about.sources(result(calls=[call], figures=[]))
    assert (source.observed, source.age) == (("2025-12-30", "2025-12-30"), 1)


def test_a_run_whose_data_lack_nothing_has_no_gap() -> None:
    assert gaps(result(figures=[figure("Banks", 2.5), figure("Retail", -1.0)])) == []


def test_sectors_cells_rows_servers_calls_and_days_that_are_missing_are_told() -> None:
    calls = [
        Call("c1", 1, "heat", "market", "heat", {}, "{}", withheld={"rows": 3, "latest": "2025-12-31"}),
        Call("c2", 1, "flow", "market", "flow", {}, "no", is_error=True),
    ]
    run = result(
        as_of="2026-06-30",
        horizon="3 months",
        spec={"sectors": VN},
        figures=[figure("Banking", 2.5), figure("Retail", None), figure("Banking", 2.5, "volatility")],
        calls=calls,
        failed_servers=[ServerFailed("vimo", "", 1, "", "exited early", False)],
    )
    assert gaps(run) == [
        "no figure for 2 sectors: Retail, Media",
        "2 of 4 cells are empty: Performance, Volatility",
        "3 rows later than the as-of date withheld, the latest of 2025-12-31",
        "server vimo failed: exited early",
        "1 of 2 calls brought nothing: flow",
        "the newest figure is 181 days old, more than the horizon",
    ]
    warnings = [
        "3 rows later than the as-of date were withheld: from heat, the latest of 2025-12-31",
        "server 'vimo': exited early",
        "the newest figure was observed on 2025-12-31, more than the horizon of 3 months before the as-of date",
    ]
    assert gaps(run, warnings) == [
        "no figure for 2 sectors: Retail, Media",
        "2 of 4 cells are empty: Performance, Volatility",
        "1 of 2 calls brought nothing: flow",
    ]


def test_a_horizon_says_from_which_day_it_counts() -> None:
    found = about.horizon_of(result(horizon="63 sessions", as_of="2008-09-30"))
    assert found is not None
    assert (found.begins, found.since, found.about) == (date(2008, 9, 30), "as of", True)


def call_of(tool: str, at: int, **more: Any) -> Call:
    return Call(f"c{at}", 1, tool, "s", tool, {}, "{}", source="live", **more)


def test_calls_that_brought_no_figures_are_told_but_for_links_and_what_they_lead_to() -> None:
    calls = [
        call_of("heat", 1),
        call_of("news", 2),
        call_of("outlook", 3, data={"outlook": "fair"}),
        call_of("macro", 4),
        call_of("index", 5, links=True),
        Call("c6", 2, "read_resource", "s", READ_RESOURCE, {}, "text", source="live"),
    ]
    figures = [figure("Banks", 1.0, tool="heat"), figure(None, 3.4, "inflation", tool="macro", call="c4")]
    assert gaps(result(calls=calls, figures=figures)) == ["2 of 6 calls brought no figures: news, outlook"]


def test_places_of_the_files_figures_at_which_nothing_stands_are_a_gap() -> None:
    table = {"sector": "s", "metrics": {"performance": {"at": "v"}}}
    tool = {"tool_name": "heat", "figures": [{"rows": "$.now[*]", **table}, {"rows": "$.then[*]", **table}]}
    spec = {"agent_name": "A", "description": "B.", "response_format": {"type": "object"}, "tools": [tool]}
    calls = [call_of("heat", 1, data={"now": [{"s": "Banks", "v": 1}], "past": [{"s": "Banks", "v": 2}]})]
    figures = [figure("Banks", 1.0, tool="heat", pointer="/now/0/v")]
    told = gaps(result(calls=calls, figures=figures, spec=spec))
    assert told == ["nothing stands at some places of the agent file's figures: heat"]
