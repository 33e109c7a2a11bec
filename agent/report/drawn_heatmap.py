"""The heatmap as a table in a drawing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TypeAlias

from agent.report.heatmap import Cell, Column, Heatmap, Row, detail
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
_TOOLS, _HEAD_LINE = 9.0, 13.0
"""What the rule below tools takes, and the height of a line of theirs or of a heading."""


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
        tools = [_tool(*each, wide) for each in groupby(table.columns[part], key=lambda column: column.tool)]
        heads = [_head(column, manner.say, wide - 7) for column in table.columns[part]]
        below = y + _TOOLS + _HEAD_LINE * max(len(lines) for lines, _ in tools)
        first = below + 14 + _HEAD_LINE * max(len(head) + len(details) for head, details in heads)
        parts += _tools(tools, left + _NAMES, below)
        parts += _heads(heads, left + _NAMES, first, wide)
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


def _tool(tool: str, columns: Iterable[Column], wide: float) -> tuple[Sequence[str], float]:
    """The lines of a tool's name, and how far it reaches over its columns."""
    over = wide * len([*columns])
    return wrapped(plain(tool), over - 8, 11, most=3), over


def _tools(tools: Iterable[tuple[Sequence[str], float]], left: float, bottom: float) -> Iterator[str]:
    for lines, over in tools:
        for up, said in enumerate(reversed(lines)):
            yield text("quiet small", left + 4, bottom - 10 - _HEAD_LINE * up, said)
        yield line("rule", (left + 4, bottom - 2.5), (left + over - 2, bottom - 2.5))
        left += over


def _head(column: Column, say: Words, room: float) -> tuple[Sequence[str], Sequence[str]]:
    """The lines of a column's label, and of its lookback and unit: at least one."""
    details = wrapped(plain(detail(column.lookback, column.unit, say)), room, 11, most=3) or [""]
    return wrapped(plain(say(column.label)), room, 11, most=3, bold=True), details


def _heads(
    heads: Iterable[tuple[Sequence[str], Sequence[str]]], left: float, bottom: float, wide: float
) -> Iterator[str]:
    """Labels of columns above their details."""
    for at, (label, details) in enumerate(heads, 1):
        lines = [("small strong", said) for said in label] + [("quiet small", said) for said in details]
        for up, (kind, said) in enumerate(reversed(lines)):
            yield text(kind, left + at * wide - 6, bottom - 7 - _HEAD_LINE * up, said, "end")


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
