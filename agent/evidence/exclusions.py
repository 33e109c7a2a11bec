"""Numbers that claim nothing, by what stands before and after: dates, periods, ranks, counts, names, labels."""

from __future__ import annotations

import re

_YEAR = r"(?:19|20)\d\d"
_MONTH = (
    "(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    "|nov(?:ember)?|dec(?:ember)?)"
)
_SPAN = (
    "(?:sessions?|trading days?|business days?|days?|weeks?|months?|quarters?|years?|yrs?|mths?|hours?|minutes?"
    "|phiên|ngày|tuần|tháng|quý|năm|giờ|phút)"
)
_AND = "(?:-|–|−|/|and|to|or|và|đến|tới|hoặc)"
_COUNTED = (
    "(?:sectors?|industries|groups?|stocks?|tickers?|names?|companies|firms|banks|measures?|metrics?|indicators?|signals?"
    "|sources?|tools?|servers?|reasons?|factors?|things?|calls?|lookbacks?|regions?|peers?|horizons?|cases?|figures?|ngành"
    "|nhóm|mã|cổ phiếu|doanh nghiệp|công ty|chỉ tiêu|chỉ số|yếu tố|lý do|nguồn|công cụ|thước đo|tín hiệu)"
)
_OF_WHICH = (
    "(?:(?:largest|best|worst|top|bottom|other|strongest|weakest|remaining|covered|different|independent|listed|leading"
    r"|lagging|defensive|cyclical|major|main|of the|of its|of these|of all)\s+)*"
)
_ALL = r"(?:all\s+|the\s+|its\s+|tổng\s+số\s+|số\s+)*"
_END = r"(?![^\W_])"

_FROM: tuple[tuple[str, str], ...] = (
    ("date", rf"{_YEAR}-\d\d?-\d\d?(?:T[\d:.]+Z?)?"),
    ("date", r"\d{1,2}/\d{1,2}/\d{2,4}\b|\d{1,2}\.\d{1,2}\.(?:19|20)\d\d\b|\d{1,2}-\d{1,2}-(?:19|20)\d\d\b"),
    ("date", rf"\d{{1,2}}/{_YEAR}\b|\d{{1,2}}(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTH}\b"),
    ("date", r"\d{1,2}\s+tháng\s+\d{1,2}\b(?![.,]\d)"),
    ("time", r"\d{1,2}:\d{2}(?::\d{2})?\b"),
    ("period", rf"(?:[1-4]Q|[12]H)(?:\d\d|\s?{_YEAR})?{_END}"),
    (
        "period",
        rf"(?:\d{{1,3}}(?:\s*,\s*\d{{1,3}})*(?:\s*,)?\s*{_AND}\s*)?\d+(?:[.,]\d+)?[\s-]*{_SPAN}{_END}",
    ),
    ("period", rf"\d+(?:\s?[-–−/]\s?\d+)?[DWMQY]{_END}"),
    ("period", r"\d{1,2}\s?[-–−]\s?\d\b(?=[\s-]+(?:month\w*\s+)?(?:momentum|return|đà|động))"),
    ("rank", rf"\d+(?:st|nd|rd|th)\b(?:[\s-]+(?!of\b)\w+)?(?:\s+(?:out\s+)?of\s+{_ALL}\d+)?"),
    ("count", rf"\d+\s+(?:out\s+)?(?:of|trên)\s+{_ALL}\d+|\d{{1,2}}/\d{{1,2}}(?![\w/])"),
    ("count", rf"\d+\s+{_OF_WHICH}{_COUNTED}{_END}"),
    ("count", r"\d+\s+(?:times|lần)(?!\s+(?:the|as|that|those|its|higher|more|larger|greater|bigger|so))"),
    ("year", rf"{_YEAR}(?:\s*[-–/]\s*(?:{_YEAR}|\d\d))?[EFs]?{_END}(?![.,]\d)"),
)
_AFTER: tuple[tuple[str, str], ...] = (
    (
        "rank",
        r"(?:\b(?:rank(?:s|ed|ing)?|placed?|position|top|bottom|number|no\.|hạng|thứ|xếp)"
        r"(?:\s*-?\s*|\s+(?:is|at|as|thứ|hạng|only)\s+)#?|#)",
    ),
    (
        "rank",
        r"(?:est|most|least|best|worst|first|last|leaders?|nhất)\s+(?:(?:out\s+)?of|among|in|trong|trên)\s+" + _ALL,
    ),
    ("date", rf"\b(?:{_MONTH}\.?|tháng|ngày|năm)\s+"),
    ("period", r"\b(?:[QH]|FY\s?|quý\s+)"),
    ("threshold", r"\b(?:below|above|under|over|dưới|trên)\s+(?:mốc\s+)?"),
    ("name", r"\b(?:COVID-?|G-?|Basel\s|S&P\s|VN-?|Russell\s|Nasdaq\s|Fortune\s|FTSE\s|Nikkei\s|Stoxx\s|CSI\s)"),
    ("label", r"\[|(?:^|[\n;:])[^\S\n]*\(?"),
)
_LEADING = re.compile("|".join(f"(?P<{why}_{at}>{each})" for at, (why, each) in enumerate(_FROM)), re.IGNORECASE)
_LED = re.compile(f"(?:{'|'.join(f'(?P<{why}_{at}>{each})' for at, (why, each) in enumerate(_AFTER))})$", re.IGNORECASE)
_LONGEST_LEAD = 30
_LISTED = re.compile(r"[.)\]]\s+[^\W\d_]|\]")
_INDEX = frozenset({30, 35, 40, 50, 70, 100, 200, 225, 300, 400, 500, 600, 1000, 2000})
_ROUND = frozenset({0, 50, 100})
"""What an index or an oscillator is above or below, which says nothing of its value."""
ALWAYS = ("date", "time", "period", "label", "name")
"""What is of these is no measure whatever its decimals; a rank, a count or a year with a unit is one."""


def beginning(text: str, start: int) -> tuple[str, int] | None:
    """Why what begins with the number there claims nothing, and where it ends."""
    found = _LEADING.match(text, start)
    if found is None:
        return None
    why = (found.lastgroup or "").partition("_")[0]
    return "rank" if why == "count" and led(text, start, found.end(), 0.0) == "rank" else why, found.end()


def led(text: str, start: int, end: int, value: float) -> str | None:
    """Why a whole number without a unit claims nothing, by the words before it."""
    found = _LED.search(text, max(0, start - _LONGEST_LEAD), start)
    if found is None:
        return None
    why = (found.lastgroup or "").partition("_")[0]
    if why == "label" and not _LISTED.match(text, end):
        return None
    if why == "threshold" and value not in _ROUND:
        return None
    is_index = value in _INDEX or value < 20
    return None if why == "name" and not is_index else why
