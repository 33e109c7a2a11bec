"""What is said of one number of an answer, and of the figures it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from agent.figures import Figure

Status: TypeAlias = Literal["grounded", "derived", "wrong_sign", "wrong_sector", "ungrounded", "excluded"]

UNBORNE: tuple[Status, ...] = ("wrong_sign", "wrong_sector", "ungrounded")
"""What a number is that no result bears out."""


@dataclass(frozen=True)
class Found:
    """A figure that a number rests on: `pointer` leads to it in the result of the call with the id `call`."""

    call: str
    pointer: str
    sector: str | None
    metric: str
    value: float
    unit: str | None
    lookback: str | None

    @classmethod
    def of(cls, figure: Figure) -> Found:
        return cls(
            figure.call,
            figure.pointer,
            figure.sector,
            figure.metric,
            figure.value or 0.0,
            figure.unit,
            figure.lookback,
        )


@dataclass(frozen=True)
class Number:
    """One number in a text of an answer."""

    pointer: str
    """JSON pointer of the text within the answer."""
    start: int
    end: int
    """Where it stands in that text, in characters, its sign and its unit included."""
    text: str
    value: float
    """As displayed, in its own unit; negative only where the text has the sign."""
    unit: str | None
    status: Status
    figures: tuple[Found, ...] = ()
    derivation: str | None = None
    """How it comes of the figures, for one that stands in no result."""
    why: str | None = None
    """Of what is excluded: date, period, year, time, rank, count, name, label, threshold
    or confidence. Of what fits no figure:
    what comes nearest, in a sentence."""

    @property
    def counted(self) -> bool:
        return self.status != "excluded"

    @property
    def supported(self) -> bool:
        return self.status in ("grounded", "derived")

    def to_json(self) -> dict[str, Any]:
        return {**vars(self), "figures": [{**vars(each)} for each in self.figures]}
