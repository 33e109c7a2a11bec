"""Where the events of a run go: the log first, then the views that are folded from them, then whoever listens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeAlias

from agent.errors import DecisionError
from agent.events import ContentStored, Event, ModelAsked, QuestionAsked, RunStarted, Warned
from agent.gathering import Gathering
from agent.model.base import Request
from agent.position import Position
from agent.result import RunResult
from agent.runs.log import Line
from agent.transcript import Transcript

Listener: TypeAlias = Callable[[Event], None]


class View(Protocol):
    def apply(self, event: Event) -> None: ...


class Log(Protocol):
    """Where events are kept: a file, or the memory of a replay."""

    @property
    def folder(self) -> Path | None:
        """Where it lies; None for one that lies nowhere, whose run has no place to open its page at."""

    @property
    def lines(self) -> Sequence[Line]:
        """What it held when it was opened."""

    @property
    def root(self) -> str: ...
    def append(self, event: Event) -> None: ...
    async def sync(self) -> None: ...
    def sync_now(self) -> None: ...
    def close(self) -> None: ...


def require_rebuilt(transcript: Transcript, event: Event, folder: Path | None) -> None:
    """Raises DecisionError for a request that the events before it do not lead to."""
    if isinstance(event, ModelAsked) and transcript.request().hash != event.request:
        raise DecisionError(
            f"the request of turn {event.turn} cannot be rebuilt from the log in {folder}",
            hint="another version of the program wrote it; --new-attempt begins the run again",
        )


@dataclass
class Journal:
    """One run's events: those that its log holds, then those of this sitting.

    Raises LogError when an event cannot be written, before anything else sees it; DecisionError for a log with a
    request that cannot be rebuilt from the events before it.
    """

    log: Log
    listen: Listener | None = None
    transcript: Transcript = field(default_factory=Transcript)
    position: Position = field(default_factory=Position)
    started: RunStarted | None = None

    def __post_init__(self) -> None:
        self._gathering = Gathering(self.log.folder)
        self._stored: set[str] = set()
        self._views: list[View] = [self.transcript, self.position, self._gathering]
        for line in self.log.lines:
            self._recall(line.event)

    def _recall(self, event: Event) -> None:
        if isinstance(event, RunStarted):
            self.started = event
        if isinstance(event, QuestionAsked) and self.started:
            self.started = event.begins(self.started)
        if isinstance(event, ContentStored):
            self._stored.add(event.hash)
        require_rebuilt(self.transcript, event, self.log.folder)
        for view in self._views:
            view.apply(event)

    @property
    def goes_on(self) -> bool:
        """Whether the log holds more than a beginning: the run stopped before."""
        return self.started is not None and not isinstance(self.log.lines[-1].event, QuestionAsked)

    def follow(self, *views: View) -> None:
        """Apply what the log held when it was opened, and every event from here on, to these too."""
        for view in views:
            for line in self.log.lines:
                view.apply(line.event)
        self._views += views

    def emit(self, event: Event) -> None:
        """Contents that the log holds are not written again."""
        if isinstance(event, ContentStored):
            if event.hash in self._stored:
                return
            self._stored.add(event.hash)
        self.log.append(event)
        for view in self._views:
            view.apply(event)
        self.tell(event)

    def tell(self, event: Event) -> None:
        """To whoever listens, and not to the log."""
        if self.listen:
            try:
                self.listen(event)
            except Exception:
                self.listen = None  # who listens has gone; the run goes on

    def warn(self, *texts: str) -> None:
        for text in texts:
            if text not in self.result.warnings:
                self.emit(Warned(text))

    async def sync(self) -> None:
        await self.log.sync()

    def request(self) -> Request:
        return self.transcript.request()

    @property
    def result(self) -> RunResult:
        return self._gathering.result
