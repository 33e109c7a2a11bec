"""How sure the planner may be: what its scores were worth on US industries before a date.

`configs/calibration.json` holds a record for each year-end, fitted to outcomes that ended by that day and to no later
one; `python -m bench.planner --write` makes it. With s the score of a sector, the chance that it does better than
the benchmark is 1 / (1 + exp(-per_score × s)), and that it stays within a quarter of the cross-sectional
standard deviation is `near`, whatever the score.
"""

from __future__ import annotations

import json
import math
from datetime import date
from functools import cache
from typing import NamedTuple

from agent import data

FILE = "configs/calibration.json"
HORIZONS = {"month": 365 / 12, "quarter": 365 / 4}
"""Calendar days of the horizons that there are records of."""
NORMAL_NEAR = 0.2
"""The share of a normal distribution within a quarter of a standard deviation of its mean."""


class Calibration(NamedTuple):
    """`until` is the last day that it knows of; None before there were ten years to learn from."""

    until: date | None = None
    per_score: float = 0.0
    near: float = NORMAL_NEAR

    def chance(self, score: float) -> float:
        """Of doing better than the benchmark."""
        return 1 / (1 + math.exp(-self.per_score * score))

    def confidence(self, action: str, score: float) -> float:
        """That the action is right."""
        chances = {"overweight": self.chance(score), "underweight": 1 - self.chance(score)}
        return round(chances.get(action, self.near), 2)


def calibration(as_of: date | None, horizon_days: float, *, shelter: bool = False) -> Calibration:
    """The newest record that ends by the as-of date, of the horizon nearest to the one asked about."""
    horizon = min(HORIZONS, key=lambda name: abs(HORIZONS[name] - horizon_days))
    wanted = ("shelter" if shelter else "usual", horizon)
    known = [record for day, record in _records()[wanted] if as_of is None or day <= as_of]
    return known[-1] if known else Calibration()


@cache
def _records() -> dict[tuple[str, str], list[tuple[date, Calibration]]]:
    """By scorecard and horizon, the oldest first."""
    records: dict[tuple[str, str], list[tuple[date, Calibration]]] = {}
    for each in json.loads((data.root() / FILE).read_text(encoding="utf-8"))["records"]:
        until = date.fromisoformat(each["until"])
        record = Calibration(until, each["per_score"], each["near"])
        records.setdefault((each["scorecard"], each["horizon"]), []).append((until, record))
    return records
