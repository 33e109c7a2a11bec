"""Figures → where each sector stands against the others, and where it is heading. Pure: no drawing.

Where a tool delivered ratio and momentum of relative rotation, these are the axes, with the dates before as a tail.
Else they are one measure over a longer and over a shorter time: relative strength, or failing that performance.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import TypeAlias

from agent.figures import Figure
from agent.lookbacks import days_of
from agent.report.heatmap import (
    HEADING,
    LENGTH,
    MOMENTUM,
    RATIO,
    Column,
    Heatmap,
    column_key,
    detail,
    finite,
    heatmap_of,
    label,
    measure_words,
    unit_label,
)
from agent.report.svg import Point
from agent.report.words import Words
from agent.taxonomy import SectorKey

_ByDay: TypeAlias = Mapping[str, Mapping[str, float]]
"""Sector key → day → number."""

MOST = 20
"""Sectors of one chart; those farthest from the centre are kept."""
TAIL = 5
"""Points of one sector, the newest included."""
QUADRANTS = {
    (True, True): "Leading",
    (True, False): "Weakening",
    (False, False): "Lagging",
    (False, True): "Improving",
}
"""(x at or above the centre, y at or above it) → name."""

DELIVERED = "Ratio and momentum as {tool} gives them; tails show the way there."
SINCE = "Ratio and momentum as {tool} gives them; tails show the way there since {day}."
AGAINST_BENCHMARK = "{measure} over {longer} against {shorter}; the centre is the benchmark."
AGAINST_MEDIAN = "{measure} over {longer} against {shorter}; the centre is the median sector."

# Names of measures, with blanks for what joins their words.
_RELATIVE = re.compile(r"\b(relative|excess|alpha|outperformance)\b")
_PERFORMANCE = re.compile(r"\b(perf|performance|returns?|price change)\b")
_NO_RETURN = re.compile(r"\b(rank|ranks|rating|percentile|index|ratio|volume|volatility|flow|risk)\b")
_QUARTER, _MONTH = 91, 30
_AROUND_1 = 0.5, 1.5
_LARGEST = 1e9
"""What is beyond it is a defect of its server and no return."""


@dataclass(frozen=True)
class Axis:
    """`centre` divides the quadrants."""

    measure: str
    lookback: str | None
    unit: str | None
    centre: float

    def said(self, say: Words) -> str:
        return " · ".join(part for part in (say(self.measure), detail(self.lookback, self.unit, say)) if part)


@dataclass(frozen=True)
class Track:
    """`key`, `sector`: as in a heatmap's row. `points`: (x, y), the newest last; none of them is NaN or infinite."""

    key: str
    sector: str
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Rotation:
    """`basis` says what was set against what, in English with {places} for `about`; `left_out` how many sectors had no
    room.
    """

    x: Axis
    y: Axis
    tracks: tuple[Track, ...]
    basis: str
    about: Mapping[str, str]
    left_out: int = 0

    def told(self, say: Words) -> str:
        """What the chart shows, and what it leaves out."""
        told = say(self.basis, **{name: say(each) for name, each in self.about.items()})
        if self.left_out:
            told += " " + say("{count} sectors nearer to the centre are left out.", count=self.left_out)
        return told

    def quadrant(self, track: Track) -> str:
        x, y = track.points[-1]
        return QUADRANTS[x >= self.x.centre, y >= self.y.centre]


def rotation_of(figures: Sequence[Figure], table: Heatmap | None = None) -> Rotation | None:
    """None where fewer than two sectors have both measures of a chart. `table`: the figures' heatmap, where it is made
    already.
    """
    table = table or heatmap_of(figures)
    found = _delivered(figures, table) or _compared(table)
    if found is None or len(found.tracks) <= MOST:
        return found
    spread = [max(_span(each.points[-1][at] for each in found.tracks), 1e-9) for at in (0, 1)]
    centre = found.x.centre, found.y.centre

    def distance(track: Track) -> float:
        return math.hypot(*((track.points[-1][at] - centre[at]) / spread[at] for at in (0, 1)))

    kept = set(sorted(found.tracks, key=distance, reverse=True)[:MOST])
    tracks = tuple(track for track in found.tracks if track in kept)
    return replace(found, tracks=tracks, left_out=len(found.tracks) - len(tracks))


def _delivered(figures: Sequence[Figure], table: Heatmap) -> Rotation | None:
    """By what a tool says are a sector's ratio and momentum."""
    for ratio in table.columns:
        beside = [column for column in table.columns if (column.tool, column.lookback) == (ratio.tool, ratio.lookback)]
        momentum = _named(beside, MOMENTUM)
        if RATIO.search(measure_words(ratio.metric)) and momentum:
            keys = map(column_key, (ratio, momentum))
            ways = [[each for each in figures if column_key(each) == key] for key in keys]
            near = [each for each in figures if (each.tool, each.lookback) == (ratio.tool, ratio.lookback)]
            ways += [[each for each in near if words.search(measure_words(each.metric))] for words in (HEADING, LENGTH)]
            across, up, *last_step = (_by_day(way, table.key_of) for way in ways)
            tracks = _tracks(table, across, up, *last_step)
            if len(tracks) > 1:
                centres = _usual_centres([track.points[-1] for track in tracks])
                x, y = _axis(ratio, centres[0]), _axis(momentum, centres[1])
                tails = (days for key in across if len(days := _days(across[key], up.get(key, {}))) > 1)
                since = min((days[0] for days in tails), default="")
                basis = SINCE if since else DELIVERED
                return Rotation(x, y, tracks, basis, {"tool": ratio.tool, "day": since})
    return None


