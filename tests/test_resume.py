from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agent import sitting as sittings
from agent.endings import NO_END
from agent.errors import ModelError, PutOff, ServerError
from agent.events import (
    PAGE_URL,
    AnswerChecked,
    Event,
    ModelAnswered,
    ModelAsked,
    ModelFailed,
    RunFinished,
    RunResumed,
    ToolAnswered,
    ToolAsked,
)
from agent.gate import Gate, Ticket
from agent.gathering import result_of
from agent.model.base import Request
from agent.place import ANSWER as ANSWER_FILE
from agent.place import Place
from agent.report import page
from agent.result import PAGE, RunResult
from agent.run import resume
from agent.runs import log, store
from agent.tools import toolbox
from tests.asking import ask
from tests.messages_api import call, text
from tests.resuming import count, cut_after, cut_in_its_request, events_of, files_of, go_on, leave, lines_of, sitting
from tests.scripted import LOOK, Scripted, answer, market, said
from tests.tools.raw import PROGRAM

TURNS = [said(LOOK, call("tick", {}, id="tick")), answer("no JSON"), answer()]
"""Two calls, an answer that has to be repaired, and a good one."""


class Clockwork:
    """A market that counts the calls of one of its tools."""

    def __init__(self) -> None:
        self.ticks = 0

    def servers(self) -> dict[str, Any]:
        def tick() -> str:
            """Ticks."""
            self.ticks += 1
            return "tick"

        return {"market": market(tick=tick)}


