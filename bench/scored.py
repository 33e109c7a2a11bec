"""The planner's scores at each month's end of the pack us-real, and what the industries did next.

Figures are the market server's own answers to the calls that the planner would make, without the transport.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from agent.figures import Figure, FigureReader
from agent.market.answers import ANSWERS
from agent.market.pack import Refusal
from agent.market.tools import checked, offered
from agent.market.us_real import PACK, panel
from agent.model.planner import calls
from agent.model.scorecard import Scored, ranked

Floats = NDArray[np.float64]
SECTORS = PACK.sectors
HORIZONS = {"month": 1, "quarter": 3}
"""In months."""


@dataclass(frozen=True)
class Month:
    """`at` is its place in the panel; `usual` and `shelter` are the two scorecards' rankings, best first."""

    at: int
    day: date
    usual: list[Scored]
    shelter: list[Scored]
    year_return: Floats

    def scores(self, *, shelter: bool = False) -> Floats:
        """In the order of SECTORS."""
        given = {each.sector: each.score for each in (self.shelter if shelter else self.usual)}
        return np.array([given[sector] for sector in SECTORS])


@dataclass(frozen=True)
class Outcome:
    """`above` is the sectors' return less the benchmark's, as a fraction; `until` is the day that ends it."""

    until: date
    returns: Floats
    above: Floats

    @property
    def near(self) -> NDArray[np.bool_]:
        """Who stayed within a quarter of the cross-sectional standard deviation."""
        return np.abs(self.above) < np.std(self.returns) / 4


def outcome(at: int, months: int, last: date = PACK.last) -> Outcome | None:
    """Of the months after the one at `at`; None when they had not ended by `last`."""
    data, end = panel(), at + months
    if end >= len(data.dates) or data.dates[end] > last:
        return None
    window = slice(at + 1, end + 1)
    returns: Floats = np.prod(1 + data.sectors[window], axis=0) - 1
    return Outcome(data.dates[end], returns, returns - (np.prod(1 + data.benchmark[window]) - 1))


def scored(first: date = date(1949, 12, 31), last: date = PACK.last) -> list[Month]:
    """Each month's end; the first has a year of returns behind it."""
    days = [(at, day) for at, day in enumerate(panel().dates) if first <= day <= last]
    return [_month(at, day) for at, day in _told(days)]


def _month(at: int, day: date) -> Month:
    figures = list(_figures(day))
    years = {f.sector: f.value for f in figures if (f.metric, f.lookback) == ("performance", "1Y")}
    year_return = np.array([years[sector] for sector in SECTORS], dtype=np.float64)
    return Month(at, day, ranked(figures), ranked(figures, shelter=True), year_return)


def _figures(day: date) -> Iterator[Figure]:
    tools = offered(PACK)
    shown = [{"name": name, "input_schema": tool.input_schema(PACK)} for name, tool in tools.items()]
    for number, (_, name, arguments) in enumerate(calls(shown)):
        try:
            answer = ANSWERS[name](PACK, checked(tools[name], PACK, arguments | {"as_of": day.isoformat()}))
        except Refusal:  # a lookback longer than the data, which the planner goes on without
            continue
        yield from FigureReader().read(answer, offered_as=name, call=str(number))


def _told(days: list[tuple[int, date]]) -> Iterator[tuple[int, date]]:
    """With the year on a terminal."""
    for at, day in days:
        if sys.stderr.isatty():
            print(f"\r{day.year}", end="\r", file=sys.stderr, flush=True)
        yield at, day
