"""What a conversation asks the planner: its questions, and the lookbacks that the newest names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from agent import data
from agent.evidence.lexicon import Lexicon
from agent.model.scorecard import COUNTS
from agent.taxonomy import Taxonomy

ORDINARY = frozenset({"other", "others", "other industries", "ngành khác"})
"""Names of sectors that a question means as words like others."""
_LOOKBACK = re.compile(
    rf"(?<!\w)(\d{{1,2}}|{'|'.join(COUNTS)})[ -]?(m|months?|tháng|y|years?|năm)(?!\w)", re.IGNORECASE
)


@dataclass(frozen=True)
class Conversation:
    """`questions`: the oldest first; `about`: what the first message says below its question."""

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
        return cls((first, *later), "\n".join(about))

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
        found = _LOOKBACK.findall(self.question) if self.follows else []
        months = [
            (COUNTS.get(count.lower()) or int(count)) * (12 if unit[0].lower() in "yn" else 1) for count, unit in found
        ]
        return list(dict.fromkeys(f"{each // 12}Y" if each % 12 == 0 else f"{each}M" for each in months if each))


def sectors_named(question: str, taxonomy: Taxonomy) -> list[str]:
    """The sectors that a question names, by any of their names, in its order."""
    named = (
        ([name for name in (sector, *others) if name.casefold() not in ORDINARY], "entity", sector)
        for sector, others in taxonomy.aliases.items()
    )
    return list(dict.fromkeys(str(cue.value) for cue in Lexicon.of(named).cues(question)))


def _texts(message: dict[str, Any]) -> list[str]:
    return [str(block["text"]) for block in message["content"] if block["type"] == "text"]
