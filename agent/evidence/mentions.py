"""A text → the numbers in it: where each stands, what it is worth, in which unit, and which of them claim nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from unicodedata import normalize

from agent.evidence import exclusions, words
from agent.evidence.units import CURRENCY_BEFORE, PLAIN, Unit, read_unit

VIETNAMESE_SHARE = 0.3
"""Of a text's words: with so many that only Vietnamese spells so, it is Vietnamese."""
LONGEST = 40
"""Digits and separators of one number; what is longer is none."""


@dataclass(frozen=True)
class Mention:
    """`value` is negative only with a sign, which `signed` tells; `step`: one unit of its last displayed digit."""

    start: int
    end: int
    value: float
    step: float
    decimals: int
    unit: Unit
    signed: bool
    why: str | None = None
    """Why it needs no evidence; None for one that does."""

    @property
    def tolerance(self) -> float:
        """Half a unit of the last displayed digit, and what floats need."""
        return 0.5 * self.step * (1 + 1e-6) + abs(self.value) * 1e-12


_GROUP = "[.,'\u2019\u00a0\u2009\u202f]"
_NUMBER = re.compile(r"(?:(?<![\w.,])[.,](?=\d)|\d)(?:\d|[.,'\u2019](?=\d)|[\u00a0\u2009\u202f](?=\d{3}(?!\d)))*")
_SIGN = re.compile(r"(?:(?P<sign>[+\-−–])|\b(?P<word>minus|negative|plus|âm))[^\S\n]*$", re.IGNORECASE)
_THOUSANDS = re.compile(rf"[1-9]\d{{0,2}}(?:{_GROUP}\d{{3}})+")
_RANGE = re.compile(r"\s*(?:\([^()\n]{0,20}\))?\s*(?:-|–|—|to|and|or|,|/|đến|tới|và|hoặc)\s*", re.IGNORECASE)

_URL = re.compile(r"https?://\S+", re.IGNORECASE)


def is_vietnamese(text: str) -> bool:
    spelled = text.split()
    return sum(bool(words.VIETNAMESE_LETTERS.search(word)) for word in spelled) > VIETNAMESE_SHARE * len(spelled)


def composed(text: str) -> tuple[str, list[int] | None]:
    """The text with its accents in one character each, and where each of its characters stood; None where nothing
    moved."""
    whole = normalize("NFC", text)
    if whole == text:
        return text, None
    pieces = re.findall("[^\u0300-\u036f][\u0300-\u036f]*|[\u0300-\u036f]+", text, re.DOTALL)
    result, places, at = [], [], 0
    for piece in pieces:
        each = normalize("NFC", piece)
        result.append(each)
        places += [at] * len(each)
        at += len(piece)
    return "".join(result), [*places, at]


def mentions_of(text: str, language: str, names: list[tuple[int, int]]) -> list[Mention]:
    """All numbers, in order. `names`: where names of sectors and of metrics stand, whose digits are no numbers."""
    vietnamese = language == "vi" or is_vietnamese(text)
    links = [(*each.span(), "label") for each in _URL.finditer(text)] if "://" in text else []
    barred = sorted([*links, *((start, end, "name") for start, end in names)])
    found, at = [], 0
    until, why = 0, ""
    for match in _NUMBER.finditer(text):
        start = match.start()
        while at < len(barred) and barred[at][1] <= start:
            at += 1
        if at < len(barred) and barred[at][0] <= start:
            until, why = max(until, barred[at][1]), barred[at][2]
        elif start >= until and (begun := exclusions.beginning(text, start)):
            why, until = begun
        found.append(_mention(text, match, vietnamese, why if start < until else None))
    return list(_sharing_units(text, found))


