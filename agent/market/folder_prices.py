"""prices.csv, tickers.csv and benchmark.csv → the panel of sector returns."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from agent.market import folder_dated
from agent.market.folder_csv import CsvFile, Parsers, Unreadable, day, name, number, positive
from agent.market.folder_dated import Dated
from agent.market.folder_problems import Problems, meant
from agent.market.folder_rhythm import LARGE_MOVE, Rhythm, found
from agent.market.pack import Panel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from agent.market.pack import Floats, Integers

    Mask = NDArray[np.bool_]

PRICES, TICKERS, BENCHMARK = "prices.csv", "tickers.csv", "benchmark.csv"
LARGEST_RETURN = 10
LARGEST_FACTOR = 10
"""Of two closes in a row, up or down: beyond it, a decimal point slipped."""
MOST_SECTORS = 200


def fraction(text: str) -> float:
    """A return."""
    value = number(text)
    if not -1 < value <= LARGEST_RETURN:
        raise Unreadable("is no return: fractions are expected, 0.013 for 1.3 %, above -1 and up to 10", text)
    return value


COLUMNS: Parsers = {
    "date": day,
    "sector": name,
    "ticker": name,
    "close": positive,
    "return": fraction,
    "market_cap": positive,
}
TICKER_COLUMNS: Parsers = {"ticker": name, "sector": name, "weight": positive, "name": name, "exchange": name}
"""The last two are for people: read by nobody here."""
BENCHMARK_COLUMNS: Parsers = {"date": day, "close": positive, "return": fraction}


class Index(NamedTuple):
    """benchmark.csv."""

    file: CsvFile
    dated: Dated


@dataclass(frozen=True)
class Ticker:
    sector: str
    weight: float


class Move(NamedTuple):
    """The return of a name on a date, large enough to look at: where an unadjusted split shows."""

    name: str
    date: date
    value: float


@dataclass(frozen=True)
class Prices:
    """`days` are all dates of prices.csv: one more than the panel's where closes, or market values, need one before."""

    days: tuple[date, ...]
    sectors: tuple[str, ...]
    names: tuple[str, ...]
    rhythm: Rhythm
    panel: Panel
    benchmark: str
    largest: Move
    startling: tuple[Move, ...]
    """Moves beyond LARGE_MOVE that are larger than all before them."""
    rows: Mapping[str, int]


def tickers(folder: Path, problems: Problems) -> Mapping[str, Ticker]:
    """The tickers of tickers.csv; without a column `weight`, each weighs the same."""
    file = CsvFile(folder / TICKERS, TICKER_COLUMNS, ("ticker", "sector"), problems)
    listed: dict[str, Ticker] = {}
    if file.columns:
        weights = ["weight"] if "weight" in file.columns else []
        for line, (ticker, sector, *weight) in file.rows("ticker", "sector", *weights):
            if ticker in listed:
                file.problem(f"{ticker!r} stands twice", line, "ticker")
            listed[ticker] = Ticker(sector, *(weight or [1.0]))
        folder_dated.require_one_spelling(file, "ticker", listed)
        folder_dated.require_one_spelling(file, "sector", dict.fromkeys(each.sector for each in listed.values()))
    return listed


def read(folder: Path, listed: Mapping[str, Ticker] | None, problems: Problems) -> Prices | None:
    """None when a problem was found. `listed`: what tickers.csv says, None without that file."""
    file = CsvFile(folder / PRICES, COLUMNS, ("date", "sector or ticker", "close or return"), problems)
    index = _index(folder, problems) if (folder / BENCHMARK).exists() else None
    if not file.columns:
        return None
    label, kind = file.one_of("sector", "ticker"), file.one_of("close", "return")
    columns = [kind, "market_cap"] if "market_cap" in file.columns else [kind]
    dated = folder_dated.read(file, label, columns)
    if any(map(problems.of, (PRICES, TICKERS, BENCHMARK))):
        return None
    sectors = sectors_of(file, dated, label, listed)
    if problems.of(PRICES):  # what a misspelled name leaves behind elsewhere would only repeat it
        return None
    rhythm = found(file, dated.days)
    _require_no_gaps(file, dated, kind, label)
    if kind == "close":
        _require_plausible(file, dated)
    if label == "ticker":
        _require_prices(file, dated, listed or {})
    if (count := len(set(sectors))) > MOST_SECTORS:
        file.problem(f"{count} sectors, where at most {MOST_SECTORS} make a heatmap: are they tickers?", column=label)
    if problems.of(PRICES):
        return None
    return _prices(file, index, dated, rhythm, sectors, listed if label == "ticker" else None)


