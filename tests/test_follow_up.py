"""Questions on an answer: what was seen stays, what was answered begins anew, and each is a run like any other."""

from __future__ import annotations

import re
import sys
from contextlib import closing
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from mcp.server.mcpserver import MCPServer

from agent import data
from agent.answer import NO_TOOL_CALL
from agent.encoding import canonical
from agent.errors import AdvisorError, DecisionError, Diverged, LogBusy, TrustNeeded, UsageError
from agent.evals.freeze import freeze
from agent.events import (
    AnswerChecked,
    ArtifactWritten,
    ModelAnswered,
    ModelAsked,
    QuestionAsked,
    RunFinished,
    RunResumed,
    RunStarted,
    ServerOpened,
    ToolAnswered,
    ToolAsked,
    ToolsOffered,
    UnknownEvent,
)
from agent.gathering import read_run
from agent.model.base import Request
from agent.place import Place
from agent.replay.again import replayed
from agent.replay.recording import Recording
from agent.replay.retool import retool
from agent.report import page, result_view
from agent.result import RunResult
from agent.run import resume
from agent.runs import log, store
from tests.asking import ask
from tests.following import AGAIN, NEXT, asked, bytes_of, follow
from tests.messages_api import call
from tests.replay.replaying import check_same, double, edited, raw, recording_of
from tests.resuming import count, cut_after, events_of, files_of, go_on, leave, lines_of
from tests.scripted import ANSWER, LOOK, Scripted, agent_file, answer, market, said
from tests.tools.raw import PROGRAM

TURNS = [said(AGAIN), answer("no JSON"), answer()]
"""A call, an answer that has to be repaired, and a good one."""


def folder_of(result: RunResult) -> Path:
    assert result.folder
    return result.folder


def rationale(text: str) -> dict[str, Any]:
    first, *others = ANSWER["sector_recommendations"]
    return {**ANSWER, "sector_recommendations": [first | {"rationale": text}, *others]}  # type: ignore[operator]


async def test_a_question_on_an_answer_is_a_run_of_its_own_and_leaves_the_first_as_it_was() -> None:
    first = await asked()
    before = files_of(folder_of(first))
    second = await follow(first, Scripted(said(AGAIN), answer()))
    assert files_of(folder_of(first)) == before
    assert (second.ok, second.question, second.as_of) == (True, NEXT, first.as_of)
    assert store.all_runs() == [second.folder, first.folder]
    assert {"log.jsonl", "page.html", "answer.json"} <= set(files_of(folder_of(second)))
    assert second.answer["heatmap_url"].startswith(folder_of(second).as_uri()) and second.run_id != first.run_id
    assert read_run(folder_of(second)).envelope() == second.envelope()
    assert second.envelope()["follows"] == first.run_id and first.envelope()["follows"] is None


async def test_its_log_begins_with_the_whole_conversation_and_names_the_run_that_it_follows() -> None:
    first = await asked()
    second = await follow(first, Scripted(answer()))
    before, now = events_of(folder_of(first)), events_of(folder_of(second))
    [at] = [at for at, event in enumerate(now) if isinstance(event, QuestionAsked)]
    assert now[:at] == [event for event in before if not isinstance(event, ArtifactWritten | RunFinished)]
    question, end = now[at], before[-1]
    assert isinstance(question, QuestionAsked) and isinstance(end, RunFinished)
    assert question.follows == {"run": first.run_id, "root": end.root}
    times = [line.at for line in log.read(folder_of(second) / log.FILE)]
    assert times[:at] == [line.at for line in log.read(folder_of(first) / log.FILE)][:at]
    assert (folder_of(second) / log.FILE).stat().st_mode & 0o777 == 0o600
    assert count(folder_of(second), RunFinished) == 1 and not count(folder_of(second), RunResumed)


async def test_what_was_sent_before_is_sent_again_byte_for_byte_and_the_question_comes_after_it() -> None:
    model = Scripted(said(LOOK), answer())
    first = await ask(model)
    following, third = Scripted(said(AGAIN), answer()), Scripted(answer())
    second = await follow(first, following)
    await follow(second, third, "Why?")
    sent = [*model.requests, *following.requests, *third.requests]
    for before, after in pairwise(sent):
        assert bytes_of(after)[: len(bytes_of(before))] == bytes_of(before)
        assert canonical([after.schema, after.parameters]) == canonical([before.schema, before.parameters])
    assert following.requests[0].messages[-2:] == [
        {"role": "assistant", "content": answer().content},
        {"role": "user", "content": [{"type": "text", "text": each} for each in (NEXT, data.prompt("followup"))]},
    ]
    assert third.requests[0].messages[-1]["content"][0]["text"] == "Why?"


