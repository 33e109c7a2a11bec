"""A run that a signal stops in order: its log is sealed, its servers are closed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeAlias

import click

from agent.cli import cancel_on_signals
from agent.errors import Interrupted
from agent.events import Event, RunStarted
from agent.journal import Listener
from agent.result import RunResult
from agent.underway import Underway

Ask: TypeAlias = Callable[[Listener], Awaitable[RunResult]]


def run_stoppably(ask: Ask, resumed: str | None, listen: Listener | None) -> RunResult:
    """The run in an event loop of its own. Raises Interrupted after SIGINT or SIGTERM, when the log is sealed."""
    started = [resumed] if resumed else []
    finished: list[RunResult] = []
    sat = False

    def heard(event: Event) -> None:
        nonlocal sat
        sat = True
        if isinstance(event, RunStarted):
            started.append(event.run_id)
        if listen:
            listen(event)

    async def stoppable() -> None:
        cancel_on_signals(lambda: heard(Underway("stopping: sealing the log, closing the servers")))
        finished.append(await ask(heard))

    try:
        asyncio.run(stoppable())
    except (KeyboardInterrupt, asyncio.CancelledError):
        if not finished:  # else the signal came too late to interrupt anything
            run = started[-1] if started else None
            error = Interrupted("interrupted", hint=f"advisor ask --resume {run} goes on with it" if run else None)
            error.run_id = run
            raise error from None
    if not sat and listen:
        click.echo(f"run {resumed} has ended before: nothing was asked, and this is what came of it", err=True)
    return finished[0]
