"""Runs that a client asks for: any number at once, each told of while it runs, each ended in order."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import anyio

from agent.agentfile import AgentFile
from agent.errors import Interrupted
from agent.events import Event
from agent.model.base import Model
from agent.report.steps import Steps
from agent.result import RunResult
from agent.run import run

Report = Callable[[int, str], Awaitable[None]]
"""Told how many steps there were, and of the newest."""


@dataclass
class Desk:
    """`offline`, `model`, `simulated`, `allow_live`: of every run, as `run` takes them."""

    offline: bool = False
    model: Model | str | None = None
    simulated: bool = False
    allow_live: bool = False
    _underway: set[asyncio.Task[RunResult]] = field(default_factory=set)

    async def ask(self, file: AgentFile, question: str | None, as_of: str | None, report: Report) -> RunResult:
        """Cancelled, it cancels the run, and waits until its log is sealed.

        Raises what `run` raises, and Interrupted when the desk is closed meanwhile.
        """
        told: asyncio.Queue[str | None] = asyncio.Queue()
        steps = Steps()

        def listen(event: Event) -> None:
            for line in steps.apply(event):
                told.put_nowait(line.text)

        work = asyncio.create_task(
            run(
                file,
                question,
                as_of=as_of,
                model=self.model,
                offline=self.offline,
                simulated=self.simulated,
                allow_live=self.allow_live,
                listen=listen,
            )
        )
        self._underway.add(work)
        work.add_done_callback(self._underway.discard)
        work.add_done_callback(lambda _: told.put_nowait(None))
        try:
            count = 0
            while (line := await told.get()) is not None:
                await report(count := count + 1, line)
        finally:
            await _ended({work})
        if work.cancelled():
            raise Interrupted("the run was interrupted, as the server stops")
        return work.result()

    async def close(self) -> None:
        """End all runs, and wait until their logs are sealed."""
        await _ended(set(self._underway))


async def _ended(work: set[asyncio.Task[RunResult]]) -> None:
    """Each is cancelled once, as by Ctrl-C: what ends in order must not be cancelled again meanwhile."""
    for task in work:
        task.cancel()
    if work:
        with anyio.CancelScope(shield=True):
            await asyncio.wait(work)
    for task in work:
        if not task.cancelled():
            task.exception()  # else asyncio complains that nobody looked at it