async def test_what_was_seen_stays_and_what_was_answered_begins_anew() -> None:
    first = await ask(Scripted(said(LOOK), answer("no JSON"), answer()))
    second = await follow(first, Scripted(said(AGAIN), answer()))
    assert first.spend()["repairs"] == 1
    spent = {"turns": 2, "requests": 2, "tool_calls": 1, "repairs": 0}
    assert {key: second.spend()[key] for key in spent} == spent
    assert second.usage.input == 200 and [each.turn for each in second.by_turn] == [4, 5]
    assert [call.id for call in second.calls] == ["toolu_1", "toolu_2"]
    assert [call.id for call in second.own_calls] == ["toolu_2"]
    assert {figure.lookback for figure in second.figures} == {"3M", "1Y"}
    assert [each.run_id for each in second.earlier] == [first.run_id]
    assert second.earlier[0].spend == first.spend() and second.earlier[0].question == first.question
    assert second.key not in ("", first.key) and second.prompt == first.prompt
    assert (await follow(first, Scripted(answer()))).key == second.key


async def test_what_people_have_to_know_of_a_result_is_told_with_each_answer_that_may_rest_on_it() -> None:
    def get_notes() -> dict[str, Any]:
        return {"note": "Banks \u200b lead."}

    look = said(LOOK, call("get_notes", {}, id="toolu_9"))
    servers = {"market": market(get_notes=get_notes)}
    first = await ask(Scripted(look, answer()), servers=servers)
    assert any("invisible characters" in warning for warning in first.warnings)
    second = await follow(first, Scripted(answer()), servers=servers)
    assert second.warnings == first.warnings
    assert (await replayed(recording_of(second))).result.warnings == first.warnings


async def test_an_answer_may_rest_on_what_was_seen_before_and_on_what_is_seen_now() -> None:
    def banks_of_a_year(lookback_period: str = "1Y") -> dict[str, Any]:
        """Performance by sector."""
        columns = {"performance": {"unit": "percent", "lookback": lookback_period}}
        return {"kind": "real", "columns": columns, "rows": [{"sector": "Banks", "performance": 31.7}]}

    servers = {"market": market(banks_of_a_year=banks_of_a_year)}
    look = said(call("banks_of_a_year", {}, id="year"))
    first = await ask(Scripted(said(LOOK), answer()), servers=servers)
    both = answer(rationale("It rose 4.2% in three months, and 31.7% in a year."))
    second = await follow(first, Scripted(look, both), servers=servers)
    assert second.counted == {"grounded": 2} and {each["figures"][0]["call"] for each in second.evidence} == {
        "toolu_1",
        "year",
    }


async def test_a_number_that_nothing_bears_out_is_sent_back_in_each_question() -> None:
    invented = answer(rationale("It rose 77.7%."))
    first = await ask(Scripted(said(LOOK), invented, answer()))
    second = await follow(first, Scripted(invented, answer()))
    checks = [event for event in events_of(folder_of(second)) if isinstance(event, AnswerChecked)]
    assert [(check.attempt, check.valid, check.reply is None) for check in checks] == [
        (1, False, False),
        (2, True, True),
    ] * 2


async def test_no_new_call_is_needed_where_the_first_answer_had_one() -> None:
    assert (await follow(await asked(), Scripted(answer()))).ok
    unsupported = await ask(Scripted(answer(), answer()))
    assert unsupported.errors[0]["code"] == NO_TOOL_CALL


async def test_each_question_has_the_whole_budget_of_the_file() -> None:
    first = await asked(keys={"budget": {"turns": 2, "tool_calls": 1, "tokens": 300}})
    model = Scripted(said(AGAIN), answer())
    second = await follow(first, model)
    assert second.ok and [each.turn for each in second.by_turn] == [3, 4]
    over = await follow(first, Scripted(said(AGAIN), said(LOOK)))
    assert over.status == "budget" and "the model went on calling tools" in over.stop_reason


async def test_tools_may_be_called_again_after_an_answer_that_had_to_do_without() -> None:
    first = await ask(Scripted(said(LOOK), answer()), keys={"budget": {"tool_calls": 1}})
    assert "asked for its answer without more calls" in first.warnings[0]
    model = Scripted(said(AGAIN), answer())
    second = await follow(first, model)
    assert "tool_choice" not in model.requests[0].parameters
    assert model.requests[1].parameters["tool_choice"] == "none" and second.warnings == first.warnings


