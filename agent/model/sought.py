"""What the questions of a conversation seek: shelter from a falling market, or what leads; and who mentions rates."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

SHELTER = re.compile(
    r"(?<!\bno )(?<!\bno more )(?:downturn|recession|crash)|(?<!\bleast )(?<!\bless )(?<!\bnot )(?<!\bnon[ -])defensi"
    r"|hold up|shelter|risk.?off|(?<!\bkhông )(?<!\bkhông có )suy thoái|(?<!\bkhông )phòng thủ|trú ẩn",
    re.IGNORECASE,
)
GROWTH = re.compile(
    r"(?<!why )\b(?:least|less|not|non)[ -]defensi|(?<!non[ -])(?<!least )(?<!less )(?<!not )(?<!avoid )\bcyclicals?\b"
    r"|không phòng thủ"
    r"|\blead(s|ing|ers?)?\b(?! to\b| indicator)|\bgrow(s|ing)?\b|momentum|\brall(y|ies|ying)\b|upside|outperform"
    r"|(?<!slow )(?<!slower )(?<!slowing )(?<!weak )(?<!weaker )\bgrowth\b(?!( is| has)? (slow|weak|fall|stall|cool))"
    "|dẫn dắt|dẫn đầu|tăng trưởng(?! chậm| yếu| giảm)|động lượng|đà tăng|bứt phá",
    re.IGNORECASE,
)
_FEW_WORDS = r"(?:\s+(?!(?:which|what|who|are|is|nào|gì)\b)[\w'’-]+){0,2}"


def _aside(sought: re.Pattern[str], rest: str) -> re.Pattern[str]:
    """What puts aside what is sought, with the rest that goes with it; `kept` is what denies it."""
    return re.compile(
        r"(?P<kept>\b(?:never|not|\w*n['’]t|cannot|without|đừng|không)\s+(?:[\w'’-]+\s+){0,2})?(?:"
        r"\b(?:forget|ignor(?:e|ing)|disregard(?:ing)?|never ?mind|(?:apart|aside) from|(?:other|rather) than"
        r"|instead of|regardless of|(?:leav(?:e|ing)|put(?:ting)?|set(?:ting)?) aside"
        rf"|bỏ qua|quên|gác|không tính|không kể|đừng tính|thay vì|ngoại trừ){_FEW_WORDS}\s+(?:{sought.pattern}){rest}"
        rf"|\b(?:leav(?:e|ing)|put(?:ting)?|set(?:ting)?){_FEW_WORDS}\s+(?:{sought.pattern})\w*{_FEW_WORDS}\s+aside\b)",
        re.IGNORECASE,
    )


ASIDE = (_aside(SHELTER, r"[^.,;:?!\n]*"), _aside(GROWTH, ""))
"""With shelter, the rest of the clause: a recession or a crash."""
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
    sought = [_shelter(each) for each in questions]
    shelter = next((each for each in reversed(sought) if each is not None), False)
    return Asked(shelter, RATES.search(questions[-1]) is not None, before=shelter and sought[-1] is None)


def _shelter(question: str) -> bool | None:
    """Whether a question seeks shelter; None where it says nothing of what it seeks."""
    kept = question
    for aside in ASIDE:
        kept = aside.sub(lambda found: found[0] if found["kept"] else "", kept)
    if SHELTER.search(kept):
        return True
    return False if GROWTH.search(kept) or SHELTER.search(question) else None
