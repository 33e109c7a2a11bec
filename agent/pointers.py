"""JSON pointers (RFC 6901): how errors, figures and differences say where in a JSON value they stand."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any


def escaped(name: object) -> str:
    """One part of a pointer."""
    return str(name).replace("~", "~0").replace("/", "~1")


def pointer(path: Iterable[object]) -> str:
    """Names and indices → their pointer; of none, the empty text: the whole value."""
    return "".join(f"/{escaped(part)}" for part in path)


def steps(pointer: str) -> list[str]:
    """The parts of a pointer, as they were before they were escaped."""
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def lookup(value: Any, pointer: str) -> Any:
    """What stands there; None where nothing does."""
    for step in steps(pointer):
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def key_in(value: Mapping[str, Any], name: str | int) -> str | None:
    """The key that is written so, however its accents are encoded; None where there is none."""
    if not isinstance(name, str):
        return None
    if name in value:
        return name
    composed = unicodedata.normalize("NFC", name)
    return next((key for key in value if unicodedata.normalize("NFC", key) == composed), None)
