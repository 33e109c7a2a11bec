"""Sample: one run, and what was expected of it. Everything a scorer may look at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from agent.events import AnswerChecked, ContentStored, Event, ModelAnswered, RunStarted
from agent.evidence import Number, examine
from agent.evidence.shown import shown
from agent.figures import Figure
from agent.gathering import result_of
from agent.result import RunResult
from agent.scoring.expect import Expect


@dataclass(frozen=True)
class Sample:
    """`events`: the whole log of the run, of which `result` is the gathered view."""

    events: Sequence[Event]
    expect: Expect
    result: RunResult

    @classmethod
    def of(cls, events: Iterable[Event], expect: Expect) -> Sample:
        events = tuple(events)
        return cls(events, expect, result_of(events))

    @cached_property
    def checks(self) -> list[AnswerChecked]:
        """Every answer that was judged, in order."""
        return [event for event in self.events if isinstance(event, AnswerChecked)]

    @cached_property
    def turns(self) -> list[ModelAnswered]:
        return [event for event in self.events if isinstance(event, ModelAnswered)]

    @cached_property
    def contents(self) -> dict[str, Any]:
        return {event.hash: event.content for event in self.events if isinstance(event, ContentStored)}

    @cached_property
    def started(self) -> RunStarted | None:
        return next((event for event in self.events if isinstance(event, RunStarted)), None)

    @cached_property
    def numbers(self) -> list[Number]:
        """Those in the rationales of the valid answer, each looked up in what the model was shown."""
        return examine(self.result.answer, self.shown, aliases=self.aliases, language=self.language)

    @cached_property
    def shown(self) -> list[Figure]:
        """What the model was shown, for numbers to be looked up in."""
        return shown(self.result)

    @property
    def aliases(self) -> dict[str, list[str]]:
        """Sector → its other names."""
        return self.expect.taxonomy or {}

    @property
    def language(self) -> str:
        given = self.contents.get(self.started.spec, {}).get("language") if self.started else None
        return given if isinstance(given, str) else "en"

    @property
    def system(self) -> str:
        """The system text that the model had; empty when the log does not hold it."""
        return str(self.contents.get(self.started.prompt, "")) if self.started else ""

    @property
    def universe(self) -> list[str]:
        """The sectors that the agent file wants answered."""
        given = self.contents.get(self.started.spec, {}).get("universe", "all") if self.started else "all"
        return [] if given == "all" else list(given)
