from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.batch.limits import BURST, SHORT_HOLD, TICK, Bucket, Limits, LimitsSpec
from agent.errors import ModelError, PutOff
from agent.model.base import Remaining, Usage
from tests.batch.virtual_time import VirtualLoop, ask, in_virtual_time, limits, model_error, now, request, turn
from tests.test_gate import failed

BUSY = model_error(529)
SLOW_DOWN = model_error(429, after=20.0)


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return "asyncio", {"loop_factory": VirtualLoop}


async def at_once(gate: Limits) -> int:
    """How many of a hundred requests are let through together; they end without a word on how it went."""
    admitted = 0

    async def hold() -> None:
        nonlocal admitted
        with await gate.admit(request()):
            admitted += 1
            await asyncio.sleep(1)

    tasks = [asyncio.create_task(hold()) for _ in range(100)]
    await asyncio.sleep(0.5)
    seen = admitted
    await asyncio.gather(*tasks)
    return seen


async def test_no_more_than_the_concurrency_is_under_way_and_each_end_lets_one_more_through() -> None:
    gate = limits(concurrency=3)
    assert await at_once(gate) == 3
    began = now()
    times = await asyncio.gather(*(ask(gate, lasts=5) for _ in range(7)))
    assert [each - began for each in times] == pytest.approx([0, 0, 0, 5, 5, 5, 10])


async def test_ten_seconds_worth_of_requests_goes_at_once_and_the_rest_evenly_in_order_of_arrival() -> None:
    gate = limits(requests_per_minute=60)
    times = await asyncio.gather(*(ask(gate) for _ in range(14)))
    assert times == sorted(times)
    assert times[:10] == [0] * 10
    assert times[10:] == pytest.approx([TICK, 1, 2, 3], abs=5 * TICK) and times[10] > 0


async def test_smallest_limit_lets_one_request_through_and_the_next_a_minute_later() -> None:
    gate = limits(requests_per_minute=1)
    assert [await ask(gate) for _ in range(3)] == pytest.approx([0, TICK, 60], abs=5 * TICK)


async def test_wait_is_slept_in_one_piece() -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        await asyncio.sleep(seconds)

    clock = asyncio.get_running_loop().time
    gate = Limits(LimitsSpec(output_tokens_per_minute=600), clock=clock, sleep=sleep)
    await ask(gate, turn(Usage(output=1_100)))
    assert await ask(gate) == pytest.approx(100, abs=2 * TICK)
    assert slept == [pytest.approx(100, abs=2 * TICK)]


async def test_actual_usage_takes_the_place_of_the_estimate_and_cached_reads_are_free() -> None:
    gate = limits(input_tokens_per_minute=6_000)
    assert await ask(gate, turn(Usage(input=400, cache_write=599, cache_read=10**6, output=10**6)), size=10**6) == 0
    assert await ask(gate, turn(Usage(input=3_001)), size=4) == 0
    assert await ask(gate) == pytest.approx(30, abs=2 * TICK)


async def test_estimates_of_requests_under_way_hold_back_the_next() -> None:
    gate = limits(input_tokens_per_minute=6_000)
    sizes = [asyncio.create_task(ask(gate, turn(Usage(input=1)), lasts=7, size=3_000)) for _ in range(3)]
    assert await asyncio.gather(*sizes) == pytest.approx([0, 0, 5], abs=2 * TICK)


@given(st.integers(1, 300), st.lists(st.tuples(st.floats(0, 30), st.floats(0, 90)), min_size=1, max_size=60))
def test_no_minute_sees_more_requests_than_its_amount_and_the_burst(
    size: int, calls: list[tuple[float, float]]
) -> None:
    async def play() -> list[float]:
        gate, asked = limits(requests_per_minute=size), []
        for gap, lasts in calls:
            asked.append(asyncio.create_task(ask(gate, lasts=lasts)))
            await asyncio.sleep(gap if len(asked) % 7 == 0 else 0)
        return await asyncio.gather(*asked)

    times = in_virtual_time(play())
    most = max(sum(start <= each < start + 60 for each in times) for start in times)
    assert most < size + max(1.0, BURST * size) + 1