async def test_the_length_of_an_answer_and_the_count_of_equal_calls_begin_anew() -> None:
    cut = said({"type": "text", "text": "{"}, stop_reason="max_tokens")
    first_model = Scripted(said(LOOK), said(LOOK), cut, answer())
    first_model.parameters = {"max_tokens": 100}
    first = await ask(first_model)
    model = Scripted(said(LOOK), said(LOOK), cut, answer())
    model.parameters = {"max_tokens": 100}
    second = await follow(first, model)
    assert [request.parameters["max_tokens"] for request in model.requests] == [100, 100, 100, 200]
    assert second.ok and all(call.source == "live" for call in second.calls)


async def test_the_as_of_date_holds_for_questions_on_the_answer() -> None:
    def get_flows(as_of: str = "") -> dict[str, Any]:
        """Rows of several days."""
        rows = [{"sector": "Banks", "date": day, "flow": 1.5} for day in ("2020-01-30", "2020-02-03")]
        return {"as_of": as_of, "rows": rows}

    servers = {"market": market(get_flows=get_flows)}
    first = await ask(Scripted(said(LOOK), answer()), servers=servers, as_of="2020-01-31")
    flows = said(call("get_flows", {}, id="flows"))
    second = await follow(first, Scripted(flows, answer()), servers=servers)
    [made] = second.own_calls
    assert made.arguments == {"as_of": "2020-01-31"} and made.rows_withheld == 1
    assert "2020-02-03" not in str(made.shown) and "1 row later than the as-of date" in " ".join(second.warnings)


async def test_a_question_that_stopped_after_any_event_goes_on_to_the_same_answer() -> None:
    first = await asked()
    whole = await follow(first, Scripted(*TURNS))
    folder = folder_of(whole)
    recorded, lines, events = Recording.read(folder), lines_of(folder), events_of(folder)
    begun = [event.name for event in events].index("question.asked") + 1
    for kept in range(begun, len(lines)):
        leave(folder, lines[:kept])
        answered = sum(isinstance(event, ModelAnswered) for event in events[begun:kept])
        model = Scripted(*TURNS[answered:])
        again = await go_on(folder, model)
        assert (again.ok, again.answer, again.run_id) == (True, whole.answer, whole.run_id)
        recording = Recording.read(folder)
        assert len(recording.resumed) == (kept > begun)
        await check_same(recording, recorded)


async def test_a_question_is_replayed_byte_for_byte_with_its_page() -> None:
    first = await ask(Scripted(said(LOOK), answer("no JSON"), answer()))
    second = await follow(first, Scripted(*TURNS))
    third = await follow(second, Scripted(said(LOOK), answer()), "Once more?")
    for result in (first, second, third):
        again = await check_same(recording_of(result))
        assert again.page == (folder_of(result) / "page.html").read_bytes()
        assert again.result.question == result.question and again.result.spend() == result.spend()


async def test_a_question_on_a_run_that_was_resumed_is_replayed() -> None:
    folder = cut_after(await asked(), ModelAsked, 2)
    first = await go_on(folder, Scripted(answer()))
    second = await follow(first, Scripted(*TURNS))
    assert count(folder_of(second), RunResumed) == 1
    recording = recording_of(second)
    assert recording.has_page and not recording.resumed
    await check_same(recording)


@pytest.mark.parametrize(
    ("kind", "change", "what"),
    [
        (ToolAnswered, {"shown": "other"}, "result of call toolu_2"),
        (ModelAnswered, {"content": answer({"sector_recommendations": []}).content}, "requests"),
        (AnswerChecked, {"notes": ["another"]}, "check 1"),
        (RunFinished, {"warnings": ["another"]}, "warnings"),
    ],
)
async def test_the_first_thing_in_which_a_replay_differs_is_named(kind: Any, change: Any, what: str) -> None:
    second = await follow(await asked(), Scripted(said(AGAIN), answer()))
    recording = recording_of(second)
    last = [event for event in recording.events if isinstance(event, kind)][-1]
    touched = edited(recording, lambda event: replace(event, **change) if event is last else event)
    with pytest.raises(Diverged) as caught:
        await replayed(touched)
    assert caught.value.what == what


async def test_list_that_changes_between_questions_is_no_list_that_changes_within_one() -> None:
    first = await asked()
    second = await follow(first, Scripted(said(AGAIN), answer()))
    recording = recording_of(second)
    assert [server.again for server in recording.servers] == [{}]
    assert count(folder_of(second), ToolsOffered) == 1 and count(folder_of(second), ServerOpened) == 2


