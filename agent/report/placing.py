"""Where labels of points go, so that none covers another or reads as another point's: beside the point, else farther off."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from agent.report.svg import Box, Point, around

GAP = 9.0
"""From a point to the label beside it."""
_CLEAR = 14.0
"""From a point to where nothing of its circle is met."""
_RINGS = (24.0, 38.0, 54.0, 72.0, 92.0, 114.0, 138.0, 164.0, 192.0, 222.0, 254.0)
_BEARINGS = 24
_TOUCHED, _FIRM = 400.0, 20.0
"""What it costs to cover what should not be covered: at all, and each unit of area, against what may be crossed."""
_ASTRAY = 300.0
"""What it costs to stand nearer to another point than to its own."""
_APART = 4.0
"""So much nearer to its own point than to any other a label has to be."""
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
    covered, found = [*taken], dict[int, Box]()
    for at in order:
        others = [*points[:at], *points[at + 1 :]]
        found[at] = _best(points[at], sizes[at], others, (covered, crossed), room)
        covered += [found[at], *_leader(points[at], found[at])]
    return [found[at] for at in range(len(points))]


def needs_leader(box: Box, point: Point) -> bool:
    """Whether a label is so far from its point that a line has to lead there."""
    return math.dist(point, box.nearest(point)) > GAP + 1


def _leader(point: Point, box: Box) -> list[Box]:
    """What that line covers, beyond the circle at its point."""
    end = box.nearest(point)
    far = math.dist(point, end)
    if far <= _CLEAR:
        return []
    share = _CLEAR / far
    return along((point[0] + (end[0] - point[0]) * share, point[1] + (end[1] - point[1]) * share), end, 4, 1)


def along(start: Point, end: Point, every: float, size: float) -> list[Box]:
    """Boxes of a size on the way from one place to another, without its end."""
    parts = math.ceil(math.dist(start, end) / every)
    way = end[0] - start[0], end[1] - start[1]
    return [around((start[0] + way[0] * at / parts, start[1] + way[1] * at / parts), size) for at in range(parts)]


def is_astray(box: Box, point: Point, others: Sequence[Point]) -> bool:
    """Whether a label reads as that of one of the `others` rather than of its own point."""
    near = math.dist(point, box.nearest(point)) + _APART
    return any(math.dist(other, box.nearest(other)) < near for other in others)


def _crowd(points: Sequence[Point], at: int) -> int:
    return sum(math.dist(points[at], other) < 90 for other in points)


def _best(
    point: Point, size: Point, others: Sequence[Point], covered: tuple[Sequence[Box], Sequence[Box]], room: Box
) -> Box:
    """`covered`: what should not be, and what may be crossed."""
    (x, y), (wide, high) = point, size
    reach = Box(x - wide - _RINGS[-1], y - high - _RINGS[-1], x + wide + _RINGS[-1], y + high + _RINGS[-1])
    taken, crossed = ([box for box in boxes if box.overlap(reach)] for boxes in covered)
    least, best = math.inf, reach
    for cost, box in _candidates(point, size):
        if cost >= least:
            break
        for more in _costs(box, point, others, (taken, crossed), room):
            cost += more
            if cost >= least:
                break
        else:
            least, best = cost, box
    return best


def _costs(
    box: Box, point: Point, others: Sequence[Point], covered: tuple[Sequence[Box], Sequence[Box]], room: Box
) -> Iterator[float]:
    taken, crossed = covered
    outside = (box.right - box.left) * (box.bottom - box.top) - box.overlap(room)
    yield _cost_of_covering(outside) if outside > 0.01 else 0.0
    yield from (_cost_of_covering(area) for other in taken if (area := box.overlap(other)))
    yield _ASTRAY if is_astray(box, point, others) else 0.0
    yield from (area for other in crossed if (area := box.overlap(other)))
    for part in _leader(point, box):
        yield _FIRM * sum(map(part.overlap, taken))


def _cost_of_covering(area: float) -> float:
    return _TOUCHED + _FIRM * area


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
