"""Two runs → what changed between their recommendations, and which figures may explain it."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, TypeAlias

from agent.figures import Figure
from agent.report import heatmap
from agent.report.heatmap import ColumnKey
from agent.result import RunResult
from agent.taxonomy import folded

Kind: TypeAlias = Literal["new", "gone", "flipped", "turned", "surer", "less sure", "same"]
EXPLAINING = 3
"""Figures that are named for a sector, the largest moves first."""
NOTABLE = 0.5
"""Standard deviations from which on a move is named."""
SURER = 0.01
"""The least difference between confidences that counts; they are written with two decimals."""
_ORDER = ("overweight", "neutral", "underweight")


@dataclass(frozen=True)
class Moved:
    """A sector's figure in both runs; `size`: its move in cross-sectional standard deviations of the earlier one."""

    metric: str
    lookback: str | None
    unit: str | None
    before: float
    after: float
    size: float
    cited: bool
    """Whether a rationale of either run rests on it."""


@dataclass(frozen=True)
class Change:
    """What became of a sector, earlier run first; None where it was not recommended.

    `rank`: its place when the surest overweight is first and the surest underweight is last.
    """

    sector: str
    action: tuple[str | None, str | None]
    confidence: tuple[float | None, float | None]
    rank: tuple[int | None, int | None]
    figures: tuple[Moved, ...] = field(default=())

    @property
    def kind(self) -> Kind:
        before, after = self.action
        if before is None or after is None:
            return "new" if before is None else "gone"
        if before != after:
            return "flipped" if {before, after} == {"overweight", "underweight"} else "turned"
        moved = self.surer_by
        return "same" if moved is None or abs(moved) < SURER else "surer" if moved > 0 else "less sure"

    @property
    def surer_by(self) -> float | None:
        before, after = self.confidence
        return None if before is None or after is None else round(after - before, 6)

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"kind": self.kind}

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Change:
        """As a log has it."""
        pairs = {name: (said[name][0], said[name][1]) for name in ("action", "confidence", "rank")}
        return cls(said["sector"], figures=tuple(Moved(**each) for each in said["figures"]), **pairs)


def changes(before: RunResult, after: RunResult) -> list[Change]:
    """One for each sector that either run recommends, in the order of the later run's answer, then of the earlier's.

    Both have a sector recommendation each; without one there is nothing to compare.
    """
    given = [_by_sector(run) for run in (before, after)]
    cells = [_cells(run) for run in (before, after)]
    explain = _explainer(before, after)
    found = []
    for key in dict.fromkeys([*given[1], *given[0]]):
        was, now = (each.get(key) for each in given)
        names = [each.name for each in (now, was) if each]
        found.append(
            Change(
                names[0],
                (was.action if was else None, now.action if now else None),
                (was.confidence if was else None, now.confidence if now else None),
                (was.rank if was else None, now.rank if now else None),
                explain(key, *cells) if was and now else (),
            )
        )
    return found


def recommendations_of(answer: Any) -> list[Mapping[str, Any]] | None:
    """None when the answer is not of the sector form."""
    given = answer.get("sector_recommendations") if isinstance(answer, Mapping) else None
    if not isinstance(given, list) or not all(isinstance(each, Mapping) for each in given):
        return None
    return given


def probability(value: Any) -> float | None:
    """A number from 0 to 1, None for anything else."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and 0 <= value <= 1 else None


@dataclass(frozen=True)
class _Given:
    name: str
    action: str
    confidence: float | None
    rank: int


def _by_sector(run: RunResult) -> dict[str, _Given]:
    """Folded name → recommendation."""
    given = [each for each in recommendations_of(run.answer) or [] if each.get("sector_name")]
    ranked = sorted(range(len(given)), key=lambda at: _conviction(given[at]))
    ranks = {at: rank for rank, at in enumerate(ranked, 1)}
    return {
        folded(str(each["sector_name"])): _Given(
            str(each["sector_name"]),
            str(each.get("action")),
            probability(each.get("confidence_score")),
            ranks[at],
        )
        for at, each in enumerate(given)
    }


def _conviction(given: Mapping[str, Any]) -> tuple[int, float]:
    """Sorts from the surest overweight over neutral to the surest underweight."""
    action, sure = given.get("action"), probability(given.get("confidence_score")) or 0.0
    place = _ORDER.index(action) if action in _ORDER else 1
    return place, -sure if place == 0 else sure if place == 2 else 0.0


_Cells: TypeAlias = dict[ColumnKey, dict[str, float]]


def _cells(run: RunResult) -> _Cells:
    """Column → folded sector → number."""
    table = heatmap.heatmap_of(run.figures)
    cells: _Cells = {}
    for row in table.rows:
        for column, cell in zip(table.columns, row.cells, strict=True):
            if cell.value is not None:
                key = (column.tool, column.metric, column.unit, column.lookback)
                cells.setdefault(key, {})[folded(row.sector)] = cell.value
    return cells


def _explainer(before: RunResult, after: RunResult) -> Callable[[str, _Cells, _Cells], tuple[Moved, ...]]:
    cited = {key for run in (before, after) for key in _cited(run)}

    def explain(sector: str, was: _Cells, now: _Cells) -> tuple[Moved, ...]:
        moved = []
        for column in (column for column in now if column in was):
            earlier, later = was[column].get(sector), now[column].get(sector)
            spread = _spread(list(was[column].values()))
            if earlier is None or later is None or not spread:
                continue
            size = round((later - earlier) / spread, 3)
            if abs(size) >= NOTABLE:
                _, metric, unit, lookback = column
                moved.append(Moved(metric, lookback, unit, earlier, later, size, (column, sector) in cited))
        return tuple(sorted(moved, key=lambda each: (not each.cited, -abs(each.size)))[:EXPLAINING])

    return explain


def _spread(values: Sequence[float]) -> float:
    return statistics.pstdev(values) if len(values) > 1 else 0.0


def _cited(run: RunResult) -> Iterator[tuple[ColumnKey, str]]:
    """The cells that rationales rest on."""
    places: dict[tuple[str, str], list[Figure]] = {}
    for figure in run.figures:
        if figure.sector is not None and figure.ticker is None:
            places.setdefault((figure.call, figure.pointer), []).append(figure)
    for number in run.evidence:
        for found in number["figures"]:
            for figure in places.get((found["call"], found["pointer"]), []):
                yield heatmap.column_key(figure), folded(figure.sector or "")
