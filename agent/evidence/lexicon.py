"""Phrases → where they stand in a text. Whole words, in any case, the longest first."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from functools import cache
from typing import NamedTuple, TypeAlias

from agent.evidence import words

_WORD = re.compile(r"[^\W_]+|&")
ABBREVIATION = 5
"""Letters of one at most."""
_GAP = re.compile(r"[\s\-‐-–_/&.'’]{0,3}")
"""What may stand between two words of one phrase."""


Entry: TypeAlias = tuple[list[str], str, str | int]
"""Phrases, their kind and their value, as a Cue has them."""


class Cue(NamedTuple):
    """`kind`: entity, topic, move, side, after, level, compare, sum, mean, change, past, whole, market, norm, share,
    break, subject, confidence or neutral. `value`: the entity's key, the topic, or a direction."""

    start: int
    end: int
    kind: str
    value: str | int


class _Phrase(NamedTuple):
    spelled: tuple[str, ...]
    capital: bool
    """Whether it is an abbreviation, which only capitals stand for: IT is a sector, it is none."""
    meanings: frozenset[tuple[str, str | int]]


class Lexicon:
    def __init__(self, known: Lexicon | None = None) -> None:
        """`known`: one whose phrases it has, too."""
        self._by_first: dict[str, tuple[_Phrase, ...]] = dict(known._by_first) if known else {}
        """First word → phrases, the longest first."""

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Lexicon:
        lexicon = cls()
        for phrases, kind, value in entries:
            lexicon.add(phrases, kind, value)
        return lexicon

    def add(self, phrases: Iterable[str], kind: str, value: str | int) -> None:
        for phrase in phrases:
            spelled = tuple(tokens(phrase))
            if not spelled:
                continue
            capital = kind == "entity" and len(spelled) == 1 and phrase.isupper() and len(phrase) <= ABBREVIATION
            meanings, others = {(kind, value)}, []
            for each in self._by_first.get(spelled[0], ()):
                if (each.spelled, each.capital) == (spelled, capital):
                    meanings |= each.meanings
                else:
                    others.append(each)
            others.append(_Phrase(spelled, capital, frozenset(meanings)))
            self._by_first[spelled[0]] = tuple(sorted(others, key=lambda each: (-len(each.spelled), not each.capital)))

    def cues(self, text: str) -> list[Cue]:
        """In order; words of a longer phrase are not looked at again."""
        found: list[Cue] = []
        spelled = [(_folded(match[0]), match.start(), match.end()) for match in _WORD.finditer(text)]
        at = 0
        while at < len(spelled):
            if spelled[at][0] not in self._by_first:
                at += 1
                continue
            meanings, length = self._longest(text, spelled, at)
            start, end = spelled[at][1], spelled[at + length - 1][2]
            found += [Cue(start, end, kind, value) for kind, value in sorted(meanings, key=str)]
            at += length
        return found

    def _longest(
        self, text: str, spelled: list[tuple[str, int, int]], at: int
    ) -> tuple[Collection[tuple[str, str | int]], int]:
        is_capital = text[spelled[at][1] : spelled[at][2]].isupper()
        for phrase, capital, meanings in self._by_first[spelled[at][0]]:
            length = len(phrase)
            if capital and not is_capital:
                continue
            if at + length <= len(spelled) and all(
                spelled[at + n][0] == phrase[n] and _GAP.fullmatch(text, spelled[at + n - 1][2], spelled[at + n][1])
                for n in range(1, length)
            ):
                return meanings, length
        return (), 1


def tokens(phrase: str) -> list[str]:
    return [_folded(word) for word in _WORD.findall(phrase)]


def _folded(word: str) -> str:
    return "and" if word == "&" else word.casefold()


def _vocabulary() -> list[Entry]:
    directed: tuple[tuple[str, Mapping[int, str]], ...] = (
        ("move", words.MOVES),
        ("side", words.SIDES),
        ("after", words.AFTER),
        ("compare", words.COMPARES),
    )
    plain = {
        "level": words.LEVELS,
        "sum": words.SUMS,
        "mean": words.MEANS,
        "change": words.CHANGES,
        "past": words.PAST,
        "whole": words.WHOLE,
        "market": words.BENCHMARKS,
        "break": words.BREAKS,
        "subject": words.SUBJECTS,
        "confidence": words.CONFIDENCE,
        "norm": words.NORMS,
        "share": words.SHARES,
        "neutral": words.NEUTRAL,
    }
    found: list[Entry] = [(phrases.split("|"), "topic", topic) for topic, phrases in words.TOPICS.items()]
    found += [(phrases.split("|"), kind, way) for kind, ways in directed for way, phrases in ways.items()]
    return found + [(phrases.split("|"), kind, kind) for kind, phrases in plain.items()]


VOCABULARY = _vocabulary()


@cache
def vocabulary() -> Lexicon:
    """Of the vocabulary alone; nothing is added to it."""
    return Lexicon.of(VOCABULARY)
