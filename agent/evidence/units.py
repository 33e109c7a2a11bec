"""Units: as a text writes them beside a number, and as a server declares them for a figure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from agent.evidence import words


class Unit(NamedTuple):
    """`kind`: percent, points (percentage points), money, count, multiple, index or plain; `factor`: how much of the
    kind's own unit one of it is, 1e9 for a billion."""

    kind: str
    factor: float = 1.0
    currency: str | None = None

    @property
    def name(self) -> str | None:
        if self.kind in ("money", "count"):
            return " ".join(filter(None, (self.currency, words.SCALE_NAMES.get(self.factor, "")))) or None
        return {"percent": "%", "points": "bp" if self.factor < 1 else "pp", "multiple": "x", "index": "points"}.get(
            self.kind
        )


PLAIN = Unit("plain")


def _alternation(*tables: Mapping[str, object]) -> str:
    """Longest first; a unit of letters ends where they do."""
    names = sorted({name for table in tables for name in table}, key=len, reverse=True)
    return "|".join(
        re.escape(name).replace(r"\ ", r"[\s-]+") + (r"(?![^\W_])" if name[-1].isalpha() else "") for name in names
    )


def _spelled(word: str) -> str:
    return " ".join(re.split(r"[\s-]+", word.lower()))


_SPACE = r"[^\S\n]*"
_SUFFIX = re.compile(
    rf"{_SPACE}-?(?P<unit>{_alternation(words.UNITS)})"
    rf"|{_SPACE}-?(?P<scale>{_alternation(words.SCALES)})"
    rf"|{_SPACE}(?P<currency>{_alternation(words.CURRENCIES)})"
    r"|(?P<glued>(?<=[0-9])[kmbt](?![^\W_]))",
    re.IGNORECASE,
)
CURRENCY_BEFORE = re.compile(
    rf"(?:(?<![^\W\d_])(?:{'|'.join(c for c in words.CURRENCIES if c.isalpha())})|us\$|[$€£¥₫]){_SPACE}$", re.IGNORECASE
)
_WORD = re.compile(rf"{_alternation(words.UNITS)}|{_alternation(words.SCALES)}|[^\W\d_]+|[$€£¥₫]", re.IGNORECASE)


def read_unit(text: str, end: int, currency: str | None, is_whole: bool) -> tuple[Unit, int, bool]:
    """The unit of the number that ends there, where the unit ends, and whether its words are Vietnamese.

    `currency`: what stands before the number; `is_whole`: it has no decimals, so that 3M is a period, not a million.
    """
    scale, vietnamese = None, False
    for _ in range(3):
        found = _SUFFIX.match(text, end)
        if found is None:
            break
        word = _spelled(found[found.lastgroup or 0])
        if found.lastgroup == "unit":
            if scale is None and currency is None:
                return Unit(*words.UNITS[word]), found.end(), word in words.VIETNAMESE_UNITS
            break
        if found.lastgroup == "currency":
            if currency is not None:
                break
            currency = words.CURRENCIES[word]
        elif scale is not None or (word == "m" and currency is None and is_whole):
            break
        else:
            scale = words.SCALES.get(word) or words.GLUED[word]
        vietnamese |= word in words.VIETNAMESE_UNITS
        end = found.end()
    if scale is None and currency is None:
        return PLAIN, end, vietnamese
    return Unit("money", scale or 1.0, currency), end, vietnamese


@cache
def declared(unit: str | None) -> Unit | None:
    """What a server means by the unit of a figure; None for one that says nothing we know."""
    kinds: list[Unit] = []
    scale, currency = None, None
    for found in _WORD.finditer((unit or "").casefold()):
        word = _spelled(found[0])
        if word in words.UNITS:
            kinds.append(Unit(*words.UNITS[word]))
        elif word in words.SCALES:
            scale = words.SCALES[word]
        elif word in words.CURRENCIES:
            currency = words.CURRENCIES[word]
        elif word in words.FRACTIONS:
            kinds.append(Unit("percent", 100.0))
        elif word in words.COUNTS:
            kinds.append(Unit("count"))
        elif word in words.BARE:
            kinds.append(PLAIN)
    if currency is None and kinds:
        return kinds[0]._replace(factor=scale) if kinds[0].kind == "count" and scale else kinds[0]
    return Unit("money", scale or 1.0, currency) if scale or currency else None
