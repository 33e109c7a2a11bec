"""JSON values: whether two are equal, and the texts in one. Without recursion: a stranger's value may be deep."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def same(left: Any, right: Any) -> bool:
    """Equal as JSON: 3 is 3.0, but no number is true or false; the order of an array's items counts."""
    pairs = [(left, right)]
    while pairs:
        one, other = pairs.pop()
        if isinstance(one, dict) and isinstance(other, dict):
            if one.keys() != other.keys():
                return False
            pairs += [(one[key], other[key]) for key in one]
        elif isinstance(one, list) and isinstance(other, list):
            if len(one) != len(other):
                return False
            pairs += zip(one, other, strict=True)
        elif isinstance(one, bool) != isinstance(other, bool) or one != other:
            return False
    return True


def strings(*values: Any) -> Iterator[str]:
    """Every text in the values, the keys of objects among them."""
    left = list(values)
    while left:
        value = left.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            left += [*value.keys(), *value.values()]
        elif isinstance(value, list):
            left += value
