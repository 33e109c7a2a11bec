"""The shapes in which strangers write tables, and parts of them taken out."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from typing import Any, TypeAlias

from agent.days import Said, Span, has_digits, instant, name_of, plain, span_of, span_of_text
from agent.pointers import key_in

Steps: TypeAlias = tuple[str | int | None, ...]
"""Keys and indices that lead to values; None stands for each item."""
GONE: Any = object()
"""In place of what was taken out."""
_PARTS = {
    "year": {"year", "fiscal_year", "calendar_year", "report_year", "year_report", "nam"},
    "quarter": {"quarter", "fiscal_quarter", "period", "fiscal_period", "length_report", "quy", "ky"},
    "month": {"month", "thang"},
    "day": {"day", "ngay"},
}
"""Members that make one date together."""
_IN_YEAR = re.compile(r"(m|h|s|q|quy )?0?(\d{1,2})")
AXES = {"index", "x", "labels", "label", "categories", "category", "axis"}
"""Keys of lists that stand for the rows beside them."""
TITLES = ("name", "field", "key", "label", "title")
"""Where an object has the name of a column."""


def found(value: Any, steps: Steps, at: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """What stands at the end of these steps, each with its place."""
    if not steps:
        yield at, value
        return
    for key, inner in _children(value, steps[0]):
        yield from found(inner, steps[1:], (*at, key))


def _children(value: Any, step: str | int | None) -> Iterator[tuple[str | int, Any]]:
    """A key leads into a mapping, a number into a list, and None to each item of either."""
    if step is None:
        yield from value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    elif isinstance(value, dict):
        key = key_in(value, step)
        yield from [] if key is None else [(key, value[key])]
    elif isinstance(value, list) and isinstance(step, int) and step < len(value):
        yield step, value[step]


def without(value: Any, places: Collection[tuple[Any, ...]]) -> Any:
    """A copy without what stands at those places."""
    if () in places:
        return GONE
    below: dict[Any, list[tuple[Any, ...]]] = {}
    for step, *rest in places:
        below.setdefault(step, []).append(tuple(rest))
    items = value.items() if isinstance(value, dict) else enumerate(value)
    left = {step: without(item, below[step]) if step in below else item for step, item in items}
    kept = {step: item for step, item in left.items() if item is not GONE}
    return kept if isinstance(value, dict) else list(kept.values())


def cut(value: Any, positions: Mapping[int, Collection[int]], index: Collection[str]) -> Any:
    """Without the positions that go, and without the keys that go from objects that are columns."""
    if type(value) is list:
        gone = positions.get(len(value), ())
        return [cut(item, positions, index) for at, item in enumerate(value) if at not in gone]
    if type(value) is dict:
        gone_keys = index if is_column(value) else ()
        return {key: cut(item, positions, index) for key, item in value.items() if key not in gone_keys}
    return value


def key_days(row: Mapping[str, Any]) -> dict[str, Span]:
    """The days that keys stand for; numbers are some where they are years, or moments in order."""
    numbered = [key for key in row if has_digits(key)]
    if not numbered:
        return {}
    bare = [key for key in numbered if key.isdecimal()]
    is_axis = len(bare) == len(row) or len(bare) > 1
    in_order = bare in (sorted(bare), sorted(bare, reverse=True)) or max(map(len, bare), default=0) == 4
    said = Said.YEAR if is_axis and in_order and all(span_of(key, Said.YEAR) for key in bare) else Said.NOTHING
    return {key: span for key in numbered if (span := key_span(key, said))}


def key_span(key: str, said: Said) -> Span | None:
    if key.isdecimal() and len(key) == 8:
        said = Said.DATE
    elif day := re.search(r"(?<!\d)\d{4}-\d\d-\d\d(?!\d)", key):
        key = day[0]
    return span_of(key, said)


def is_column(value: dict[str, Any]) -> bool:
    """{"0": …, "1": …}: a column by row numbers, as data frames are written."""
    return bool(value) and all(key.isdecimal() and len(key) < 8 for key in value)


def only_texts(value: Any) -> bool:
    if type(value) is dict:
        return all(map(only_texts, value.values()))
    return all(map(only_texts, value)) if type(value) is list else value is None or type(value) is str


def titles(value: Any) -> list[str] | None:
    """The names of a table's columns: texts, or objects that have one."""
    if type(value) is not list or not value:
        return None
    named = [each.get(next(filter(each.__contains__, TITLES), "")) if type(each) is dict else each for each in value]
    names = [name for name in named if type(name) is str]
    return names if len(names) == len(value) else None


def fields(columns: Any) -> dict[str, list[str]]:
    """Of columns by their keys those that hold series: what each point, a list, is made of."""
    described = columns.items() if type(columns) is dict else ()
    said = {key: titles(about.get("fields")) for key, about in described if type(about) is dict}
    return {key: names for key, names in said.items() if names}


def is_time_axis(cells: list[Any]) -> bool:
    """Moments since 1970, one after the other: whole minutes but the last where they are seconds."""
    if not cells or not all(type(cell) is int and instant(cell) for cell in cells):
        return False
    in_order = sorted(set(cells))
    if in_order not in (cells, cells[::-1]):
        return False
    if cells[0] > 10**11 and len(cells) > 1:
        return True
    minute = 60 if cells[0] < 10**11 else 60_000
    return all(cell % minute == 0 for cell in (in_order[:-1] if len(cells) > 2 else in_order))


@lru_cache(maxsize=4096)
def part_of(key: str) -> str | None:
    """Which part of a date a key names: `fiscalYear` is a year."""
    name = name_of(key)
    return next((part for part, names in _PARTS.items() if name in names), None)


def of_parts(parts: Mapping[str, Any]) -> Span | None:
    """Of a year and its month, quarter or half, in members of their own: 2025 and `Q1`, `M05`, `H1` or 3."""
    year, quarter, month, day = (parts.get(name) for name in _PARTS)
    digits = re.search(r"\d{4}", str(year))
    if digits is None:
        return None
    if quarter is not None and (within := _IN_YEAR.fullmatch(plain(str(quarter).strip()))):
        kind = {"m": "-", "h": "H", "s": "H"}.get(within[1], "Q")
        return span_of_text(f"{digits[0]}{kind}{within[2]}")
    return span_of_text("-".join(str(part) for part in (digits[0], month, day) if part is not None)) if month else None