def _mention(text: str, match: re.Match[str], vietnamese: bool, barred: str | None) -> Mention:
    start, end = match.span()
    negative, first = _sign(text, start)
    currency = None
    if before := CURRENCY_BEFORE.search(text, max(0, first - 8), first):
        currency, first = words.CURRENCIES[before[0].strip().lower()], before.start()
    if negative is None:
        negative, first = _sign(text, first)
    value, decimals = _read(match[0], vietnamese)
    unit, until, in_vietnamese = read_unit(text, end, currency, decimals == 0)
    if in_vietnamese and not vietnamese:
        value, decimals = _read(match[0], True)
    exact = decimals > 0 or negative is not None
    why = _why(text, barred, unit, value, exact, (first, until))
    return Mention(
        start=first if why is None else start,
        end=until if why is None else end,
        value=-value if value and negative else value or 0.0,
        step=10.0**-decimals,
        decimals=decimals,
        unit=unit if why is None else PLAIN,
        signed=negative is not None,
        why=why,
    )


def _why(
    text: str, barred: str | None, unit: Unit, value: float | None, exact: bool, place: tuple[int, int]
) -> str | None:
    """Why a number needs no evidence. `exact`: it has decimals or a sign."""
    if unit.currency and barred == "period":
        barred = None
    if value is None or barred in exclusions.ALWAYS:
        return barred or "name"
    if barred is not None:
        occasions = barred == "count" and unit.kind == "multiple" and not exact
        return None if (unit is not PLAIN or exact) and not occasions else barred
    if unit is not PLAIN or exact:
        return None
    return exclusions.led(text, *place, value) or ("name" if _is_glued(text, *place) else None)


def _sign(text: str, start: int) -> tuple[bool | None, int]:
    """Whether what ends at `start` is a minus or a plus, and where it begins. A dash between two things is no sign."""
    found = _SIGN.search(text, max(0, start - 12), start)
    if found is None:
        return None, start
    if word := found["word"]:
        return word.lower() != "plus", found.start()
    sign, before = found["sign"], text[found.start() - 1 : found.start()]
    between = before.isalnum() or before in ("%", ")", "/", "_") or (sign in "-–" and found.end("sign") < start)
    return (None, start) if before and between else (sign != "+", found.start())


def _is_glued(text: str, start: int, end: int) -> bool:
    """Part of a word: S01, mom_12_1, 5G, 3-way."""
    return bool(
        re.search(r"[^\W\d][-–]?$", text[max(0, start - 2) : start]) or re.match(r"-?[^\W\d]", text[end : end + 2])
    )


def _read(digits: str, vietnamese: bool) -> tuple[float | None, int]:
    """The value and its decimals; None for what is no one number, such as 1.2.3."""
    if len(digits) > LONGEST:
        return None, 0
    separators = [each for each in digits if not each.isdigit()]
    if not separators:
        return float(digits), 0
    last = separators[-1]
    head, _, tail = digits.rpartition(last)
    if len(set(separators)) == 1:
        is_grouped = _THOUSANDS.fullmatch(digits) is not None
        if is_grouped and (len(separators) > 1 or last not in ".," or last == (".,"[not vietnamese])):
            return float("".join(filter(str.isdigit, digits))), 0
        if len(separators) > 1 or last not in ".,":
            return None, 0
    elif last not in ".," or last in head or not _THOUSANDS.fullmatch(head):
        return None, 0
    return float(f"{''.join(filter(str.isdigit, head)) or '0'}.{tail}"), len(tail)


def _sharing_units(text: str, found: list[Mention]) -> Iterator[Mention]:
    """In `2 to 3 %` and `3, 5 and 7 %` the unit of the last is that of all."""
    shared: list[Mention] = []
    following: Mention | None = None
    for each in reversed(found):
        if (
            each.why is None
            and following is not None
            and each.unit is PLAIN
            and following.unit is not PLAIN
            and following.start - each.end < 40
            and _RANGE.fullmatch(text, each.end, following.start)
        ):
            each = replace(each, unit=following.unit)
        shared.append(each)
        following = each if each.why is None else following if each.why == "period" else None
    return reversed(shared)