async def test_nothing_can_be_asked_about_a_run_without_a_valid_answer() -> None:
    invalid = await ask(Scripted(said(LOOK), answer("a"), answer("b"), answer("c")))
    with pytest.raises(UsageError, match="no valid answer to ask about: invalid"):
        await follow(invalid, Scripted())
    folder = cut_after(await asked(), ModelAsked, 2)
    with pytest.raises(UsageError, match="stopped before it was answered") as caught:
        await follow(folder, Scripted())
    assert caught.value.hint and f"--resume {folder.name} goes on" in caught.value.hint
    with closing(log.RunLog(folder)), pytest.raises(LogBusy, match="another process is at this run"):
        await follow(folder, Scripted())
    leave(folder, lines_of(folder)[:1])
    with pytest.raises(UsageError, match="stopped before it began"):
        await follow(folder, Scripted())
    with pytest.raises(UsageError, match="there is no question"):
        await follow(await asked(), Scripted(), "  ")
    assert len(store.all_runs()) == 3, "a question that cannot be asked leaves nothing"


async def test_nothing_can_be_asked_about_a_replay() -> None:
    place = Place(store.folder(store.new_id()))
    again = await retool(recording_of(await asked()), Scripted(said(LOOK), answer()), place)
    with pytest.raises(UsageError, match="is a replay, and does not go on"):
        await follow(again.result, Scripted())


async def test_what_the_run_began_with_has_to_be_the_same() -> None:
    first = await asked()
    with pytest.raises(DecisionError, match="began with another model"):
        other = Scripted()
        other.name = "other"
        await follow(first, other)
    with pytest.raises(DecisionError, match=f"{first.run_id} began with another agent file") as caught:
        await follow(first, Scripted(), agent=agent_file(horizon="1 month"))
    assert "advisor ask" in str(caught.value.hint) and "--new-attempt" not in str(caught.value.hint)
    assert store.all_runs() == [first.folder]


async def test_tools_have_to_be_those_that_were_offered() -> None:
    first = await asked()
    with pytest.raises(DecisionError, match="is offered no more since the run began") as caught:
        await follow(first, Scripted(), servers={"market": MCPServer("empty")})
    assert caught.value.hint == "it can be asked as a question of its own: advisor ask"
    assert read_run(store.all_runs()[0]).status == "needs_decision"


async def test_what_was_done_on_a_stateful_server_is_gone() -> None:
    keys = {"mcpServers": {"raw": raw("well", stateful=True)}, "tools": [{"tool_name": "double"}]}
    first = await ask(Scripted(said(double()), answer()), servers=None, keys=keys)
    with pytest.raises(DecisionError, match="server 'raw' is stateful"):
        await follow(first, Scripted(), servers=None)
    assert store.all_runs() == [first.folder]


async def test_a_log_from_elsewhere_starts_programs_only_when_it_is_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = {"mcpServers": {"raw": raw("well")}, "tools": [{"tool_name": "double"}]}
    first = await ask(Scripted(said(double()), answer()), servers=None, keys=keys)
    monkeypatch.setenv("ADVISOR_HOME", str(tmp_path / "another"))
    with pytest.raises(TrustNeeded, match="would start programs"):
        await follow(first, Scripted(), servers=None, trusted=False)
    assert store.all_runs() == []
    assert (await follow(first, Scripted(answer()), servers=None)).ok


async def test_values_that_a_log_does_not_keep_come_from_the_file_again() -> None:
    keys = {"mcpServers": {"raw": raw("well", env={"SECRET_KEY": "of-the-file"})}, "tools": [{"tool_name": "double"}]}
    first = await ask(Scripted(said(double()), answer()), servers=None, keys=keys)
    with pytest.raises(UsageError, match="does not keep the values of env and headers"):
        await follow(first, Scripted(), servers=None)
    assert (await follow(first, Scripted(answer()), servers=None, agent=agent_file(**keys))).ok


async def test_a_question_that_failed_goes_on_or_is_asked_again_beside_it() -> None:
    first = await asked()

    def fails(request: Request) -> Any:
        raise AdvisorError("no")

    with pytest.raises(AdvisorError) as caught:
        await follow(first, Scripted(fails))
    folder = store.find(str(caught.value.run_id))
    failed = read_run(folder)
    assert (failed.status, failed.resumable, failed.question) == ("failed", True, NEXT)
    anew = await go_on(folder, Scripted(answer()), new_attempt=True)
    assert anew.ok and anew.folder != folder and anew.earlier == failed.earlier
    assert count(folder_of(anew), QuestionAsked) == 1 and not count(folder_of(anew), RunResumed)
    await check_same(recording_of(anew))
    went_on = await go_on(folder, Scripted(answer()))
    assert went_on.ok and went_on.folder == folder


