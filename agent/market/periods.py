"""Lookback periods such as '1W', '3M', '1Y', 'YTD' and '63D', counted in observations of the data."""

from __future__ import annotations

import re
import reprlib
from collections.abc import Mapping, Sequence
from datetime import date

from agent.market.pack import Refusal

_FORM = re.compile(r"([0-9]{1,5})([DWMY])", re.ASCII)


def observations(text: str, periods: Mapping[str, int], dates: Sequence[date], as_of: date) -> tuple[str, int]:
    """The lookback in its usual spelling, and how many of the newest `dates` it spans.

    periods: observations in one unit, such as {"D": 1, "W": 5, "M": 21, "Y": 252}.
    dates:   the observations known at `as_of`, oldest first.
    'YTD' counts the observations of the year of `as_of`, that is, from the last close of the year before.

    Raises Refusal: not a period, a unit finer than the data, or more than the data hold before `as_of`.
    """
    spelled = text.strip().upper()
    if spelled == "YTD":
        count = sum(day.year == as_of.year for day in dates)
        if count == 0:
            raise Refusal(f"YTD is empty on {as_of}: no observation in {as_of.year} yet. Use 1M or 1Y.")
        return spelled, count
    form = _FORM.fullmatch(spelled)
    units = ", ".join(f"'1{unit}'" for unit in periods)
    if form is None or int(form[1]) == 0:
        raise Refusal(f"{reprlib.repr(text)} is not a period. Use a number and a unit ({units}), or 'YTD'.")
    if form[2] not in periods:
        raise Refusal(f"{spelled!r} is finer than this data, which are monthly. Use units {units}, or 'YTD'.")
    count = int(form[1]) * periods[form[2]]
    if count > len(dates):
        raise Refusal(
            f"{spelled!r} needs {count} observations, but up to {as_of} there are {len(dates)}. "
            "Use a shorter period or a later as_of."
        )
    return f"{int(form[1])}{form[2]}", count
