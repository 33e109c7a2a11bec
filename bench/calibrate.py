"""Scores and outcomes → the records of `configs/calibration.json`, one for each year-end.

A record knows outcomes that ended by its day, and no later one. It is a logistic regression of "did better than the
benchmark" on the score, over all sectors and months, through one half at a score of 0, with the slope drawn toward 0:
times months / (months + 120). There is none before 120 months of outcomes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np

from agent.market.us_real import PACK
from agent.model.scorecard import VERSION
from bench.scored import HORIZONS, Floats, Month, outcome

CARDS = ("usual", "shelter")
LEAST = 120
STEPS = 12
"""Newton's method from 0 is at the fourth decimal after six."""

Record = dict[str, float]


def record(months: Sequence[Month], until: date, horizon: str, *, shelter: bool) -> Record | None:
    """Of the outcomes that ended by `until`; None when they are too few."""
    pairs = [(month, outcome(month.at, HORIZONS[horizon], until)) for month in months]
    ended = [(month.scores(shelter=shelter), after) for month, after in pairs if after is not None]
    if len(ended) < LEAST:
        return None
    scores = np.concatenate([given for given, _ in ended])
    better = np.concatenate([after.above > 0 for _, after in ended]).astype(np.float64)
    near = float(np.mean([after.near for _, after in ended]))
    shrunk = slope(scores, better) * len(ended) / (len(ended) + LEAST)
    return {"per_score": round(shrunk, 3), "near": round(near, 3)}


def slope(x: Floats, y: Floats) -> float:
    """The most likely b of P(y = 1) = 1 / (1 + exp(-b x))."""
    b = 0.0
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(-b * x))
        b += float(x @ (y - chance) / (x**2 @ (chance * (1 - chance))))
    return b


def records(months: Sequence[Month]) -> list[dict[str, Any]]:
    """By scorecard, horizon and year-end."""
    days = [date(year, 12, 31) for year in range(months[0].day.year, PACK.last.year)]
    wanted = [(card, horizon, day) for card in CARDS for horizon in HORIZONS for day in days]
    found = [(each, record(months, each[2], each[1], shelter=each[0] == "shelter")) for each in wanted]
    return [
        {"scorecard": card, "horizon": horizon, "until": day.isoformat(), **known}
        for (card, horizon, day), known in found
        if known is not None
    ]


def text(found: Sequence[dict[str, Any]]) -> str:
    """The file, one record a line."""
    about = {
        "about": "What the offline planner's scores were worth; `python -m bench.planner --write` makes this file.",
        "market": f"{PACK.taxonomy}, {PACK.benchmark}",
        "version": VERSION,
    }
    lines = ",\n".join(f"  {json.dumps(each)}" for each in found)
    return json.dumps(about, indent=1)[:-2] + f',\n "records": [\n{lines}\n ]\n}}\n'
