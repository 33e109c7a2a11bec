"""What all requests of a batch to one model share: the service's rate limits, its pauses, and the batch's caps."""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from tenacity import RetryCallState

from agent.batch import AGAIN
from agent.errors import ModelError, PutOff, UsageError
from agent.gate import Gate, Ticket, failure
from agent.model.base import Remaining, Request, Turn, Usage
from agent.prices import Price
from agent.section import Section
from agent.server_spec import Count

BURST = 1 / 6
"""Of a minute's amount that may go at once: services may enforce 60 a minute as one a second, so a bucket holds ten
seconds' worth. Any 60 seconds then see at most 7/6 of the limit, while the average is the whole of it."""
TICK = 0.001
"""Seconds past the moment at which a bucket is level, so that rounding does not wake anybody just before it."""
IDLE = 3600.0
"""Seconds of a wait that an answer ends, not time."""
OTHERS = 1.0
"""Seconds until it is looked again what requests to another model came to."""
SHORT_HOLD = (5.0, 10.0)
"""Seconds, between which a pause lies when the service refuses without saying how long to wait."""
MEMORY = 0.9
"""How much of its weight an observation keeps when the next one comes."""
OVERLOADED = {"overloaded_error", "api_error", "timeout_error"}
"""Kinds of an error inside a stream, whose status is 200, that would have been a 5xx before it."""


class LimitsSpec(Section):
    concurrency: Count = 8
    """Jobs at once, and so requests at once."""
    requests_per_minute: Count | None = None
    """To one model; without it, what the headers of its answers say."""
    input_tokens_per_minute: Count | None = None
    """Uncached input and cache writes; without it, what the headers say."""
    output_tokens_per_minute: Count | None = None
    """Without it, what the headers say."""


@dataclass
class Caps:
    """What a whole batch may spend, shared by the `Limits` of all its models. None is no cap.

    A request is put off when what was spent reaches a cap, and waits while what is reserved for those under way might
    do so. So a cap is passed by at most the estimate of the last request admitted, and by what the estimates of those
    under way were too low. An attempt whose cost nobody told, such as a broken stream, counts as spent with its
    estimate. Tokens are `Usage.counted`.
    """

    usd: float | None = None
    tokens: int | None = None
    spent_usd: float = 0.0
    spent_tokens: int = 0
    reserved_usd: float = 0.0
    reserved_tokens: int = 0

    def check(self) -> None:
        """Raises PutOff when a cap is reached."""
        if self.usd is not None and self.spent_usd >= self.usd:
            raise _capped(f"{self.usd:.2f} USD", f"{self.spent_usd:.2f}")
        if self.tokens is not None and self.spent_tokens >= self.tokens:
            raise _capped(f"{self.tokens:,} tokens", f"{self.spent_tokens:,}")

    @property
    def may_be_reached(self) -> bool:
        """By those under way: whether another request may leave is known when they have their answers."""
        usd = self.usd is not None and self.spent_usd + self.reserved_usd >= self.usd
        return usd or (self.tokens is not None and self.spent_tokens + self.reserved_tokens >= self.tokens)

    def reserve(self, usd: float, tokens: int) -> None:
        self.reserved_usd += usd
        self.reserved_tokens += tokens

    def spend(self, usd: float, tokens: int) -> None:
        self.spent_usd += usd
        self.spent_tokens += tokens


