"""macro.csv → the series of each region, every value with the day on which it became known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from agent.market import folder_dated
from agent.market.folder_csv import CsvFile, Parsers, day, name, number
from agent.market.folder_problems import Problems
from agent.market.pack import Series

MACRO = "macro.csv"
PERCENT = {"percent", "per cent", "pct", "%"}
"""Ways to write it, in any case."""


def unit(text: str) -> str:
    spelled = name(text)
    return "percent" if spelled.casefold() in PERCENT else spelled


COLUMNS: Parsers = {
    "region": name,
    "indicator": name,
    "observed_at": day,
    "known_at": day,
    "value": number,
    "unit": unit,
}

Values = dict[tuple[date, date], tuple[float, str]]
"""(known, observed) → value and unit."""


@dataclass(frozen=True)
class Macro:
    """`series` by region, each with all `indicators`; one that a region does not have is empty."""

    indicators: tuple[str, ...]
    series: Mapping[str, Mapping[str, Series]]
    rows: int


def read(folder: Path, problems: Problems) -> Macro | None:
    """None when a problem was found."""
    needed = [column for column in COLUMNS if column != "unit"]
    file = CsvFile(folder / MACRO, COLUMNS, needed, problems)
    if not file.columns:
        return None
    values: dict[tuple[str, str], Values] = {}
    units = ["unit"] if "unit" in file.columns else []
    for line, (region, indicator, observed, known, value, *measured) in file.rows(*needed, *units):
        if known < observed:
            file.problem(
                f"{known} lies before {observed}, the end of what the value is about", line, "known_at", "early"
            )
        series = values.setdefault((region, indicator), {})
        if (known, observed) in series:
            said = f"{indicator!r} of {region!r} for {observed}, known on {known}, stands twice"
            file.problem(f"{said}; a revision has a known_at of its own", line, kind="twice")
        series[known, observed] = value, *(measured or ["percent"])
    for (region, indicator), series in values.items():
        if len(found := dict.fromkeys(each for _, each in series.values())) > 1:
            file.problem(f"{indicator!r} of {region!r} has several: {', '.join(found)}", column="unit")
    regions, indicators = (tuple(dict.fromkeys(key[i] for key in values)) for i in (0, 1))
    folder_dated.require_one_spelling(file, "region", regions)
    folder_dated.require_one_spelling(file, "indicator", indicators)
    if problems.of(MACRO):
        return None
    by_region = {each: {which: _series(values.get((each, which), {})) for which in indicators} for each in regions}
    return Macro(indicators, by_region, file.read)


def _series(values: Values) -> Series:
    ordered = sorted(values)
    measured = values[ordered[0]][1] if ordered else "percent"
    observed, known = tuple(each[1] for each in ordered), tuple(each[0] for each in ordered)
    return Series(observed, known, tuple(values[each][0] for each in ordered), unit=measured)
