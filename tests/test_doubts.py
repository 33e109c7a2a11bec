from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from agent.doubts import doubts
from agent.evidence import examine
from agent.figures import Figure, FigureReader
from agent.mapping import FiguresSpec, MetricSpec
from agent.model.base import Usage
from agent.result import Call, RunResult, TurnSpent
from agent.spec import AgentSpec, ToolSpec
from agent.taxonomy import SectorSpec

SPEC = AgentSpec(agent_name="A", description="B.", response_format={"type": "object"})
TODAY = date(2026, 11, 1)
UNREAD = "turn 2 read nothing from the cache: either minutes passed before it, or the server does not cache"


def turn(number: int, usage: Usage) -> TurnSpent:
    return TurnSpent(number, 1, usage, Usage(), 1.0, "tool_use", 1, "m")


def found(*usages: Usage, caches: bool = True, **more: object) -> list[str]:
    by_turn = [turn(number, usage) for number, usage in enumerate(usages, 1)]
    return doubts(RunResult(model="m", by_turn=by_turn, caches=caches, **more), SPEC, TODAY)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("retires", "says"),
    [
        ("2026-12-31", ["m retires on 2026-12-31: name another one, in model.name or with --model"]),
        ("2026-11-01", ["m retires on 2026-11-01: name another one, in model.name or with --model"]),
        ("2026-10-31", ["m was to retire on 2026-10-31: name another one, in model.name or with --model"]),
        ("2027-01-01", []),
        (None, []),
    ],
)
def test_model_is_warned_of_from_60_days_before_its_end(retires: str | None, says: list[str]) -> None:
    assert found(retires=retires) == says


@pytest.mark.parametrize("first", [Usage(cache_write=100), Usage(cache_read=100), Usage(input=4_096)])
def test_second_turn_that_read_nothing_of_what_a_cache_should_hold_is_told(first: Usage) -> None:
    assert found(first, Usage(cache_write=500)) == [UNREAD]


@pytest.mark.parametrize(
    "usages",
    [
        [Usage(cache_write=100)],
        [Usage(cache_write=100), Usage(cache_read=100)],
        [Usage(input=4_095), Usage(input=5_000)],
    ],
)
def test_run_of_one_turn_or_too_short_to_be_cached_or_cached_is_no_doubt(usages: list[Usage]) -> None:
    assert found(*usages) == []


def ticker(name: str | None, sector: str | None = None) -> Figure:
    return Figure(sector, "net", 1.0, None, None, None, "flow", "c1", "/0/net", name)


def test_tickers_of_no_sector_are_counted_and_told_once() -> None:
    figures = [ticker("XYZ"), ticker("VCB", "Banks"), ticker("XYZ"), ticker("ABC"), ticker(None)]
    assert found(figures=figures) == [
        "2 tickers without a sector, as the agent file has no `sectors`, so no sector's figures count them: XYZ, ABC"
    ]
    spec = SPEC.model_copy(update={"sectors": {"Banks": SectorSpec()}})
    many = [ticker(f"T{number}") for number in range(12)]
    (told,) = doubts(RunResult(figures=many), spec, TODAY)
    assert told.startswith("12 tickers in no sector of the agent file's `sectors`, so") and told.endswith("T9, …")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"rows": []}, ["`figures` of flow: `rows: $.data[*]` leads to no row; keys there: rows"]),
        ({"data": [{"v": 1}]}, []),
        ({"data": [{"v": 1}, {"w": 1}]}, []),
        ({"data": [{"w": 1}]}, ["`figures` of flow: `m.at: v` found no number in 1 row; keys there: w"]),
        ({"data": []}, ["no number stood where `figures` in the agent file says, in results of flow"]),
        ({"error": "no key"}, ["no number stood where `figures` in the agent file says, in results of flow"]),
        (None, []),
    ],
)
def test_mapping_that_found_nothing_is_told_with_its_tool_and_place(data: Any, says: list[str]) -> None:
    mapping = FiguresSpec(rows="$.data[*]", metrics={"m": MetricSpec(at="v")})
    spec = SPEC.model_copy(update={"tools": [ToolSpec(tool_name="flow", bind="s.own", figures=mapping)]})
    calls = [Call("c1", 1, "flow", "s", "own", {}, data=data), Call("c2", 1, "other", "s", "other", {}, data={})]
    figures = FigureReader(spec).read(data, offered_as="flow", call="c1", server="s", tool="own")
    assert doubts(RunResult(calls=calls, figures=figures), spec, TODAY) == says


