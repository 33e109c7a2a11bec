"""Lookbacks as servers write them, in calendar days: 3M, 63D, 20 sessions, 12-1M, YTD."""

from __future__ import annotations

import re
from functools import lru_cache

SESSION = 365 / 252
_DAYS = {
    **dict.fromkeys(("d", "session", "trading day", "business day", "phiên"), SESSION),
    **dict.fromkeys(("day", "ngày"), SESSION),
    "calendar day": 1.0,
    **dict.fromkeys(("w", "wk", "week", "tuần"), 7.0),
    **dict.fromkeys(("m", "mo", "mth", "month", "tháng"), 365 / 12),
    **dict.fromkeys(("q", "qtr", "quarter", "quý"), 365 / 4),
    **dict.fromkeys(("y", "yr", "year", "năm"), 365.0),
    **dict.fromkeys(("h", "hour", "giờ"), 1.0),
}
_ONE = {"intraday": 1.0, "today": 1.0, "daily": 1.0, "weekly": 7.0, "monthly": 365 / 12, "quarterly": 365 / 4}
_ONE |= {
    "annual": 365.0,
    "annually": 365.0,
    "yearly": 365.0,
    "mtd": 365 / 12,
    "qtd": 365 / 4,
    "ytd": 365.0,
    "ttm": 365.0,
}
_SPAN = re.compile(r"(?P<count>\d{1,5})(?:\s*[-–−]\s*\d{1,5})?[\s-]*(?P<unit>[^\W\d_]+(?: days?)?)", re.IGNORECASE)


@lru_cache(maxsize=1024)
def days_of(lookback: str | None) -> int | None:
    """Calendar days from the beginning of a lookback to today, rounded; None for what is no lookback.

    D counts sessions, of which a year has 252. `12-1M` begins twelve months ago. What counts from the start of a month,
    a quarter or a year (MTD, QTD, YTD) is taken for a whole one, the longest it may be.
    """
    text = (lookback or "").strip().casefold()
    if text in _ONE:
        return round(_ONE[text])
    found = _SPAN.fullmatch(text)
    if found is None:
        return None
    unit = found["unit"]
    length = _DAYS.get(unit) or _DAYS.get(unit.removesuffix("s"))
    return round(int(found["count"]) * length) if length else None
