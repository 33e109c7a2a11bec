"""Tables in texts, with commas, tabs, semicolons or bars between cells: which days their rows and columns are of."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import NamedTuple

from agent.days import Said, Span, said_by, span_of, span_of_text

_OUTSIDE_QUOTES = {mark: re.compile(rf'{re.escape(mark)}(?=(?:[^"]*"[^"]*")*[^"]*$)') for mark in "|\t;,"}
_NUMBER = re.compile(r"[-+]?[\d.,]+%?")
_BLANK = " \t\r\n\"'*"


class Table(NamedTuple):
    """The cells of each line that is part of it, by the line's number; the first of them are its header's."""

    mark: str
    rows: dict[int, list[str]]

    @property
    def header(self) -> list[str]:
        return [cell.strip(_BLANK) for cell in next(iter(self.rows.values()))]

    def days(self, dated: Collection[object] = ()) -> dict[int, Span]:
        """Of lines with a bare number, such as `20250701`, in a column that is `dated` or whose name means a date."""
        means = [Said.YEAR if name in dated else said_by(name) for name in self.header]
        columns = [(at, said) for at, said in enumerate(means) if said in (Said.DATE, Said.YEAR)]
        found = {}
        for line, cells in list(self.rows.items())[1:] if columns else ():
            for at, said in columns:
                cell = cells[at].strip(_BLANK)
                if cell.isdecimal() and (span := span_of(cell, said)):
                    found[line] = span
        return found

    def later_columns(self, as_of: str) -> dict[int, str]:
        """The last day of each column whose name is a later day, where nothing below it is a date."""
        header = self.header
        years = [cell for cell in header if cell.isdecimal() and span_of_text(cell, Said.YEAR)]
        said = Said.YEAR if len(years) > 1 else Said.NOTHING
        spans = [span_of_text(cell, said) for cell in header]
        if any(span is None and _NUMBER.fullmatch(cell) for cell, span in zip(header, spans, strict=True)):
            return {}
        first = next((span for cell, span in zip(header, spans, strict=True) if cell), None)
        late = {at: span.last for at, span in enumerate(spans) if span and span.last > as_of}
        below = [cells[at].strip(_BLANK) for cells in list(self.rows.values())[1:] for at in late]
        is_wide = first is None and not any(map(span_of_text, below)) and any(map(str.strip, below))
        return late if is_wide else {}

    def without(self, columns: Sequence[int]) -> dict[int, str]:
        """Its lines without those columns."""
        left = {}
        for line, cells in self.rows.items():
            text = self.mark.join(cell for at, cell in enumerate(cells) if at not in columns)
            end = cells[-1][len(cells[-1].rstrip("\r\n")) :]
            left[line] = text if text.endswith(end) else text + end
        return left


def table_of(lines: Sequence[str]) -> Table | None:
    """The table that the lines of a paragraph are, from the first line with as many cells as the next."""
    for mark, apart in _OUTSIDE_QUOTES.items():
        if mark not in lines[-1] or len(lines) < 2:
            continue
        cells = [apart.split(line) if '"' in line else line.split(mark) for line in lines]
        first = next((at for at in range(len(lines) - 1) if 1 < len(cells[at]) == len(cells[at + 1])), None)
        if first is not None:
            return Table(
                mark, {at: row for at, row in enumerate(cells) if at >= first and len(row) == len(cells[first])}
            )
    return None
