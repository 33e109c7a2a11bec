"""Filings of companies → what each sector earned, by what had been filed at a date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from agent.market import methods

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from agent.market.pack import Days, Filings, Integers

    Flags = NDArray[np.bool_]

ENOUGH = 0.8
"""Share of the companies that must have filed a period before it is answered with."""
STILL_FILING = 15
"""Months: a company whose last period ended that long before the newest one, or longer, has left the market."""


@dataclass(frozen=True)
class Accounts:
    """What was known of one kind of period: P periods, oldest first, by C companies, of which some have left."""

    periods: Days
    filed: Flags
    """By a company that still files, (P, C)."""
    restated: Flags
    known: Days
    """The day of the newest filing, (P, C); meaningless where nothing was filed."""
    revenue: Integers
    profit: Integers

    def newest(self) -> int | None:
        """The latest period that enough companies have filed; None where there is none."""
        enough = np.flatnonzero(self.filed.sum(axis=1) >= ENOUGH * max(1, self.companies().sum()))
        return int(enough[-1]) if len(enough) else None

    def companies(self) -> Flags:
        """Which companies file, (C,)."""
        ever: Flags = np.logical_or.reduce(self.filed, axis=0)
        return ever

    def year_before(self, at: int) -> int | None:
        """The period that ended in the same month of the year before; None where there is none."""
        months = self.periods.astype("datetime64[M]")
        found = np.flatnonzero(months == months[at] - 12)
        return int(found[0]) if len(found) else None

    def known_on(self, at: int) -> date:
        """The day of the last filing behind the figures of a period: of its own, or of those that growth is on."""
        now, before = self.filed[at], self.year_before(at)
        days = [self.known[at, now]]
        if before is not None:
            days.append(self.known[before, now & self.filed[before]])
        day: date = np.concatenate(days).max().item()
        return day


def known_at(filings: Filings, companies: int, as_of: date) -> Accounts:
    """The newest filing of each period and company that was known at the end of a day."""
    seen = int(np.searchsorted(filings.known, np.datetime64(as_of), side="right"))
    periods, row = np.unique(filings.period[:seen], return_inverse=True)
    shape = len(periods), companies
    # Filings come in the order in which they became known, so the newest of a place is its first from the end.
    places, from_end, times = np.unique(
        (row * companies + filings.company[:seen])[::-1], return_index=True, return_counts=True
    )
    newest = seen - 1 - from_end

    def placed(values: Any) -> Any:
        table = np.zeros(shape, dtype=values.dtype)
        table.reshape(-1)[places] = values
        return table

    filed = placed(times) > 0
    months = periods.astype("datetime64[M]")
    filed &= filed[months > months[-1:] - STILL_FILING].any(axis=0)
    return Accounts(
        periods=periods,
        filed=filed,
        restated=filed & (placed(times) > 1),
        known=placed(filings.known[newest]),
        revenue=placed(filings.revenue[newest]),
        profit=placed(filings.profit[newest]),
    )


@dataclass(frozen=True)
class Earned:
    """What the companies of one sector filed for a period, amounts as in Filings; None: too little to tell it."""

    revenue: int | None
    profit: int | None
    revenue_growth: float | None
    """Percent, on the year before, of the companies that filed both periods."""
    profit_growth: float | None
    margin: float | None
    """Net profit in percent of revenue."""
    filed: float | None
    """Percent of the sector's companies that file."""


def earned(accounts: Accounts, at: int, members: Flags) -> Earned:
    """members: which companies belong to the sector, (C,)."""
    now = accounts.filed[at] & members
    if not now.any():
        return Earned(None, None, None, None, None, 0.0 if (accounts.companies() & members).any() else None)
    revenue, profit = int(accounts.revenue[at, now].sum()), int(accounts.profit[at, now].sum())
    before = accounts.year_before(at)

    def growth(amounts: Integers) -> float | None:
        if before is None:
            return None
        both = now & accounts.filed[before]
        return methods.growth(amounts[at, both].sum(), amounts[before, both].sum())

    return Earned(
        revenue=revenue,
        profit=profit,
        revenue_growth=growth(accounts.revenue),
        profit_growth=growth(accounts.profit),
        margin=100 * profit / revenue if revenue > 0 else None,
        filed=float(100 * now.sum() / (accounts.companies() & members).sum()),
    )
