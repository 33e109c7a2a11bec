"""Where a run stands: its newest turn, and what of it is still to be done. Folded from events, live and on resuming."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from agent.events import AnswerChecked, Event, ModelAnswered, ModelAsked, RunResumed, ToolAnswered, ToolAsked
from agent.model.base import Turn, says_something


@dataclass
class Position:
    """`turn` is None when the model is to be asked next; otherwise it waits for its calls, its check, or the end."""

    turn: Turn | None = None
    attempts: int = 0
    """Requests made for the turn that is to come."""
    asked: set[str] = field(default_factory=set)
    answered: set[str] = field(default_factory=set)
    """Calls of `turn`, by id."""
    checked: AnswerChecked | None = None
    in_flight: Literal["repeat", "skip"] | None = None
    """What to do about calls that were asked before the run stopped and not answered."""
    _blank_before: bool = False

    def apply(self, event: Event) -> None:
        match event:
            case RunResumed():
                self.in_flight = event.in_flight
            case ModelAsked():
                self.attempts += 1
            case ModelAnswered():
                self._take(Turn.of(event))
            case ToolAsked():
                self.asked.add(event.call)
            case ToolAnswered():
                self.answered.add(event.call)
                if self.turn and self.answered >= {call.id for call in self.turn.calls}:
                    self.turn = None
            case AnswerChecked():
                self.checked = event
                if event.reply is not None:
                    self.turn = None

    def _take(self, turn: Turn) -> None:
        """A pause asks for the same again, and so does the first turn that says nothing."""
        self.attempts, self.asked, self.answered, self.checked = 0, set(), set(), None
        paused = turn.stop_reason == "pause_turn" and not turn.calls
        blank = turn.may_go_on and not says_something(turn.content)
        self.turn = None if paused or (blank and not self._blank_before) else turn
        self._blank_before = blank or (paused and self._blank_before)
