"""What the questions of a conversation seek: shelter from a falling market, or what leads; and who mentions rates."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

SHELTER = re.compile(
    "downturn|recession|defensi|hold up|shelter|risk.?off|crash|suy thoái|phòng thủ|trú ẩn", re.IGNORECASE
)
GROWTH = re.compile(
    r"\blead(s|ing|ers?)?\b(?! to\b| indicator)|\bgrow(s|ing)?\b|momentum|\brall(y|ies|ying)\b|upside|outperform"
    r"|(?<!slow )(?<!slower )(?<!slowing )(?<!weak )(?<!weaker )\bgrowth\b(?!( is| has)? (slow|weak|fall|stall|cool))"
    "|dẫn dắt|dẫn đầu|tăng trưởng(?! chậm| yếu| giảm)|động lượng|đà tăng|bứt phá",
    re.IGNORECASE,
)
_CLAUSE = (
    r"((?!\s(and|but|then|và|nhưng)\s+(show|tell|give|name|list|rank|find|which|what|who|where|how|cho|tìm|ngành nào))"
    r"[^.,;:?!\n])*"
)
ASIDE = re.compile(
    r"(?<!n[o'’]t )\b(forget|ignor(e|ing)|disregard(ing)?|never ?mind|(apart|aside) from|(other|rather) than|instead of"
    rf"|regardless of|(leav(e|ing)|put(ting)?|set(ting)?) aside)\b{_CLAUSE}"
    r"|\b(leav(e|ing)|put(ting)?|set(ting)?)\s[^.,;:?!\n]*?\saside\b"
    rf"|(bỏ qua|(?<!đừng )quên|gác|không tính|không kể|đừng tính|thay vì|ngoại trừ)\b{_CLAUSE}",
    re.IGNORECASE,
)
"""A clause about what is not to count."""
RATES = re.compile(
    r"\b(interest|policy|key|base) rate|\brates\b|\brate.(hike|cut|rise|increase|shock|sensitiv)|central bank"
    "|lãi suất|ngân hàng (nhà nước|trung ương)",
    re.IGNORECASE,
)


class Asked(NamedTuple):
    """`before`: shelter was sought by an earlier question, and no later one says what is sought."""

    shelter: bool = False
    rates: bool = False
    before: bool = False


def asked(questions: Sequence[str]) -> Asked:
    """The newest question that says what is sought decides, so that one which says nothing of it is weighed as the
    answer before was. About rates is only what the newest mentions.
    """
    sought = [_shelter(question) for question in questions]
    shelter = next((each for each in reversed(sought) if each is not None), False)
    return Asked(shelter, RATES.search(questions[-1]) is not None, before=shelter and sought[-1] is None)


def _shelter(question: str) -> bool | None:
    """Whether it seeks shelter; None where it says nothing of what it seeks."""
    kept = ASIDE.sub("", question)
    if SHELTER.search(kept):
        return True
    return False if GROWTH.search(kept) or SHELTER.search(question) else None
