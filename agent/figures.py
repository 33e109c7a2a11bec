"""Tool results → figures: one number each, with its sector, metric, unit, lookback, date and where it stood.

Read without any declaration: results in the shape of the embedded market server (`columns` and `rows`),
and any list of objects that have one name and several numbers.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, NamedTuple

from agent.pointers import escaped

SECTOR_KEYS = ("sector", "sector_name", "industry", "industry_name", "name")
SERIES_KEYS = ("indicator", "indicator_name", "series")
MAX_DEPTH = 100
DATE_KEYS = ("observed_at", "date", "as_of")
NESTED = (dict, list)
NUMBERS = (int, float)
"""Types of JSON's numbers; true and false are of another."""


class Figure(NamedTuple):
    """`sector` is None for what concerns the whole market; `value` is None where the server had no number.

    `call` is the id of the tool call, `pointer` the JSON pointer into its result.
    """

    sector: str | None
    metric: str
    value: float | None
    unit: str | None
    lookback: str | None
    observed_at: str | None
    tool: str
    call: str
    pointer: str
    ticker: str | None = None


def figures_of(data: Any, *, tool: str, call: str) -> list[Figure]:
    """All figures in one tool's result, in the order in which they stand."""
    return [figure for table in _tables(data, "") for figure in _of_table(table, tool, call)]


@dataclass(frozen=True)
class _Table:
    rows: Sequence[Mapping[str, Any]]
    around: Mapping[str, Any]
    """The object that holds the rows: its `columns`, `lookback_period` and dates describe them."""
    pointer: str


def _tables(data: Any, pointer: str, around: Mapping[str, Any] | None = None) -> Iterator[_Table]:
    if pointer.count("/") > MAX_DEPTH:
        return
    if isinstance(data, dict):
        for key, value in data.items():
            if type(value) in NESTED:
                yield from _tables(value, f"{pointer}/{escaped(key)}", data)
    elif isinstance(data, list):
        if data and all(isinstance(row, dict) for row in data):
            yield _Table(data, around or {}, pointer)
        for at, row in enumerate(data):
            if type(row) in NESTED:
                yield from _tables(row, f"{pointer}/{at}", around)


def _of_table(table: _Table, tool: str, call: str) -> Iterator[Figure]:
    name_key = _name_key(table.rows)
    if name_key is None:
        return
    columns = _columns(table)
    observed_at, is_series = _date(table.around), name_key in SERIES_KEYS
    for at, row in enumerate(table.rows):
        name = row.get(name_key)
        if not isinstance(name, str):
            continue
        sector, observed, unit = None if is_series else name, _date(row) or observed_at, _text(row.get("unit"))
        place = f"{table.pointer}/{at}"
        for key, value in row.items():
            column = columns[key]
            if type(value) in NUMBERS or (value is None and column.described):
                yield Figure(
                    sector,
                    (name if key == "value" else f"{name} {key}") if is_series else key,
                    _finite(value),
                    column.unit or unit,
                    column.lookback,
                    observed,
                    tool,
                    call,
                    f"{place}/{column.pointer}",
                )


class _Column(NamedTuple):
    """What is said of all values of one key: `unit` is None where the row says it."""

    described: bool
    unit: str | None
    lookback: str | None
    pointer: str


def _columns(table: _Table) -> dict[str, _Column]:
    """Each key of the rows, described or not."""
    given = table.around.get("columns")
    given = given if isinstance(given, dict) else {}
    lookback = _text(table.around.get("lookback_period"))
    columns = {}
    for key in dict.fromkeys(chain.from_iterable(table.rows)):
        about = given.get(key)
        about = about if isinstance(about, dict) else {}
        unit = _text(about.get("unit"))
        columns[key] = _Column(
            bool(about), None if unit == "see row" else unit, _text(about.get("lookback")) or lookback, escaped(key)
        )
    return columns


def _name_key(rows: Sequence[Mapping[str, Any]]) -> str | None:
    """The key that names the rows: a customary one, else the only key whose values are all texts."""
    for key in (*SECTOR_KEYS, *SERIES_KEYS):
        if any(isinstance(row.get(key), str) for row in rows):
            return key
    texts = [
        key for key in rows[0] if key not in (*DATE_KEYS, "unit") and all(isinstance(row.get(key), str) for row in rows)
    ]
    return texts[0] if len(texts) == 1 else None


def _finite(value: float | None) -> float | None:
    """None for what no float can hold: a server may write an integer of any length."""
    try:
        return None if value is None or not math.isfinite(value) else float(value)
    except OverflowError:
        return None


def _date(values: Mapping[str, Any]) -> str | None:
    for key in DATE_KEYS:
        if isinstance(date := values.get(key), str):
            return date
    return None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
