"""Where labels of points go: beside the point, else farther off; none covers another or reads as that of another."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from agent.report.svg import Box, Point

Line: TypeAlias = tuple[Point, Point]

GAP = 9.0
"""From a point to the label beside it."""
_CLEAR = 14.0
"""From a point to where nothing of its circle is met."""
_RINGS = (24.0, 38.0, 54.0, 72.0, 92.0, 114.0, 138.0, 164.0, 192.0, 222.0, 254.0)
_BEARINGS = 24
_TOUCHED, _FIRM = 400.0, 20.0
"""What it costs to cover what should not be covered: at all, and each unit of area, against what may be crossed."""
_ASTRAY = 150.0
"""What it costs to stand nearer to another point than to its own."""
_APART = 4.0
"""So much nearer to its own point than to any other a label has to be."""
_ONE = 6.0
"""Points no farther apart than that are one to the eye: no label can be nearer to only one of them."""
_FAR = 1.5
"""What a unit of distance costs against a unit of covered area."""


def placed(
    points: Sequence[Point], sizes: Sequence[Point], taken: Sequence[Box], crossed: Sequence[Box], room: Box
) -> list[Box]:
    """A box of its (width, height) for each point, within `room`; clear of the `taken` ones where that can be, and of
    those that may be `crossed` where that costs no long way.

    Points in a crowd choose first; once all have chosen, those that stand badly choose again.
    """
    order = sorted(range(len(points)), key=lambda at: (-_crowd(points, at), at))
    found = dict[int, Box]()
    for at in order * 2:
        rest = {each: box for each, box in found.items() if each != at}
        leaders = [_leader(points[each], box) for each, box in rest.items() if needs_leader(box, points[each])]
        others = [each for each in points if math.dist(each, points[at]) > _ONE]
        around_it = _Surroundings(others, [*taken, *rest.values()], crossed, leaders, room)
        if at not in found or sum(around_it.costs(found[at], points[at])) >= _ASTRAY:
            found[at] = _best(points[at], sizes[at], around_it)
    return [found[at] for at in range(len(points))]


def needs_leader(box: Box, point: Point) -> bool:
    """Whether a label is so far from its point that a line has to lead there."""
    return math.dist(point, box.nearest(point)) > GAP + 1


def is_astray(box: Box, point: Point, others: Sequence[Point]) -> bool:
    """Whether a label reads as that of one of the `others` rather than of its own point."""
    near = math.dist(point, box.nearest(point)) + _APART
    return any(math.dist(other, box.nearest(other)) < near for other in others)


def _leader(point: Point, box: Box) -> Line:
    """From beyond the circle at a point to its label."""
    end = box.nearest(point)
    share = min(_CLEAR / math.dist(point, end), 1)
    return (point[0] + (end[0] - point[0]) * share, point[1] + (end[1] - point[1]) * share), end


def _crowd(points: Sequence[Point], at: int) -> int:
    return sum(math.dist(points[at], other) < 90 for other in points)


@dataclass(frozen=True)
class _Surroundings:
    """What there is when a label looks for its place."""

    others: Sequence[Point]
    taken: Sequence[Box]
    crossed: Sequence[Box]
    leaders: Sequence[Line]
    room: Box

    def costs(self, box: Box, point: Point) -> Iterator[float]:
        """Of a label there, in covered area; what is found out fast comes first."""
        outside = (box.right - box.left) * (box.bottom - box.top) - box.overlap(self.room)
        yield _TOUCHED + _FIRM * outside if outside > 0.01 else 0.0
        yield _ASTRAY if is_astray(box, point, self.others) else 0.0
        yield from (_TOUCHED + _FIRM * area for other in self.taken if (area := box.overlap(other)))
        yield from (_TOUCHED for line in self.leaders if box.is_met_by(*line))
        yield from (area for other in self.crossed if (area := box.overlap(other)))
        if needs_leader(box, point):
            line = _leader(point, box)
            yield from (_TOUCHED for other in self.taken if other.is_met_by(*line))


def _best(point: Point, size: Point, around_it: _Surroundings) -> Box:
    least, best = math.inf, around_it.room
    for cost, box in _candidates(point, size):
        if cost >= least:
            break
        for more in around_it.costs(box, point):
            cost += more
            if cost >= least:
                break
        else:
            least, best = cost, box
    return best


def _candidates(point: Point, size: Point) -> Iterator[tuple[float, Box]]:
    """Right, left, above and below, the corners, then ever wider rings; with what each costs, in covered area."""
    (x, y), (wide, high) = point, size
    for at, (side, level) in enumerate(((1, 0), (-1, 0), (0, -1), (0, 1), (1, -1), (1, 1), (-1, -1), (-1, 1))):
        yield float(at), _beside(x + side * GAP, y + level * GAP, side, level, wide, high)
    for ring in _RINGS:
        for step in range(_BEARINGS):
            angle = 2 * math.pi * step / _BEARINGS
            right, down = round(math.cos(angle), 6), round(math.sin(angle), 6)
            yield _FAR * ring, _beside(x + right * ring, y + down * ring, right, down, wide, high)


def _beside(x: float, y: float, right: float, down: float, wide: float, high: float) -> Box:
    """The box that lies from (x, y) towards a direction."""
    left, top = x + (right - 1) / 2 * wide, y + (down - 1) / 2 * high
    return Box(left, top, left + wide, top + high)
