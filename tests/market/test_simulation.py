from __future__ import annotations

import hashlib
from datetime import date

import numpy as np
import pytest

from agent.market.vn_calendar import holidays, sessions
from agent.market.vn_generator import generate
from agent.market.vn_parameters import FIRST, LAST, SECTORS


def test_the_simulated_market_is_the_same_to_the_bit_everywhere():
    world = generate()
    trading, accounts = world.trading, world.statements
    macro = np.array([v for region in world.macro.values() for series in region.values() for v in series.values])
    arrays = [
        world.returns_bp,
        np.rint(world.panel.benchmark * 10_000).astype(np.int64),
        trading.turnover,
        trading.foreign_buy,
        trading.foreign_sell,
        trading.whale_buy,
        trading.whale_sell,
        trading.whale_trades,
        np.rint(macro * 100).astype(np.int64),
        accounts.revenue,
        accounts.profit,
    ]
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes())
    assert digest.hexdigest() == "1dd7e64af7dea566a1833e01dd094ca139264bb35102e20ad3bc534606873e23"


def test_the_simulated_market_has_the_planned_shape():
    world = generate()
    assert world.returns_bp.shape == (len(world.panel.dates), 19)
    assert world.returns_bp.dtype == np.int16
    assert abs(world.returns_bp).max() <= 700
    assert sum(sector.weight for sector in SECTORS.values()) == 1000
    logs = np.log1p(world.panel.sectors)
    correlation = np.corrcoef(logs.T)[np.triu_indices(19, 1)].mean()
    assert 0.4 < correlation < 0.65
    assert 0.15 < logs.std(axis=0).mean() * np.sqrt(252) < 0.35


def test_past_winners_lead_and_foreigners_lean_the_right_way():
    world = generate()
    path = np.cumsum(np.log1p(world.panel.sectors), axis=0)
    trading = world.trading
    flow = np.cumsum((trading.foreign_buy - trading.foreign_sell) / trading.turnover, axis=0)

    def skill(signal) -> float:
        months = range(253, len(path) - 21, 21)
        ranks = [(rank(signal(t)), rank(path[t + 21] - path[t])) for t in months]
        return float(np.mean([np.corrcoef(before, after)[0, 1] for before, after in ranks]))

    assert skill(lambda t: path[t - 21] - path[t - 252]) > 0.05
    assert skill(lambda t: flow[t] - flow[t - 20]) > 0.1


def rank(values):
    return values.argsort().argsort()


def test_trades_are_part_of_the_turnover():
    trading = generate().trading
    assert (trading.turnover > 0).all()
    assert (trading.foreign_buy > 0).all() and (trading.foreign_sell > 0).all()
    assert (trading.foreign_buy + trading.foreign_sell < trading.turnover).all()
    assert ((trading.whale_buy > 0) + (trading.whale_sell > 0) == trading.whale_trades).all()
    assert (trading.whale_buy + trading.whale_sell < trading.turnover).all()


def test_sessions_are_weekdays_without_public_holidays():
    days = sessions(FIRST, LAST)
    assert days[0] == date(2016, 1, 4) and days[-1] == date(2025, 12, 31)
    assert all(day.weekday() < 5 for day in days)
    assert list(days) == sorted(set(days))
    per_year = {year: sum(day.year == year for day in days) for year in range(2016, 2026)}
    assert all(247 <= count <= 252 for count in per_year.values())


@pytest.mark.parametrize(
    "closed",
    [
        date(2016, 2, 8),  # Lunar New Year's Day
        date(2019, 2, 8),
        date(2024, 2, 14),
        date(2016, 4, 18),  # the Hung Kings' day fell on a Saturday
        date(2017, 1, 2),  # New Year's Day fell on a Sunday
        date(2022, 5, 3),  # both 30 April and 1 May fell on a weekend
        date(2023, 5, 3),  # and here the Hung Kings' day as well
        date(2023, 9, 1),  # the second National Day
        date(2023, 9, 4),  # the first fell on a Saturday
        date(2020, 9, 2),
    ],
)
def test_the_market_is_closed_on_public_holidays(closed):
    assert closed in holidays(closed.year)
    assert closed not in sessions(FIRST, LAST)


@pytest.mark.parametrize("opened", [date(2020, 9, 3), date(2019, 2, 11), date(2024, 2, 7), date(2025, 2, 3)])
def test_the_market_is_open_on_the_days_beside_them(opened):
    assert opened in sessions(FIRST, LAST)
