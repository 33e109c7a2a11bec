"""What a conversation asks the planner: its questions, and the lookbacks that the newest names."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Any

from agent import data
from agent.evidence.lexicon import Lexicon
from agent.model.lookback_words import lookbacks_named
from agent.taxonomy import Taxonomy

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
    """The sectors that a question names, by any of their names, in its order."""
    named = (
        ([name for name in (sector, *others) if name.casefold() not in ORDINARY], "entity", sector)
        for sector, others in taxonomy.aliases.items()
    )
    cues = Lexicon.of([*named, (list(OTHERWISE), "neutral", "")]).cues(question)
    return list(dict.fromkeys(str(cue.value) for cue in cues if cue.kind == "entity"))


def _texts(message: dict[str, Any]) -> list[str]:
    return [str(block["text"]) for block in message["content"] if block["type"] == "text"]
