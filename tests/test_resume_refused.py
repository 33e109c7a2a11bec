"""What a stopped run does not go on with: another request, agent, model or tool, a write of unknown outcome."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.agentfile import AgentFile, parse
from agent.errors import DecisionError, LogBusy, LogDamaged, LogError, SimulatedDataError, UsageError
from agent.events import Event, ModelAsked, RunFinished, RunStarted, ServerOpened, ToolAnswered, ToolAsked, ToolsOffered
from agent.model.base import Turn
from agent.run import resume
from agent.runs import log, store
from agent.source import Source
from tests.asking import ask
from tests.messages_api import call
from tests.resuming import (
    WRITES,
    Desk,
    count,
    cut_after,
    cut_in_its_request,
    events_of,
    files_of,
    go_on,
    leave,
    lines_of,
    sitting,
)
from tests.scripted import LOOK, Scripted, agent_file, answer, market, said
from tests.tools.raw import PROGRAM


async def refused(folder: Path, kind: type[Exception], says: str, **options: Any) -> Exception:
    """Resuming raises that, asks no model, and adds no line to the log."""
    model = options.pop("model", Scripted())
    before = lines_of(folder)
    with pytest.raises(kind, match=says) as caught:
        await go_on(folder, model, **options)
    assert model.requests == [] and lines_of(folder) == before
    return caught.value


async def test_request_that_cannot_be_rebuilt_from_the_log_is_refused() -> None:
    folder = await cut_in_its_request()
    *kept, last = log.read(folder / log.FILE)
    assert isinstance(last.event, ModelAsked)
    other = log.encode(replace(last.event, request="0" * 64), last.index, last.at)
    leave(folder, [*lines_of(folder)[: len(kept)], other])
    error = await refused(folder, DecisionError, "the request of turn 2 cannot be rebuilt")
    assert isinstance(error, DecisionError)
    assert error.exit_code == 7 and "--new-attempt" in str(error.hint)
    first = await resume(folder, new_attempt=True, model=Scripted(said(LOOK), answer()), servers={"market": market()})
    assert first.ok and first.folder != folder


@pytest.mark.parametrize(
    ("changed", "says"),
    [({"agent_name": "Other"}, "another agent file"), ({"policy": {"require_calls": False}}, "another agent file")],
)
async def test_another_agent_file_is_refused(changed: dict[str, Any], says: str) -> None:
    await refused(await cut_in_its_request(), DecisionError, says, agent=agent_file(**changed))


async def test_another_system_text_is_refused() -> None:
    same = parse(Source("agent.yaml", agent_file()))
    other = AgentFile(same.spec, same.source, same.system + "\nBe bold.")
    await refused(await cut_in_its_request(), DecisionError, "began with another system text$", agent=other)


@pytest.mark.parametrize(("name", "parameters"), [("other", {}), ("scripted", {"effort": "low"})])
async def test_another_model_or_other_parameters_are_refused(name: str, parameters: dict[str, Any]) -> None:
    model = Scripted()
    model.name, model.parameters = name, parameters
    await refused(await cut_in_its_request(), DecisionError, "began with another model$", model=model)
    assert model.closed


@pytest.mark.parametrize(
    ("changed", "says"),
    [({"question": "Why?"}, "question$"), ({"as_of": "2008-09-30"}, "as-of date$"), ({}, None)],
    ids=["question", "as-of date", "nothing"],
)
async def test_sitting_about_something_else_is_refused(changed: dict[str, Any], says: str | None) -> None:
    folder = await cut_in_its_request()
    again = sitting(Scripted(*([] if says else [answer()])), folder, **changed)
    if says is None:
        assert (await again.run()).ok
        return
    before = lines_of(folder)
    with pytest.raises(DecisionError, match=f"began with another {says}"):
        await again.run()
    assert lines_of(folder) == before


async def test_same_agent_file_is_taken_however_it_is_written() -> None:
    folder = await cut_in_its_request()
    backwards = dict(reversed(agent_file().items()))
    assert (await go_on(folder, Scripted(answer()), agent=backwards)).ok


async def test_new_attempt_begins_the_same_run_again_beside_the_first() -> None:
    whole = await ask(Scripted(said(LOOK), answer()), "What now?", as_of="2008-09-30")
    folder = cut_after(whole, ToolAnswered)
    before = files_of(folder)
    result = await go_on(folder, Scripted(said(LOOK), answer()), new_attempt=True)
    assert result.ok and result.run_id != whole.run_id and result.key == whole.key
    assert (result.question, result.as_of, result.possibly_paid_twice) == ("What now?", "2008-09-30", 0)
    assert len(store.all_runs()) == 2 and files_of(folder) == before


async def test_run_that_has_its_end_can_be_begun_again() -> None:
    whole = await ask(Scripted(said(LOOK), answer()))
    assert whole.folder
    result = await go_on(whole.folder, Scripted(said(LOOK), answer()), new_attempt=True)
    assert result.ok and result.folder != whole.folder


def described(words: str, **more: type) -> dict[str, Any]:
    """The market with one more tool, of that description and arguments."""

    def extra(n: int = 0) -> str:
        return "extra"

    extra.__doc__ = words
    extra.__annotations__ |= more
    return {"market": market(extra=extra)}


@pytest.mark.parametrize(
    ("servers", "what"),
    [
        (described("Other words."), "is not what it was"),
        (described("Words.", n=str), "is not what it was"),
        ({"market": market()}, "is offered no more"),
    ],
    ids=["description", "schema", "gone"],
)
@pytest.mark.parametrize(("stopped_after", "rest"), [(ToolAnswered, [answer()]), (ModelAsked, [said(LOOK), answer()])])
async def test_tool_that_changed_since_is_refused_before_any_request(
    stopped_after: type[Event], rest: list[Turn], servers: dict[str, Any], what: str
) -> None:
    whole = await ask(Scripted(said(LOOK), answer()), servers=described("Words."))
    folder = cut_after(whole, stopped_after)
    model = Scripted()
    with pytest.raises(DecisionError, match=f"tool 'extra' of 'market' {what} since the run began") as caught:
        await go_on(folder, model, servers=servers)
    assert model.requests == [] and caught.value.run_id == whole.run_id
    end = events_of(folder)[-1]
    assert isinstance(end, RunFinished) and (end.status, end.resumable) == ("needs_decision", True)
    assert (await go_on(folder, Scripted(*rest), servers=described("Words."))).ok


async def test_tool_that_changed_before_anything_was_asked_is_offered_as_it_is_now() -> None:
    whole = await ask(Scripted(said(LOOK), answer()), servers=described("Words."))
    model = Scripted(said(LOOK), answer())
    assert (await go_on(cut_after(whole, ToolsOffered), model, servers=described("Other words."))).ok
    assert [tool["description"] for tool in model.requests[0].tools if tool["name"] == "extra"] == ["Other words."]


async def test_tool_that_came_in_addition_is_not_offered_nor_called() -> None:
    folder = await cut_in_its_request()
    model = Scripted(said(call("extra", {})), answer())
    result = await go_on(folder, model, servers=described("Words."))
    assert [tool["name"] for tool in model.requests[0].tools] == ["get_sector_heatmap"]
    assert result.ok and "There is no tool 'extra'" in str(result.calls[-1].shown)


async def test_write_of_unknown_outcome_needs_a_decision_and_is_not_made() -> None:
    desk = Desk()
    folder = await desk.cut_in_its_call()
    result = await go_on(folder, Scripted(), servers=desk.servers())
    assert (result.status, result.exit_code, result.resumable) == ("needs_decision", 7, True)
    assert "place_order" in result.stop_reason and desk.orders == 0
    assert (await go_on(folder, Scripted(), servers=desk.servers())).status == "needs_decision"
    assert desk.orders == 0


@pytest.mark.parametrize("after_asking", [False, True])
async def test_write_is_made_once_more_when_somebody_says_so(after_asking: bool) -> None:
    desk, model = Desk(), Scripted(answer())
    folder = await desk.cut_in_its_call()
    if after_asking:
        await go_on(folder, Scripted(), servers=desk.servers())
    result = await go_on(folder, model, servers=desk.servers(), in_flight="repeat")
    assert result.ok and desk.orders == 1 and count(folder, ToolAsked) == 1
    assert model.requests[0].messages[-1]["content"][0]["content"].splitlines()[1] == "ordered"


async def test_write_is_passed_over_when_somebody_says_so_and_the_model_reads_that_its_outcome_is_unknown() -> None:
    desk, model = Desk(), Scripted(said(LOOK), answer())
    result = await go_on(await desk.cut_in_its_call(), model, servers=desk.servers(), in_flight="skip")
    assert result.ok and desk.orders == 0
    (told,) = model.requests[0].messages[-1]["content"]
    assert told["is_error"] and "Whether it was carried out is not known" in told["content"]


async def test_what_somebody_said_of_one_write_does_not_hold_for_the_next() -> None:
    desk = Desk()
    folder = await desk.cut_in_its_call()
    again = said(call("place_order", {}, id="second"))
    result = await go_on(folder, Scripted(again, answer()), servers=desk.servers(), in_flight="repeat")
    assert desk.orders == 2
    cut_after(result, ToolAsked, 2)
    result = await go_on(folder, Scripted(), servers=desk.servers())
    assert result.status == "needs_decision" and desk.orders == 2


async def test_skip_leaves_reads_and_calls_that_were_not_begun_alone() -> None:
    desk, model = Desk(), Scripted(answer())
    both = said(LOOK, call("place_order", {}, id="order"))
    whole = await ask(Scripted(both, answer()), servers=desk.servers(), keys=WRITES)
    folder = cut_after(whole, ToolAsked, 1)
    desk.orders = 0
    result = await go_on(folder, model, servers=desk.servers(), in_flight="skip")
    assert result.ok and desk.orders == 1
    assert [block["is_error"] for block in model.requests[0].messages[-1]["content"]] == [False, False]


async def test_write_that_may_be_made_twice_is_simply_repeated() -> None:
    desk = Desk(idempotent=True)
    result = await go_on(await desk.cut_in_its_call(), Scripted(answer()), servers=desk.servers())
    assert result.ok and desk.orders == 1


def raw_server(**more: Any) -> dict[str, Any]:
    server = {"command": sys.executable, "args": [str(PROGRAM), "well"], **more}
    return {"mcpServers": {"raw": server}, "tools": [{"tool_name": "double"}]}


DOUBLE = said(call("double", {"n": 2}))


async def test_stateful_server_that_was_used_is_gone_with_what_it_knew() -> None:
    whole = await ask(Scripted(DOUBLE, answer()), servers=None, keys=raw_server(stateful=True))
    folder, model = cut_after(whole, ToolAnswered), Scripted()
    with pytest.raises(DecisionError, match="server 'raw' is stateful: what the run did there is gone"):
        await go_on(folder, model, servers=None)
    assert model.requests == [] and count(folder, ServerOpened) == 1


async def test_stateful_server_that_was_not_used_yet_is_opened_anew() -> None:
    whole = await ask(Scripted(DOUBLE, answer()), servers=None, keys=raw_server(stateful=True))
    assert (await go_on(cut_after(whole, ModelAsked), Scripted(DOUBLE, answer()), servers=None)).ok


async def test_literal_values_of_env_have_to_come_from_the_file_again() -> None:
    keys = raw_server(env={"SECRET_KEY": "of-the-file"})
    folder = cut_after(await ask(Scripted(DOUBLE, answer()), servers=None, keys=keys), ToolAnswered)
    error = await refused(folder, UsageError, "does not keep the values of env and headers", servers=None)
    assert isinstance(error, UsageError) and "-c the agent mapping" in str(error.hint)
    assert (await go_on(folder, Scripted(answer()), servers=None, agent=agent_file(**keys))).ok


async def test_simulated_data_that_came_before_the_stop_never_reach_a_paid_model() -> None:
    servers = {"market": market(kind="simulated")}
    with pytest.raises(SimulatedDataError):
        await ask(Scripted(said(LOOK)), servers=servers)
    model = Scripted()
    with pytest.raises(SimulatedDataError):
        await go_on(store.find("last"), model, servers=servers)
    assert model.requests == []


async def test_permission_to_see_simulated_data_holds_for_the_whole_run() -> None:
    servers = {"market": market(kind="simulated")}
    whole = await ask(Scripted(said(LOOK), answer()), servers=servers, simulated=True)
    result = await go_on(cut_after(whole, ToolAnswered), Scripted(answer()), servers=servers)
    assert result.answer == whole.answer


async def test_damaged_line_is_refused_so_that_nothing_is_paid_twice() -> None:
    folder = await cut_in_its_request()
    lines = lines_of(folder)
    leave(folder, [*lines[:-2], lines[-2].replace(b'"turn":1', b'"turn":7'), lines[-1]])
    await refused(folder, LogDamaged, f":{len(lines) - 1}: this line is not what was written")


async def test_run_that_another_process_holds_is_busy() -> None:
    folder = await cut_in_its_request()
    held = log.RunLog(folder)
    try:
        error = await refused(folder, LogBusy, "another process holds this run")
    finally:
        held.close()
    assert isinstance(error, LogBusy) and error.exit_code == 75
    assert (await go_on(folder, Scripted(answer()))).ok


async def test_run_that_stopped_before_it_began_has_nothing_to_go_on_with() -> None:
    whole = await ask(Scripted(said(LOOK), answer()))
    assert whole.folder
    lines = lines_of(whole.folder)
    began = [isinstance(event, RunStarted) for event in events_of(whole.folder)].index(True)
    for kept in range(began + 1):
        leave(whole.folder, lines[:kept], lines[kept][:9])
        with pytest.raises(UsageError, match=f"{whole.run_id} stopped before it began"):
            await go_on(whole.folder, Scripted())


async def test_folder_without_a_log_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="cannot be read"):
        await go_on(tmp_path, Scripted())


async def test_log_holds_no_value_that_it_asks_for_again() -> None:
    keys = raw_server(env={"SECRET_KEY": "of-the-file"})
    whole = await ask(Scripted(DOUBLE, answer()), servers=None, keys=keys)
    assert whole.folder and b"of-the-file" not in b"".join(lines_of(whole.folder))
    assert json.loads(lines_of(whole.folder)[0])["content"]["mcpServers"]["raw"]["env"] == {"SECRET_KEY": "[redacted]"}
