"""The days that strangers' data name: what a key says of its value, and which days a text or a number means.

A day is its ISO text, so that days compare as texts do.
"""

from __future__ import annotations

import re
import unicodedata
from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from enum import Enum, auto
from functools import lru_cache
from typing import Any, NamedTuple


class Span(NamedTuple):
    """The first and the last day of a day, week, month, quarter, half or year."""

    first: str
    last: str

    @property
    def is_day(self) -> bool:
        return self.first == self.last

    def is_label_of(self, other: Span) -> bool:
        """Whether another is a shorter one that begins within it: a month of this quarter."""
        return not self.is_day and self.first <= other.first <= self.last and other.length < self.length

    @property
    def length(self) -> int:
        return (date.fromisoformat(self.last) - date.fromisoformat(self.first)).days


class Said(Enum):
    """What a key says of its value."""

    NOTHING = auto()
    """A text may be a date all the same; a number is none."""
    DATE = auto()
    YEAR = auto()
    """A date, which may be a year alone."""
    START = auto()
    """Where a range begins: a date, which does not say when the range was observed."""
    KNOWN = auto()
    """When the values beside it became known, which decides alone."""
    UPDATED = auto()
    """Of an answer, when it was made; of a row, when it was revised."""
    ABOUT = auto()
    """An object whose dates are those of the object that holds it."""
    AHEAD = auto()
    """A day that is named ahead of time: compared where a row names no other."""
    METADATA = auto()
    """Of the making of an answer, of the range of a data set, or of a day to come: not compared with any day."""


_WORDS = {
    Said.START: {"start", "from", "begin", "since", "opened", "started"},
    Said.YEAR: {"period", "periods", "year", "years", "nam", "ky", "fiscal"},
    Said.DATE: {
        "date", "dates", "datetime", "day", "days", "dt", "time", "times", "timestamp", "timestamps", "ts", "t",
        "epoch", "quarter", "quarters", "month", "months", "week", "weeks", "session", "at", "on", "as", "asof", "end",
        "until", "ngay", "thang", "quy",
    },
}  # fmt: skip
_WHOLE = {
    Said.KNOWN: {"known_at"},
    Said.UPDATED: {
        "updated_at", "last_updated", "lastupdated", "last_update", "updated", "modified_at", "last_modified",
        "last_refreshed",
    },
    Said.DATE: {"d", "x"},
    Said.AHEAD: {
        "ex_dividend_date", "ex_date", "dividend_date", "earnings_date", "payment_date", "pay_date", "record_date",
        "settlement_date", "delivery_month", "contract", "contract_month",
    },
    Said.ABOUT: {
        "meta", "metadata", "meta_data", "header", "info", "about", "context", "key", "id", "index", "dimension",
        "dimensions", "attributes",
    },
    Said.METADATA: {
        "vintage", "realtime_start", "realtime_end", "oldest_available_date", "newest_available_date", "first",
        "last", "coverage", "range", "data_range", "date_range", "valid_until", "server_time", "response_time",
        "request_time", "version", "holidays", "source", "citation", "license", "url", "uri", "link", "href",
    },
}  # fmt: skip
_MADE = re.compile(
    r"(retrieved|fetched|generated|downloaded|requested|served|cached|computed|rendered|accessed|crawled)"
    r"(_(at|on|date|time|day))?|(forecast_for|target_(price_)?date|maturity|matures|expir|next_|upcoming_|due_).*"
    r"|scheduled.*|(.*_)?(version|fiscal_year_end)"
)
_AMOUNTS = {
    "high", "low", "open", "close", "price", "volume", "return", "returns", "value", "turnover", "amount", "cap", "buy",
    "sell", "net", "average", "avg", "mean", "sum", "total", "change", "ratio", "rate", "yield", "growth", "revenue",
    "profit", "income", "sales", "eps", "shares", "trades", "count", "horizon",
}  # fmt: skip
"""In a key, they make its value a number, unless the key ends in a word of its own for a date."""
_DATE_ENDS = ("date", "datetime", "time", "timestamp", "at", "on")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NUMBERED = re.compile(r"^\d{1,2}\. ")
_BLANK = re.compile(r"[^a-z0-9]+")


@lru_cache(maxsize=4096)
def name_of(key: str) -> str:
    """In small letters, its words joined by `_`, without a number before it: `tradingDate` → `trading_date`."""
    return _BLANK.sub("_", plain(_CAMEL.sub("_", _NUMBERED.sub("", key)))).strip("_")


@lru_cache(maxsize=4096)
def said_by(key: str) -> Said:
    """`tradingDate`, `Ngày giao dịch` and `observed_at` are dates; `retrieved_at` and `yearHigh` are not."""
    name = name_of(key)
    if _MADE.fullmatch(name):
        return Said.METADATA
    for said, names in _WHOLE.items():
        if name in names:
            return said
    words = name.split("_")
    if words[-1] not in _DATE_ENDS and not _AMOUNTS.isdisjoint(re.findall("[a-z]+", name)):
        return Said.NOTHING
    return next((said for said, known in _WORDS.items() if not known.isdisjoint(words)), Said.NOTHING)


