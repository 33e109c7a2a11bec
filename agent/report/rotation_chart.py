"""A rotation as SVG: a circle for each sector, filled where it keeps its side and hollow where it is turning.

Colours are the classes of `rotation.css`, so that a page themes them; `data-sector` is the key of a group's sector.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from markupsafe import Markup, escape

from agent.report.heatmap import decimals_of, number_text
from agent.report.lettering import fitted, plain, width
from agent.report.placing import needs_leader, placed
from agent.report.rotation import QUADRANTS, Axis, Rotation, Track
from agent.report.svg import Box, Point, around, circle, line, number, rect, text
from agent.report.words import Words, words

WIDTH, HEIGHT = 960, 580
PLOT = Box(64, 16, 944, 520)
_RADIUS = 5.5
_LETTERS, _LINE = 13.0, 16.0
_LONGEST_NAME = 215.0
_WIDER = 1.15
"""So much wider than in our font a text may be in that of the reader's machine."""
_PADDING = 0.09
_ALONG = 16.0
"""Between the places of a tail that names keep clear of."""
_TICKS = 9
_ENGLISH = words("en")


def svg(rotation: Rotation, say: Words = _ENGLISH, names: Callable[[str], str] = str) -> Markup:
    """To be put into a page that has `rotation.css` and the colours of a palette; `names`: what a sector is called."""
    label = escape(plain(rotation.told(say)))
    return Markup(
        f'<svg class="rotation" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">\n'
        f"{body(rotation, say, names)}\n</svg>"
    )


def body(rotation: Rotation, say: Words = _ENGLISH, names: Callable[[str], str] = str) -> Markup:
    """What the `svg` element holds, WIDTH by HEIGHT."""
    chart = _Chart(rotation, say, names)
    return Markup("\n".join([*chart.frame(), *chart.circles(), *chart.labels()]))


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


