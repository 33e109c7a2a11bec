"""Models that do not do what they are told: the run asks no more than helps, and ends by a name."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agent.events import AnswerDue, ToolAnswered
from tests.messages_api import message, text
from tests.scripted import ANSWER, LOOK
from tests.service.kit import MODE_NAMES, MODES, OFF, Ended, ask, check_ok
from tests.service.server import serving
from tests.service.steps import ADVICE, LOOK_AGAIN, by_turn

FENCED = f"Sure! Here is what I found.\n\n```json\n{json.dumps(ANSWER, indent=1)}\n```\n\nAsk me anything else."

pytestmark = pytest.mark.parametrize("mode", MODES, ids=MODE_NAMES)


def look(number: int, period: str = "3M") -> dict[str, Any]:
    return LOOK | {"id": f"call_{number}", "input": {"lookback_period": period}}


def sources(run: Ended) -> list[str]:
    return [event.source for event in run.events if isinstance(event, ToolAnswered)]


async def test_answer_without_any_call_is_sent_back_once_and_then_unsupported(mode: dict[str, Any]) -> None:
    async with serving(by_turn(message(ADVICE))) as service:
        run = await ask(service, OFF | mode)
        assert (run.result.status, len(service.requests)) == ("unsupported", 2)
    assert run.called == [] and run.failed == [] and run.result.answer is None


async def test_model_that_calls_after_its_answer_was_sent_back_comes_to_one(mode: dict[str, Any]) -> None:
    said = [message(ADVICE), message(LOOK), message(LOOK_AGAIN), message(ADVICE)]
    async with serving(by_turn(*said)) as service:
        check_ok(await ask(service, mode), service, requests=4)


async def test_same_call_a_third_time_is_not_made_and_the_answer_is_asked_for(mode: dict[str, Any]) -> None:
    async with serving(by_turn(*[message(look(number)) for number in range(3)], message(ADVICE))) as service:
        run = await ask(service, mode)
        assert (run.result.status, len(service.requests)) == ("ok", 4)
        assert [body.get("tool_choice") for body in service.bodies] == [None, None, None, {"type": "none"}]
        *_, result, words = service.bodies[3]["messages"][-1]["content"]
        assert "not called again" in result["content"] and "final answer now" in words["text"]
    assert sources(run) == ["live", "live", "refused"]
    assert any("3 times with the same arguments" in each for each in run.result.warnings)


async def test_model_that_goes_on_calling_though_it_must_not_ends_the_run(mode: dict[str, Any]) -> None:
    """Servers exist that read no tool_choice."""
    async with serving(by_turn(*[message(look(number)) for number in range(9)])) as service:
        run = await ask(service, mode)
        assert (run.result.status, len(service.requests)) == ("failed", 4)
        assert service.bodies[3]["tool_choice"] == {"type": "none"}
    assert "3 times with the same arguments; the model went on calling tools" in run.result.stop_reason
    assert sources(run) == ["live", "live", "refused"] and len(run.called) == 3


async def test_model_that_goes_on_calling_at_the_end_of_its_budget_ends_as_that(mode: dict[str, Any]) -> None:
    said = [message(look(number, f"{number + 1}M")) for number in range(9)]
    async with serving(by_turn(*said)) as service:
        run = await ask(service, mode, budget={"tool_calls": 2})
        assert (run.result.status, run.result.exit_code, len(service.requests)) == ("budget", 6, 3)
    assert "tool_calls: the limit of 2 is reached" in run.result.stop_reason
    assert [event.ends_as for event in run.events if isinstance(event, AnswerDue)] == ["budget"]
    assert len(run.called) == 2


async def test_calls_that_all_fail_end_the_run_without_another_request(mode: dict[str, Any]) -> None:
    wrong = [message(look(number, f"{number}")) for number in range(9)]
    for each in wrong:
        each["content"][0]["name"] = "get_heat_map"
    async with serving(by_turn(*wrong)) as service:
        run = await ask(service, mode)
        assert (run.result.status, len(service.requests)) == ("failed", 5)
    assert run.result.stop_reason == "5 calls failed one after the other"
    assert sources(run) == ["refused"] * 5


async def test_words_around_a_fenced_answer_are_no_harm(mode: dict[str, Any]) -> None:
    async with serving(by_turn(message(LOOK), message(LOOK_AGAIN), message(text(FENCED)))) as service:
        check_ok(await ask(service, OFF | mode), service, requests=3)


async def test_answer_that_is_no_json_is_sent_back_twice_and_then_invalid(mode: dict[str, Any]) -> None:
    async with serving(by_turn(message(LOOK), message(text("Banks, I guess.")))) as service:
        run = await ask(service, OFF | mode)
        assert (run.result.status, len(service.requests)) == ("invalid", 4)
    assert run.result.repairs == 2 and run.failed == []


async def test_one_id_for_the_calls_of_all_turns_is_no_harm(mode: dict[str, Any]) -> None:
    said = [message(look(0, period)) for period in ("1M", "3M")]
    async with serving(by_turn(*said, message(ADVICE))) as service:
        check_ok(await ask(service, mode), service, requests=3)
