"""Where labels of points go, so that none covers another: beside the point, else farther off."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from agent.report.svg import Box, Point

GAP = 9.0
"""From a point to the label beside it."""
_RINGS = (24.0, 38.0, 54.0, 72.0, 92.0, 114.0, 138.0, 164.0, 192.0, 222.0, 254.0)
_BEARINGS = 24
_FIRM = 20.0
"""What covered area costs that should not be covered, against what may be crossed."""
_FAR = 1.5
"""What a unit of distance costs against a unit of covered area."""


def placed(
    points: Sequence[Point], sizes: Sequence[Point], taken: Sequence[Box], crossed: Sequence[Box], room: Box
) -> list[Box]:
    """A box of its (width, height) for each point, within `room`; clear of the `taken` ones where that can be, and of
    those that may be `crossed` where that costs no long way.

    Points in a crowd choose first.
    """
    order = sorted(range(len(points)), key=lambda at: (-_crowd(points, at), at))
    covered = [(box, _FIRM) for box in taken] + [(box, 1.0) for box in crossed]
    found = dict[int, Box]()
    for at in order:
        found[at] = _best(points[at], sizes[at], covered, room)
        covered.append((found[at], _FIRM))
    return [found[at] for at in range(len(points))]


def _crowd(points: Sequence[Point], at: int) -> int:
    return sum(math.dist(points[at], other) < 90 for other in points)


def _best(point: Point, size: Point, covered: Sequence[tuple[Box, float]], room: Box) -> Box:
    (x, y), (wide, high) = point, size
    reach = Box(x - wide - _RINGS[-1], y - high - _RINGS[-1], x + wide + _RINGS[-1], y + high + _RINGS[-1])
    near = [(box, weight) for box, weight in covered if box.overlap(reach)]
    least, best = math.inf, reach
    for cost, box in _candidates(point, size):
        if cost >= least:
            break
        outside = wide * high - box.overlap(room)
        cost += _FIRM * outside if outside > 0.01 else 0.0
        for other, weight in near:
            if cost >= least:
                break
            cost += weight * box.overlap(other)
        if cost < least:
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
