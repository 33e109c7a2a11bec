"""Texts whose lines are of days: a table, a list of entries, prose. What is later than a day is taken out line by line.

A line is later when it names a later day, or when a cell of it is a later month or quarter. Lines that name no day
belong to the one above them, up to an empty line; a paragraph that names later days and no others goes whole, and so
does what stands below a heading that names one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import groupby

from agent.days import Said, Span, said_by, span_of_text

_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_DAY = re.compile(
    r"(?<![\d.])(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4})"
    r"(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?(?!\d)"
)
_NAMED_DAY = re.compile(
    rf"\b(?:\d{{1,2}}(?:st|nd|rd|th)? {_MONTH},? \d{{4}}|{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}})\b", re.IGNORECASE
)
_YEAR_OR_QUARTER = re.compile(r"(?:19|20|21)\d\d|[qQ]")
_RANGE = re.compile(r"\d{4}-\d\d-\d\d\s*(?:to|until|and|\.\.+|-|–|—)\s*\d{4}-\d\d-\d\d")
_CELLS = re.compile(r"[|\t,;]")
_KEY = re.compile(r"[\s\-*|>#]*([^\W\d][\w .-]{0,40}?)\s*[:=]")
_HEADING = re.compile(r"\s*#|.*:\s*$")
_LONGEST_CELL = 24

Tell = Callable[[str, int], None]
"""Told of the latest day among lines that were taken out together, and how many of them named one."""


def without_later(
    text: str, as_of: str, tell: Tell, *, month_first: bool = False, is_error: bool = False
) -> tuple[str, bool]:
    """What is left of a text, and whether what follows it without a date is later, too.

    In an error, ranges of days say what may be asked for, and are not looked at.
    """
    if not re.search(r"\d\d", text):
        return text, False
    lines = text.splitlines(keepends=True)
    latest = [_latest(line, month_first, is_error) for line in lines]
    if all(day is None or day <= as_of for day in latest):
        return text, False
    kept: list[str] = []
    dropping = follows_late = False
    for is_empty, block in groupby(zip(lines, latest, strict=True), lambda each: not each[0].strip()):
        paragraph = list(block)
        if is_empty:
            kept += [line for line, _ in paragraph]
            continue
        late = [day for _, day in paragraph if day and day > as_of]
        if late:
            tell(max(late), len(late))
        whole = bool(late) and all(day is None or day > as_of for _, day in paragraph)
        for line, day in paragraph:
            is_late = day is not None and day > as_of
            dropping = is_late or whole or (dropping and day is None)
            kept += [] if dropping else [line]
        follows_late = dropping
        last = next((line for line, day in reversed(paragraph) if day is not None), "")
        dropping = dropping and (bool(_HEADING.match(last)) or _DAY.fullmatch(last.strip(" \t\n*#-:")) is not None)
    return "".join(kept), follows_late


def _latest(line: str, month_first: bool, is_error: bool) -> str | None:
    """The latest day that a line names."""
    if (key := _KEY.match(line)) and said_by(key[1]) in (Said.METADATA, Said.UPDATED):
        return None
    line = _RANGE.sub("", line) if is_error else line
    return max((span.last for span in _spans(line, month_first)), default=None)


def _spans(line: str, month_first: bool) -> Iterator[Span]:
    texts = _DAY.findall(line)
    rest = _DAY.sub("", line) if texts else line
    if _YEAR_OR_QUARTER.search(rest):
        texts += _NAMED_DAY.findall(rest)
        cells = [cell.strip(" \t\n\"'") for cell in _CELLS.split(line)]
        first = next((at for at, cell in enumerate(cells) if cell), 0)
        for at, cell in enumerate(cells if len(cells) > 1 else ()):
            if 4 < len(cell) <= _LONGEST_CELL and _YEAR_OR_QUARTER.search(cell):
                said = Said.DATE if at == first and len(cell) == 8 else Said.NOTHING
                if span := span_of_text(cell, said, month_first=month_first):
                    yield span
    for text in texts:
        if span := span_of_text(text, month_first=month_first):
            yield span
