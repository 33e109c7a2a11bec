"""What is later than a run's as-of date is taken out of a tool's result, before a model reads it.

A row is an object, a list that is a row of a table, or a position of parallel lists; it is later when a day that it
names is. Of a month, a quarter or a year the last day counts, unless the row also names a day in it, whose label it
then is. `known_at` decides alone, where a row has it. What tells of the making of an answer, of the range of a data
set or of a day to come is metadata and never compared (`agent.days`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from agent import cubes, dated_lines, shapes
from agent.days import LONGEST, Said, Span, instant, is_month_first, said_by, span_of
from agent.encoding import DEEPEST, JSON, json_at
from agent.envelopes import NAMES, beside, dated_part
from agent.pointers import escaped
from agent.shapes import GONE, Steps

PLACES = 20
"""Of what was withheld, at most."""
_OPENING = re.compile(r"(?:^|[:=] )[ \t]*(?=[\[{])", re.MULTILINE)
_DATED = re.compile(r"(?<!\d)\d{4}[-/]\d\d")


@dataclass
class Withheld:
    """How many rows were withheld, the latest day among theirs, and JSON pointers to the first of them."""

    rows: int = 0
    latest: str = ""
    places: list[str] = field(default_factory=list)

    def add(self, place: str, day: str, rows: int = 1) -> None:
        self.rows += rows
        self.latest = max(self.latest, day)
        self.places += [place] if len(self.places) < PLACES else []

    def to_json(self) -> dict[str, JSON]:
        """Empty when nothing was."""
        return {"rows": self.rows, "latest": self.latest, "places": self.places} if self.rows else {}


class Gate:
    """Takes out of one result what is later than `as_of`, an ISO date; `withheld` says what that was.

    `places`: steps to dates that no key shows, such as ("data", None, "d") or ("head", "session"). One with a None
    dates the row that its last None stands for; any other dates the whole result.
    """

    def __init__(self, as_of: str, places: Sequence[Steps] = ()) -> None:
        self.as_of = as_of
        self.withheld = Withheld()
        self._places = places
        self._whole: Any = None
        self._fields: dict[str, list[str]] = {}
        """Key of a row → what each point of a series there is made of, where a table's columns say that."""

    def data(self, data: JSON) -> JSON:
        """The data without what is later; `GONE` when they are as a whole."""
        self._whole = data
        return self._judged(data)

    def _judged(self, data: JSON) -> JSON:
        late = {at: day for steps in self._places for at, day in self._late_places(data, steps)}
        if () in late:
            return self._withhold("", late[()])
        for at, day in late.items():
            self._withhold("".join(f"/{escaped(step)}" for step in at), day)
        return self._value(shapes.without(data, late) if late else data, "", dated=False, depth=0)

    def text(self, text: str, *, is_error: bool = False) -> str:
        """A text without what is later: JSON in it is read as data, and the rest line by line.

        In an error, ranges of days say what may be asked for.
        """
        self._whole = text
        kept, end = [], 0
        for found in _OPENING.finditer(text):
            if found.end() < end:
                continue
            try:
                data, after = json_at(text, found.end())
            except (ValueError, RecursionError):
                continue
            lead, is_late = self._lines(text[end : found.end()], is_error)
            kept.append(lead)
            before = self.withheld.rows
            is_whole = found.start() == 0 and after == len(text.rstrip())
            left = self.data(data) if is_whole else self._judged(data)
            if is_late and not _DATED.search(text, found.end(), after):
                self.withheld.add("", self.as_of)
            elif self.withheld.rows == before:
                kept.append(text[found.end() : after])
            elif left is not GONE:
                kept.append(json.dumps(left, ensure_ascii=False, separators=(",", ":")))
            end = after
        return "".join([*kept, self._lines(text[end:], is_error)[0]])

    def _lines(self, text: str, is_error: bool) -> tuple[str, bool]:
        columns = {steps[1] for steps in self._places if len(steps) == 2 and steps[0] is None}
        month_first = "/" in text and self._month_first
        return dated_lines.without_later(
            text, self.as_of, self._tell, dated=columns, month_first=month_first, is_error=is_error
        )

    def _tell(self, day: str, rows: int) -> None:
        self.withheld.add("", day, rows)

    def is_late(self, span: Span | None) -> bool:
        return span is not None and span.last > self.as_of

    def _withhold(self, place: str, day: str, rows: int = 1) -> Any:
        self.withheld.add(place, day, rows)
        return GONE

    @cached_property
    def _month_first(self) -> bool:
        return is_month_first(self._whole if isinstance(self._whole, str) else repr(self._whole), self.as_of)

    def _span(self, value: Any, said: Said) -> Span | None:
        if type(value) is str:
            if not value or len(value) > LONGEST or value.isalpha():
                return None
            return span_of(value, said, month_first="/" in value and self._month_first)
        return span_of(value, said)

    def _value(self, value: Any, place: str, *, dated: bool, depth: int) -> Any:
        kind = type(value)
        if kind is str:
            return self._prose(value, place, dated)
        if kind is not dict and kind is not list:
            return value
        if depth > DEEPEST:
            return self._withhold(place, self.as_of)  # nobody can say what it is
        return (
            self._object(value, place, dated=dated, depth=depth)
            if kind is dict
            else self._list(value, place, dated=dated, depth=depth)
        )

    def _object(self, row: dict[str, Any], place: str, *, dated: bool, depth: int) -> Any:
        late, named = self._late_day(row)
        judged: dict[str, Any] = {}
        if late:
            part = GONE if any(said_by(key) is Said.KNOWN for key in row) else dated_part(row, self)
            if part is GONE:
                return self._withhold(place, late)
            judged = beside(row, part, self._cell_span)
            left = {key: part.get(key, judged.get(key)) for key in row if key in part or key in judged}
            if left != row:
                self._withhold(place, late)
            row = left
        dated = dated or named
        row = self._without_late_keys(row, place)
        row = self._cube(row, place) if cubes.is_cube(row) else row
        names = None
        if any(type(value) is list or type(value) is dict for value in row.values()):
            row = self._without_positions(row, place)
            names = next((found for name in NAMES if (found := shapes.titles(row.get(name)))), None)
        self._fields |= shapes.fields(row.get("columns"))
        kept = {}
        for key, value in row.items():
            if type(value) in (int, float) or value is None or value is True or value is False:
                kept[key] = value
                continue
            said = said_by(key)
            if (
                key in judged
                or (said is Said.METADATA and shapes.only_texts(value))
                or (type(value) is str and self._span(value, said))
            ):
                kept[key] = value  # its own dates have been compared
                continue
            at = f"{place}/{escaped(key)}"
            if type(value) is list:
                item = self._list(value, at, dated=dated, depth=depth + 1, names=self._fields.get(key, names))
            else:
                item = self._value(value, at, dated=dated, depth=depth + 1)
            if item is not GONE:
                kept[key] = item
        return kept

    def _cube(self, row: dict[str, Any], place: str) -> dict[str, Any]:
        cells = cubes.later_cells(row, self._late_label)
        for cell, day in cells.items():
            self._withhold(f"{place}/value/{cell}", day)
        return cubes.without(row, cells)

    def _late_label(self, label: str) -> str | None:
        span = shapes.key_span(label, Said.YEAR)
        return span.last if span and self.is_late(span) else None

    def names_day(self, row: dict[str, Any]) -> bool:
        return self._late_day(row)[1]

    def is_dated_table(self, rows: list[Any], names: Sequence[str] | None) -> bool:
        return bool(rows) and self._row_days(rows, names)[1]

    def dated_keys(self, row: dict[str, Any]) -> Collection[str]:
        return shapes.key_days(row)

    def is_dates(self, key: str, cells: list[Any]) -> bool:
        said = self._column_said(key, cells)
        return bool(cells) and all(self._cell_span(cell, said) for cell in cells)

    def _list(
        self, items: list[Any], place: str, *, dated: bool, depth: int, names: Sequence[str] | None = None
    ) -> Any:
        if depth > DEEPEST:
            return self._withhold(place, self.as_of)
        late = self._row_days(items, names)[0] if items and type(items[-1]) is list else {}
        kept = []
        for at, item in enumerate(items):
            kind = type(item)
            if at in late:
                self._withhold(f"{place}/{at}", late[at])
                continue
            if kind is str:
                span = self._span(item, Said.NOTHING)
                item = self._withhold(f"{place}/{at}", span.last) if span and self.is_late(span) else item
            if kind is dict or kind is list or (kind is str and item is not GONE):
                item = self._value(item, f"{place}/{at}", dated=dated, depth=depth + 1)
            if item is not GONE:
                kept.append(item)
        return kept

    def _prose(self, text: str, place: str, dated: bool) -> Any:
        """A text within data: JSON in it and its lines are looked at, but one line of a dated row may tell of a day to
        come."""
        if len(text) < 8 or (dated and "\n" not in text and text.lstrip()[:1] not in ("{", "[")):
            return text
        inner = Gate(self.as_of)
        kept = inner.text(text)
        if not inner.withheld.rows:
            return text
        self._withhold(place, inner.withheld.latest, inner.withheld.rows)
        return kept or GONE

    def _late_day(self, row: Mapping[str, Any]) -> tuple[str | None, bool]:
        """The latest day of a row that is later, None when it may be read; and whether it names any."""
        spans: list[tuple[Span, Said]] = []
        parts: dict[str, Any] = {}
        late: list[str] = []
        for key, value in row.items():
            said, kind = said_by(key), type(value)
            if value is None or kind is list or said is Said.METADATA:
                continue
            if part := shapes.part_of(key):
                parts[part] = value
            if said is Said.NOTHING and kind is not str:
                continue
            if kind is dict:
                if said is not Said.UPDATED and not shapes.is_column(value):
                    late += filter(None, self._late_day(value)[:1])
                continue
            span = self._span(value, said)
            if span and said is Said.KNOWN:
                return (span.last if self.is_late(span) else None), True
            if span:
                spans.append((span, said))
        if len(parts) > 1 and "year" in parts and (whole := shapes.of_parts(parts)):
            year = span_of(parts["year"], Said.YEAR)
            spans = [(whole, Said.DATE), *((span, said) for span, said in spans if span != year)]
        spans = [each for each in spans if each[1] is not Said.AHEAD] or spans
        within = [span for span, said in spans if said is not Said.START]
        late += [span.last for span, _ in spans if self.is_late(span) and not any(map(span.is_label_of, within))]
        return max(late, default=None), bool(spans)

    def _without_late_keys(self, row: dict[str, Any], place: str) -> dict[str, Any]:
        """Without what stands under a later date: {"2025-07-01": …}."""
        late = {key: span.last for key, span in shapes.key_days(row).items() if self.is_late(span)}
        for key, day in late.items():
            self._withhold(f"{place}/{escaped(key)}", day)
        return {key: value for key, value in row.items() if key not in late} if late else row

    def _without_positions(self, row: dict[str, Any], place: str) -> dict[str, Any]:
        """Without the positions of its parallel lists at which a list of dates has a later one."""
        cut: dict[int, set[Any]] = {}
        index: set[Any] = set()
        for key, value in row.items():
            kind, said = type(value), said_by(key)
            if (kind is not list and kind is not dict) or said is Said.METADATA or not value:
                continue
            if kind is list:
                said = self._column_said(key, value)
                late, gone = self._late_cells(enumerate(value), said), cut.setdefault(len(value), set())
            elif said is not Said.NOTHING and shapes.is_column(value):
                late, gone = self._late_cells(value.items(), said), index
            else:
                continue
            for at, day in late.items():
                if at not in gone:
                    self._withhold(f"{place}/{escaped(key)}/{at}", day)
            gone.update(late)
        return shapes.cut(row, cut, index) if index or any(cut.values()) else row

    def _column_said(self, key: str, cells: list[Any]) -> Said:
        return Said.DATE if key.casefold() in shapes.AXES and shapes.is_time_axis(cells) else said_by(key)

    def _late_cells(self, cells: Iterable[tuple[Any, Any]], said: Said) -> dict[Any, str]:
        spans = {at: self._cell_span(cell, said) for at, cell in cells}
        return {at: span.last for at, span in spans.items() if span and self.is_late(span)}

    def _cell_span(self, cell: Any, said: Said) -> Span | None:
        return None if type(cell) in (dict, list, bool) or cell is None else self._span(cell, said)

    def _row_days(self, rows: list[Any], names: Sequence[str] | None) -> tuple[dict[int, str], bool]:
        """Of a table of lists: the later rows, and a later day of each; and whether each row names a day."""
        first = rows[0]
        if names is None and type(first) is list and len(rows) > 1:
            texts = all(type(cell) is str and self._span(cell, Said.NOTHING) is None for cell in first)
            names = first if texts and first else None
        axis = shapes.is_time_axis([row[0] for row in rows if type(row) is list and row])
        late, is_dated = {}, True
        for at, row in enumerate(rows):
            if type(row) is not list or row is names:
                continue
            titles = names if names and len(names) == len(row) else map(str, range(len(row)))
            named = dict(zip(titles, row, strict=True))
            day, names_day = self._late_day(named)
            is_dated = is_dated and (names_day or axis)
            if day is None and axis and row and self.is_late(span := instant(row[0])) and span:
                day = span.last
            if day:
                late[at] = day
        return late, is_dated

    def _late_places(self, data: Any, steps: Steps) -> Iterator[tuple[tuple[Any, ...], str]]:
        """Of a place that is named: the row of each date there that is later, and its day."""
        row = len(steps) - steps[::-1].index(None) if None in steps else 0
        for at, value in shapes.found(data, steps):
            span = self._cell_span(value, Said.YEAR)
            if span and self.is_late(span):
                yield at[:row], span.last
