"""Measures of who trades: pure functions of amounts a session, oldest first along the first axis, (T,) or (T, S).

Below its minimum of data a measure is None; where a divisor is 0 it is NaN.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from agent.market.relative_rotation import FLAT

if TYPE_CHECKING:
    from agent.market.pack import Floats, Integers

WINDOW, USUAL = 20, 60
"""Observations: a flow, and how many values before it it is compared with."""


def net_shares(net: Any, turnover: Any, n: int = WINDOW) -> Floats | None:
    """`net/turnover(h)` in percent: sum(net) / sum(turnover) over each n observations in a row, (T-n+1, S).

    Source: net flow scaled by trading. Minimum: n observations, else None.
    """
    if len(turnover) < n:
        return None
    return 100 * _divided(sums(net, n)[n - 1 :], sums(turnover, n)[n - 1 :])


def unusualness(values: Any, n: int = USUAL) -> Floats | None:
    """`z(n)` in standard deviations: (newest - mean) / deviation (ddof 1) of the n observations before it.

    The newest is left out of its own yardstick. Source: standard score along time.
    Minimum: n + 1 observations, else None; NaN where those before did not differ by more than rounding.
    """
    if len(values) <= n:
        return None
    before = values[-n - 1 : -1]
    mean, deviation = before.mean(axis=0), before.std(axis=0, ddof=1)
    return _divided(values[-1] - mean, np.where(deviation > FLAT * np.abs(mean), deviation, 0))


def streak(net: Any) -> Floats:
    """`streak`, a count: how many of the newest observations in a row have the sign of the newest, with that sign.

    0 where the newest is 0. Source: runs of one sign. Minimum: 1 observation.
    """
    signs = np.sign(net)
    in_a_row = np.cumprod(signs[::-1] == signs[-1], axis=0).sum(axis=0)
    count: Floats = np.asarray(signs[-1] * in_a_row, dtype=np.float64)
    return count


def large_trades(turnover: Any, close_location: Any, n: int, rule: int) -> tuple[Integers, Integers, Integers]:
    """`whale(n, rule)` of each security and session, (T, N): what was bought, what was sold, and how many, 0 or 1.

    A session counts from `rule` times the mean turnover of the n sessions before on; what exceeds that mean was bought
    if the close lies in the upper half of the day's range, close_location >= 0, else sold. In whole units, so that the
    result is the same on every machine. Source: the rule of thumb "twice the 20-day mean", and the close location of
    Chaikin's accumulation line. Unusual turnover identifies nobody. Minimum: n sessions before, else 0.
    """
    amounts = np.asarray(turnover, dtype=np.int64)
    before = np.zeros_like(amounts)
    if len(amounts) > n:
        before[n:] = sums(amounts, n)[n - 1 : -1]
    found = (amounts * n >= rule * before) & (amounts > 0)
    found[:n] = False
    above = np.where(found, amounts - before // n, 0)
    bought = np.asarray(close_location) >= 0
    return np.where(bought, above, 0), np.where(bought, 0, above), found.astype(np.int64)


def sums(amounts: Any, n: int) -> Any:
    """Of the n observations that end with each one; of fewer at the beginning."""
    total = np.cumsum(amounts, axis=0)
    total[n:] = total[n:] - total[:-n]
    return total


def _divided(above: Any, below: Any) -> Floats:
    above, below = np.asarray(above, dtype=np.float64), np.asarray(below, dtype=np.float64)
    quotient: Floats = np.divide(above, below, out=np.full(below.shape, np.nan), where=below != 0)
    return quotient
