"""Numbers in results of which no agent file says where they stand: results in the shape of the embedded market server
(`columns` and `rows`), and any list of objects that have one name and several numbers.

A column with `fields` holds series: a cell of it is a list of points, each a list of what the fields name, such as
`["observed_at", "ratio"]`. The fields are columns themselves, and a point that names its day is of its row's sector.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, NamedTuple

from agent import shapes
from agent.heads import Head, head_of
from agent.numerals import number_in
from agent.pointers import escaped
from agent.readings import (
    DATE_KEYS,
    NUMBERS,
    Naming,
    Reading,
    Row,
    Subject,
    date_in,
    date_of,
    days_in,
    finite,
    says_day,
    text,
)
from agent.taxonomy import Taxonomy

SECTOR_KEYS = ("sector", "sector_name", "industry", "industry_name", "name")
TICKER_KEYS = ("ticker", "symbol", "code")
SERIES_KEYS = ("indicator", "indicator_name", "series")
MAX_DEPTH = 100
NESTED = (dict, list)
WORD = "word"
"""The unit of a column that has texts, in the embedded server's form."""


@dataclass(frozen=True)
class Table:
    rows: Sequence[Mapping[str, Any]]
    around: Mapping[str, Any]
    """The object that holds the rows: its `columns`, `lookback_period` or `lookback`, and dates describe them."""
    pointer: str


def tables(data: Any, pointer: str = "", around: Mapping[str, Any] | None = None) -> Iterator[Table]:
    """Every list of objects, in the order in which they stand."""
    if pointer.count("/") > MAX_DEPTH:
        return
    if isinstance(data, dict):
        for key, value in data.items():
            if type(value) in NESTED:
                yield from tables(value, f"{pointer}/{escaped(key)}", data)
    elif isinstance(data, list):
        if data and all(isinstance(row, dict) for row in data):
            yield Table(data, around or {}, pointer)
        for at, row in enumerate(data):
            if type(row) in NESTED:
                yield from tables(row, f"{pointer}/{at}", around)


def rows_of(table: Table, naming: Naming) -> Iterator[Row]:
    """The rows that have a name, then what stands beside them for the whole market."""
    ticker_key = _ticker_key(table.rows, naming.taxonomy) if naming.taxonomy else None
    name_key = _name_key(table.rows) if ticker_key is None else ticker_key
    if name_key is None:
        return
    columns = _columns(table)
    observed_at, is_series = date_in(table.around), name_key in SERIES_KEYS
    for at, row in enumerate(table.rows):
        name = row.get(name_key)
        if not isinstance(name, str):
            continue
        about = naming.subject(name, _sector_name(row)) if ticker_key else naming.subject(None, name)
        about = Subject(None, market=name) if is_series else about
        place, unit = f"{table.pointer}/{at}", text(row.get("unit"))
        cells = [_Cell(key, value, f"{place}/{columns[key].pointer}") for key, value in row.items() if key != name_key]
        readings = [*_readings(cells, about, columns, unit, observed_at)]
        for cell in cells:
            for point in _points(cell, columns[cell.key].fields):
                readings += _readings(point, about, columns, unit)
        yield Row(naming.called(about, name), readings, {})
    if not is_series:
        yield from _totals(table, columns, observed_at)


class _Cell(NamedTuple):
    key: str
    value: Any
    pointer: str


def _readings(
    cells: Sequence[_Cell],
    about: Subject,
    columns: Mapping[str, _Column],
    unit: str | None,
    observed_at: str | None = None,
) -> Iterator[Reading]:
    """Of cells of one day: the one that they name, else that of the table."""
    days = days_in({key: value for key, value, _ in cells if columns[key].may_be_day})
    observed = date_of(days) or observed_at
    for key, value, place in cells:
        column = columns[key]
        if key not in days and (found := _number(value, column)):
            number, own = found
            measure = about.metric(column.metric), number, column.unit or own or unit, column.lookback
            yield Reading(about.sector, *measure, observed, place, about.ticker)


def _points(cell: _Cell, fields: Sequence[str]) -> Iterator[list[_Cell]]:
    """The points of a series, each of its own day."""
    for at, point in enumerate(cell.value if fields and type(cell.value) is list else ()):
        if type(point) is list and len(point) == len(fields):
            named = [*zip(fields, point, strict=True)]
            if days_in(dict(named)):
                yield [_Cell(*each, f"{cell.pointer}/{at}/{place}") for place, each in enumerate(named)]


