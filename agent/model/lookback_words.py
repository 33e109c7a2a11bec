"""The lookbacks that a question names in English or Vietnamese, as tools are asked for them: `six months` → 6M."""

from __future__ import annotations

import re
from collections.abc import Iterator

_ONES = {
    word: number
    for words in (
        "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
        "eighteen nineteen",
        "một hai ba bốn năm sáu bảy tám chín",
    )
    for number, word in enumerate(words.split(), 1)
}
_ONES |= {"tư": 4, "lăm": 5}
_TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}
_TENS |= {"mười": 10, "hai mươi": 20, "ba mươi": 30}
_NUMBERS = _TENS | _ONES
_NUMBER = "|".join(sorted(_NUMBERS, key=lambda word: -len(word)))
_AFTER_TENS = "|".join(word for word in _ONES if word != "năm")
"""After ten, `năm` is a year: its five is `lăm`."""
_COUNT = rf"\d{{1,3}}(?:\.\d{{1,2}}|(?<!,\d),\d(?!,?\d))?+(?!\d)|(?:{'|'.join(_TENS)})[ -](?:{_AFTER_TENS})|{_NUMBER}"
"""A comma between two digits is that of a decimal, unless a list goes on behind it or before: 1,5 but 3,6,12."""
_JOINED = r"-?(?:\s*[-–−/,]\s*|\s*,?\s+(?:and|or|to|và|hoặc|hay|đến|tới)\s+)"
_UNIT = (
    r"(?:(?P<D>d|(?:trading |business )?(?:sessions?|days?)|phiên|ngày)|(?P<W>w|wks?|weeks?|tuần)"
    r"|(?P<M>m(?!\s*(?:USD|VND|EUR|GBP|dollars?|euros?|đồng|shares|people)\b)|mos?|mths?|months?|tháng(?!\s+\d))"
    r"|(?P<Q>quarters?(?! of)|quý)"
    r"|(?P<Y>y|yrs?|years?|năm(?!\s+\d{4})))(?!\w)"
)
_ONE = (
    "(?<!once )(?<!twice )(?<!times )(?<!percent )(?<!% )(?:an?|(?:the )?(?:past|last|previous|preceding|trailing)) "
    r"(?=(?:week|month|quarter|year)(?!\w))"
    "|(?<!mấy )(?<!vài )(?<!các )(?<!nhiều )(?<!những )"
    r"(?=(?:năm|quý|tháng|tuần) (?:trước|ngoái|qua|vừa qua|vừa rồi)\b)"
)
LOOKBACK = re.compile(
    r"(?<![\w$€£])(?<!\d[.,])(?<!tháng )(?<!quý )(?<!ngày )(?<!USD )(?<!VND )(?<!EUR )(?<!GBP )(?<![$€£] )(?:"
    r"(?P<large>(?:hundred|thousand|trăm|nghìn|ngàn)\s+(?:and\s+)?)?"
    rf"(?P<counts>(?:{_COUNT})(?:{_JOINED}(?:{_COUNT})){{0,7}})(?P<half> and a half)?[ -]?"
    rf"|(?P<halved>half[ -](?:an? )?|nửa )|(?P<one>{_ONE})){_UNIT}(?P<and_half> and a half| rưỡi)?",
    re.IGNORECASE,
)
_AHEAD = re.compile(r"\b(?:next|coming|following|upcoming|another|(?:in|sau)(?: an?)?)\s+$", re.IGNORECASE)
_NO_LOOKBACK = re.compile(
    r"[\s-]+(?:from (?:now|today)|hence|(?:ahead|out)(?! of)|to come|horizons?|outlooks?|forecasts?|tới|nữa|sau|sắp tới"
    r"|moving|averages?|means?|highs?|lows?|(?:(?:(?-i:[A-Z][\w.]*)|government|corporate|fixed|interest)\s+){0,2}"
    r"(?:yields?|bonds?|notes?|treasur\w+|rates?|(?:t-)?bills?|swaps?|libor|mortgages?|trái phiếu|lợi suất))\b"
    r"|['’]s? time\b",
    re.IGNORECASE,
)
"""What lies in the future, and what has a time in its name: a 10-year US government bond, a 52-week high."""
_TERM = re.compile(r"(?:kỳ hạn|trái phiếu(?: chính phủ)?|lợi suất)\s+$", re.IGNORECASE)
LONGEST = 2000
"""Of a question, this many characters are read."""
_MONTHS = {"M": 1, "Q": 3, "Y": 12}


def lookbacks_named(question: str) -> list[str]:
    """In the order of the question: 6W, 18M, 2Y; `D` counts sessions, and a quarter is 3M.

    What lies in the future is none, nor is momentum that leaves out the last month (12-1). `question` is in NFC.
    """
    return list(dict.fromkeys(_named(question)))


def _named(question: str) -> Iterator[str]:
    for found in LOOKBACK.finditer(question[:LONGEST]):
        before = question[: max(found.start(), found.end("one"))]
        if found["large"] or _AHEAD.search(before) or _TERM.search(before) or _NO_LOOKBACK.match(question, found.end()):
            continue
        [unit] = (unit for unit in "DWMQY" if found[unit])
        counts = _counts(found)
        leaves_out_the_last = re.search("[-–−]", found["counts"] or "") and counts[0] > counts[-1]
        yield from (_lookback(count, unit) for count in counts if count and not leaves_out_the_last)


def _counts(found: re.Match[str]) -> list[float]:
    counts = [_number(each) for each in re.findall(_COUNT, found["counts"] or "", re.IGNORECASE)]
    counts = counts or [0.5 if found["halved"] else 1.0]
    return [*counts[:-1], counts[-1] + (0.5 if found["half"] or found["and_half"] else 0)]


def _number(text: str) -> float:
    if text[0].isdigit():
        return float(text.replace(",", "."))
    return float(sum(_NUMBERS[word] for word in re.findall(_NUMBER, text.casefold())))


def _lookback(count: float, unit: str) -> str:
    months = count * _MONTHS.get(unit, 0)
    if not months:
        return f"{count:g}{unit}"
    return f"{months / 12:g}Y" if months % 12 == 0 else f"{months:g}M"
