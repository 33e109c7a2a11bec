"""What a sector's figures speak for: a score of the evidence on it, and which figures speak which way."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from agent.evidence.cells import Cell, ready
from agent.figures import Figure

WEIGHTS = {
    "momentum": 1.0,
    "relative_strength": 1.0,
    "performance": 0.5,
    "volatility": -0.5,
    "foreign": 0.5,
    "trades": 0.25,
    "profit": 0.5,
}
"""Topic of a metric → how much one standard deviation of it speaks for a sector, and which way."""
LIMIT = 3.0
"""Standard deviations beyond which a figure counts no more."""


class Spoken(NamedTuple):
    """`score`: sum(w · z) / sum(|w|); `parts`: call and pointer of each figure → w · z."""

    score: float
    parts: Mapping[tuple[str, str], float]


def spoken(figures: Sequence[Figure], aliases: Mapping[str, Sequence[str]]) -> dict[str, Spoken]:
    """Sector, folded → what its figures speak for.

    z: distance from the mean of all sectors in standard deviations, limited to ±3, of each metric and lookback that at
    least two sectors have. Amounts of one side only, of what was bought or sold, speak for nothing, nor do levels of
    accounts. A metric that came over several lookbacks shares its weight among them.
    """
    columns: dict[tuple[str, str | None, str], dict[str, Cell]] = defaultdict(dict)
    for cell in ready(figures, aliases).cells:
        if cell.entity and not cell.old and _weight(cell):
            columns[cell.series][cell.entity] = cell
    columns = {series: column for series, column in columns.items() if len(column) > 1}
    lookbacks: dict[str, int] = defaultdict(int)
    for metric, _, _ in columns:
        lookbacks[metric] += 1
    parts: dict[str, dict[tuple[str, str], float]] = defaultdict(dict)
    weights: dict[str, float] = defaultdict(float)
    for (metric, _, _), column in columns.items():
        values = [cell.value for cell in column.values()]
        mean, spread = statistics.fmean(values), statistics.pstdev(values)
        for sector, cell in column.items():
            weight = _weight(cell) / lookbacks[metric]
            z = max(-LIMIT, min(LIMIT, (cell.value - mean) / spread)) if spread else 0.0
            parts[sector][cell.figure.call, cell.figure.pointer] = weight * z
            weights[sector] += abs(weight)
    return {sector: Spoken(sum(own.values()) / weights[sector], own) for sector, own in parts.items()}


def _weight(cell: Cell) -> float:
    """0 for a figure that speaks for nothing."""
    topics, unit = cell.measure.topics, cell.measure.unit
    if cell.measure.side or cell.measure.past or topics & {"revenue", "margin"}:
        return 0.0
    if "profit" in topics and "growth" not in topics:
        return 0.0
    if unit is not None and unit.kind == "count":
        return 0.0
    return next((weight for topic, weight in WEIGHTS.items() if topic in topics), 0.0)
