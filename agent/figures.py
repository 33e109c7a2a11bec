"""Tool results → figures: one number each, with its sector, metric, unit, lookback, date and where it stood.

Read as an agent file's `figures` says, by its `sectors`; without any declaration, as `agent.tabular` finds them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from agent import tabular
from agent.mapping import FiguresSpec, Found, found_at, rows_of
from agent.numerals import number_in
from agent.pointers import pointer
from agent.readings import NUMBERS, Combine, Reading, Row, date_in, finite, sector_of, series, text
from agent.spec import AgentSpec
from agent.tools.naming import names_of

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
        readings: list[Reading] = []
        for place, rows in self._tables(data, self._mappings(offered_as, server, tool)):
            for row in rows:
                readings += row.readings
            if self._taxonomy:
                readings += _added_up(rows, place)
        return [Figure(*each[:6], offered_as, call, each.pointer, each.ticker) for each in readings]

    def dates(self, offered_as: str, server: str | None, tool: str | None) -> list[str]:
        """JSON paths of the dates in a tool's results that its mappings name."""
        return [each.dates for each in self._mappings(offered_as, server, tool) if each.dates]

    def _mappings(self, offered_as: str, server: str | None, tool: str | None) -> Sequence[FiguresSpec]:
        if offered_as in self._offered or server is None or tool is None:
            return self._offered.get(offered_as, ())
        return next((each.tables for each in self._mapped if each.means(server, tool)), ())

    def _tables(self, data: Any, mappings: Sequence[FiguresSpec]) -> Iterator[tuple[str, list[Row]]]:
        """The pointer of each table's rows, and these."""
        if mappings:
            for mapping in mappings:
                yield pointer(mapping.unwalked), list(self._of_mapping(mapping, data))
            return
        for table in tabular.tables(data):
            yield table.pointer, list(tabular.rows_of(table, self._taxonomy, self._language))

    def _of_mapping(self, mapping: FiguresSpec, data: Any) -> Iterator[Row]:
        for row in rows_of(mapping, data):
            places = (mapping.ticker, mapping.sector, mapping.name, mapping.date)
            ticker, named, name, observed = (_text_at(place, row, data) for place in places)
            if (mapping.ticker or mapping.sector) and not (ticker or named):
                continue
            sector = sector_of(self._taxonomy, ticker, named)
            around = row.value if isinstance(row.value, dict) else {}
            observed = observed or date_in(around) or date_in(data if isinstance(data, dict) else {})
            readings: list[Reading] = []
            combine: dict[str, Combine | None] = {}
            for key, about in mapping.metrics.items():
                found = found_at(about.at, row, data)
                if found is None or not (found.value is None or type(found.value) in (*NUMBERS, str)):
                    continue
                value, unit = self._number(found.value, about.scale)
                unit = about.unit or unit or text(around.get("unit"))
                metric, place = key if name is None else series(name, key), pointer(found.steps)
                readings.append(Reading(sector, metric, value, unit, about.lookback, observed, place, ticker))
                combine[metric] = about.combine
            yield Row(ticker or named or "", readings, combine)

    def _number(self, said: float | str | None, scale: float) -> tuple[float | None, str | None]:
        """What stands there as a number, scaled as one of decimals, and the unit that it says itself."""
        value, unit = (number_in(said, self._language) or (None, None)) if isinstance(said, str) else (said, None)
        if (value := finite(value)) is not None and scale != 1:
            value = finite(float(Decimal(repr(value)) * Decimal(repr(scale))))
        return value, unit


def _text_at(place: str | None, row: Found, data: Any) -> str | None:
    found = found_at(place, row, data) if place else None
    return text(found.value.strip()) if found and isinstance(found.value, str) else None


def _added_up(rows: Iterable[Row], place: str) -> Iterator[Reading]:
    """One figure for each sector, measure and date of which there are tickers, or rows of different names."""
    groups: dict[tuple[str | None, ...], list[tuple[Row, Reading, float]]] = {}
    for row in rows:
        for each in row.readings:
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
