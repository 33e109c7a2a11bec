"""Figures → a table of sectors × columns with a colour for each cell. Pure: no files, no HTML.

A column is coloured on its own scale. Where a sign means up or down, the scale is centred at 0 and clipped at
the 90th percentile of |x|, since one sector at +96 % would otherwise bleach the rest. Elsewhere it runs
in greys from the column's least number to its 90th percentile.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from operator import attrgetter
from typing import Any, NamedTuple, TypeAlias

from agent.figures import Figure, newer
from agent.lookbacks import days_of
from agent.report.palettes import STEPS
from agent.taxonomy import SectorKey, folded

NO_FIGURE = "–"
ColumnKey: TypeAlias = tuple[str, str, str | None, str | None]

column_key: Callable[[Figure | Column], ColumnKey] = attrgetter("tool", "metric", "unit", "lookback")

# Words of metrics and units that say whether a number above 0 means up, or only how large something is.
_UP_OR_DOWN = re.compile(
    r"\b(perf|performance|returns?|change|chg|growth|momentum|mom|relative|excess|alpha|net|flows?|spread|seasonality)\b"
)
_SIZE_ONLY = re.compile(
    r"\b(volatility|vol|deviation|risk|counts?|volume|turnover|ranks?|percentile|weight|ratio|index|times|x|days)\b"
)

# What relative rotation is told in: two measures around 100, and the direction and the length of the last step.
RATIO, MOMENTUM, HEADING, LENGTH = (
    re.compile(rf"\b(rotation|rs) ?{word}\b") for word in ("ratio", "momentum", "heading", "length")
)
_SHORT_FOR = re.compile(r"\b(gdp|cpi|ppi|pmi|fdi|fx|usd|vnd)\b")
_MOST_DECIMALS = 7
_PERCENT = re.compile(r"^(percent|pct)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Column:
    """`diverging`: the sign of its numbers means up or down; `decimals`: with how many they are printed."""

    label: str
    tool: str
    metric: str
    unit: str | None
    lookback: str | None
    diverging: bool
    decimals: int

    def text(self, value: float) -> str:
        """A number as each cell of the column has it."""
        return number_text(value, self.decimals, plus=self.diverging)


class Cell(NamedTuple):
    """`shade` is a key of `Colours.fills`, None without a number.

    `source` says where the number stood; None when no tool delivered this cell.
    """

    value: float | None = None
    text: str = NO_FIGURE
    shade: str | None = None
    source: Figure | None = None


@dataclass(frozen=True)
class Row:
    """`key` is that of each name of its sector; `sector` the one that came first."""

    key: str
    sector: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Heatmap:
    """`key_of`: by which other parts of a run find a sector's row."""

    columns: tuple[Column, ...] = ()
    rows: tuple[Row, ...] = ()
    key_of: SectorKey = field(default=folded, compare=False, repr=False)


@dataclass(frozen=True)
class Grid:
    """The newest figure of each sector and measure. `names`: sector key → the name that came first; `columns`:
    measure → sector key → figure, in the order in which a heatmap has them.
    """

    names: Mapping[str, str]
    columns: Mapping[ColumnKey, Mapping[str, Figure]]


def grid_of(figures: Iterable[Figure], key_of: SectorKey = folded) -> Grid:
    """Sectors down, (tool, metric, unit, lookback) across, both in the order in which they first appear.

    A tool's columns of one metric stand together, the shortest lookback first. Single securities have no cell, and
    neither has the last step of a relative rotation, which the chart of it shows.
    """
    figures = [figure for figure in figures if figure.ticker is None]
    steps = {metric for metric in {figure.metric for figure in figures} if _is_any(metric, HEADING, LENGTH)}
    figures = [figure for figure in figures if figure.metric not in steps]
    keys = {name: key_of(name or "") for name in dict.fromkeys(figure.sector for figure in figures)}
    names: dict[str, str] = {}
    for name, key in keys.items():
        if key:
            names.setdefault(key, _tidy(name or ""))
    columns: dict[ColumnKey, dict[str, Figure]] = {}
    for figure in figures:
        if key := keys[figure.sector]:
            delivered = columns.setdefault(column_key(figure), {})
            delivered[key] = newer(delivered.get(key), figure)
    tools = list(dict.fromkeys(tool for tool, *_ in columns))
    metrics = list(dict.fromkeys(column[:2] for column in columns))

    def place(column: ColumnKey) -> tuple[int, int, float]:
        return tools.index(column[0]), metrics.index(column[:2]), days_of(column[3]) or math.inf

    across = sorted(columns, key=place)
    return Grid(names, {column: columns[column] for column in across})


def heatmap_of(figures: Iterable[Figure], key_of: SectorKey = folded) -> Heatmap:
    """The grid of figures with each number as it is printed and coloured; those of a run by its taxonomy's key."""
    key_of = cache(key_of)
    grid = grid_of(figures, key_of)
    scales = [(_Scale.of(column, delivered.values()), delivered) for column, delivered in grid.columns.items()]
    return Heatmap(
        columns=tuple(scale.column for scale, _ in scales),
        rows=tuple(
            Row(key, name, tuple([scale.cell(delivered.get(key)) for scale, delivered in scales]))
            for key, name in grid.names.items()
        ),
        key_of=key_of,
    )


