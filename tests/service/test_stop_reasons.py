"""Why an answer stopped, in both modes: what is run, what is asked again, and what ends the run by which name."""

from __future__ import annotations

from typing import Any

import pytest

from tests.messages_api import call, message, text
from tests.scripted import LOOK
from tests.service.kit import MODE_NAMES, MODES, STREAM, Ended, ask, check_ok
from tests.service.server import Service, serving
from tests.service.steps import ADVICE, LOOK_AGAIN, at, by_turn, half_a_call, saying

NOTHING = message(stop_reason="end_turn")
OVER: list[tuple[dict[str, Any], str, str]] = [
    (
        message(stop_reason="refusal", stop_details={"type": "refusal", "category": "cyber", "explanation": "no"}),
        "refused",
        "the model refused: cyber: no",
    ),
    (message(stop_reason="refusal"), "refused", "the model refused"),
    (message(LOOK, stop_reason="refusal", stop_details={"category": "bio"}), "refused", "the model refused: bio"),
    (
        message(text("So far"), stop_reason="model_context_window_exceeded"),
        "failed",
        "model_context_window_exceeded: the conversation is too long for the model",
    ),
    (message(LOOK, stop_reason="model_context_window_exceeded"), "failed", "model_context_window_exceeded"),
    (message(ADVICE, stop_reason="melted"), "failed", "unknown stop reason 'melted'"),
    (message(LOOK, stop_reason="melted"), "failed", "unknown stop reason 'melted'"),
]

pytestmark = pytest.mark.parametrize("mode", MODES, ids=MODE_NAMES)


def check_over(run: Ended, service: Service, *, requests: int, status: str, calls: int = 1) -> None:
    """Without an answer, and with nothing asked or called in vain."""
    assert (run.error, run.result.status, run.result.answer) == (None, status, None)
    assert (len(service.requests), len(run.called)) == (requests, calls)
    assert not run.result.resumable and run.failed == []


@pytest.mark.parametrize("reason", ["tool_use", "end_turn", "stop_sequence", "pause_turn"])
async def test_calls_are_made_whichever_way_a_whole_answer_ends(reason: str, mode: dict[str, Any]) -> None:
    async with serving(at(2, saying(message(LOOK_AGAIN, stop_reason=reason)))) as service:
        check_ok(await ask(service, mode), service, requests=3)


@pytest.mark.parametrize("reason", ["end_turn", "stop_sequence", "tool_use"])
async def test_text_is_judged_whichever_way_a_whole_answer_ends(reason: str, mode: dict[str, Any]) -> None:
    async with serving(at(3, saying(message(ADVICE, stop_reason=reason)))) as service:
        check_ok(await ask(service, mode), service, requests=3)


@pytest.mark.parametrize("empty", [NOTHING, message(text("  \n"))])
async def test_empty_answer_is_asked_for_again_once(empty: dict[str, Any], mode: dict[str, Any]) -> None:
    async with serving(at(3, saying(empty))) as service:
        run = await ask(service, mode)
        check_ok(run, service, requests=4)
    assert run.failed == [] and run.result.turns == 4


async def test_second_empty_answer_ends_the_run(mode: dict[str, Any]) -> None:
    async with serving(at(2, *[saying(NOTHING)] * 9)) as service:
        run = await ask(service, mode)
        check_over(run, service, requests=3, status="failed")
    assert run.result.stop_reason == "the model ended its turn twice without saying anything"


async def test_paused_answer_is_sent_back_as_it_is_and_goes_on(mode: dict[str, Any]) -> None:
    paused = message(text("Searching"), stop_reason="pause_turn")
    async with serving(by_turn(message(LOOK), message(LOOK_AGAIN), paused, message(ADVICE))) as service:
        run = await ask(service, mode)
        check_ok(run, service, requests=4)
        assert service.bodies[3]["messages"][-1] == {"role": "assistant", "content": paused["content"]}


async def test_answer_cut_at_its_longest_is_asked_for_again_with_twice_the_length(mode: dict[str, Any]) -> None:
    cut = saying(message(text('{"sector_rec'), stop_reason="max_tokens"))
    async with serving(at(3, cut)) as service:
        run = await ask(service, mode, model={"max_tokens": 300})
        assert (run.result.status, len(service.requests)) == ("ok", 4)
        assert [body["max_tokens"] for body in service.bodies] == [300, 300, 300, 600]
        assert service.bodies[3]["messages"] == service.bodies[2]["messages"]


async def test_calls_of_a_cut_answer_are_never_made(mode: dict[str, Any]) -> None:
    wild = call("get_sector_heatmap", {"lookback_period": "cut"}, id="toolu_9")
    cut = saying(message(LOOK_AGAIN, wild, stop_reason="max_tokens"))
    async with serving(at(2, cut)) as service:
        run = await ask(service, mode)
        assert (run.result.status, len(service.requests)) == ("ok", 4)
        assert "toolu_9" not in str(service.bodies)
    assert [each.id for each in run.result.calls] == ["toolu_1", "toolu_2"]


async def test_second_answer_that_is_cut_ends_the_run(mode: dict[str, Any]) -> None:
    cut = half_a_call("max_tokens") if mode == STREAM else saying(message(LOOK, stop_reason="max_tokens"))
    async with serving(at(2, *[cut] * 9)) as service:
        run = await ask(service, mode)
        check_over(run, service, requests=3, status="failed")
        assert [body["max_tokens"] for body in service.bodies] == [16_000, 16_000, 32_000]
    assert run.result.stop_reason.startswith("max_tokens: ")


async def test_answer_is_not_asked_for_again_where_it_was_as_long_as_there_are(mode: dict[str, Any]) -> None:
    cut = saying(message(LOOK, stop_reason="max_tokens"))
    async with serving(at(2, *[cut] * 9)) as service:
        run = await ask(service, mode, model={"max_tokens": 128_000})
        check_over(run, service, requests=2, status="failed")


@pytest.mark.parametrize(("said", "status", "reason"), OVER)
async def test_reason_that_ends_a_run_is_told_and_its_calls_are_not_made(
    said: dict[str, Any], status: str, reason: str, mode: dict[str, Any]
) -> None:
    async with serving(at(2, *[saying(said)] * 9)) as service:
        run = await ask(service, mode)
        check_over(run, service, requests=2, status=status)
    assert run.result.stop_reason.startswith(reason)


@pytest.mark.parametrize("said", [message(ADVICE), message(LOOK), message()])
async def test_answer_without_any_reason_is_half_an_answer(said: dict[str, Any], mode: dict[str, Any]) -> None:
    async with serving(at(3, saying(said | {"stop_reason": None}))) as service:
        run = await ask(service, mode)
        check_ok(run, service, requests=4)
    assert run.kinds == ["truncated"]
