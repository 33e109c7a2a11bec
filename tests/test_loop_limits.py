from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from agent.errors import ModelError, UsageError
from agent.events import ModelFailed
from tests.asking import ask, logged
from tests.messages_api import call
from tests.scripted import LOOK, Scripted, answer, market, said


@pytest.mark.parametrize(
    ("budget", "steps", "named"),
    [
        ({"turns": 1}, [said(LOOK)], "turns"),
        ({"tool_calls": 1}, [said(LOOK, LOOK | {"id": "2"}), said(LOOK | {"id": "3"})], "tool_calls"),
        ({"tokens": 110}, [said(LOOK)], "tokens"),
    ],
)
async def test_budget_that_runs_out_is_named(budget: dict[str, Any], steps: list[Any], named: str) -> None:
    result = await ask(Scripted(*steps), keys={"budget": budget})
    assert (result.status, result.exit_code) == ("budget", 6)
    assert result.stop_reason.startswith(f"{named}: the limit of {next(iter(budget.values()))} is reached")


@pytest.fixture
def priced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A turn of the scripted model costs 0.01 USD."""
    price = {"input": 50.0, "cache_write": 0.0, "cache_read": 0.0, "output": 500.0}
    table = {"as_of": "2026-01-31", "unit": "USD for a million tokens", "models": {"scripted": price}}
    (tmp_path / "prices.json").write_text(json.dumps(table), encoding="utf-8")
    monkeypatch.setenv("ADVISOR_PRICES", str(tmp_path / "prices.json"))


async def test_usd_end_a_run_where_a_turn_reaches_their_limit(priced: None) -> None:
    result = await ask(Scripted(said(LOOK)), keys={"budget": {"usd": 0.01}})
    assert (result.status, result.stop_reason) == ("budget", "usd: the limit of 0.01 is reached")
    assert (result.usd, result.exit_code) == (0.01, 6)


async def test_budget_in_usd_for_a_model_without_a_price_is_refused_before_any_request() -> None:
    with pytest.raises(UsageError, match="scripted has no price"):
        await ask(Scripted(), keys={"budget": {"usd": 1.0}})


LATER = LOOK | {"id": "2", "input": {"as_of": "2020-02-28"}}


@pytest.mark.parametrize(
    ("budget", "steps"),
    [
        ({"turns": 2}, [said(LOOK), answer()]),
        ({"turns": 3}, [said(LOOK), said(LATER), answer()]),
        ({"tool_calls": 1}, [said(LOOK), answer()]),
        ({"tool_calls": 1}, [said(LOOK, LATER), answer()]),
        ({"tokens": 330}, [said(LOOK), said(LATER), answer()]),
        ({"usd": 0.02}, [said(LOOK), answer()]),
    ],
)
async def test_last_request_that_a_budget_allows_withholds_the_tools_and_its_answer_is_a_warned_one(
    budget: dict[str, Any], steps: list[Any], priced: None
) -> None:
    model = Scripted(*steps)
    result = await ask(model, keys={"budget": budget})
    kind, limit = next(iter(budget.items()))
    left = "is reached" if kind == "tool_calls" else "leaves one last request"
    assert (result.status, result.exit_code) == ("ok", 0)
    assert f"{kind}: the limit of {limit} {left}, so the model was asked for its answer" in result.warnings[0]
    assert [each.answer_only for each in model.requests] == [False] * (len(steps) - 1) + [True]
    assert model.requests[-1].tools == model.requests[0].tools, "so that the prefix holds"
    assert "No further tool call" in model.requests[-1].messages[-1]["content"][-1]["text"]


async def test_calls_that_fit_the_budget_are_made_and_the_others_refused_in_their_place() -> None:
    model = Scripted(said(LOOK, LATER), answer())
    result = await ask(model, keys={"budget": {"tool_calls": 1}})
    blocks = model.requests[1].messages[-1]["content"]
    assert [each.get("is_error") for each in blocks] == [False, True, None]
    assert "may make no more tool calls" in blocks[1]["content"]
    assert [call.source for call in result.calls] == ["live", "refused"]


async def test_invalid_last_answer_is_repaired_while_the_budget_lasts_and_then_names_what_ran_out() -> None:
    model = Scripted(said(LOOK), answer("no JSON"), answer("still none"))
    result = await ask(model, keys={"budget": {"tool_calls": 1, "turns": 3}})
    assert [each.answer_only for each in model.requests] == [False, True, True]
    assert (result.status, result.stop_reason) == ("budget", "turns: the limit of 3 is reached")
    assert result.best_attempt == "still none"


async def test_model_that_calls_all_the_same_is_stopped_at_its_budget() -> None:
    result = await ask(Scripted(said(LOOK), said(LATER)), keys={"budget": {"tool_calls": 1}})
    assert (result.status, len(result.calls)) == ("budget", 1)
    assert result.stop_reason == "tool_calls: the limit of 1 is reached; the model went on calling tools"


async def test_third_equal_call_is_not_made_and_the_answer_is_asked_for() -> None:
    model = Scripted(said(LOOK), said(LOOK | {"id": "2"}), said(LOOK | {"id": "3"}, LATER | {"id": "4"}), answer())
    result = await ask(model)
    assert result.ok and [call.source for call in result.calls] == ["live", "live", "refused", "live"]
    assert "'get_sector_heatmap' was called 3 times with the same arguments" in result.warnings[0]
    assert "called get_sector_heatmap with these very arguments twice" in str(result.calls[2].shown)


async def test_five_failed_calls_in_a_row_stop_a_run_that_has_nothing_to_answer_from() -> None:
    calls = [said(call("nope", {"n": number}, id=str(number))) for number in range(5)]
    result = await ask(Scripted(*calls))
    assert (result.status, result.stop_reason) == ("failed", "5 calls failed one after the other")


async def test_failed_calls_after_a_result_leave_the_model_to_answer_from_it() -> None:
    calls = [call("nope", {"n": number}, id=str(number)) for number in range(5)]
    model = Scripted(said(LOOK), said(*calls[:4]), said(LATER), said(*calls[:4]), said(calls[4]), answer())
    result = await ask(model)
    assert result.ok and model.requests[-1].answer_only and not model.requests[-2].answer_only


async def test_failed_calls_of_a_single_turn_are_told_to_the_model_however_many() -> None:
    calls = [call("nope", {"n": number}, id=str(number)) for number in range(7)]
    assert (await ask(Scripted(said(*calls), said(LOOK), answer()))).ok


async def test_failures_count_in_the_order_of_the_calls_whichever_is_answered_first() -> None:
    answered = asyncio.Event()

    async def slow() -> str:
        """Until the others have failed."""
        await answered.wait()
        return "well"

    def broken(number: int) -> str:
        """Fails."""
        if number == 5:
            answered.set()
        raise ValueError

    bad = [call("broken", {"number": number}, id=str(number)) for number in range(6)]
    calls = [*bad[:2], call("slow", {}, id="slow"), *bad[2:]]
    model = Scripted(said(call("broken", {"number": 9}, id="first")), said(*calls), said(LOOK), answer())
    result = await ask(model, servers={"market": market(slow=slow, broken=broken)})
    assert result.ok and not any(each.answer_only for each in model.requests)


async def test_attempts_end_where_those_that_broke_off_used_the_budget_up(priced: None) -> None:
    cut = ModelError("cut", kind="truncated", retryable=True, retry_after=0.0, usage={"input": 150})
    result = await ask(Scripted(said(LOOK), cut, cut), keys={"budget": {"usd": 0.02}})
    assert (result.status, result.stop_reason) == ("budget", "usd: the limit of 0.02 is reached")
    assert result.usd == pytest.approx(0.025)


async def test_calls_of_a_turn_that_used_the_budget_up_are_not_made() -> None:
    result = await ask(Scripted(said(LOOK)), keys={"budget": {"tokens": 110}})
    assert (result.status, result.calls) == ("budget", [])


async def test_run_that_is_stopped_while_an_answer_comes_keeps_what_that_had_used() -> None:
    async def stopped(_: object) -> Any:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError as error:
            error.usage = {"input": 70}  # type: ignore[attr-defined]
            raise

    result = await ask(Scripted(said(LOOK), stopped), keys={"budget": {"seconds": 1}})
    assert (result.status, result.usage.input, result.broken_off.input) == ("budget", 170, 70)
    [failed] = [event for event in logged(result) if isinstance(event, ModelFailed)]
    assert (failed.kind, failed.may_have_cost) == ("stopped", True)
