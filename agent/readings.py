"""What is read of a result, before a call has its name on it: numbers by sector, and what rows of them are called."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, TypeAlias

from agent.taxonomy import Taxonomy

NUMBERS = (int, float)
"""Types of JSON's numbers; true and false are of another."""
DATE_KEYS = ("observed_at", "date", "as_of")
Combine: TypeAlias = Literal["sum", "mean"]


class Reading(NamedTuple):
    """One number of a result; `pointer` leads to it, or to the list of the rows that add up to it."""

    sector: str | None
    metric: str
    value: float | None
    unit: str | None
    lookback: str | None
    observed_at: str | None
    pointer: str
    ticker: str | None = None


class Row(NamedTuple):
    """What a row is called, its numbers, and by their metric how they are declared to add up with those of others."""

    called: str
    readings: list[Reading]
    combine: Mapping[str, Combine | None]


def sector_of(taxonomy: Taxonomy | None, ticker: str | None, named: str | None) -> str | None:
    """By ticker, else by name; a name that the taxonomy does not have stays as it is."""
    if taxonomy is None:
        return named
    return (taxonomy.sector_of(ticker) if ticker else None) or (taxonomy.canonical(named) or named if named else None)


def series(name: str, key: str) -> str:
    """The metric of a series' value, or of what stands beside it."""
    return name if key == "value" else f"{name} {key}"


def finite(value: float | None) -> float | None:
    """None for what no float can hold: a server may write an integer of any length."""
    try:
        return None if value is None or not math.isfinite(value) else float(value)
    except OverflowError:
        return None


def date_in(values: Mapping[str, Any]) -> str | None:
    for key in DATE_KEYS:
        if isinstance(date := values.get(key), str):
            return date
    return None


def text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
