"""What a conversation asks the planner now: its newest question, and the sectors and the lookback that this names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from agent import data
from agent.model.scorecard import COUNTS
from agent.taxonomy import folded

LONGEST_NAME = 5
"""Words of a sector's name at most."""
_LOOKBACK = re.compile(
    rf"(?<!\w)(\d{{1,2}}|{'|'.join(COUNTS)})[ -]?(m|months?|tháng|y|years?|năm)(?!\w)", re.IGNORECASE
)
_WORD = re.compile(r"[\w&]+")


@dataclass(frozen=True)
class Asked:
    """`about`: what the first message says below its question; `follows`: whether an answer was given before."""

    question: str
    about: str
    follows: bool

    @classmethod
    def of(cls, messages: list[dict[str, Any]]) -> Asked:
        first, *about = _texts(messages[0])
        words = data.prompt("followup")
        newest = (
            texts[texts.index(words) - 1]
            for message in reversed(messages[1:])
            if message["role"] == "user" and words in (texts := _texts(message))
        )
        question = next(newest, None)
        return cls(first if question is None else question, "\n".join(about), question is not None)

    @property
    def lookbacks(self) -> list[str]:
        """That a question on an answer names, as tools are asked for them: 6M, 1Y."""
        found = _LOOKBACK.findall(self.question) if self.follows else []
        months = [
            (COUNTS.get(count.lower()) or int(count)) * (12 if unit[0].lower() in "yn" else 1) for count, unit in found
        ]
        return list(dict.fromkeys(f"{each // 12}Y" if each % 12 == 0 else f"{each}M" for each in months if each))

    def sectors(self, known: Iterable[str], canonical: Callable[[str], str | None]) -> list[str]:
        """The known sectors that a question on an answer names, in their own order."""
        words = _WORD.findall(self.question) if self.follows else []
        names = {
            " ".join(words[start : start + length])
            for length in range(1, LONGEST_NAME + 1)
            for start in range(len(words) - length + 1)
        }
        named = {folded(name) for name in names} | {folded(own) for name in names if (own := canonical(name))}
        return [sector for sector in known if folded(sector) in named]


def _texts(message: dict[str, Any]) -> list[str]:
    return [str(block["text"]) for block in message["content"] if block["type"] == "text"]