async def test_a_request_of_another_version_is_named_before_anything_is_asked() -> None:
    first = await asked()
    folder = folder_of(first)
    events = [
        replace(event, request="0" * 64) if isinstance(event, ModelAsked) else event
        for event in events_of(folder)
        if not isinstance(event, RunFinished)
    ]
    (folder / log.FILE).unlink()
    with closing(log.RunLog(folder)) as written:
        for event in events:
            written.append(event)
        written.append(RunFinished("ok", "end_turn", {}, first.answer, [], written.root))
    with pytest.raises(DecisionError, match="turn 1 cannot be rebuilt"):
        await follow(folder, Scripted())
    assert store.all_runs() == [folder]


async def test_logs_of_earlier_versions_can_be_asked_about() -> None:
    first = await asked()
    folder = folder_of(first)
    events = events_of(folder)
    (folder / log.FILE).unlink()
    with closing(log.RunLog(folder)) as written:
        for event in events[:-1]:
            body = event.to_json()
            if isinstance(event, RunStarted):
                body = {
                    key: value for key, value in body.items() if key not in ("files", "vetted", "allow_live", "price")
                }
            written.append(UnknownEvent(body))
        written.append(RunFinished("ok", "end_turn", {}, first.answer, [], written.root))
    second = await follow(folder, Scripted(said(AGAIN), answer()))
    assert second.ok and second.earlier[0].run_id == first.run_id and not second.vetted and second.evidence == []
    assert {"log.jsonl", "page.html", "answer.json"} <= set(files_of(folder_of(second)))
    await check_same(recording_of(second))


async def test_a_question_is_not_asked_of_another_model_or_frozen_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI", raising=False)
    second = await follow(await asked(), Scripted(answer()))
    recording = recording_of(second)
    for refused in (
        lambda: retool(recording, Scripted(), Place(tmp_path / "run")),
        lambda: replayed(recording, recording.file),
    ):
        with pytest.raises(UsageError, match="is a question on another run"):
            await refused()
    with pytest.raises(UsageError, match="is a question on another run"):
        freeze(folder_of(second), tmp_path, "second")


async def test_a_run_that_lies_nowhere_cannot_be_asked_about() -> None:
    with pytest.raises(UsageError, match="lies nowhere"):
        await follow(RunResult(), Scripted())


async def test_resuming_an_answered_question_gives_its_answer_again() -> None:
    second = await follow(await asked(), Scripted(answer()))
    before = files_of(folder_of(second))
    again = await resume(folder_of(second), model=Scripted())
    assert again.answer == second.answer and files_of(folder_of(second)) == before


async def test_a_server_that_is_up_again_when_the_question_goes_on_is_replayed_as_down(tmp_path: Path) -> None:
    run = "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
    late = f"import os, sys; os.path.exists({str(tmp_path / 'up')!r}) or sys.exit(1); {run}"
    keys = {
        "mcpServers": {
            "good": raw("well"),
            "bad": {"command": sys.executable, "args": ["-c", late, str(PROGRAM), "well"], "required": False},
        },
        "tools": [{"tool_name": "double", "bind": "good.double"}],
    }
    first = await ask(Scripted(said(double()), answer()), servers=None, keys=keys)
    whole = await follow(first, Scripted(said(double(id="toolu_2")), answer()), servers=None)
    recorded = recording_of(whole)
    folder = cut_after(whole, ToolAsked, 2)
    (tmp_path / "up").touch()
    assert {each.server for each in (await go_on(folder, Scripted(answer()), servers=None)).servers} == {"good", "bad"}
    recording = Recording.read(folder)
    await check_same(recording, recorded)


async def test_page_and_terminal_tell_of_this_question_and_which_run_it_follows(
    capsys: pytest.CaptureFixture[str],
) -> None:
    first = await ask(Scripted(said(LOOK), answer("no JSON"), answer()))
    second = await follow(first, Scripted(said(AGAIN), answer()))
    result_view.show_result(second)
    shown = " ".join(capsys.readouterr().out.split())
    assert f"follows {first.run_id}" in shown and "unpriced, 2 turns, 1 tool call, " in shown and "repair" not in shown
    told = " ".join(re.sub("<[^>]+>", " ", page.render(second)).split())
    assert "Turns 2 Requests 2 Tool calls 1 Repairs 0" in told
    assert f"Asked on {first.run_id}: {first.question}" in told
