"""Two texts of a stranger → the lines of their difference, with nothing hidden in them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

SIDE, LINES = 5, 12
"""Lines that are shown of either side of a difference, and of a whole one."""
AROUND, LONGEST = 40, 2_000
"""Characters that are shown before a difference in a long line; lines after the first difference that are compared."""
_WRAPPED = re.compile(".{1,100}(?: |$)|.{1,100}")
_BLANK = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")
"""Characters that count as printable and leave no mark."""


def revealed(text: str) -> str:
    """With an escape for each character that nobody would see, so that nothing hides in what a person looks at."""
    return "".join(char if char.isprintable() and not _BLANK.match(char) else ascii(char)[1:-1] for char in text)


def difference(before: str, after: str) -> list[str]:
    """The lines that went and came, between lines that stayed; long ones from shortly before their difference on."""
    old, new = before.split("\n"), after.split("\n")
    start = max(0, _same(old, new) - 1)
    old, new = old[start : start + LONGEST], new[start : start + LONGEST]
    found: list[str] = []
    for group in difflib.SequenceMatcher(None, old, new).get_grouped_opcodes(1):
        found += ["    …"] if found else []
        for tag, a, b, c, d in group:
            went, came = "\n".join(old[a:b]), "\n".join(new[c:d])
            if tag == "equal":
                found += marked(" ", went, 2)
                continue
            cut = max(0, _same(went, came) - AROUND)
            cut = cut and (went.find(" ", cut, cut + AROUND) + 1 or cut)
            found += marked("-", "… " * (cut > 0) + went[cut:], SIDE) if a < b else []
            found += marked("+", "… " * (cut > 0) + came[cut:], SIDE) if c < d else []
    return clipped(found, LINES)


def _same(old: Sequence[str], new: Sequence[str]) -> int:
    """How many of the first are equal."""
    pairs = enumerate(zip(old, new, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(old), len(new)))


def marked(mark: str, text: str, most: int) -> list[str]:
    """Its lines, wrapped."""
    pieces = [piece for line in text.split("\n") for piece in _WRAPPED.findall(revealed(line)) or [""]]
    return clipped([f"  {mark} {piece}" for piece in pieces], most)


def clipped(lines: list[str], most: int) -> list[str]:
    return lines if len(lines) <= most else [*lines[: most - 1], f"    … {len(lines) - most + 1} more lines"]
