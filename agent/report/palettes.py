"""Which colours stand for up, down and size, on light and on dark pages."""

from __future__ import annotations

from dataclasses import dataclass

STEPS = 8
"""Shades on each side of the middle."""


def _mix(start: str, end: str, share: float) -> str:
    pairs = [(int(start[at : at + 2], 16), int(end[at : at + 2], 16)) for at in (1, 3, 5)]
    return "#" + "".join(f"{round(one + (other - one) * share):02x}" for one, other in pairs)


@dataclass(frozen=True)
class Colours:
    """As #rrggbb: `ink` is read on every fill; `rising` and `falling` are words and lines on the bare page."""

    ink: str
    middle: str
    up: str
    down: str
    grey: str
    rising: str
    falling: str

    def fills(self) -> dict[str, str]:
        """Shade → colour: `n0` the middle, `u1`…`u8` up, `d1`…`d8` down, `g0`…`g8` greys."""
        ends = {"u": self.up, "d": self.down, "g": self.grey}
        steps = {
            f"{kind}{step}": _mix(self.middle, end, step / STEPS)
            for kind, end in ends.items()
            for step in range(1, STEPS + 1)
        }
        return {"n0": self.middle, "g0": self.middle} | steps

    def css(self) -> str:
        """The variables `--up` and `--down`, and the fills of a heatmap's cells."""
        fills = "".join(f".{shade}{{background:{fill}}}" for shade, fill in self.fills().items())
        return f":root{{--up:{self.rising};--down:{self.falling}}}.heat td[class]{{color:{self.ink}}}{fills}"


@dataclass(frozen=True)
class Palette:
    """`legend` says in words which colour means what."""

    light: Colours
    dark: Colours
    legend: str

    def css(self) -> str:
        return f"{self.light.css()}\n@media screen and (prefers-color-scheme:dark){{\n{self.dark.css()}\n}}"


CVD = Palette(
    Colours("#111111", "#f7f7f7", "#4393c3", "#e08214", "#a3a3a3", rising="#1f6699", falling="#9c560a"),
    Colours("#f8f9fa", "#23272e", "#286a97", "#9c5209", "#5e646e", rising="#7ab8e6", falling="#f0a95c"),
    "Orange below zero, blue above.",
)
"""Blue and orange stay apart for colour-blind eyes, green and red do not."""
VN = Palette(
    Colours("#111111", "#f7f7f7", "#4ca866", "#e5685c", "#a3a3a3", rising="#1c7338", falling="#b3261e"),
    Colours("#f8f9fa", "#23272e", "#24733f", "#a8382f", "#5e646e", rising="#6fcf8a", falling="#ff9a92"),
    "Red below zero, green above.",
)
"""As the boards of Vietnamese exchanges have it."""
PALETTES = {"cvd": CVD, "vn": VN}
