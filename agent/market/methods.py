"""Measures of sectors: pure functions of returns.

Returns are total returns as fractions, oldest first along the first axis, up to and including the last
observation known at the as-of date: (T, S) for sectors, (T,) for a benchmark. Results are one number for each
sector, (S,), in percent unless a docstring says otherwise. Below its minimum of data a measure is None; where
only one sector has no measure, it is NaN there.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from agent.market.pack import Floats

MINIMUM_SAMPLES = 20
MINIMUM_SECTORS = 3
WINSORISED_AT = 3.0
FLAT = 1e-12
"""Returns that differ by less differ by rounding only."""


def performance(returns: Floats, n: int) -> Floats | None:
    """`perf(h)` in percent: P[t] / P[t-h] - 1, the compounded total return of the last n observations.

    Source: the returns given. Minimum: n observations, else None.
    """
    if len(returns) < n:
        return None
    growth: Floats = np.prod(1 + returns[-n:], axis=0)
    return 100 * (growth - 1)


def momentum(returns: Floats, far: int, near: int) -> Floats | None:
    """`mom_F_N` in percent: P[t-near] / P[t-far] - 1; `mom_12_1` leaves the newest month out, `mom_12_0` does not.

    far, near: observations, such as 252 and 21, or 12 and 1.
    Source: Jegadeesh and Titman (1993); for industries Moskowitz and Grinblatt (1999), who find the strongest
    effect at one month (1-0), and no reversal there. Minimum: `far` observations, else None.
    """
    if len(returns) < far:
        return None
    return performance(returns[: len(returns) - near], far - near)


def volatility(returns: Floats, n: int, step: int, year: int) -> Floats | None:
    """`vol(n)` in percent a year: standard deviation (ddof 1) of log returns x sqrt(year / step).

    The last n observations are cut into blocks of `step` that end at the newest one; a shorter block at
    the old end is dropped. year: observations in a year.
    Source: close-to-close historical volatility. Minimum: 20 blocks, else None.
    """
    logs = _blocks(returns, n, step)
    if len(logs) < MINIMUM_SAMPLES:
        return None
    deviation: Floats = np.std(logs, axis=0, ddof=1)
    return 100 * math.sqrt(year / step) * deviation


def downside_deviation(returns: Floats, n: int, step: int, year: int) -> Floats | None:
    """`downside(n)` in percent a year: sqrt(mean(min(log return, 0)^2)) x sqrt(year / step), target 0.

    The mean is over all blocks, those that rose included; blocks as for `volatility`.
    Source: Sortino and van der Meer (1991), lower partial moment of order 2. Minimum: 20 blocks, else None.
    """
    logs = _blocks(returns, n, step)
    if len(logs) < MINIMUM_SAMPLES:
        return None
    deviation: Floats = np.sqrt(np.mean(np.minimum(logs, 0) ** 2, axis=0))
    return 100 * math.sqrt(year / step) * deviation


def max_drawdown(returns: Floats, n: int) -> Floats | None:
    """`mdd(h)` in percent, 0 or below: the lowest P[u] / max(P[s], s <= u) - 1 over the last n observations.

    The level before the first of them counts as a peak. Source: peak-to-trough loss at each observation's close.
    Minimum: n observations, else None.
    """
    if len(returns) < n:
        return None
    levels = np.cumprod(1 + returns[-n:], axis=0)
    peaks = np.maximum(np.maximum.accumulate(levels, axis=0), 1)
    lowest: Floats = np.min(levels / peaks, axis=0)
    return 100 * (lowest - 1)


def beta(returns: Floats, benchmark: Floats, n: int, step: int) -> Floats | None:
    """`beta(n)`, a ratio: covariance of a sector's and the benchmark's log returns / the benchmark's variance.

    Blocks as for `volatility`. Source: the slope of the market model (Sharpe, 1963), without a risk-free rate.
    Minimum: 20 blocks and a benchmark that moved, else None.
    """
    logs, market = _blocks(returns, n, step), _blocks(benchmark, n, step)
    if len(logs) < MINIMUM_SAMPLES or np.ptp(market) < FLAT:
        return None
    market = market - market.mean()
    slope: Floats = market @ (logs - logs.mean(axis=0)) / (market @ market)
    return slope


def relative_strength(returns: Floats, benchmark: Floats, n: int) -> Floats | None:
    """`rs(h)` in percent: (1 + perf of the sector) / (1 + perf of the benchmark) - 1.

    Source: ratio of total-return indices, rebased at the start of the lookback. Minimum: n observations, else None.
    """
    sector, market = performance(returns, n), performance(benchmark, n)
    if sector is None or market is None:
        return None
    return 100 * ((100 + sector) / (100 + market) - 1)


def mansfield(returns: Floats, benchmark: Floats, year: int) -> Floats | None:
    """`mansfield(1Y)` in percent: (RS / mean of RS over a year - 1), where RS = P of the sector / P of the benchmark.

    The mean is simple and includes the newest observation; it spans 52 weeks, `year` observations.
    Source: Mansfield relative strength, as in Weinstein (1988). Minimum: a year of observations, else None.
    """
    if len(returns) < year:
        return None
    strength = np.cumprod((1 + returns[-year:]) / (1 + benchmark[-year:, None]), axis=0)
    ratio: Floats = strength[-1] / strength.mean(axis=0)
    return 100 * (ratio - 1)


def z_scores(values: Floats) -> Floats | None:
    """`z`, in standard deviations: (value - mean) / deviation (ddof 0) across the sectors, winsorised at +-3.

    All zero where the sectors do not differ; NaN, and left out of the mean, where a sector has no value.
    Source: cross-sectional standard score. Minimum: 3 sectors with a value, else None.
    """
    given = np.isfinite(values)
    if given.sum() < MINIMUM_SECTORS:
        return None
    distance = values - values[given].mean()
    deviation = float(np.std(values[given]))
    if deviation <= 1e-12 * float(np.max(np.abs(values[given]))):
        return np.where(given, 0.0, np.nan)
    scores: Floats = np.clip(distance / deviation, -WINSORISED_AT, WINSORISED_AT)
    return scores


def scorecard(measures: Mapping[str, Floats | None], weights: Mapping[str, float]) -> Floats | None:
    """`scorecard`, in standard deviations: sum(weight x z) / sum(|weight|) over the measures of `weights`.

    A negative weight means that less is better. Source: composite z-scores as in sector scorecards; the weights
    are a choice and no estimate. Minimum: every measure, for 3 sectors, else None.
    """
    total: Floats | float = 0.0
    for name, weight in weights.items():
        values = measures[name]
        scores = None if values is None else z_scores(values)
        if scores is None:
            return None
        total = total + weight * scores
    mean: Floats = np.asarray(total) / sum(map(abs, weights.values()))
    return mean


def growth(now: float, before: float) -> float | None:
    """Change in percent of `before`; None where `before` is not positive, as a ratio would mislead."""
    return 100 * (now / before - 1) if before > 0 else None


def _blocks(returns: Floats, n: int, step: int) -> Floats:
    """Log returns of the whole blocks of `step` among the last n observations, the newest block last."""
    blocks = min(n, len(returns)) // step
    logs: Floats = np.log1p(returns[len(returns) - blocks * step :])
    sums: Floats = logs.reshape(blocks, step, *returns.shape[1:]).sum(axis=1)
    return sums
