"""Whether dates are trading days or ends of months, and whether any is missing."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from agent.market.folder_csv import CsvFile
from agent.market.pack import Sampling

TRADING_DAYS = (200, 275)
"""The fewest and the most that are taken for a year of daily data."""
SOME_TRADING_DAYS = (150, 275)
"""The same of less than a year, in which holidays may lie close together."""
ENOUGH_GAPS = 20
"""From so many on, dates are counted at all."""
MONTH = (26, 35)
"""Days from one month's last day of trading to the next one's."""
MONTH_ENDS_FROM = 20
"""The earliest day of a month that can be the last trading day of it."""


@dataclass(frozen=True)
class Rhythm:
    """What `Pack` wants to know of it."""

    name: str
    periods: Mapping[str, int]
    sampling: Mapping[str, Sampling]


DAILY = Rhythm(
    "daily",
    {"D": 1, "W": 5, "M": 21, "Y": 252},
    {"daily": Sampling(1, 63), "weekly": Sampling(5, 260), "monthly": Sampling(21, 504)},
)
MONTHLY = Rhythm("monthly", {"M": 1, "Y": 12}, {"monthly": Sampling(1, 24)})
LARGE_MOVE = {DAILY.name: 0.5, MONTHLY.name: 1.0}
"""A return of one name above it, up or down, is looked at twice."""


def found(file: CsvFile, days: Sequence[date]) -> Rhythm:
    """By the usual distance of two dates. Another rhythm, and a date that breaks it, are problems of the file."""
    gaps = [(after - before).days for before, after in pairwise(days)]
    if len(gaps) < 2:
        file.problem(f"has {len(days)} dates; at least 3 are needed")
        return DAILY
    usual = statistics.median_low(gaps)
    if MONTH[0] <= usual <= MONTH[1]:
        _require_months(file, days)
        return MONTHLY
    if usual > 4:
        file.problem(f"most dates are {usual} days apart; trading days, or ends of months, are expected", column="date")
        return DAILY
    years = (days[-1] - days[0]).days / 365.25
    low, high = TRADING_DAYS if years > 1 else SOME_TRADING_DAYS
    if len(gaps) >= ENOUGH_GAPS and not low <= len(gaps) / years <= high:
        file.problem(
            f"{len(gaps) / years:.0f} dates a year; daily data have {low} to {high}, as a year counts 252 trading days",
            column="date",
        )
    return DAILY


def _require_months(file: CsvFile, days: Sequence[date]) -> None:
    """A month that is dated by its first day would be known a month too early."""
    for day in days:
        if day.day < MONTH_ENDS_FROM:
            file.problem(
                f"{day} is no end of a month; monthly data are dated by the last day of theirs, when they are known",
                column="date",
                kind="early",
            )
    for before, after in pairwise(days):
        months = 12 * (after.year - before.year) + after.month - before.month
        if months != 1:
            said = "are of one month" if months == 0 else f"are {months} months apart"
            file.problem(
                f"{before} and {after} {said}; monthly data have one date for each month", column="date", kind="months"
            )
