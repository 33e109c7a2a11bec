from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from pydantic import ValidationError

from agent import source
from agent.market.server import build
from agent.market.tools import METRICS
from agent.replay.keys import normalised
from agent.replay.slices import Containment, contains, cut

DECLARED = {
    tool: Containment.model_validate(each)
    for tool, each in source.read(Path(__file__).parents[2] / "evals" / "containment.yaml").value.items()
}
FLOW, HEATMAP, MACRO = (DECLARED[f"get_{name}"] for name in ("foreign_flow", "sector_heatmap", "macro_indicators"))
INDICATORS = ("gdp_growth", "inflation", "interest_rates", "unemployment_rate")
VN_SECTORS = ("Oil and Gas", "Banks", "Utilities")


async def ask(client: Client, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """A whole result, as a log holds it."""
    result = (await client.call_tool(tool, arguments)).model_dump(mode="json", by_alias=True, exclude_none=True)
    assert not result["isError"], result["content"]
    return result


async def slices_and_answers(
    pack: str, tool: str, wide: dict[str, Any], *narrow: dict[str, Any]
) -> tuple[list[Any], list[Any]]:
    """What is cut from the answer to the wide call, and the server's own answers to the narrow ones."""
    declared = DECLARED[tool]
    async with Client(build(pack)) as client:
        [schema] = [each.input_schema for each in (await client.list_tools()).tools if each.name == tool]
        for each in narrow:
            wider, narrower = (normalised(call, schema, declared.sets) for call in (wide, each))
            assert contains(wider, narrower, declared)
        recorded = await ask(client, tool, wide)
        before = copy.deepcopy(recorded)
        slices = [cut(recorded, each, declared) for each in narrow]
        assert recorded == before
        return slices, [await ask(client, tool, each) for each in narrow]


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("get_foreign_flow", {}),
        ("get_foreign_flow", {"period": "1Y", "flow_type": "total_sell", "as_of": "2020-03-31"}),
        ("get_whale_activity", {}),
        ("get_whale_activity", {"lookback_days": 3, "as_of": "2020-03-31"}),
        ("get_financial_statements", {}),
        ("get_financial_statements", {"period": "annually", "as_of": "2020-03-31"}),
    ],
)
async def test_one_sector_cut_from_all_is_the_markets_own_answer(tool: str, arguments: dict[str, Any]) -> None:
    narrow = [arguments | {"sector": sector} for sector in VN_SECTORS]

    for wide in (arguments, arguments | {"sector": "all"}):
        slices, answers = await slices_and_answers("vn-sim", tool, wide, *narrow, wide)
        assert slices == answers


@pytest.mark.parametrize(
    ("pack", "arguments"),
    [
        ("vn-sim", {}),
        ("us-real", {}),
        ("vn-sim", {"as_of": "2016-03-01", "lookback_period": "1M", "granularity": "monthly"}),
        ("us-real", {"as_of": "1949-03-31", "lookback_period": "1M"}),
    ],
)
async def test_some_metrics_cut_from_all_are_the_markets_own_answer(pack: str, arguments: dict[str, Any]) -> None:
    asked = [[metric] for metric in METRICS] + [["performance", "volatility"], ["momentum", "momentum"], [*METRICS]]
    narrow = [arguments | {"metrics": metrics} for metrics in asked]

    wide = arguments | {"metrics": list(METRICS)}
    slices, answers = await slices_and_answers(pack, "get_sector_heatmap", wide, *narrow)

    assert slices == answers


@pytest.mark.parametrize(
    ("pack", "arguments"),
    [
        ("vn-sim", {}),
        ("us-real", {}),
        ("vn-sim", {"region": "Global", "period": "monthly", "as_of": "2020-03-04"}),
        ("us-real", {"period": "annually", "as_of": "1953-02-10"}),
        ("us-real", {"period": "annually", "as_of": "1949-01-31"}),
    ],
)
async def test_some_indicators_cut_from_all_are_the_markets_own_answer(pack: str, arguments: dict[str, Any]) -> None:
    asked = [[each] for each in INDICATORS] + [["inflation", "unemployment_rate"], [*INDICATORS]]
    narrow = [arguments | {"indicators": indicators} for indicators in asked]

    slices, answers = await slices_and_answers(pack, "get_macro_indicators", arguments, *narrow)

    assert slices == answers


