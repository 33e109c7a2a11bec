"""What is read of a result, before a call has its name on it: numbers by sector, and what rows of them are called."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

from agent.days import Said, plain, said_by, span_of
from agent.taxonomy import Taxonomy, folded

NUMBERS = (int, float)
"""Types of JSON's numbers; true and false are of another."""
DATE_KEYS = ("observed_at", "date", "as_of")
"""Those that come first where a row names several days."""
Combine: TypeAlias = Literal["sum", "mean"]

_MEASURES = re.compile(r"value|volume|amount|net|price|high|low|return|change|flow|turnover|average|avg|share|count")
"""Words of keys whose numbers are no dates, whatever else they say: net_value_20_days."""
_TOTALS = {
    "total", "totals", "grandtotal", "all", "allsectors", "allindustries", "overall", "market", "themarket",
    "wholemarket", "totalmarket", "allmarket", "average", "marketaverage", "benchmark",
    "toanthitruong", "thitruong", "thitruongchung", "cathitruong", "tong", "tongcong", "trungbinh",
}  # fmt: skip
_INDICES = {
    "vnindex", "vn30", "vn100", "vnallshare", "hnx", "hnxindex", "hnx30", "hose", "hsx", "upcom",
    "sp500", "spx", "gspc", "dowjones", "dowjonesindustrialaverage", "djia", "dji", "nasdaq", "nasdaqcomposite",
    "nasdaq100", "ndx", "ixic", "russell1000", "russell2000", "russell3000", "msciworld", "msciacwi", "ftse100",
    "stoxx600", "stoxxeurope600", "eurostoxx50", "dax", "cac40", "nikkei", "nikkei225", "topix", "hangseng", "kospi",
    "csi300", "sensex", "nifty", "nifty50",
}  # fmt: skip


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
    """What a row is called, its numbers, and by their metric how they are declared to add up with those of others.

    `deals`: metrics of which each row has a part, even if several rows have one name.
    """

    called: str
    readings: list[Reading]
    combine: Mapping[str, Combine | None]
    deals: frozenset[str] = frozenset()


class Subject(NamedTuple):
    """Whom a row is about: a sector, a security of one, or the whole market, which then begins its metrics' names."""

    sector: str | None
    ticker: str | None = None
    market: str | None = None

    def metric(self, name: str) -> str:
        return series(self.market, name) if self.market else name


class Naming:
    """Whom the names in rows mean, by what an agent file says of sectors and of the benchmark."""

    def __init__(
        self, taxonomy: Taxonomy | None = None, universe: Sequence[str] = (), benchmark: str | None = None
    ) -> None:
        self.taxonomy = taxonomy
        self._universe = {folded(name) for name in universe}
        self._indices = _INDICES | ({_letters(benchmark)} if benchmark else set())
        self._markets = self._indices | _TOTALS

    def subject(self, ticker: str | None, named: str | None) -> Subject:
        """By ticker, else by name. A total or an index is no sector; any other unknown name stays as it is."""
        sector = self._sector(ticker, named)
        if sector is None and (market := self._market(ticker, named)):
            return Subject(None, market=market)
        return Subject(sector or named, ticker)

    def called(self, subject: Subject, named: str) -> str:
        """Equal for all spellings of one security or one name."""
        return self.taxonomy.security(subject.ticker) if self.taxonomy and subject.ticker else folded(named)

    def _sector(self, ticker: str | None, named: str | None) -> str | None:
        own = named if named and self._universe and folded(named) in self._universe else None
        if self.taxonomy is None:
            return own
        return (self.taxonomy.sector_of(ticker) if ticker else None) or (
            self.taxonomy.canonical(named) or own if named else None
        )

    def _market(self, ticker: str | None, named: str | None) -> str | None:
        name = ticker or named or ""
        known = self._indices if ticker else self._markets
        letters = _letters(name)
        return name if letters in known or letters.removesuffix("index") in known else None


def _letters(name: str) -> str:
    """Equal for VN-Index, VNINDEX and `vn index`."""
    return "".join(filter(str.isalnum, plain(name)))


def series(name: str, key: str) -> str:
    """The metric of a series' value, or of what stands beside it."""
    return name if key == "value" else f"{name} {key}"


def finite(value: float | None) -> float | None:
    """None for what no float can hold: a server may write an integer of any length."""
    try:
        return None if value is None or not math.isfinite(value) else float(value)
    except OverflowError:
        return None


def day_of(value: Any, said: Said = Said.YEAR) -> str | None:
    """The day that a value means, or the first and last of its month or year; such texts compare as days do."""
    span = span_of(value, said)
    return None if span is None else span.first if span.is_day else f"{span.first}/{span.last}"


def says_day(key: str) -> bool:
    """Whether a key says that its value is the day of what stands beside it."""
    return said_by(key) in (Said.DATE, Said.YEAR)


def days_in(values: Mapping[str, Any]) -> dict[str, str]:
    """Key → day, of all keys that say so."""
    days = {}
    for key, value in values.items():
        if not says_day(key) or (type(value) in NUMBERS and _MEASURES.search(key.casefold())):
            continue
        if day := day_of(value, said_by(key)):
            days[key] = day
    return days


def date_in(values: Mapping[str, Any]) -> str | None:
    return date_of(days_in(values))


def date_of(days: Mapping[str, str]) -> str | None:
    """The one under a customary key, else the latest."""
    return next((days[key] for key in DATE_KEYS if key in days), max(days.values(), default=None))


def text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
