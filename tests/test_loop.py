from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from agent import gate
from agent.errors import CredentialsError, ModelError
from agent.events import Event, ModelAsked, ModelFailed, RunFinished, ToolAnswered
from agent.model.base import Request, Turn
from agent.runs import store
from agent.runs.log import RunLog
from agent.tools.content import unframed
from tests.asking import ask, logged
from tests.messages_api import call, text
from tests.scripted import LOOK, Scripted, answer, market, said
from tests.tools.raw import PROGRAM


async def test_request_grows_by_appending_only() -> None:
    model = Scripted(said(LOOK), answer("no JSON"), answer())
    await ask(model)
    for before, after in zip(model.requests, model.requests[1:], strict=False):
        assert after.messages[: len(before.messages)] == before.messages
        assert (after.system, after.tools, after.schema) == (before.system, before.tools, before.schema)


async def test_calls_of_one_turn_run_together_and_answer_in_the_models_order() -> None:
    met = asyncio.Barrier(3)

    async def meet(number: int) -> str:
        """Wait for the others."""
        await met.wait()
        return f"number {number}"

    calls = [call("meet", {"number": number}, id=f"c{number}") for number in (3, 1, 2)]
    model = Scripted(said(*calls), answer())
    await ask(model, servers={"market": market(meet=meet)})
    last = model.requests[1].messages[-1]
    assert last["role"] == "user"
    assert [block["tool_use_id"] for block in last["content"]] == ["c3", "c1", "c2"]
    assert ["number" in block["content"] for block in last["content"]] == [True] * 3


async def test_unknown_tool_and_invalid_arguments_go_back_to_the_model_as_errors() -> None:
    model = Scripted(
        said(call("nope", {}), call("get_sector_heatmap", {"lookback_period": 3}, id="2")),
        said(LOOK | {"id": "3"}),
        answer(),
    )
    result = await ask(model)
    blocks = model.requests[1].messages[-1]["content"]
    assert [block["is_error"] for block in blocks] == [True, True]
    assert "There is no tool 'nope'" in blocks[0]["content"] and "lookback_period" in blocks[1]["content"]
    assert result.ok
    assert [event.source for event in logged(result) if isinstance(event, ToolAnswered)] == [
        "refused",
        "refused",
        "live",
    ]


async def test_tool_that_raises_is_an_error_result() -> None:
    def broken() -> str:
        """Fails."""
        raise ValueError

    model = Scripted(said(call("broken", {})), answer())
    result = await ask(model, servers={"market": market(broken=broken)})
    assert unframed(model.requests[1].messages[-1]["content"][0]["content"]) == "Error executing tool broken"
    assert result.ok and result.calls[0].is_error


@pytest.mark.parametrize(
    ("turn", "status", "reason"),
    [
        (said(stop_reason="refusal", stop_details={"category": "cyber"}), "refused", "the model refused: cyber"),
        (said(LOOK, stop_reason="max_tokens"), "failed", "max_tokens"),
        (said(stop_reason="model_context_window_exceeded"), "failed", "too long"),
        (said(text("?"), stop_reason="melted"), "failed", "unknown stop reason 'melted'"),
    ],
)
async def test_stop_reasons_that_end_a_run(turn: Any, status: str, reason: str) -> None:
    result = await ask(Scripted(turn))
    assert result.status == status and reason in result.stop_reason
    assert result.calls == [], "calls of a cut or refused answer are never run"
    assert result.page and result.page.exists()


async def test_paused_turn_is_continued_and_one_empty_turn_is_asked_again_without_an_empty_message() -> None:
    paused = said(text("searching"), stop_reason="pause_turn")
    model = Scripted(paused, said(), said(LOOK), answer())
    assert (await ask(model)).ok
    assert [message["role"] for message in model.requests[2].messages] == ["user", "assistant"]


async def test_two_empty_turns_end_the_run() -> None:
    result = await ask(Scripted(said(), said()))
    assert (result.status, "without saying anything" in result.stop_reason) == ("failed", True)


async def test_cut_answer_is_asked_for_once_more_with_twice_the_length_and_its_calls_are_never_run() -> None:
    model = Scripted(said(LOOK, stop_reason="max_tokens"), said(LOOK | {"id": "2"}), answer())
    model.parameters = {"max_tokens": 1_000}
    result = await ask(model)
    assert result.ok and [each.id for each in result.calls] == ["2"]
    assert [each.parameters["max_tokens"] for each in model.requests] == [1_000, 2_000, 2_000]
    assert model.requests[1].messages == model.requests[0].messages


async def test_answer_that_is_cut_again_ends_the_run() -> None:
    model = Scripted(said(text("{"), stop_reason="max_tokens"), said(text("{"), stop_reason="max_tokens"))
    model.parameters = {"max_tokens": 1_000}
    result = await ask(model)
    assert (result.status, "max_tokens" in result.stop_reason) == ("failed", True)


async def test_seconds_end_a_run_in_the_middle_of_a_request() -> None:
    async def never(_: object) -> Any:
        await asyncio.Event().wait()

    result = await ask(Scripted(never), keys={"budget": {"seconds": 0.05}})
    assert (result.status, result.stop_reason) == ("budget", "seconds: the limit of 0.05 is reached")


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "LONGEST_WAIT", 0.0)


