"""What is told of places in `figures` at which results have nothing."""

from __future__ import annotations

from typing import Any

import pytest

from agent.figures import FigureReader
from agent.mapping import FiguresSpec
from agent.unfound import Result, numbers_by_call, unfound
from tests.test_agentfile import of_mapping
from tests.test_mapping import TOOL

METRIC = {"performance": {"at": "change"}}
ROWS = [{"sector": "Banks", "change": 1.2, "day": "2026-11-27"}, {"sector": "Oil", "change": -3, "day": "2026-11-27"}]


def told(figures: dict[str, Any], data: Any) -> list[str]:
    reader = FigureReader(of_mapping(TOOL | {"tools": [{"tool_name": "t", "figures": figures}]}).spec)
    numbers = numbers_by_call(reader.read(data, offered_as="t", call="c"))
    return unfound(FiguresSpec.model_validate(figures), [Result(data, numbers.get("c", ()))])


def test_mapping_that_finds_everything_is_not_told() -> None:
    assert told({"rows": "$[*]", "sector": "sector", "date": "day", "metrics": METRIC}, ROWS) == []


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"metrics": METRIC | {"turnover": {"at": "gtgd"}}}, "`turnover.at: gtgd` found no number in 2 rows"),
        ({"metrics": METRIC | {"turnover": {"at": "sector"}}}, "`turnover.at: sector` found no number in 2 rows"),
        ({"date": "ngay"}, "`date: ngay` found no day in 2 rows"),
        ({"date": "sector"}, "`date: sector` found no day in 2 rows"),
        ({"sector": "industry"}, "`sector: industry` found no text in 2 rows"),
        ({"name": "change"}, "`name: change` found no text in 2 rows"),
        ({"metrics": {"performance": {"at": "change", "sign": {"at": "side", "negative": ["sell"]}}}},
         "`performance.sign.at: side` found no text in 2 rows"),
        ({"rows": "$.data[*]"}, "`rows: $.data[*]` leads to no row"),
    ],
)  # fmt: skip
def test_each_place_that_finds_nothing_is_told_alone(wrong: dict[str, Any], says: str) -> None:
    figures = {"rows": "$[*]", "sector": "sector", "date": "day", "metrics": METRIC} | wrong
    [only] = told(figures, ROWS)
    assert only.startswith(says)


def test_keys_that_stand_there_instead_are_told_a_few_of_them() -> None:
    figures = {"rows": "$.data[*]", "metrics": {"m": {"at": "now.change"}}}
    assert told(figures, {"data": [{"now": {"chg": 1, "vol": 2}}]}) == [
        "`m.at: now.change` found no number in 1 row; keys there: chg, vol"
    ]
    assert told(figures, {"data": [{"then": 1}]}) == ["`m.at: now.change` found no number in 1 row; keys there: then"]
    [many] = told(figures, {"data": [{f"k{number}" + 50 * "x": 1 for number in range(20)}]})
    assert many.count("xxx, ") == 8 and many.endswith(", …") and len(many) < 450
    assert told(figures, {"rows": [], "date": "x"}) == ["`rows: $.data[*]` leads to no row; keys there: rows, date"]


@pytest.mark.parametrize(
    "data", [{"data": []}, {"data": [{"v": None, "s": "Oil"}]}, {"data": [{"v": 1, "s": "Oil"}, {}, 7]}]
)
def test_empty_list_a_null_and_rows_of_another_form_among_others_are_not_told(data: Any) -> None:
    assert told({"rows": "$.data[*]", "sector": "s", "metrics": {"m": {"at": "v"}}}, data) == []


def test_sector_or_ticker_is_told_beside_the_other_one() -> None:
    figures = {"rows": "$[*]", "sector": "group", "ticker": "symbol", "metrics": METRIC}
    [only] = told(figures, [{"symbol": "VCB", "change": 1}])
    assert only.startswith("`sector: group` found no text in 1 row; keys there: symbol, change")