@given(st.integers(60, 6_000), st.lists(st.tuples(st.integers(0, 9_000), st.integers(4, 9_000)), min_size=1))
def test_no_minute_sees_more_tokens_than_its_amount_the_burst_and_one_request(
    size: int, calls: list[tuple[int, int]]
) -> None:
    async def play() -> list[float]:
        gate = limits(input_tokens_per_minute=size)
        return [await ask(gate, turn(Usage(input=actual)), size=guessed) for actual, guessed in calls]

    times = in_virtual_time(play())
    for first, start in enumerate(times):
        within = [calls[at][0] for at in range(first, len(times)) if times[at] < start + 60]
        assert sum(within[:-1]) <= size + max(1.0, BURST * size)


async def test_limits_are_learnt_from_an_answer_and_from_the_next_that_says_otherwise() -> None:
    gate = limits()
    await ask(gate, turn(output_tokens=Remaining(limit=600, remaining=600)))
    await ask(gate, turn(Usage(output=400)))
    assert await ask(gate, turn(output_tokens=Remaining(limit=1_200))) == pytest.approx(30, abs=2 * TICK)
    await ask(gate, turn(Usage(output=1_000)))
    assert 70 < await ask(gate) < 81


def test_new_size_counts_from_now_on_and_refills_nothing() -> None:
    now = [0.0]
    bucket = Bucket(None, lambda: now[0])
    bucket.heed(Remaining(limit=600))
    bucket.take(130)
    now[0] = 2.0
    bucket.heed(Remaining(limit=6_000))
    assert bucket.level == -10 and bucket.wait == pytest.approx(0.1 + TICK)
    now[0] = 3.0
    assert bucket.level == 90


async def test_what_the_user_gave_is_kept_and_only_the_level_is_lowered() -> None:
    gate = limits(requests_per_minute=60)
    await ask(gate, turn(requests=Remaining(limit=6_000, remaining=6_000)))
    await ask(gate, turn(requests=Remaining(limit=6_000, remaining=0)))
    times = await asyncio.gather(*(ask(gate, turn(requests=Remaining(remaining=-9.0))) for _ in range(3)))
    assert times == pytest.approx([0, 1, 2], abs=5 * TICK)


@pytest.mark.parametrize("told", [Remaining(), Remaining(0, 0), Remaining(None, 0), Remaining(float("inf"), 0)])
async def test_header_without_a_usable_limit_changes_nothing(told: Remaining) -> None:
    gate = limits()
    await ask(gate, turn(requests=told, input_tokens=told, output_tokens=told))
    assert await at_once(gate) == 100


async def test_refusal_holds_everybody_for_as_long_as_the_longest_says() -> None:
    gate = limits()
    refusals = [model_error(200, "rate_limit_error", after=5.0), SLOW_DOWN, model_error(429, after=10.0)]
    assert await asyncio.gather(*(ask(gate, each) for each in refusals)) == [0, 0, 0]
    assert await asyncio.gather(*(ask(gate) for _ in range(9))) == pytest.approx([20.0] * 9)


async def test_refusal_without_a_time_holds_everybody_for_a_little_while() -> None:
    gate = limits()
    await ask(gate, model_error(429))
    assert SHORT_HOLD[0] <= await ask(gate) <= SHORT_HOLD[1]


async def test_spend_limit_holds_nobody() -> None:
    gate = limits()
    await ask(gate, model_error(429, "rate_limit_error", retryable=False, after=20.0))
    await ask(gate, model_error(529, retryable=False))
    assert (await ask(gate), await at_once(gate)) == (0, 100)


async def test_pause_beyond_patience_puts_off_at_once_those_who_come_and_those_who_wait() -> None:
    gate = limits(patience=30.0, concurrency=2)
    under_way = [asyncio.create_task(ask(gate, lasts=100)), asyncio.create_task(ask(gate, SLOW_DOWN, lasts=1))]
    waiting = [asyncio.create_task(ask(gate, model_error(429, after=31.0))), asyncio.create_task(ask(gate))]
    await asyncio.gather(*waiting[:1], *under_way[1:])
    assert isinstance((await asyncio.gather(*waiting[1:], return_exceptions=True))[0], PutOff)
    with pytest.raises(PutOff, match="the service asks to wait 31 s") as refused:
        await ask(gate)
    assert (now(), refused.value.hint) == (21, "after that, run the same command again: it goes on where it stopped")
    await asyncio.sleep(2)
    assert await ask(gate) == pytest.approx(52)
    await asyncio.gather(*under_way)


