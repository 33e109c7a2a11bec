"""CSV files with a header: UTF-8, commas, decimals with a point. Each cell is parsed, or its problem is told."""

from __future__ import annotations

import csv
import math
import re
import reprlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from agent.market.folder_problems import Problems, meant

Parser = Callable[[str], Any]
Parsers = Mapping[str, Parser]

LONGEST_NAME = 60
LARGEST, SMALLEST = 1e15, 1e-9
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DIGITS = re.compile(r"[0-9]")


_LOOKS_LIKE = {
    r"[0-9]{1,2}[./-][0-9]{1,2}[./-][0-9]{4}": "the year comes first, then month and day, with hyphens between",
    r"[0-9]{4}[./][0-9]{1,2}[./][0-9]{1,2}|[0-9]{8}": "write hyphens between year, month and day",
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ].+": "leave the time of day out",
    r"[0-9]{5}(\.0)?": "this looks like a spreadsheet's number of a day: format the column as dates",
}
"""Usual ways to write a date, and what to change in each."""
_COMMA = "write decimals with a point, and thousands without a mark"
_EMPTY = "is empty; a row has a value here, or is left out as a whole"


class Unreadable(ValueError):
    """What is wrong with a cell, and what is expected there; `kind` is that without the cell itself."""

    def __init__(self, said: str, cell: str | None = None) -> None:
        super().__init__(said if cell is None else f"{reprlib.repr(cell.strip())} {said}")
        self.kind = said


@cache
def day(text: str) -> date:
    text = text.strip()
    try:
        if _ISO_DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    if not text:
        raise Unreadable(_EMPTY)
    hint = next((f"; {said}" for form, said in _LOOKS_LIKE.items() if re.fullmatch(form, text)), "")
    raise Unreadable(f"is no date such as 2024-01-31{hint}", text)


@cache
def name(text: str) -> str:
    """Of a sector, a ticker, a region, an indicator or a unit. Models read it: short, and in one line."""
    text = text.strip()
    if not text:
        raise Unreadable(_EMPTY)
    if len(text) > LONGEST_NAME or not text.isprintable():
        raise Unreadable(f"is no name: at most {LONGEST_NAME} printable characters are expected", text)
    return text


def number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if -LARGEST <= value <= LARGEST and "_" not in text:
        return value
    if not text.strip():
        raise Unreadable(_EMPTY)
    if _DIGITS.search(text) and not math.isnan(value) and "_" not in text:
        raise Unreadable(f"is out of range: at most {LARGEST:.0e} on either side of 0; give a larger unit", text)
    raise Unreadable(f"is no number such as -1234.5{_advice(text)}", text)


def _advice(text: str) -> str:
    if "," in text:
        return f"; {_COMMA}"
    return "; write it without the sign, as docs/data.md says what unit is expected" if "%" in text else ""


def positive(text: str) -> float:
    value = number(text)
    if value <= 0:
        raise Unreadable("is not above 0", text)
    if value < SMALLEST:
        raise Unreadable(f"is out of range: at least {SMALLEST:.0e}; give a smaller unit", text)
    return value


def amount(text: str) -> float:
    value = number(text)
    if value < 0:
        raise Unreadable("is below 0", text)
    return value


class CsvFile:
    """One file. `columns` are those of its header, empty when that cannot be used.

    columns: a parser for each column that may stand there.
    needed:  columns that have to; 'sector or ticker' is one of the two.
    """

    def __init__(self, path: Path, columns: Parsers, needed: Iterable[str], problems: Problems) -> None:
        self.file = path.name
        self.parsers = columns
        self.read = 0
        self._path = path
        self.problems = problems
        header = next(self._lines(), None)
        self.columns = () if header is None else self._checked(header[1], needed)
        if header is None and not problems.of(self.file):
            self.problem(f"is empty; its first line names the columns {', '.join(needed)}")

    def problem(self, text: str, line: int | None = None, column: str = "", kind: str = "") -> None:
        self.problems.add(self.file, text, line=line, column=column, kind=kind)

    def one_of(self, *names: str) -> str:
        """The one of these columns that is there."""
        return next(each for each in names if each in self.columns)

    def rows(self, *names: str) -> Iterator[tuple[int, list[Any]]]:
        """The line and the values of these columns; a row with a problem is left out."""
        cells = [(each, self.columns.index(each), self.parsers[each]) for each in names]
        width = len(self.columns)
        lines = self._lines()
        next(lines, None)
        for line, row in lines:
            if not any(row):
                continue
            self.read += 1
            if len(row) != width:
                said = f"{len(row)} cells, where the header has {width}{_comma(row)}"
                self.problem(said, line, kind=said)
                continue
            values = []
            for column, at, parse in cells:
                try:
                    values.append(parse(row[at]))
                except Unreadable as error:
                    self.problem(str(error), line, column, error.kind)
            if len(values) == len(cells):
                yield line, values
        if not self.read and not self.problems.of(self.file):
            self.problem("has a header and no rows")

    def _lines(self) -> Iterator[tuple[int, list[str]]]:
        before = 0
        try:
            with self._path.open(encoding="utf-8-sig", newline="") as file:
                reader = csv.reader(file, strict=True)
                for row in reader:
                    yield reader.line_num, row
                    before = reader.line_num
        except UnicodeDecodeError:
            self.problem("is not UTF-8; save it as 'CSV UTF-8'", _undecodable(self._path))
        except csv.Error as error:
            self.problem(f"cannot be read from here on ({error}); is a quotation mark open?", before + 1)
        except OSError as error:
            self.problem(f"cannot be read: {error.strerror}")

    def _checked(self, header: list[str], needed: Iterable[str]) -> tuple[str, ...]:
        found = tuple(cell.strip().casefold() for cell in header)
        for mark, called in ((";", "semicolons"), ("\t", "tabs")):
            if len(found) == 1 and mark in found[0]:
                self.problem(f"columns are separated by {called}; commas are expected, and decimals with a point", 1)
                return ()
        wrong = 0
        for at, column in enumerate(found):
            if column in found[:at]:
                self.problem("stands twice in the header", 1, column)
            elif column not in self.parsers:
                self.problem(f"unknown column {reprlib.repr(column)}{meant(column, self.parsers)}", 1)
            else:
                continue
            wrong += 1
        for each in needed:
            there = [column for column in each.split(" or ") if column in found]
            if len(there) != 1:
                said = "stand both there: keep one" if there else "is missing"
                self.problem(f"the column {each} {said}" if not there else f"the columns {each} {said}", 1)
                wrong += 1
        return () if wrong else found


def _comma(row: list[str]) -> str:
    return "; a decimal comma, or a name with a comma that is not in quotation marks?" if len(row) > 1 else ""


def _undecodable(path: Path) -> int:
    """The line of the first byte that is not UTF-8."""
    content = path.read_bytes()
    try:
        content.decode()
    except UnicodeDecodeError as error:
        content = content[: error.start]
    return content.count(b"\n") + 1
