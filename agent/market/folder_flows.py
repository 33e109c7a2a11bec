"""flows.csv → what was traded in each sector on each date."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from agent.market import folder_dated
from agent.market.folder_csv import CsvFile, Parsers, Unreadable, amount, day, name
from agent.market.folder_dated import Dated
from agent.market.folder_prices import PRICES, Prices, Ticker, require_listed, sectors_of
from agent.market.folder_problems import Problems
from agent.market.pack import Trading

if TYPE_CHECKING:
    from agent.market.pack import Floats, Integers

FLOWS = "flows.csv"
FOREIGN = ("foreign_buy", "foreign_sell")
WHALES = ("whale_buy", "whale_sell", "whale_trades")
LARGEST_AMOUNT = 1e9
LEAST_USUAL = 0.1
"""Of `money`, of which amounts are kept in thousandths: what usually is less would lose its digits."""
NEEDS = {"get_foreign_flow": FOREIGN, "get_whale_activity": WHALES}
"""Tool → the columns that feed it, beside `turnover`."""


def money(text: str) -> float:
    value = amount(text)
    if value > LARGEST_AMOUNT:
        raise Unreadable(f"is above {LARGEST_AMOUNT:.0e}: give millions or billions, and say so in `money`", text)
    return value


def count(text: str) -> float:
    value = money(text)
    if value != int(value):
        raise Unreadable("is no whole number", text)
    return value


NUMBERS: Parsers = {column: count if column == "whale_trades" else money for column in (*FOREIGN, *WHALES)}
COLUMNS: Parsers = {"date": day, "sector": name, "ticker": name, "turnover": money, **NUMBERS}


@dataclass(frozen=True)
class Flows:
    """`without`: the tools for which columns are not there."""

    trading: Trading
    without: tuple[str, ...]
    rows: int


def read(folder: Path, prices: Prices | None, listed: Mapping[str, Ticker] | None, problems: Problems) -> Flows | None:
    """None when a problem was found. Without prices, only what stands in the file itself is checked."""
    file = CsvFile(folder / FLOWS, COLUMNS, ("date", "sector or ticker", "turnover"), problems)
    if not file.columns:
        return None
    _require_groups(file)
    label = file.one_of("sector", "ticker")
    given = [column for column in ("turnover", *NUMBERS) if column in file.columns]
    dated = folder_dated.read(file, label, given)
    if prices is None:
        return None
    if WHALES[0] in given and prices.rhythm.name != "daily":
        file.problem(f"{', '.join(WHALES)} are looked at by trading days, and {PRICES} is monthly: leave them out", 1)
    sectors = sectors_of(file, dated, label, listed)
    if problems.of(FLOWS):
        return None
    _require_sectors(file, label, dated, sectors, prices.sectors)
    if problems.of(FLOWS):  # what a misspelled name leaves behind elsewhere would only repeat it
        return None
    _require_dates(file, dated, prices.days)
    if label == "sector":
        _require_all_rows(file, dated)
    if problems.of(FLOWS):
        return None
    at = np.array([prices.sectors.index(sector) for sector in sectors])
    totals = {column: _totals(dated.values[column], at) for column in given}
    _require_sense(file, totals, prices.sectors, dated.days)
    if problems.of(FLOWS):
        return None
    none = np.zeros_like(totals["turnover"], dtype=np.int64)
    thousandths = {column: np.rint(1000 * total).astype(np.int64) for column, total in totals.items()}
    trades = {"whale_trades": totals["whale_trades"].astype(np.int64)} if "whale_trades" in totals else {}
    amounts = dict.fromkeys(NUMBERS, none) | thousandths | trades
    trading = Trading(
        dates=dated.days,
        turnover=amounts["turnover"],
        foreign_buy=amounts["foreign_buy"],
        foreign_sell=amounts["foreign_sell"],
        whale_buy=amounts["whale_buy"],
        whale_sell=amounts["whale_sell"],
        whale_trades=amounts["whale_trades"],
    )
    without = tuple(tool for tool, needed in NEEDS.items() if needed[0] not in given)
    return Flows(trading, without, file.read)


def _require_groups(file: CsvFile) -> None:
    groups = [[column for column in group if column in file.columns] for group in NEEDS.values()]
    for group, there in zip(NEEDS.values(), groups, strict=True):
        if there and len(there) < len(group):
            file.problem(f"has {', '.join(there)} of {', '.join(group)}: give all of them, or none", 1)
    if not any(groups):
        file.problem(f"has neither {', '.join(FOREIGN)} nor {', '.join(WHALES)}: there is nothing to tell", 1)


def _require_sectors(file: CsvFile, label: str, dated: Dated, given: Sequence[str], there: Sequence[str]) -> None:
    """The same as in prices.csv."""
    lines: dict[str, int] = {}
    for sector, line in zip(given, dated.first_lines().values(), strict=True):
        lines.setdefault(sector, line)
    require_listed(file, label, lines, there, PRICES)
    if set(lines) <= set(there):
        for sector in there:
            if sector not in lines:
                file.problem(f"has no row of the sector {sector!r}", column=label, kind="absent")


def _require_dates(file: CsvFile, dated: Dated, there: tuple[date, ...]) -> None:
    """Each date of the prices from the first to the last, as lookbacks count them."""
    days = dated.days
    expected = set(there[bisect_left(there, days[0]) : bisect_left(there, days[-1])]) | {days[-1]}
    for each in sorted(set(days) - set(there)):
        file.problem(f"{each} is no date of {PRICES}", dated.line_of_day(days.index(each)), "date", "no date")
    for each in sorted(expected - set(days)):
        file.problem(f"has no row on {each}, a date of {PRICES}", column="date", kind="no row")


def _require_all_rows(file: CsvFile, dated: Dated) -> None:
    for t, n in np.argwhere(np.isnan(dated.values["turnover"])):
        said = f"{dated.names[n]!r} has no row on {dated.days[t]}"
        file.problem(said, dated.line_of_day(t), "sector", "gap")


def _totals(values: Floats, at: Integers) -> Floats:
    """By sector, (T, S); a ticker without a row was not traded."""
    return np.stack([np.nansum(values[:, at == s], axis=1) for s in range(at.max() + 1)], axis=1)


def _require_sense(
    file: CsvFile, totals: Mapping[str, Floats], sectors: tuple[str, ...], days: tuple[date, ...]
) -> None:
    turnover = totals["turnover"]
    for sector, amounts in zip(sectors, turnover.T, strict=True):
        require_fine_enough(file, f"of {sector!r}", amounts, "turnover")
    for column in (*FOREIGN, "whale_buy", "whale_sell"):
        if column in totals:
            for t, s in np.argwhere(totals[column] > turnover * (1 + 1e-9)):
                said = f"that of {sectors[s]!r} on {days[t]} is above the turnover"
                file.problem(said, column=column, kind="above")


def require_fine_enough(file: CsvFile, whose: str, amounts: Floats, column: str) -> None:
    """By the median of what is not 0."""
    sizes = np.abs(amounts[amounts != 0])
    if len(sizes) and np.median(sizes) < LEAST_USUAL:
        file.problem(
            f"that {whose} is {np.median(sizes):g} usually, and thousandths of `money` are kept: give a smaller unit "
            "there, such as millions for billions",
            column=column,
            kind="coarse",
        )
