"""Numbers that a server wrote as texts: "1,234.5", "+2.3%", "1.234,5"."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

_BLANKS = re.compile(r"\s+")
_NUMERAL = re.compile(r"([+-]?)(\d+(?:[.,]\d+)*)(%?)")
_MARKS = ",."
JSON_NUMBER = re.compile(r"[+-]?(?:0|[1-9]\d*)(?:\.\d+)?")
"""And one with a plus."""
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


def read_cells(columns: Sequence[Sequence[str]]) -> list[list[float | str]]:
    """The cells of a table by column, and those that are numbers as numbers: `1,234.5` and `5.4`, `1.234,5` and `5,4`.

    A mark begins the decimals where all numbers of a column can be read with it, and some of them cannot with the
    other. A column that shows neither is written as the others are; where these contradict each other, what could be
    two numbers stays a text, and where none shows any, it is what JSON says. A percentage is a text that ends in %.
    """
    found = [[_CELL.fullmatch(cell.replace("\N{MINUS SIGN}", "-")) for cell in column] for column in columns]
    fits = [[_fitting(each[2]) for each in column if each] for column in found]
    shown = {mark for column in fits for marks in column if len(marks) == 1 for mark in marks}
    read = []
    for column, matches, fitting in zip(columns, found, fits, strict=True):
        common = set(_MARKS).intersection(*fitting)
        marks = shown if len(common) == len(_MARKS) else common or set(_MARKS)
        read.append([_read(each, marks) if each else cell for cell, each in zip(column, matches, strict=True)])
    return read


def _read(found: re.Match[str], thousands: set[str]) -> float | str:
    """The number that a cell is by the marks that may stand between its thousands; none leaves what JSON says."""
    sign, digits, percent = found.groups(default="")
    if len(thousands) == 1:
        digits = digits.replace(min(thousands), "").replace(",", ".")
    elif thousands and not digits.isdecimal() and len(_fitting(digits)) > 1:
        return found[0]
    return float(sign + digits) if not percent and JSON_NUMBER.fullmatch(digits) else sign + digits + percent


def _fitting(digits: str) -> set[str]:
    """The marks that may stand between its thousands."""
    return {mark for mark in _MARKS if _is_grouped(digits, mark)}


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
