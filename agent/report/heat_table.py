"""The heatmap in a terminal: a line for each sector, and as many columns as fit beside each other."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.style import Style
from rich.text import Text

from agent.report.footnotes import evidence_of
from agent.report.heatmap import Cell, Column, Heatmap, framed, unit_label
from agent.report.names import SectorNames
from agent.report.palettes import CVD, Colours
from agent.report.terminal import ACTIONS, fitted, one_line, parted
from agent.report.words import Words
from agent.result import RunResult

MARK = 3
"""Cells beside a name: two before it for what is recommended, one after it."""
ROWS = 40
"""Sectors at most; the page has the others."""
WORD = 11
"""Cells that a column may be widened by, for the longest word of its heading."""
HEADING = 3
"""Lines of a heading at most."""
STRONG = 5
"""The shade from which on a number is strongly up or down."""
GLYPHS = {"n": "··", "u": "△▲", "d": "▽▼"}
"""For a number that is weakly or strongly up or down; how large another one is, the height of a bar says."""
BARS = " ▁▂▃▄▅▆▇█"
HUES = {"u": "bright_blue", "d": "yellow"}
_UNITS = {"standard deviations": "SD"}


@dataclass(frozen=True)
class Look:
    """How a cell shows its shade: with a palette by its background, else by a glyph, which may have a `hue`."""

    palette: Colours | None
    hued: bool
    styled: bool = True
    """Whether a text can be underlined."""

    @classmethod
    def of(cls, console: Console) -> Look:
        if console.no_color or console.color_system is None:
            return cls(None, hued=False, styled=console.color_system is not None)
        if console.color_system in ("standard", "windows"):
            return cls(None, hued=True)
        return cls(CVD.light if _on_white() else CVD.dark, hued=True)

    def cell(self, cell: Cell, width: int, *, cited: bool) -> Text:
        """A number in `width` cells, with one more on both sides; underlined where rationales rest on it."""
        text = Text(f" {' ' * (width - cell_len(cell.text))}")
        text.append(cell.text, Style(underline=cited, dim=cell.shade is None))
        if cell.shade is None or self.palette:
            text.append(" ")
            if cell.shade and self.palette:
                text.stylize(Style(color=self.palette.ink, bgcolor=self.palette.fills()[cell.shade]))
            return text
        kind, step = cell.shade[0], int(cell.shade[1:])
        glyph = BARS[step] if kind == "g" else GLYPHS[kind][step >= STRONG]
        return text.append(glyph, HUES.get(kind) if self.hued else None)


def _on_white() -> bool:
    """Whether the terminal says that its background is light, as some do: `0;15` is black on white."""
    return os.environ.get("COLORFGBG", "").rpartition(";")[2] in ("7", "15")


def show_heatmap(
    console: Console,
    result: RunResult,
    table: Heatmap,
    advice: Sequence[Mapping[str, Any]],
    names: SectorNames,
    say: Words,
) -> None:
    """Every sector with its figures, marked where `advice` is about it; nothing without figures."""
    table = _named(table, say)
    if not table.rows or not table.columns:
        return
    look, rows, told = Look.of(console), framed(table, advice, ROWS), _cited(result)
    longest = max(cell_len(one_line(names(row.sector))) for row, _ in rows)
    least = min(longest, max(console.width * 3 // 10, 14))
    widths = _fitting(table, told, console.width - least - MARK)
    name_width = min(longest, console.width - MARK - _total(widths))
    for line in _headings(table.columns, widths):
        _print(console, Text(" " * (name_width + MARK) + line, style="bold"))
    for row, action in rows:
        glyph, colour = ACTIONS.get(action or "", (" ", ""))
        name = set_cell_size(fitted(names(row.sector), name_width), name_width + 1)
        cells = (look.cell(row.cells[at], width, cited=_place(row.cells[at]) in told) for at, width in widths.items())
        _print(console, Text.assemble((glyph, colour), " ", (name, "bold" if action else ""), *cells))
    shown = [table.columns[at] for at in widths]
    _print_parts(console, _legend(look, shown, say, cited=look.styled and bool(told)))
    if left_out := _left_out(table, widths, len(rows), say):
        where = say("on the page only") if result.page else say("left out here")
        _print_parts(console, [f"{where}: {left_out[0]}", *left_out[1:]])
    console.print()


def _named(table: Heatmap, say: Words) -> Heatmap:
    """With labels and units as they are printed."""
    units = [_UNITS.get(column.unit or "", unit_label(column.unit)) for column in table.columns]
    pairs = zip(table.columns, units, strict=True)
    named = (replace(column, label=say(column.label), unit=say(unit)) for column, unit in pairs)
    return replace(table, columns=tuple(named))


def _print(console: Console, line: Text) -> None:
    console.print(line, no_wrap=True, overflow="ignore", crop=False)


def _print_parts(console: Console, parts: Iterable[str]) -> None:
    for line in parted((one_line(part) for part in parts), console.width):
        console.print(Text(line, style="dim"))


def _cited(result: RunResult) -> set[tuple[str, str] | None]:
    """The places of the figures that rationales rest on."""
    return {(figure["call"], figure["pointer"]) for number in evidence_of(result) for figure in number["figures"]}


def _place(cell: Cell) -> tuple[str, str] | None:
    return (cell.source.call, cell.source.pointer) if cell.source else None


def _fitting(table: Heatmap, told: set[tuple[str, str] | None], room: int) -> dict[int, int]:
    """Place → width of the columns that have room beside each other: first those that rationales rest on, as far as
    they have, then the others from the left to the first that has none.
    """
    cited = {at for row in table.rows for at, cell in enumerate(row.cells) if _place(cell) in told}
    widths: dict[int, int] = {}
    for at in sorted(range(len(table.columns)), key=lambda at: (at not in cited, at)):
        wider = _widths(table, sorted([*widths, at]))
        if _total(wider) <= room:
            widths = wider
        elif at not in cited:
            break
    return widths


def _total(widths: Mapping[int, int]) -> int:
    return sum(widths.values()) + 2 * len(widths)


def _widths(table: Heatmap, places: Iterable[int]) -> dict[int, int]:
    """Of the numbers, and wide enough for most words of the headings above them."""
    widths = {}
    for group in _groups(table.columns, places):
        words = table.columns[group[0]].label.split()
        word = min(max(map(cell_len, words), default=0), WORD)
        for at in group:
            column = table.columns[at]
            texts = [column.lookback or "", *(row.cells[at].text for row in table.rows)]
            fair = -(-(word + _spare(group)) // len(group)) - 2
            widths[at] = max(*map(cell_len, texts), min(cell_len(column.unit or ""), WORD) - 1, fair)
    return widths


def _groups(columns: Sequence[Column], places: Iterable[int]) -> Iterator[list[int]]:
    """Neighbours that are one metric of a tool."""
    for _, group in groupby(places, key=lambda at: (columns[at].tool, columns[at].metric)):
        yield list(group)


def _headings(columns: Sequence[Column], widths: Mapping[int, int]) -> Iterator[str]:
    """Metrics over their columns, and below them lookbacks and units."""
    heads: list[list[str]] = []
    for group in _groups(columns, widths):
        width = sum(widths[at] + 2 for at in group)
        label = _stacked(columns[group[0]].label, width - _spare(group))
        heads.append([_over(text, width, len(group)) for text in label])
    height = max(map(len, heads), default=0)
    for line in zip(*([_over("", cell_len(head[0]))] * (height - len(head)) + head for head in heads), strict=True):
        yield "".join(line)
    for detail in ({at: columns[at].lookback or "" for at in widths}, {at: columns[at].unit or "" for at in widths}):
        if any(detail.values()):
            yield "".join(_over(fitted(detail[at], width + 1), width + 2) for at, width in widths.items())


def _spare(group: Sequence[int]) -> int:
    """Cells of a heading that its words leave free: one after it, and beside a line one on both its sides."""
    return 1 if len(group) == 1 else 3


def _over(text: str, width: int, columns: int = 1) -> str:
    """A heading where the numbers of its column end; over several columns from the first to the last."""
    if columns > 1:
        return f" {text} {'─' * (width - 3 - cell_len(text))} "
    return " " * (width - 1 - cell_len(text)) + f"{text} "


def _stacked(label: str, width: int) -> list[str]:
    """Words on HEADING lines at most, each of them cut where it is too long; an empty line without any."""
    lines = parted((fitted(word, width) for word in label.split()), width, " ") or [""]
    return [*lines[: HEADING - 1], *([fitted(" ".join(lines[HEADING - 1 :]), width)] if lines[HEADING - 1 :] else [])]


def _legend(look: Look, columns: Sequence[Column], say: Words, *, cited: bool) -> list[str]:
    parts: list[str] = []
    if any(column.diverging for column in columns):
        glyphs = [say("▲ strongly up"), say("△ up"), say("▽ down"), say("▼ strongly down")]
        parts += [say("blue: above zero"), say("orange: below zero")] if look.palette else glyphs
    if not all(column.diverging for column in columns):
        parts.append(say("grey: how large") if look.palette else say("▁ to █: how large"))
    return [*parts, say("each column by itself"), *([say("underlined: what rationales rest on")] if cited else [])]


def _left_out(table: Heatmap, widths: Mapping[int, int], rows: int, say: Words) -> list[str]:
    """What has no room here."""
    groups = _groups(table.columns, (at for at in range(len(table.columns)) if at not in widths))
    columns = [
        " ".join([table.columns[group[0]].label, ", ".join(filter(None, (table.columns[at].lookback for at in group)))])
        for group in groups
    ]
    more = len(table.rows) - rows
    return [*columns, *([say("{count} sectors", count=more)] if more else [])]
