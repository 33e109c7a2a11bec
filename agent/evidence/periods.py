"""Over which period a number is said to be: `(3M)` behind it, or `over one year` and `3-month` in its clause."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from agent.evidence import words
from agent.lookbacks import days_of

ALIKE = 0.1
"""The share by which two lookbacks may differ and be one: 20 sessions and a month."""
_COUNTED = rf"(?P<count>\d{{1,4}}|{'|'.join(words.NUMERALS)})[\s-]*(?P<unit>{words.SPANS})(?![^\W_])"
_SHORT = r"(?P<short>\d{1,4}(?:\s?[-–]\s?\d{1,2})?[DWMQY]|YTD|(?i:year[ -]to[ -]date))(?![^\W_])"
_NAMED = (
    r"(?:(?:over|in|during|for|within|on)\s+(?:the|a|this|the\s+(?:past|last|latest|whole|full))|past|last|this|trong)\s+"
    r"(?P<named>day|session|week|month|quarter|year|ngày|phiên|tuần|tháng|quý|năm(?=\s+(?:qua|nay|này|vừa|gần)|\W*$))"
    r"(?![^\W_]|\s+\d)"
)
_PERIOD = re.compile(rf"(?<![\w.,])(?:{_SHORT}|(?i:{_COUNTED}|{_NAMED}))")
_FORWARD = re.compile(r"\b(?:next|coming|following|upcoming|another|every|each)\s+$", re.IGNORECASE)
_NO_LOOKBACK = re.compile(
    r"[\s-]*(?:moving\s+)?(?:high|low|average|mean|trend|norm|peak|horizon|view|outlook|ahead(?!\s+of)|ago|earlier|yield|bond"
    r"|(?:on|to|over)[\s-](?:day|week|month|quarter|year)|tới|trước|consecutive|straight|running|in\s+a\s+row|liên\s+tiếp"
    r"|(?:[^\W\d_]+\s+){0,3}streak)\b",
    re.IGNORECASE,
)
_NUMBER_FOLLOWS = r"(?!:?\s*[+−–-]?\s*(?:VND\s*)?\d)"
_BREAK = re.compile(
    rf"[;\[\]—|]|[:(]{_NUMBER_FOLLOWS}|\){_NUMBER_FOLLOWS}|,(?!\d)|\b(?:{words.CONTRASTS})\b", re.IGNORECASE
)
_BEHIND = re.compile(r"\s*\(([^()]{1,30})")
_LEADS = re.compile(
    r"\s*(?:(?:and|but|while)\s+)?(?:(?:over|in|during|for|within|across|trong)\s+(?:the\s+)?(?:past|last|latest)?\s*)?$",
    re.IGNORECASE,
)
_LED = re.compile(r"(?:\s*\([^()]*\))?\s*,\s*")


class Period(NamedTuple):
    start: int
    end: int
    days: int


def periods(text: str, start: int, end: int) -> list[Period]:
    """Those that look back, in order: no horizon, no streak, no high of five years, no year on year."""
    return list(_periods(text, start, end))


def _periods(text: str, start: int, end: int) -> Iterator[Period]:
    for found in _PERIOD.finditer(text, start, end):
        if _NO_LOOKBACK.match(text, found.end()) or _FORWARD.search(text, max(0, found.start() - 12), found.start()):
            continue
        count = (found["count"] or "").casefold()
        short = "YTD" if (found["short"] or "").casefold().startswith("year") else found["short"]
        written = short or f"{words.NUMERALS.get(count, count) or 1} {found['unit'] or found['named']}"
        if days := days_of(written):
            yield Period(found.start(), found.end(), days)


def said_of(text: str, place: tuple[int, int], between: tuple[int, int], sentence: int) -> tuple[int, ...]:
    """Days of the lookbacks that the number at `place` may be over; none where the text leaves it open.

    `between`: where the number before it ends and the next begins. What stands in brackets behind a number is its own,
    and counts alone; else what stands in its clause, before it or behind it; else what its
    sentence begins with, which starts at `sentence`.
    """
    (start, end), (begins, ends) = place, between
    behind = _BEHIND.match(text, end)
    if behind and (own := periods(text, *behind.span(1))) and own[0].start == behind.start(1):
        return (own[0].days,)
    if before := _BEHIND.match(text, begins):
        begins = min(before.end() + 1, start)
    breaks = (found.end() for found in _BREAK.finditer(text, begins, ends) if found.end() <= start)
    opening = max(breaks, default=begins)
    closing = _BREAK.search(text, end, ends)
    own = periods(text, opening, start) + periods(text, end, closing.start() if closing else ends)
    if not own:
        own = [each for each in periods(text, sentence, opening) if _is_lead(text, sentence, each, opening)]
    return tuple(dict.fromkeys(each.days for each in own))


def _is_lead(text: str, start: int, period: Period, opening: int) -> bool:
    """`Over one year, ` at the beginning of the sentence, or of a part of it."""
    begins = max(text.rfind(mark, start, period.start) + 1 for mark in ";:,")
    before = text[max(start, begins) : period.start]
    return _LEADS.fullmatch(before) is not None and _LED.fullmatch(text, period.end, opening) is not None


def is_over(lookback: str | None, said: tuple[int, ...]) -> bool:
    """Whether a figure is over one of the lookbacks; one of which nothing is known is over any."""
    own = days_of(lookback)
    return own is None or not said or any(abs(own - days) <= ALIKE * max(own, days) for days in said)
