"""Counterfactual figures: other signs, sizes, units and values in what the embedded market answered."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agent.errors import UsageError
from agent.tools.content import data_of
from tests.replay.recorded import FLOW, MACRO, WHALES, answered, change, figures, name, rows, told


def test_flip_changes_the_sign_of_one_sector_and_nothing_else() -> None:
    flip = {"flip": {"tool": FLOW, "field": "net_buy_sell", "sector": "Banks"}}
    flipped = figures(change(answered(FLOW), flip))
    assert figures(answered(FLOW))["Banks", "net_buy_sell"] == (-152.31, "VND bn")
    assert flipped == figures(answered(FLOW)) | {("Banks", "net_buy_sell"): (152.31, "VND bn")}


def test_flip_of_all_sectors_reaches_totals_and_leaves_zero_without_a_sign() -> None:
    flipped = change(answered(WHALES), {"flip": {"tool": WHALES, "field": "net_value"}}, tool=WHALES)
    recorded = figures(answered(WHALES))
    assert all(
        value == (-recorded[key][0] if key[1] == "net_value" else recorded[key][0])
        for key, (value, _) in figures(flipped).items()
    )
    assert "-0.0" not in flipped["content"][0]["text"]
    total = data_of(change(answered(FLOW), {"flip": {"tool": FLOW, "field": "net_buy_sell"}}))["total"]
    assert total == {"net_buy_sell": -1927.87, "share_of_turnover": 0.24, "matched": 2239.97, "put_through": -312.11}
    alone = {"flip": {"tool": FLOW, "field": "net_buy_sell", "sector": "Banks"}}
    assert data_of(change(answered(FLOW, sector="Banks"), alone))["total"]["net_buy_sell"] == 152.31


def test_flip_twice_is_no_change() -> None:
    flip = {"flip": {"tool": FLOW, "field": "net_buy_sell"}}
    assert change(answered(FLOW), flip, flip) == answered(FLOW)


def test_indicators_are_named_like_sectors() -> None:
    changed = change(answered(MACRO), {"flip": {"tool": MACRO, "field": "value", "sector": "inflation"}}, tool=MACRO)
    assert [row["value"] for row in rows(changed)] == [4.61, -3.55, 5.51, 2.37]


def test_scaled_values_with_their_unit_are_the_same_fact() -> None:
    scale = {"scale": {"tool": FLOW, "field": "net_buy_sell", "by": 0.001, "unit": "VND tn"}}
    scaled = change(answered(FLOW), scale)
    assert figures(scaled)["Oil and Gas", "net_buy_sell"] == (0.30541, "VND tn")
    assert data_of(scaled)["total"]["net_buy_sell"] == 1.92787
    kept = {key: value for key, value in figures(answered(FLOW)).items() if key[1] == "share_of_turnover"}
    assert {key: value for key, value in figures(scaled).items() if key[1] == "share_of_turnover"} == kept


def test_scaled_values_without_a_unit_are_another_fact() -> None:
    scaled = change(answered(FLOW), {"scale": {"tool": FLOW, "field": "net_buy_sell", "sector": "Banks", "by": 10}})
    assert figures(scaled) == figures(answered(FLOW)) | {("Banks", "net_buy_sell"): (-1523.1, "VND bn")}


def test_unit_is_changed_in_the_rows_where_the_column_leaves_it_to_them() -> None:
    scaled = change(
        answered(MACRO), {"scale": {"tool": MACRO, "field": "value", "by": 100, "unit": "basis points"}}, tool=MACRO
    )
    assert (rows(scaled)[0]["value"], rows(scaled)[0]["unit"]) == (461.0, "basis points")
    assert data_of(scaled)["columns"] == data_of(answered(MACRO))["columns"]
    plain = told('[{"sector":"Banks","flow":3,"unit":"bn"},{"sector":"Oil","change":1,"unit":"percent"}]')
    assert data_of(change(plain, {"scale": {"tool": FLOW, "field": "flow", "by": 1000, "unit": "mn"}})) == [
        {"sector": "Banks", "flow": 3000, "unit": "mn"},
        {"sector": "Oil", "change": 1, "unit": "percent"},
    ]


def test_unit_of_something_else_is_left_as_it_is() -> None:
    result = told(
        '{"columns":{"flow":{"unit":"bn"}},"delays":{"flow":{"unit":"days"}},"rows":[{"sector":"Banks","flow":3}]}'
    )
    scaled = data_of(change(result, {"scale": {"tool": FLOW, "field": "flow", "by": 1000, "unit": "mn"}}))
    assert scaled["columns"]["flow"]["unit"] == "mn"
    assert scaled["delays"]["flow"]["unit"] == "days"


def test_unit_that_the_result_does_not_name_cannot_be_changed() -> None:
    scale = {"scale": {"tool": FLOW, "field": "flow", "by": 10, "unit": "mn"}}
    with pytest.raises(UsageError, match="has no unit of 'flow'"):
        change(told('[{"sector":"Banks","flow":3}]'), scale)


def test_scale_by_one_is_no_change_down_to_the_digits() -> None:
    scale = {"scale": {"tool": WHALES, "by": 1}}
    for field in ("trades", "net_value"):
        each = {"scale": scale["scale"] | {"field": field}}
        assert json.dumps(change(answered(WHALES), each, tool=WHALES)) == json.dumps(answered(WHALES))
    halved = change(told('[{"sector":"Banks","trades":3}]'), {"scale": {"field": "trades", "by": 0.5}})
    assert data_of(halved) == [{"sector": "Banks", "trades": 1.5}]


def test_field_is_set_to_what_is_said_be_it_null_or_no_number() -> None:
    one = {"tool": FLOW, "sector": "Banks", "field": "net_buy_sell"}
    nulled = change(answered(FLOW), {"set": one | {"value": None}})
    assert figures(nulled)["Banks", "net_buy_sell"] == (None, "VND bn")
    assert figures(change(nulled, {"set": one | {"value": 12}}))["Banks", "net_buy_sell"] == (12, "VND bn")
    real = data_of(change(answered(FLOW), {"set": {"tool": FLOW, "field": "kind", "value": "real"}}))
    assert real == data_of(answered(FLOW)) | {"kind": "real"}
    everywhere = data_of(change(answered(FLOW), {"set": {"tool": FLOW, "field": "net_buy_sell", "value": 1}}))
    assert {row["net_buy_sell"] for row in everywhere["rows"]} == {1}
    assert everywhere["columns"] == data_of(answered(FLOW))["columns"]


@pytest.mark.parametrize("each", [{"flip": {}}, {"scale": {"by": 2}}, {"set": {"value": 1}}], ids=name)
def test_unknown_field_is_an_error_which_names_the_nearest(each: dict[str, Any]) -> None:
    asked = {name(each): each[name(each)] | {"tool": FLOW, "field": "net_buy"}}
    with pytest.raises(UsageError, match=r"no value to change in 'net_buy' \(the nearest: net_buy_sell"):
        change(answered(FLOW), asked)


@pytest.mark.parametrize("each", [{"flip": {"field": "sector"}}, {"set": {"field": "columns", "value": 1}}], ids=name)
def test_field_that_holds_something_else_is_an_error(each: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="no value to change"):
        change(answered(FLOW), {name(each): each[name(each)] | {"tool": FLOW}})


def test_yes_and_no_have_no_sign() -> None:
    with pytest.raises(UsageError, match="no value to change in 'open'"):
        change(told('[{"sector":"Banks","open":true}]'), {"flip": {"tool": FLOW, "field": "open"}})
