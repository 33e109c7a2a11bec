"""JSON as bytes: the same value always gives the same ones, and any value of a stranger gives some. JSON in a text."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from typing import Any, TypeAlias

JSON: TypeAlias = Any
LONGEST_INTEGER = 10_000
"""Bits beyond which Python refuses to write a number."""
DEEPEST = 100
"""Lists and mappings within each other."""


_ENCODERS = {
    sort_keys: json.JSONEncoder(
        sort_keys=sort_keys, separators=(",", ":"), ensure_ascii=False, allow_nan=False, check_circular=False
    )
    for sort_keys in (False, True)
}


def compact(value: JSON, *, sort_keys: bool = False) -> bytes:
    """JSON without spaces and NaN, as UTF-8, its keys in the order in which they came.

    Numbers that JSON does not have, or that no reader takes, become null; a lone half of a character is written as
    an escape.
    """
    try:
        text = _ENCODERS[sort_keys].encode(value)
    except ValueError:
        return compact(_finite(value), sort_keys=sort_keys)
    if not text.isascii():
        # Two halves of a character are one: what is read back must be what was written.
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    return text.encode("utf-8", "backslashreplace")


def json_at(text: str, at: int = 0) -> tuple[JSON, int]:
    """The JSON value that begins there, and where it ends; of objects one behind the other, the list of them.

    Numbers that JSON does not have are null. Raises ValueError where none begins, RecursionError for one too deep.
    """
    value, end = _DECODER.raw_decode(text, at)
    values = [value]
    while isinstance(value, dict) and (blank := _BEFORE_OBJECT.match(text, end)):
        try:
            value, end = _DECODER.raw_decode(text, blank.end())
        except (ValueError, RecursionError):
            break
        values.append(value)
    return (values if len(values) > 1 else values[0]), end


def canonical(value: JSON) -> bytes:
    """Compact JSON with sorted keys: equal values give equal bytes."""
    return compact(value, sort_keys=True)


def digest(value: JSON) -> str:
    """SHA-256 of the canonical JSON, in hexadecimal."""
    return hashlib.sha256(canonical(value)).hexdigest()


def _read(number: str) -> float | None:
    value = float(number)
    return value if math.isfinite(value) else None


_DECODER = json.JSONDecoder(parse_float=_read, parse_constant=lambda _: None)
_BEFORE_OBJECT = re.compile(r"[ \t\r\n]*(?=\{)")


def _finite(value: JSON) -> JSON:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, int) and value.bit_length() > LONGEST_INTEGER:
        return None
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value


def shallow(value: JSON) -> JSON:
    """The value. Raises ValueError for one that is nested so deeply that walking it would fail."""
    level = [value]
    for _ in range(DEEPEST):
        level = [
            item
            for each in level
            if isinstance(each, dict | list)
            for item in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return value
    raise ValueError("nested too deeply")
