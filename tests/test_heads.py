from __future__ import annotations

import pytest

from agent.heads import head_of


@pytest.mark.parametrize(
    ("head", "read"),
    [
        ("Change (%)", ("Change", "percent", None)),
        ("3M return", ("return", None, "3M")),
        ("Net flow 20D (tỷ đồng)", ("Net flow", "tỷ đồng", "20D")),
        ("Return (1M, %)", ("Return", "percent", "1M")),
        ("12-1M momentum", ("momentum", None, "12-1M")),
        ("Market cap (USD bn)", ("Market cap", "USD bn", None)),
        ("P/E (x)", ("P/E", "x", None)),
        ("1M", ("1M", None, "1M")),
    ],
)
def test_head_says_measure_unit_and_lookback(head: str, read: tuple[str, str | None, str | None]) -> None:
    assert head_of(head) == read


@pytest.mark.parametrize(
    "head",
    [
        "performance",
        "return_1m",
        "Price (close)",
        "Volume (M)",
        "10Y yield",
        "Lợi suất 10 năm",
        "Price target (12M)",
        "3Q change",
        "P/E",
        "%",
    ],
)
def test_head_that_could_mean_something_else_stays_the_name_of_its_metric(head: str) -> None:
    assert head_of(head) == (head, None, None)


def test_time_of_what_looks_ahead_stays_in_its_name_beside_a_unit() -> None:
    assert head_of("Bond yield (10Y, %)") == ("Bond yield (10Y, %)", "percent", None)


@pytest.mark.parametrize(
    ("head", "read"),
    [
        ("1M", ("change", None, "1M")),
        ("1M (%)", ("change", "percent", "1M")),
        ("YTD %", ("change", "percent", "YTD")),
    ],
)
def test_time_over_percentages_with_signs_heads_a_change(head: str, read: tuple[str, str | None, str | None]) -> None:
    assert head_of(head, percent=True, signed=True) == read


@pytest.mark.parametrize(("head", "unit"), [("10Y (%)", "percent"), ("3M %", "percent"), ("10Y", None)])
def test_time_over_percentages_without_signs_may_head_yields_and_stays_the_name(head: str, unit: str | None) -> None:
    assert head_of(head, percent=True) == (head, unit, None)


def test_vietnamese_yield_keeps_its_term_in_its_name() -> None:
    assert head_of("Lợi suất 10 năm (%)") == ("Lợi suất 10 năm", "percent", None)
