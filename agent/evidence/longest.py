"""How far the evidence of an answer looks back, against how far its advice looks ahead."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from agent.evidence.cells import ready
from agent.figures import Figure
from agent.lookbacks import days_of

ENOUGH = 4
"""Evidence that looks back a quarter of the horizon is long enough."""
_ABOUT = frozenset({"performance", "momentum", "relative_strength", "foreign", "flow", "trades", "turnover"})
"""Returns and flows: what advice on a sector rests on. A long window of volatility says nothing of direction."""


class Longest(NamedTuple):
    lookback: str
    """As the server writes it."""
    days: int

    def fit(self, horizon_days: int) -> float:
        """min(1, 4 · days / horizon)."""
        return min(1.0, ENOUGH * self.days / horizon_days)


def longest(cited: Collection[tuple[str, str]], figures: Sequence[Figure]) -> Longest | None:
    """The longest lookback of the sectors' returns and flows that the rationales rest on; where those tell
    none, of all that were shown. None where no lookback is known.

    `cited`: call and pointer of each figure that a number rests on.
    """
    shown = {
        (cell.figure.call, cell.figure.pointer): cell.figure.lookback
        for cell in ready(figures, {}).cells
        if cell.entity and cell.measure.topics & _ABOUT
    }
    used = [lookback for place, lookback in shown.items() if place in cited]
    return _longest(used) or _longest(shown.values())


def _longest(lookbacks: Iterable[str | None]) -> Longest | None:
    known = [Longest(lookback, days) for lookback in lookbacks if lookback and (days := days_of(lookback))]
    return max(known, key=lambda each: each.days, default=None)
