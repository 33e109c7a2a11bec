"""Declared containment: which recorded calls hold the answer to a narrower one, and how it is cut out of theirs."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Annotated, Any, TypeAlias

from pydantic import Field

from agent.encoding import canonical, compact
from agent.pointers import steps
from agent.replay.rows import structured
from agent.section import Section, Text
from agent.tools.content import data_of

Pointer: TypeAlias = Annotated[str, Field(pattern="^/")]
"""A JSON pointer into an answer, by way of objects."""


class RowsOf(Section):
    """An argument that chooses rows: `sector: Banks` out of `sector: all`, or one of several indicators."""

    argument: Text
    all: Text = "all"
    """The value that asks for all rows."""
    all_when_absent: bool = True
    """Whether a call without the argument asks for all rows."""
    rows: Pointer
    """The list of rows in the answer."""
    key: Text
    """The row member that has the argument's value, or one of its values."""


class ColumnsOf(Section):
    """A list argument that chooses members of the rows: `metrics: [momentum]` out of all metrics."""

    argument: Text
    rows: Pointer
    """The list of rows in the answer."""
    columns: Pointer | None = None
    """The object that describes the columns by name."""
    names: dict[str, list[Text]] = Field(default_factory=dict)
    """Value of the argument → the row members that it stands for; without an entry, the one of that name."""
    keep: list[Text] = Field(default_factory=list)
    """Described members that stand in every row, whatever is asked."""


class Containment(Section):
    """What is known of a tool, beyond its schema, about the relation of its answers to its arguments."""

    sets: list[Text] = Field(default_factory=list)
    """Arguments whose lists mean the same in any order."""
    rows: RowsOf | None = None
    columns: ColumnsOf | None = None
    echoes: dict[Pointer, Text] = Field(default_factory=dict)
    """Place in the answer → the argument whose value stands there."""
    totals: list[Pointer] = Field(default_factory=list)
    """Objects that add the rows up: over one row, its own members."""
    latest: dict[Pointer, Text] = Field(default_factory=dict)
    """Place in the answer → the row member whose greatest text (an ISO date) stands there."""
    notes: Pointer | None = None
    """A list of texts; one that begins with the name of a row or column goes with it."""


def contains(wide: Mapping[str, Any], narrow: Mapping[str, Any], containment: Containment) -> bool:
    """Whether the answer to `wide` provably holds the answer to `narrow`; both normalised by the tool's schema."""
    rows, columns = containment.rows, containment.columns
    sliced = {each.argument for each in (rows, columns) if each}
    if _others(wide, sliced) != _others(narrow, sliced):
        return False
    if rows and not _holds_rows(wide.get(rows.argument), narrow.get(rows.argument), rows):
        return False
    return columns is None or _holds(wide.get(columns.argument), narrow.get(columns.argument))


def cut(result: Mapping[str, Any], narrow: Mapping[str, Any], containment: Containment) -> dict[str, Any] | None:
    """The part of an MCP result that answers `narrow`; None where it cannot be told from the result.

    `result` answers a call that contains `narrow`. Rows and columns come in the order in which `narrow` names them.
    None: an error, content other than one JSON text that says what the structured content does, nothing at a declared
    pointer, no row or column for something asked, a total over some of the rows.
    """
    data = _data_of(result)
    if data is None:
        return None
    try:
        answer = _cut(data, narrow, containment)
    except _NotHeldError:
        return None
    parts = structured(result, answer)
    if result.get("content"):
        parts["content"] = [{**result["content"][0], "text": compact(answer).decode()}]
    return {**result, **parts}


class _NotHeldError(Exception):
    """The answer does not hold what is asked."""


def _others(arguments: Mapping[str, Any], sliced: Collection[str]) -> bytes:
    return canonical({name: value for name, value in arguments.items() if name not in sliced})


def _holds_rows(wide: Any, narrow: Any, rows: RowsOf) -> bool:
    if _is_all(narrow, rows) or (_is_all(wide, rows) and _named(narrow)):
        return _is_all(wide, rows)
    return _holds(wide, narrow)


def _is_all(value: Any, rows: RowsOf) -> bool:
    return rows.all_when_absent if value is None else bool(value == rows.all)


def _holds(wide: Any, narrow: Any) -> bool:
    """Whether all that is named in `narrow` is in `wide`; what neither names is the same."""
    if wide is None or narrow is None:
        return wide is narrow
    named = _named(narrow)
    return bool(named) and set(named) <= set(_named(wide))


def _named(value: Any) -> list[str]:
    """What an argument names, once each; nothing where it is neither a text nor a list of texts."""
    values = value if isinstance(value, list) else [value]
    return list(dict.fromkeys(values)) if all(isinstance(each, str) for each in values) else []


def _data_of(result: Mapping[str, Any]) -> Any:
    """The data of a result that says one thing only; else None."""
    content = result.get("content") or []
    told = data_of({"content": content})
    data = data_of(result)
    return None if result.get("isError") or (content and told != data) else data


