"""What a scorer says about one run: a value, or why there is none. Never a silent 0."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, TypeAlias

from agent.scoring.sample import Sample


@dataclass(frozen=True)
class Score:
    """`value` is None exactly when the run is unscored, and `explanation` then says why.

    `explanation` carries the arithmetic in words; `details` what a program may want to know, as JSON.
    """

    value: float | None
    explanation: str
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def scored(self) -> bool:
        return self.value is not None

    def to_json(self) -> dict[str, Any]:
        return {"status": "scored" if self.scored else "unscored", **asdict(self)}


def unscored(reason: str, **details: Any) -> Score:
    return Score(None, reason, details)


def share(part: float, whole: float, explanation: str, **details: Any) -> Score:
    """`part / whole`; unscored when there is nothing to take a share of."""
    return (
        Score(part / whole, explanation, details) if whole else unscored(f"nothing to score: {explanation}", **details)
    )


@dataclass(frozen=True)
class Scorer:
    """A pure function of a sample. `version` changes with every change of what it computes; `better` says which way."""

    name: str
    version: int
    better: Literal["higher", "lower"]
    score: Callable[[Sample], Score]

    @property
    def about(self) -> str:
        """What it measures, with its formula: its function's docstring."""
        return " ".join((self.score.__doc__ or "").split())

    def meets(self, value: float, threshold: float) -> bool:
        return value >= threshold if self.better == "higher" else value <= threshold


Scores: TypeAlias = dict[str, Score]
"""Scorer's name → what it said."""
