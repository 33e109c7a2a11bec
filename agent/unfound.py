"""Places that an agent file's `figures` names and at which results have nothing of the kind; and what stands there."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from agent.figures import Figure
from agent.foreign import printable
from agent.mapping import FiguresSpec, Found, found_at, reached, rows_of
from agent.pointers import pointer
from agent.readings import day_of

SHOWN_KEYS, LONGEST_KEY = 8, 40


class Result(NamedTuple):
    """A tool's result, and the pointers of the numbers that were read in it."""

    data: Any
    numbers: Collection[str]


def numbers_by_call(figures: Iterable[Figure]) -> dict[str, set[str]]:
    """Call → the pointers of its numbers."""
    numbers: dict[str, set[str]] = {}
    for figure in figures:
        if figure.value is not None:
            numbers.setdefault(figure.call, set()).add(figure.pointer)
    return numbers


class _Row(NamedTuple):
    row: Found
    result: Result

    def at(self, place: str) -> Found | None:
        return found_at(place, self.row, self.result.data)


def unfound(mapping: FiguresSpec, results: Sequence[Result]) -> list[str]:
    """What a mapping says in vain of all results of its tool, a sentence each; a null stands where it was said to."""
    rows = [_Row(row, result) for result in results for row in rows_of(mapping, result.data)]
    return list(_of_rows(mapping, rows) if rows else _without_rows(mapping, results))


def _without_rows(mapping: FiguresSpec, results: Sequence[Result]) -> Iterator[str]:
    """An empty list may be the truth."""
    ends = [reached(mapping.rows, Found((), result.data), result.data).value for result in results]
    if ends and all(end not in ([], {}) for end in ends):
        yield f"`rows: {mapping.rows}` leads to no row{_there(ends[0])}"


def _of_rows(mapping: FiguresSpec, rows: Sequence[_Row]) -> Iterator[str]:
    names = {"sector": mapping.sector, "ticker": mapping.ticker, "name": mapping.name}
    told = [_told(key, place, rows, "text", _is_text) for key, place in names.items() if place]
    yield from filter(None, told)
    yield from filter(None, [_told("date", mapping.date, rows, "day", _is_day) if mapping.date else None])
    subjects = [place for place in (mapping.sector, mapping.ticker) if place]
    named = [row for row in rows if not subjects or any(_is_text(row.at(place), row) for place in subjects)]
    for metric, about in mapping.metrics.items():
        sign = _told(f"{metric}.sign.at", about.sign.at, named, "text", _is_text) if about.sign else None
        if said := sign or _told(f"{metric}.at", about.at, named, "number", _is_number):
            yield said


def _told(
    key: str, place: str, rows: Sequence[_Row], kind: str, fits: Callable[[Found | None, _Row], bool]
) -> str | None:
    """A sentence when no row has there what was said to stand there."""
    for row in rows:
        found = row.at(place)
        if fits(found, row) or (found is not None and found.value is None):
            return None
    if not rows:
        return None
    first = rows[0]
    end = reached(place, first.row, first.result.data).value if first.at(place) is None else None
    counted = "1 row" if len(rows) == 1 else f"{len(rows):,} rows"
    return f"`{key}: {place}` found no {kind} in {counted}{_there(end)}"


def _is_text(found: Found | None, _: _Row) -> bool:
    return found is not None and isinstance(found.value, str) and bool(found.value.strip())


def _is_day(found: Found | None, _: _Row) -> bool:
    return found is not None and day_of(found.value) is not None


def _is_number(found: Found | None, row: _Row) -> bool:
    return found is not None and pointer(found.steps) in row.result.numbers


def _there(value: Any) -> str:
    """The keys that stand there instead."""
    if not isinstance(value, dict) or not value:
        return ""
    keys = [printable(key)[:LONGEST_KEY] for key in list(value)[:SHOWN_KEYS]]
    return f"; keys there: {', '.join(keys)}" + (", …" if len(value) > SHOWN_KEYS else "")
