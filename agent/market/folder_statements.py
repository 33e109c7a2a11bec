"""statements.csv → the filings of companies, every one with the day on which it became known."""

from __future__ import annotations

import calendar
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from agent.market.folder_csv import CsvFile, Parsers, Unreadable, day, name, number
from agent.market.folder_flows import LARGEST_AMOUNT, require_fine_enough
from agent.market.folder_prices import PRICES, TICKERS, Prices, Ticker, require_listed
from agent.market.folder_problems import Problems, meant
from agent.market.pack import Filings, Statements

STATEMENTS = "statements.csv"
PERIODS = ("quarterly", "annually")
AMOUNTS = ("revenue", "net_profit")


def period(text: str) -> str:
    spelled = text.strip().casefold()
    if spelled not in PERIODS:
        raise Unreadable(f"is no period{meant(spelled, PERIODS)}", text)
    return spelled


def quarter_end(text: str) -> date:
    """Companies are compared by calendar quarters, whatever their own year is."""
    end = day(text)
    if end.month % 3 or end.day != calendar.monthrange(end.year, end.month)[1]:
        raise Unreadable("is no end of a calendar quarter, such as 2024-03-31", text)
    return end


def money(text: str) -> float:
    """Below 0 for a loss."""
    value = number(text)
    if abs(value) > LARGEST_AMOUNT:
        raise Unreadable(f"is beyond {LARGEST_AMOUNT:.0e}: give millions or billions, and say so in `money`", text)
    return value


COLUMNS: Parsers = {
    "ticker": name,
    "period": period,
    "period_end": quarter_end,
    "known_at": day,
    **dict.fromkeys(AMOUNTS, money),
}

Filing = tuple[date, str, date, float, float]
"""When it became known, ticker, end of the period, revenue, net profit."""


@dataclass(frozen=True)
class Filed:
    statements: Statements
    rows: int


def read(folder: Path, prices: Prices | None, listed: Mapping[str, Ticker] | None, problems: Problems) -> Filed | None:
    """None when a problem was found. Without prices, only what stands in the file itself is checked."""
    file = CsvFile(folder / STATEMENTS, COLUMNS, tuple(COLUMNS), problems)
    if not file.columns:
        return None
    filings, first_lines = _filings(file)
    if listed is None:
        file.problem(f"goes by ticker, and there is no {TICKERS} that says of which sector each is", column="ticker")
    else:
        require_listed(file, "ticker", first_lines, listed, TICKERS)
    revenues = np.array([revenue for rows in filings.values() for *_, revenue, _ in rows])
    require_fine_enough(file, "of a company", revenues, "revenue")
    if prices is None or listed is None or problems.of(STATEMENTS):
        return None
    lines: dict[str, int] = {}
    for ticker, line in first_lines.items():
        lines.setdefault(listed[ticker].sector, line)
    require_listed(file, "ticker", lines, prices.sectors, PRICES)
    if problems.of(STATEMENTS):
        return None
    tickers = tuple(first_lines)
    sector = np.array([prices.sectors.index(listed[each].sector) for each in tickers], dtype=np.int64)
    return Filed(Statements(sector, {kind: _ordered(rows, tickers) for kind, rows in filings.items()}), file.read)


def _filings(file: CsvFile) -> tuple[dict[str, list[Filing]], dict[str, int]]:
    """By kind of period, and the first line of each ticker."""
    filings: dict[str, list[Filing]] = {kind: [] for kind in PERIODS}
    first_lines: dict[str, int] = {}
    seen = set()
    for line, (ticker, kind, end, known, revenue, profit) in file.rows(*COLUMNS):
        first_lines.setdefault(ticker, line)
        if known <= end:
            said = f"{known} is not after {end}, the end of the period: nothing is filed before"
            file.problem(said, line, "known_at", "early")
        if (ticker, kind, end, known) in seen:
            said = f"{ticker!r}, {kind}, {end}, known on {known}, stands twice; a restatement has a known_at of its own"
            file.problem(said, line, kind="twice")
        seen.add((ticker, kind, end, known))
        filings[kind].append((known, ticker, end, revenue, profit))
    return filings, first_lines


def _ordered(rows: Sequence[Filing], tickers: tuple[str, ...]) -> Filings:
    """In the order in which they became known; amounts in thousandths of `money`."""
    place = {ticker: at for at, ticker in enumerate(tickers)}
    ordered = sorted(rows, key=lambda row: row[0])
    return Filings(
        period=np.array([row[2] for row in ordered], dtype="datetime64[D]"),
        company=np.array([place[row[1]] for row in ordered], dtype=np.int64),
        known=np.array([row[0] for row in ordered], dtype="datetime64[D]"),
        revenue=np.rint([1000 * row[3] for row in ordered]).astype(np.int64),
        profit=np.rint([1000 * row[4] for row in ordered]).astype(np.int64),
    )
