"""What a run may spend, what it has spent, and what ran out."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from agent.events import Event, ModelAnswered, ToolAsked
from agent.model.base import Usage
from agent.spec import BudgetSpec


@dataclass
class Budget:
    """Turns, tool calls, tokens and seconds of one run against their limits; spent as its events are applied."""

    limits: BudgetSpec
    turns: int = 0
    tool_calls: int = 0
    usage: Usage = field(default_factory=Usage)
    started: float = field(default_factory=time.monotonic)

    @property
    def seconds_left(self) -> float:
        return self.limits.seconds - (time.monotonic() - self.started)

    def apply(self, event: Event) -> None:
        match event:
            case ModelAnswered():
                self.turns = event.turn
                self.usage += Usage.of(event.usage)
            case ToolAsked():
                self.tool_calls += 1

    def exhausted(self, calls: int = 0) -> str | None:
        """The limit that forbids another model request, or with `calls` that many more tool calls."""
        if calls:
            return self.says("tool_calls") if self.tool_calls + calls > self.limits.tool_calls else None
        if self.turns >= self.limits.turns:
            return self.says("turns")
        if self.usage.counted >= self.limits.tokens:
            return self.says("tokens")
        return self.says("seconds") if self.seconds_left <= 0 else None

    def says(self, limit: str) -> str:
        value = getattr(self.limits, limit)
        return f"{limit}: the limit of {int(value) if value == int(value) else value} is reached"
