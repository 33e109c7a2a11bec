"""Where the events of a run go: the log first, then the views that are folded from them, then whoever listens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from agent.events import Event, Warned
from agent.model.base import Request
from agent.result import Gathering, RunResult
from agent.runs.log import RunLog
from agent.transcript import Transcript

Listener: TypeAlias = Callable[[Event], None]


class View(Protocol):
    def apply(self, event: Event) -> None: ...


@dataclass
class Journal:
    """One run's events. Raises LogError when one cannot be written, before anything else sees it.

    `views` are folded from the same events, live here and from the log when a run is read again.
    """

    log: RunLog
    listen: Listener | None = None
    transcript: Transcript = field(default_factory=Transcript)

    def __post_init__(self) -> None:
        self._gathering = Gathering(self.log.folder)
        self._views: list[View] = [self.transcript, self._gathering]

    def follow(self, *views: View) -> None:
        """Apply every event from here on to these too."""
        self._views += views

    def emit(self, event: Event) -> None:
        self.log.append(event)
        for view in self._views:
            view.apply(event)
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
