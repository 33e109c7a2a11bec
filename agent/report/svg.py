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
        across = min(self.right, other.right) - max(self.left, other.left)
        down = min(self.bottom, other.bottom) - max(self.top, other.top)
        return across * down if across > 0 and down > 0 else 0.0

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
