"""The heatmap as a table in a drawing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TypeAlias

from agent.report.heatmap import Cell, Column, Heatmap, Row, unit_label
from agent.report.lettering import fitted, plain, width, wrapped
from agent.report.palettes import Palette
from agent.report.svg import Box, glyph, line, rect, text
from agent.report.words import Words

MOST_ROWS, MOST_COLUMNS = 40, 33
_ACROSS = 11
"""Columns of one band; bands with all sectors stand one below another."""
_NAMES = 224.0
_ROW = 27.0
_WIDEST = 112.0
_SIGNS = "+\N{MINUS SIGN}"
_TOOLS, _HEAD_LINE = 22.0, 13.0
"""Heights of the lines of tools and of a heading."""


@dataclass(frozen=True)
class Drawn:
    """`bottom`: where what comes next may begin."""

    parts: list[str]
    bottom: float


@dataclass(frozen=True)
class Manner:
    """How a table is drawn; `names`: what a sector is called."""

    palette: Palette
    say: Words
    names: Callable[[str], str]


Chosen: TypeAlias = Sequence[tuple[Row, str | None]]
"""Rows in the order in which they are drawn, with what is recommended for them."""


def draw(table: Heatmap, rows: Chosen, manner: Manner, left: float, top: float, room: float) -> Drawn:
    """From (left, top), at most `room` wide; `rows` of the table."""
    count = min(len(table.columns), MOST_COLUMNS)
    size = -(-count // -(-count // _ACROSS))
    wide = min(_WIDEST, (room - _NAMES) / size)
    parts, y = list[str](), top
    for start in range(0, count, size):
        part = slice(start, min(start + size, count))
        heads = [_head(column, manner.say, wide - 7) for column in table.columns[part]]
        first = y + _TOOLS + 27 + _HEAD_LINE * max(len(lines) for lines, _ in heads)
        parts += _heads(table.columns[part], heads, left + _NAMES, (y, first), wide)
        parts += _band(table.columns[part], rows, part, manner, (left, first), wide)
        y = first + _ROW * len(rows) + 18
    parts += _legend(manner, left, y + 4)
    if left_out := _left_out(table, len(rows), manner.say):
        y += 20
        parts.append(text("note", left, y + 8, left_out))
    return Drawn(parts, y + 12)


def _band(
    columns: Sequence[Column], rows: Chosen, part: slice, manner: Manner, at: tuple[float, float], wide: float
) -> Iterator[str]:
    """Some columns of all sectors."""
    fills, (left, y) = manner.palette.light.fills(), at
    for row, action in rows:
        if action:
            yield glyph(action, left + 8, y + _ROW / 2)
        yield text("name", left + 22, y + 18, fitted(plain(manner.names(row.sector)), _NAMES - 26, 13))
        yield from _cells(row.cells[part], fills, left + _NAMES, y, wide)
        y += _ROW
    yield line("rule", (left, y + 0.5), (left + _NAMES + wide * len(columns), y + 0.5))


def _head(column: Column, say: Words, room: float) -> tuple[Sequence[str], str]:
    """The lines of a column's label, and its lookback and unit."""
    detail = " · ".join(part for part in (column.lookback, say(unit_label(column.unit))) if part)
    return wrapped(plain(say(column.label)), room, 11, most=3, bold=True), fitted(plain(detail), room, 11)


def _heads(
    columns: Sequence[Column],
    heads: Sequence[tuple[Sequence[str], str]],
    left: float,
    span: tuple[float, float],
    wide: float,
) -> Iterator[str]:
    """Tools over their columns, and the columns' labels above their details; `span`: where they begin and end."""
    x, (top, bottom) = left, span
    for tool, group in groupby(columns, key=lambda column: column.tool):
        over = wide * len(list(group))
        yield text("quiet small", x + 4, top + 12, fitted(plain(tool), over - 8, 11))
        yield line("rule", (x + 4, top + 19.5), (x + over - 2, top + 19.5))
        x += over
    for at, (lines, detail) in enumerate(heads, 1):
        right = left + at * wide - 6
        for up, said in enumerate(reversed(lines)):
            yield text("small strong", right, bottom - 21 - _HEAD_LINE * up, said, "end")
        yield text("quiet small", right, bottom - 7, detail, "end")


def _cells(cells: Sequence[Cell], fills: Mapping[str, str], left: float, y: float, wide: float) -> Iterator[str]:
    for at, cell in enumerate(cells):
        x = left + at * wide
        if cell.shade:
            yield rect("cell", Box(x + 1, y + 1, x + wide, y + _ROW), f' fill="{fills[cell.shade]}"')
        kind = "value" if cell.shade else "quiet"
        yield text(kind, x + wide - 6, y + 18, _number(cell, wide - 8), "end")


def _number(cell: Cell, room: float) -> str:
    """Three digits and a power of ten where it is too wide: a number that is cut is another one."""
    if cell.value is None or width(cell.text, 13) <= room:
        return cell.text
    return f"{cell.text[: cell.text[0] in _SIGNS]}{abs(cell.value):.2e}"


def _legend(manner: Manner, left: float, y: float) -> Iterator[str]:
    x, fills, say = left, manner.palette.light.fills(), manner.say
    ramps = (
        (("d8", "d6", "d4", "d2", "n0", "u2", "u4", "u6", "u8"), say(manner.palette.legend)),
        (("g0", "g2", "g4", "g6", "g8"), say("Grey: size without direction.")),
    )
    for shades, said in ramps:
        for shade in shades:
            yield rect("cell", Box(x, y - 10, x + 15, y + 2), f' fill="{fills[shade]}"')
            x += 15
        yield text("note", x + 10, y, said)
        x += width(said, 12.5) + 40
    yield text("note", x, y, say("Each column has its own scale, full at its 90th percentile."))


def _left_out(table: Heatmap, rows: int, say: Words) -> str:
    over = ((len(table.rows) - rows, "rows"), (len(table.columns) - MOST_COLUMNS, "columns"))
    what = ", ".join(f"{count} {say(kind)}" for count, kind in over if count > 0)
    return say("Not shown: {what}.", what=what) if what else ""