def _cut(data: Any, narrow: Mapping[str, Any], containment: Containment) -> Any:
    names: set[str] = set()
    kept: set[str] = set()
    if rows := containment.rows:
        every = _rows(data, rows.rows)
        chosen = _chosen(every, narrow.get(rows.argument), rows)
        data = _summed_up(_put(data, rows.rows, chosen), len(every), chosen, containment)
        names |= _keys(every, rows.key)
        kept |= _keys(chosen, rows.key)
    columns = containment.columns
    if columns and narrow.get(columns.argument) is not None:
        known, asked = _columns(data, narrow[columns.argument], columns)
        always = {*columns.keep, rows.key} if rows else {*columns.keep}
        data = _only(data, known - always, asked, columns)
        names |= known
        kept |= {*asked, *always}
    if containment.notes:
        notes = [note for note in _texts(data, containment.notes) if _subject(note, names) not in names - kept]
        data = _put(data, containment.notes, notes)
    return _echoed(data, narrow, containment)


def _chosen(every: list[dict[str, Any]], value: Any, rows: RowsOf) -> list[dict[str, Any]]:
    """The rows of what is asked, in its order."""
    if value is None or _is_all(value, rows):
        return every
    found = [[row for row in every if row.get(rows.key) == name] for name in _named(value)]
    if not found or not all(found):
        raise _NotHeldError
    return [row for each in found for row in each]


def _summed_up(data: Any, every: int, chosen: list[dict[str, Any]], containment: Containment) -> Any:
    """The totals and the latest dates of the rows that are left; `every`: how many there were."""
    if len(chosen) == every:
        return data
    for pointer in containment.totals:
        total = _at(data, pointer)
        if len(chosen) > 1 or not isinstance(total, dict) or not total.keys() <= chosen[0].keys():
            raise _NotHeldError
        data = _put(data, pointer, {name: chosen[0][name] for name in total})
    for pointer, member in containment.latest.items():
        dates = [row[member] for row in chosen if isinstance(row.get(member), str)]
        if len(dates) < len(chosen):
            raise _NotHeldError
        data = _put(data, pointer, max(dates))
    return data


def _columns(data: Any, value: Any, columns: ColumnsOf) -> tuple[set[str], list[str]]:
    """The columns that the answer has, and those of them that are asked for, in the order asked."""
    described = _described(data, columns)
    present = {name for row in _rows(data, columns.rows) for name in row}
    known = {*described, *(name for names in columns.names.values() for name in names if name in present)}
    asked = [name for each in _named(value) for name in columns.names.get(each, [each])]
    if not asked or not known.issuperset(asked):
        raise _NotHeldError
    return known, asked


def _described(data: Any, columns: ColumnsOf) -> dict[str, Any]:
    described = _at(data, columns.columns) if columns.columns else {}
    if not isinstance(described, dict):
        raise _NotHeldError
    return described


def _only(data: Any, optional: set[str], asked: list[str], columns: ColumnsOf) -> Any:
    """The rows and the columns' description, without the optional columns that are not asked for."""

    def narrowed(members: dict[str, Any]) -> dict[str, Any]:
        always = {name: each for name, each in members.items() if name not in optional}
        return always | {name: members[name] for name in asked if name in members}

    data = _put(data, columns.rows, [narrowed(row) for row in _rows(data, columns.rows)])
    return _put(data, columns.columns, narrowed(_described(data, columns))) if columns.columns else data


def _echoed(data: Any, narrow: Mapping[str, Any], containment: Containment) -> Any:
    """What a call leaves out is echoed as it was: it leaves the same out, or asks for all."""
    for pointer, argument in containment.echoes.items():
        value = narrow.get(argument)
        if value is None:
            value = _at(data, pointer)
        elif isinstance(value, list) and argument in containment.sets:
            value = _named(value) or value
        data = _put(data, pointer, value)
    return data


def _keys(rows: list[dict[str, Any]], key: str) -> set[str]:
    return {row[key] for row in rows if isinstance(row.get(key), str)}


def _subject(note: str, names: Collection[str]) -> str | None:
    """The longest of the names with which a note begins."""
    begun = [name for name in names if re.match(rf"{re.escape(name)}(?!\w)", note)]
    return max(begun, key=len, default=None)


def _rows(data: Any, pointer: str) -> list[dict[str, Any]]:
    rows = _at(data, pointer)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise _NotHeldError
    return rows


def _texts(data: Any, pointer: str) -> list[str]:
    texts = _at(data, pointer)
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise _NotHeldError
    return texts


def _at(data: Any, pointer: str) -> Any:
    """What a pointer leads to, by way of objects."""
    for step in steps(pointer):
        data = _member(data, step)
    return data


def _put(data: Any, pointer: str, value: Any) -> Any:
    """A copy with another value where a pointer leads."""
    return _with(data, steps(pointer), value)


def _with(data: Any, path: list[str], value: Any) -> Any:
    if not path:
        return value
    return data | {path[0]: _with(_member(data, path[0]), path[1:], value)}


def _member(data: Any, name: str) -> Any:
    if not isinstance(data, dict) or name not in data:
        raise _NotHeldError
    return data[name]
