"""The few shapes that our drawings are made of, as SVG text that is the same on every machine."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from markupsafe import escape

Point: TypeAlias = tuple[float, float]


class Box(NamedTuple):
    left: float
    top: float
    right: float
    bottom: float

    def overlap(self, other: Box) -> float:
        """The area that both cover."""
        if self.bottom <= other.top or other.bottom <= self.top or self.right <= other.left or other.right <= self.left:
            return 0.0
        across = min(self.right, other.right) - max(self.left, other.left)
        return across * (min(self.bottom, other.bottom) - max(self.top, other.top))

    def is_met_by(self, start: Point, end: Point) -> bool:
        """Whether the line from one place to another passes through it."""
        (x1, y1), (x2, y2) = start, end
        is_beside = max(x1, x2) <= self.left or min(x1, x2) >= self.right
        if is_beside or max(y1, y2) <= self.top or min(y1, y2) >= self.bottom:
            return False
        corners = ((x, y) for x in (self.left, self.right) for y in (self.top, self.bottom))
        return len({(x2 - x1) * (y - y1) > (y2 - y1) * (x - x1) for x, y in corners}) == 2

    def grown(self, by: float) -> Box:
        """With so much more on each side."""
        return Box(self.left - by, self.top - by, self.right + by, self.bottom + by)

    def nearest(self, point: Point) -> Point:
        """The place on or within the box that is nearest to `point`."""
        x, y = point
        return min(max(x, self.left), self.right), min(max(y, self.top), self.bottom)


def around(point: Point, size: float) -> Box:
    x, y = point
    return Box(x, y, x, y).grown(size)


def number(value: float) -> str:
    """A coordinate, to a tenth."""
    return f"{round(value, 1) + 0.0:.6g}"


def rect(kind: str, box: Box, more: str = "") -> str:
    wide, high = number(box.right - box.left), number(box.bottom - box.top)
    return f'<rect class="{kind}" x="{number(box.left)}" y="{number(box.top)}" width="{wide}" height="{high}"{more}/>'


def line(kind: str, start: Point, end: Point, more: str = "") -> str:
    (x1, y1), (x2, y2) = start, end
    return f'<line class="{kind}" x1="{number(x1)}" y1="{number(y1)}" x2="{number(x2)}" y2="{number(y2)}"{more}/>'


def circle(kind: str, centre: Point, radius: float, more: str = "") -> str:
    x, y = centre
    return f'<circle class="{kind}" cx="{number(x)}" cy="{number(y)}" r="{number(radius)}"{more}/>'


def text(kind: str, x: float, y: float, words: str, anchor: str = "") -> str:
    """`anchor`: middle or end, where `x` is not where the text begins. `words` are escaped here."""
    anchored = f' text-anchor="{anchor}"' if anchor else ""
    return f'<text class="{kind}" x="{number(x)}" y="{number(y)}"{anchored}>{escape(words)}</text>'


_OUTLINES = {
    "overweight": "M0 -5.5 6 5 -6 5Z",
    "underweight": "M0 5.5 6 -5 -6 -5Z",
    "neutral": "M-5 0A5 5 0 1 0 5 0A5 5 0 1 0 -5 0Z",
    "other": "M0 -5.5 5.5 0 0 5.5 -5.5 0Z",
}
"""The glyphs of `markup.GLYPHS` as outlines: not every font has them."""


def glyph(action: str, x: float, y: float) -> str:
    """The sign of an action, its middle at (x, y)."""
    kind = action if action in _OUTLINES else "other"
    return f'<path class="glyph {kind}" transform="translate({number(x)} {number(y)})" d="{_OUTLINES[kind]}"/>'
