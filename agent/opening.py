"""The first words of a run to its model: the question, and what it is about."""

from __future__ import annotations

import json
from typing import Any

from agent import data
from agent.agentfile import AgentFile

LANGUAGES = {"en": "", "vi": "Language of the rationales: Vietnamese"}
"""How a language is asked for; without a word, the question's own is meant."""


def opening_texts(file: AgentFile, question: str, as_of: str | None, schema: dict[str, Any]) -> list[str]:
    """The first user message: the question, then what it is about and the form of the answer."""
    spec = file.spec
    facts = [
        f"As-of date: {as_of}" if as_of else "",
        f"Horizon: {spec.horizon}" if spec.recommends_sectors else "",
        f"Benchmark: {spec.benchmark}" if spec.benchmark else "",
        LANGUAGES[spec.language] if spec.recommends_sectors else "",
        f"Sectors, each of which needs a recommendation: {', '.join(spec.universe_sectors)}"
        if spec.universe_sectors
        else "",
    ]
    context = "\n".join(fact for fact in facts if fact)
    return [question, data.words("opening", context=context, schema=json.dumps(schema, ensure_ascii=False, indent=1))]
