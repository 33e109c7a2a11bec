"""Tool results → figures: one number each, with its sector, metric, unit, lookback, date and where it stood.

Read as an agent file's `figures` says, by its `sectors`; without any declaration, as `agent.tabular` finds them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import takewhile
from typing import Any, NamedTuple, TypeVar

from agent import tabular
from agent.mapping import FiguresSpec, Found, MetricSpec, found_at, rows_of, start_of
from agent.numerals import number_in
from agent.pointers import pointer
from agent.readings import NUMBERS, Combine, Naming, Reading, Row, date_in, day_of, finite, series, text
from agent.shapes import Steps
from agent.spec import AgentSpec
from agent.taxonomy import Taxonomy
from agent.tools.naming import names_of

# Words of metrics and units that say how the figures of several securities are one of their sector.
_AMOUNT = re.compile(
    r"\b(vnd|usd|eur|dong|đồng|tỷ|bn|mn|billions?|millions?|thousands?|shares|counts?|trades|lots"
    r"|values?|volumes?|amounts?|net|bought|sold|buy|sell|flows?|revenues?|profits?|cap|capitali[sz]ation|vốn hóa)\b"
)
_RATE = re.compile(r"(%|\b(percent|pct|ratio|share|growth|change|chg|returns?|margin|yield|per)\b)")
_PRICE = re.compile(
    r"\b(prices?|open|high|low|close|average|avg|mean|eps|bvps|book value|nav|dividends?|per share|a share)\b"
)
_PER_SHARE = re.compile(r"(\bper|/)\s*(share|cp|cổ phiếu|cổ phần)")
_RANK = re.compile(r"\b(ranks?|ranking|ordinal|xếp hạng|thứ hạng)\b")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
K = TypeVar("K", bound=Hashable)


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


def latest(figures: Iterable[Figure], key: Callable[[Figure], K]) -> dict[K, Figure]:
    """One figure for each key: the one observed last, and of equally old ones the one delivered last."""
    kept: dict[K, Figure] = {}
    for figure in figures:
        place = key(figure)
        kept[place] = newer(kept.get(place), figure)
    return kept


def newer(before: Figure | None, figure: Figure) -> Figure:
    if before is not None and (before.observed_at or "") > (figure.observed_at or ""):
        return before
    return figure


class FigureReader:
    """Reads results by what an agent file says of its tools, sectors and benchmark; without a file, as they come."""

    def __init__(self, spec: AgentSpec | None = None) -> None:
        self._naming = Naming(spec.taxonomy, spec.universe_sectors, spec.benchmark) if spec else Naming()
        servers = spec.servers if spec else ()
        self._mapped = [tool for tool in (spec.tools if spec else None) or [] if tool.tables]
        self._offered = {name: tool.tables for tool in self._mapped for name in names_of(tool.tool_name, servers)}

    def read(
        self, data: Any, *, offered_as: str, call: str, server: str | None = None, tool: str | None = None
    ) -> list[Figure]:
        """All figures in one tool's result, in the order in which they stand, and then what its rows add up to.

        Rows of tickers are added up by sector, and so are rows whose names are those of one sector. An error has none.
        """
        if is_error(data):
            return []
        tables = list(self._tables(data, self.mappings(offered_as, server, tool)))
        readings = [each for _, rows in tables for row in rows for each in row.readings]
        if self._naming.taxonomy:
            readings += _added_up(tables)
        return [Figure(*each[:6], offered_as, call, each.pointer, each.ticker) for each in readings]

    @property
    def taxonomy(self) -> Taxonomy | None:
        """The sectors that an answer may name; None where the file has none."""
        return self._naming.taxonomy

    def dates(self, offered_as: str, server: str | None, tool: str | None) -> list[Steps]:
        """The steps to the dates in a tool's results that its mappings name."""
        return [each.dates for each in self.mappings(offered_as, server, tool) if each.dates]

    def knows(self, offered_as: str) -> bool:
        """Whether the file says where the figures of a tool stand."""
        return offered_as in self._offered

    def mappings(self, offered_as: str, server: str | None, tool: str | None) -> Sequence[FiguresSpec]:
        """What the file says of a tool's results, one for each table; nothing where it leaves them to be found."""
        if offered_as in self._offered or server is None or tool is None:
            return self._offered.get(offered_as, ())
        return next((each.tables for each in self._mapped if each.means(server, tool)), ())

    def _tables(self, data: Any, mappings: Sequence[FiguresSpec]) -> Iterator[tuple[str, list[Row]]]:
        """The pointer of each table's rows, and these."""
        if mappings:
            for mapping in mappings:
                yield pointer(start_of(mapping, data)), list(self._of_mapping(mapping, data))
            return
        for table in tabular.tables(data):
            yield table.pointer, list(tabular.rows_of(table, self._naming))

    def _of_mapping(self, mapping: FiguresSpec, data: Any) -> Iterator[Row]:
        for row in rows_of(mapping, data):
            ticker, named, name = (
                _text_at(place, row, data) for place in (mapping.ticker, mapping.sector, mapping.name)
            )
            if (mapping.ticker or mapping.sector) and not (ticker or named):
                continue
            whose = self._naming.subject(ticker, named)
            around = row.value if isinstance(row.value, dict) else {}
            observed = _day_at(mapping.date, row, data) or date_in(around)
            observed = observed or date_in(data if isinstance(data, dict) else {})
            readings: list[Reading] = []
            combine: dict[str, Combine | None] = {}
            deals: set[str] = set()
            for key, about in mapping.metrics.items():
                found = found_at(about.at, row, data)
                if found is None or not (found.value is None or type(found.value) in (*NUMBERS, str)):
                    continue
                value, unit = _number(found.value, about, mapping.decimal_comma)
                unit = about.unit or unit or text(around.get("unit"))
                metric, place = whose.metric(key if name is None else series(name, key)), pointer(found.steps)
                if about.sign and value is not None:
                    value = about.sign.signed(value, _text_at(about.sign.at, row, data))
                    deals.add(metric)
                readings.append(
                    Reading(whose.sector, metric, value, unit, about.lookback, observed, place, whose.ticker)
                )
                combine[metric] = about.combine
            yield Row(self._naming.called(whose, ticker or named or ""), readings, combine, frozenset(deals))


