"""What the companies of the simulated market earn, when they file it, and what they restate.

Rules of disclosure: circular 96/2020 of Vietnam's Ministry of Finance; a quarter within 20 days, 30 if
consolidated, an audited year within 90.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent.market import vn_parameters as p
from agent.market.pack import Filings, Statements
from agent.market.vn_economy import company_cycle, month_ends
from agent.market.vn_random import normals, places, uniforms
from agent.market.vn_regimes import column
from agent.market.vn_tickers import Tickers

if TYPE_CHECKING:
    from agent.market.pack import Floats, Integers

Days = NDArray[np.datetime64]


class _Accounts(NamedTuple):
    """What is filed first: periods (P,), and for each of N companies its day and its VND million, (P, N)."""

    periods: Days
    known: Days
    revenue: Integers
    profit: Integers


def statements(seed: int, listed: Tickers) -> Statements:
    """Quarterly accounts of every company since HISTORY, and yearly ones."""
    quarters = np.array([day for day in month_ends() if day.month % 3 == 0], dtype="datetime64[D]")
    revenue, profit = _quarters(seed, listed, len(quarters))
    by_year = revenue.reshape(-1, 4, revenue.shape[1]), profit.reshape(-1, 4, profit.shape[1])
    years = quarters[3::4]
    lags = uniforms(seed, "filing", len(quarters) + len(years), len(listed.names))
    consolidated = listed.rank < p.CONSOLIDATED
    shortest, longest = np.where(consolidated[:, None], p.FILING_DAYS["consolidated"], p.FILING_DAYS["single"]).T
    quarterly = _Accounts(quarters, _filed(quarters, lags[: len(quarters)], shortest, longest), revenue, profit)
    audited = _filed(years, lags[len(quarters) :], *np.array(p.FILING_DAYS["annual"]))
    annual = _Accounts(years, audited, *(amounts.sum(axis=1) for amounts in by_year))
    size = quarterly.revenue.size, annual.revenue.size
    luck, shocks = uniforms(seed, "restated", 2, sum(size)), normals(seed, "accounts restated", 2, sum(size))
    return Statements(
        sector=listed.sector,
        filings={
            "quarterly": _with_restatements(quarterly, luck[:, : size[0]], shocks[:, : size[0]]),
            "annually": _with_restatements(annual, luck[:, size[0] :], shocks[:, size[0] :]),
        },
    )


def _quarters(seed: int, listed: Tickers, count: int) -> tuple[Integers, Integers]:
    """Revenue and net profit in VND million, (Q, N): trend, the cycle by beta, and luck."""
    cycle = company_cycle(seed)[:count, None] * listed.beta
    noise = normals(seed, "accounts", 2, count, len(listed.names))
    trend = np.cumprod(np.full(count, p.REVENUE_TREND))[:, None]
    usual = 1000 * column("revenue")[listed.sector] * (listed.weight / 10_000)
    revenue = np.rint(usual * trend * (1 + cycle + 0.04 * noise[0]))
    margin = column("margin")[listed.sector] / 100 * np.clip(1 + 3 * cycle + 0.15 * noise[1], -0.5, 2.0)
    return revenue.astype(np.int64), np.rint(revenue * margin).astype(np.int64)


def _filed(periods: Days, luck: Floats, shortest: Integers, longest: Integers) -> Days:
    """The day on which each company files each period, (P, N)."""
    days: Days = periods[:, None] + (shortest + (luck * (longest - shortest + 1)).astype(np.int64))
    return days


def _with_restatements(first: _Accounts, luck: Floats, shocks: Floats) -> Filings:
    """All filings in the order in which they became known, restatements among them. luck, shocks: (2, P x N)."""
    count, companies = first.revenue.shape
    period, company = np.repeat(first.periods, companies), np.tile(np.arange(companies), count)
    known, revenue, profit = first.known.reshape(-1), first.revenue.reshape(-1), first.profit.reshape(-1)
    again = luck[0] < p.RESTATED
    soonest, latest = p.RESTATED_AFTER
    later = known[again] + (soonest + places(luck[1][again], latest - soonest + 1))
    of_revenue, of_profit = (size * shock[again] for size, shock in zip(p.RESTATEMENT, shocks, strict=True))
    known = np.concatenate([known, later])
    order = np.argsort(known, kind="stable")
    return Filings(
        period=np.concatenate([period, period[again]])[order],
        company=np.concatenate([company, company[again]])[order],
        known=known[order],
        revenue=np.concatenate([revenue, np.rint(revenue[again] * (1 + of_revenue)).astype(np.int64)])[order],
        profit=np.concatenate([profit, np.rint(profit[again] * (1 + of_profit)).astype(np.int64)])[order],
    )
