"""A market of somebody's own: a folder with market.yaml and CSV files → a pack. docs/data.md says what stands in them.

Everything is read and checked at once, so that a server of it never meets a number that cannot be right.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from agent.market import folder_flows, folder_macro, folder_market, folder_prices, folder_statements, tools
from agent.market.folder_flows import FLOWS, FOREIGN, WHALES, Flows
from agent.market.folder_macro import MACRO, Macro
from agent.market.folder_market import MARKET, Declared
from agent.market.folder_prices import BENCHMARK, PRICES, TICKERS, Move, Prices
from agent.market.folder_problems import FolderError, Problem, Problems, meant
from agent.market.folder_statements import STATEMENTS, Filed
from agent.market.pack import Pack

FILES = (MARKET, PRICES, TICKERS, BENCHMARK, MACRO, FLOWS, STATEMENTS)

_ABSENT = {
    "get_macro_indicators": ("macro indicators", MACRO),
    "get_foreign_flow": ("foreign flow", f"{FLOWS} with {', '.join(FOREIGN)}"),
    "get_whale_activity": ("large trades", f"{FLOWS} with {', '.join(WHALES)}"),
    "get_financial_statements": ("financial statements", STATEMENTS),
}
"""Tool → what a folder may not have, and what would feed it."""


@dataclass(frozen=True)
class Market:
    """A pack, and what was found.

    rows:      by file.
    days:      all dates of prices.csv, of which the first may have no return.
    startling: moves that may be errors, each larger than those before it.
    absent:    what each tool needs that is not offered.
    """

    pack: Pack
    rows: Mapping[str, int]
    tickers: int
    days: tuple[date, ...]
    largest: Move
    startling: tuple[Move, ...]
    rhythm: str
    absent: Mapping[str, str]


def load(folder: Path) -> Market:
    """Raises FolderError with the problems of all files."""
    problems = Problems()
    if not folder.is_dir():
        nowhere = Problem("", None, "", f"it is no folder; a relative path starts in {Path.cwd()}")
        raise FolderError(folder, [str(nowhere)], [nowhere], 1)
    for file in sorted(folder.glob("*.csv")):
        if file.name not in FILES:
            problems.add(file.name, f"unknown file{meant(file.name, FILES)} Other files belong into another folder")
    declared = folder_market.read(folder, problems)
    listed = folder_prices.tickers(folder, problems) if (folder / TICKERS).exists() else None
    prices = macro = flows = filed = None
    if (folder / PRICES).exists():
        prices = folder_prices.read(folder, listed, problems)
    else:
        problems.add(PRICES, "is missing; its columns are date, sector or ticker, close or return")
    if (folder / MACRO).exists():
        macro = folder_macro.read(folder, problems)
    if (folder / FLOWS).exists():
        flows = folder_flows.read(folder, prices, listed, problems)
    if (folder / STATEMENTS).exists():
        filed = folder_statements.read(folder, prices, listed, problems)
    if declared is not None:
        _require_use(folder, declared, problems)
    problems.require_none(folder)
    assert declared is not None and prices is not None
    return _market(folder, declared, prices, macro, flows, filed)


def _require_use(folder: Path, declared: Declared, problems: Problems) -> None:
    """What is declared and has no file, and the other way round."""
    if declared.benchmark and not (folder / BENCHMARK).exists():
        problems.add(MARKET, f"is named, and there is no {BENCHMARK} with its values", column="benchmark")
    amounts = " and ".join(name for name in (FLOWS, STATEMENTS) if (folder / name).exists())
    if not declared.money and amounts:
        said = f"is missing: the unit of the amounts in {amounts}, such as `money: USD m`"
        problems.add(MARKET, said, column="money")


def _market(
    folder: Path,
    declared: Declared,
    prices: Prices,
    macro: Macro | None,
    flows: Flows | None,
    filed: Filed | None,
) -> Market:
    simulated = declared.kind == "simulated"
    name, days = declared.name or folder.resolve().name, prices.panel.dates
    source = declared.source or f"CSV files of {name}."
    benchmark = prices.benchmark
    if BENCHMARK in prices.rows:
        benchmark = declared.benchmark or f"the index of {BENCHMARK}"
    pack = Pack(
        name=name,
        kind=declared.kind,
        summary="",
        taxonomy=declared.taxonomy or f"Sectors as {name} names them",
        benchmark=benchmark,
        first=days[0],
        last=days[-1],
        sectors=prices.sectors,
        regions=tuple(macro.series) if macro else (),
        region_aliases={},
        periods=prices.rhythm.periods,
        sampling=prices.rhythm.sampling,
        known_at_kind="as-given",
        vintage=None,
        source=f"SIMULATED: {source}" if simulated else source,
        notes=_notes(declared),
        panel=lambda: prices.panel,
        macro=macro.series.__getitem__ if macro else None,
        indicators=macro.indicators if macro else (),
        trading=(lambda: flows.trading) if flows else None,
        statements=(lambda: filed.statements) if filed else None,
        without=flows.without if flows else (),
        money=declared.money,
        returns=declared.returns,
        details_of_flow=False,
        dated_notes={move.date: _note(move) for move in prices.startling},
    )
    rows = dict(prices.rows)
    rows |= {name: part.rows for name, part in ((MACRO, macro), (FLOWS, flows), (STATEMENTS, filed)) if part}
    return _described(pack, prices, rows)


def _described(pack: Pack, prices: Prices, rows: Mapping[str, int]) -> Market:
    absent = {tool.name: _ABSENT[tool.name] for tool in tools.TOOLS if tool.name not in tools.offered(pack)}
    lacks = ", ".join(what for what, _ in absent.values())
    kind = "SIMULATED" if pack.kind == "simulated" else "Real"
    summary = (
        f"{kind} data from files, {prices.rhythm.name}, {pack.first} to {pack.last}: {len(pack.sectors)} sectors of "
        f"{pack.name}{f'; without {lacks}' if lacks else ''}."
    )
    return Market(
        pack=replace(pack, summary=summary),
        rows=rows,
        tickers=len(prices.names),
        days=prices.days,
        largest=prices.largest,
        startling=prices.startling,
        rhythm=prices.rhythm.name,
        absent={tool: what for tool, (_, what) in absent.items()},
    )


def _note(move: Move) -> str:
    return (
        f"The data have {move.name} at {100 * move.value:+.2f} % on {move.date}: if that is an error of theirs, what "
        "is computed from it is wrong."
    )


def _notes(declared: Declared) -> tuple[str, ...]:
    made = "SIMULATED: these numbers are made up, as the folder they come from says, and no fact about any real market."
    price = "Returns are of prices alone, without dividends."
    return (*[made] * (declared.kind == "simulated"), *[price] * (declared.returns == "price"))
