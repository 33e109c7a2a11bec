"""Returns by the season of the year: what sectors did in the same calendar months of past years."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from agent.market.pack import Floats

YEARS = 20
MONTHS = 3
SEASONALITY = f"seasonality({MONTHS}M,{YEARS}Y)"


def seasonality(returns: Floats, dates: Sequence[date]) -> Floats | None:
    """Mean total return in percent, over the past 20 years, of the three calendar months to come.

    returns: total returns as fractions (T, S), oldest first; dates: the T days on which they became known.
    The months to come are those after the month of the newest observation.
    Source: Heston and Sadka (2008), Keloharju, Linnainmaa and Nyberg (2016), whose 20 years these are.
    Minimum: all of the 20 years, else None.
    """
    months = [12 * day.year + day.month for day in dates]
    starts = [months[-1] + 1 - 12 * year for year in range(1, YEARS + 1)]
    if months[0] + (not _opens_its_month(dates)) > starts[-1]:
        return None
    past = [returns[bisect_left(months, start) : bisect_left(months, start + MONTHS)] for start in starts]
    mean: Floats = np.mean([np.prod(1 + each, axis=0) - 1 for each in past], axis=0)
    return 100 * mean


def _opens_its_month(dates: Sequence[date]) -> bool:
    """Whether the first month is there from its beginning on: it is one return, or no weekday of it is missing."""
    a_month_each = len({(day.year, day.month) for day in dates[:3]}) == len(dates[:3])
    before = (dates[0].replace(day=day) for day in range(1, dates[0].day))
    return a_month_each or all(day.weekday() >= 5 for day in before)