class Bucket:
    """What is left of one limit: refills evenly to BURST of a minute's amount, and may be overdrawn.

    Nothing goes while its level, in requests or tokens, is not above zero. Without a size it lets everything through
    until an answer's headers tell one.
    """

    def __init__(self, size: int | None, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._given = size is not None
        self._rate = 0.0
        self._capacity = self._level = math.inf
        self._at = clock()
        if size is not None:
            self._resize(size)

    @property
    def level(self) -> float:
        return min(self._capacity, self._level + self._rate * (self._clock() - self._at))

    @property
    def wait(self) -> float:
        """Seconds until something may go."""
        level = self.level
        return 0.0 if level > 0 else TICK - level / self._rate

    def take(self, amount: float) -> None:
        """A negative amount is given back."""
        self._level, self._at = self.level - amount, self._clock()

    def heed(self, told: Remaining) -> None:
        """Learn the size where no user gave one, and let the level down, but never up, to what the service says."""
        if not self._given and told.limit is not None and 0 < told.limit < math.inf:
            self._resize(told.limit)
        if self._rate and told.remaining is not None:
            self.take(max(0.0, self.level - max(0.0, told.remaining)))

    def _resize(self, size: float) -> None:
        self.take(0)
        self._rate, self._capacity = size / 60, max(1.0, BURST * size)
        self.take(0)


@dataclass
class Mean:
    """Tokens a unit, as they were observed; what is old counts less and less."""

    tokens: float
    units: float

    def of(self, units: float) -> int:
        return round(units * self.tokens / self.units)

    def learn(self, tokens: float, units: float) -> None:
        self.tokens = MEMORY * self.tokens + tokens
        self.units = MEMORY * self.units + units


class Limits(Gate):
    """The gate of all runs that use one model: first come, first served.

    Estimates are reserved when a request is admitted, and replaced by the usage that its answer tells. A request
    counts as one however it ends. Without an answer its tokens are given back where the service refused it or never
    got it, and kept as estimated where it may have worked on it (a broken stream, a deadline, a cancellation).

    `price` may be None only when the caps name no USD. `patience` is the longest pause in seconds, asked for by the
    service, that anybody waits for. Raises UsageError.
    """

    def __init__(
        self,
        spec: LimitsSpec,
        *,
        caps: Caps | None = None,
        price: Price | None = None,
        patience: float = 300.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._caps = caps or Caps()
        if price is None and self._caps.usd is not None:
            hint = "add the model to the table of prices, or cap tokens instead"
            raise UsageError("a cap in USD cannot be kept for a model without a price", hint=hint)
        self._price = price
        self._patience = patience
        self._clock = clock
        self._sleep = sleep
        sizes = (spec.requests_per_minute, spec.input_tokens_per_minute, spec.output_tokens_per_minute)
        self._buckets = [Bucket(size, clock) for size in sizes]
        self._input = Mean(tokens=2_500, units=10_000)
        self._output = Mean(tokens=500, units=1)
        self._widest = self._width = float(spec.concurrency)
        self._under_way = self._admitted = self._halved_at = 0
        self._hold_until = -math.inf
        self._stopped: str | None = None
        self._queue = asyncio.Lock()
        self._nap: asyncio.Future[None] | None = None

    async def admit(self, request: Request) -> Ticket:
        """Return when the request may leave. Raises PutOff after `stop`, at a cap, and for a pause beyond patience."""
        async with self._queue:
            while wait := self._wait():
                await self._rest(wait)
            return self._reserve(request)

    def check(self) -> None:
        """Raises PutOff when a request would not leave, however long it waited."""
        self._wait()

    def pause(self, state: RetryCallState) -> float:
        """Seconds; none after an error for which `admit` makes everybody wait."""
        error = failure(state)
        return 0.0 if isinstance(error, ModelError) and _is_rate_limit(error) else super().pause(state)

    @property
    def held(self) -> float:
        """Seconds for which the service asked everybody to wait."""
        return max(0.0, self._hold_until - self._clock())

    @property
    def slowed(self) -> float:
        """Seconds until the limits a minute let another request leave."""
        return max(bucket.wait for bucket in self._buckets)

    def stop(self, reason: str) -> None:
        """Put off whoever waits or comes from now on; what is under way goes on to its end."""
        self._stopped = reason
        self._look_again()

    def settled(self, ticket: Admitted, turn: Turn) -> None:
        self._book(ticket, turn.usage)
        _, fresh, output = _amounts(turn.usage)
        self._input.learn(fresh, ticket.size)
        self._output.learn(output, 1)
        told = turn.limits
        for bucket, each in zip(self._buckets, (told.requests, told.input_tokens, told.output_tokens), strict=True):
            bucket.heed(each)
        self._width = min(self._widest, self._width + 1 / self._width)

    def left(self, ticket: Admitted, error: BaseException | None) -> None:
        self._under_way -= 1
        if not ticket.is_settled:
            self._book(ticket, _used(error) or (ticket.estimate if _may_have_cost(error) else Usage()))
        if isinstance(error, ModelError):
            self._heed(ticket, error)
        self._look_again()

    def _wait(self) -> float:
        """Seconds until the next request may leave, as far as is known now. Raises PutOff."""
        if self._stopped is not None:
            raise PutOff(self._stopped, hint=AGAIN)
        if self.held > self._patience:
            raise PutOff(f"the service asks to wait {self.held:.0f} s", hint=f"after that, {AGAIN}")
        self._caps.check()
        if self._under_way >= int(self._width):
            return IDLE
        if self._caps.may_be_reached:
            return IDLE if self._under_way else OTHERS
        return max(self.held, *(bucket.wait for bucket in self._buckets))

    async def _rest(self, seconds: float) -> None:
        """At the head of the queue, until the time is over or there is reason to look again."""
        self._nap = asyncio.ensure_future(self._sleep(seconds))
        try:
            await asyncio.wait({self._nap})
        finally:
            self._look_again()

    def _look_again(self) -> None:
        if self._nap:
            self._nap.cancel()

    def _reserve(self, request: Request) -> Admitted:
        size = max(1, sum(map(_size, (request.system, request.tools, request.messages, request.schema))))
        estimate = Usage(input=self._input.of(size), output=self._output.of(1))
        for bucket, amount in zip(self._buckets, _amounts(estimate), strict=True):
            bucket.take(amount)
        self._caps.reserve(*self._cost(estimate))
        self._under_way += 1
        self._admitted += 1
        return Admitted(self, self._admitted, size, estimate)

    def _book(self, ticket: Admitted, usage: Usage) -> None:
        """Put what was used in the place of what was reserved."""
        for bucket, reserved, used in zip(self._buckets, _amounts(ticket.estimate), _amounts(usage), strict=True):
            bucket.take(used - reserved)
        usd, tokens = self._cost(ticket.estimate)
        self._caps.reserve(-usd, -tokens)
        self._caps.spend(*self._cost(usage))

    def _cost(self, usage: Usage) -> tuple[float, int]:
        return self._price.usd(usage) if self._price else 0.0, usage.counted

    def _heed(self, ticket: Admitted, error: ModelError) -> None:
        """Hold everybody, or let fewer through at once; halved once for all that were under way together."""
        if _is_rate_limit(error):
            seconds = error.retry_after if error.retry_after is not None else random.uniform(*SHORT_HOLD)
            self._hold_until = max(self._hold_until, self._clock() + seconds)
        elif _is_overload(error) and ticket.number > self._halved_at:
            self._width = max(1.0, self._width / 2)
            self._halved_at = self._admitted


class Admitted(Ticket):
    """Counts as under way until it is left. `size` is the request's, in characters."""

    def __init__(self, limits: Limits, number: int, size: int, estimate: Usage) -> None:
        self._limits = limits
        self.number = number
        self.size = size
        self.estimate = estimate
        self.is_settled = False

    def settle(self, turn: Turn) -> None:
        self.is_settled = True
        self._limits.settled(self, turn)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._limits.left(self, error)


def _amounts(usage: Usage) -> tuple[int, int, int]:
    """Requests, input tokens and output tokens, as the limits count them: cached reads are free."""
    return 1, usage.input + usage.cache_write, usage.output


def _size(value: Any) -> int:
    """Characters of the texts in a JSON value: grows as its serialisation does, and is far cheaper."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        return sum(map(_size, value)) + sum(map(_size, value.values()))
    return sum(map(_size, value)) if isinstance(value, list) else 1


def _is_rate_limit(error: ModelError) -> bool:
    """Not an account's spend limit, for which waiting is no help."""
    return error.retryable and (error.status == 429 or error.kind == "rate_limit_error")


def _is_overload(error: ModelError) -> bool:
    return error.retryable and ((error.status or 0) >= 500 or error.kind in OVERLOADED)


def _used(error: BaseException | None) -> Usage | None:
    """What the service told of an answer that broke off or could not be used."""
    return Usage.of(error.usage) if isinstance(error, ModelError) and error.usage else None


def _may_have_cost(error: BaseException | None) -> bool:
    return error.may_have_cost if isinstance(error, ModelError) else isinstance(error, asyncio.CancelledError)


def _capped(cap: str, spent: str) -> PutOff:
    return PutOff(f"the batch's cap of {cap} is reached: {spent} spent", hint=f"raise the cap and {AGAIN}")