def is_error(data: Any) -> bool:
    """Whether a result is one by its content."""
    return isinstance(data, dict) and bool(data.get("error") or data.get("errors"))


def _number(said: float | str | None, about: MetricSpec, decimal_comma: bool) -> tuple[float | None, str | None]:
    """What stands there as a number, scaled as one of decimals, and the unit that it says itself."""
    value: float | None
    unit: str | None
    if isinstance(said, str):
        value, unit = number_in(said, decimal_comma=decimal_comma) or (None, None)
    else:
        value, unit = said, None
    if (value := finite(value)) is not None and about.scale != 1:
        value = finite(float(Decimal(repr(value)) * Decimal(repr(about.scale))))
    return value, unit


def _text_at(place: str | None, row: Found, data: Any) -> str | None:
    found = found_at(place, row, data) if place else None
    return text(found.value.strip()) if found and isinstance(found.value, str) else None


def _day_at(place: str | None, row: Found, data: Any) -> str | None:
    found = found_at(place, row, data) if place else None
    return day_of(found.value) if found else None


class _Part(NamedTuple):
    """A number that adds up with others; `place`: the pointer of the list in which its row stands."""

    place: str
    row: Row
    reading: Reading
    value: float


def _added_up(tables: Iterable[tuple[str, list[Row]]]) -> Iterator[Reading]:
    """One figure for each sector, measure and date of which a list has rows of different names, or the lists of a
    result have tickers, unless the result says itself what the sector's is.
    """
    groups: dict[tuple[str | None, ...], list[_Part]] = {}
    told: set[tuple[str | None, ...]] = set()
    for place, rows in tables:
        for row in rows:
            for each in row.readings:
                if each.sector is None or each.value is None:
                    continue
                about = (each.sector, each.metric, each.lookback, each.observed_at)
                if each.ticker is None:
                    told.add(about)
                whole = (*about, each.unit, place if each.ticker is None else None)
                groups.setdefault(whole, []).append(_Part(place, row, each, each.value))
    for key, parts in groups.items():
        is_tickers = parts[0].reading.ticker is not None
        if key[:4] not in told if is_tickers else len({part.row.called for part in parts}) > 1:
            yield from _whole(parts)


def _whole(parts: Sequence[_Part]) -> Iterator[Reading]:
    """What numbers of several names are together. Each name counts once, or with all of its deals; what has different
    numbers for one name, such as those of days that it does not tell apart, is none.
    """
    row, first = parts[0].row, parts[0].reading
    once = {(each.row.called, each.value) for each in parts}
    is_deals = first.metric in row.deals
    combine = row.combine.get(first.metric) or _combines(first.metric, first.unit)
    if combine and (is_deals or len({called for called, _ in once}) == len(once)):
        numbers = [each.value for each in parts] if is_deals else [value for _, value in once]
        whole = math.fsum(numbers) / (1 if combine == "sum" else len(numbers))
        place = _shared([each.place for each in parts])
        yield first._replace(value=whole, pointer=place, ticker=None)


def _combines(metric: str, unit: str | None) -> Combine | None:
    """Amounts are summed; percentages, ratios, prices and what nobody knows are averaged; ranks are neither."""
    name, measure = (_CAMEL.sub(" ", text.replace("_", " ")).casefold() for text in (metric, unit or ""))
    if _RANK.search(f"{name} {measure}"):
        return None
    is_amount = _AMOUNT.search(measure) if measure else _AMOUNT.search(name) and not _RATE.search(name)
    return "sum" if is_amount and not _PRICE.search(name) and not _PER_SHARE.search(measure) else "mean"


def _shared(pointers: list[str]) -> str:
    """The pointer of what holds all of them."""
    levels = zip(*(each.split("/") for each in pointers), strict=False)
    return "/".join(names[0] for names in takewhile(lambda names: len(set(names)) == 1, levels))
