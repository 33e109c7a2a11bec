"""Requests that pass a batch's limits in virtual time."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

from agent.batch.limits import Caps, Limits, LimitsSpec
from agent.errors import ModelError
from agent.model.base import RateLimits, Remaining, Request, Turn, Usage
from agent.prices import Price

T = TypeVar("T")


class VirtualLoop(asyncio.SelectorEventLoop):
    """Whose time goes on only when every task waits for it, and then at once."""

    def __init__(self) -> None:
        self.now = 1_000.0
        super().__init__(_Selector(self))

    def time(self) -> float:
        return self.now


class _Selector(selectors.SelectSelector):
    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[Any]:
        assert timeout is not None, "everybody waits, and nobody is left to wake them"
        self._loop.now += timeout
        return super().select(0)


def in_virtual_time(what: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(what)


def now() -> float:
    """Seconds since the test began."""
    return asyncio.get_running_loop().time() - 1_000


def limits(caps: Caps | None = None, price: Price | None = None, patience: float = 300.0, **spec: int) -> Limits:
    spec = {"concurrency": 100} | spec
    return Limits(LimitsSpec(**spec), caps=caps, price=price, patience=patience, clock=asyncio.get_running_loop().time)


def request(size: int = 100) -> Request:
    half = "x" * (size // 2)
    return Request(system=half, tools=[], messages=[{"": [{"": half}]}], schema={}, parameters={})


def turn(usage: Usage | None = None, **told: Remaining) -> Turn:
    return Turn(content=[], stop_reason="end_turn", model="m", usage=usage or Usage(), limits=RateLimits(**told))


def model_error(
    status: int | None = None, kind: str = "k", *, retryable: bool = True, after: float | None = None
) -> Any:
    return ModelError("refused", kind=kind, status=status, retryable=retryable, retry_after=after)


async def ask(
    gate: Limits, outcome: Turn | BaseException | None = None, *, lasts: float = 0.0, size: int = 100
) -> float:
    """When the request was admitted; its outcome comes `lasts` seconds later, and its error is swallowed."""
    ticket = await gate.admit(request(size))
    admitted = now()
    try:
        with ticket:
            await asyncio.sleep(lasts)
            if isinstance(outcome, BaseException):
                raise outcome
            ticket.settle(outcome or turn())
    except BaseException as error:
        if error is not outcome:
            raise
    return admitted
