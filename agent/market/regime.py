"""Measures of the regime a market is in: how alike its sectors move, its trend, and the quadrant of the economy.

Returns as in `methods`. Below its minimum of data a measure is None.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from agent.market.methods import FLAT, MINIMUM_SAMPLES

if TYPE_CHECKING:
    from agent.market.pack import Floats, Series

TREND_MONTHS = 10
QUARTERS = 4
"""In which a year's readings have to lie: all that there are of a series that is published by quarter."""


class Trend(NamedTuple):
    """Of a macro series: its newest reading less the mean of its year, and what both are about."""

    distance: float
    observed: date
    known: date


def pair_correlation(returns: Floats, n: int) -> float | None:
    """`pair_corr(n)`, -1 to 1: mean of the correlations of all pairs of sectors over the last n observations.

    Source: average pairwise (Pearson) correlation of returns, without weights; high means that choosing sectors
    matters little. Minimum: n >= 20 observations and 2 sectors that moved, else None; others are left out.
    """
    if n < MINIMUM_SAMPLES or len(returns) < n:
        return None
    window = returns[len(returns) - n :]
    moved = window[:, np.ptp(window, axis=0) > FLAT]
    count = moved.shape[1]
    if count < 2:
        return None
    pairs = np.corrcoef(moved, rowvar=False)
    return float((pairs.sum() - count) / (count * (count - 1)))


def trend(returns: Floats, month: int) -> float | None:
    """`trend(10M)` in percent: P / mean of P over the last ten months - 1, of one index, (T,).

    month: observations in a month. The mean is simple and includes the newest observation.
    Source: the ten-month average of Faber (2007). Minimum: ten months of observations, else None.
    """
    n = TREND_MONTHS * month
    if len(returns) < n:
        return None
    levels = np.cumprod(1 + returns[len(returns) - n :])
    return float(100 * (levels[-1] / levels.mean() - 1))


def macro_trend(series: Series, as_of: date) -> Trend | None:
    """`trend(1Y)` in the unit of the series: newest reading known at `as_of` - mean of the readings of its year.

    The year ends with the newest reading, which is included; of a reading that was revised, the newest
    revision known counts. Source: direction of a growth rate against its own recent mean.
    Minimum: readings in 4 quarters of the year, else None.
    """
    readings: dict[date, tuple[float, date]] = {}
    for i in range(bisect_right(series.known, as_of)):
        readings[series.observed[i]] = series.values[i], series.known[i]
    if not readings:
        return None
    newest = max(readings)
    year_before = newest.year - 1, newest.month
    year = {day: value for day, (value, _) in readings.items() if (day.year, day.month) > year_before}
    if len({(day.year, (day.month - 1) // 3) for day in year}) < QUARTERS:
        return None
    value, known = readings[newest]
    return Trend(value - sum(year.values()) / len(year), newest, known)


def quadrant(growth: float | None, inflation: float | None) -> str | None:
    """`quadrant`: whether growth and inflation are above or below their own year, in words; None without both.

    It is a label for the reader and no signal. On the pack us-real, with industrial production and consumer prices,
    the month after had |t| > 2 in 3 of 48 cells (12 industries x 4 quadrants), about what chance gives; see
    `bench/yardstick.py`. Molchanov and Stangl (2023) find no edge in rotation by the business cycle either.
    """
    if growth is None or inflation is None:
        return None
    return f"growth {_WAY[growth >= 0]}, inflation {_WAY[inflation >= 0]}"


_WAY: Mapping[bool, str] = {True: "up", False: "down"}
