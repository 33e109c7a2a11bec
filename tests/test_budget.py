from __future__ import annotations

import asyncio
import time
from types import SimpleNamespace

import pytest

from agent.budget import Budget
from agent.events import ModelAnswered, ModelFailed, ToolAsked
from agent.model.base import Usage
from agent.prices import Price
from agent.spec import BudgetSpec
from tests.batch.virtual_time import in_virtual_time, now


def budget(**limits: float) -> Budget:
    return Budget(BudgetSpec.model_validate(limits))


def test_nothing_is_exhausted_at_the_start() -> None:
    fresh = budget(turns=1, tool_calls=1, tokens=1)
    assert fresh.exhausted() is None
    assert fresh.calls_left == 1


def test_turns_and_tokens_forbid_the_next_request_when_their_limit_is_reached() -> None:
    spent = budget(turns=2, tokens=100)
    spent.turns, spent.usage = 1, Usage(input=40, cache_write=40, output=19)
    assert spent.exhausted() is None
    spent.usage += Usage(output=1)
    assert spent.exhausted() == "tokens: the limit of 100 is reached"
    spent.turns = 2
    assert spent.exhausted() == "turns: the limit of 2 is reached"


def test_cache_reads_cost_no_tokens_of_the_budget() -> None:
    spent = budget(tokens=10)
    spent.usage = Usage(input=1, cache_write=2, cache_read=1_000_000, output=3)
    assert spent.usage.counted == 6
    assert spent.exhausted() is None


def asked(call: str) -> ToolAsked:
    return ToolAsked(1, call, "look", "market", "look", {}, call)


def answered(turn: int, **usage: int) -> ModelAnswered:
    return ModelAnswered(turn, [], "tool_use", None, usage, None, "m")


def test_a_turn_may_make_as_many_calls_as_are_left_and_not_one_more() -> None:
    spent = budget(tool_calls=2)
    for call in "abc":
        spent.apply(asked(call))
    assert (spent.tool_calls, spent.refused) == (2, {(1, "c")})
    assert spent.exhausted() is None, "the model may still be asked for its answer"
    assert spent.nearly_exhausted() == "tool_calls: the limit of 2 is reached"


def test_usd_are_counted_by_kind_of_token_and_forbid_the_next_request_at_the_limit() -> None:
    price = Price(input=1.0, cache_write=2.0, cache_read=0.5, output=10.0)
    spent = Budget(BudgetSpec(usd=3.0, tokens=10_000_000), price)
    spent.usage = Usage(input=500_000, cache_write=500_000, cache_read=1_000_000, output=100_000 - 1)
    assert spent.exhausted() is None
    spent.usage += Usage(output=1)
    assert spent.exhausted() == "usd: the limit of 3 is reached"


def test_answer_that_broke_off_counts_with_what_the_service_told() -> None:
    spent = budget(tokens=100)
    spent.apply(ModelFailed(1, 1, "truncated", "cut", 0.5, True, {"input": 99}))
    assert spent.exhausted() is None
    spent.apply(ModelFailed(1, 2, "truncated", "cut", 0.5, True, {"output": 1}))
    assert spent.exhausted() == "tokens: the limit of 100 is reached"


def test_request_before_the_last_turn_is_the_last_with_tools() -> None:
    spent = budget(turns=3)
    spent.apply(answered(1))
    assert spent.nearly_exhausted() is None
    spent.apply(answered(2))
    assert spent.nearly_exhausted() == "turns: the limit of 3 leaves one last request"
    assert spent.exhausted() is None


def test_tokens_are_nearly_spent_when_another_turn_like_the_newest_would_reach_the_limit() -> None:
    spent = budget(tokens=100)
    spent.apply(answered(1, input=30))
    assert spent.nearly_exhausted() is None
    spent.apply(answered(2, input=34))
    assert spent.nearly_exhausted() is None
    spent.apply(answered(3, input=18))
    assert spent.nearly_exhausted() == "tokens: the limit of 100 leaves one last request"
    assert spent.exhausted() is None


