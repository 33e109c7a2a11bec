"""JSON-stat, in which statistical offices answer: one list of values, whose days are the categories of a dimension."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any


def is_cube(row: dict[str, Any]) -> bool:
    return type(row.get("dimension")) is dict and type(row.get("value")) in (dict, list)


def later_cells(cube: dict[str, Any], late: Callable[[str], str | None]) -> dict[int, str]:
    """The positions among its values that a later category stands for, with its day; every one where the sizes of its
    dimensions do not tell which."""
    dimensions, order, sizes = cube["dimension"], cube.get("id"), cube.get("size")
    names = [name for name in (order if type(order) is list else dimensions) if type(name) is str]
    categories = [_categories(dimensions.get(name)) for name in names]
    sizes = sizes if type(sizes) is list else [max(each.values(), default=-1) + 1 for each in categories]
    days = [{at: day for label, at in each.items() if (day := late(label))} for each in categories]
    if not any(days):
        return {}
    values = cube["value"]
    positions = (
        range(len(values))
        if type(values) is list
        else [int(key) for key in values if key.isdecimal() and len(key) < 10]
    )
    if len(sizes) != len(names) or not all(type(size) is int and size > 0 for size in sizes):
        return dict.fromkeys(positions, max(day for each in days for day in each.values()))
    found = {}
    for position in positions:
        for at, each in enumerate(days):
            if day := each.get(position // prod(sizes[at + 1 :]) % sizes[at]):
                found[position] = day
    return found


def without(cube: dict[str, Any], positions: dict[int, str]) -> dict[str, Any]:
    """Without those values; in a list, nothing stands in their places."""
    values = cube["value"]
    if type(values) is list:
        return cube | {"value": [None if at in positions else value for at, value in enumerate(values)]}
    gone = {str(at) for at in positions}
    return cube | {"value": {key: value for key, value in values.items() if key not in gone}}


def _categories(dimension: Any) -> dict[str, int]:
    """The position of each category of a dimension."""
    category = dimension.get("category") if type(dimension) is dict else None
    index = category.get("index") if type(category) is dict else None
    if type(index) is list:
        return {label: at for at, label in enumerate(index) if type(label) is str}
    return {label: at for label, at in index.items() if type(at) is int} if type(index) is dict else {}
