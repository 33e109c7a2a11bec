"""A data pack: the facts a server states about its data, and loaders for the numbers.

Facts are cheap and known at once, so that tools can be listed before numpy or any data is loaded.
Time runs down the first axis of every array, oldest first; sectors run along the second, in the order
of `Pack.sectors`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

INDICATORS = ("gdp_growth", "inflation", "interest_rates", "unemployment_rate")


class Refusal(ValueError):
    """A request that the pack cannot answer; the text tells a model and a person what exists instead."""


class Sampling(NamedTuple):
    """How volatility is sampled: observations a sample, and the shortest window in observations."""

    step: int
    floor: int


@dataclass(frozen=True)
class Panel:
    """Total returns as fractions, each known on its own date: sectors (T, S), benchmark (T,)."""

    dates: tuple[date, ...]
    sectors: Floats
    benchmark: Floats


@dataclass(frozen=True)
class Series:
    """One macro indicator. Values are in the order in which they became known; a revision repeats its observation."""

    observed: tuple[date, ...]
    known: tuple[date, ...]
    values: tuple[float, ...]
    notes: tuple[str, ...] = ()
    unit: str = "percent"


@dataclass(frozen=True)
class Trading:
    """What was traded each session, (T, S): VND million, and counts for `whale_trades`."""

    dates: tuple[date, ...]
    turnover: Integers
    foreign_buy: Integers
    foreign_sell: Integers
    whale_buy: Integers
    whale_sell: Integers
    whale_trades: Integers


@dataclass(frozen=True)
class Statements:
    """Sector totals of company accounts a quarter, (Q, S), in VND billion.

    `filing_days` is how long after its last day a period is filed and so becomes known.
    """

    quarters: tuple[date, ...]
    revenue: Integers
    profit: Integers
    filing_days: Mapping[str, int]


@dataclass(frozen=True)
class Pack:
    """One market.

    `periods` maps the letters of a lookback to numbers of observations, the smallest first. A loader that
    is None means that the pack has no such data, and its server does not offer the tool.
    """

    name: str
    kind: Literal["real", "simulated"]
    summary: str
    taxonomy: str
    benchmark: str
    first: date
    last: date
    sectors: tuple[str, ...]
    regions: tuple[str, ...]
    region_aliases: Mapping[str, str]
    periods: Mapping[str, int]
    sampling: Mapping[str, Sampling]
    known_at_kind: str
    vintage: str | None
    source: str
    notes: tuple[str, ...]
    panel: Callable[[], Panel] | None
    macro: Callable[[str], Mapping[str, Series]] | None
    indicators: tuple[str, ...] = INDICATORS
    """Names of the series that `macro` gives for every region."""
    trading: Callable[[], Trading] | None = None
    statements: Callable[[], Statements] | None = None
    without: tuple[str, ...] = ()
    """Tools that are not offered although there is trading, as it lacks what they tell."""
    money: str = "VND bn"
    """Unit of the amounts in answers; `trading` holds thousandths of it."""
    resources: Mapping[str, Callable[[], str]] = field(default_factory=dict)
    """URI → JSON that is no tool's: what was planted in simulated data, for whoever judges answers."""
