"""The head of a column as people write it → measure, unit and lookback: `1M (%)`, `Net flow (VND bn)`, `3M return`."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple
from unicodedata import normalize

PERCENT = "percent"
CHANGE = "change"
"""What percentages are under a head that names a time and nothing else, where they have signs: yields have none."""
_SCALE = "thousands?|millions?|billions?|trillions?|mn|mln|bn|bln|tn|trn|nghìn tỷ|nghìn|triệu|tỷ|tỉ"
_CURRENCY = r"us\$|[$€£¥₫]|usd|eur|gbp|jpy|cny|vnd|chf|aud|cad|hkd|sgd|krw|inr|thb|twd|đồng"
_UNIT = re.compile(
    rf"%|percent|pct|pp|percentage points|bps?|basis points|x|times|points|pts|days|(?:(?:{_SCALE}) )?shares"
    rf"|(?:{_CURRENCY})(?: ?(?:{_SCALE}|k|m|b|t))?|(?:{_SCALE})(?: ?(?:{_CURRENCY}))?",
    re.IGNORECASE,
)
_LENGTH = "d|days?|sessions?|w|wks?|weeks?|m|mo|mths?|months?|y|yrs?|years?|phiên|ngày|tuần|tháng|năm"
_TIME = rf"\d{{1,3}}(?:\s?[-–]\s?\d{{1,3}})?[\s-]?(?:{_LENGTH})|ytd|mtd|qtd"
_IS_TIME = re.compile(_TIME, re.IGNORECASE)
_TIMED = re.compile(rf"(?:(?P<before>{_TIME}) )?(?P<measure>.+?)(?: (?P<behind>{_TIME}))?", re.IGNORECASE)
_OVER_TIME = re.compile(
    r"(?:(?:total|price|excess|relative|net|average|avg|foreign) )*"
    r"(?:returns?|perf|performance|change|chg|momentum|volatility|vol|flows?|strength|hiệu suất|thay đổi)",
    re.IGNORECASE,
)
"""Measures whose time is how far they look back: that of a yield or of a price target is another."""
_PARENTHESIS = re.compile(r"(.+?)\s*[(\[]([^()\[\]]+)[)\]]")


class Head(NamedTuple):
    metric: str
    unit: str | None = None
    lookback: str | None = None


@lru_cache(maxsize=1024)
def head_of(text: str, *, percent: bool = False, signed: bool = False) -> Head:
    """What can be meant in one way only; the rest of a head stays its metric's name.

    `percent`: whether what stands below it says so itself; `signed`: whether some of that has a sign.
    """
    name, said = _parted(normalize("NFC", text).strip())
    unit = next((PERCENT if each == "%" else each for each in said if _UNIT.fullmatch(each)), None)
    if _IS_TIME.fullmatch(name):
        if percent or unit == PERCENT:
            return Head(CHANGE, unit, name) if signed else Head(text, unit)
        return Head(name, unit, name)
    timed = _TIMED.fullmatch(name)
    beside = [each for each in said if _IS_TIME.fullmatch(each)]
    times = beside + [each for each in (timed["before"], timed["behind"]) if each] if timed else []
    if timed and len(times) == 1 and _OVER_TIME.fullmatch(timed["measure"]):
        return Head(timed["measure"], unit, times[0])
    return Head(text if beside else name, unit)


def _parted(head: str) -> tuple[str, list[str]]:
    """A name, and what stands behind it in parentheses where all of it is a unit or a time; or a %."""
    if head.endswith("%"):
        name = head[:-1].rstrip(" ,")
        return (name, ["%"]) if name else (head, [])
    found = _PARENTHESIS.fullmatch(head)
    said = [part.strip() for part in re.split("[,;]", found[2])] if found else []
    is_known = all(_UNIT.fullmatch(part) or _IS_TIME.fullmatch(part) for part in said)
    return (found[1], said) if found and is_known else (head, [])
