"""Filings of companies → what each sector earned, by what had been filed at a date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from agent.market import methods

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from agent.market.pack import Days, Filings, Integers

    Flags = NDArray[np.bool_]

ENOUGH = 0.8
"""Share of the companies that must have filed a period before it is answered with."""


@dataclass(frozen=True)
class Accounts:
    """What was known of one kind of period: P periods, oldest first, by C companies."""

    periods: Days
    filed: Flags
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
        """Which companies have filed anything yet, (C,)."""
        ever: Flags = np.logical_or.reduce(self.filed, axis=0)
        return ever

    def year_before(self, at: int) -> int | None:
        """The period that ended in the same month of the year before; None where there is none."""
        months = self.periods.astype("datetime64[M]")
        found = np.flatnonzero(months == months[at] - 12)
        return int(found[0]) if len(found) else None


def known_at(filings: Filings, companies: int, as_of: date) -> Accounts:
    """The newest filing of each period and company that was known at the end of a day."""
    seen = int(np.searchsorted(filings.known, np.datetime64(as_of), side="right"))
    periods, row = np.unique(filings.period[:seen], return_inverse=True)
    place, shape = (row, filings.company[:seen]), (len(periods), companies)
    times = np.zeros(shape, dtype=np.int64)
    np.add.at(times, place, 1)
    known = np.zeros(shape, dtype="datetime64[D]")
    revenue, profit = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    # The last of several values for one place stays, and filings come in the order in which they became known.
    known[place], revenue[place], profit[place] = filings.known[:seen], filings.revenue[:seen], filings.profit[:seen]
    return Accounts(periods, times > 0, times > 1, known, revenue, profit)


@dataclass(frozen=True)
class Earned:
    """What the companies of one sector filed for a period, VND million; None where too little was filed to tell."""

    revenue: int | None
    profit: int | None
    revenue_growth: float | None
    """Percent, on the year before, of the companies that filed both periods."""
    profit_growth: float | None
    margin: float | None
    """Net profit in percent of revenue."""
    filed: float | None
    """Percent of the sector's companies."""


def earned(accounts: Accounts, at: int, members: Flags) -> Earned:
    """members: which companies belong to the sector, (C,)."""
    now = accounts.filed[at] & members
    if not now.any():
        return Earned(None, None, None, None, None, None if not members.any() else 0.0)
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
