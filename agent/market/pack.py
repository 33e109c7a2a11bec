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
    Days = NDArray[np.datetime64]
    """In days: `datetime64[D]`."""

INDICATORS = ("gdp_growth", "inflation", "interest_rates", "unemployment_rate")


class Refusal(ValueError):
    """A request that the pack cannot answer; the text tells a model and a person what exists instead."""


class Sampling(NamedTuple):
    """How returns are sampled for volatility, downside deviation, beta and rotation, all in observations.

    step: in a sample; floor: in the shortest window.
    """

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
    """What was traded each session, (T, S): thousandths of `Pack.money`, and counts for `whale_trades`.

    Foreign totals hold what was put through. A field that is None is data that the pack does not have.
    """

    dates: tuple[date, ...]
    turnover: Integers
    foreign_buy: Integers
    foreign_sell: Integers
    whale_buy: Integers
    whale_sell: Integers
    whale_trades: Integers
    put_through_buy: Integers | None = None
    """The part of `foreign_buy` that was agreed beside the order book; the rest was matched in it."""
    put_through_sell: Integers | None = None
    room_used: Floats | None = None
    """What foreigners hold in percent of what they may hold, at the end of the session."""
    whale_rule: str = ""
    """What counts as a large trade, as a sentence for whoever reads the answer."""


@dataclass(frozen=True)
class Filings:
    """Accounts of companies for one kind of period, a filing an entry, (F,), in the order of `known`.

    A later filing of the same period and company restates the earlier one. Amounts are thousandths of `Pack.money`.
    """

    period: Days
    """Last day of the period."""
    company: Integers
    """Position in `Statements.sector`."""
    known: Days
    """The day on which it was filed."""
    revenue: Integers
    profit: Integers
    """Net."""


@dataclass(frozen=True)
class Statements:
    """What companies filed: `filings` by kind of period, "quarterly" and "annually"."""

    sector: Integers
    """Position in `Pack.sectors` of each company, (C,)."""
    filings: Mapping[str, Filings]


@dataclass(frozen=True)
class Pack:
    """One market.

    `periods` maps the letters of a lookback to numbers of observations, the smallest first; `M` and `Y` are
    among them. A series of `macro` may begin after `first`: until then its value is null. A loader that is
    None means that the pack has no such data, and its server does not offer the tools that need them.
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
    """Names of the series that `macro` gives for every region, those of INDICATORS first."""
    trading: Callable[[], Trading] | None = None
    statements: Callable[[], Statements] | None = None
    without: tuple[str, ...] = ()
    """Tools that are not offered although there is trading, as it lacks what they tell."""
    money: str = "VND bn"
    """Unit of the amounts in answers; `trading` and `statements` hold thousandths of it."""
    returns: Literal["total", "price"] = "total"
    """With dividends, or of prices alone."""
    details_of_flow: bool = True
    """Whether `trading` tells what was put through, and how much of their room foreigners hold."""
    dated_notes: Mapping[date, str] = field(default_factory=dict)
    """What answers as of that day, or later, note too."""
    resources: Mapping[str, Callable[[], str]] = field(default_factory=dict)
    """URI → JSON that is no tool's: what was planted in simulated data, for whoever judges answers."""
