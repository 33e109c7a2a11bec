"""Measures of who buys: pure functions of amounts a session, (T, S), oldest first; results one for each sector."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from agent.market.pack import Floats, Integers

WINDOW, BASE = 20, 60
"""Sessions: a flow, and how many of its last values it is compared with."""
NEEDED = WINDOW + BASE - 1


def net_z(net: Integers, turnover: Integers) -> Floats | None:
    """`net_z(20D,60D)`: how unusual the net flow of the last 20 sessions is, in standard deviations.

    The share of turnover that was bought net over 20 sessions, less its mean over the last 60 sessions, divided
    by its standard deviation (ddof 1) over them; NaN where it never changed.
    Source: z-score. Minimum: 79 sessions, else None.
    """
    if len(net) < NEEDED:
        return None
    bought, traded = (_rolling(amounts[-NEEDED:]) for amounts in (net, turnover))
    shares = bought / np.where(traded > 0, traded, 1)
    deviation = np.std(shares, axis=0, ddof=1)
    unusual: Floats = (shares[-1] - shares.mean(axis=0)) / np.where(deviation > 0, deviation, np.nan)
    return unusual


def _rolling(amounts: Integers) -> Integers:
    """Sums over WINDOW sessions, one for each session that has as many."""
    total = np.cumsum(amounts, axis=0)
    total[WINDOW:] = total[WINDOW:] - total[:-WINDOW]
    last: Integers = total[WINDOW - 1 :]
    return last


def streak(net: Integers) -> Integers:
    """`net_streak`: for how many sessions, the newest included, the net flow has kept its sign; negative if sold."""
    sign = np.sign(net)
    changed = (sign != sign[-1])[::-1]
    unbroken = np.where(changed.any(axis=0), changed.argmax(axis=0), len(net))
    days: Integers = unbroken * sign[-1]
    return days
