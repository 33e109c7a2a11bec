from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent.errors import SpecError
from agent.model.base import Usage
from agent.prices import FREE, Price, price_of
from agent.spec import ModelSpec

PRICE = {"input": 4.0, "cache_write": 5.0, "cache_read": 0.5, "output": 20.0}


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The path of a table that ADVISOR_PRICES names, still to be written."""
    monkeypatch.setenv("ADVISOR_PRICES", str(tmp_path / "prices.json"))
    return tmp_path / "prices.json"


def write(table: Path, models: object, **more: object) -> None:
    body = {"as_of": "2026-01-31", "unit": "USD for a million tokens", "models": models, **more}
    table.write_text(json.dumps(body), encoding="utf-8")


def test_each_kind_of_token_has_its_own_price_for_a_million() -> None:
    price = Price(**PRICE)
    assert price.usd(Usage(input=1_000_000)) == 4.0
    assert price.usd(Usage(cache_write=1_000_000)) == 5.0
    assert price.usd(Usage(cache_read=1_000_000)) == 0.5
    assert price.usd(Usage(output=1_000_000)) == 20.0
    assert price.usd(Usage(100, 200, 300, 400)) == pytest.approx(0.00955)


def test_free_model_costs_nothing() -> None:
    assert FREE.usd(Usage(1_000_000, 1_000_000, 1_000_000, 1_000_000)) == 0


def test_default_model_of_an_agent_file_has_a_price_that_ships() -> None:
    price = price_of(ModelSpec().name)
    assert price and 0 < price.cache_read < price.input < price.cache_write < price.output


def test_empty_variable_names_no_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADVISOR_PRICES", "")
    assert price_of(ModelSpec().name)


def test_table_that_the_environment_names_is_used_instead(table: Path) -> None:
    write(table, {"house-model": PRICE})
    assert price_of("house-model") == Price(**PRICE)
    assert price_of(ModelSpec().name) is None


@pytest.mark.parametrize(
    ("model", "priced"),
    [
        ("m-1", True),
        ("m-1-20260131", True),
        ("m-1-2026013", False),
        ("m-1-202601311", False),
        ("m-1-20260131-x", False),
        ("m-1-mini", False),
        ("m", False),
        ("", False),
    ],
)
def test_model_is_priced_by_its_id_with_or_without_a_date(model: str, priced: bool, table: Path) -> None:
    write(table, {"m-1": PRICE})
    assert (price_of(model) is not None) == priced


def test_price_of_a_dated_id_wins_over_that_of_its_model(table: Path) -> None:
    write(table, {"m-1": PRICE, "m-1-20260131": PRICE | {"input": 9.0}})
    dated, plain = price_of("m-1-20260131"), price_of("m-1")
    assert dated and plain and (dated.input, plain.input) == (9.0, 4.0)


@pytest.mark.parametrize(
    ("models", "more", "says"),
    [
        ({"m": {key: PRICE[key] for key in PRICE if key != "output"}}, {}, "Field required"),
        ({"m": PRICE | {"output": -1}}, {}, "greater than or equal to 0"),
        ({"m": PRICE | {"output": "much"}}, {}, "valid number"),
        ({"m": 7}, {}, "Price"),
        ({}, {"as_of": "January"}, "isoformat"),
        ({}, {"retires": {"m": "2026-02-30"}}, "day is out of range"),
        ({}, {"currency": "EUR"}, "not permitted"),
    ],
    ids=["a kind is missing", "below zero", "no number", "no prices", "no date", "no such day", "unknown key"],
)
def test_table_that_cannot_be_used_is_told_with_its_place(
    models: object, more: dict[str, object], says: str, table: Path
) -> None:
    write(table, models, **more)
    with pytest.raises(SpecError, match=says) as caught:
        price_of("m")
    assert str(caught.value.where).startswith(f"{table}:1:") and "ADVISOR_PRICES" in str(caught.value.hint)


def test_table_with_a_number_that_is_none_is_refused(table: Path) -> None:
    write(table, {"m": PRICE | {"input": float("nan")}})
    with pytest.raises(SpecError):
        price_of("m")


def test_table_that_is_not_there_is_told(table: Path) -> None:
    with pytest.raises(SpecError, match=r"prices\.json") as caught:
        price_of("m")
    assert "ADVISOR_PRICES names this table" in str(caught.value.hint)