async def test_passing_fault_is_tried_again_and_each_attempt_is_in_the_log(no_waiting: None) -> None:
    busy = ModelError("overloaded", kind="overloaded_error", retryable=True, retry_after=7)
    gone = ModelError("cut", kind="truncated", retryable=True)
    result = await ask(Scripted(busy, gone, said(LOOK), answer()))
    assert result.ok and result.turns == 2 and result.requests == 4
    events = logged(result)
    assert [(event.turn, event.attempt) for event in events if isinstance(event, ModelAsked)] == [
        (1, 1),
        (1, 2),
        (1, 3),
        (2, 1),
    ]
    assert [event.kind for event in events if isinstance(event, ModelFailed)] == ["overloaded_error", "truncated"]


async def test_fault_that_does_not_pass_ends_the_run_after_four_attempts(no_waiting: None) -> None:
    faults = [ModelError("overloaded", kind="overloaded_error", retryable=True)] * 4
    with pytest.raises(ModelError) as caught:
        await ask(Scripted(*faults))
    assert caught.value.run_id == store.find("last").name
    events = logged(store.home())
    assert [event.wait is None for event in events if isinstance(event, ModelFailed)] == [False] * 3 + [True]
    assert isinstance(events[-1], RunFinished) and events[-1].status == "failed"


@pytest.mark.parametrize(
    "error", [ModelError("bad request", kind="invalid_request_error"), CredentialsError("key rejected")]
)
async def test_fault_that_no_retry_can_mend_is_asked_once(error: Exception, no_waiting: None) -> None:
    with pytest.raises(type(error)):
        await ask(Scripted(error))
    assert [event.wait for event in logged(store.home()) if isinstance(event, ModelFailed)] == [None]


@pytest.mark.parametrize(
    "odd",
    [
        said({"type": "tool_use", "name": "get_sector_heatmap", "input": {}}),
        said({"type": "tool_use", "id": "1", "name": {}, "input": {}}),
        said(LOOK, LOOK),
        said({"type": "text", "text": None}, stop_reason="end_turn"),
    ],
)
async def test_turn_that_cannot_be_answered_is_asked_for_again(odd: Any, no_waiting: None) -> None:
    result = await ask(Scripted(odd, said(LOOK), answer()))
    assert result.ok and result.requests == 3


async def test_empty_turns_that_do_not_follow_each_other_end_nothing() -> None:
    thinking = said({"type": "thinking", "thinking": "Hm.", "signature": "s"})
    model = Scripted(thinking, said(LOOK), said(text("  ")), answer())
    assert (await ask(model)).ok
    assert [message["role"] for message in model.requests[3].messages] == ["user", "assistant", "user"]


async def test_calls_of_a_paused_turn_are_run() -> None:
    model = Scripted(said(LOOK, stop_reason="pause_turn"), answer())
    assert (await ask(model)).ok


async def test_call_id_that_is_used_again_in_a_later_turn_keeps_both_results() -> None:
    late = call("get_sector_heatmap", {"lookback_period": "1Y"})
    model = Scripted(said(LOOK), said(late), answer())
    result = await ask(model)
    shown = [message["content"][0]["content"] for message in model.requests[2].messages[2::2]]
    assert ['"lookback":"3M"' in shown[0], '"lookback":"1Y"' in shown[1]] == [True, True]
    assert [figure.lookback for figure in result.figures] == ["3M", "3M", "1Y", "1Y"]


async def test_listener_that_fails_does_not_end_the_run() -> None:
    heard = []

    def deaf(event: Event) -> None:
        heard.append(event)
        raise BrokenPipeError

    assert (await ask(Scripted(said(LOOK), answer()), listen=deaf)).ok
    assert len(heard) == 1


async def test_seconds_count_from_the_start_of_the_run_servers_included() -> None:
    keys = {
        "mcpServers": {"slow": {"command": sys.executable, "args": [str(PROGRAM), "silent"]}},
        "budget": {"seconds": 0.2},
    }
    result = await ask(Scripted(), keys=keys, servers=None)
    assert (result.status, result.stop_reason) == ("budget", "seconds: the limit of 0.2 is reached")


async def test_every_event_is_on_the_disk_before_the_step_that_it_permits(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_disk: list[bytes] = []
    before_steps: list[str] = []
    sync_now = RunLog.sync_now

    def noted(log: RunLog) -> None:
        sync_now(log)
        on_disk[:] = log.path.read_bytes().splitlines()

    def all_is_on_disk(last: str) -> None:
        [path] = home.glob("runs/*/log.jsonl")
        lines = path.read_bytes().splitlines()
        assert lines == on_disk and json.loads(lines[-1])["event"] == last
        before_steps.append(last)

    def look() -> str:
        """Looks."""
        all_is_on_disk("tool.asked")
        return "seen"

    def asked(_: Request) -> Turn:
        all_is_on_disk("model.asked")
        return said(call("look", {})) if len(before_steps) == 1 else answer()

    monkeypatch.setattr(RunLog, "sync_now", noted)
    result = await ask(Scripted(asked, asked), servers={"market": market(look=look)})
    assert before_steps == ["model.asked", "tool.asked", "model.asked"]
    assert result.folder and (result.folder / "log.jsonl").read_bytes().splitlines() == on_disk
