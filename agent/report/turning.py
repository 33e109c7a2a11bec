"""What would change a call: how far a sector's figures are from the mean of all. Arithmetic, no forecast."""

from __future__ import annotations

import re
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from agent.evidence import UNBORNE
from agent.model.scorecard import ABSURD
from agent.report.footnotes import pointer_of
from agent.report.heatmap import (
    Column,
    ColumnKey,
    Heatmap,
    Row,
    column_key,
    number_text,
    unit_label,
)
from agent.report.words import Words
from agent.result import RunResult
from agent.taxonomy import SectorKey

MOST = 3
FEWEST = 3
"""Numbers that a column needs to have a middle: of two, each is as far from it as the other."""
_CALLS = {"overweight": 1, "underweight": -1}
_LOWER_IS_BETTER = re.compile(r"\b(volatility|vol|deviation|drawdown|risk|beta)\b")
_LOSS = re.compile(r"\b(drawdown|value at risk)\b")
"""Written as a size by some servers, and below 0 by others, where more is less of a loss."""
_FOR_RISK = re.compile(r"\badjusted\b|\b(returns?|reward|alpha|excess)\b.*\b(to|per|over|vs)\b")
"""A gain set against a risk: it counts as the gain does."""


@dataclass(frozen=True)
class Turning:
    """One figure behind a call: it speaks against the call on the other side of `middle`, the mean of the column,
    from which the planner's scorecard weighs it, too.

    `margin`: how far on the call's side it stands, in standard deviations of the column; below 0 it speaks against the
    call already. `beyond`: 1 where what is above the middle speaks against the call, -1 for what is below. `sectors`:
    how many have a number.
    """

    column: Column
    value: float
    middle: float
    margin: float
    beyond: int
    sectors: int


def direction(column: Column) -> int:
    """1 where higher is better, -1 for volatility and its like, 0 where neither is known."""
    name = re.sub(r"[\W_]+", " ", column.metric).casefold()
    is_gain = _FOR_RISK.search(name) or (_LOSS.search(name) and column.diverging)
    if _LOWER_IS_BETTER.search(name) and not is_gain:
        return -1
    return 1 if column.diverging else 0


def turning_points(run: RunResult, table: Heatmap, given: Sequence[Mapping[str, Any]]) -> list[list[Turning]]:
    """For each of the recommendations `given`, from the answer's first on: at most MOST, the least margin first.

    For each heatmap column of which the rationale cites the sector's own figure:

        side   = 1 for overweight, -1 for underweight, times the column's direction
        margin = side x (value - mean of the column) / standard deviation of the column (ddof 0)

    Left out: neutral and other calls, columns without a direction, with fewer than FEWEST numbers or without any
    spread, and a figure that is the middle itself, or printed as it is: it speaks neither for nor against the call.
    """
    rows, cited = {row.key: row for row in table.rows}, _cited(run, table.key_of)
    columns = [_Standing(column, table, place) for place, column in enumerate(table.columns)]
    found = []
    for at, each in enumerate(given):
        call, key = _CALLS.get(str(each.get("action")), 0), table.key_of(str(each.get("sector_name")))
        own = cited.get((pointer_of(at), key), ()) if call and key in rows else ()
        turnings = [column.turning(rows[key], call) for column in columns if column.key in own]
        found.append(sorted(filter(None, turnings), key=lambda each: each.margin)[:MOST])
    return found


class _Standing:
    """One column, and where its sectors stand in it."""

    def __init__(self, column: Column, table: Heatmap, place: int) -> None:
        self.key = column_key(column)
        self._column, self._table, self._place = column, table, place

    @cached_property
    def _direction(self) -> int:
        return direction(self._column)

    @cached_property
    def _values(self) -> list[float]:
        return [value for row in self._table.rows if (value := self._value(row)) is not None]

    @cached_property
    def _spread(self) -> float:
        return statistics.pstdev(self._values)

    @cached_property
    def _middle(self) -> float:
        return statistics.fmean(self._values)

    def _value(self, row: Row) -> float | None:
        value = row.cells[self._place].value
        return None if value is None or abs(value) >= ABSURD else value

    def turning(self, row: Row, call: int) -> Turning | None:
        """Of one sector's call; None where the column says nothing of it."""
        value, side = self._value(row), call * self._direction
        if value is None or not side or len(self._values) < FEWEST or not self._spread:
            return None
        if self._column.text(value) == self._column.text(self._middle):
            return None
        margin = side * (value - self._middle) / self._spread
        return Turning(self._column, value, self._middle, margin, -side, len(self._values))


def _cited(run: RunResult, key_of: SectorKey) -> dict[tuple[str, str], set[ColumnKey]]:
    """Pointer of a rationale and sector key → columns of the sector's figures that its numbers rest on."""
    resting: dict[tuple[str, str], set[str]] = {}
    for number in run.evidence:
        if number["status"] not in UNBORNE:
            for found in number["figures"]:
                resting.setdefault((found["call"], found["pointer"]), set()).add(number["pointer"])
    cited: dict[tuple[str, str], set[ColumnKey]] = {}
    for figure in run.figures:
        if figure.sector and figure.ticker is None and (figure.call, figure.pointer) in resting:
            for rationale in resting[figure.call, figure.pointer]:
                cited.setdefault((rationale, key_of(figure.sector)), set()).add(column_key(figure))
    return cited


def turning_text(found: Turning, say: Words) -> str:
    """Such as `Relative strength 3M +9.7 %: below +1.2 % (−8.5)`, where the last is the way there; what speaks against
    the call already has no way to go: `Relative strength 3M −0.4 %, below +1.2 %`.
    """
    column, unit = found.column, say(unit_label(found.column.unit))
    value, middle = (f"{column.text(number)} {unit}".strip() for number in (found.value, found.middle))
    told = {"figure": " ".join(filter(None, (say(column.label), column.lookback, value))), "middle": middle}
    is_above = found.beyond > 0
    if found.margin < 0:
        return say("{figure}, above {middle}", **told) if is_above else say("{figure}, below {middle}", **told)
    printed_way = round(found.middle, column.decimals) - round(found.value, column.decimals)
    told["move"] = number_text(printed_way, column.decimals, plus=True)
    if is_above:
        return say("{figure}: above {middle} ({move})", **told)
    return say("{figure}: below {middle} ({move})", **told)
