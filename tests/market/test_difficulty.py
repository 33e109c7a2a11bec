"""How much signals tell about the returns that follow, at each difficulty."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest

from agent.market import vn_parameters as p
from agent.market import vn_sim, vn_truth, vn_world
from agent.market.vn_world import world

AHEAD = 21
MOMENTUM, QUARTER, FOREIGN = "12-1 momentum", "3-month return", "foreign net, 20 days"
WHALES, ORACLE = "large trades net, 20 days", "planted drift (oracle)"
SIGNALS = (MOMENTUM, QUARTER, FOREIGN, WHALES, ORACLE)


@cache
def skills(difficulty: str) -> dict[str, float]:
    """Mean Spearman correlation over the sectors of each signal with the return of the next 21 sessions."""
    simulated = world(p.Setting(difficulty))
    path = np.cumsum(np.log1p(simulated.panel.sectors), axis=0)
    planted = np.cumsum(vn_truth.expected(simulated), axis=0)
    trading = simulated.trading
    foreign = np.cumsum((trading.foreign_buy - trading.foreign_sell) / trading.turnover, axis=0)
    whales = np.cumsum((trading.whale_buy - trading.whale_sell) / trading.turnover, axis=0)

    def skill(signal: Callable[[int], np.ndarray]) -> float:
        days = range(253, len(path) - AHEAD, AHEAD)
        ranks = [(rank(signal(t)), rank(path[t + AHEAD] - path[t])) for t in days]
        return float(np.mean([np.corrcoef(before, after)[0, 1] for before, after in ranks]))

    return {
        MOMENTUM: skill(lambda t: path[t - 21] - path[t - 252]),
        QUARTER: skill(lambda t: path[t] - path[t - 63]),
        FOREIGN: skill(lambda t: foreign[t] - foreign[t - 20]),
        WHALES: skill(lambda t: whales[t] - whales[t - 20]),
        ORACLE: skill(lambda t: planted[t + AHEAD] - planted[t]),
    }


def rank(values: np.ndarray) -> np.ndarray:
    return values.argsort().argsort()


@pytest.mark.parametrize("difficulty", p.DIFFICULTIES)
def test_momentum_tells_something_and_the_planted_drift_most(difficulty):
    found = skills(difficulty)
    assert all(0 < found[signal] < found[ORACLE] for signal in SIGNALS if signal != ORACLE)
    assert found[FOREIGN] > found[MOMENTUM]


@pytest.mark.parametrize("signal", SIGNALS)
def test_every_signal_tells_more_when_it_is_easier(signal):
    realistic, teaching, easy = (skills(difficulty)[signal] for difficulty in p.DIFFICULTIES)
    assert easy > teaching + 0.02 and teaching > realistic + 0.02


def test_the_documentation_gives_the_figures_that_are_measured():
    doc = vn_world.__doc__ or ""
    for signal in SIGNALS:
        row = signal.ljust(25) + "".join(f"{skills(difficulty)[signal]:11.2f}" for difficulty in p.DIFFICULTIES)
        assert row in doc


def test_an_unknown_difficulty_is_refused_with_the_ones_there_are():
    with pytest.raises(ValueError, match="unknown difficulty 'hard'; there are realistic, teaching, easy"):
        vn_sim.pack("hard")
