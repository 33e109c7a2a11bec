from __future__ import annotations

import math

import numpy as np
import pytest

from agent.market import methods

RETURNS = np.array([[0.10, 0.0], [-0.50, 0.0], [0.20, 0.0]])


def test_performance_compounds_the_last_returns():
    assert methods.performance(RETURNS, 2) == pytest.approx([-40.0, 0.0])


def test_momentum_leaves_out_the_newest_month():
    assert methods.momentum(RETURNS, far=3, near=1) == pytest.approx([-45.0, 0.0])
    assert methods.momentum(RETURNS, far=3, near=0) == pytest.approx([-34.0, 0.0])
    assert methods.momentum(RETURNS, far=4, near=1) is None


def test_volatility_needs_twenty_samples():
    swing = np.tile([[0.1], [-0.1]], (20, 1))
    assert methods.volatility(swing[:19], 24, step=1, year=12) is None
    assert methods.volatility(swing, 39, step=2, year=12) is None
    assert methods.volatility(swing, 40, step=2, year=12) == pytest.approx([0.0], abs=1e-9)


def test_a_return_equal_to_the_benchmark_is_no_relative_strength():
    assert methods.relative_strength(RETURNS, RETURNS[:, 0], 3) == pytest.approx([0.0, 100 / 0.66 - 100])


def test_growth_on_nothing_or_a_loss_is_no_number():
    assert methods.growth(3, 2) == pytest.approx(50)
    assert methods.growth(3, 0) is None
    assert methods.growth(3, -2) is None


def test_downside_deviation_counts_falls_only_and_divides_by_all():
    rises_and_falls = np.tile([[0.5, 0.5], [-0.5, 0.25]], (10, 1))
    falls = 100 * math.sqrt(12 * math.log(0.5) ** 2 / 2)
    assert methods.downside_deviation(rises_and_falls, 20, step=1, year=12) == pytest.approx([falls, 0.0])
    assert methods.downside_deviation(rises_and_falls[:19], 24, step=1, year=12) is None


def test_drawdown_is_from_the_highest_level_to_a_later_lower_one():
    assert methods.max_drawdown(RETURNS, 3) == pytest.approx([-50.0, 0.0])
    assert methods.max_drawdown(RETURNS, 1) == pytest.approx([0.0, 0.0])
    assert methods.max_drawdown(-RETURNS, 1) == pytest.approx([-20.0, 0.0])


def test_beta_is_how_many_times_a_sector_moves_with_the_benchmark():
    logs = np.tile([0.01, -0.02, 0.03, 0.0], 5)
    returns = np.expm1(np.column_stack([2 * logs, -logs, 0 * logs]))
    assert methods.beta(returns, np.expm1(logs), 20, step=1) == pytest.approx([2, -1, 0])
    assert methods.beta(returns, np.expm1(logs), 19, step=1) is None
    assert methods.beta(returns, np.zeros(20), 20, step=1) is None


def test_mansfield_strength_is_the_ratio_against_its_own_mean_of_a_year():
    assert methods.mansfield(RETURNS, np.zeros(3), year=2) == pytest.approx([100 * (0.6 / 0.55 - 1), 0.0])
    assert methods.mansfield(RETURNS, RETURNS[:, 0], year=3)[0] == pytest.approx(0.0)
    assert methods.mansfield(RETURNS, np.zeros(3), year=4) is None


def test_z_scores_are_winsorised_and_a_sector_without_a_value_has_none():
    outlier = np.array([100.0, *[0.0] * 20])
    assert methods.z_scores(outlier)[0] == 3.0
    assert methods.z_scores(np.array([1.0, 2.0, 3.0])) == pytest.approx([-math.sqrt(1.5), 0, math.sqrt(1.5)])
    assert methods.z_scores(np.array([5.0, 5.0, 5.0, np.nan])) == pytest.approx([0, 0, 0, np.nan], nan_ok=True)
    assert methods.z_scores(np.array([5.0, 6.0, np.nan])) is None


def test_a_scorecard_weighs_its_measures_and_needs_all_of_them():
    up, down = np.array([1.0, 2.0, 3.0]), np.array([3.0, 2.0, 1.0])
    best = math.sqrt(1.5)
    both = {"momentum": up, "volatility": down}
    assert methods.scorecard(both, {"momentum": 1, "volatility": -0.5}) == pytest.approx([-best, 0, best])
    assert methods.scorecard(both, {"momentum": 1, "volatility": 1}) == pytest.approx([0, 0, 0])
    assert methods.scorecard(both | {"volatility": None}, {"momentum": 1, "volatility": 1}) is None
