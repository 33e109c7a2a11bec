"""Numbers that a server wrote as texts: "1,234.5", "+2.3%", "1.234,5"."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

_BLANKS = re.compile(r"\s+")
_NUMERAL = re.compile(r"([+-]?)(\d+(?:[.,]\d+)*)(%?)")
_CELL = re.compile(r"([+-]?)(\d+(?:[.,]\d+)*)( ?%)?")


def number_in(text: str, *, decimal_comma: bool = False) -> tuple[float, str | None] | None:
    """The number that a text is, and its unit where it says percent; None for any other text.

    Of two kinds of mark the last one begins the decimals. One comma before three digits separates thousands, and a dot
    begins the decimals; `decimal_comma` turns that round.
    """
    found = _NUMERAL.fullmatch(_BLANKS.sub("", text).replace("\N{MINUS SIGN}", "-"))
    if not found:
        return None
    sign, digits, percent = found.groups()
    thousands = _thousands_mark(digits, decimal_comma)
    number = float(sign + digits.replace(thousands, "").replace(",", ".")) if _is_grouped(digits, thousands) else None
    if number is None or not math.isfinite(number):
        return None
    return number, "percent" if percent else None


def as_json_writes(column: Sequence[str]) -> list[str]:
    """The texts of a column, and the numbers among them as JSON writes them: `1,234.5` beside `5.4` becomes `1234.5`.

    A mark begins the decimals where all numbers can be read with it, and some of them cannot with the other; a column
    that shows neither stays as it is. A percentage keeps its %.
    """
    cells = [text.replace("\N{MINUS SIGN}", "-") for text in column]
    found = [_CELL.fullmatch(cell) for cell in cells]
    thousands = [mark for mark in ",." if all(_is_grouped(each[2], mark) for each in found if each)]
    if len(thousands) != 1:
        return [cell if each else text for cell, each, text in zip(cells, found, column, strict=True)]
    mark = thousands[0]
    return [
        each[1] + each[2].replace(mark, "").replace(",", ".") + (each[3] or "") if each else text
        for each, text in zip(found, column, strict=True)
    ]


def _thousands_mark(digits: str, decimal_comma: bool) -> str:
    """The mark that can only stand between thousands, or is said to."""
    last = max(digits.rfind("."), digits.rfind(","))
    if last < 0:
        return ","
    mark, other = digits[last], "," if digits[last] == "." else "."
    if other in digits:
        return other
    usual = "." if decimal_comma else ","
    is_thousands = digits.count(mark) > 1 or (mark == usual and _is_grouped(digits, mark))
    return mark if is_thousands else other


def _is_grouped(digits: str, thousands: str) -> bool:
    """Whether groups of three follow each thousands mark, and at most one mark begins decimals."""
    mark, decimal = re.escape(thousands), re.escape("," if thousands == "." else ".")
    return re.fullmatch(rf"([1-9]\d{{0,2}}({mark}\d{{3}})+|\d+)({decimal}\d+)?", digits) is not None
