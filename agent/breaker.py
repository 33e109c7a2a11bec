"""What stops a model that goes in circles: the same call again and again, or calls that all fail."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from agent.events import Event, ToolAnswered, ToolAsked

SAME = 3
"""The how many-th call of a tool with the same arguments is not made."""
FAILED = 5
"""How many calls may fail one after the other."""


@dataclass
class Breaker:
    """`tripped` says why, once there is a reason."""

    tripped: str | None = None
    stopped: set[tuple[int, str]] = field(default_factory=set)
    """Calls that are one too many of their kind, by turn and id."""
    _times: Counter[str] = field(default_factory=Counter)
    _failed: int = 0

    def apply(self, event: Event) -> None:
        match event:
            case ToolAsked():
                self._times[event.key] += 1
                if self._times[event.key] >= SAME:
                    self.stopped.add((event.turn, event.call))
                    self._trip(f"{event.offered_as!r} was called {SAME} times with the same arguments")
            case ToolAnswered():
                self._failed = self._failed + 1 if event.is_error else 0
                if self._failed == FAILED:
                    self._trip(f"{FAILED} calls failed one after the other")

    def _trip(self, because: str) -> None:
        self.tripped = self.tripped or because
