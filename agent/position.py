"""Where a run stands: its newest turn, and what of it is still to be done. Folded from events, live and on resuming."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from agent.events import (
    AnswerChecked,
    AnswerDue,
    Event,
    ModelAnswered,
    ModelAsked,
    QuestionAsked,
    RunResumed,
    RunStarted,
    ToolAnswered,
    ToolAsked,
)
from agent.model.base import Turn, longer, says_something


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
    due: AnswerDue | None = None
    """Why no tool may be called any more."""
    may_be_longer: bool = False
    """Whether an answer that is cut at its longest is asked for again, with twice the length."""
    _blank_before: bool = False
    _may_at_first: bool = False

    def apply(self, event: Event) -> None:
        match event:
            case RunStarted():
                self.may_be_longer = self._may_at_first = longer(event.model) is not None
            case QuestionAsked():
                self.turn = self.due = self.in_flight = None
                self.may_be_longer, self._blank_before = self._may_at_first, False
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
            case AnswerDue():
                self.due = event

    def _take(self, turn: Turn) -> None:
        """A pause asks for the same again, and so do the first turn that is cut and the first that says nothing."""
        self.attempts, self.asked, self.answered, self.checked = 0, set(), set(), None
        paused = turn.stop_reason == "pause_turn" and not turn.calls
        blank = turn.may_go_on and not says_something(turn.content)
        cut = turn.stop_reason == "max_tokens" and self.may_be_longer
        self.may_be_longer = self.may_be_longer and not cut
        self.turn = None if paused or cut or (blank and not self._blank_before) else turn
        self._blank_before = blank or (paused and self._blank_before)
