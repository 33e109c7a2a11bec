"""Where the events of a run go: the log first, then the views that are folded from them, then whoever listens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from agent.events import Event
from agent.model.base import Request
from agent.result import Gathering, RunResult
from agent.runs.log import RunLog
from agent.transcript import Transcript

Listener: TypeAlias = Callable[[Event], None]


@dataclass
class Journal:
    """One run's events. Raises LogError when one cannot be written, before anything else sees it."""

    log: RunLog
    listen: Listener | None = None
    transcript: Transcript = field(default_factory=Transcript)

    def __post_init__(self) -> None:
        self._gathering = Gathering(self.log.folder)

    def emit(self, event: Event) -> None:
        self.log.append(event)
        self.transcript.apply(event)
        self._gathering.apply(event)
        if self.listen:
            try:
                self.listen(event)
            except Exception:
                self.listen = None  # who listens has gone; the run goes on

    async def sync(self) -> None:
        await self.log.sync()

    def request(self) -> Request:
        return self.transcript.request()

    @property
    def result(self) -> RunResult:
        return self._gathering.result
