from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from agent.market import flows, regime
from agent.market.pack import Series
from agent.market.relative_rotation import minimum, relative_rotation


def test_a_sector_that_pulls_ahead_faster_and_faster_leads_and_one_that_falls_behind_lags():
    time = np.arange(60)
    ahead = np.where(time > 45, 0.002 * (time - 45), 0.001 * (time % 2))
    found = relative_rotation(np.column_stack([ahead, -ahead]), np.zeros(60), 1, window=10, smoothing=3, lag=1)
    assert found.quadrant == ("leading", "lagging")
    assert found.ratio[0] > 100 > found.ratio[1]
    assert found.momentum[0] > 100 > found.momentum[1]


def test_a_sector_that_does_what_the_benchmark_does_has_no_place_in_rotation():
    market = np.random.default_rng(1).normal(0, 0.02, 60)
    found = relative_rotation(np.column_stack([market, market[::-1]]), market, 1, window=10, smoothing=3, lag=1)
    assert found.quadrant[0] is None and np.isnan([found.ratio[0], found.heading[0], found.length[0]]).all()
    assert found.quadrant[1] is not None


@pytest.mark.parametrize(("window", "lag", "step"), [(3, 1, 1), (14, 1, 5), (5, 4, 1)])
def test_rotation_has_every_number_from_its_minimum_on_and_none_before(window, lag, step):
    moves = np.random.default_rng(2).normal(0, 0.02, (400, 2))
    least = minimum(window, lag) * step
    enough = relative_rotation(moves[:least], np.zeros(least), step, window, 4, lag)
    assert np.isfinite([enough.ratio, enough.momentum, enough.heading, enough.length]).all()
    assert relative_rotation(moves[: least - 1], np.zeros(least - 1), step, window, 4, lag) is None


def test_net_share_is_of_all_that_was_traded():
    bought, sold, turnover = np.array([1.0, 8.0, 6.0]), np.array([9.0, 2.0, 2.0]), np.array([50.0, 60.0, 40.0])
    assert flows.net_shares(bought - sold, turnover, 2) == pytest.approx([-200 / 110, 10.0])
    assert np.isnan(flows.net_shares(bought - sold, 0 * turnover, 2)).all()
    assert flows.net_shares(bought - sold, turnover, 4) is None


def test_an_unusual_flow_is_measured_by_those_before_it():
    net = np.append(np.tile([1.0, -1.0], 30), 5.0)
    assert flows.unusualness(net) == pytest.approx(5 / np.std(net[:60], ddof=1))
    assert flows.unusualness(net[1:]) is None
    assert np.isnan(flows.unusualness(np.ones(61)))
    assert np.isnan(flows.unusualness(np.full(61, 100 * 2 / 7))), "their mean and their deviation are rounded"


@pytest.mark.parametrize(
    ("net", "days"), [([1, -1, 2, 3], 2), ([1, -1, -2, -3], -3), ([5, 0], 0), ([-1], -1), ([0, 2, 2], 2)]
)
def test_a_streak_is_days_in_a_row_with_one_sign(net, days):
    assert flows.streak(np.array(net)) == days


def test_twice_the_usual_turnover_is_a_whale_whose_side_is_where_the_close_lies():
    turnover = np.vstack([np.full((20, 4), 10), [20, 20, 19, 35]])
    close = np.zeros((21, 4), int)
    close[-1] = [50, -50, 50, 0]
    bought, sold, trades = flows.large_trades(turnover, close, 20, 2)
    newest = [amounts[-1].tolist() for amounts in (bought, sold, trades)]
    assert newest == [[10, 0, 0, 25], [0, 10, 0, 0], [1, 1, 0, 1]]
    assert not trades[:-1].any()
    assert not flows.large_trades(turnover[1:], close[1:], 20, 2)[2].any(), "twenty sessions have to come before"


def test_sectors_that_move_as_one_have_a_correlation_of_one():
    moves = np.random.default_rng(3).normal(0, 0.02, 30)
    assert regime.pair_correlation(np.column_stack([moves, 2 * moves, 3 * moves]), 30) == pytest.approx(1)
    assert regime.pair_correlation(np.column_stack([moves, -moves]), 30) == pytest.approx(-1)
    assert regime.pair_correlation(np.column_stack([moves, 2 * moves, 0 * moves]), 30) == pytest.approx(1)
    assert regime.pair_correlation(np.column_stack([moves, 0 * moves]), 30) is None
    cash = np.diff(1.001 ** np.arange(31)) / 1.001 ** np.arange(30)
    assert np.ptp(cash) > 0, "returns of a constant rate differ by rounding"
    assert regime.pair_correlation(np.column_stack([moves, 2 * moves, cash]), 30) == pytest.approx(1)
    assert regime.pair_correlation(np.column_stack([moves, moves]), 19) is None
    assert regime.pair_correlation(np.column_stack([moves, moves]), 31) is None


def test_trend_is_the_level_against_its_mean_of_ten_months():
    assert regime.trend(np.array([0.0] * 9 + [1.0]), 1) == pytest.approx(100 * (2 / 1.1 - 1))
    assert regime.trend(np.zeros(9), 1) is None


def test_a_macro_trend_takes_the_newest_revision_known_and_nothing_later():
    ends = [date(2020, 3, 31), date(2020, 6, 30), date(2020, 9, 30), date(2020, 12, 31), date(2020, 12, 31)]
    known = [date(2020, 4, 30), date(2020, 7, 30), date(2020, 10, 30), date(2021, 1, 30), date(2021, 3, 30)]
    series = Series(tuple(ends), tuple(known), (1.0, 1.0, 1.0, 5.0, 9.0))
    assert regime.macro_trend(series, date(2021, 1, 29)) is None
    assert regime.macro_trend(series, date(2021, 3, 29)) == (3.0, ends[-1], known[-2])
    assert regime.macro_trend(series, date(2021, 3, 30)) == (6.0, ends[-1], known[-1])
    assert regime.macro_trend(series, date(2019, 1, 1)) is None


def test_four_readings_of_one_week_make_no_year():
    days = tuple(date(2024, 3, day) for day in (25, 26, 27, 28))
    assert regime.macro_trend(Series(days, days, (5.0, 5.0, 5.0, 5.5)), date(2024, 4, 1)) is None


@pytest.mark.parametrize(
    ("growth", "inflation", "words"),
    [
        (1, -1, "growth up, inflation down"),
        (-1, 1, "growth down, inflation up"),
        (None, 1, None),
        (1, None, None),
    ],
)
def test_the_quadrant_is_said_in_words_and_needs_both(growth, inflation, words):
    assert regime.quadrant(growth, inflation) == words
