"""What single words make of a number: a net amount, a forecast, a figure of the market or of another country."""

from __future__ import annotations

import re

from agent.evidence import words

_NET = re.compile(r"\b(?:net|netted|ròng)\b", re.IGNORECASE)
_NET_BEHIND = re.compile(r"\s*(?:\([^()]*\)\s*)?(?:on\s+)?(?:net|ròng)\b", re.IGNORECASE)
_FORECAST = re.compile(rf"\b(?:{words.FORECASTS})\b", re.IGNORECASE)
_FORECAST_BEHIND = re.compile(
    rf"[^.;,]{{0,20}}?\b(?:is|are|was|were)\s+(?:{words.FORECASTS})\b|\s+(?:next\s+(?:month|quarter|year)|năm\s+tới)\b",
    re.IGNORECASE,
)
_PURPOSE = re.compile(r"\bto\b", re.IGNORECASE)
_ABROAD = re.compile(rf"\b(?:{words.ABROAD})\b")
_MARKET = re.compile(
    r"[\s,.;:—(]*(?:(?:while|but|and|so|as|the|overall|broad|whole|simulated|toàn|trong khi|còn|và|nhưng)\s+)*"
    rf"(?:{words.BENCHMARKS.replace(' ', '[ -]')})(?:'s|’s|es)?(?![^\W_])(?!\s+(?:share|cap|leader|total))",
    re.IGNORECASE,
)


def is_net(text: str, clause: tuple[int, int], end: int) -> bool:
    """`net` before the number in its clause, or directly behind it."""
    return _NET.search(text, *clause) is not None or _NET_BEHIND.match(text, end) is not None


def is_forecast(text: str, clause: tuple[int, int], tail: tuple[int, int]) -> bool:
    """Somebody expects it. What is expected `to` do something is no number, nor is what goes on to."""
    if _FORECAST_BEHIND.match(text, tail[0], tail[1]):
        return True
    found = _FORECAST.search(text, *clause)
    return found is not None and not (_PURPOSE.search(text, found.end(), clause[1]) or _PURPOSE.search(text, *tail))


def is_abroad(text: str, clause: tuple[int, int]) -> bool:
    return _ABROAD.search(text, *clause) is not None


def is_of_market(text: str, clause: tuple[int, int]) -> bool:
    """The clause begins with the market or the benchmark: `The market returned`, `Benchmark volatility`."""
    return _MARKET.match(text, *clause) is not None
