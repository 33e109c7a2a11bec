"""What would change a call: how far a sector's figures are from the middle of all. Arithmetic, no forecast."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from agent.evidence import UNBORNE
from agent.report.footnotes import pointer_of
from agent.report.heatmap import Column, Heatmap, number_text, numbers_text, sector_key, unit_label
from agent.report.words import Words
from agent.result import RunResult

MOST = 3
FEWEST = 3
"""Numbers that a column needs to have a middle."""
_CALLS = {"overweight": 1, "underweight": -1}
_LOWER_IS_BETTER = re.compile(r"\b(volatility|vol|deviation|drawdown|risk|beta)\b")
_LOSS = re.compile(r"\b(drawdown|value at risk)\b")
"""Written as a size by some servers, and below 0 by others, where more is less of a loss."""
_FOR_RISK = re.compile(r"\badjusted\b|\b(returns?|reward|alpha|excess)\b.*\b(to|per|over|vs)\b")
"""A gain set against a risk: it counts as the gain does."""


@dataclass(frozen=True)
class Turning:
    """One figure behind a call: it speaks against the call on the other side of `middle`, the median of the column.

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


def turning_points(run: RunResult, table: Heatmap, at: int, given: Mapping[str, Any]) -> list[Turning]:
    """Of the recommendation `given`, the one at the place `at` of the answer: at most MOST, the least margin first.

    For each heatmap column of which the rationale cites the sector's own figure:

        side   = 1 for overweight, -1 for underweight, times the column's direction
        margin = side x (value - median of the column) / standard deviation of the column (ddof 0)

    Left out: neutral and other calls, columns without a direction, with fewer than FEWEST numbers or without any
    spread. A figure in the middle itself has the margin 0 and speaks for the call until it moves.
    """
    call, key = _CALLS.get(str(given.get("action")), 0), sector_key(str(given.get("sector_name")))
    row = next((row for row in table.rows if row.key == key), None)
    if not call or row is None:
        return []
    cited = set(_cited(run, at, key))
    found = []
    for place, column in enumerate(table.columns):
        value, side = row.cells[place].value, call * direction(column)
        if value is None or not side or (column.tool, column.metric, column.unit, column.lookback) not in cited:
            continue
        values = [each for other in table.rows if (each := other.cells[place].value) is not None]
        spread = statistics.pstdev(values)
        if len(values) >= FEWEST and spread:
            middle = statistics.median(values)
            found.append(Turning(column, value, middle, side * (value - middle) / spread, -side, len(values)))
    return sorted(found, key=lambda each: each.margin)[:MOST]


def _cited(run: RunResult, at: int, key: str) -> Iterator[tuple[str, str, str | None, str | None]]:
    """Columns of the figures that the numbers of one rationale rest on, of its own sector."""
    borne = [each for each in run.evidence if each["pointer"] == pointer_of(at) and each["status"] not in UNBORNE]
    places = {(found["call"], found["pointer"]) for number in borne for found in number["figures"]}
    for figure in run.figures:
        if (figure.call, figure.pointer) in places and figure.ticker is None and sector_key(figure.sector) == key:
            yield figure.tool, figure.metric, figure.unit, figure.lookback


def turning_text(found: Turning, say: Words) -> str:
    """Such as `Relative strength 3M +9.7 %: below +1.2 % (−8.5)`, where the last is the way there; what speaks against
    the call already has no way to go: `Relative strength 3M −0.4 %, below +1.2 %`.
    """
    column, unit = found.column, say(unit_label(found.column.unit))
    numbers = numbers_text(column.metric, column.unit, [found.value, found.middle])
    value, middle = (f"{number} {unit}".strip() for number in numbers)
    told = {"figure": " ".join(filter(None, (say(column.label), column.lookback, value))), "middle": middle}
    is_above = found.beyond > 0
    if found.margin < 0:
        return say("{figure}, above {middle}", **told) if is_above else say("{figure}, below {middle}", **told)
    told["move"] = number_text(found.middle - found.value, len(numbers[1].partition(".")[2]), plus=True)
    if is_above:
        return say("{figure}: above {middle} ({move})", **told)
    return say("{figure}: below {middle} ({move})", **told)
