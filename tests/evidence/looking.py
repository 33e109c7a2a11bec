"""Rationales looked up in the figures of a server."""

from __future__ import annotations

from agent.evidence import Number, examine
from tests.evidence.corpus import Text
from tests.evidence.figures import ALIASES, SERVERS


def numbers(text: Text) -> list[Number]:
    answer = {"sector_recommendations": [{"sector_name": text.sector, "rationale": text.text}]}
    return examine(answer, SERVERS[text.server], aliases=ALIASES, language=text.language)


def counted(text: Text) -> list[Number]:
    return [number for number in numbers(text) if number.counted]


def one(server: str, sector: str, text: str, language: str = "en") -> Number:
    """The only number of the text that is counted."""
    [number] = counted(Text(server, sector, text, 1, language))
    return number
