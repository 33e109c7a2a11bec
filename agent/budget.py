"""What a run may spend, what it has spent, and what ran out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from agent.events import CallPlace, Event, ModelAnswered, ModelFailed, QuestionAsked, ToolAnswered, ToolAsked
from agent.model.base import Usage
from agent.prices import Price
from agent.spec import BudgetSpec

NOTHING = Usage()


@dataclass
class Budget:
    """What one run may spend and has spent, as its events are applied: turns, tool calls, tokens, USD and seconds.
    Each question of a conversation is a run, while the numbers of its turns go on.

    `price` may be None only where the limits name no USD. Seconds are those since the run began or was resumed,
    without those in `waiting`.
    """

    limits: BudgetSpec
    price: Price | None = None
    turns: int = 0
    """The number of the newest turn."""
    earlier: int = 0
    """Turns of the questions before."""
    tool_calls: int = 0
    usage: Usage = field(default_factory=Usage)
    newest: Usage = field(default_factory=Usage)
    """What the newest turn used."""
    broken_off: Usage = field(default_factory=Usage)
    """What answers to the turn to come had used when they broke off."""
    refused: set[CallPlace] = field(default_factory=set)
    """Calls beyond the limit, by turn and id."""
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
            case QuestionAsked():
                self.earlier, self.tool_calls = self.turns, 0
                self.usage = self.newest = self.broken_off = NOTHING
            case ModelAnswered():
                self.turns = event.turn
                self.newest = Usage.of(event.usage)
                self.usage, self.broken_off = self.usage + self.broken_off + self.newest, NOTHING
            case ModelFailed():
                self.broken_off += Usage.of(event.usage)
            case ToolAsked() if self.calls_left:
                self.tool_calls += 1
            case ToolAsked():
                self.refused.add(event.place)
            case ToolAnswered():
                self.usage += Usage.of(event.sampled)

    @property
    def calls_left(self) -> int:
        return self.limits.tool_calls - self.tool_calls

    def exhausted(self) -> str | None:
        """The limit that forbids another model request."""
        if self.turns - self.earlier >= self.limits.turns:
            return self._told("turns")
        return self.used_up() or (self._told("seconds") if self.seconds_left <= 0 else None)

    def used_up(self, more: Usage = NOTHING) -> str | None:
        """The limit of tokens or USD that is reached, once `more` is used, too."""
        limit = self._reached(self.usage + self.broken_off + more)
        return self._told(limit) if limit else None

    def nearly_exhausted(self) -> str | None:
        """The limit that leaves one last request: no call may be made, or another request like the newest one would
        reach it.
        """
        if not self.calls_left:
            return self._told("tool_calls")
        last_turn = self.turns - self.earlier + 1 >= self.limits.turns
        limit = "turns" if last_turn else self._reached(self.usage + self.broken_off + self.newest)
        return self._told(limit, "leaves one last request") if limit else None

    def _reached(self, usage: Usage) -> str | None:
        if usage.counted >= self.limits.tokens:
            return "tokens"
        if self.limits.usd is not None and self.price and self.price.usd(usage) >= self.limits.usd:
            return "usd"
        return None

    def out_of_seconds(self) -> str:
        return self._told("seconds")

    def _told(self, limit: str, what: str = "is reached") -> str:
        value = getattr(self.limits, limit)
        return f"{limit}: the limit of {int(value) if value == int(value) else value} {what}"
