"""The rows and objects in a tool's data: found with their paths, and changed in a copy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from agent.encoding import JSON, compact
from agent.tabular import SECTOR_KEYS, SERIES_KEYS
from agent.tools.content import wrapped_text

NAME_KEYS = (*SECTOR_KEYS, *SERIES_KEYS)
Path: TypeAlias = tuple[str | int, ...]
Row: TypeAlias = dict[str, Any]
GONE = object()
"""What a row is replaced by that is no longer in its list."""


def tables(data: JSON, at: Path = ()) -> Iterator[tuple[Path, list[Row]]]:
    """Every list of objects that lies in no other such list, with its path."""
    if isinstance(data, list) and data and all(isinstance(row, dict) for row in data):
        yield at, data
    else:
        for key, value in _members(data):
            yield from tables(value, (*at, key))


def objects(data: JSON, at: Path = (), name: str | None = None) -> Iterator[tuple[Path, Row, str | None]]:
    """Every object with its path and the name of what it is about: its own, else that of the object around it."""
    if isinstance(data, dict):
        name = name_of(data) or name
        yield at, data, name
    for key, value in _members(data):
        yield from objects(value, (*at, key), name)


def name_key(row: Row) -> str | None:
    """The key under which a row says what it is about."""
    return next((key for key in NAME_KEYS if isinstance(row.get(key), str)), None)


def name_of(row: Row) -> str | None:
    key = name_key(row)
    return row[key] if key else None


def stands_in_list(path: Path) -> bool:
    return bool(path) and isinstance(path[-1], int)


def names(data: JSON) -> set[str]:
    """What the rows of all lists are about."""
    return {name for path, each, _ in objects(data) if stands_in_list(path) and (name := name_of(each))}


def replaced(data: JSON, values: Mapping[Path, Any], at: Path = ()) -> Any:
    """A copy with other values at some paths; list elements replaced by GONE are left out."""
    if at in values:
        return values[at]
    if isinstance(data, dict):
        return {key: replaced(value, values, (*at, key)) for key, value in data.items()}
    if isinstance(data, list):
        copied = (replaced(value, values, (*at, index)) for index, value in enumerate(data))
        return [value for value in copied if value is not GONE]
    return data


def respelled(data: JSON, spell: Callable[[str], str]) -> Any:
    """A copy in which `spell` has had every text, keys included."""
    if isinstance(data, str):
        return spell(data)
    if isinstance(data, dict):
        return {spell(key): respelled(value, spell) for key, value in data.items()}
    if isinstance(data, list):
        return [respelled(value, spell) for value in data]
    return data


def with_data(result: Row, data: JSON) -> Row:
    """The MCP result with other data, in structured content where it has any, and as the only text: a summary beside
    it would still tell of the old."""
    text = compact(data).decode()
    others = [block for block in result.get("content") or [] if block.get("type") != "text"]
    return result | {"content": [{"type": "text", "text": text}, *others]} | structured(result, data)


def structured(result: Mapping[str, Any], data: JSON) -> Row:
    """Data as a result's structured content, wrapped where that is a wrapped text; nothing where it has none."""
    if result.get("structuredContent") is None:
        return {}
    return {"structuredContent": data if wrapped_text(result) is None else {"result": compact(data).decode()}}


def with_words(result: Row, words: str) -> Row:
    """The MCP result with a text after all others."""
    wrapped = wrapped_text(result)
    more = {} if wrapped is None else {"structuredContent": {"result": f"{wrapped}\n{words}"}}
    return result | {"content": [*(result.get("content") or []), {"type": "text", "text": words}]} | more


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _members(data: JSON) -> Iterable[tuple[str | int, Any]]:
    if isinstance(data, dict):
        return data.items()
    return enumerate(data) if isinstance(data, list) else ()
