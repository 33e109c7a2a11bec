"""A recorded question to another model, over the recorded tools: a run of its own, which says that it is one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent import data
from agent.errors import CredentialsError, ServerError, SimulatedDataError, UsageError
from agent.events import ModelAsked, RunStarted, ToolAnswered
from agent.gathering import read_run
from agent.place import Place
from agent.replay.again import replayed
from agent.replay.recording import Recording
from agent.replay.retool import Retooled, retool
from agent.run import resume
from agent.runs import store
from tests.asking import logged
from tests.messages_api import call
from tests.replay.replaying import double, file_with, heatmap, raw, recorded
from tests.resuming import events_of
from tests.scripted import LOOK, Scripted, answer, market, said


async def ask_anew(recording: Recording, *steps: Any, paid: bool = True, **options: Any) -> tuple[Retooled, Scripted]:
    """Another model is asked what the recorded one was."""
    model = Scripted(*steps, paid=paid)
    model.name = "other"
    try:
        done = await retool(recording, model, Place(store.folder(store.new_id())), **options)
    finally:
        assert model.closed
    assert len(model.requests) == len(steps)
    return done, model


async def test_another_model_is_asked_the_recorded_question_and_its_run_says_what_it_rests_on() -> None:
    recording = await recorded(as_of="2020-01-31")
    done, model = await ask_anew(recording, said(LOOK), answer())
    result = done.result
    assert result.ok and (result.question, result.as_of, result.model) == ("Which sectors?", "2020-01-31", "other")
    assert result.labels == ["RECORDED TOOLS"] and done.fidelity == 1.0 and done.found == {"exact": 1}
    assert result.run_id != recording.started.run_id and result.calls[0].source == "replayed"
    [known] = recording.results
    [given] = [event for event in logged(result) if isinstance(event, ToolAnswered)]
    assert (given.result, given.retrieved_at, given.seconds) == (known.result, known.retrieved_at, known.seconds)
    assert "As-of date: 2020-01-31" in model.requests[0].messages[0]["content"][1]["text"]
    assert result.folder and read_run(result.folder) == result and "RECORDED TOOLS" in result.page.read_text()  # type: ignore[union-attr]


async def test_log_of_it_names_the_run_whose_tools_answered_and_can_be_replayed_itself() -> None:
    recording = await recorded()
    done, _ = await ask_anew(recording, said(LOOK), answer())
    assert done.result.folder
    own = Recording.read(done.result.folder)
    assert own.started.replay_of == recording.started.run_id != own.started.run_id
    again = await replayed(own, renders=True)
    assert again.result.labels == ["RECORDED TOOLS"]
    assert again.recording.started.replay_of == recording.started.run_id


async def test_run_with_calls_that_were_not_recorded_can_be_replayed_itself() -> None:
    steps = [said(heatmap("1Y"), LOOK | {"id": "2"}), answer()]
    done, _ = await ask_anew(await recorded(), *steps)
    assert done.result.folder
    own = Recording.read(done.result.folder)
    again = await replayed(own, renders=True)
    assert [each.source for each in again.result.calls] == ["miss", "replayed"]
    assert [each.arguments for each in own.results] == [{"lookback_period": "3M"}], "a miss is no result"


async def test_call_that_was_not_recorded_is_told_in_neutral_words_and_lowers_the_fidelity() -> None:
    steps = [said(heatmap(" 3M "), heatmap("1Y", id="2"), LOOK | {"id": "3"}, heatmap("2Y", id="4")), answer()]
    done, model = await ask_anew(await recorded(), *steps)
    assert [each.source for each in done.result.calls] == ["replayed", "miss", "replayed", "miss"]
    assert done.found == {"normalised": 1, "miss": 2, "exact": 1} and done.fidelity == 0.5
    missed = model.requests[1].messages[-1]["content"][1]
    assert (missed["content"], missed["is_error"]) == (data.words("not_recorded"), True)
    assert "3M" not in missed["content"], "what is there would be a hint"


async def test_miss_of_a_simulated_tool_is_no_simulated_result() -> None:
    recording = await recorded(servers={"market": market(kind="simulated")}, simulated=True)
    done, _ = await ask_anew(recording, said(heatmap("2Y")), answer())
    assert done.result.labels == ["RECORDED TOOLS"] and done.result.calls[0].kind is None


async def test_run_without_a_call_has_no_fidelity() -> None:
    done, _ = await ask_anew(await recorded(), answer(), answer())
    assert (done.result.status, done.fidelity, done.found.total()) == ("unsupported", None, 0)


async def test_call_of_a_tool_that_is_not_offered_is_the_models_fault_and_not_the_recordings() -> None:
    done, _ = await ask_anew(await recorded(), said(call("nope", {}), LOOK | {"id": "2"}), answer())
    assert done.fidelity == 1.0 and done.result.calls[0].source == "refused"


async def test_it_is_not_resumed() -> None:
    recording = await recorded()
    with pytest.raises(CredentialsError):
        await ask_anew(recording, said(LOOK), CredentialsError("no"))
    folder = store.find("last")
    before = events_of(folder)
    with pytest.raises(UsageError, match="is a replay, and does not go on") as caught:
        await resume(folder, model=Scripted())
    assert "runs replay" in str(caught.value.hint) and events_of(folder) == before


async def simulated() -> Recording:
    """By a model that costs nothing."""
    asked = Scripted(said(LOOK), answer(), paid=False)
    from tests.asking import ask

    result = await ask(asked, servers={"market": market(kind="simulated")})
    assert result.folder
    return Recording.read(result.folder)


async def test_paid_model_gets_no_simulated_data_unless_that_is_wanted() -> None:
    recording = await simulated()
    with pytest.raises(SimulatedDataError):
        await ask_anew(recording, said(LOOK))
    done, _ = await ask_anew(recording, said(LOOK), answer(), simulated=True)
    assert done.result.labels == ["SIMULATED DATA", "RECORDED TOOLS"]
    done, _ = await ask_anew(recording, said(LOOK), answer(), paid=False)
    assert done.result.ok


async def test_what_an_agent_file_allows_is_allowed_and_what_a_recorded_run_was_allowed_is_not() -> None:
    allowed = await recorded(servers={"market": market(kind="simulated")}, simulated=True)
    with pytest.raises(SimulatedDataError):
        await ask_anew(allowed, said(LOOK))
    done, _ = await ask_anew(await simulated(), said(LOOK), answer(), file=file_with(simulated=True))
    assert done.result.ok


async def test_paid_model_is_asked_nothing_when_the_offered_tools_say_that_they_simulate() -> None:
    keys = {"mcpServers": {"raw": raw("simulated")}}
    recording = await recorded(said(double()), answer(), servers=None, keys=keys, simulated=True)
    events = [each for each in recording.events if not isinstance(each, RunStarted)]
    started = RunStarted(**{**vars(recording.started), "simulated": False})
    at = recording.events.index(recording.started)
    undeclared = Recording.of([*events[:at], started, *events[at:]], recording.at, "undeclared")
    with pytest.raises(SimulatedDataError):
        await ask_anew(undeclared)
    assert not any(isinstance(event, ModelAsked) for event in events_of(store.find("last")))


async def test_another_agent_file_asks_its_own_way() -> None:
    done, model = await ask_anew(await recorded(), said(LOOK), answer(), file=file_with(description="Be bold."))
    assert done.result.ok and "Be bold." in model.requests[0].system


async def test_required_server_that_was_lost_is_lost_to_another_model_too() -> None:
    keys = {"mcpServers": {"weak": raw("dies-in-call")}}
    recording = await recorded(said(double()), servers=None, keys=keys)
    with pytest.raises(ServerError):
        await ask_anew(recording, said(double()))


async def test_listener_hears_of_it(home: Path) -> None:
    heard: list[str] = []
    await ask_anew(await recorded(), said(LOOK), answer(), listen=lambda event: heard.append(event.name))
    assert "run.started" in heard and heard[-1] == "run.finished"
