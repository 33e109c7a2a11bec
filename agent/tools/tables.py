"""A table in a text → its rows as objects: Markdown, or values between commas, semicolons or tabs."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from typing import Any

from agent.numerals import JSON_NUMBER, read_cells

LARGEST = 1 << 20
"""Characters of a text that is looked at."""
_RULE = re.compile(r":?-{2,}:?|:-:?|-:")


def table_in(text: str) -> list[dict[str, Any]] | None:
    """The rows of the first table; None for a text without one.

    A Markdown table has its rule below the heads. Otherwise all lines have as many values as the first one, whose
    values are the heads: no numbers, and none of them twice. Numbers are read as the table shows them to be written;
    a percentage stays a text.
    """
    if len(text) > LARGEST:
        return None
    lines = [line for line in text.splitlines() if line.strip()]
    for rows in (_markdown(lines), *(_delimited(lines, mark) for mark in "\t;,")):
        if rows and len(rows) > 1 and _are_heads(rows[0]) and all(len(row) == len(rows[0]) for row in rows):
            columns = read_cells([*zip(*rows[1:], strict=True)])
            values = ([None if cell == "" else cell for cell in column] for column in columns)
            return [dict(zip(rows[0], row, strict=True)) for row in zip(*values, strict=True)]
    return None


def _markdown(lines: Sequence[str]) -> list[list[str]]:
    """From the line above the first rule on, as far as lines go on with bars."""
    for at in range(1, len(lines)):
        rule = _cells(lines[at])
        if rule and all(map(_RULE.fullmatch, rule)):
            return [_cells(lines[at - 1]), *_while_barred(lines[at + 1 :])]
    return []


def _while_barred(lines: Sequence[str]) -> Iterator[list[str]]:
    for line in lines:
        if "|" not in line:
            return
        yield _cells(line)


def _cells(line: str) -> list[str]:
    if "|" not in line:
        return []
    return [cell.strip().strip("*`").strip() for cell in line.strip().strip("|").split("|")]


def _delimited(lines: Sequence[str], mark: str) -> list[list[str]]:
    if len(lines) < 3 or not all(mark in line for line in lines):
        return []
    return [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=mark)]


def _are_heads(cells: Sequence[str]) -> bool:
    return (
        len(cells) > 1 and len(set(cells)) == len(cells) and not any(not c or JSON_NUMBER.fullmatch(c) for c in cells)
    )