def _named(columns: Iterable[Column], pattern: re.Pattern[str]) -> Column | None:
    return next((column for column in columns if pattern.search(measure_words(column.metric))), None)


def _tracks(table: Heatmap, across: _ByDay, up: _ByDay, headings: _ByDay, lengths: _ByDay) -> tuple[Track, ...]:
    """A sector of one date begins its tail where its last step did: a direction in degrees, counterclockwise from
    right, and a length.
    """
    tracks = []
    for row in table.rows:
        x, y, turned, far = (found.get(row.key, {}) for found in (across, up, headings, lengths))
        days = _days(x, y)
        points = [(x[day], y[day]) for day in days]
        if len(days) == 1 and days[0] in turned.keys() & far.keys():
            angle, length = math.radians(turned[days[0]]), far[days[0]]
            points.insert(0, (points[0][0] - length * math.cos(angle), points[0][1] - length * math.sin(angle)))
        if points:
            tracks.append(Track(row.key, row.sector, tuple(points)))
    return tuple(tracks)


def _days(x: Mapping[str, float], y: Mapping[str, float]) -> list[str]:
    """The last ones on which a sector has both."""
    return sorted(x.keys() & y.keys())[-TAIL:]


def _by_day(figures: Iterable[Figure], key_of: SectorKey) -> _ByDay:
    """Of sectors; of several numbers for one day the last."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    for figure in figures:
        value = finite(figure)
        if figure.ticker is None and value is not None and abs(value) <= _LARGEST:
            calls = found.setdefault(key_of(figure.sector or ""), {})
            calls.setdefault(figure.call, {})[figure.observed_at or ""] = value
    return {sector: _way([*calls.values()]) for sector, calls in found.items()}


def _way(calls: Sequence[Mapping[str, float]]) -> Mapping[str, float]:
    """What the call of the newest day told, where that is a tail: others may have sampled other days. Else all."""
    newest = max(reversed(calls), key=max)
    return newest if len(newest) > 1 else {day: value for call in calls for day, value in call.items()}


def _usual_centres(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Ratios are drawn around 100, or around 1 where both numbers of all are near it; scores around 0."""
    if all(_AROUND_1[0] <= value <= _AROUND_1[1] for point in points for value in point):
        return 1.0, 1.0
    across, up = (
        min((100.0, 0.0), key=lambda centre: abs(centre - median(values))) for values in zip(*points, strict=True)
    )
    return across, up


def _compared(table: Heatmap) -> Rotation | None:
    """By one measure over two lookbacks: the one nearest to a quarter, and a shorter one nearest to a month."""
    for pattern in (_RELATIVE, _PERFORMANCE):
        lines: dict[tuple[str, str, str | None], dict[int, int]] = {}
        for at, column in enumerate(table.columns):
            name, days = measure_words(column.metric), days_of(column.lookback)
            if days and pattern.search(name) and not _NO_RETURN.search(name) and _is_change(column, table, at):
                lines.setdefault((column.tool, column.metric, column.unit), {}).setdefault(days, at)
        for line in lines.values():
            longer = [days for days in line if days > min(line)]
            if longer:
                x = min(longer, key=lambda days: abs(math.log(days / _QUARTER)))
                y = min((days for days in line if days < x), key=lambda days: abs(math.log(days / _MONTH)))
                if found := _across(table, line[x], line[y], is_relative=pattern is _RELATIVE):
                    return found
    return None


def _is_change(column: Column, table: Heatmap, at: int) -> bool:
    """Whether 0 is no change: percentages, and what is below 0 somewhere."""
    return unit_label(column.unit).startswith("%") or any((row.cells[at].value or 0) < 0 for row in table.rows)


def _across(table: Heatmap, x: int, y: int, *, is_relative: bool) -> Rotation | None:
    tracks = []
    for row in table.rows:
        right, up = row.cells[x].value, row.cells[y].value
        if right is not None and up is not None and max(abs(right), abs(up)) <= _LARGEST:
            tracks.append(Track(row.key, row.sector, ((right, up),)))
    if len(tracks) < 2:
        return None
    longer, shorter = table.columns[x], table.columns[y]
    centres = [0.0 if is_relative else median(track.points[0][at] for track in tracks) for at in (0, 1)]
    axes = _axis(longer, centres[0]), _axis(shorter, centres[1])
    about = {"measure": longer.label, "longer": longer.lookback or "", "shorter": shorter.lookback or ""}
    return Rotation(*axes, tuple(tracks), AGAINST_BENCHMARK if is_relative else AGAINST_MEDIAN, about)


def _axis(column: Column, centre: float) -> Axis:
    return Axis(label(column.metric), column.lookback, column.unit, centre)


def _span(values: Iterable[float]) -> float:
    known = list(values)
    return max(known) - min(known)
