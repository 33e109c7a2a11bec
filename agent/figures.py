"""Tool results → figures: one number each, with its sector, metric, unit, lookback, date and where it stood.

Read as an agent file's `figures` says, by its `sectors`; without any declaration: results in the shape of the embedded
market server (`columns` and `rows`), and any list of objects that have one name and several numbers.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from typing import Any, Literal, NamedTuple, TypeAlias

from agent.mapping import FiguresSpec, Found, found_at, rows_of
from agent.numerals import number_in
from agent.pointers import escaped, pointer
from agent.spec import AgentSpec
from agent.taxonomy import Taxonomy
from agent.tools.naming import names_of

SECTOR_KEYS = ("sector", "sector_name", "industry", "industry_name", "name")
TICKER_KEYS = ("ticker", "symbol", "code")
SERIES_KEYS = ("indicator", "indicator_name", "series")
MAX_DEPTH = 100
DATE_KEYS = ("observed_at", "date", "as_of")
NESTED = (dict, list)
NUMBERS = (int, float)
"""Types of JSON's numbers; true and false are of another."""
Combine: TypeAlias = Literal["sum", "mean"]

# Words of metrics and units that say how the figures of several securities are one of their sector.
_AMOUNT = re.compile(
    r"\b(vnd|usd|eur|dong|đồng|tỷ|bn|mn|billions?|millions?|thousands?|shares|counts?|trades|lots"
    r"|values?|volumes?|amounts?|net|bought|sold|buy|sell|flows?|revenues?|profits?)\b"
)
_RATE = re.compile(r"(%|\b(percent|pct|ratio|share|growth|change|chg|returns?|margin|yield|per)\b)")
_PRICE = re.compile(r"\b(prices?|open|high|low|close|average|avg|mean)\b")


class Figure(NamedTuple):
    """`sector` is None for what concerns the whole market; `value` is None where the server had no number.

    `call` is the id of the tool call, `pointer` the JSON pointer into its result. With a `ticker` it is one security's,
    whose `sector` is None where no taxonomy knows it. What rows add up to has the pointer of their list.
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


class _Row(NamedTuple):
    """What a row is called, its figures, and by their metric how they are declared to add up with those of others."""

    called: str
    figures: list[Figure]
    combine: dict[str, Combine | None]


class FigureReader:
    """Reads results by what an agent file says of its tools, sectors and language; without a file, as they come."""

    def __init__(self, spec: AgentSpec | None = None) -> None:
        self._taxonomy, self._language = (spec.taxonomy, spec.language) if spec else (None, "en")
        servers = spec.servers if spec else ()
        self._mapped = [tool for tool in (spec.tools if spec else None) or [] if tool.tables]
        self._offered = {name: tool.tables for tool in self._mapped for name in names_of(tool.tool_name, servers)}

    def read(
        self, data: Any, *, offered_as: str, call: str, server: str | None = None, tool: str | None = None
    ) -> list[Figure]:
        """All figures in one tool's result, in the order in which they stand; after each table what its rows add up to.

        Rows of tickers are added up by sector, and so are rows whose names are those of one sector. An error has none.
        """
        if isinstance(data, dict) and (data.get("error") or data.get("errors")):
            return []
        figures: list[Figure] = []
        for place, rows in self._tables(data, offered_as, call, self._mappings(offered_as, server, tool)):
            read = list(rows)
            for row in read:
                figures += row.figures
            if self._taxonomy:
                figures += _added_up(read, place)
        return figures

    def dates(self, offered_as: str, server: str | None, tool: str | None) -> list[str]:
        """JSON paths of the dates in a tool's results that its mappings name."""
        return [each.dates for each in self._mappings(offered_as, server, tool) if each.dates]

    def _mappings(self, offered_as: str, server: str | None, tool: str | None) -> Sequence[FiguresSpec]:
        if offered_as in self._offered or server is None or tool is None:
            return self._offered.get(offered_as, ())
        return next((each.tables for each in self._mapped if each.means(server, tool)), ())

    def _tables(
        self, data: Any, tool: str, call: str, mappings: Sequence[FiguresSpec]
    ) -> Iterator[tuple[str, Iterator[_Row]]]:
        """The pointer of each table's rows, and its figures."""
        if mappings:
            for mapping in mappings:
                yield pointer(mapping.unwalked), self._of_mapping(mapping, data, tool, call)
            return
        for table in _tables(data, ""):
            yield table.pointer, _of_table(table, tool, call, self._taxonomy)

    def _of_mapping(self, mapping: FiguresSpec, data: Any, tool: str, call: str) -> Iterator[_Row]:
        for row in rows_of(mapping, data):
            places = (mapping.ticker, mapping.sector, mapping.name, mapping.date)
            ticker, named, name, observed = (_text_at(place, row, data) for place in places)
            if (mapping.ticker or mapping.sector) and not (ticker or named):
                continue
            sector = _sector(self._taxonomy, ticker, named)
            around = row.value if isinstance(row.value, dict) else {}
            observed = observed or _date(around) or _date(data if isinstance(data, dict) else {})
            read = _Row(ticker or named or "", [], {})
            for metric, about in mapping.metrics.items():
                found = found_at(about.at, row, data)
                if found is None or not (found.value is None or type(found.value) in (*NUMBERS, str)):
                    continue
                value, unit = self._number(found.value, about.scale)
                figure = Figure(
                    sector,
                    metric if name is None else _series(name, metric),
                    value,
                    about.unit or unit or _text(around.get("unit")),
                    about.lookback,
                    observed,
                    tool,
                    call,
                    pointer(found.steps),
                    ticker,
                )
                read.figures.append(figure)
                read.combine[figure.metric] = about.combine
            yield read

    def _number(self, said: float | str | None, scale: float) -> tuple[float | None, str | None]:
        """What stands there as a number, scaled as one of decimals, and the unit that it says itself."""
        value, unit = (number_in(said, self._language) or (None, None)) if isinstance(said, str) else (said, None)
        if (value := _finite(value)) is not None and scale != 1:
            value = _finite(float(Decimal(repr(value)) * Decimal(repr(scale))))
        return value, unit