@pytest.fixture
def timeless(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock stands, so that pages, which tell when calls were answered and how long they took, can be compared."""
    noon = datetime(2026, 1, 5, 12, tzinfo=UTC)
    monkeypatch.setattr(sittings, "datetime", SimpleNamespace(datetime=SimpleNamespace(now=lambda _: noon), UTC=UTC))
    monkeypatch.setattr(toolbox, "time", SimpleNamespace(monotonic=lambda: 0.0))


async def whole_run() -> tuple[RunResult, Path, list[Any]]:
    model = Scripted(*TURNS)
    result = await ask(model, servers=Clockwork().servers())
    assert result.folder and result.page
    return result, result.folder, model.requests


def in_order(request: Any) -> str:
    """As text, in which the order of keys counts too."""
    return json.dumps([{name: value for name, value in vars(request).items() if name != "hear"}, request.hash])


def told(whole: RunResult, resumed: RunResult) -> bytes:
    """The page of a whole run, if it had asked as often as the resumed one."""
    answer = whole.answer | {"heatmap_url": PAGE_URL}
    counts: dict[str, Any] = {"requests": resumed.requests, "possibly_paid_twice": resumed.possibly_paid_twice}
    return page.render(replace(whole, folder=None, answer=answer, **counts)).encode()


async def check_resumed(whole: RunResult, kept: list[bytes], torn: bytes, requests: list[Any], files: Any) -> None:
    """Go on from what is left; everything that can be equal is, and only what had no result is done again."""
    folder = whole.folder
    assert folder
    leave(folder, kept, torn)
    before = events_of(folder)
    answered = sum(isinstance(event, ModelAnswered) for event in before)
    asked = sum(isinstance(event, ModelAsked) for event in before)
    ticked = any(isinstance(event, ToolAnswered) and event.call == "tick" for event in before)
    ended = isinstance(before[-1], RunFinished)
    model, clockwork = Scripted(*TURNS[answered:]), Clockwork()
    result = await go_on(folder, model, servers=clockwork.servers())
    assert (result.status, result.answer) == ("ok", whole.answer)
    assert list(map(in_order, model.requests)) == list(map(in_order, requests[answered:]))
    assert (result.possibly_paid_twice, result.requests) == (asked - answered, 3 + asked - answered)
    assert clockwork.ticks == (0 if ticked else 1)
    assert len(result.calls) == 2 and result.usage == whole.usage
    assert lines_of(folder)[: len(kept)] == kept
    assert (count(folder, ToolAnswered), count(folder, AnswerChecked)) == (2, 2)
    assert count(folder, RunResumed) == (0 if ended else 1)
    assert (folder / ANSWER_FILE).read_bytes() == files[ANSWER_FILE][0]
    if not ended:
        twice = result.possibly_paid_twice
        assert (folder / PAGE).read_bytes() == (told(whole, result) if twice else files[PAGE][0])


async def test_run_that_is_cut_after_any_event_or_within_it_ends_as_it_would_have_ended(timeless: None) -> None:
    whole, folder, requests = await whole_run()
    lines, files = lines_of(folder), files_of(folder)
    started = [event.name for event in events_of(folder)].index("run.started") + 1
    for kept in range(started, len(lines) + 1):
        following = lines[kept] if kept < len(lines) else b""
        for torn in {b"", following[:1], following[: len(following) // 2], following[:-1]}:
            await check_resumed(whole, lines[:kept], torn, requests, files)


async def test_run_that_crashes_again_and_again_is_asked_again_for_what_was_not_answered_only() -> None:
    folder = await cut_in_its_request()
    for times in (1, 2):
        cut_after(await go_on(folder, Scripted(answer())), ModelAsked, 2 + times)
    result = await go_on(folder, Scripted(answer()))
    assert (result.ok, result.possibly_paid_twice, result.requests, result.turns) == (True, 3, 5, 2)
    asked = [event for event in events_of(folder) if isinstance(event, ModelAsked)]
    assert [(event.turn, event.attempt) for event in asked] == [(1, 1), (2, 1), (2, 2), (2, 3), (2, 4)]
    assert len({event.request for event in asked[1:]}) == 1


async def test_budget_counts_what_was_spent_before_the_stop() -> None:
    keys = {"budget": {"turns": 2, "tool_calls": 1}}
    folder = cut_after(await ask(Scripted(said(LOOK), answer("no JSON")), keys=keys), AnswerChecked)
    result = await go_on(folder, Scripted())
    assert (result.status, result.stop_reason) == ("budget", "turns: the limit of 2 is reached")


async def test_call_that_was_under_way_costs_the_budget_once() -> None:
    keys = {"budget": {"tool_calls": 1}}
    folder = cut_after(await ask(Scripted(said(LOOK), answer()), keys=keys), ToolAsked)
    result = await go_on(folder, Scripted(answer()))
    assert result.ok and len(result.calls) == count(folder, ToolAsked) == 1


async def test_repairs_that_were_used_up_are_not_given_again() -> None:
    keys = {"budget": {"repairs": 1}}
    whole = await ask(Scripted(said(LOOK), answer("no JSON"), answer()), keys=keys)
    result = await go_on(cut_after(whole, AnswerChecked), Scripted(answer("no JSON")))
    assert (result.status, result.repairs) == ("invalid", 1)


async def test_turn_that_said_nothing_is_asked_for_once_more_and_then_is_the_end() -> None:
    folder = cut_after(await ask(Scripted(said(), said(LOOK), answer())), ModelAnswered)
    result = await go_on(folder, Scripted(said()))
    assert (result.status, result.stop_reason) == ("failed", "the model ended its turn twice without saying anything")
    assert result.requests == 2


async def test_paused_turn_goes_on_with_what_it_said() -> None:
    paused = said(text("Let me see."), stop_reason="pause_turn")
    model = Scripted(paused, said(LOOK), answer())
    whole = await ask(model)
    again = Scripted(said(LOOK), answer())
    result = await go_on(cut_after(whole, ModelAnswered), again)
    assert result.ok
    assert list(map(in_order, again.requests)) == list(map(in_order, model.requests[1:]))
    assert again.requests[0].messages[-1] == {"role": "assistant", "content": paused.content}


async def test_refusal_that_was_logged_is_not_asked_for_again() -> None:
    refusal = said(stop_reason="refusal", stop_details={"category": "cyber"})
    result = await go_on(cut_after(await ask(Scripted(refusal)), ModelAnswered), Scripted())
    assert (result.status, result.stop_reason) == ("refused", "the model refused: cyber")


async def test_run_that_failed_for_the_model_goes_on_when_the_model_is_back() -> None:
    down = [ModelError("down", kind="overloaded_error", retryable=True, retry_after=0.0, status=529)] * 4
    with pytest.raises(ModelError) as caught:
        await ask(Scripted(said(LOOK), *down))
    folder = store.find(str(caught.value.run_id))
    result = await go_on(folder, Scripted(down[0], answer()))
    assert (result.ok, result.possibly_paid_twice) == (True, 0)
    failures = [event.attempt for event in events_of(folder) if isinstance(event, ModelFailed)]
    assert failures == [1, 2, 3, 4, 5]
    assert [event.status for event in events_of(folder) if isinstance(event, RunFinished)] == ["failed", "ok"]


async def test_run_that_goes_on_after_a_failure_and_crashes_is_one_without_an_end() -> None:
    with pytest.raises(ModelError):
        await ask(Scripted(said(LOOK), ModelError("gone", kind="not_found_error")))
    folder = store.find("last")
    assert result_of(events_of(folder)).status == "failed"
    went_on = await go_on(folder, Scripted(answer()))
    result = result_of(events_of(cut_after(went_on, RunResumed)))
    assert (result.status, result.stop_reason, result.resumable) == ("interrupted", NO_END, True)
    assert (await go_on(folder, Scripted(answer()))).ok


async def test_run_that_failed_for_a_server_goes_on_when_the_server_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEHAVIOUR", "exits")
    server = {"command": sys.executable, "args": [str(PROGRAM), "${BEHAVIOUR}"]}
    keys = {"mcpServers": {"raw": server}, "tools": [{"tool_name": "double"}]}
    with pytest.raises(ServerError) as caught:
        await ask(Scripted(), servers=None, keys=keys)
    folder = store.find(str(caught.value.run_id))
    monkeypatch.setenv("BEHAVIOUR", "well")
    result = await go_on(folder, Scripted(said(call("double", {"n": 2})), answer()), servers=None)
    assert result.ok and [server.server for server in result.servers] == ["raw"] and not result.failed_servers


async def test_interrupted_run_goes_on_and_tells_that_its_request_may_be_paid_twice() -> None:
    asked = asyncio.Event()

    async def hang(_: object) -> Any:
        asked.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(ask(Scripted(said(LOOK), hang)))
    await asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    folder = store.find("last")
    result = await go_on(folder, Scripted(answer()))
    assert (result.status, result.possibly_paid_twice, len(result.calls)) == ("ok", 1, 1)
    assert [event.status for event in events_of(folder) if isinstance(event, RunFinished)] == ["interrupted", "ok"]


LOOKS_AT_50_DAYS = [
    call("get_sector_heatmap", {"as_of": f"2020-{number // 25 + 1:02}-{number % 25 + 1:02}"}, id=str(number))
    for number in range(50)
]
ENDS = {
    "ok": [said(LOOK), answer()],
    "invalid": [said(LOOK), *[answer("no JSON")] * 3],
    "refused": [said(stop_reason="refusal")],
    "budget": [said(*LOOKS_AT_50_DAYS), said(LOOK)],
    "unsupported": [answer(), answer()],
    "failed": [said(text("and so on"), stop_reason="max_tokens")],
}


@pytest.mark.parametrize("status", ENDS)
async def test_run_that_has_its_end_is_given_as_it_ended_and_nothing_is_written(status: str) -> None:
    whole = await ask(Scripted(*ENDS[status]))
    assert whole.status == status and whole.folder
    before = files_of(whole.folder)
    result = await resume(whole.folder)
    assert result == whole and files_of(whole.folder) == before


async def test_answer_file_that_a_crash_prevented_is_written_when_the_run_is_resumed() -> None:
    whole, folder, _ = await whole_run()
    before = files_of(folder)
    (folder / ANSWER_FILE).unlink()
    assert await resume(folder) == whole
    assert files_of(folder)[ANSWER_FILE][0] == before[ANSWER_FILE][0]
    assert files_of(folder)[log.FILE] == before[log.FILE]


async def test_files_that_a_crash_prevented_are_written_by_the_next_sitting_the_envelope_last() -> None:
    folder = store.folder("job")
    place = Place(folder, page="../job.html", answer="../job.json", envelope="../job.envelope.json")
    result = await sitting(Scripted(said(LOOK), answer()), folder, place=place).run()
    written = files_of(folder.parent)
    assert json.loads(written["job.json"][0]) == result.answer
    assert json.loads(written["job.envelope.json"][0]) == json.loads(json.dumps(result.envelope()))
    assert written["job.json"][1] <= written["job.envelope.json"][1]
    before = lines_of(folder)
    (folder.parent / "job.json").unlink()
    assert await sitting(Scripted(), folder, place=place).run() == result
    again = files_of(folder.parent)
    assert again["job.json"][0] == written["job.json"][0]
    assert again["job.envelope.json"] == written["job.envelope.json"], "a whole file is not written again"
    assert lines_of(folder) == before


async def test_run_that_was_put_off_goes_on_another_time_and_nothing_of_it_is_paid_twice() -> None:
    class Closed(Gate):
        async def admit(self, request: Request) -> Ticket:
            raise PutOff("the limit of the day is reached")

    folder = store.folder("job")
    with pytest.raises(PutOff) as caught:
        await sitting(Scripted(), folder, gate=Closed()).run()
    assert caught.value.run_id == "job"
    end = events_of(folder)[-1]
    assert isinstance(end, RunFinished) and (end.status, end.resumable) == ("interrupted", True)
    result = await sitting(Scripted(said(LOOK), answer()), folder).run()
    assert (result.ok, result.requests, result.possibly_paid_twice) == (True, 2, 0)


async def test_run_that_is_cancelled_when_its_end_is_written_has_that_end() -> None:
    def stop(event: Event) -> None:
        if isinstance(event, RunFinished):
            task.cancel()

    task = asyncio.create_task(ask(Scripted(said(LOOK), answer()), listen=stop))
    with pytest.raises(asyncio.CancelledError):
        await task
    folder = store.find("last")
    assert (await resume(folder)).ok and (folder / ANSWER_FILE).exists()
    assert count(folder, RunFinished) == 1


async def test_listener_hears_what_happens_from_here_on() -> None:
    heard: list[str] = []
    model = Scripted(answer())
    folder = await cut_in_its_request()
    await go_on(folder, model, listen=lambda event: heard.append(event.name))
    assert model.closed and heard[-1] == "run.finished"
    assert heard[:2] == ["run.started", "run.resumed"], "what the run began with is told again, and not logged"