@lru_cache(maxsize=4096)
def has_digits(key: str) -> bool:
    return any(map(str.isdigit, key))


def plain(text: str) -> str:
    """In small letters without accents."""
    folded = unicodedata.normalize("NFD", text.casefold()).replace("đ", "d")
    return folded if folded.isascii() else "".join(each for each in folded if not unicodedata.combining(each))


_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_ENDINGS = ["uary", "ruary", "ch", "il", "", "e", "y", "ust", "t(?:ember)?", "ober", "ember", "ember"]
MONTH = f"(?:{'|'.join(f'{name}(?:{end})?' for name, end in zip(_MONTHS, _ENDINGS, strict=True))})"
_NAME = rf"({MONTH})\.?"
_CLOCK = r"(?:[t ,]+\d{1,2}(?::?\d\d){1,2}.*)?"
FORMS: list[tuple[re.Pattern[str], str]] = [
    (re.compile(form, re.ASCII), order)
    for form, order in (
        (r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})" + _CLOCK, "ymd"),
        (r"(\d{4})(\d\d)(\d\d)t\d{4}.*", "ymd"),
        (r"(?:\d{1,2}:\d\d(?::\d\d)?[ ,]+)?(?:ngay )?(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})" + _CLOCK, "dmy"),
        (r"(\d{1,2})/(\d{1,2})/(\d\d)" + _CLOCK, "dmy"),
        (r"(?:ngay )?(\d{1,2}) thang (\d{1,2})(?: nam |[ ,/-]+)(\d{4})", "dmy"),
        (rf"(?:[a-z]+\.?,? )?(\d{{1,2}})(?:st|nd|rd|th)?[ -]{_NAME}[ ,-]+(\d{{4}})" + _CLOCK, "dmy"),
        (rf"(\d{{1,2}})[ -]{_NAME}(?:-|[ -]?')(\d\d)" + _CLOCK, "dmy"),
        (rf"(\d{{1,2}}) ({'|'.join(_MONTHS)}) (\d\d)", "dmy"),
        (rf"(?:[a-z]+\.?,? )?{_NAME} (\d{{1,2}})(?:st|nd|rd|th)?,? (\d{{4}})" + _CLOCK, "mdy"),
        (r"(\d{4})[-/m](\d{1,2})", "ym"),
        (r"(?:thang |t)?(\d{1,2})[-/](?:nam )?(\d{4})", "my"),
        (r"(?:thang )(\d{1,2}) (?:nam )?(\d{4})", "my"),
        (rf"{_NAME}[ ,-]+(\d{{4}})", "my"),
        (rf"{_NAME}(?:-| ?')(\d\d)", "my"),
        (r"(?:fy ?)?(\d{4})[ /-]?q([1-4])", "yq"),
        (r"(?:q|quy )(iv|i{1,3}|[1-4])(?:[ /'-]+(?:nam |fy ?)?|fy ?)(\d{4})", "qy"),
        (r"q([1-4])(?:[ /-]|[ -]?'|[ -]?fy)(\d\d)", "qy"),
        (r"([1-4])q[ /'-]?(\d{4}|\d\d)", "qy"),
        (r"(\d{4})[ /-]?h([12])", "yh"),
        (r"h([12])[ /'-]+(\d{4})", "hy"),
        (r"h([12])[ /'-](\d\d)", "hy"),
        (r"([12])h[ /'-]?(\d{4}|\d\d)", "hy"),
        (r"(\d{4})-?w(\d\d)-?([1-7])", "ywn"),
        (r"(\d{4})-?w(\d\d)", "yw"),
        (r"fy ?(\d{4})", "y"),
        (r"fy'?(\d\d)", "y"),
    )
]
FORMS_BELOW_DATES = [
    (re.compile(form, re.ASCII), order)
    for form, order in ((r"(\d{4})(\d\d)(\d\d)", "ymd"), (r"(\d{4})\.?(\d\d)", "ym"), (r"(\d{4})", "y"))
]
"""Texts that are dates only where a key says so."""
_UNSAID = (Said.NOTHING, Said.ABOUT)
_SHORT: dict[Said, list[tuple[re.Pattern[str], str]]] = {Said.NOTHING: [], Said.ABOUT: []}
_AFTERNOON = re.compile(r"[t ](1[67]):?00(?::?00)?(?:\.0+)? ?(?:z|utc|gmt|[+-]00:?00)$")
LONGEST = 40
"""Characters of a text that is a date and nothing else."""


