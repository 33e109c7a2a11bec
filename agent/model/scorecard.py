"""The planner's scorecard: figures by sector → scores, ranks and calls.

    score(sector) = sum(weight × z) / sum(|weight|), over the measures below that any sector has figures for

where z is the sector's distance from the mean of all sectors of that tool in standard deviations, limited to ±3, and 0
where the sector has no figure. Returns over a year and over a month and seasonality weigh the same, as measures that
published evidence has for industries; `docs/planner.md` says which, and what they were worth. Figures that no record
was there to test (flow, large trades, profits) weigh less, by judgement. When shelter is sought, the second weights
count.

A measure is taken from the figure nearest to it that a tool gives: the return over a year from performance or
relative strength over a year, else 12-1 month momentum, else what spans at least half a year; volatility from that
nearest to 24 months, with which the weights were chosen. Returns over less than a month say least, and count only where
nothing spans a month.
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
from agent.lookbacks import days_of
from agent.taxonomy import folded

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
COUNTED = (
    "returns (performance, relative strength, momentum), seasonality, share_of_turnover, net_value, profit_growth and, "
    "when shelter is sought, volatility; ranks are no measure"
)
NAMED = 3
"""Sectors to overweight, and to underweight, when no universe asks for all."""
THRESHOLD = 0.25
ABSURD = 1e15
"""A number of this size is no measure of a sector."""
RETURNS = tuple(
    re.compile(rf"((pct|percent) )?({name})( (pct|percent|percentage))?")
    for name in ("perf|performance|(total )?returns?|(price )?changes?", "relative strength|rs", "momentum")
)
"""Names of returns in words, the plainest first, without their lookback: perf_1d, momentum_12_1, oneYearReturn."""
COUNTS = {"one": 1, "two": 2, "three": 3, "six": 6, "nine": 9, "twelve": 12}
SPAN = re.compile(
    rf"(?<![a-z0-9])(?:(?P<count>[0-9]{{1,4}}|{'|'.join(COUNTS)})(?:"
    r"(?:[-\u2013 ][0-9]+)?[- ]?(?P<unit>d|w|m|mo|q|y|yr|session|trading day|day|week|month|quarter|year)s?"
    r"| [0-9]+$)|(?P<word>ytd|qtd|mtd|ttm|daily|weekly|monthly|quarterly|annual|yearly))(?![a-z0-9])"
)
"""A lookback anywhere in a name or in words, such as trailing 12 months; of 12 1, months."""
NOMINAL = {YEAR: 365, MONTH: 30, DAYS: 30, RISK: 730}
"""Calendar days that a measure is meant to span."""
HALF_A_YEAR = 182
CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z0-9])")


@dataclass(frozen=True)
class Evidence:
    """One figure of a sector: what it measures, what it adds to the score, its distance from the mean in standard
    deviations, and its rank, the highest first.
    """

    figure: Figure
    measure: str
    part: float
    z: float
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
    """All sectors, best first; ties in the order in which the tools name them. One that tools write differently has the
    name that came first.
    """
    weights = weights_for(shelter=shelter)
    columns = _columns(figures, weights)
    tools_of = Counter((measure, sector) for (measure, _), column in columns.items() for sector in column)
    evidence: defaultdict[str, list[Evidence]] = defaultdict(list)
    for (measure, _), column in columns.items():
        values = {sector: figure.value or 0.0 for sector, figure in column.items()}
        order = sorted(values, key=lambda sector: -values[sector])
        for sector, z in z_scores(values).items():
            part = weights[measure] * z / tools_of[measure, sector]
            evidence[sector].append(Evidence(column[sector], measure, part, z, order.index(sector) + 1, len(order)))
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
    """Of each measure and tool the figures nearest to it, by sector, each the last that was observed."""
    offered: dict[tuple[str, str], dict[tuple[float, int, str, str], dict[str, Figure]]] = {}
    names: dict[str, str] = {}
    for figure in figures:
        if figure.sector is None or figure.value is None or abs(figure.value) >= ABSURD:
            continue
        sector = names.setdefault(folded(figure.sector), figure.sector)
        measure, distance, plainness = _measure(figure)
        if weights.get(measure):
            columns = offered.setdefault((measure, figure.tool), {})
            nearness = (distance, plainness, figure.metric, figure.lookback or "")
            column = columns.setdefault(nearness, {})
            before = column.get(sector)
            if before is None or (figure.observed_at or "") >= (before.observed_at or ""):
                column[sector] = figure
    nearest = {
        key: columns[min(measures)]
        for key, columns in offered.items()
        if (measures := [nearness for nearness, column in columns.items() if not _is_ranks(column)])
    }
    return {key: column for key, column in nearest.items() if key[0] != DAYS or (MONTH, key[1]) not in nearest}


def _is_ranks(column: Mapping[str, Figure]) -> bool:
    """Of which the best may be the least: what is called so, and relative strength that counts and has no unit."""
    first = next(iter(column.values()))
    if "rank" in f"{first.metric} {first.unit}".casefold():
        return True
    numbers = {figure.value or 0.0 for figure in column.values()}
    counts = 1 < len(column) == len(numbers) and all(number >= 1 and number.is_integer() for number in numbers)
    return counts and first.unit is None and RETURNS[1].fullmatch(_named(first.metric)[0]) is not None


def _measure(figure: Figure) -> tuple[str, float, int]:
    """What a figure measures, how far its lookback is from that measure's own, and how plainly it does."""
    metric, (name, named) = figure.metric.lower(), _named(figure.metric)
    for plainness, pattern in enumerate(RETURNS):
        if pattern.fullmatch(name):
            days = named or _days(figure.lookback)
            measure = YEAR if days >= HALF_A_YEAR else MONTH if days >= NOMINAL[MONTH] else DAYS
            return measure, _distance(days, measure), plainness
    return metric, _distance(_days(figure.lookback), RISK) if metric == RISK else 0.0, 0


def _distance(days: int, measure: str) -> float:
    return abs(math.log(days / NOMINAL[measure]))


def return_days(figure: Figure) -> int | None:
    """Calendar days that a return spans, by its lookback or its name; None for a figure that is no return."""
    name, named = _named(figure.metric)
    return (named or _days(figure.lookback)) if RETURNS[0].fullmatch(name) else None


def _named(metric: str) -> tuple[str, int | None]:
    """A metric in words without the lookback that it names, and the days of this."""
    words = " ".join(CAMEL.sub(" ", metric).replace("_", " ").casefold().split())
    span = SPAN.search(words)
    return (" ".join(SPAN.sub(" ", words, count=1).split()), _length(span)) if span else (words, None)


def _days(lookback: str | None) -> int:
    """Calendar days that a return spans; a session where nothing says it."""
    span = SPAN.search((lookback or "").casefold())
    return max(days_of(lookback) or (_length(span) if span else 1), 1)


def _length(span: re.Match[str]) -> int:
    count = span["count"] or ""
    return max(days_of(span["word"] or f"{COUNTS.get(count, count)} {span['unit'] or 'month'}") or 1, 1)
