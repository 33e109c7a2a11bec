"""Texts whose lines are of days: a table, a list of entries, prose. What is later than a day is taken out line by line.

A line is later when it names a later day, month or quarter, and so is an entry of a list with such a line; of a table
whose columns are days, columns go. Lines that name no day belong to the one above them, up to an empty line; a
paragraph that names later days and no others goes whole, and so does what stands below a heading that names one. Where
it is one line, it is the title of the undated rows below it, up to the next dated paragraph, and they go with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from itertools import groupby

from agent.days import MONTH, Said, Span, plain, said_by, span_of_text
from agent.text_tables import table_of

_NUMERIC = r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}|\d{1,2}/\d{1,2}/\d\d(?!\d)"
_DAY = re.compile(rf"(?<![\d./])(?:{_NUMERIC})(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?(?!\d)")
_NTH = r"\d{1,2}(?:st|nd|rd|th)?"
_NAMED_DAY = (
    rf"{_NTH} {MONTH}\.?,? \d{{4}}|{_NTH}-{MONTH}-(?:\d{{4}}|\d\d)|{MONTH}\.? {_NTH},? \d{{4}}"
    r"|\d{1,2} thang \d{1,2}(?: nam |[ ,/-]+)\d{4}"
)
_PERIOD = (
    rf"{MONTH}\.?(?:[ ,-]+\d{{4}}|-\d\d| '\d\d)|thang \d{{1,2}}(?:[/ -]| nam )\d{{4}}"
    r"|quy [1-4iv]+(?:[/ -]| nam )\d{4}"
    r"|q[1-4](?:[ /'-]+(?:fy ?)?|fy ?)\d{4}|q[1-4](?:[/-]| ?')\d\d|[1-4]q ?'?\d\d(?:\d\d)?|\d{4}[ -]?q[1-4]"
    r"|[12]h ?'?\d\d(?:\d\d)?|h[12] \d{4}"
)
_NAMED = re.compile(rf"(?<![\w.])(?:{_NAMED_DAY}|{_PERIOD})(?!\w)")
_TO_COME = re.compile(
    r"\b(?:expect|forecast|project|outlook|target|plan|will\b|due\b|upcoming|guidance"
    r"|du (?:bao|kien)|ke hoach|muc tieu)"
)
"""Where these stand, months and quarters may be named before they are over."""
_YEAR_OR_QUARTER = re.compile(r"(?:19|20|21)\d\d|[qQhHyY'][1-4]?[ /-]?'?\d\d?|[a-zA-Z.]-\d\d(?!\d)|[1-4][qQhH]")
_MADE = re.compile(
    r"\b(?:generated|retrieved|fetched|downloaded|accessed|exported|next \w+)(?: (?:at|on|date|time|is|due))*[: ]+"
    rf"(?:{_DAY.pattern}|{_NAMED_DAY})",
    re.IGNORECASE,
)
_RANGE = re.compile(r"\d{4}-\d\d-\d\d\s*(?:to|until|and|\.\.+|-|–|—)\s*\d{4}-\d\d-\d\d")
_CELLS = re.compile(r"[|\t,;]| {2,}")
_KEY = re.compile(r"[\s\-*|>#]*([^\W\d][\w .-]{0,40}?)\s*[:=]")
_HEADING = re.compile(r"\s*#|.*:\s*$")
_ENTRY = re.compile(r"(\s*)[-*] +\S")
_PIECES = re.compile(r"(?<=</tr>)|(?<=/>)|(?<=\}, )(?=\{)")
_LONGEST_CELL = 24

Tell = Callable[[str, int], None]
"""Told of the latest day among lines that were taken out together, and how many of them named one."""


def without_later(
    text: str,
    as_of: str,
    tell: Tell,
    *,
    dated: Collection[object] = (),
    month_first: bool = False,
    is_error: bool = False,
) -> tuple[str, bool]:
    """What is left of a text, and whether what follows it without a date is later, too.

    `dated`: names of columns that hold dates, whatever they mean. In an error, ranges of days say what may be asked
    for, and are not looked at.
    """
    if not re.search(r"\d\d", text):
        return text, False
    lines = [piece for line in text.splitlines(keepends=True) for piece in _pieces(line, month_first)]
    latest = [_latest(line, month_first, is_error) for line in lines]
    _date_by_columns(lines, latest, as_of, tell, dated)
    if all(day is None or day <= as_of for day in latest):
        return "".join(lines), False
    _date_entries(lines, latest)
    kept: list[str] = []
    dropping = follows_late = is_titled = False
    for is_empty, block in groupby(zip(lines, latest, strict=True), lambda each: not each[0].strip()):
        paragraph = list(block)
        if is_empty:
            kept += [line for line, _ in paragraph]
            continue
        late = [day for _, day in paragraph if day and day > as_of]
        if late:
            tell(max(late), len(late))
        whole = bool(late) and all(day is None or day > as_of for _, day in paragraph)
        is_titled = whole and len(paragraph) == 1 if any(day for _, day in paragraph) else is_titled
        dropping = dropping or (is_titled and _are_rows([line for line, _ in paragraph]))
        for line, day in paragraph:
            is_late = day is not None and day > as_of
            dropping = is_late or whole or (dropping and day is None)
            kept += [] if dropping else [line]
        follows_late = dropping
        last = next((line for line, day in reversed(paragraph) if day is not None), "")
        dropping = dropping and (bool(_HEADING.match(last)) or _DAY.fullmatch(last.strip(" \t\n*#-:")) is not None)
    return "".join(kept), follows_late or is_titled


def _are_rows(lines: list[str]) -> bool:
    """Whether a paragraph is a table of numbers, or each of its lines says the number of something."""
    has_number = [re.search(r"\d", line) for line in lines]
    return any(has_number) and (table_of(lines) is not None or (all(has_number) and all(map(_KEY.match, lines))))


def _pieces(line: str, month_first: bool) -> list[str]:
    """A line, or the rows of markup or of a listing that it holds, where each names a day."""
    if "</tr>" not in line and "/>" not in line and "}, {" not in line:
        return [line]
    pieces = _PIECES.split(line)
    are_rows = all(next(_spans(piece, month_first), None) for piece in pieces if re.search(r"\d", piece))
    return [piece for piece in pieces if piece] if are_rows else [line]


def _date_by_columns(
    lines: list[str], latest: list[str | None], as_of: str, tell: Tell, dated: Collection[object]
) -> None:
    """Of tables: cuts columns that are later, and dates lines by the columns that are said, or named, to hold dates."""
    start = 0
    for is_empty, block in groupby(lines[:], lambda line: not line.strip()):
        size = len(list(block))
        table = None if is_empty or size < 2 else table_of(lines[start : start + size])
        late = table.later_columns(as_of) if table else {}
        if table and late:
            tell(max(late.values()), len(late))
            for at, line in table.without(list(late)).items():
                lines[start + at] = line
                latest[start + at] = _latest(line, False, False)
        for at, span in table.days(dated).items() if table else ():
            latest[start + at] = max(latest[start + at] or "", span.last)
        start += size


def _date_entries(lines: list[str], latest: list[str | None]) -> None:
    """Gives the first line of an entry, `- close: 12` and what is indented below it, the entry's latest day."""
    at = 0
    while at < len(lines):
        entry, end = _ENTRY.match(lines[at]), at + 1
        while entry and end < len(lines) and lines[end].strip() and _indent(lines[end]) > len(entry[1]):
            end += 1
        if any(map(_ENTRY.match, lines[at + 1 : end])):
            end = at + 1
        elif days := [day for day in latest[at:end] if day]:
            latest[at:end] = [max(days)] + [None] * (end - at - 1)
        at = end


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _latest(line: str, month_first: bool, is_error: bool) -> str | None:
    """The latest day that a line names, or month or quarter of which it names no shorter part."""
    if (key := _KEY.match(line)) and said_by(key[1]) in (Said.METADATA, Said.UPDATED):
        return None
    line = _RANGE.sub("", line) if is_error else line
    spans = list(_spans(line, month_first))
    days = [span.last for span in spans if span.is_day or not any(map(span.is_label_of, spans))]
    return max(days, default=None)


def _spans(line: str, month_first: bool) -> Iterator[Span]:
    if "ed " in line or "ext " in line:
        line = _MADE.sub("", line)
    texts = _DAY.findall(line)
    rest = _DAY.sub("", line) if texts else line
    if _YEAR_OR_QUARTER.search(rest):
        folded = plain(rest)
        named = _NAMED.findall(folded)
        is_to_come = bool(named) and _TO_COME.search(folded)
        for text in named:
            span = span_of_text(text, month_first=month_first)
            if span and (span.is_day or not is_to_come):
                yield span
        cells = [cell.strip(" \t\n\"'") for cell in _CELLS.split(line)]
        first = next((at for at, cell in enumerate(cells) if cell), 0)
        for at, cell in enumerate(cells if len(cells) > 1 else ()):
            if 4 <= len(cell) <= _LONGEST_CELL and _YEAR_OR_QUARTER.search(cell):
                said = Said.DATE if at == first and len(cell) == 8 else Said.NOTHING
                if span := span_of_text(cell, said, month_first=month_first):
                    yield span
    for text in texts:
        if span := span_of_text(text, month_first=month_first):
            yield span
