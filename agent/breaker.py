"""What stops a model that goes in circles: the same call again and again, or calls that all fail."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field

from agent.events import CallPlace, Event, QuestionAsked, ToolAnswered, ToolAsked

SAME = 3
"""The how many-th call of a tool with the same arguments is not made."""
FAILED = 5
"""How many calls may fail one after the other, in more than one turn: a model may have asked for all at once."""


@dataclass
class Breaker:
    """`tripped` says why, once there is a reason; `stopped` are the calls that are one too many of their kind.

    Failures count in the order in which the calls were asked, whichever was answered first.
    """

    tripped: str | None = None
    stopped: set[CallPlace] = field(default_factory=set)
    _times: Counter[str] = field(default_factory=Counter)
    _asked: deque[CallPlace] = field(default_factory=deque)
    _answered: dict[CallPlace, bool] = field(default_factory=dict)
    _failed: list[int] = field(default_factory=list)
    """The turns of the calls that failed since one went well."""

    def apply(self, event: Event) -> None:
        match event:
            case QuestionAsked():
                self.tripped, self._failed = None, []
                self._times.clear()
            case ToolAsked():
                self._ask(event)
            case ToolAnswered():
                self._answered[event.place] = event.is_error
                while self._asked and self._asked[0] in self._answered:
                    place = self._asked.popleft()
                    self._count(place[0], failed=self._answered.pop(place))

    def _ask(self, call: ToolAsked) -> None:
        self._asked.append(call.place)
        self._times[call.key] += 1
        if self._times[call.key] >= SAME:
            self.stopped.add(call.place)
            self._trip(f"{call.offered_as!r} was called {SAME} times with the same arguments")

    def _count(self, turn: int, *, failed: bool) -> None:
        self._failed = [*self._failed, turn] if failed else []
        if len(self._failed) >= FAILED and len(set(self._failed)) > 1:
            self._trip(f"{len(self._failed)} calls failed one after the other")

    def _trip(self, because: str) -> None:
        self.tripped = self.tripped or because
