"""What people read, in the language of the agent file: `say = words("vi")`, then `say("Recommendations")`.

The English text is the key of its translation, in `vi.yaml` beside this module. Strangers' texts and warnings stay
as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

import yaml


@dataclass(frozen=True)
class Words:
    """`language` is a code as in HTML's `lang`."""

    language: str = "en"
    texts: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __call__(self, text: str, **values: object) -> str:
        """The text in this language, or as it is where there is no other; `values` fill its {places}."""
        said = self.texts.get(text, text)
        return said.format(**values) if values else said


@cache
def words(language: str) -> Words:
    """English for a language without a file of its own."""
    path = files("agent.report").joinpath(f"{language}.yaml")
    return Words(language, yaml.safe_load(path.read_text("utf-8"))) if language != "en" and path.is_file() else Words()


ENGLISH = words("en")
MEASURES = (
    "Performance", "Momentum", "Volatility", "Relative strength", "Seasonality", "GDP growth", "Inflation",
    "Interest rates", "Unemployment rate", "Net buy sell", "Share of turnover", "Matched", "Put through", "Net z",
    "Net streak", "Room used", "Net value", "Buy value", "Sell value", "Trades", "Revenue", "Net profit",
    "Revenue growth", "Profit growth", "Net margin", "Companies filed", "Total net buy sell",
    "total share of turnover", "total matched", "total put through", "Rotation ratio", "Rotation momentum",
)  # fmt: skip
"""Metrics of the market server as headings, and what stands beside its totals: `say(label(metric))` has them in every
language, and other servers' ones as they come."""
