"""What a run tells whoever listens, and never logs: what it waits for, and an answer while it comes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from agent.events import Event


@dataclass(frozen=True)
class Underway(Event):
    """What a run waits for just now."""

    name: ClassVar[str] = "run.underway"
    text: str


@dataclass(frozen=True)
class Streamed(Event):
    """The next piece of the answer under way: of what the model thinks or says, or of a call's arguments, whose first
    piece is the tool's name."""

    name: ClassVar[str] = "run.streamed"
    turn: int
    kind: Literal["thinking", "text", "call"]
    text: str
