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
    Said.UPDATED: {"updated_at", "last_updated", "last_update", "updated", "modified_at", "last_modified"},
    Said.ABOUT: {
        "meta", "metadata", "header", "info", "about", "context", "key", "id", "index", "dimension", "dimensions",
        "attributes",
    },
    Said.METADATA: {
        "vintage", "first", "last", "coverage", "range", "data_range", "date_range", "valid_until", "server_time",
        "response_time", "request_time", "version", "holidays", "source", "citation", "license", "url", "uri", "link",
        "href",
    },
}  # fmt: skip
_MADE = re.compile(
    r"(retrieved|fetched|generated|downloaded|requested|served|cached|computed|rendered|accessed|crawled)"
    r"(_(at|on|date|time|day))?|(forecast_for|target_date|maturity|matures|expir|next_|upcoming_|due_|scheduled).*"
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_BLANK = re.compile(r"[^a-z0-9]+")


@lru_cache(maxsize=4096)
def said_by(key: str) -> Said:
    """`tradingDate`, `Ngày giao dịch` and `observed_at` are dates; `retrieved_at` and `next_report` are not."""
    name = _BLANK.sub("_", plain(_CAMEL.sub("_", key))).strip("_")
    if _MADE.fullmatch(name):
        return Said.METADATA
    for said, names in _WHOLE.items():
        if name in names:
            return said
    words = set(name.split("_"))
    return next((said for said, known in _WORDS.items() if words & known), Said.NOTHING)


@lru_cache(maxsize=4096)
def has_digits(key: str) -> bool:
    return any(map(str.isdigit, key))


def plain(text: str) -> str:
    """In small letters without accents."""
    folded = unicodedata.normalize("NFD", text.casefold()).replace("đ", "d")
    return folded if folded.isascii() else "".join(each for each in folded if not unicodedata.combining(each))


_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_NAME = rf"({'|'.join(_MONTHS)})[a-z]*\.?"
_CLOCK = r"(?:[t ,]+\d{1,2}(?::?\d\d){1,2}.*)?"
_FORMS: list[tuple[re.Pattern[str], str]] = [
    (re.compile(form), order)
    for form, order in (
        (r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})" + _CLOCK, "ymd"),
        (r"(\d{4})(\d\d)(\d\d)t\d{4}.*", "ymd"),
        (r"(?:\d{1,2}:\d\d(?::\d\d)?[ ,]+)?(?:ngay )?(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})" + _CLOCK, "dmy"),
        (rf"(?:[a-z]+\.?,? )?(\d{{1,2}})(?:st|nd|rd|th)?[ -]{_NAME}[ ,-]+(\d{{4}})" + _CLOCK, "dmy"),
        (rf"(?:[a-z]+\.?,? )?{_NAME} (\d{{1,2}})(?:st|nd|rd|th)?,? (\d{{4}})" + _CLOCK, "mdy"),
        (r"(\d{4})[-/m](\d{1,2})", "ym"),
        (r"(?:thang )?(\d{1,2})[-/](?:nam )?(\d{4})", "my"),
        (rf"{_NAME}[ ,-]+(\d{{4}})", "my"),
        (r"(\d{4})[ /-]?q([1-4])", "yq"),
        (r"(?:q|quy )(iv|i{1,3}|[1-4])[ /'-]*(?:nam )?(\d{4})", "qy"),
        (r"([1-4])q[ /'-]?(\d{4}|\d\d)", "qy"),
        (r"(\d{4})[ /-]?h([12])", "yh"),
        (r"h([12])[ /'-]?(\d{4})", "hy"),
        (r"(\d{4})-?w(\d\d)", "yw"),
        (r"fy ?(\d{4})", "y"),
    )
]
_BELOW_DATE = [(re.compile(r"(\d{4})(\d\d)(\d\d)"), "ymd"), (re.compile(r"(\d{4})\.?(\d\d)"), "ym")]
"""Texts that are dates only where a key says so."""
_BELOW_YEAR = [*_BELOW_DATE, (re.compile(r"(\d{4})"), "y")]
_UNSAID = (Said.NOTHING, Said.ABOUT)
_SHORT = {Said.NOTHING: [], Said.ABOUT: [], Said.YEAR: _BELOW_YEAR}
_AFTERNOON = re.compile(r"[t ](1[4-7]):?00(?::?00)?(?:\.0+)? ?(?:z|utc|gmt|[+-]00:?00)$")
LONGEST = 40
"""Characters of a text that is a date and nothing else."""


@lru_cache(maxsize=16384)
def span_of_text(text: str, said: Said = Said.NOTHING, *, month_first: bool = False) -> Span | None:
    """The days that a text as a whole means, below a key that says so much. `month_first`: 07/01/2025 is in July.

    An instant told in UTC at a full hour from 14 to 17 o'clock is midnight somewhere from Bangkok to Sydney, which is
    how daily data of those markets are written: it is of the next day.
    """
    text = plain(text.strip())
    if len(text) > LONGEST:
        return None
    for form, order in (*_FORMS, *_SHORT.get(said, _BELOW_DATE)):
        if found := form.fullmatch(text):
            parts = dict(zip(order, found.groups(), strict=True))
            if order == "dmy" and parts["m"].isdigit() and (month_first or int(parts["m"]) > 12):
                parts["d"], parts["m"] = parts["m"], parts["d"]
            span = _span(parts)
            return _next(span) if span and span.is_day and _AFTERNOON.search(text) else span
    return None


def _span(parts: dict[str, str]) -> Span | None:
    numbers = {name: _number(text) for name, text in parts.items()}
    year = numbers["y"] + 2000 * (numbers["y"] < 100)
    if not 1900 <= year < 2200:  # 9999-12-31 stands for no end
        return None
    try:
        if "d" in numbers:
            day = date(year, numbers["m"], numbers["d"]).isoformat()
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
        is_number = said not in _UNSAID and value.isdecimal() and 9 <= len(value) <= 19
        return span or (instant(int(value)) if is_number else None)
    if type(value) not in (int, float) or said in _UNSAID or not abs(value) < 1e20:
        return None
    written = span_of_text(str(int(value)), said) if value == int(value) and 1900 <= value < 22_000_000 else None
    return written or instant(value)


def instant(number: float) -> Span | None:
    """The day of a number of seconds, milliseconds, microseconds or nanoseconds since 1970; None for other numbers."""
    seconds = float(number)
    for _ in range(3):
        seconds = seconds / 1000 if seconds > LATEST else seconds
    if not EARLIEST <= seconds < LATEST:
        return None
    return span_of_text(datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
