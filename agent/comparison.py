"""Two runs → what changed between their recommendations, and which figures may explain it."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from typing import Any, Literal, TypeAlias

from agent.model.scorecard import ABSURD, z_scores
from agent.report import heatmap
from agent.report.heatmap import Column, ColumnKey
from agent.report.turning import FEWEST, direction
from agent.result import RunResult
from agent.taxonomy import SectorKey, Taxonomy

Kind: TypeAlias = Literal["new", "gone", "flipped", "turned", "surer", "less sure", "same"]
EXPLAINING = 3
"""Figures that are named for a sector: those first that speak for its change, and last those that speak against it;
among them, those that a rationale rests on before others, the largest moves first.
"""
NOTABLE = 0.5
"""Standard deviations from which on a move is named."""
ALIKE = 0.02
"""Standard deviations by which moves over one time differ at most that are one, but for rounding."""
SURER = 0.01
"""The least difference between confidences that counts; they are written with two decimals."""
_ORDER = ("overweight", "neutral", "underweight")
_STANCES = {"overweight": 1, "neutral": 0, None: 0, "underweight": -1}


@dataclass(frozen=True)
class Moved:
    """A sector's figure in both runs.

    `size`: how its distance from the mean of the sectors changed, so that what moved all of them alike is no move. In
    each run, over the sectors that have the figure in both,

        z = (value - mean) / population standard deviation, limited to ±3, as the planner's scorecard weighs it;

    size = later z - earlier z. Of fewer than FEWEST sectors: the move itself, in population standard deviations of the
    earlier run.
    """

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
    better: int | None = None
    """1 where the move speaks for the sector, -1 where it speaks against it; 0 where the figure's good direction is not
    known, or too few sectors have it to tell a sector's move from the market's. None in logs whose `size` is another.
    """


@dataclass(frozen=True)
class Change:
    """What became of a sector, earlier run first; None where it was not recommended.

    `rank`: its place in the answer when the surest overweight is first and the surest underweight is last, all others
    between them; equals share one. None where it is neither: such sectors have no order. None for both where the later
    answer is about some of the earlier one's sectors alone.
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

    @property
    def towards(self) -> int:
        """1 for a change in favour of the sector, -1 for one to its disadvantage, 0 for neither. A sector that is not
        recommended counts as neutral.
        """
        before, after = map(_STANCES.get, self.action)
        if before is None or after is None or self.kind == "same":
            return 0
        turn = after - before or after * (self.surer_by or 0.0)
        return (turn > 0) - (turn < 0)

    def speaks(self, moved: Moved) -> int:
        """1 for a figure whose move speaks for this change, -1 for one against it, 0 where neither is known."""
        return self.towards * (moved.better or 0)

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
        change = Change(
            now.name or was.name,
            (was.action, now.action),
            (was.confidence, now.confidence),
            (None, None) if narrower else (was.rank, now.rank),
        )
        found.append(replace(change, figures=_foremost(change, moves.get(key, ()))))
    return found


def _foremost(change: Change, moves: Iterable[Moved]) -> tuple[Moved, ...]:
    """What is named of the moves of its sector's figures, what explains it best first: one of those that are the same
    move, as performance and relative strength over one time are among sectors.
    """
    ordered = sorted(moves, key=lambda each: (-change.speaks(each), not each.cited, -abs(each.size)))
    found: list[Moved] = []
    for each in ordered:
        if not any(_are_one(each, other) for other in found):
            found.append(each)
    return tuple(found[:EXPLAINING])


def _are_one(move: Moved, other: Moved) -> bool:
    same = (move.lookback, move.unit, move.better) == (other.lookback, other.unit, other.better)
    return same and bool(move.better) and abs(move.size - other.size) < ALIKE


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
    places = sorted(_conviction(each) for each in given.values())
    return {
        key: _Given(
            str(each["sector_name"]).strip(),
            action := str(each.get("action") or ""),
            probability(each.get("confidence_score")),
            places.index(_conviction(each)) + 1 if _STANCES.get(action) else None,
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
    """`heads`: what each column is of; `cells`: column → sector key → number; `cited`: those behind rationales."""

    heads: Mapping[ColumnKey, Column]
    cells: Mapping[ColumnKey, Mapping[str, float]]
    cited: frozenset[tuple[ColumnKey, str]]

    @classmethod
    def of(cls, run: RunResult, key_of: SectorKey) -> _Columns:
        table = heatmap.heatmap_of(run.figures, key_of)
        heads = {heatmap.column_key(column): column for column in table.columns}
        cells: dict[ColumnKey, dict[str, float]] = {}
        for row in table.rows:
            for column, cell in zip(heads, row.cells, strict=True):
                if cell.value is not None and abs(cell.value) < ABSURD:
                    cells.setdefault(column, {})[row.key] = cell.value
        return cls(heads, cells, frozenset(_cited(run, key_of)))


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
        sizes = _sizes(before, after)
        head = now.heads[later]
        directions = {direction(head), direction(was.heads[earlier])} - {0}
        up = directions.pop() if len(sizes) >= FEWEST and len(directions) == 1 else 0
        tool, metric, unit, lookback = later
        for key, size in sizes.items():
            if abs(size) >= NOTABLE and head.text(before[key]) != head.text(after[key]):
                cited = (earlier, key) in was.cited or (later, key) in now.cited
                better = up if size > 0 else -up
                told = Moved(metric, lookback, unit, before[key], after[key], round(size, 3), cited, tool, better)
                found.setdefault(key, []).append(told)
    return found


def _sizes(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """Of each sector that has a number in both columns, the size of its move; 0 for one that no number can say."""
    both = [key for key in after if key in before]
    if len(both) >= FEWEST:
        was, now = (z_scores({key: column[key] for key in both}) for column in (before, after))
        return {key: now[key] - was[key] for key in both}
    spread = statistics.pstdev(before.values()) if both else 0.0
    sizes = {key: (after[key] - before[key]) / spread if spread else 0.0 for key in both}
    return {key: size if math.isfinite(size) else 0.0 for key, size in sizes.items()}


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
