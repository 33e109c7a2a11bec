"""Rows of a date, a name and numbers → one array for each column, time down and names across."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from agent.market.folder_csv import CsvFile

if TYPE_CHECKING:
    from agent.market.pack import Floats, Integers


MOST_CELLS, SPARSEST = 1_000_000, 50
"""Beyond so many dates x names, and so many for each row, a file is no panel, and would fill the memory."""


@dataclass(frozen=True)
class Dated:
    """`values` by column, each (T, N), NaN where the file has no row. Names are in the order of their first rows."""

    days: tuple[date, ...]
    names: tuple[str, ...]
    values: Mapping[str, Floats]
    lines: Integers
    """Of each row, (T, N); 0 where there is none."""

    def first_lines(self) -> dict[str, int]:
        """By name."""
        lines = np.where(self.lines > 0, self.lines, np.iinfo(np.int64).max).min(axis=0, initial=np.iinfo(np.int64).max)
        return dict(zip(self.names, lines.tolist(), strict=True))

    def line_of_day(self, day: int) -> int:
        return int(self.lines[day, self.lines[day] > 0].min())


def read(file: CsvFile, label: str | None, columns: Sequence[str]) -> Dated:
    """All rows. label: the column of the names; without it, there is one series without a name.

    The rows of a name have to ascend: that finds a date that stands twice, and day and month the wrong way round.
    """
    days: dict[date, int] = {}
    names: dict[str, int] = {}
    newest: list[date] = []
    at_day, at_name, at_line = array("l"), array("l"), array("l")
    numbers = [array("d") for _ in columns]
    labels = [label] if label else []
    for line, (day, *values) in file.rows("date", *labels, *columns):
        name = values.pop(0) if label else ""
        at = names.setdefault(name, len(names))
        if at == len(newest):
            newest.append(day)
        elif day <= newest[at]:
            _tell_order(file, line, name, day, newest[at])
            continue
        newest[at] = day
        at_day.append(days.setdefault(day, len(days)))
        at_name.append(at)
        at_line.append(line)
        for kept, value in zip(numbers, values, strict=True):
            kept.append(value)
    require_one_spelling(file, label or "", names)
    if len(days) * len(names) > MOST_CELLS + SPARSEST * len(at_day):
        file.problem(f"{len(names):,} names, {len(days):,} dates and {len(at_day):,} rows: are columns mixed up?")
        return Dated((), (), {}, np.zeros((0, 0), dtype=np.int64))
    ordered = sorted(days)
    place = np.empty(len(days), dtype=np.int64)
    place[[days[day] for day in ordered]] = np.arange(len(days))
    rows = place[np.array(at_day, dtype=np.int64)], np.array(at_name, dtype=np.int64)
    grid = {column: np.full((len(days), len(names)), np.nan) for column in columns}
    for column, kept in zip(columns, numbers, strict=True):
        grid[column][rows] = np.array(kept)
    lines = np.zeros((len(days), len(names)), dtype=np.int64)
    lines[rows] = np.array(at_line)
    return Dated(tuple(ordered), tuple(names), grid, lines)


def require_one_spelling(file: CsvFile, column: str, names: Iterable[str]) -> None:
    """Tools take names in any case, and 'all' for all of them."""
    spelled: dict[str, str] = {}
    for name in names:
        other = spelled.setdefault(name.casefold(), name)
        if other != name:
            file.problem(f"{other!r} and {name!r} differ in case only: use one spelling", column=column)
        if name.casefold() == "all":
            file.problem("'all' means all of them to the tools: use another name", column=column)


def _tell_order(file: CsvFile, line: int, name: str, day: date, newest: date) -> None:
    whose = f" of {name!r}" if name else ""
    said = f"{day} stands twice" if day == newest else f"{day} comes after {newest}"
    file.problem(f"{said} among the rows{whose}: oldest first, each date once", line, "date", "order")
