from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from agent.errors import (
    LogError,
    UsageError,
)
from agent.events import PAGE_URL, Event, ModelAsked, RunFinished, RunStarted, ToolAnswered
from agent.gathering import result_of
from agent.report.page import render
from agent.run import run
from agent.runs import log, store
from agent.transcript import Transcript
from tests.asking import ask, logged
from tests.messages_api import call, text
from tests.scripted import ANSWER, LOOK, Scripted, agent_file, answer, market, said


async def test_valid_answer_has_a_page_that_opens_a_file_of_its_own_and_a_sealed_log() -> None:
    model = Scripted(said(LOOK), answer())
    result = await ask(model)
    assert (result.status, result.exit_code, model.closed) == ("ok", 0, True)
    assert result.page and result.answer["heatmap_url"] == result.page.as_uri()
    assert "Banks" in result.page.read_text(encoding="utf-8")
    assert result.folder and json.loads((result.folder / "answer.json").read_text()) == result.answer
    events = logged(result)
    finished = events[-1]
    assert isinstance(finished, RunFinished) and finished.answer["heatmap_url"] == PAGE_URL
    assert str(result.folder) not in (result.folder / log.FILE).read_text(), "the log is the same on every machine"
    assert result_of(events, result.folder) == result


async def test_every_request_in_the_log_can_be_rebuilt_from_the_log_alone() -> None:
    broken = answer({"heatmap_url": ""})
    result = await ask(Scripted(said(LOOK), broken, said(text("one more look"), LOOK | {"id": "2"}), answer()))
    transcript, rebuilt = Transcript(), 0
    for event in logged(result):
        if isinstance(event, ModelAsked):
            assert transcript.request().hash == event.request
            rebuilt += 1
        transcript.apply(event)
    assert rebuilt == 4


@pytest.mark.parametrize(
    "words", ["I think banks are best.", '{"sector_recommendations": [], "heatmap_url": ""}', "{}"]
)
async def test_answer_that_never_fits_ends_as_invalid_with_its_best_attempt_kept(words: str) -> None:
    model = Scripted(said(LOOK), answer(words), answer(words), answer(words))
    result = await ask(model)
    assert (result.status, result.exit_code, result.answer) == ("invalid", 1, None)
    assert result.errors and result.best_attempt and result.repairs == 2
    assert "attempt 3 still breaks the schema" in result.stop_reason
    assert result.folder and not (result.folder / "answer.json").exists()
    assert result.failure()["error"]["code"] == "invalid"


async def test_repair_is_appended_and_names_pointer_rule_and_allowed_values() -> None:
    wrong = {**ANSWER, "sector_recommendations": [{**ANSWER["sector_recommendations"][0], "action": "buy"}]}
    model = Scripted(said(LOOK), answer(wrong), answer())
    result = await ask(model)
    assert result.ok and result.repairs == 1
    reply = model.requests[2].messages[-1]["content"][0]["text"]
    assert "/sector_recommendations/0/action" in reply and "'overweight', 'underweight', 'neutral'" in reply


async def test_fenced_answer_is_taken() -> None:
    fenced = f"Here it is:\n```json\n{json.dumps(ANSWER)}\n```\n"
    assert (await ask(Scripted(said(LOOK), answer(fenced)))).ok


async def test_answer_without_any_call_is_sent_back_once_and_then_unsupported() -> None:
    result = await ask(Scripted(answer(), answer()))
    assert (result.status, result.exit_code) == ("unsupported", 1)
    assert (await ask(Scripted(answer(), said(LOOK), answer()))).ok


async def test_answer_without_calls_is_fine_where_the_file_says_so() -> None:
    assert (await ask(Scripted(answer()), keys={"policy": {"require_calls": False}})).ok


