"""A market of somebody's own: a folder with market.yaml and CSV files → a pack. docs/data.md says what stands in them.

Everything is read and checked at once, so that a server of it never meets a number that cannot be right.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from agent.market import folder_flows, folder_macro, folder_market, folder_prices, tools
from agent.market.folder_flows import FLOWS, FOREIGN, WHALES, Flows
from agent.market.folder_macro import MACRO, Macro
from agent.market.folder_market import MARKET, Declared
from agent.market.folder_prices import BENCHMARK, PRICES, TICKERS, Move, Prices
from agent.market.folder_problems import FolderError, Problems, meant
from agent.market.pack import Pack

FILES = (MARKET, PRICES, TICKERS, BENCHMARK, MACRO, FLOWS)

_ABSENT = {
    "get_macro_indicators": ("macro indicators", MACRO),
    "get_foreign_flow": ("foreign flow", f"{FLOWS} with {', '.join(FOREIGN)}"),
    "get_whale_activity": ("large trades", f"{FLOWS} with {', '.join(WHALES)}"),
    "get_financial_statements": ("financial statements", "no file of a folder feeds it"),
}
"""Tool → what a folder may not have, and what would feed it."""


@dataclass(frozen=True)
class Market:
    """A pack, and what was found: rows by file, how many tickers, and what each tool needs that is not offered."""

    pack: Pack
    rows: Mapping[str, int]
    tickers: int
    largest: Move
    rhythm: str
    absent: Mapping[str, str]


def load(folder: Path) -> Market:
    """Raises FolderError with the problems of all files."""
    problems = Problems()
    if not folder.is_dir():
        raise FolderError(folder, [f"it is no folder; a relative path starts in {Path.cwd()}"], 1)
    for file in sorted(folder.glob("*.csv")):
        if file.name not in FILES:
            problems.add(file.name, f"unknown file{meant(file.name, FILES)} Other files belong into another folder")
    declared = folder_market.read(folder, problems)
    listed = folder_prices.tickers(folder, problems) if (folder / TICKERS).exists() else None
    prices = macro = flows = None
    if (folder / PRICES).exists():
        prices = folder_prices.read(folder, listed, problems)
    else:
        problems.add(PRICES, "is missing; its columns are date, sector or ticker, close or return")
    if (folder / MACRO).exists():
        macro = folder_macro.read(folder, problems)
    if (folder / FLOWS).exists():
        flows = folder_flows.read(folder, prices, listed, problems)
    if declared is not None:
        _require_use(folder, declared, problems)
    problems.require_none(folder)
    assert declared is not None and prices is not None
    return _market(folder, declared, prices, macro, flows)


def _require_use(folder: Path, declared: Declared, problems: Problems) -> None:
    """What is declared and has no file, and the other way round."""
    if declared.benchmark and not (folder / BENCHMARK).exists():
        problems.add(MARKET, f"is named, and there is no {BENCHMARK} with its values", column="benchmark")
    if not declared.money and (folder / FLOWS).exists():
        problems.add(MARKET, f"is missing: the unit of the amounts in {FLOWS}, such as `money: USD m`", column="money")


def _market(folder: Path, declared: Declared, prices: Prices, macro: Macro | None, flows: Flows | None) -> Market:
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
        without=flows.without if flows else (),
        money=declared.money,
    )
    absent = {tool.name: _ABSENT[tool.name] for tool in tools.TOOLS if tool.name not in tools.offered(pack)}
    lacks = ", ".join(what for what, _ in absent.values())
    kind = "SIMULATED" if simulated else "Real"
    summary = (
        f"{kind} data from files, {prices.rhythm.name}, {pack.first} to {pack.last}: {len(pack.sectors)} sectors of "
        f"{name}; without {lacks}."
    )
    rows = dict(prices.rows)
    if macro:
        rows[MACRO] = macro.rows
    if flows:
        rows[FLOWS] = flows.rows
    needs = {tool: what for tool, (_, what) in absent.items()}
    about = len(prices.names), prices.largest, prices.rhythm.name
    return Market(replace(pack, summary=summary), rows, *about, needs)


def _notes(declared: Declared) -> tuple[str, ...]:
    made = "SIMULATED: these numbers are made up, as the folder they come from says, and no fact about any real market."
    price = "Returns are of prices alone, without dividends."
    return (*[made] * (declared.kind == "simulated"), *[price] * (declared.returns == "price"))
