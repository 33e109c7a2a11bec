"""Two JSON values, or two texts → where they differ."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from agent.encoding import canonical

AROUND = 2
"""Lines that stayed, around those that went and came."""


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


def changed_lines(before: str, after: str) -> list[str]:
    """A unified diff without its heading; empty for equal texts."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=AROUND, lineterm="")
    return list(lines)[2:]
