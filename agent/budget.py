"""What a run may spend, what it has spent, and what ran out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from agent.events import Event, ModelAnswered, ToolAnswered, ToolAsked
from agent.model.base import Usage
from agent.spec import BudgetSpec


@dataclass
class Budget:
    """Turns, tool calls, tokens and seconds of one run against their limits; spent as its events are applied.

    Seconds are those since the run began or was resumed, without those in `waiting`.
    """

    limits: BudgetSpec
    turns: int = 0
    tool_calls: int = 0
    usage: Usage = field(default_factory=Usage)
    started: float = field(default_factory=time.monotonic)
    clock: asyncio.Timeout | None = None
    """What ends the run when its seconds are over."""
    _waits: int = 0
    _waiting_since: float = 0.0

    @property
    def seconds_left(self) -> float:
        return self.limits.seconds - (time.monotonic() - self.started)

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Time that a run waits for others, for a limit they share, is not its own."""
        if not self._waits:
            self._waiting_since = time.monotonic()
            self._set_clock(None)
        self._waits += 1
        try:
            yield
        finally:
            self._waits -= 1
            if not self._waits:
                self.started += time.monotonic() - self._waiting_since
                self._set_clock(asyncio.get_running_loop().time() + self.seconds_left)

    def _set_clock(self, when: float | None) -> None:
        if self.clock and not self.clock.expired():
            self.clock.reschedule(when)

    def apply(self, event: Event) -> None:
        match event:
            case ModelAnswered():
                self.turns = event.turn
                self.usage += Usage.of(event.usage)
            case ToolAsked():
                self.tool_calls += 1
            case ToolAnswered():
                self.usage += Usage.of(event.sampled)

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
