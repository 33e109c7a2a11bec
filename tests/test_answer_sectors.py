"""The names of sectors in an answer, where the agent file says which there are."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.test_answer import RECS, advice, answer, check_of, found

SECTORS = {
    "Banks": {"names": {"vi": "Ngân hàng"}, "aliases": ["Banking"]},
    "Real Estate": {"names": {"vi": "Bất động sản"}},
    "Oil and Gas": {},
}


def named(*names: str, **keys: Any) -> tuple[Any, list[str]]:
    """The errors, and the names as they then stand."""
    checked = check_of(**keys).check(answer(*map(advice, names)))
    return found(checked), [each["sector_name"] for each in checked.answer["sector_recommendations"]]


@pytest.mark.parametrize("alias", ["Ngân hàng", "ngan hang", "BANKING", "banks"])
def test_another_name_of_a_sector_is_replaced_by_its_own_and_noted(alias: str) -> None:
    checked = check_of(sectors=SECTORS).check(answer(advice(alias)))
    assert checked.valid and checked.answer["sector_recommendations"][0]["sector_name"] == "Banks"
    assert checked.notes == [f"sector_name {alias!r} was replaced by the sector's own name, 'Banks'"]


def test_own_name_is_no_note() -> None:
    assert check_of(sectors=SECTORS).check(answer(advice("Banks"))).notes == []


def test_unknown_sector_is_an_error_that_names_the_nearest() -> None:
    checked = check_of(sectors=SECTORS).check(answer(advice("Banks"), advice("Real Estates"), advice("Zinc")))
    place = f"{RECS}/{{}}/sector_name"
    assert found(checked) == [(place.format(1), "unknown_sector"), (place.format(2), "unknown_sector")]
    assert [error["message"] for error in checked.errors] == [
        "'Real Estates' is no known sector; nearest: Real Estate",
        "'Zinc' is no known sector; nearest: Banks, Real Estate, Oil and Gas",
    ]
    assert checked.reply is not None and "nearest: Real Estate" in checked.reply


def test_one_sector_under_two_names_stands_twice() -> None:
    errors, _ = named("Banks", "Ngân hàng", sectors=SECTORS)
    assert errors == [(f"{RECS}/1/sector_name", "duplicate_sector")]


def test_universe_is_answered_by_any_names_of_its_sectors_and_in_its_own_words() -> None:
    keys: dict[str, Any] = {"sectors": SECTORS, "universe": ["Ngân hàng", "Oil and Gas"]}
    assert named("Banking", "oil & gas", **keys) == ([], ["Ngân hàng", "Oil and Gas"])
    errors, _ = named("Banks", "Oil and Gas", "Real Estate", **keys)
    assert errors == [(f"{RECS}/2/sector_name", "enum")]
    assert named("BANKS", universe=["Banks"]) == ([], ["Banks"])


def test_any_name_passes_where_the_file_says_nothing_of_sectors() -> None:
    assert named("Zinc", "Ngân hàng") == ([], ["Zinc", "Ngân hàng"])


def test_file_that_is_not_strict_takes_unknown_sectors() -> None:
    assert named("Zinc", sectors=SECTORS, strict=False) == ([], ["Zinc"])


@pytest.mark.parametrize("name", [None, 5, ["Banks"], {}])
def test_name_that_is_no_text_is_left_to_the_schema(name: Any) -> None:
    checked = check_of(sectors=SECTORS).check(answer(advice() | {"sector_name": name}))
    assert found(checked) == [(f"{RECS}/0/sector_name", "type")]
    assert json.dumps(checked.answer)