@dataclass(frozen=True)
class _Chart:
    rotation: Rotation
    say: Words
    names: Callable[[str], str]

    @cached_property
    def _across(self) -> _Scale:
        return _Scale.of(self._all(0), self.rotation.x, PLOT.left, PLOT.right)

    @cached_property
    def _up(self) -> _Scale:
        return _Scale.of(self._all(1), self.rotation.y, PLOT.bottom, PLOT.top)

    def _all(self, at: int) -> list[float]:
        return [point[at] for track in self.rotation.tracks for point in track.points]

    @cached_property
    def _centre(self) -> Point:
        return self._across.place(self.rotation.x.centre), self._up.place(self.rotation.y.centre)

    @cached_property
    def _ways(self) -> list[list[Point]]:
        """The points of each sector as places."""
        return [[(self._across.place(x), self._up.place(y)) for x, y in track.points] for track in self.rotation.tracks]

    @cached_property
    def _corners(self) -> list[tuple[str, Box]]:
        """The words of the quadrants, in the corners of the plot."""
        corners = []
        for (is_right, is_up), word in QUADRANTS.items():
            wide = width(self.say(word), 14, bold=True) * _WIDER
            left = PLOT.right - 10 - wide if is_right else PLOT.left + 10
            top = PLOT.top + 6 if is_up else PLOT.bottom - 24
            corners.append((self.say(word), Box(left, top, left + wide, top + 18)))
        return corners

    def frame(self) -> Iterator[str]:
        x, y = self._centre
        yield rect("ground leading", Box(x, PLOT.top, PLOT.right, y))
        yield rect("ground lagging", Box(PLOT.left, y, x, PLOT.bottom))
        for place, said in self._across.ticks:
            yield line("grid", (place, PLOT.top), (place, PLOT.bottom))
            yield text("tick", place, PLOT.bottom + 18, said, "middle")
        for place, said in self._up.ticks:
            yield line("grid", (PLOT.left, place), (PLOT.right, place))
            yield text("tick", PLOT.left - 8, place + 4, said, "end")
        yield line("centre", (x, PLOT.top), (x, PLOT.bottom))
        yield line("centre", (PLOT.left, y), (PLOT.right, y))
        middle = (PLOT.left + PLOT.right) / 2, (PLOT.top + PLOT.bottom) / 2
        yield text(
            "axis", middle[0], PLOT.bottom + 44, fitted(plain(self.rotation.x.said(self.say)), 800, 12.5), "middle"
        )
        turned, said = (
            f"translate(15 {number(middle[1])}) rotate(-90)",
            fitted(plain(self.rotation.y.said(self.say)), 480, 12.5),
        )
        yield f'<text class="axis" transform="{turned}" text-anchor="middle">{escape(said)}</text>'
        for word, box in self._corners:
            is_right = box.right > middle[0]
            yield text("quadrant", box.right if is_right else box.left, box.bottom - 4, word, "end" if is_right else "")

    def circles(self) -> Iterator[str]:
        """All of them, and their tails, before any name, so that none is crossed out."""
        for track, way in zip(self.rotation.tracks, self._ways, strict=True):
            yield f"{self._group(track)}<title>{escape(self._told(track))}</title>"
            yield from _tail(way)
            yield f"{circle('head', way[-1], _RADIUS)}</g>"

    def labels(self) -> Iterator[str]:
        called = [fitted(plain(self.names(track.sector)), _LONGEST_NAME, _LETTERS) for track in self.rotation.tracks]
        sizes = [(width(name, _LETTERS) * _WIDER + 2, _LINE) for name in called]
        boxes = placed([way[-1] for way in self._ways], sizes, self._taken(), self._crossed(), PLOT)
        for track, way, name, box in zip(self.rotation.tracks, self._ways, called, boxes, strict=True):
            yield self._group(track)
            if needs_leader(box, way[-1]):
                nearest = box.nearest(way[-1])
                yield line("leader", _edge(way[-1], nearest), nearest)
            yield f"{_name(name, box, way[-1])}</g>"

    def _group(self, track: Track) -> str:
        quadrant = self.rotation.quadrant(track).lower()
        return f'<g class="sector {quadrant}" data-sector="{escape(plain(track.key))}">'

    def _taken(self) -> list[Box]:
        """Circles, and the words of quadrants, which would read on into a name."""
        return [around(way[-1], _RADIUS + 3) for way in self._ways] + [box.grown(8) for _, box in self._corners]

    def _crossed(self) -> list[Box]:
        """Tails, and the lines through the centre."""
        x, y = self._centre
        boxes = [PLOT._replace(left=x - 1, right=x + 1), PLOT._replace(top=y - 1, bottom=y + 1)]
        for start, end in (step for way in self._ways for step in pairwise(way)):
            parts = math.ceil(math.dist(start, end) / _ALONG)
            for part in range(parts):
                share = part / parts
                along = start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share
                boxes.append(around(along, 3))
        return boxes

    def _told(self, track: Track) -> str:
        (x, y), across, up = track.points[-1], self.rotation.x, self.rotation.y
        quadrant = self.say(self.rotation.quadrant(track))
        stands = f"{across.said(self.say)} {_value(across, x)}, {up.said(self.say)} {_value(up, y)}"
        return plain(f"{self.names(track.sector)}: {quadrant}. {stands}")


def _name(name: str, box: Box, head: Point) -> str:
    """Anchored on the side of its circle, so that a font of another width does not write into it."""
    bottom = box.bottom - 4
    if box.right <= head[0]:
        return text("name", box.right - 1, bottom, name, "end")
    if box.left >= head[0]:
        return text("name", box.left + 1, bottom, name)
    return text("name", (box.left + box.right) / 2, bottom, name, "middle")


def _value(axis: Axis, value: float) -> str:
    return number_text(value, decimals_of(value), plus=axis.centre == 0)


def _tail(way: Sequence[Point]) -> Iterator[str]:
    """Ever thicker and darker towards now: the last step is plain to see, those before are faint among many sectors."""
    for at, (start, end) in enumerate(pairwise(way), 1):
        share = at / (len(way) - 1)
        thick, dark = number(0.8 + 1.8 * share), number(0.1 + 0.7 * share**2)
        yield line("tail", start, end, f' stroke-width="{thick}" stroke-opacity="{dark}"')
        yield circle("step", start, 1.5, f' fill-opacity="{dark}"')


def _edge(head: Point, towards: Point) -> Point:
    """Where a line leaves a head's circle."""
    share = (_RADIUS + 1.5) / math.dist(head, towards)
    return head[0] + (towards[0] - head[0]) * share, head[1] + (towards[1] - head[1]) * share