async def test_gate_that_holds_everybody_asks_for_no_pause_of_the_one_it_refused() -> None:
    gate = limits()
    assert [gate.pause(failed(SLOW_DOWN)), gate.pause(failed(model_error(200, "rate_limit_error")))] == [0, 0]
    assert gate.pause(failed(model_error(529, after=9.0))) == 9
    assert gate.pause(failed(model_error(429, retryable=False, after=9.0))) == 9


@pytest.mark.parametrize("error", [BUSY, model_error(503), model_error(200, "overloaded_error"), model_error(500)])
async def test_overload_halves_what_goes_at_once_once_for_a_volley_and_never_below_one(error: ModelError) -> None:
    gate = limits(concurrency=8)
    widths: list[int] = []
    for _ in range(5):
        await asyncio.gather(*(ask(gate, error, lasts=1) for _ in range(widths[-1] if widths else 8)))
        widths.append(await at_once(gate))
    assert widths == [4, 2, 1, 1, 1]


async def test_one_who_began_before_the_halving_does_not_halve_again_and_one_who_began_after_it_does() -> None:
    gate = limits(concurrency=8)
    straggler = asyncio.create_task(ask(gate, BUSY, lasts=10))
    await ask(gate, BUSY, lasts=1)
    await straggler
    assert await at_once(gate) == 4
    await ask(gate, BUSY)
    assert await at_once(gate) == 2


async def test_successes_bring_back_one_a_round_up_to_the_concurrency() -> None:
    gate = limits(concurrency=4)
    for _ in range(2):
        await ask(gate, BUSY)
    widths = []
    for successes in (0, 1, 3, 4, 20):
        for _ in range(successes):
            await ask(gate)
        widths.append(await at_once(gate))
    assert widths == [1, 2, 3, 4, 4]


async def test_one_who_gives_up_waiting_keeps_nobody_else_from_their_turn() -> None:
    gate = limits(output_tokens_per_minute=600)
    await ask(gate, turn(Usage(output=160)))
    waiting = [asyncio.create_task(ask(gate)) for _ in range(4)]
    await asyncio.sleep(1)
    waiting[0].cancel()
    waiting[2].cancel()
    times = await asyncio.gather(*waiting, return_exceptions=True)
    assert [isinstance(each, asyncio.CancelledError) for each in times] == [True, False, True, False]
    assert [times[1], times[3]] == pytest.approx([6, 6], abs=5 * TICK)


async def test_one_who_gives_up_waiting_leaves_no_task_behind() -> None:
    gate = limits(concurrency=1)
    before = asyncio.all_tasks()
    with await gate.admit(request()):
        waiting = asyncio.create_task(ask(gate))
        await asyncio.sleep(1)
        waiting.cancel()
        await asyncio.sleep(1)
        assert asyncio.all_tasks() == before


async def test_place_of_one_who_is_cancelled_as_it_becomes_free_goes_to_the_next() -> None:
    gate = limits(concurrency=1)
    ticket = await gate.admit(request())
    first, second = asyncio.create_task(ask(gate)), asyncio.create_task(ask(gate))
    await asyncio.sleep(1)
    with ticket:
        pass
    first.cancel()
    assert (await second, first.cancelled()) == (1, True)


async def test_stop_puts_off_all_who_wait_or_come_and_lets_what_is_under_way_end() -> None:
    gate = limits(concurrency=1)
    under_way = asyncio.create_task(ask(gate, lasts=10))
    waiting = [asyncio.create_task(ask(gate)) for _ in range(3)]
    await asyncio.sleep(1)
    gate.stop("the batch was interrupted")
    refused = await asyncio.gather(*waiting, return_exceptions=True)
    assert [str(each) for each in refused] == ["the batch was interrupted"] * 3
    assert (now(), len({id(each) for each in refused})) == (1, 3)
    with pytest.raises(PutOff):
        await ask(gate)
    assert await under_way == 0
