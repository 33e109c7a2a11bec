"""Two JSON values, or two texts → where they differ."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from agent.encoding import canonical

AROUND = 2
"""Lines that stayed, around those that went and came."""
NAMES = ("tool_name", "sector_name", "name", "id")
"""Keys under which items of lists are named."""


@dataclass(frozen=True)
class Difference:
    """`at`: the path of keys to the values; None stands for a value that is not there, too."""

    at: str
    before: Any
    after: Any


def differences(before: Any, after: Any, at: str = "") -> Iterator[Difference]:
    """Of every value that is another one, mappings key by key; lists are one value."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in dict.fromkeys([*before, *after]):
            yield from differences(before.get(key), after.get(key), f"{at}.{key}" if at else str(key))
    elif canonical(before) != canonical(after):
        yield Difference(at, before, after)


def in_parts(found: Difference) -> Iterator[Difference]:
    """A difference of two lists as those of their items, by the names that these have, else by their places; any other
    difference, and one of order alone, as it is.
    """
    parts: list[Difference] = []
    if isinstance(found.before, list) and isinstance(found.after, list):
        for name, before, after in _matched(found.before, found.after):
            for each in differences(before, after, f"{found.at}.{name}"):
                parts += in_parts(each)
    yield from parts or [found]


def name_of(item: Any) -> str | None:
    """What an item of a list is called, where it says that."""
    said = [item.get(key) for key in NAMES] if isinstance(item, Mapping) else []
    return next((name for name in said if isinstance(name, str) and name), None)


def _matched(before: list[Any], after: list[Any]) -> Iterator[tuple[str | int, Any, Any]]:
    """Items that belong together, None beside one that has no other; equal ones may be left out."""
    was, now = ({name: item for item in side if (name := name_of(item))} for side in (before, after))
    if len(was) == len(before) and len(now) == len(after):
        yield from ((name, was.get(name), now.get(name)) for name in dict.fromkeys([*was, *now]))
        return
    first, second = ([canonical(item) for item in side] for side in (before, after))
    for tag, start, end, start_after, end_after in difflib.SequenceMatcher(None, first, second, False).get_opcodes():
        if tag != "equal":
            pairs = zip_longest(before[start:end], after[start_after:end_after])
            yield from ((start_after + at, *pair) for at, pair in enumerate(pairs))


def changed_lines(before: str, after: str) -> list[str]:
    """A unified diff without its heading; empty for equal texts."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=AROUND, lineterm="")
    return list(lines)[2:]