@lru_cache(maxsize=16384)
def span_of_text(text: str, said: Said = Said.NOTHING, *, month_first: bool = False) -> Span | None:
    """The days that a text as a whole means, below a key that says so much. `month_first`: 07/01/2025 is in July.

    An instant told in UTC at 16 or 17 o'clock is midnight somewhere from Hanoi to Hong Kong, which is how daily data of
    those markets are written: it is of the next day.
    """
    text = plain(text.strip())
    if len(text) > LONGEST:
        return None
    for form, order in (*FORMS, *_SHORT.get(said, FORMS_BELOW_DATES)):
        if found := form.fullmatch(text):
            parts = dict(zip(order, found.groups(), strict=True))
            if order == "dmy" and parts["m"].isdigit() and (month_first or int(parts["m"]) > 12):
                parts["d"], parts["m"] = parts["m"], parts["d"]
            span = _span(parts)
            return _next(span) if span and span.is_day and _AFTERNOON.search(text) else span
    return None


def _span(parts: dict[str, str]) -> Span | None:
    numbers = {name: _number(text) for name, text in parts.items()}
    year = numbers["y"] + 2000 * (len(parts["y"]) == 2)
    if not 1900 <= year < 2200:  # 9999-12-31 stands for no end
        return None
    try:
        if "d" in numbers:
            day = date(year, numbers["m"], numbers["d"]).isoformat()
            return Span(day, day)
        if "n" in numbers:
            day = date.fromisocalendar(year, numbers["w"], numbers["n"]).isoformat()
            return Span(day, day)
        if "w" in numbers:
            week = [date.fromisocalendar(year, numbers["w"], at) for at in (1, 7)]
            return Span(week[0].isoformat(), week[1].isoformat())
        length = {"m": 1, "q": 3, "h": 6}
        name = next((name for name in length if name in numbers), None)
        first = 1 if name is None else (numbers[name] - 1) * length[name] + 1
        last = 12 if name is None else first + length[name] - 1
        return Span(date(year, first, 1).isoformat(), date(year, last, monthrange(year, last)[1]).isoformat())
    except ValueError:
        return None


def _number(text: str) -> int:
    roman = {"i": 1, "ii": 2, "iii": 3, "iv": 4}
    return int(text) if text.isdigit() else roman[text] if text in roman else _MONTHS.index(text[:3]) + 1


def _next(span: Span) -> Span:
    day = (date.fromisoformat(span.first) + timedelta(days=1)).isoformat()
    return Span(day, day)


def next_weekday(day: str) -> date:
    """The first day after an ISO date on which there may be a session again: live data are of the date until then."""
    following = date.fromisoformat(day) + timedelta(days=1)
    return following + timedelta(days=7 - following.weekday() if following.weekday() > 4 else 0)


EARLIEST, LATEST = 631_152_000, 4_102_444_800
"""Seconds since 1970 of 1990 and 2100."""


def span_of(value: Any, said: Said, *, month_first: bool = False) -> Span | None:
    """The days that a value means below a key that says so much of it."""
    if type(value) is str:
        span = span_of_text(value, said, month_first=month_first)
        is_number = said not in _UNSAID and value.isdecimal() and value.isascii() and 9 <= len(value) <= 19
        return span or (instant(int(value)) if is_number else None)
    if type(value) not in (int, float) or said in _UNSAID or not abs(value) < 1e20:
        return None
    least = 1900 if said is Said.YEAR else 190_000  # elsewhere four digits are as often a clock, or a count
    written = span_of_text(str(int(value)), said) if value == int(value) and least <= value < 22_000_000 else None
    return written or instant(value)


def instant(number: float) -> Span | None:
    """The day of a number of seconds, milliseconds, microseconds or nanoseconds since 1970; None for other numbers."""
    seconds = float(number)
    for _ in range(3):
        seconds = seconds / 1000 if seconds > LATEST else seconds
    if not EARLIEST <= seconds < LATEST:
        return None
    return span_of_text(datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))


_SLASHED = re.compile(r"(?<![\d/])(\d{1,2})/(\d{1,2})/(\d{4}|\d\d)(?![\d/])")


def is_month_first(text: str, as_of: str) -> bool:
    """Whether dates with slashes begin with the month: by those that can be read in one way only, or else in the way
    that brings the one furthest from an ISO date nearest to it."""
    slashed = set(_SLASHED.findall(text))
    firsts, seconds = (any(int(each[at]) > 12 for each in slashed) for at in (0, 1))
    if firsts or seconds or not slashed:
        return seconds and not firsts
    day = date.fromisoformat(as_of)
    furthest = []
    for month_first in (False, True):
        spans = [span_of_text("/".join(each), month_first=month_first) for each in slashed]
        furthest.append(max((abs(date.fromisoformat(span.last) - day) for span in spans if span), default=timedelta()))
    return furthest[1] < furthest[0]
