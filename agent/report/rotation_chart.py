"""A rotation as SVG: a circle for each sector, filled where it keeps its side and hollow where it is turning.

Colours are the classes of `rotation.css`, so that a page themes them; `data-sector` names the sector of a group.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup, escape

from agent.report.heatmap import number_text
from agent.report.lettering import fitted, plain, width
from agent.report.placing import GAP, Box, around, placed
from agent.report.rotation import QUADRANTS, Axis, Point, Rotation, Track

WIDTH, HEIGHT = 960, 580
PLOT = Box(64, 16, 944, 520)
_RADIUS = 5.5
_LETTERS, _LINE = 13.0, 16.0
_LONGEST_NAME = 215.0
_PADDING = 0.09
_ALONG = 16.0
"""Between the places of a tail that names keep clear of."""
_TICKS = 9


def svg(rotation: Rotation) -> Markup:
    """To be put into a page that has `rotation.css` and the colours of a palette."""
    words = escape(plain(f"Rotation of {len(rotation.tracks)} sectors. {rotation.basis}"))
    return Markup(
        f'<svg class="rotation" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{words}">\n'
        f"{body(rotation)}\n</svg>"
    )


def body(rotation: Rotation) -> Markup:
    """What the `svg` element holds, WIDTH by HEIGHT."""
    scales = [
        _Scale.of([point[at] for track in rotation.tracks for point in track.points], axis, low, high)
        for at, axis, low, high in (
            (0, rotation.x, PLOT.left, PLOT.right),
            (1, rotation.y, PLOT.bottom, PLOT.top),
        )
    ]
    return Markup("\n".join([*_frame(rotation, *scales), *_sectors(rotation, *scales)]))


@dataclass(frozen=True)
class _Scale:
    """From numbers, `low` to `high`, to places, `start` to `end`."""

    axis: Axis
    low: float
    high: float
    start: float
    end: float

    @classmethod
    def of(cls, values: Sequence[float], axis: Axis, start: float, end: float) -> _Scale:
        low, high = min(*values, axis.centre), max(*values, axis.centre)
        largest = max(abs(low), abs(high), 1.0)
        padding = _PADDING * (high - low if high - low > 1e-9 * largest else largest)
        return cls(axis, low - padding, high + padding, start, end)

    def place(self, value: float) -> float:
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """Places and texts of round numbers."""
        rough = (self.high - self.low) / _TICKS
        size = 10.0 ** math.floor(math.log10(rough))
        step = next(size * factor for factor in (1, 2, 5, 10) if size * factor >= rough * 0.999)
        decimals = max(0, -math.floor(math.log10(step) + 1e-9))
        numbers = [step * at for at in range(math.ceil(self.low / step), math.floor(self.high / step) + 1)]
        return [(self.place(each), number_text(each, decimals, plus=self.axis.centre == 0)) for each in numbers]


def _frame(rotation: Rotation, across: _Scale, up: _Scale) -> Iterator[str]:
    x, y = across.place(rotation.x.centre), up.place(rotation.y.centre)
    yield _rect("ground leading", Box(x, PLOT.top, PLOT.right, y))
    yield _rect("ground lagging", Box(PLOT.left, y, x, PLOT.bottom))
    for place, text in across.ticks:
        yield _line("grid", (place, PLOT.top), (place, PLOT.bottom))
        yield _text("tick", place, PLOT.bottom + 18, text, "middle")
    for place, text in up.ticks:
        yield _line("grid", (PLOT.left, place), (PLOT.right, place))
        yield _text("tick", PLOT.left - 8, place + 4, text, "end")
    yield _line("centre", (x, PLOT.top), (x, PLOT.bottom))
    yield _line("centre", (PLOT.left, y), (PLOT.right, y))
    middle = (PLOT.left + PLOT.right) / 2, (PLOT.top + PLOT.bottom) / 2
    yield _text("axis", middle[0], PLOT.bottom + 44, fitted(plain(rotation.x.label), 800, 12.5), "middle")
    words, turned = fitted(plain(rotation.y.label), 480, 12.5), f"translate(15 {_n(middle[1])}) rotate(-90)"
    yield f'<text class="axis" transform="{turned}" text-anchor="middle">{escape(words)}</text>'
    for word, box in _corners():
        yield _text("quadrant", box.left, box.bottom - 4, word)


def _corners() -> Iterator[tuple[str, Box]]:
    """The words of the quadrants, in the corners of the plot."""
    for (is_right, is_up), word in QUADRANTS.items():
        wide = width(word, 14, bold=True)
        left = PLOT.right - 10 - wide if is_right else PLOT.left + 10
        top = PLOT.top + 6 if is_up else PLOT.bottom - 24
        yield word, Box(left, top, left + wide, top + 18)


def _sectors(rotation: Rotation, across: _Scale, up: _Scale) -> Iterator[str]:
    """All tails and circles, and then all names, so that no name is crossed out."""
    groups = [
        f'<g class="sector {rotation.quadrant(track).lower()}" data-sector="{escape(plain(track.sector))}">'
        for track in rotation.tracks
    ]
    ways = [[(across.place(x), up.place(y)) for x, y in track.points] for track in rotation.tracks]
    for group, track, way in zip(groups, rotation.tracks, ways, strict=True):
        x, y = map(_n, way[-1])
        yield f"{group}<title>{escape(_told(rotation, track))}</title>"
        yield from _tail(way)
        yield f'<circle class="head" cx="{x}" cy="{y}" r="{_RADIUS}"/></g>'
    centre = across.place(rotation.x.centre), up.place(rotation.y.centre)
    names = [fitted(plain(track.sector), _LONGEST_NAME, _LETTERS) for track in rotation.tracks]
    sizes = [(width(name, _LETTERS) + 2, _LINE) for name in names]
    boxes = placed([way[-1] for way in ways], sizes, _taken(ways, centre), PLOT)
    for group, way, name, box in zip(groups, ways, names, boxes, strict=True):
        yield group
        if math.dist(way[-1], nearest := box.nearest(way[-1])) > GAP + 4:
            yield _line("leader", _edge(way[-1], nearest), nearest)
        yield f"{_text('name', box.left + 1, box.bottom - 4, name)}</g>"


def _taken(ways: Sequence[Sequence[Point]], centre: Point) -> list[Box]:
    """Where no name should stand: on circles, tails, words of quadrants, and the lines through the centre."""
    boxes = [around(way[-1], _RADIUS + 3) for way in ways] + [box for _, box in _corners()]
    for start, end in (step for way in ways for step in pairwise(way)):
        parts = math.ceil(math.dist(start, end) / _ALONG)
        for part in range(parts):
            share = part / parts
            along = start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share
            boxes.append(around(along, 3))
    x, y = centre
    return [*boxes, PLOT._replace(left=x - 1, right=x + 1), PLOT._replace(top=y - 1, bottom=y + 1)]


def _told(rotation: Rotation, track: Track) -> str:
    x, y = track.points[-1]
    stands = f"{rotation.x.label} {_number(rotation.x, x)}, {rotation.y.label} {_number(rotation.y, y)}"
    return plain(f"{track.sector}: {rotation.quadrant(track)}. {stands}")


def _number(axis: Axis, value: float) -> str:
    return number_text(value, 2, plus=axis.centre == 0)


def _tail(way: Sequence[Point]) -> Iterator[str]:
    """Ever thicker and darker towards now."""
    for at, (start, end) in enumerate(pairwise(way), 1):
        share = at / (len(way) - 1)
        thick, dark = _n(1 + 1.6 * share), _n(0.2 + 0.6 * share)
        yield _line("tail", start, end, f' stroke-width="{thick}" stroke-opacity="{dark}"')
        yield f'<circle class="step" cx="{_n(start[0])}" cy="{_n(start[1])}" r="2" fill-opacity="{dark}"/>'


def _edge(head: Point, towards: Point) -> Point:
    """Where a line leaves a head's circle."""
    share = (_RADIUS + 1.5) / math.dist(head, towards)
    return head[0] + (towards[0] - head[0]) * share, head[1] + (towards[1] - head[1]) * share


def _rect(kind: str, box: Box) -> str:
    wide, high = box.right - box.left, box.bottom - box.top
    return f'<rect class="{kind}" x="{_n(box.left)}" y="{_n(box.top)}" width="{_n(wide)}" height="{_n(high)}"/>'


def _line(kind: str, start: Point, end: Point, more: str = "") -> str:
    (x1, y1), (x2, y2) = start, end
    return f'<line class="{kind}" x1="{_n(x1)}" y1="{_n(y1)}" x2="{_n(x2)}" y2="{_n(y2)}"{more}/>'


def _text(kind: str, x: float, y: float, text: str, anchor: str = "") -> str:
    anchored = f' text-anchor="{anchor}"' if anchor else ""
    return f'<text class="{kind}" x="{_n(x)}" y="{_n(y)}"{anchored}>{escape(text)}</text>'


def _n(value: float) -> str:
    """A coordinate, the same on every machine."""
    return f"{round(value, 1) + 0.0:g}"
