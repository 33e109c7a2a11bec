"""Runs that a signal stops in order: the log is sealed, the servers are closed."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from types import FrameType, TracebackType
from typing import Any, Self, TypeAlias

import click

from agent.cli import cancel_on_signals, stopping_signals
from agent.errors import Interrupted
from agent.events import Event, RunStarted
from agent.journal import Listener
from agent.result import RunResult
from agent.tools.pool import ServerPool
from agent.underway import Underway

Ask: TypeAlias = Callable[[Listener], Awaitable[RunResult]]


def run_stoppably(ask: Ask, resumed: str | None, listen: Listener | None) -> RunResult:
    """The run in an event loop of its own. Raises Interrupted after SIGINT or SIGTERM, when the log is sealed."""
    with asyncio.Runner() as runner:
        result, sat = _run(runner, ask, resumed, listen)
    if not sat and listen:
        click.echo(f"run {resumed} has ended before: nothing was asked, and this is what came of it", err=True)
    return result


class RunsInTurn:
    """Runs one after the other, whose servers stay open from one to the next. Enter it; leaving it ends them.

    Between the runs, a signal that would end the command at once raises Interrupted.
    """

    def __init__(self, *, quiet: bool) -> None:
        self.quiet = quiet
        self.pool = ServerPool()
        self._runner = asyncio.Runner()
        self._handlers: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        for number in stopping_signals():
            if number != signal.SIGINT:
                self._handlers[number] = signal.signal(number, _interrupted)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        from agent.report import live

        try:
            if not self.pool.empty:
                with live.progress(quiet=self.quiet) as listen:
                    if listen:
                        listen(Underway("closing the servers"))
                    self._close()
        finally:
            self._runner.close()
            for number, handler in self._handlers.items():
                signal.signal(number, handler)

    def run(self, ask: Ask, listen: Listener | None) -> RunResult:
        """Raises what `run_stoppably` raises; then the next run opens its servers anew."""
        try:
            return _run(self._runner, ask, None, listen)[0]
        except BaseException:
            self._close()
            raise

    def _close(self) -> None:
        """Raises Interrupted after a signal, when what is left of the servers has been killed."""

        async def close() -> None:
            hand_back = cancel_on_signals(lambda: None)
            try:
                await self.pool.close()
            finally:
                hand_back()

        try:
            self._runner.run(close())
        except (KeyboardInterrupt, asyncio.CancelledError):
            raise Interrupted("interrupted") from None


def _interrupted(number: int, frame: FrameType | None) -> None:
    raise Interrupted("interrupted")


def _run(runner: asyncio.Runner, ask: Ask, resumed: str | None, listen: Listener | None) -> tuple[RunResult, bool]:
    """What came of it, and whether anything was done for it. Raises Interrupted."""
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
        hand_back = cancel_on_signals(lambda: heard(Underway("stopping: sealing the log, closing the servers")))
        try:
            finished.append(await ask(heard))
        finally:
            hand_back()

    try:
        runner.run(stoppable())
    except (KeyboardInterrupt, asyncio.CancelledError):
        if not finished:  # else the signal came too late to interrupt anything
            run = started[-1] if started else None
            error = Interrupted("interrupted", hint=f"advisor ask --resume {run} goes on with it" if run else None)
            error.run_id = run
            raise error from None
    return finished[0], sat
