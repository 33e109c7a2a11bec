"""What a conversation asks the planner: its questions, and the lookbacks that the newest names."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from agent import data
from agent.evidence.lexicon import Cue, Lexicon
from agent.model.lookback_words import LONGEST, LOOKBACK, lookbacks_named
from agent.taxonomy import Taxonomy, folded

ORDINARY = frozenset(
    {"other", "others", "other industries", "ngành khác", "money", "power", "securities", "distribution", "nước"}
)
"""Names of sectors that a question means as words like others."""
OTHERWISE = (
    *("central bank", "central banks", "state bank", "world bank", "ngân hàng nhà nước", "ngân hàng trung ương"),
    *("retail investors", "industrial production", "financial statement", "financial statements", "báo cáo tài chính"),
    *("thị trường chứng khoán", "sàn chứng khoán"),
)
"""Phrases in which the name of a sector means something else."""
_SECTOR, _SPAN = "\ue000", "\ue001"
"""In place of the names of sectors and of lookbacks."""
_SECTORS = rf"{_SECTOR}(?:(?:\s*,\s*|\s*,?\s+(?:and|or|và|hoặc|hay)\s+)(?:the\s+)?{_SECTOR})*"
_OVER = rf"\s*,?\s*(?:(?:over|for|in|during|within|the|past|last|trong|vòng|qua)\s+)*{_SPAN}"
_BEGINS = r"(?:^|(?<=[.?!;:]))\s*"
_AND = rf"(?:\b(?:what about|how about|còn)|{_BEGINS}(?:and|but|or|thế còn))\s+(?:(?:the|for|on|in)\s+)*"
_SPOKEN_OF = re.compile(
    rf"\b(?:ngành|nhóm|cổ phiếu)\s+{_SECTORS}(?!\s+nào\b)"
    rf"|{_SECTORS}\s+(?:sectors?|stocks?|shares|names|industry|industries|companies)\b"
    rf"|(?:(?P<and>{_AND})|{_BEGINS}){_SECTORS}(?:\s+thì sao)?"
    rf"(?:\s*(?:$|[.?!;])|{_OVER}|(?(and)\s*(?:,|\b(?:in|if|when|khi|nếu)\b)|(?!)))",
    re.IGNORECASE,
)
"""Where a word that is also an everyday one is the name of a sector: `energy stocks`, `And energy, …`, `Energy?`."""


@dataclass(frozen=True)
class Conversation:
    """`questions`: the oldest first, in NFC; `about`: what the first message says below its question."""

    questions: tuple[str, ...]
    about: str

    @classmethod
    def of(cls, messages: list[dict[str, Any]]) -> Conversation:
        first, *about = _texts(messages[0])
        words = data.prompt("followup")
        later = (
            texts[texts.index(words) - 1]
            for message in messages[1:]
            if message["role"] == "user" and words in (texts := _texts(message))
        )
        return cls(tuple(unicodedata.normalize("NFC", each) for each in (first, *later)), "\n".join(about))

    @property
    def question(self) -> str:
        """The newest."""
        return self.questions[-1]

    @property
    def follows(self) -> bool:
        """Whether an answer was given before."""
        return len(self.questions) > 1

    @property
    def lookbacks(self) -> list[str]:
        """That a question on an answer names, as tools are asked for them: 6M, 1Y."""
        return lookbacks_named(self.question) if self.follows else []


def sectors_named(question: str, taxonomy: Taxonomy) -> list[str]:
    """The sectors that a question names, by any of their names, in its order; by customary ones of one word, or
    Vietnamese, only where it says nothing else or speaks of sectors, as many of these are everyday words.
    """
    named = (
        ([name for name in (sector, *others) if name.casefold() not in ORDINARY], "entity", sector)
        for sector, others in taxonomy.aliases.items()
    )
    text = LOOKBACK.sub(_SPAN, question[:LONGEST])
    cues = Lexicon.of([*named, (list(OTHERWISE), "neutral", "")]).cues(text)
    found = [cue for cue in cues if cue.kind == "entity"]
    spoken_of = _spoken_of(text, found)
    counted = (
        str(cue.value)
        for at, cue in enumerate(found)
        if at in spoken_of or not (taxonomy.customary and _everyday(text[cue.start : cue.end], str(cue.value)))
    )
    return list(dict.fromkeys(counted))


def _everyday(name: str, sector: str) -> bool:
    """Whether a name of a sector, not its own, may be meant otherwise."""
    return folded(name) != folded(sector) and not (name.isascii() and len(name.split()) > 1)


def _spoken_of(text: str, cues: list[Cue]) -> set[int]:
    """Which of the cues stand where sectors are spoken of."""
    ends = [0, *(cue.end for cue in cues)]
    between = [text[end : cue.start] for end, cue in zip(ends, cues, strict=False)]
    marked = _SECTOR.join([*between, text[ends[-1] :]])
    return {
        at
        for found in _SPOKEN_OF.finditer(marked)
        for at in range(marked.count(_SECTOR, 0, found.start()), marked.count(_SECTOR, 0, found.end()))
    }


def _texts(message: dict[str, Any]) -> list[str]:
    return [str(block["text"]) for block in message["content"] if block["type"] == "text"]