def test_place_that_one_of_several_calls_has_is_no_doubt() -> None:
    mapping = FiguresSpec(rows="$.data[*]", metrics={"m": MetricSpec(at="v"), "n": MetricSpec(at="w")})
    spec = SPEC.model_copy(update={"tools": [ToolSpec(tool_name="flow", figures=mapping)]})
    sent = {"c1": {"data": [{"v": 1}]}, "c2": {"data": [{"w": 1}]}}
    calls = [Call(id, 1, "flow", "s", "flow", {}, data=data) for id, data in sent.items()]
    reader = FigureReader(spec)
    figures = [each for id, data in sent.items() for each in reader.read(data, offered_as="flow", call=id)]
    assert doubts(RunResult(calls=calls, figures=figures), spec, TODAY) == []


@pytest.mark.parametrize(
    ("calls", "says"),
    [
        ([("Banks rose.", None, {})], ["`figures` of flow: no result is JSON, a list of JSON objects or a text with a "
                                       "table, so nothing is read"]),
        ([("Banks rose.", None, {}), ("{}", {"data": [{"v": 1}]}, {})],
         ["no number stood where `figures` in the agent file says, in results of flow"]),
        ([("", None, {"rows": 2, "latest": "2026-12-01"})], []),
    ],
)  # fmt: skip
def test_results_that_no_mapping_can_read_are_told_but_for_what_was_withheld(calls: Any, says: list[str]) -> None:
    mapping = FiguresSpec(rows="$.data[*]", metrics={"m": MetricSpec(at="v")})
    spec = SPEC.model_copy(update={"tools": [ToolSpec(tool_name="flow", figures=mapping)]})
    made = [
        Call(f"c{at}", 1, "flow", "s", "flow", {}, shown, data, withheld=withheld)
        for at, (shown, data, withheld) in enumerate(calls)
    ]
    figures = [each for call in made for each in FigureReader(spec).read(call.data, offered_as="flow", call=call.id)]
    told = doubts(RunResult(calls=made, figures=figures), spec, TODAY)
    assert [each for each in told if "withheld" not in each] == says


def test_server_that_is_not_asked_to_cache_is_not_blamed() -> None:
    assert found(Usage(input=9_000), Usage(input=9_000), caches=False) == []


ADVISOR = SPEC.model_copy(update={"response_format": {"type": "object", "properties": {"sector_recommendations": {}}}})


def advised(rationale: str, *lookbacks: str | None, metric: str = "performance") -> list[str]:
    """Doubts about one rationale over figures of 7.3, 8.3, … percent with these lookbacks."""
    figures = [
        Figure("Banks", metric, 7.3 + at, "percent", lookback, None, "t", "c", f"/{at}")
        for at, lookback in enumerate(lookbacks)
    ]
    answer = {"sector_recommendations": [{"sector_name": "Banks", "rationale": rationale}]}
    evidence = [number.to_json() for number in examine(answer, figures)]
    return doubts(RunResult(answer=answer, figures=figures, evidence=evidence), ADVISOR, TODAY)


def short(lookback: str) -> list[str]:
    return [
        f"the returns and flows behind the advice look back {lookback} at most, far less than the horizon of "
        "63 sessions"
    ]


def test_a_quarters_advice_that_rests_on_one_day_is_told() -> None:
    assert advised("It rose.", "1 session") == short("1 session")
    assert advised("It returned 7.3 %.", "1D", "5D") == short("1D")


def test_evidence_that_looks_back_far_enough_is_no_doubt() -> None:
    assert advised("It rose.", "1M", "1D") == []
    assert advised("It returned 8.3 %.", "1D", "3M") == []
    assert advised("Momentum is 8.3 %.", "1D", "12-1M", metric="momentum") == []


def test_only_lookbacks_that_are_known_and_of_returns_or_flows_count() -> None:
    assert advised("It rose.", None, "some time") == []
    assert advised("It rose.", "1D", metric="volatility") == []
    assert advised("It rose.") == []
    assert doubts(RunResult(figures=[]), ADVISOR, TODAY) == []