async def test_a_slice_keeps_the_order_in_which_it_was_asked() -> None:
    metrics, indicators = {"metrics": ["volatility", "momentum"]}, {"indicators": ["inflation", "gdp_growth"]}

    heatmap = await slices_and_answers("vn-sim", "get_sector_heatmap", {"metrics": list(METRICS)}, metrics)
    macro = await slices_and_answers("vn-sim", "get_macro_indicators", {}, indicators)

    assert heatmap[0] == heatmap[1]
    assert macro[0] == macro[1]


async def test_every_tool_with_a_list_or_sector_argument_is_declared() -> None:
    async with Client(build("vn-sim")) as client:
        tools = {tool.name: tool.input_schema["properties"] for tool in (await client.list_tools()).tools}

    sliced = {
        tool: {name for name, schema in properties.items() if name == "sector" or schema["type"] == "array"}
        for tool, properties in tools.items()
    }
    assert sliced == {
        tool: {each.argument for each in (declared.rows, declared.columns) if each}
        for tool, declared in DECLARED.items()
    }


@pytest.mark.parametrize(
    ("wide", "narrow", "held"),
    [
        ({"sector": "all"}, {"sector": "Banks"}, True),
        ({}, {"sector": "Banks"}, True),
        ({"sector": None}, {"sector": "Banks"}, True),
        ({"sector": "all"}, {}, True),
        ({"sector": "Banks"}, {"sector": "Banks"}, True),
        ({"sector": ["Banks", "Energy"]}, {"sector": ["Energy"]}, True),
        ({"sector": "Banks"}, {"sector": "all"}, False),
        ({"sector": "Banks"}, {}, False),
        ({"sector": "Banks"}, {"sector": "banks"}, False),
        ({"sector": "ALL"}, {"sector": "Banks"}, False),
        ({"sector": "all"}, {"sector": []}, False),
        ({"sector": "all"}, {"sector": 7}, False),
        ({"sector": "all", "days": 20}, {"sector": "Banks"}, False),
        ({"sector": "all", "days": 20}, {"sector": "Banks", "days": 5}, False),
        ({"sector": "all", "days": 1}, {"sector": "Banks", "days": True}, False),
        ({"sector": "all", "days": 20}, {"sector": "Banks", "days": 20}, True),
    ],
)
def test_only_a_call_for_these_rows_that_is_equal_otherwise_holds_a_narrower_one(
    wide: dict[str, Any], narrow: dict[str, Any], held: bool
) -> None:
    assert contains(wide, narrow, FLOW) is held


@pytest.mark.parametrize(
    ("wide", "narrow", "held"),
    [
        ({"metrics": ["a", "b"]}, {"metrics": ["a"]}, True),
        ({"metrics": ["a", "b"]}, {"metrics": ["b", "a"]}, True),
        ({"metrics": ["a", "b"]}, {"metrics": "a"}, True),
        ({}, {}, True),
        ({"metrics": ["a"]}, {"metrics": ["a", "b"]}, False),
        ({}, {"metrics": ["a"]}, False),
        ({"metrics": ["a"]}, {}, False),
        ({"metrics": ["a"]}, {"metrics": []}, False),
        ({"metrics": ["a"]}, {"metrics": [1]}, False),
    ],
)
def test_only_a_call_that_names_these_columns_holds_them(
    wide: dict[str, Any], narrow: dict[str, Any], held: bool
) -> None:
    assert contains(wide, narrow, HEATMAP) is held


def test_an_absent_argument_asks_for_all_only_where_that_is_declared() -> None:
    rows = {"argument": "sector", "rows": "/rows", "key": "sector", "all_when_absent": False}
    declared = Containment.model_validate({"rows": rows})

    assert not contains({}, {"sector": "Banks"}, declared)
    assert not contains({"sector": "all"}, {}, declared)
    assert contains({"sector": "all"}, {"sector": "Banks"}, declared)
    assert contains({}, {}, declared)
    answer = {"rows": [{"sector": "Banks"}]}
    assert cut(result_of(answer), {}, declared) == result_of(answer)


