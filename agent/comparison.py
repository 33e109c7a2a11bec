"""Two runs → what changed between their recommendations, and which figures may explain it."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from typing import Any, Literal, TypeAlias

from agent.report import heatmap
from agent.report.heatmap import ColumnKey
from agent.result import RunResult
from agent.taxonomy import SectorKey, Taxonomy

Kind: TypeAlias = Literal["new", "gone", "flipped", "turned", "surer", "less sure", "same"]
EXPLAINING = 3
"""Figures that are named for a sector: those that a rationale rests on before others, the largest moves first."""
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
    tool: str = ""
    """As the later run was offered it."""


@dataclass(frozen=True)
class Change:
    """What became of a sector, earlier run first; None where it was not recommended.

    `rank`: its place when the surest overweight is first and the surest underweight is last; None for both where the
    later answer is about some of the earlier one's sectors alone.
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
        """None without a confidence on both sides."""
        before, after = self.confidence
        return None if before is None or after is None else round(after - before, 6)

    def to_json(self) -> dict[str, Any]:
        return {
            "sector": self.sector,
            "kind": self.kind,
            "action": list(self.action),
            "confidence": list(self.confidence),
            "rank": list(self.rank),
            "figures": [asdict(each) for each in self.figures],
        }

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Change:
        """As a log has it."""
        pairs = {name: (said[name][0], said[name][1]) for name in ("action", "confidence", "rank")}
        return cls(said["sector"], figures=tuple(Moved(**each) for each in said["figures"]), **pairs)


def changes(before: RunResult, after: RunResult) -> list[Change]:
    """One for each sector that either run recommends, in the order of the later run's answer, then of the earlier's.

    A run whose answer has no sector recommendations recommends none.
    """
    key_of = sector_key_of(before, after)
    earlier, later = _by_sector(before, key_of), _by_sector(after, key_of)
    narrower = later.keys() < earlier.keys()
    moves = _moves(_Columns.of(before, key_of), _Columns.of(after, key_of))
    found = []
    for key in dict.fromkeys([*later, *earlier]):
        was, now = earlier.get(key, _NOT_GIVEN), later.get(key, _NOT_GIVEN)
        named = sorted(moves.get(key, ()), key=lambda each: (not each.cited, -abs(each.size)))
        found.append(
            Change(
                now.name or was.name,
                (was.action, now.action),
                (was.confidence, now.confidence),
                (None, None) if narrower else (was.rank, now.rank),
                tuple(named[:EXPLAINING]),
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


def confidence_text(given: Any) -> str:
    """Of a recommendation: a probability with two decimals; anything else as the answer has it, a dash for nothing."""
    share = probability(given)
    if share is not None:
        return f"{share:.2f}"
    if given in (None, ""):
        return heatmap.NO_FIGURE
    return given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)


def sector_key_of(*runs: RunResult) -> SectorKey:
    """By the taxonomy of the latest of the runs that has one."""
    known = (found for run in reversed(runs) if (found := run.taxonomy).sectors)
    return cache(next(known, Taxonomy({})).key)


@dataclass(frozen=True)
class _Given:
    """A recommendation; nothing in it where a sector has none."""

    name: str = ""
    action: str | None = None
    confidence: float | None = None
    rank: int | None = None


_NOT_GIVEN = _Given()


def _by_sector(run: RunResult, key_of: SectorKey) -> dict[str, _Given]:
    """Sector key → recommendation; of a sector that stands twice, the first one."""
    given: dict[str, Mapping[str, Any]] = {}
    for each in recommendations_of(run.answer) or []:
        if name := str(each.get("sector_name") or "").strip():
            given.setdefault(key_of(name), each)
    ranks = {key: rank for rank, key in enumerate(sorted(given, key=lambda key: _conviction(given[key])), 1)}
    return {
        key: _Given(
            str(each["sector_name"]).strip(),
            str(each.get("action") or ""),
            probability(each.get("confidence_score")),
            ranks[key],
        )
        for key, each in given.items()
    }


def _conviction(given: Mapping[str, Any]) -> tuple[int, float]:
    """Sorts from the surest overweight over neutral to the surest underweight."""
    action, sure = given.get("action"), probability(given.get("confidence_score")) or 0.0
    place = _ORDER.index(action) if action in _ORDER else 1
    return place, -sure if place == 0 else sure if place == 2 else 0.0


@dataclass(frozen=True)
class _Columns:
    """`cells`: column → sector key → number; `cited`: the cells that rationales rest on."""

    cells: Mapping[ColumnKey, Mapping[str, float]]
    cited: frozenset[tuple[ColumnKey, str]]

    @classmethod
    def of(cls, run: RunResult, key_of: SectorKey) -> _Columns:
        cells: dict[ColumnKey, dict[str, float]] = {}
        for column, delivered in heatmap.grid_of(run.figures, key_of).columns.items():
            for key, figure in delivered.items():
                if (value := heatmap.finite(figure)) is not None:
                    cells.setdefault(column, {})[key] = value
        return cls(cells, frozenset(_cited(run, key_of)))


def _cited(run: RunResult, key_of: SectorKey) -> Iterator[tuple[ColumnKey, str]]:
    """The cells that rationales rest on; a list of rows that add up is one place for several of them."""
    places = {(found["call"], found["pointer"]) for number in run.evidence for found in number["figures"]}
    cells = {
        (figure.call, figure.pointer, figure.sector, figure.metric, figure.unit, figure.lookback): figure
        for figure in run.figures
        if (figure.call, figure.pointer) in places and figure.sector is not None and figure.ticker is None
    }
    for number in run.evidence:
        for found in number["figures"]:
            names = ("call", "pointer", "sector", "metric", "unit", "lookback")
            figure = cells.get(tuple(found[name] for name in names))
            if figure is not None and figure.sector is not None:
                yield heatmap.column_key(figure), key_of(figure.sector)


def _moves(was: _Columns, now: _Columns) -> dict[str, list[Moved]]:
    """Sector key → its figures that moved notably."""
    found: dict[str, list[Moved]] = {}
    for earlier, later in _paired(was.cells, now.cells):
        before, after = was.cells[earlier], now.cells[later]
        moved = [key for key in after if key in before and after[key] != before[key]]
        spread = _spread(before.values()) if moved else 0.0
        tool, metric, unit, lookback = later
        for key in moved:
            size = (after[key] - before[key]) / spread if spread else 0.0
            if math.isfinite(size) and abs(size) >= NOTABLE:
                cited = (earlier, key) in was.cited or (later, key) in now.cited
                told = Moved(metric, lookback, unit, before[key], after[key], round(size, 3), cited, tool)
                found.setdefault(key, []).append(told)
    return found


def _paired(was: Iterable[ColumnKey], now: Iterable[ColumnKey]) -> Iterator[tuple[ColumnKey, ColumnKey]]:
    """Columns that are the same in both runs: by tool, metric, unit and lookback; and those whose tool has another name
    there, where no other tool has such a column.
    """
    earlier, later = list(was), list(now)
    left = [column for column in earlier if column not in later]
    for column in later:
        if column in earlier:
            yield column, column
            continue
        same = [each for each in left if each[1:] == column[1:]]
        if len(same) == 1 and sum(each[1:] == column[1:] for each in later) == 1:
            yield same[0], column


def _spread(values: Iterable[float]) -> float:
    """Population standard deviation; 0 for what has none, and for numbers that are too large for one."""
    numbers = list(values)
    try:
        return statistics.pstdev(numbers) if len(numbers) > 1 else 0.0
    except OverflowError:
        return 0.0
