from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agent.events import Event, RunStarted
from tests.messages_api import call
from tests.scoring.sampling import NOTHING, answered_from, changed, sample_of, score, value, with_answers
from tests.scripted import LOOK, answer, said

TWO_CALLS = (said(LOOK, call("nope", {}, id="no")), answer())


def priced(price: dict[str, float] | None) -> Any:
    def change(event: Event) -> Event:
        return replace(event, price=price) if isinstance(event, RunStarted) else event

    return change


async def test_turns_calls_and_tokens_are_counted() -> None:
    sample = await sample_of(*TWO_CALLS)
    assert [value(name, sample) for name in ("turns", "tool_calls", "tokens")] == [2, 2, 220]
    assert score("tokens", sample).details == {"input": 200, "cache_write": 0, "cache_read": 0, "output": 20}


async def test_usd_is_what_the_logs_price_makes_of_the_tokens() -> None:
    sample = await sample_of()
    price = {"input": 5.0, "cache_write": 1.0, "cache_read": 1.0, "output": 50.0}
    assert value("usd", changed(sample, priced(price))) == 0.002
    assert value("usd", changed(sample, priced(dict.fromkeys(price, 0.0)))) == 0
    assert score("usd", changed(sample, priced(None))).explanation == "the model 'scripted' has no price"


@pytest.mark.parametrize("name", ["usd", "tokens", "turns", "tool_calls", "seconds"])
def test_a_run_whose_model_never_answered_spent_nothing_that_could_be_compared(name: str) -> None:
    assert value(name, NOTHING) is None


async def test_seconds_are_those_of_live_calls() -> None:
    sample = await sample_of(said(LOOK), said(LOOK), answer())
    assert value("seconds", with_answers(sample, seconds=[0.5, 0.25])) == 0.75


@pytest.mark.parametrize("sources", [("live", "replayed"), ("miss", "live"), ("injected", "injected")])
async def test_time_of_replayed_calls_is_no_latency(sources: Any) -> None:
    sample = await sample_of(said(LOOK), said(LOOK), answer())
    assert "replayed" in score("seconds", answered_from(sample, sources)).explanation


async def test_refused_calls_take_no_time() -> None:
    sample = with_answers(await sample_of(*TWO_CALLS), seconds=[0.5, 9.0])
    assert value("seconds", answered_from(sample, ["live", "refused"])) == 0.5
    assert value("seconds", answered_from(sample, ["refused", "refused"])) is None