def test_seconds_run_out_by_the_clock_that_never_goes_back() -> None:
    spent = budget(seconds=30)
    assert spent.exhausted() is None
    spent.started = time.monotonic() - 31
    assert spent.seconds_left < 0
    assert spent.exhausted() == "seconds: the limit of 30 is reached"


@pytest.mark.parametrize(("tokens", "written"), [(200_000, "200000"), (2_000_000, "2000000"), (1_234_567, "1234567")])
def test_a_limit_is_written_as_it_stands_in_the_file(tokens: int, written: str) -> None:
    spent = budget(tokens=tokens)
    spent.usage = Usage(input=tokens)
    assert spent.exhausted() == f"tokens: the limit of {written} is reached"


def test_half_a_second_is_written_as_one() -> None:
    spent = budget(seconds=0.5)
    spent.started = time.monotonic() - 1
    assert spent.exhausted() == "seconds: the limit of 0.5 is reached"


def test_usage_adds_up_by_kind() -> None:
    assert Usage(1, 2, 3, 4) + Usage(10, 20, 30, 40) == Usage(11, 22, 33, 44)


def by_the_loops_clock(monkeypatch: pytest.MonkeyPatch, **limits: float) -> Budget:
    """A budget that begins now, whose seconds are those of the running event loop."""
    clock = asyncio.get_running_loop().time
    monkeypatch.setattr("agent.budget.time", SimpleNamespace(monotonic=clock))
    return Budget(BudgetSpec.model_validate(limits), started=clock())


async def wait(spent: Budget, seconds: float) -> None:
    with spent.waiting():
        await asyncio.sleep(seconds)


def test_seconds_do_not_run_while_waiting_and_run_on_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        spent = by_the_loops_clock(monkeypatch, seconds=30)
        await asyncio.sleep(10)
        await wait(spent, 1_000)
        assert spent.seconds_left == pytest.approx(20)
        await asyncio.sleep(5)
        assert spent.seconds_left == pytest.approx(15)
        await asyncio.sleep(15)
        assert spent.exhausted() == "seconds: the limit of 30 is reached"

    in_virtual_time(run())


def test_waits_that_overlap_or_lie_within_another_count_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async def late(spent: Budget) -> None:
        await asyncio.sleep(6)
        await wait(spent, 10)

    async def run() -> None:
        spent = by_the_loops_clock(monkeypatch, seconds=100)
        await asyncio.gather(wait(spent, 10), wait(spent, 4), late(spent))
        assert now() == pytest.approx(16)
        assert spent.seconds_left == pytest.approx(100)
        with spent.waiting():
            await wait(spent, 3)
            await asyncio.sleep(2)
        assert spent.seconds_left == pytest.approx(100)
        await asyncio.sleep(1)
        assert spent.seconds_left == pytest.approx(99)

    in_virtual_time(run())


def test_clock_that_ends_the_run_stands_still_while_waiting_and_is_set_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        spent = by_the_loops_clock(monkeypatch, seconds=30)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(spent.seconds_left) as spent.clock:
                await asyncio.sleep(10)
                await asyncio.gather(wait(spent, 500), wait(spent, 1_000))
                await asyncio.sleep(3_600)
        assert now() == pytest.approx(1_030)

    in_virtual_time(run())


def test_wait_that_is_cancelled_or_fails_ends_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        spent = by_the_loops_clock(monkeypatch, seconds=30)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(wait(spent, 1_000), 100)
        with pytest.raises(ValueError, match="boom"), spent.waiting():
            raise ValueError("boom")
        await asyncio.sleep(10)
        assert spent.seconds_left == pytest.approx(20)

    in_virtual_time(run())


def test_clock_that_has_run_out_is_not_set_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        spent = by_the_loops_clock(monkeypatch, seconds=5)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(spent.seconds_left) as spent.clock:
                try:
                    await asyncio.sleep(10)
                finally:
                    await wait(spent, 1)
        assert spent.clock and spent.clock.expired() and spent.seconds_left == pytest.approx(0)

    in_virtual_time(run())
