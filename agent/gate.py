"""When a request may leave, and how long a failed one rests: the seam at which a batch holds its runs back."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

from tenacity import RetryCallState, wait_exponential_jitter

from agent.errors import ModelError
from agent.model.base import Request, Turn

LONGEST_WAIT = 60.0
"""Seconds."""


class Ticket:
    """Permission for one attempt: entered when it begins, settled with its answer or left with what went wrong."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Errors go on to the caller."""

    def settle(self, turn: Turn) -> None:
        """The attempt's answer: what it used, and what it says of the service's limits."""


class Gate:
    """The gate of a run alone, which lets everything through."""

    async def admit(self, request: Request) -> Ticket:
        """Return when the request may leave. Raises PutOff when that is not worth waiting for."""
        return Ticket()

    def pause(self, state: RetryCallState) -> float:
        """Seconds until the next attempt: what the service asked for, within a minute; else jittered, exponential."""
        error = failure(state)
        if isinstance(error, ModelError) and error.retry_after is not None:
            return min(error.retry_after, LONGEST_WAIT)
        return float(wait_exponential_jitter(initial=1, exp_base=3, jitter=1, max=LONGEST_WAIT)(state))

    async def rest(self, seconds: float) -> None:
        """Between two attempts."""
        await asyncio.sleep(seconds)


def failure(state: RetryCallState) -> BaseException | None:
    """What the last attempt raised."""
    return state.outcome.exception() if state.outcome else None
