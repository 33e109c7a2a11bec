"""Measures of who trades: pure functions of amounts, oldest first along the first axis, (T,) or (T, S).

Amounts may have any one unit. Below its minimum of data a measure is None; where a divisor is 0 it is NaN.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from agent.market.pack import Floats

CUMULATED = 20
USUAL = 60
WHALE_RULE = 2.0
WHALE_WINDOW = 20


class LargeTrades(NamedTuple):
    """Of the newest observation: volume as a multiple of its usual one, and -1, 0 or 1; 0 also where it is no whale."""

    multiple: Floats
    direction: Floats


def net_share(bought: Floats, sold: Floats, turnover: Floats, n: int) -> Floats | None:
    """`net/turnover(h)` in percent: sum(bought - sold) / sum(turnover) over the last n observations.

    Source: net flow scaled by trading. Minimum: n observations, else None.
    """
    if len(turnover) < n:
        return None
    return 100 * _divided((bought[-n:] - sold[-n:]).sum(axis=0), turnover[-n:].sum(axis=0))


def cumulative(net: Floats, n: int = CUMULATED) -> Floats | None:
    """`cum(n)` in the unit given: the sum of the last n net amounts. Minimum: n observations, else None."""
    if len(net) < n:
        return None
    total: Floats = np.asarray(net[-n:].sum(axis=0), dtype=np.float64)
    return total


def unusualness(net: Floats, n: int = USUAL) -> Floats | None:
    """`z(n)` in standard deviations: (newest - mean) / deviation (ddof 1) of the n observations before it.

    The newest is left out of its own yardstick. Source: standard score along time.
    Minimum: n + 1 observations, else None.
    """
    if len(net) <= n:
        return None
    before = net[-n - 1 : -1]
    return _divided(net[-1] - before.mean(axis=0), before.std(axis=0, ddof=1))


def streak(net: Floats) -> Floats | None:
    """`streak`, a count: how many of the newest observations in a row have the sign of the newest, with that sign.

    0 where the newest is 0. Source: runs of one sign. Minimum: 1 observation, else None.
    """
    if len(net) == 0:
        return None
    signs = np.sign(net)
    in_a_row = np.cumprod(signs[::-1] == signs[-1], axis=0).sum(axis=0)
    count: Floats = np.asarray(signs[-1] * in_a_row, dtype=np.float64)
    return count


def large_trades(
    volume: Floats, high: Floats, low: Floats, close: Floats, n: int = WHALE_WINDOW, rule: float = WHALE_RULE
) -> LargeTrades | None:
    """`whale(n, rule)`: newest volume / mean volume of the n observations before it, a whale from `rule` on.

    Its direction is the sign of the close location ((close - low) - (high - close)) / (high - low), 0 where the
    range is 0. Source: the rule of thumb "twice the 20-day mean", and the close location of Chaikin's
    accumulation line. Abnormal volume identifies nobody. Minimum: n + 1 observations, else None.
    """
    if len(volume) <= n:
        return None
    multiple = _divided(volume[-1], volume[-n - 1 : -1].mean(axis=0))
    location = (close[-1] - low[-1]) - (high[-1] - close[-1])
    direction: Floats = np.where(multiple >= rule, np.sign(location), 0.0)
    return LargeTrades(multiple, direction)


def _divided(above: Floats, below: Floats) -> Floats:
    above, below = np.asarray(above, dtype=np.float64), np.asarray(below, dtype=np.float64)
    quotient: Floats = np.divide(above, below, out=np.full(below.shape, np.nan), where=below != 0)
    return quotient