def _number(value: Any, column: _Column) -> tuple[float | None, str | None] | None:
    """A number, or a text that is one in percent, and that unit; also where a described column has none."""
    if type(value) in NUMBERS or (value is None and column.described and column.unit != WORD):
        return finite(value), None
    return number_in(value) if type(value) is str and value.endswith("%") else None


def _totals(table: Table, columns: Mapping[str, _Column], observed_at: str | None) -> Iterator[Row]:
    """Beside the rows, what has described columns of theirs and no other numbers: it is of the whole market."""
    above = table.pointer.rpartition("/")[0]
    for name, value in table.around.items():
        numbers = {key: each for key, each in value.items() if type(each) in NUMBERS} if type(value) is dict else {}
        if numbers and all(key in columns and columns[key].described for key in numbers):
            readings = [
                Reading(
                    sector=None,
                    metric=f"{name} {key}",
                    value=finite(number),
                    unit=columns[key].unit,
                    lookback=columns[key].lookback,
                    observed_at=observed_at,
                    pointer=f"{above}/{escaped(name)}/{columns[key].pointer}",
                )
                for key, number in numbers.items()
            ]
            yield Row(name, readings, {})


class _Column(NamedTuple):
    """What is said of all values of one key: `unit` is None where the row says it; `fields`: of what each point is."""

    described: bool
    metric: str
    unit: str | None
    lookback: str | None
    pointer: str
    fields: Sequence[str]
    may_be_day: bool


def _columns(table: Table) -> dict[str, _Column]:
    """Each key of the rows and of their series, described or not."""
    given = table.around.get("columns")
    given = given if isinstance(given, dict) else {}
    described = {key: about for key, about in given.items() if isinstance(about, dict)}
    fields = shapes.fields(given)
    lookback = text(table.around.get("lookback_period")) or text(table.around.get("lookback"))
    percentages = {key for row in table.rows for key, value in row.items() if type(value) is str and "%" in value}
    signed = {key for row in table.rows for key, value in row.items() if _is_signed(value)}
    columns = {}
    for key in dict.fromkeys(chain(*table.rows, *fields.values())):
        about = described.get(key, {})
        head = Head(key) if about else head_of(key, percent=key in percentages, signed=key in signed)
        unit = text(about.get("unit")) or head.unit
        columns[key] = _Column(
            described=bool(about),
            metric=head.metric,
            unit=None if unit == "see row" else unit,
            lookback=text(about.get("lookback")) or head.lookback or lookback,
            pointer=escaped(key),
            fields=fields.get(key, ()),
            may_be_day=says_day(key),
        )
    return columns


def _is_signed(value: Any) -> bool:
    """Whether a number is negative, or a text is one with a sign."""
    if type(value) is str:
        return value[:1] in ("+", "-", "\N{MINUS SIGN}") and number_in(value) is not None
    return type(value) in NUMBERS and value < 0


def _ticker_key(rows: Sequence[Mapping[str, Any]], taxonomy: Taxonomy) -> str | None:
    """The key under which rows have the ticker of a security; a code is one where the taxonomy knows any of them."""
    for key in TICKER_KEYS:
        said = [value for row in rows if isinstance(value := row.get(key), str)]
        if said and (key != "code" or any(map(taxonomy.sector_of, said))):
            return key
    return None


def _sector_name(row: Mapping[str, Any]) -> str | None:
    """What a security's row calls its sector; its `name` is the security's own."""
    return next((name for key in SECTOR_KEYS if key != "name" and (name := text(row.get(key)))), None)


def _name_key(rows: Sequence[Mapping[str, Any]]) -> str | None:
    """The key that names the rows: a customary one, else the only key whose values are all texts, and no numbers."""
    for key in (*SECTOR_KEYS, *SERIES_KEYS):
        if any(isinstance(row.get(key), str) for row in rows):
            return key
    texts = [
        key
        for key in rows[0]
        if key not in (*DATE_KEYS, *days_in(rows[0]), "unit") and all(isinstance(row.get(key), str) for row in rows)
    ]
    words = [key for key in texts if not any(number_in(row[key]) for row in rows)] or texts
    return words[0] if len(words) == 1 else None
