from __future__ import annotations

import asyncio
from typing import Any

import pytest

from agent.batch.limits import TICK, Caps
from agent.errors import CredentialsError, PutOff, UsageError
from agent.model.base import Usage
from agent.prices import Price
from tests.batch.virtual_time import VirtualLoop, ask, limits, model_error, now, request, turn

CENT = Price(input=10_000.0, cache_write=10_000.0, cache_read=0.0, output=10_000.0)
"""A cent a token."""
GUESS = 525
"""Tokens reserved for `request()` before anything is learnt."""


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return "asyncio", {"loop_factory": VirtualLoop}


async def test_cap_in_tokens_counts_what_answers_used_and_then_puts_off() -> None:
    gate = limits(caps := Caps(tokens=1_000, spent_tokens=400))
    with await gate.admit(request()) as ticket:
        assert caps.reserved_tokens == GUESS
        ticket.settle(turn(Usage(input=1, cache_write=2, cache_read=1_000, output=596)))
    assert (caps.spent_tokens, caps.reserved_tokens) == (999, 0)
    await ask(gate, turn(Usage(output=1)))
    with pytest.raises(PutOff) as refused:
        await gate.admit(request())
    assert str(refused.value) == "the batch's cap of 1,000 tokens is reached: 1,000 spent"
    assert refused.value.hint == "raise the cap and run the same command again: it goes on where it stopped"


async def test_request_waits_while_those_under_way_may_reach_the_cap_and_leaves_when_they_did_not() -> None:
    gate = limits(caps := Caps(tokens=1_000))
    slow = [asyncio.create_task(ask(gate, turn(Usage(output=30)), lasts=10)) for _ in range(2)]
    waited = await asyncio.create_task(ask(gate, turn(Usage(output=30))))
    assert (waited, [await each for each in slow]) == (10, [0, 0])
    assert (caps.spent_tokens, caps.reserved_tokens) == (90, 0)


async def test_cap_in_usd_is_shared_by_models_of_different_prices() -> None:
    caps = Caps(usd=5.0)
    dear, free = limits(caps, CENT), limits(caps, Price(0.0, 0.0, 0.0, 0.0))
    await ask(free, turn(Usage(output=10**9)))
    await ask(dear, turn(Usage(input=100, cache_read=10**9, output=398)))
    under_way = asyncio.create_task(ask(dear, turn(Usage(input=1)), lasts=5))
    await asyncio.sleep(0)
    waited = await ask(free, turn(Usage(output=1)))
    assert (await under_way, 5 <= waited <= 6) == (0, True)
    assert caps.spent_usd == pytest.approx(4.99) and caps.reserved_usd == pytest.approx(0)
    await ask(dear, turn(Usage(output=1)))
    for gate in (dear, free):
        with pytest.raises(PutOff, match=r"cap of 5\.00 USD is reached: 5\.00 spent"):
            await gate.admit(request())


async def test_one_who_waits_is_put_off_when_the_cap_is_reached_meanwhile() -> None:
    gate = limits(Caps(tokens=1_000), concurrency=1)
    under_way = asyncio.create_task(ask(gate, turn(Usage(output=1_000)), lasts=10))
    with pytest.raises(PutOff):
        await asyncio.create_task(ask(gate))
    assert (await under_way, now()) == (0, 10)


@pytest.mark.parametrize("caps", [Caps(usd=5.0, spent_usd=5.0), Caps(tokens=9, spent_tokens=9)])
def test_cap_is_reached_by_exactly_its_amount(caps: Caps) -> None:
    with pytest.raises(PutOff):
        caps.check()


async def test_cap_in_usd_without_a_price_is_refused() -> None:
    with pytest.raises(UsageError, match="without a price"):
        limits(Caps(usd=5.0))


@pytest.mark.parametrize(
    ("error", "kept"),
    [
        (model_error(529), 0),
        (model_error(400, retryable=False), 0),
        (model_error(None, "ConnectError"), 0),
        (CredentialsError("no"), 0),
        (model_error(None, "truncated"), GUESS),
        (model_error(200, "overloaded_error"), GUESS),
        (asyncio.CancelledError(), GUESS),
    ],
)
async def test_tokens_of_a_failed_request_are_kept_only_where_the_service_may_have_worked_on_it(
    error: BaseException, kept: int
) -> None:
    caps = Caps(tokens=10_000)
    gate = limits(caps, output_tokens_per_minute=600, requests_per_minute=60)
    await ask(gate, error)
    assert (caps.spent_tokens, caps.reserved_tokens) == (kept, 0)
    assert await ask(gate) == pytest.approx(40 if kept else 0, abs=2 * TICK)


async def test_request_counts_as_one_however_it_ends() -> None:
    gate = limits(requests_per_minute=1)
    await ask(gate, model_error(None, "ConnectError"))
    await ask(gate, model_error(400))
    assert await ask(gate) == pytest.approx(60, abs=2 * TICK)


async def test_estimates_follow_what_the_latest_answers_used_a_character_and_an_answer() -> None:
    gate = limits(caps := Caps(tokens=10**9))
    for _ in range(80):
        await ask(gate, turn(Usage(input=5_000, output=6_000)), size=10_000)
    for _ in range(80):
        await ask(gate, turn(Usage(input=15_000, cache_write=5_000, cache_read=10**6, output=60)), size=10_000)
    await gate.admit(request(1_000))
    assert caps.reserved_tokens == pytest.approx(2_000 + 60, rel=0.01)
