"""Tool results → figures: one number each, with its sector, metric, unit, lookback, date and where it stood.

Read without any declaration: results in the shape of the embedded market server (`columns` and `rows`),
and any list of objects that have one name and several numbers.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from agent.pointers import escaped

SECTOR_KEYS = ("sector", "sector_name", "industry", "industry_name", "name")
SERIES_KEYS = ("indicator", "indicator_name", "series")
MAX_DEPTH = 100
DATE_KEYS = ("observed_at", "date", "as_of")


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
            if isinstance(value, dict | list):
                yield from _tables(value, f"{pointer}/{escaped(key)}", data)
    elif isinstance(data, list):
        if data and all(isinstance(row, dict) for row in data):
            yield _Table(data, around or {}, pointer)
        for at, row in enumerate(data):
            if isinstance(row, dict | list):
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
        observed = _date(row) or observed_at
        for key, value in row.items():
            column = columns[key]
            if not (_is_number(value) or (value is None and column.described)):
                continue
            yield Figure(
                None if is_series else name,
                (name if key == "value" else f"{name} {key}") if is_series else key,
                _finite(value),
                column.unit or _text(row.get("unit")),
                column.lookback,
                observed,
                tool,
                call,
                f"{table.pointer}/{at}/{column.pointer}",
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
    for key in dict.fromkeys(key for row in table.rows for key in row):
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


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _finite(value: Any) -> float | None:
    """None for what no float can hold: a server may write an integer of any length."""
    try:
        number = float(value) if value is not None else math.nan
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _date(values: Mapping[str, Any]) -> str | None:
    return next((values[key] for key in DATE_KEYS if isinstance(values.get(key), str)), None)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
