"""What a run said about which sector: one name for each sector, and its recommendations."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from unicodedata import normalize

from agent.scoring.sample import Sample
from agent.scoring.score import Score, unscored

LOW_CONFIDENCE = 0.5
"""A neutral stance with more of it is a call of its own, and does not hold back."""
GAP = re.compile(
    r"""\b(?:
        no\ (?:\w+\ )?(?:data|figures|information|rows?) | empty | missing | lack(?:s|ed|ing)? | incomplete
        | not\ available | unavailable | insufficient | not\ enough
        | cut\ (?:off|short) | truncated | left\ out | not\ shown
        | stale | outdated | out\ of\ date | too\ old | \d+\ days\ old
        | contradict(?:s|ed|ing|ory|ions?)? | conflict(?:s|ed|ing)? | inconsistent | mixed | disagrees?
        | at\ odds | diverges? | reconciled?
        | errors? | failed | failures?
        | (?:không|chưa)\ có\ (?:\w+\ )?(?:dữ\ liệu|số\ liệu|thông\ tin) | thiếu | không\ đủ
        | không\ khả\ dụng | (?:dữ|số)\ liệu\ cũ | bị\ cắt | lỗi\ thời | lỗi | mâu\ thuẫn | trái\ ngược
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)
"""Words by which a rationale names a gap in the evidence: none, too little, too old, in conflict, or an error."""


def folded(name: str) -> str:
    """The same for names that differ in case, in how their accents are encoded, or in blanks around them."""
    return normalize("NFC", name.strip().casefold())


class Sectors:
    """`taxonomy`: sector → its other names. A sector's own name wins over another's alias."""

    def __init__(self, taxonomy: Mapping[str, Sequence[str]] | None = None) -> None:
        known = taxonomy or {}
        self._names = {folded(alias): folded(name) for name, aliases in known.items() for alias in aliases}
        self._names |= {folded(name): folded(name) for name in known}

    def one(self, name: Any) -> str:
        """The one name of a sector, folded; a sector that is not known goes by its own, and what is no text by ""."""
        own = folded(name) if isinstance(name, str) else ""
        return self._names.get(own, own)

    def advice(self, answer: Any) -> dict[str, list[dict[str, Any]]] | None:
        """Sector → its recommendations, in the answer's order; None for what is no sector advice."""
        listed = answer.get("sector_recommendations") if isinstance(answer, dict) else None
        if not isinstance(listed, list):
            return None
        advice: dict[str, list[dict[str, Any]]] = {}
        for each in listed:
            if isinstance(each, dict):
                advice.setdefault(self.one(each.get("sector_name")), []).append(each)
        return advice


def advice_of(sample: Sample) -> tuple[Sectors, dict[str, list[dict[str, Any]]] | None]:
    """Of the run's valid answer, under the case's names."""
    sectors = Sectors(sample.expect.taxonomy)
    return sectors, sectors.advice(sample.result.answer)


def no_advice(sample: Sample) -> Score:
    return unscored(f"the run has no sector advice, it is {sample.result.status}")


def action_of(recommendation: Mapping[str, Any]) -> str:
    """Folded; empty when there is none."""
    action = recommendation.get("action")
    return folded(action) if isinstance(action, str) else ""


def held_back(recommendations: Sequence[Mapping[str, Any]]) -> bool:
    """Whether none of a sector's recommendations is a call: there is none, or each is neutral with a confidence of
    at most 0.5 and a rationale that names a gap."""
    return all(_holds_back(each) for each in recommendations)


def _holds_back(recommendation: Mapping[str, Any]) -> bool:
    confidence, rationale = recommendation.get("confidence_score"), recommendation.get("rationale")
    low = isinstance(confidence, int | float) and not isinstance(confidence, bool) and confidence <= LOW_CONFIDENCE
    named = isinstance(rationale, str) and GAP.search(normalize("NFC", rationale)) is not None
    return action_of(recommendation) == "neutral" and low and named