def _prices(
    file: CsvFile,
    index: Index | None,
    dated: Dated,
    rhythm: Rhythm,
    sector_of: Sequence[str],
    listed: Mapping[str, Ticker] | None,
) -> Prices | None:
    returns, weights = _weighted(dated, listed)
    days = dated.days[-len(returns) :]
    sectors = tuple(dict.fromkeys(sector_of))
    at = np.array([sectors.index(each) for each in sector_of])
    _require_sectors(file, sectors, at, days, ~np.isnan(returns * weights))
    rows = {PRICES: file.read}
    benchmark = None
    if index:
        rows[BENCHMARK] = index.file.read
        benchmark = _benchmark(index, next(iter(dated.values)), dated.days, len(days))
    if any(map(file.problems.of, (PRICES, BENCHMARK))):
        return None
    if benchmark is None:
        benchmark = weighted_means(returns, weights, np.zeros_like(at))[:, 0]
    panel = Panel(days, weighted_means(returns, weights, at), benchmark)
    moves = _records(dated.names, days, returns)
    startling = tuple(move for move in moves if abs(move.value) > LARGE_MOVE[rhythm.name])
    names = dated.names if listed else ()
    return Prices(dated.days, sectors, names, rhythm, panel, _weighting(dated, listed), moves[-1], startling, rows)


def _records(names: tuple[str, ...], days: tuple[date, ...], returns: Floats) -> list[Move]:
    """The largest move of each date that has a larger one than all dates before it, the largest of all last."""
    sizes = np.nan_to_num(np.abs(returns), nan=-1)
    largest = sizes.max(axis=1)
    before = np.concatenate([[-1.0], np.maximum.accumulate(largest)[:-1]])
    found = [(t, sizes[t].argmax()) for t in np.flatnonzero(largest > before)]
    return [Move(names[n], days[t], float(returns[t, n])) for t, n in found]


def weighted_means(returns: Floats, weights: Floats, groups: Integers) -> Floats:
    """Of each group, (T, G): sum of weight x return / sum of weights, over those that have both on that date."""
    known = ~np.isnan(returns * weights)
    weight = np.where(known, weights, 0)
    product = np.where(known, weights * returns, 0)
    means = [product[:, groups == g].sum(axis=1) / weight[:, groups == g].sum(axis=1) for g in range(groups.max() + 1)]
    return np.stack(means, axis=1)


def _changes(closes: Floats) -> Floats:
    changes: Floats = closes[1:] / closes[:-1] - 1
    return changes


def _weighted(dated: Dated, listed: Mapping[str, Ticker] | None) -> tuple[Floats, Floats]:
    """Returns and what each of them weighs, (T, N). A market value counts from the date after its own."""
    returns = dated.values["return"] if "return" in dated.values else _changes(dated.values["close"])
    if "market_cap" in dated.values:
        weights = dated.values["market_cap"][:-1]
        return returns[-len(weights) :], weights
    constant = np.array([listed[each].weight if listed else 1.0 for each in dated.names])
    return returns, np.broadcast_to(constant, returns.shape)


def _weighting(dated: Dated, listed: Mapping[str, Ticker] | None) -> str:
    called = "All tickers" if listed else "All sectors"
    if "market_cap" in dated.values:
        return f"{called}, weighted by market capitalisation"
    equal = len({each.weight for each in (listed or {}).values()}) < 2
    return f"{called}, equally weighted" if equal else f"{called}, by their weights"


def sectors_of(file: CsvFile, dated: Dated, label: str, listed: Mapping[str, Ticker] | None) -> Sequence[str]:
    """The sector of each name."""
    if label == "sector":
        return dated.names
    if listed is None:
        file.problem(f"goes by ticker, and there is no {TICKERS} that says of which sector each is", column=label)
        return ()
    require_listed(file, label, dated.first_lines(), listed, TICKERS)
    return [listed[each].sector for each in dated.names if each in listed]


def _require_prices(file: CsvFile, dated: Dated, listed: Iterable[str]) -> None:
    there = set(dated.names)
    for ticker in listed:
        if ticker not in there:
            said = f"has no row of {ticker!r}, which {TICKERS} names: leave it out there"
            file.problem(said, column="ticker", kind="absent")