def test_without_declaration_a_call_holds_itself_only() -> None:
    assert contains({"days": 1}, {"days": 1}, Containment())
    assert not contains({"sector": "all"}, {"sector": "Banks"}, Containment())


def result_of(answer: Any, **more: Any) -> dict[str, Any]:
    text = json.dumps(answer, ensure_ascii=False, separators=(",", ":"))
    return {"content": [{"type": "text", "text": text}], "structuredContent": answer} | more


def flow() -> dict[str, Any]:
    rows = [{"sector": name, "net": net} for name, net in (("Oil", 1), ("Oil and Gas", 2), ("Banks", -3))]
    return {"sector": "all", "total": {"net": 0}, "rows": rows}


def test_text_alone_and_structured_content_alone_are_cut_alike() -> None:
    whole = result_of(flow(), _meta={"a": 1})
    parts = [{key: each for key, each in whole.items() if key != left} for left in ("content", "structuredContent")]

    wanted = {"sector": "Banks", "total": {"net": -3}, "rows": [{"sector": "Banks", "net": -3}]}
    structured, text = (cut(part, {"sector": "Banks"}, FLOW) for part in parts)

    assert structured == {"structuredContent": wanted, "_meta": {"a": 1}}
    assert text == {"content": result_of(wanted)["content"], "_meta": {"a": 1}}


PROSE = {"type": "text", "text": "Banks were sold."}


@pytest.mark.parametrize(
    "result",
    [
        result_of(flow(), isError=True),
        result_of(flow(), content=[PROSE]),
        result_of(flow(), content=result_of(flow())["content"] + [PROSE]),
        result_of(flow(), content=result_of(flow() | {"more": 1})["content"]),
        {"content": [PROSE]},
        {"content": []},
        result_of([flow()]),
        result_of("rows"),
        result_of({key: each for key, each in flow().items() if key != "rows"}),
        result_of({key: each for key, each in flow().items() if key != "total"}),
        result_of({key: each for key, each in flow().items() if key != "sector"}),
        result_of(flow() | {"rows": flow()["rows"][:2]}),
        result_of(flow() | {"rows": {"Banks": 1}}),
        result_of(flow() | {"rows": [*flow()["rows"], "Banks"]}),
        result_of(flow() | {"total": 0}),
        result_of(flow() | {"total": {"net": 0, "share": 1}}),
    ],
)
def test_what_cannot_be_cut_honestly_is_not_cut(result: dict[str, Any]) -> None:
    assert cut(result_of(flow()), {"sector": "Banks"}, FLOW) is not None
    assert cut(result, {"sector": "Banks"}, FLOW) is None


@pytest.mark.parametrize("sector", ["Energy", "banks", " Banks", "", [], ["Banks", "Energy"], 7])
def test_a_sector_that_has_no_row_is_a_miss_and_no_empty_answer(sector: Any) -> None:
    assert cut(result_of(flow()), {"sector": sector}, FLOW) is None


def test_a_total_over_some_of_the_rows_is_not_made_up() -> None:
    assert cut(result_of(flow()), {"sector": ["Oil", "Banks"]}, FLOW) is None
    everything = ["Oil", "Oil and Gas", "Banks"]
    assert cut(result_of(flow()), {"sector": everything}, FLOW) == result_of(flow() | {"sector": everything})


def test_a_date_that_is_no_text_is_no_latest_date() -> None:
    dates = {"observed_at": "2020-03-31", "known_at": "2020-04-06"}
    rows = [{"indicator": "inflation"} | dates, {"indicator": "interest_rates"} | dict.fromkeys(dates)]
    answer = {"indicators": [], **dates, "rows": [*rows, {"indicator": "gdp_growth"}], "notes": []}

    assert cut(result_of(answer), {"indicators": ["inflation"]}, MACRO) is not None
    assert cut(result_of(answer), {"indicators": ["interest_rates"]}, MACRO) is None
    assert cut(result_of(answer), {"indicators": ["inflation", "gdp_growth"]}, MACRO) is None


