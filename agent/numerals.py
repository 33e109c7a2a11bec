"""Numbers that a server wrote as texts: "1,234.5", "+2.3%", "1.234,5"."""

from __future__ import annotations

import math
import re

_BLANKS = re.compile(r"\s+")
_NUMERAL = re.compile(r"([+-]?)(\d+(?:[.,]\d+)*)(%?)")


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