def require_listed(file: CsvFile, column: str, given: Mapping[str, int], there: Collection[str], where: str) -> None:
    """given: the first line of each name."""
    for each, line in given.items():
        if each not in there:
            file.problem(f"{each!r} is not in {where}{meant(each, there)}", line, column, "unlisted")


def _require_plausible(file: CsvFile, dated: Dated) -> None:
    """A point that slipped shows in two closes that no market trades one after the other."""
    closes = dated.values["close"]
    factors = closes[1:] / closes[:-1]
    for t, n in np.argwhere((factors > LARGEST_FACTOR) | (factors < 1 / LARGEST_FACTOR)):
        whose = f" of {dated.names[n]!r}" if dated.names[n] else ""
        file.problem(
            f"{closes[t + 1, n]:g}{whose} is {100 * (factors[t, n] - 1):+,.0f} % on the {closes[t, n]:g} of "
            f"{dated.days[t]}: did a decimal point slip, or was a split left in? A real move is given as a return",
            int(dated.lines[t + 1, n]),
            "close",
            "implausible",
        )


def _require_no_gaps(file: CsvFile, dated: Dated, kind: str, label: str) -> None:
    """A ticker may come late and go early; between, and for a sector always, each date of the file has its row."""
    there = ~np.isnan(dated.values[kind])
    dates = np.arange(len(dated.days))[:, None]
    first = there.argmax(axis=0) if label == "ticker" else np.zeros(len(dated.names))
    last = len(there) - 1 - (there[::-1].argmax(axis=0) if label == "ticker" else np.zeros(len(dated.names)))
    expected = (first <= dates) & (dates <= last)
    rare = 2 * there.sum(axis=1) < expected.sum(axis=1)
    for i in np.flatnonzero(rare):
        file.problem(
            f"only {there[i].sum()} of {expected[i].sum()} {label}s have a row on {dated.days[i]}: is the date right?",
            dated.line_of_day(int(i)),
            "date",
            "rare",
        )
    lacking = expected & ~there & ~rare[:, None]
    lines = dated.first_lines()
    for n in np.flatnonzero(lacking.any(axis=0)):
        missing = np.flatnonzero(lacking[:, n])
        more = f", nor on {len(missing) - 1} more dates" if len(missing) > 1 else ""
        flat = "repeat the last close" if kind == "close" else "give a return of 0"
        hint = f"where nothing was traded, {flat}" if missing[0] else "begin the file later, or leave it out"
        said = f"{dated.names[n]!r} has no row on {dated.days[missing[0]]}{more}; {hint}"
        file.problem(said, lines[dated.names[n]], label, "gap")


def _require_sectors(
    file: CsvFile, sectors: tuple[str, ...], at: Integers, days: tuple[date, ...], there: Mask
) -> None:
    """On each date, a sector needs a ticker with a return and a weight."""
    for i, sector in enumerate(sectors):
        empty = np.flatnonzero(~there[:, at == i].any(axis=1))
        if len(empty):
            more = f" and on {len(empty) - 1} more dates" if len(empty) > 1 else ""
            file.problem(
                f"no ticker of the sector {sector!r} has a return on {days[empty[0]]}{more}; begin the file later, or "
                "leave the sector out",
                column="ticker",
            )


def _index(folder: Path, problems: Problems) -> Index | None:
    file = CsvFile(folder / BENCHMARK, BENCHMARK_COLUMNS, ("date", "close or return"), problems)
    if not file.columns:
        return None
    kind = file.one_of("close", "return")
    dated = folder_dated.read(file, None, [kind])
    if kind == "close":
        _require_plausible(file, dated)
    return Index(file, dated)


def _benchmark(index: Index, kind: str, days: tuple[date, ...], returns: int) -> Floats | None:
    """Its returns on the newest of these dates. What it has before and after them is of no concern."""
    file, dated = index
    if kind not in dated.values:
        file.problem(f"gives each {file.one_of('close', 'return')}, and {PRICES} each {kind}: give the same", 1)
        return None
    needed = days[-returns:] if kind == "return" else days
    inside = [i for i, each in enumerate(dated.days) if needed[0] <= each <= needed[-1]]
    there = {dated.days[i] for i in inside}
    expected = set(needed)
    for i in inside:
        if dated.days[i] not in expected:
            file.problem(f"{dated.days[i]} is no date of {PRICES}", dated.line_of_day(i), "date", "no date")
    for each in needed:
        if each not in there:
            file.problem(f"has no row on {each}, a date of {PRICES}", column="date", kind="no row")
    values = dated.values[kind][inside, 0]
    return values if kind == "return" else _changes(values)