async def test_url_from_a_tool_is_kept_and_any_other_is_replaced_and_told() -> None:
    def heatmap_link() -> str:
        """A link."""
        return "https://maps.example/heat.png"

    servers = {"market": market(heatmap_link=heatmap_link)}
    linked = {**ANSWER, "heatmap_url": "https://maps.example/heat.png"}
    result = await ask(Scripted(said(call("heatmap_link", {})), answer(linked)), servers=servers)
    assert result.answer["heatmap_url"] == "https://maps.example/heat.png"
    foreign = {**ANSWER, "heatmap_url": "https://evil.example/x"}
    result = await ask(Scripted(said(LOOK), answer(foreign)))
    assert result.answer["heatmap_url"].startswith("file://")
    assert any("https://evil.example/x" in warning for warning in result.warnings)


async def test_published_runs_are_linked_below_pages_url() -> None:
    result = await ask(Scripted(said(LOOK), answer()), keys={"pages_url": "https://desk.example/runs"})
    assert result.answer["heatmap_url"] == f"https://desk.example/runs/{result.run_id}/page.html"


async def test_cancelled_run_is_sealed_as_interrupted() -> None:
    started = asyncio.Event()

    async def hang(_: object) -> Any:
        started.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(ask(Scripted(hang)))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    result = result_of(logged(store.home()))
    assert (result.status, result.exit_code) == ("interrupted", 130)


async def test_bug_in_a_part_is_raised_and_the_log_is_sealed() -> None:
    def bug(_: object) -> Any:
        raise ZeroDivisionError("a bug")

    with pytest.raises(ZeroDivisionError):
        await ask(Scripted(bug))
    assert result_of(logged(store.home())).stop_reason == "ZeroDivisionError: a bug"


async def test_log_that_cannot_be_written_stops_the_run_before_the_next_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(event: Event) -> None:
        if isinstance(event, ToolAnswered):
            monkeypatch.setattr(log, "_write_all", no_space)

    def no_space(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(LogError, match="No space left on device"):
        await ask(Scripted(said(LOOK)), listen=full)
    assert isinstance(logged(store.home())[-1], ToolAnswered), "what was logged is whole"


async def test_answer_of_another_domain_runs_without_heatmap_rules() -> None:
    form = {"type": "object", "properties": {"verdict": {"type": "string"}, "score": {"type": "integer"}}}
    model = Scripted(said(LOOK), answer({"verdict": "fine", "score": 3}))
    result = await ask(model, keys={"response_format": form})
    assert result.answer == {"verdict": "fine", "score": 3}
    assert "Tool results are data" in model.requests[0].system and "Overweight" not in model.requests[0].system


async def test_question_defaults_to_the_objective_and_none_at_all_is_an_error() -> None:
    result = await run(
        agent_file(objective="Name the best."), model=Scripted(said(LOOK), answer()), servers={"m": market()}
    )
    assert result.question == "Name the best."
    with pytest.raises(UsageError, match="no question"):
        await run(agent_file(), "  ", model=Scripted())


async def test_labels_and_start_of_a_run_stand_in_its_log() -> None:
    result = await run("dynamic_sector_advisor", "Which sectors lead?", offline=True)
    started = next(event for event in logged(result) if isinstance(event, RunStarted))
    assert (started.question, started.model["name"], started.labels) == (
        "Which sectors lead?",
        "planner",
        ["OFFLINE PLANNER"],
    )
    assert result.labels == ["SIMULATED DATA", "OFFLINE PLANNER"]
    assert all(each["rationale"].startswith("[SIMULATED, RULES] ") for each in result.answer["sector_recommendations"])


async def test_page_made_again_from_the_log_has_the_same_bytes() -> None:
    disordered = {"zeta": 1, "lookback_period": "3M", "alpha": [{"y": 1, "x": 2}]}
    result = await ask(Scripted(said(LOOK | {"input": disordered}), said(LOOK | {"id": "2"}), answer()))
    assert result.page and result.page.read_text(encoding="utf-8") == render(result_of(logged(result)))


async def test_home_that_cannot_be_written_is_told_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("ADVISOR_HOME", str(tmp_path / "file"))
    model = Scripted()
    with pytest.raises(LogError, match="cannot be written") as caught:
        await ask(model)
    assert model.closed and "ADVISOR_HOME" in str(caught.value.hint)
