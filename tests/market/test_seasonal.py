from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from agent.market.seasonal import seasonality
from tests.market.asking import ask
from tests.market.test_heatmap import compounded, us_history


async def test_seasonality_equals_a_plain_recomputation_of_the_quarters_that_followed_the_same_month():
    answer = await ask("us-real", "get_sector_heatmap", metrics=["seasonality"], as_of="2007-11-15")

    assert answer["columns"]["seasonality"]["lookback"] == "20Y"
    given = {row["sector"]: row["seasonality"] for row in answer["rows"]}
    energy, _ = us_history("Enrgy", "2007-10")  # known on 15 November; the months to come are November to January
    quarters = [energy[-12 * year : len(energy) - 12 * year + 3] for year in range(1, 21)]
    assert given["Energy"] == pytest.approx(100 * sum(map(compounded, quarters)) / 20, abs=0.00501)


async def test_less_than_twenty_years_give_null_and_a_note():
    answer = await ask("us-real", "get_sector_heatmap", metrics=["seasonality"], as_of="1968-11-30")
    assert {row["seasonality"] for row in answer["rows"]} == {None}
    assert any("seasonality is null" in note for note in answer["notes"])
    first = await ask("us-real", "get_sector_heatmap", metrics=["seasonality"], as_of="1968-12-31")
    assert None not in {row["seasonality"] for row in first["rows"]}


def test_daily_returns_are_compounded_over_their_calendar_months():
    days = [date(2000, 1, 1) + timedelta(at) for at in range(366 + 365 * 20 + 5)]
    returns = np.array([[0.01 if day.month == 4 else 0.0] for day in days])
    until = days.index(date(2020, 1, 31)) + 1
    assert seasonality(returns[:until], days[:until]) == pytest.approx([100 * (1.01**30 - 1)])
    until = days.index(date(2019, 12, 31)) + 1
    assert seasonality(returns[:until], days[:until]) == pytest.approx([0.0])


@pytest.mark.parametrize(("first", "whole"), [(date(2000, 1, 3), True), (date(2000, 1, 4), False)])
def test_a_month_whose_first_trading_days_are_missing_is_none_of_the_twenty_years(first, whole):
    every = (first + timedelta(at) for at in range((date(2020, 1, 1) - first).days))
    days = [day for day in every if day.weekday() < 5]
    found = seasonality(np.full((len(days), 1), 0.001), days)
    assert (found is not None) == whole