def framed(table: Heatmap, advice: Sequence[Mapping[str, Any]], most: int) -> list[tuple[Row, str | None]]:
    """Rows with what is recommended for them, `most` at most: overweights as in the answer, then the data's order, and
    underweights last, so that what is bought and what is sold frame the field between which they were chosen.
    """
    given = {
        table.key_of(str(each.get("sector_name"))): (at, str(each.get("action"))) for at, each in enumerate(advice)
    }
    placed: list[tuple[int, int, Row, str | None]] = []
    room = most - sum(row.key in given for row in table.rows)
    for row in table.rows:
        at, action = given.get(row.key, (len(given), None))
        room -= action is None
        if action is not None or room >= 0:
            placed.append(({"overweight": 0, "underweight": 2}.get(action or "", 1), at, row, action))
    return [(row, action) for _, _, row, action in sorted(placed, key=lambda each: each[:2])][:most]


def number_text(value: float, decimals: int, *, plus: bool) -> str:
    """`value` with U+2212 for minus and thin spaces between thousands, or as three digits and a power of ten where that
    is too long; `plus` also signs what is above 0.
    """
    size = abs(value)
    is_long = size >= 1e15 or (decimals > _MOST_DECIMALS and size > 0)
    text = f"{size:.2e}" if is_long else f"{size:,.{min(decimals, _MOST_DECIMALS)}f}"
    reads_as_zero = not text.strip("0.")
    sign = "" if reads_as_zero else "\N{MINUS SIGN}" if value < 0 else "+" if plus else ""
    return sign + text.replace(",", "\N{NARROW NO-BREAK SPACE}")


def numbers_text(metric: str, unit: str | None, values: Sequence[float]) -> list[str]:
    """Numbers of one measure as a column of them prints them."""
    plus, decimals = _diverges(metric, unit, values), _decimals(values, unit)
    return [number_text(value, decimals, plus=plus) for value in values]


def decimals_of(value: float) -> int:
    """Of a number that stands alone: two, and for one below 0.01 so many that two of its digits are seen."""
    return 2 if (power := _magnitude(value)) >= -2 else 1 - power


def detail(lookback: str | None, unit: str | None, say: Callable[[str], str] = str) -> str:
    """Lookback and unit, such as `3M · %`; they stand in a heading once, not in each cell."""
    return " · ".join(part for part in (lookback, say(unit_label(unit))) if part)


def label(metric: str) -> str:
    """A key as a heading: `relative_strength` → `Relative strength`, `gdp_growth` → `GDP growth`."""
    words = _SHORT_FOR.sub(lambda match: match[0].upper(), _words(metric))
    return words[:1].upper() + words[1:]


def unit_label(unit: str | None) -> str:
    return _PERCENT.sub("%", _words(unit or ""))


def finite(figure: Figure | None) -> float | None:
    """A figure's number; None also for what JSON readers accept as NaN and Infinity."""
    return figure.value if figure and figure.value is not None and math.isfinite(figure.value) else None


@dataclass(frozen=True)
class _Scale:
    """How the numbers of one column are printed and coloured; `low` and `high` are where the colours end."""

    column: Column
    low: float
    high: float

    @classmethod
    def of(cls, key: ColumnKey, figures: Iterable[Figure]) -> _Scale:
        tool, metric, unit, lookback = key
        values = [value for value in map(finite, figures) if value is not None] or [0.0]
        diverging = _diverges(metric, unit, values)
        low = 0.0 if diverging else min(values)
        high = _percentile_90([abs(value) for value in values])
        # Most numbers may be the same; then the few others set the scale.
        high = high if high > low else max(map(abs, values))
        column = Column(label(metric), tool, metric, unit, lookback, diverging, _decimals(values, unit))
        return cls(column, low, high)

    def cell(self, figure: Figure | None) -> Cell:
        value = finite(figure)
        if value is None:
            return Cell(source=figure)
        return Cell(value, self.column.text(value), self._shade(value), figure)

    def _shade(self, value: float) -> str:
        span = self.high - self.low
        step = round(min((abs(value) - self.low) / span, 1.0) * STEPS) if span else 0
        if not self.column.diverging:
            return f"g{step}"
        return f"{'u' if value > 0 else 'd'}{step}" if step else "n0"


def _diverges(metric: str, unit: str | None, values: Sequence[float]) -> bool:
    """A negative number proves that 0 is the centre; without one the words of metric and unit decide."""
    if min(values) < 0:
        return True
    name, measure = _words(metric).casefold(), _words(unit or "").casefold()
    if _is_any(metric, RATIO, MOMENTUM):
        return False
    return bool(_UP_OR_DOWN.search(name)) and not _SIZE_ONLY.search(f"{name}, {measure}")


def _decimals(values: Sequence[float], unit: str | None) -> int:
    """One for percentages that it shows; else about three digits of the column's largest number, none for counts."""
    top = max(map(abs, values))
    if top >= 1000:
        return 0
    if unit_label(unit).startswith(("%", "percent", "pp")) and not 0 < top < 0.1:
        return 1
    if all(value == int(value) for value in values):
        return 0
    return max(1, 2 - _magnitude(top))


def _magnitude(value: float) -> int:
    """The power of ten of a number's first digit; 0 for 0."""
    return math.floor(math.log10(abs(value))) if value and math.isfinite(value) else 0


def _percentile_90(values: Sequence[float]) -> float:
    """With linear interpolation between the two nearest of the sorted values."""
    ranked = sorted(values)
    below, share = divmod((len(ranked) - 1) * 0.9, 1)
    above = min(int(below) + 1, len(ranked) - 1)
    return ranked[int(below)] + (ranked[above] - ranked[int(below)]) * share


def measure_words(metric: str) -> str:
    """A measure's name in small letters, with blanks for what joins its words."""
    return re.sub(r"[\W_]+", " ", metric).casefold()


def _is_any(metric: str, *measures: re.Pattern[str]) -> bool:
    words = measure_words(metric)
    return any(measure.search(words) for measure in measures)


def _words(key: str) -> str:
    return " ".join(key.replace("_", " ").split())


def _tidy(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())
