"""Measures of sectors: pure functions of returns.

Returns are total returns as fractions, oldest first along the first axis, up to and including the last
observation known at the as-of date. Results are in percent, one for each sector.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from agent.market.pack import Floats

MOMENTUM = "mom_12_1"
MINIMUM_SAMPLES = 20


def performance(returns: Floats, n: int) -> Floats:
    """`perf(h)` in percent: P[t] / P[t-h] - 1, the compounded total return of the last n observations.

    Source: the returns given. Minimum: n observations.
    """
    growth: Floats = np.prod(1 + returns[-n:], axis=0)
    return 100 * (growth - 1)


def momentum(returns: Floats, year: int, month: int) -> Floats | None:
    """`mom_12_1` in percent: P[t-month] / P[t-year] - 1, so the newest month is left out.

    year, month: observations in a year and in a month, 252 and 21, or 12 and 1.
    Source: Jegadeesh and Titman (1993); for industries Moskowitz and Grinblatt (1999).
    Minimum: one year of observations, else None.
    """
    if len(returns) < year:
        return None
    return performance(returns[:-month], year - month)


def volatility(returns: Floats, n: int, step: int, year: int) -> Floats | None:
    """`vol(n)` in percent a year: standard deviation (ddof 1) of log returns x sqrt(year / step).

    The last n observations are cut into blocks of `step` that end at the newest one; a shorter block at
    the old end is dropped. year: observations in a year.
    Source: close-to-close historical volatility. Minimum: 20 blocks, else None.
    """
    blocks = min(n, len(returns)) // step
    if blocks < MINIMUM_SAMPLES:
        return None
    logs = np.log1p(returns[-blocks * step :]).reshape(blocks, step, -1).sum(axis=1)
    deviation: Floats = np.std(logs, axis=0, ddof=1)
    return 100 * math.sqrt(year / step) * deviation


def relative_strength(returns: Floats, benchmark: Floats, n: int) -> Floats:
    """`rs(h)` in percent: (1 + perf of the sector) / (1 + perf of the benchmark) - 1.

    Source: ratio of total-return indices, rebased at the start of the lookback. Minimum: n observations.
    """
    ratio = (100 + performance(returns, n)) / (100 + performance(benchmark, n))
    return 100 * (ratio - 1)


def growth(now: float, before: float) -> float | None:
    """Change in percent of `before`; None where `before` is not positive, as a ratio would mislead."""
    return 100 * (now / before - 1) if before > 0 else None
