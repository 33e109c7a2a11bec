"""Answers that are made later than what they are about: what in them stands under dates of its own."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Protocol

from agent.days import Said, Span, name_of, said_by
from agent.encoding import DEEPEST
from agent.shapes import GONE, titles

NAMES = ("columns", "headers", "header", "fields", "names", "column_names")
"""Where a table has the names of its columns."""
_LABELS = {
    "symbol", "ticker", "name", "code", "id", "unit", "units", "currency", "status", "sector", "frequency",
    "interval", "timezone", "zone", "source", "kind", "type", "limit", "offset", "page", "size", "s",
}  # fmt: skip
"""Last words of keys whose values are the same on any day."""


class Judge(Protocol):
    def names_day(self, row: dict[str, Any]) -> bool: ...
    def is_dated_table(self, rows: list[Any], names: Sequence[str] | None) -> bool: ...
    def dated_keys(self, row: dict[str, Any]) -> Collection[str]: ...
    def is_dates(self, key: str, cells: list[Any]) -> bool: ...


def dated_part(value: Any, judge: Judge, names: Sequence[str] | None = None, depth: int = 0) -> Any:
    """Rows, columns and members with dates of their own, and labels beside them; `GONE` where there are none."""
    if depth > DEEPEST:
        return GONE
    if type(value) is list:
        if value and all(type(row) is list for row in value):
            return value if judge.is_dated_table(value, names) else GONE
        rows = [
            row if type(row) is dict and judge.names_day(row) else dated_part(row, judge, None, depth + 1)
            for row in value
            if type(row) in (dict, list)
        ]
        return [row for row in rows if row is not GONE] or GONE
    if type(value) is not dict:
        return GONE
    if keys := judge.dated_keys(value):
        return {key: value[key] for key in keys}
    names = next((found for key, item in value.items() if name_of(key) in NAMES and (found := titles(item))), None)
    lengths = {len(item) for key, item in value.items() if type(item) is list and judge.is_dates(key, item)}
    parts = {
        key: _columns(item, lengths) if lengths else dated_part(item, judge, names, depth + 1)
        for key, item in value.items()
        if type(item) in (dict, list)
    }
    if all(part is GONE for part in parts.values()):
        return GONE
    left = {key: parts.get(key, item if _is_label(key, item) else GONE) for key, item in value.items()}
    return {
        key: row if row is not GONE else value[key]
        for key, row in left.items()
        if row is not GONE or name_of(key) in NAMES
    }


def beside(row: Mapping[str, Any], part: Mapping[str, Any], span: Callable[[Any, Said], Span | None]) -> dict[str, Any]:
    """What an answer may say beside its part: dates of its own, which are those of its making, and labels."""
    kept = {}
    for key, value in row.items():
        said = said_by(key)
        if key in part:
            continue
        if type(value) is dict and said is Said.ABOUT:
            kept[key] = {
                name: item for name, item in value.items() if _is_label(name, item) or span(item, said_by(name))
            }
        elif said is Said.METADATA or value is None or type(value) is bool or span(value, said):
            kept[key] = value
    return kept


def _is_label(key: str, value: Any) -> bool:
    return type(value) not in (dict, list) and name_of(key).rsplit("_", 1)[-1] in _LABELS


def _columns(value: Any, lengths: set[int]) -> Any:
    """What has as many items as the dates beside it."""
    if type(value) is list and len(value) in lengths and not any(type(item) is dict for item in value):
        return value
    if type(value) is list:
        return [part for item in value if (part := _columns(item, lengths)) is not GONE] or GONE
    if type(value) is dict:
        return {key: part for key, item in value.items() if (part := _columns(item, lengths)) is not GONE} or GONE
    return GONE
