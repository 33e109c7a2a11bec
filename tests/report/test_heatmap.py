"""Figures → heatmap: which cells there are, what they say, and that they can be read."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.figures import Figure
from agent.report.heatmap import (
    NO_FIGURE,
    Heatmap,
    decimals_of,
    detail,
    framed,
    heatmap_of,
    label,
    number_text,
    unit_label,
)
from agent.report.palettes import CVD

MINUS = "\N{MINUS SIGN}"
THIN = "\N{NARROW NO-BREAK SPACE}"


def figure(sector: str | None = "Banks", value: float | None = 1.0, **other: Any) -> Figure:
    about: dict[str, Any] = {
        "metric": "performance",
        "unit": "percent",
        "lookback": "3M",
        "observed_at": "2025-12-31",
        "tool": "get_sector_heatmap",
        "call": "c1",
        "pointer": "/rows/0/performance",
    }
    return Figure(sector=sector, value=value, **about | other)


def column(*values: float | None, **other: Any) -> list[Figure]:
    return [figure(f"Sector {at}", value, **other) for at, value in enumerate(values)]


def texts(table: Heatmap) -> list[list[str]]:
    return [[row.sector, *(cell.text for cell in row.cells)] for row in table.rows]


def shades(*values: float | None, **other: Any) -> list[str | None]:
    return [row.cells[0].shade for row in heatmap_of(column(*values, **other)).rows]


def test_sectors_stand_down_and_metrics_across_in_order_of_appearance() -> None:
    table = heatmap_of([figure("Retail", 3), figure("Banks", -1), figure("Banks", 8, lookback="1Y"), figure(None, 9)])
    assert [(each.label, detail(each.lookback, each.unit)) for each in table.columns] == [
        ("Performance", "3M · %"),
        ("Performance", "1Y · %"),
    ]
    assert texts(table) == [["Retail", "+3.0", NO_FIGURE], ["Banks", f"{MINUS}1.0", "+8.0"]]


def test_single_securities_have_no_cell() -> None:
    assert heatmap_of([figure(ticker="VCB"), figure(None, ticker="XYZ")]) == Heatmap()
    (row,) = heatmap_of([figure(value=9.0, ticker="VCB"), figure(value=1.0)]).rows
    assert [cell.value for cell in row.cells] == [1.0]


@pytest.mark.parametrize("key", ["tool", "metric", "unit", "lookback"])
def test_figures_that_differ_in_any_part_of_a_columns_key_get_columns_of_their_own(key: str) -> None:
    other: dict[str, Any] = {key: "other"}
    assert len(heatmap_of([figure(), figure()._replace(**other)]).columns) == 2


@pytest.mark.parametrize("spelling", ["  NGÂN   hàng ", "Nga\u0302n ha\u0300ng", "ngân\nhàng"])
def test_spellings_of_one_sector_are_one_row_under_the_name_that_came_first(spelling: str) -> None:
    table = heatmap_of([figure("Ngân hàng", 1), figure(spelling, 2, metric="momentum")])
    assert texts(table) == [["Ngân hàng", "+1.0", "+2.0"]]


def test_a_cell_that_was_delivered_twice_keeps_the_later_figure() -> None:
    assert texts(heatmap_of([figure(value=1), figure(value=2, call="c2")])) == [["Banks", "+2.0"]]


def test_an_older_observation_never_replaces_a_newer_one() -> None:
    history = [figure(value=1, observed_at="2025-12-31"), figure(value=2, observed_at="2024-12-31")]
    assert texts(heatmap_of(history)) == texts(heatmap_of(history[::-1])) == [["Banks", "+1.0"]]


def test_a_cell_knows_where_its_number_stood() -> None:
    delivered = figure(value=-4.25)
    (cell,) = heatmap_of([delivered]).rows[0].cells
    assert (cell.value, cell.source, cell.shade) == (-4.25, delivered, "d8")


@pytest.mark.parametrize("value", [None, math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_an_empty_cell(value: float | None) -> None:
    (row,) = heatmap_of([figure(value=value)]).rows
    assert (row.cells[0].text, row.cells[0].value, row.cells[0].shade) == (NO_FIGURE, None, None)


def test_nameless_sectors_and_no_figures_give_no_rows() -> None:
    assert heatmap_of([]) == heatmap_of([figure(" ")]) == Heatmap((), ())


def test_recommended_sectors_without_figures_take_no_room_of_those_that_have_some() -> None:
    table = heatmap_of(column(1.0, 2.0, 3.0))
    advice = [
        {"sector_name": "Nowhere", "action": "overweight"},
        {"sector_name": "Sector 0", "action": "underweight"},
        {"sector_name": "Sector 2", "action": "overweight"},
    ]
    shown = [(row.sector, action) for row, action in framed(table, advice, most=3)]
    assert shown == [("Sector 2", "overweight"), ("Sector 1", None), ("Sector 0", "underweight")]


def test_small_numbers_show_their_digits() -> None:
    def told(*values: float, unit: str | None = None) -> list[str]:
        return [cells[1] for cells in texts(heatmap_of(column(*values, metric="size", unit=unit)))]

    assert told(1e-6, 1.4e-5) == ["0.0000010", "0.0000140"]
    assert told(2e-12, 1.4e-11, 0.0) == ["2.00e-12", "1.40e-11", "0.0000000"]
    assert told(0.012, 0.034, unit="percent") == ["0.0120", "0.0340"]
    assert told(0.0, 0.4, unit="percent") == ["0.0", "0.4"]
    assert [number_text(value, decimals_of(value), plus=False) for value in (1.4e-5, 0.09, 0.0, 31.0)] == [
        "0.000014",
        "0.09",
        "0.00",
        "31.00",
    ]


def test_colours_are_centred_at_zero_on_each_side() -> None:
    assert shades(-10, -5, 0, 5, 10) == ["d8", "d4", "n0", "u4", "u8"]


def test_one_extreme_does_not_bleach_the_other_sectors() -> None:
    assert shades(*[10.0, -10.0] * 10, 960) == [*["u8", "d8"] * 10, "u8"]


def test_a_few_numbers_among_zeros_still_get_colour() -> None:
    assert shades(*[0.0] * 20, 3) == [*["n0"] * 20, "u8"]


def test_all_zeros_have_the_colour_of_the_middle() -> None:
    assert shades(0, 0) == ["n0", "n0"]


@pytest.mark.parametrize(
    ("metric", "unit"),
    [
        ("performance", "percent"),
        ("net_buy_sell", "VND bn"),
        ("momentum", None),
        ("relative_strength", "percent"),
    ],
)
def test_a_column_of_changes_is_blue_even_when_all_rise(metric: str, unit: str | None) -> None:
    assert shades(5, 10, metric=metric, unit=unit) == ["u4", "u8"]


@pytest.mark.parametrize(
    ("metric", "unit"),
    [
        ("volatility", "percent a year"),
        ("trades", "count"),
        ("relative_strength", "ratio"),
        ("return_volatility", "percent"),
        ("price_to_book", "times"),
        ("total_buy", "VND bn"),
    ],
)
def test_a_column_without_direction_is_grey_from_its_least_number(metric: str, unit: str) -> None:
    table = heatmap_of(column(5, 20, 20, metric=metric, unit=unit))
    assert not table.columns[0].diverging
    assert [row.cells[0].shade for row in table.rows] == ["g0", "g8", "g8"]
    assert not any(row.cells[0].text.startswith("+") for row in table.rows)


def test_equal_sizes_are_the_lightest_grey() -> None:
    assert shades(7, 7, metric="volatility") == ["g0", "g0"]


def test_a_negative_number_gives_any_column_a_centre() -> None:
    assert shades(-2, 2, metric="price_to_book", unit=None) == ["d8", "u8"]


@pytest.mark.parametrize(
    ("values", "unit", "printed"),
    [
        ((12.34, -0.04), "percent", ["+12.3", "0.0"]),
        ((-1234.5, 88.8), "VND bn", [f"{MINUS}1{THIN}234", "+89"]),
        ((-12.34,), "VND bn", [f"{MINUS}12.3"]),
        ((-1.234,), None, [f"{MINUS}1.23"]),
        ((-0.1234,), None, [f"{MINUS}0.123"]),
        ((-3, 40), "count", [f"{MINUS}3", "+40"]),
        ((1e300, -2.0), None, ["+1.00e+300", f"{MINUS}2"]),
    ],
)
def test_numbers_have_a_sign_and_the_decimals_that_their_column_needs(
    values: tuple[float, ...], unit: str | None, printed: list[str]
) -> None:
    assert [row[1] for row in texts(heatmap_of(column(*values, unit=unit)))] == printed


@pytest.mark.parametrize(
    ("unit", "printed"),
    [
        ("percent", "%"),
        ("pct", "%"),
        ("percent a year", "% a year"),
        ("percentage points", "percentage points"),
        ("VND_bn", "VND bn"),
        (None, ""),
    ],
)
def test_units_are_printed_short(unit: str | None, printed: str) -> None:
    assert unit_label(unit) == printed


def test_metric_keys_become_headings() -> None:
    assert [label(key) for key in ("relative_strength", "gdp_growth", "")] == [
        "Relative strength",
        "GDP growth",
        "",
    ]


@given(
    st.lists(
        st.builds(
            figure,
            sector=st.sampled_from(["Banks", "Retail", "Media", None]),
            value=st.none() | st.floats(),
            metric=st.sampled_from(["performance", "volatility", "trades"]),
            observed_at=st.sampled_from(["2025-01-01", "2025-06-30", None]),
        )
    )
)
def test_any_figures_give_a_full_table_with_known_shades(figures: list[Figure]) -> None:
    table = heatmap_of(figures)
    for row in table.rows:
        assert len(row.cells) == len(table.columns)
        for cell in row.cells:
            assert (cell.shade is None) == (cell.value is None)
            assert cell.shade is None or cell.shade in CVD.light.fills()


def test_a_sector_is_one_row_however_tools_write_its_name_and_what_was_observed_last_counts() -> None:
    table = heatmap_of([figure("Oil & Gas", 1.0), figure("oil and gas", 2.0), figure("Oil-Gas", 3.0, metric="x")])
    assert texts(table) == [["Oil & Gas", "+2.0", "3.0"]]
