"""What of a run must not change unnoticed: hashes of what it was given and of what it did, in the order of cause."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agent.encoding import digest
from agent.events import (
    AnswerChecked,
    Event,
    ModelAsked,
    RunFinished,
    RunStarted,
    ToolAnswered,
    ToolAsked,
    ToolsListed,
    ToolsOffered,
)

LENGTH = 16
"""Hexadecimal digits that are kept of a hash."""
WORDS = {
    "agent": "the agent file",
    "prompt": "the system text",
    "opening": "the first message: question, as-of date or the words around them",
    "schema": "the strict schema of the answer",
    "model": "the model's parameters",
    "listed": "what the servers list",
    "offered": "the offered tools",
    "calls": "the calls",
    "results": "the results of the tools",
    "checks": "the check of an answer, or the words of a repair",
    "requests": "a request to the model",
    "end": "how the run ended",
}
"""Part → what it is, from causes to effects."""


def fingerprint(events: Sequence[Event]) -> dict[str, str]:
    """Part → its hash; what is not in the log is the hash of nothing."""
    parts: dict[str, list[Any]] = {part: [] for part in WORDS}
    for event in events:
        match event:
            case RunStarted():
                for part in ("agent", "prompt", "opening", "schema", "model"):
                    parts[part].append(event.spec if part == "agent" else getattr(event, part))
            case ToolsListed():
                parts["listed"].append([event.server, event.instructions, event.tools, event.set_aside])
            case ToolsOffered():
                parts["offered"].append([event.tools, event.differences, event.set_aside])
            case ToolAsked():
                parts["calls"].append([event.call, event.offered_as, event.arguments])
            case ToolAnswered():
                parts["results"].append([event.call, event.shown, event.is_error, event.source])
            case ModelAsked():
                parts["requests"].append(event.request)
            case AnswerChecked():
                parts["checks"].append([event.valid, event.answer, event.errors, event.reply])
            case RunFinished():
                parts["end"].append([event.status, event.stop_reason, event.answer, event.warnings])
    return {part: digest(said)[:LENGTH] for part, said in parts.items()}


def first_change(before: Mapping[str, str], now: Mapping[str, str]) -> str | None:
    """The first part that is another, in words; None when all are the same."""
    return next((words for part, words in WORDS.items() if before.get(part) != now.get(part)), None)