def test_a_note_goes_with_the_row_it_begins_with() -> None:
    notes = ["Oil and Gas: restated.", "Oil: halted.", "Oils are quoted in USD.", "All figures are net."]
    declared = FLOW.model_copy(update={"notes": "/notes"})

    def kept(sector: str) -> list[str]:
        found = cut(result_of(flow() | {"notes": notes}), {"sector": sector}, declared)
        assert found is not None
        left: list[str] = found["structuredContent"]["notes"]
        return left

    assert kept("Oil and Gas") == [notes[0], *notes[2:]]
    assert kept("Oil") == notes[1:]
    assert kept("Banks") == notes[2:]
    assert cut(result_of(flow() | {"notes": "All figures are net."}), {"sector": "Oil"}, declared) is None
    assert cut(result_of(flow() | {"notes": [1]}), {"sector": "Oil"}, declared) is None


def table() -> dict[str, Any]:
    columns = {name: {"unit": "percent"} for name in ("sector", "code", "buy", "sell", "vol")}
    rows = [{"sector": "Banks", "code": 1, "id": "b", "buy": 2, "sell": 3, "vol": 4}]
    return {"columns": columns, "rows": rows, "notes": ["code: ours.", "vol: yearly.", "buy: in lots."]}


def test_columns_are_dropped_by_what_a_value_stands_for_and_names_are_kept() -> None:
    declared = Containment.model_validate(
        {
            "rows": {"argument": "sector", "rows": "/rows", "key": "sector"},
            "columns": {
                "argument": "metrics",
                "rows": "/rows",
                "columns": "/columns",
                "names": {"flow": ["buy", "sell"]},
                "keep": ["code"],
            },
            "notes": "/notes",
        }
    )

    found = cut(result_of(table()), {"metrics": ["flow"]}, declared)

    assert found is not None
    answer = found["structuredContent"]
    assert answer["rows"] == [{"sector": "Banks", "code": 1, "id": "b", "buy": 2, "sell": 3}]
    assert list(answer["columns"]) == ["sector", "code", "buy", "sell"]
    assert answer["notes"] == ["code: ours.", "buy: in lots."]


def test_without_a_description_only_named_members_are_columns() -> None:
    columns = {"argument": "metrics", "rows": "/rows", "names": {"flow": ["buy", "sell"], "risk": ["vol", "beta"]}}
    declared = Containment.model_validate({"columns": columns})

    found = cut(result_of(table()), {"metrics": "flow"}, declared)

    assert found is not None
    assert found["structuredContent"]["rows"] == [{"sector": "Banks", "code": 1, "id": "b", "buy": 2, "sell": 3}]
    assert found["structuredContent"]["columns"] == table()["columns"]
    assert cut(result_of(table()), {"metrics": ["risk"]}, declared) is None
    assert cut(result_of(table()), {"metrics": ["code"]}, declared) is None


@pytest.mark.parametrize("metrics", [["value"], ["vol", "value"], [], [3], 3])
def test_a_column_that_the_answer_does_not_have_is_a_miss(metrics: Any) -> None:
    declared = Containment.model_validate({"columns": {"argument": "metrics", "rows": "/rows", "columns": "/columns"}})

    assert cut(result_of(table()), {"metrics": ["vol"]}, declared) is not None
    assert cut(result_of(table()), {"metrics": metrics}, declared) is None
    assert cut(result_of(table() | {"columns": ["vol"]}), {"metrics": ["vol"]}, declared) is None


def test_an_echo_of_a_set_has_each_value_once_and_others_stand_as_asked() -> None:
    answer: dict[str, Any] = {"days": [], "tags": [], "ids": []}
    declared = Containment.model_validate({"sets": ["tags", "ids"], "echoes": {f"/{name}": name for name in answer}})
    asked = {"days": ["a", "a"], "tags": ["b", "a", "b"], "ids": [1, 2]}

    assert cut(result_of(answer), asked, declared) == result_of(asked | {"tags": ["b", "a"]})
    assert cut(result_of(answer), {}, declared) == result_of(answer)


def test_a_place_that_is_no_pointer_is_refused() -> None:
    with pytest.raises(ValidationError, match="echoes"):
        Containment.model_validate({"echoes": {"sector": "sector"}})
