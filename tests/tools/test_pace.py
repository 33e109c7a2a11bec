from __future__ import annotations

import asyncio
import heapq
import random

import pytest

from agent.tools.pace import MINUTE, Pace


class Time:
    """A clock that goes on only when `pass_on` says so, and the sleepers that wait for it."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self._sleepers: list[tuple[float, int, asyncio.Event]] = []
        self._count = 0

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        awake = asyncio.Event()
        self._count += 1
        heapq.heappush(self._sleepers, (self.now + seconds, self._count, awake))
        await awake.wait()

    async def pass_on(self, seconds: float) -> None:
        """Let so many seconds go by, and everybody who wakes up in them act."""
        end = self.now + seconds
        await settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            self.now, _, awake = heapq.heappop(self._sleepers)
            awake.set()
            await settle()
        self.now = end


async def settle() -> None:
    """Let every task go as far as it can."""
    for _ in range(20):
        await asyncio.sleep(0)


class Callers:
    def __init__(self, pace: Pace, time: Time) -> None:
        self.pace, self.time = pace, time
        self.admitted: list[tuple[str, float]] = []

    async def _admit(self, name: str) -> None:
        await self.pace.admit()
        self.admitted.append((name, self.time.now - 1_000))

    def come(self, *names: str) -> list[asyncio.Task[None]]:
        return [asyncio.create_task(self._admit(name)) for name in names]


def callers(calls: int | None) -> tuple[Callers, Time]:
    time = Time()
    return Callers(Pace(calls, clock=time.clock, sleep=time.sleep), time), time


async def test_without_a_limit_nobody_waits() -> None:
    some, time = callers(None)
    tasks = some.come(*"abcdefgh")
    await time.pass_on(0)
    assert len(some.admitted) == 8
    await asyncio.gather(*tasks)


async def test_first_calls_go_at_once_and_the_others_as_a_minute_passes_in_the_order_in_which_they_came() -> None:
    some, time = callers(2)
    tasks = some.come(*"abcde")
    await time.pass_on(MINUTE - 0.001)
    assert some.admitted == [("a", 0), ("b", 0)]
    await time.pass_on(2 * MINUTE)
    await asyncio.gather(*tasks)
    assert some.admitted == [("a", 0), ("b", 0), ("c", MINUTE), ("d", MINUTE), ("e", 2 * MINUTE)]


async def test_call_that_comes_when_a_minute_has_passed_does_not_wait() -> None:
    some, time = callers(1)
    first = some.come("a")
    await time.pass_on(MINUTE + 5)
    second = some.come("b")
    await time.pass_on(0)
    assert some.admitted == [("a", 0), ("b", MINUTE + 5)]
    await asyncio.gather(*first, *second)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("calls", [1, 3, 7])
async def test_no_minute_ever_holds_more_calls_than_allowed_and_none_is_wasted(calls: int, seed: int) -> None:
    chance = random.Random(seed)
    some, time = callers(calls)
    tasks: list[asyncio.Task[None]] = []
    for number in range(40):
        tasks += some.come(str(number))
        await time.pass_on(chance.choice([0.0, 0.1, 5.0, 30.0, 200.0]))
    await time.pass_on(40 * MINUTE)
    await asyncio.gather(*tasks)
    at = [when for _, when in some.admitted]
    assert [name for name, _ in some.admitted] == [str(number) for number in range(40)]
    assert all(later - earlier >= 60 for earlier, later in zip(at, at[calls:], strict=False))


@pytest.mark.parametrize("gone", ["c", "d", "cd"], ids=["who sleeps", "who waits behind", "both"])
async def test_caller_that_goes_away_harms_nobody_and_uses_no_call(gone: str) -> None:
    some, time = callers(2)
    tasks = dict(zip("abcdef", some.come(*"abcdef"), strict=True))
    await time.pass_on(10)
    for name in gone:
        tasks[name].cancel()
    await time.pass_on(2 * MINUTE)
    await asyncio.gather(*tasks.values(), return_exceptions=True)
    stayed = [name for name in "abcdef" if name not in gone]
    assert [name for name, _ in some.admitted] == stayed
    assert [when for _, when in some.admitted] == [0, 0, MINUTE, MINUTE, 2 * MINUTE][: len(stayed)]
    assert [name for name in tasks if tasks[name].cancelled()] == list(gone)


async def test_limit_holds_by_the_clock_of_the_machine_too() -> None:
    pace = Pace(1)
    await pace.admit()
    waiting = asyncio.create_task(pace.admit())
    await settle()
    assert not waiting.done()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