def _text_at(place: str | None, row: Found, data: Any) -> str | None:
    found = found_at(place, row, data) if place else None
    return _text(found.value.strip()) if found and isinstance(found.value, str) else None


def _sector(taxonomy: Taxonomy | None, ticker: str | None, named: str | None) -> str | None:
    """By ticker, else by name; a name that the taxonomy does not have stays as it is."""
    if taxonomy is None:
        return named
    return (taxonomy.sector_of(ticker) if ticker else None) or (taxonomy.canonical(named) or named if named else None)


def _series(name: str, key: str) -> str:
    return name if key == "value" else f"{name} {key}"


def _added_up(rows: Iterable[_Row], place: str) -> Iterator[Figure]:
    """One figure for each sector, measure and date of which there are tickers, or rows of different names."""
    groups: dict[tuple[str | None, ...], list[tuple[_Row, Figure, float]]] = {}
    for row in rows:
        for each in row.figures:
            if each.sector is not None and each.value is not None:
                key = (each.sector, each.metric, each.unit, each.lookback, each.observed_at)
                groups.setdefault(key, []).append((row, each, each.value))
    for members in groups.values():
        row, first, _ = members[0]
        if first.ticker is not None or len({other.called for other, _, _ in members}) > 1:
            whole = math.fsum(value for _, _, value in members)
            is_sum = (row.combine.get(first.metric) or _combines(first.metric, first.unit)) == "sum"
            yield first._replace(value=whole if is_sum else whole / len(members), pointer=place, ticker=None)


def _combines(metric: str, unit: str | None) -> Combine:
    """Amounts are summed; percentages, ratios, prices and what nobody knows are averaged."""
    name, measure = (text.replace("_", " ").casefold() for text in (metric, unit or ""))
    is_amount = _AMOUNT.search(measure) if measure else _AMOUNT.search(name) and not _RATE.search(name)
    return "sum" if is_amount and not _PRICE.search(name) else "mean"


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


def _of_table(table: _Table, tool: str, call: str, taxonomy: Taxonomy | None) -> Iterator[_Row]:
    ticker_key = _ticker_key(table.rows, taxonomy) if taxonomy else None
    name_key = _name_key(table.rows) if ticker_key is None else ticker_key
    if name_key is None:
        return
    columns = _columns(table)
    observed_at, is_series = _date(table.around), name_key in SERIES_KEYS
    for at, row in enumerate(table.rows):
        name = row.get(name_key)
        if not isinstance(name, str):
            continue
        ticker = name if ticker_key else None
        sector = None if is_series else _sector(taxonomy, ticker, _sector_name(row) if ticker_key else name)
        observed, unit = _date(row) or observed_at, _text(row.get("unit"))
        place = f"{table.pointer}/{at}"
        figures = [
            Figure(
                sector,
                _series(name, key) if is_series else key,
                _finite(value),
                column.unit or unit,
                column.lookback,
                observed,
                tool,
                call,
                f"{place}/{column.pointer}",
                ticker,
            )
            for key, value in row.items()
            for column in (columns[key],)
            if type(value) in NUMBERS or (value is None and column.described)
        ]
        yield _Row(name, figures, {})
    if not is_series:
        yield from _totals(table, columns, observed_at, tool, call)


def _totals(
    table: _Table, columns: Mapping[str, _Column], observed_at: str | None, tool: str, call: str
) -> Iterator[_Row]:
    """Beside the rows, what has described columns of theirs and no other numbers: it is of the whole market."""
    above = table.pointer.rpartition("/")[0]
    for name, value in table.around.items():
        numbers = {key: each for key, each in value.items() if type(each) in NUMBERS} if type(value) is dict else {}
        if numbers and all(key in columns and columns[key].described for key in numbers):
            figures = [
                Figure(
                    None,
                    f"{name} {key}",
                    _finite(number),
                    columns[key].unit,
                    columns[key].lookback,
                    observed_at,
                    tool,
                    call,
                    f"{above}/{escaped(name)}/{columns[key].pointer}",
                )
                for key, number in numbers.items()
            ]
            yield _Row(name, figures, {})


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


def _ticker_key(rows: Sequence[Mapping[str, Any]], taxonomy: Taxonomy) -> str | None:
    """The key under which rows have the ticker of a security; a code is one where the taxonomy knows any of them."""
    for key in TICKER_KEYS:
        said = [value for row in rows if isinstance(value := row.get(key), str)]
        if said and (key != "code" or any(map(taxonomy.sector_of, said))):
            return key
    return None


def _sector_name(row: Mapping[str, Any]) -> str | None:
    """What a security's row calls its sector; its `name` is the security's own."""
    return next((name for key in SECTOR_KEYS if key != "name" and (name := _text(row.get(key)))), None)


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
