"""The planner's scorecard: figures by sector → scores, ranks and calls.

    score(sector) = sum(weight × z) / sum(|weight|), over the measures below that any sector has figures for

where z is the sector's distance from the mean of all sectors of that tool in standard deviations, limited to ±3, and 0
where the sector has no figure. Returns over a year and over a month and seasonality weigh the same, as measures that
published evidence has for industries; `docs/planner.md` says which, and what they were worth. Figures that no record
was there to test (flow, large trades, profits) weigh less, by judgement. When shelter is sought, the second weights
count.

A measure is taken from the figure nearest to it that a tool gives: the return over a year from performance or
relative strength over a year, else 12-1 month momentum, else what spans at least half a year. Returns over less than a
month say least, and count only where nothing spans a month.
"""

from __future__ import annotations

import math
import re
import statistics
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from agent.figures import Figure

VERSION = 2


class Weights(NamedTuple):
    usual: float
    shelter: float


YEAR, MONTH, DAYS, RISK = "return over a year", "return over a month", "return over days", "volatility"
WEIGHTS = {
    YEAR: Weights(1.0, 0.5),
    MONTH: Weights(1.0, 0.5),
    DAYS: Weights(0.25, 0.125),
    "seasonality": Weights(1.0, 0.5),
    RISK: Weights(0.0, -1.5),
    "share_of_turnover": Weights(0.5, 0.5),
    "net_value": Weights(0.25, 0.25),
    "profit_growth": Weights(0.5, 0.5),
}
"""By measure. One of weight 0 does not exist for its scorecard."""
METRICS = ("performance", "momentum", "volatility", "relative_strength", "seasonality")
"""What to ask a heatmap for: the article's four, which people see, and what the scorecard weighs beside them."""
NAMED = 3
"""Sectors to overweight, and to underweight, when no universe asks for all."""
THRESHOLD = 0.25
ABSURD = 1e15
"""A number of this size is no measure of a sector."""
RETURNS = (
    re.compile(r"perf(ormance)?|(total_)?returns?|(price_)?change(_pct|_percent)?|pct_change"),
    re.compile(r"relative_strength|rs"),
    re.compile(r"momentum"),
)
"""Names of returns, the plainest first; one may end in its lookback, such as perf_1d or momentum_12_1."""
SPAN = re.compile(r"([0-9]{1,4})(?:-[0-9]+)? ?(d|w|m|y|session|day|week|month|quarter|year)s?", re.IGNORECASE)
SPAN_IN_NAME = re.compile(r"_([0-9]{1,4})(?:(d|w|m|y)(?:_pct)?|_[0-9]+)")
MONTHS_IN = {"d": 1 / 21, "s": 1 / 21, "w": 12 / 52, "m": 1.0, "q": 3.0, "y": 12.0}
"""By the first letter of a unit."""
NOMINAL = {YEAR: 12.0, MONTH: 1.0, DAYS: 1.0}
"""Months that a measure is meant to span."""


@dataclass(frozen=True)
class Evidence:
    """One figure of a sector: what it measures, what it adds to the score, and its rank, the highest first."""

    figure: Figure
    measure: str
    part: float
    rank: int
    of: int


@dataclass(frozen=True)
class Scored:
    """`evidence` strongest first; `measures`: of how many the sector has figures, and of how many any has."""

    sector: str
    score: float
    rank: int
    of: int
    evidence: list[Evidence]
    measures: tuple[int, int]

    @property
    def action(self) -> str:
        if self.score > THRESHOLD and self.rank <= NAMED:
            return "overweight"
        return "underweight" if self.score < -THRESHOLD and self.rank > self.of - NAMED else "neutral"


def ranked(figures: list[Figure], *, shelter: bool = False) -> list[Scored]:
    """All sectors, best first; ties in the order in which the tools name them."""
    weights = weights_for(shelter=shelter)
    columns = _columns(figures, weights)
    tools_of = Counter((measure, sector) for (measure, _), column in columns.items() for sector in column)
    evidence: defaultdict[str, list[Evidence]] = defaultdict(list)
    for (measure, _), column in columns.items():
        values = {sector: figure.value or 0.0 for sector, figure in column.items()}
        order = sorted(values, key=lambda sector: -values[sector])
        for sector, z in z_scores(values).items():
            part = weights[measure] * z / tools_of[measure, sector]
            evidence[sector].append(Evidence(column[sector], measure, part, order.index(sector) + 1, len(order)))
    measures = {measure for measure, _ in columns}
    whole = sum(abs(weights[measure]) for measure in measures)
    scores = {sector: sum(each.part for each in found) / whole for sector, found in evidence.items()}
    return [
        Scored(
            sector=sector,
            score=scores[sector],
            rank=rank,
            of=len(scores),
            evidence=sorted(evidence[sector], key=lambda each: -abs(each.part)),
            measures=(len({each.measure for each in evidence[sector]}), len(measures)),
        )
        for rank, sector in enumerate(sorted(scores, key=lambda sector: -scores[sector]), 1)
    ]


def weights_for(*, shelter: bool) -> dict[str, float]:
    return {measure: weights.shelter if shelter else weights.usual for measure, weights in WEIGHTS.items()}


def z_scores(values: Mapping[str, float]) -> dict[str, float]:
    mean, spread = statistics.fmean(values.values()), statistics.pstdev(values.values())
    return {key: max(-3.0, min(3.0, (value - mean) / spread)) if spread else 0.0 for key, value in values.items()}


def _columns(figures: list[Figure], weights: Mapping[str, float]) -> dict[tuple[str, str], dict[str, Figure]]:
    """Of each measure and tool the figures nearest to it, by sector."""
    offered: dict[tuple[str, str], dict[tuple[float, int, str, str], dict[str, Figure]]] = {}
    for figure in figures:
        if figure.sector is None or figure.value is None or abs(figure.value) >= ABSURD:
            continue
        measure, distance, plainness = _measure(figure)
        if weights.get(measure):
            columns = offered.setdefault((measure, figure.tool), {})
            nearness = (distance, plainness, figure.metric, figure.lookback or "")
            columns.setdefault(nearness, {})[figure.sector] = figure
    return {
        (measure, tool): columns[min(columns)]
        for (measure, tool), columns in offered.items()
        if measure != DAYS or (MONTH, tool) not in offered
    }


def _measure(figure: Figure) -> tuple[str, float, int]:
    """What a figure measures, how far its lookback is from that measure's own, and how plainly it does."""
    metric = figure.metric.lower()
    named = SPAN_IN_NAME.search(metric)
    name = metric[: named.start()] if named and named.end() == len(metric) else metric
    for plainness, pattern in enumerate(RETURNS):
        if pattern.fullmatch(name):
            months = _months(figure.lookback, named)
            measure = YEAR if months >= 6 else MONTH if months >= 1 else DAYS
            return measure, abs(math.log(months / NOMINAL[measure])), plainness
    return metric, -(_months(figure.lookback, None) if metric == RISK else 0.0), 0


def _months(lookback: str | None, named: re.Match[str] | None) -> float:
    """What a return spans; one session where nothing says it."""
    if named:
        return max(int(named[1]), 1) * MONTHS_IN[named[2] or "m"]
    said = SPAN.fullmatch(lookback or "")
    return max(int(said[1]), 1) * MONTHS_IN[said[2][0].lower()] if said else MONTHS_IN["d"]
