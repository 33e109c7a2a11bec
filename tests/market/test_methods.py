from __future__ import annotations

import numpy as np
import pytest

from agent.market import methods

RETURNS = np.array([[0.10, 0.0], [-0.50, 0.0], [0.20, 0.0]])


def test_performance_compounds_the_last_returns():
    assert methods.performance(RETURNS, 2) == pytest.approx([-40.0, 0.0])


def test_momentum_leaves_out_the_newest_month():
    assert methods.momentum(RETURNS, year=3, month=1) == pytest.approx([-45.0, 0.0])
    assert methods.momentum(RETURNS, year=4, month=1) is None


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
