"""An answer → its numbers, each with what it rests on; and how many made-up numbers would have passed in its place."""

from __future__ import annotations

import random
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from agent.evidence.cells import Figures, ready
from agent.evidence.context import contexts
from agent.evidence.matching import Claim
from agent.evidence.mentions import Mention, composed, is_vietnamese, mentions_of
from agent.evidence.number import Found, Number
from agent.evidence.sentence import Sentence, sentences
from agent.figures import Figure
from agent.pointers import pointer

DRAWS = 200
"""Made-up numbers in place of each."""


def examine(
    answer: Any,
    figures: Sequence[Figure],
    *,
    aliases: Mapping[str, Sequence[str]] = {},
    language: str = "en",
) -> list[Number]:
    """The numbers in the rationales of a sector recommendation, in order; of any other answer, none.

    `figures`: what the model was shown. `aliases`: sector → its other names. `language`: en or vi, decides how 1.240
    and 1,240 are read where the text and its unit leave it open. Never raises for what a model or a server may write.
    """
    known = ready(figures, aliases)
    return [
        number
        for place, text, recommendation in _rationales(answer)
        for number in _numbers(place, text, recommendation, known, language)
    ]


def chance(
    answer: Any, figures: Sequence[Figure], *, aliases: Mapping[str, Sequence[str]] = {}, language: str = "en"
) -> float | None:
    """The share of made-up numbers that would pass in place of those that are counted; None without any.

    Each is replaced 200 times by a number with its unit, its decimals and its sign, drawn evenly from 0 to the greatest
    figure that may be written in that unit. Drawn from the text alone, so the same every time.
    """
    known = ready(figures, aliases)
    shares = [
        _passing(claim, f"{place} {claim.mention.start} {text}")
        for place, text, recommendation in _rationales(answer)
        for claim in _claims(text, recommendation, known, language)
        if isinstance(claim, Claim)
    ]
    return sum(shares) / len(shares) if shares else None


def _passing(claim: Claim, seed: str) -> float:
    draws, mention, accepted = random.Random(seed), claim.mention, claim.accepted()
    greatest = max((claim.figures.greatest(kind) / factor for kind, factor in claim.queries), default=0.0)
    passed = 0
    for _ in range(DRAWS):
        drawn = round(draws.random() * greatest, mention.decimals)
        least, most = claim.window(drawn)
        at = bisect_left(accepted, least)
        passed += at < len(accepted) and accepted[at] <= most
    return passed / DRAWS


def _rationales(answer: Any) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """JSON pointer, text and recommendation."""
    listed = answer.get("sector_recommendations") if isinstance(answer, dict) else None
    for at, each in enumerate(listed if isinstance(listed, list) else []):
        if isinstance(each, dict) and isinstance(text := each.get("rationale"), str):
            yield pointer(("sector_recommendations", at, "rationale")), text, each


def _numbers(
    place: str, original: str, recommendation: dict[str, Any], figures: Figures, language: str
) -> Iterator[Number]:
    text, places = composed(original)
    for claim in _claims(text, recommendation, figures, language):
        mention = claim if isinstance(claim, Mention) else claim.mention
        start, end = (places[mention.start], places[mention.end]) if places else (mention.start, mention.end)
        number = Number(
            pointer=place,
            start=start,
            end=end,
            text=original[start:end],
            value=mention.value,
            unit=mention.unit.name,
            status="excluded",
            why=mention.why,
        )
        if isinstance(claim, Claim):
            verdict = claim.verdict()
            number = replace(
                number,
                status=verdict.status,
                figures=tuple(Found.of(cell.figure) for cell in verdict.cells),
                derivation=verdict.derivation,
                why=verdict.why,
            )
        yield number


def _claims(text: str, recommendation: dict[str, Any], figures: Figures, language: str) -> Iterator[Claim | Mention]:
    """Every number of a text: a claim, or a mention that claims nothing."""
    name = recommendation.get("sector_name")
    recommended = figures.entity(name)
    parts, names = sentences(text, figures)
    mentions = mentions_of(text, "vi" if language == "vi" or is_vietnamese(text) else "en", names)
    at = 0
    for sentence in parts:
        own: list[Mention] = []
        while at < len(mentions) and mentions[at].start < sentence.end:
            own.append(_without_confidence(mentions[at], sentence, recommendation))
            at += 1
        around = contexts(sentence, own)
        for mention in own:
            yield mention if mention.why else Claim(mention, next(around), recommended, str(name), figures)


def _without_confidence(mention: Mention, sentence: Sentence, recommendation: dict[str, Any]) -> Mention:
    """The answer's own confidence is no evidence, and needs none."""
    given = recommendation.get("confidence_score")
    if (
        mention.why
        or "confidence" not in sentence.kinds
        or isinstance(given, bool)
        or not isinstance(given, int | float)
    ):
        return mention
    own = given * 100 if mention.unit.kind == "percent" else given
    return replace(mention, why="confidence") if abs(mention.value - own) <= mention.tolerance else mention
