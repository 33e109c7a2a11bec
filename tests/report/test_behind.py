"""The securities behind a sector's flow."""

from __future__ import annotations

from typing import Any

from agent.figures import Figure
from agent.report.behind import behind_text, largest
from agent.report.words import words
from tests.report.runs_and_pages import figure


def flow(ticker: str, value: float | None, metric: str = "net_value", **other: Any) -> Figure:
    return figure("Banks", value, metric, **{"unit": "VND bn", "lookback": "1M", "ticker": ticker} | other)


def test_the_three_largest_flows_are_named_whatever_their_sign() -> None:
    [found] = largest([flow("A", 1.0), flow("B", -9.5), flow("C", 4.0), flow("D", 2.0)]).values()
    assert behind_text(found, words("en")) == "B −9.50, C +4.00, D +2.00 VND bn 1M"


def test_one_measure_counts_and_of_it_what_was_observed_last() -> None:
    figures = [
        flow("A", 5.0, "close", unit="VND"),
        flow("A", 50.0, "net_share", unit="percent"),
        flow("A", 5.0, observed_at="2025-12-30"),
        flow("A", 2.0, observed_at="2025-12-31"),
        flow("B", 9.0, "buy_value"),
    ]
    assert [(each.ticker, each.value) for each in largest(figures)["banks"]] == [("A", 2.0)]


def test_nothing_is_behind_a_flow_without_securities_of_a_sector_or_without_any_flow() -> None:
    assert largest([figure("Banks", 1.0, "net_value"), flow("A", 0.0), flow("B", None)]) == {}
    assert largest([figure(None, 1.0, "net_value", ticker="A")]) == {}
