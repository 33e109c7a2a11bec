from __future__ import annotations

import pytest

from agent.evidence.longest import longest
from agent.lookbacks import days_of
from tests.evidence.figures import SERVERS


@pytest.mark.parametrize(
    ("lookback", "days"),
    [
        ("3M", 91), ("12-1M", 365), ("1Y", 365), ("YTD", 365), ("63D", 91), ("1 session", 1), ("20 sessions", 29),
        ("20 trading days", 29), ("1W", 7), ("2 quarters", 182), ("3-month", 91), ("20 phiên", 29), ("3 tháng", 91),
        ("daily", 1), ("90 calendar days", 90), ("1 calendar day", 1),
        (None, None), ("", None), ("long", None), ("3", None), ("12-1", None), ("3 moons", None), ("99999999D", None),
    ],
)  # fmt: skip
def test_lookbacks_are_read_as_calendar_days(lookback: str | None, days: int | None) -> None:
    assert days_of(lookback) == days


def test_the_longest_lookback_is_that_of_the_returns_and_flows_that_are_cited() -> None:
    shown = SERVERS["embedded"]
    assert (found := longest((), shown)) is not None
    assert found.days == 365
    [flow] = [figure for figure in shown if figure.metric == "net_buy_sell" and figure.sector == "Banks"]
    assert (found := longest({(flow.call, flow.pointer)}, shown)) is not None
    assert found.lookback == "1M"


def test_a_long_window_of_volatility_is_no_long_evidence() -> None:
    shown = SERVERS["embedded"]
    windows = [figure for figure in shown if figure.metric == "volatility"]
    assert longest((), windows) is None
    accounts = [figure for figure in shown if figure.metric == "net_margin"]
    assert longest((), accounts) is None


def test_evidence_of_a_quarter_of_the_horizon_is_long_enough() -> None:
    assert (found := longest((), SERVERS["daily"])) is not None
    assert (found.lookback, found.days) == ("1 session", 1)
    assert found.fit(91) == 4 / 91
    assert found.fit(4) == 1
