"""The first thing in which a replay is not the recorded run is named, with both sides of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent import data
from agent.errors import Diverged
from agent.events import (
    AnswerChecked,
    ArtifactWritten,
    ContentStored,
    Event,
    ModelAnswered,
    ModelAsked,
    RunFinished,
    ToolAnswered,
    ToolAsked,
    ToolsListed,
)
from agent.replay.again import replayed
from agent.replay.divergence import EXCERPT, excerpts, log_divergence, rebuilt, request_divergence
from agent.replay.models import Script
from agent.replay.recording import Recording
from tests.messages_api import call, text
from tests.replay.replaying import edited, file_with, heatmap, recorded, written
from tests.scripted import LOOK, SECTOR_FORM, answer, market, said

Edit = Callable[[Event], Event]


async def diverged(recording: Recording, **options: Any) -> Diverged:
    with pytest.raises(Diverged) as caught:
        await replayed(recording, **options)
    assert caught.value.run_id is None and caught.value.exit_code == 1
    return caught.value


def of(kind: type[Event], /, **changes: Any) -> Edit:
    """Changes each event of a kind; a function gets the old value."""

    def edit(event: Event) -> Event:
        if not isinstance(event, kind):
            return event
        new = {name: value(getattr(event, name)) if callable(value) else value for name, value in changes.items()}
        return replace(event, **new)

    return edit


@pytest.mark.parametrize(
    ("keys", "what", "now"),
    [
        ({"description": "You test otherwise."}, "prompt", "You test otherwise."),
        ({"response_format": SECTOR_FORM | {"title": "Advice"}}, "schema", "Advice"),
        (
            {"tools": [{"tool_name": "get_sector_heatmap", "description": "By sector."}, {"tool_name": "look"}]},
            "tools: get_sector_heatmap",
            "By sector.",
        ),
        ({"mcpServers": {}, "tools": [{"tool_name": "look"}]}, "tools", '["look"]'),
        ({"benchmark": "the index"}, "message 1", "Benchmark: the index"),
    ],
)
async def test_another_agent_file_is_named_by_what_it_changes(keys: dict[str, Any], what: str, now: str) -> None:
    recording = await recorded(servers={"market": market(look=lambda: "seen")})
    keys.setdefault("tools", [{"tool_name": "get_sector_heatmap"}, {"tool_name": "look"}])
    found = await diverged(recording, file=file_with(**keys))
    assert (found.what, found.message) == (what, f"turn 1: another {what}")
    assert now in found.now and now not in found.recorded
    assert f"now:      {found.now}" in str(found.hint) and f"recorded: {found.recorded}" in str(found.hint)
    assert found.to_json() | {"recorded": found.recorded, "now": found.now} == found.to_json()


async def test_description_or_schema_that_a_server_lists_is_part_of_what_the_model_is_offered() -> None:
    recording = await recorded()
    listed = next(event for event in recording.events if isinstance(event, ToolsListed))
    other = ContentStored.of("Something else.")
    tools = [tool | {"description": other.hash} for tool in listed.tools]
    events = [
        each
        for event in recording.events
        for each in ([other, replace(event, tools=tools)] if event is listed else [event])
    ]
    found = await diverged(Recording.of(events, recording.at, "edited"))
    assert (found.what, "Something else." in found.now) == ("tools: get_sector_heatmap", True)


@pytest.fixture
def prompts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of what the model is told, to be changed."""
    for folder in ("prompts", "configs"):
        shutil.copytree(data.root() / folder, tmp_path / folder)
    monkeypatch.setattr(data, "root", lambda: tmp_path)
    yield tmp_path / "prompts"
    monkeypatch.undo()
    data.prompt.cache_clear()


@pytest.mark.parametrize(
    ("file", "message"), [("opening", "turn 1: another message 1"), ("repair", "turn 3: another message 5")]
)
async def test_words_that_were_changed_since_are_named_by_their_message(file: str, message: str, prompts: Path) -> None:
    recording = await recorded(said(LOOK), answer("no JSON"), answer())
    path = prompts / f"{file}.md"
    path.write_text(path.read_text() + "\nBe bold.\n")
    data.prompt.cache_clear()
    found = await diverged(recording)
    assert (found.message, "Be bold" in found.now, "Be bold" in found.recorded) == (message, True, False)


def shout(value: Any) -> Any:
    return {"content": [{"type": "text", "text": "Banks fell."}]}


@pytest.mark.parametrize(
    ("edit", "what", "message"),
    [
        (of(ToolAnswered, result=shout), "message 3", "turn 2: another message 3"),
        (of(ToolAnswered, shown="Banks fell."), "result of call toolu_1", "another result of call"),
        (of(ToolAnswered, kind="simulated"), "kind of the result of call toolu_1", "another kind of the result"),
        (of(ToolAsked, arguments={"lookback_period": "1Y"}), "call", "was not called with {'lookback_period': '3M'}"),
        (of(ToolAsked, key="0"), None, ""),
        (of(ModelAsked, request="0"), "requests", "turn 1: this version builds another request"),
        (of(AnswerChecked, notes=["?"]), "check 1", "another check 1"),
        (of(AnswerChecked, answer={}), "check 1", "another check 1"),
        (of(RunFinished, status="invalid"), "end", "another end"),
        (of(RunFinished, stop_reason="?"), "end", "another end"),
        (of(RunFinished, answer={}), "answer", "another answer"),
        (of(RunFinished, warnings=["?"]), "warnings", "another warnings"),
        (of(ArtifactWritten, sha256="0"), "page", "another page, from the same events"),
    ],
)
async def test_edited_log_diverges_where_it_was_edited(
    edit: Edit, what: str | None, message: str, tmp_path: Path
) -> None:
    recording = Recording.read(written(tmp_path, edited(await recorded(), edit)))
    if what is None:
        await replayed(recording, renders=True)
        return
    found = await diverged(recording, renders=True)
    assert found.what == what and message in found.message


async def test_edited_page_is_seen_only_where_a_page_is_made() -> None:
    recording = edited(await recorded(), of(ArtifactWritten, sha256="0" * 64))
    await replayed(recording)
    found = await diverged(recording, renders=True)
    assert found.recorded == "0" * 64 and len(found.now) == 64 and found.now != found.recorded


async def test_page_of_a_log_that_keeps_no_hash_of_it_is_not_compared() -> None:
    await replayed(edited(await recorded(), of(ArtifactWritten, sha256="")), renders=True)


async def test_edited_result_after_which_nothing_is_asked_is_named_by_its_call() -> None:
    recording = await recorded(*[said(call("nope", {"n": number}, id=f"c{number}")) for number in range(1, 6)])
    last = edited(recording, lambda event: of(ToolAnswered, shown="Banks fell.")(event) if _turn(event) == 5 else event)
    found = await diverged(last)
    assert (found.what, found.recorded) == ("result of call c5", "Banks fell.")


def _turn(event: Event) -> int:
    return getattr(event, "turn", 0)


async def test_call_that_was_not_recorded_ends_the_replay_and_is_no_result_for_the_model() -> None:
    recording = await recorded(said(LOOK), said(heatmap("1Y", id="2")), answer())
    late = edited(
        recording, lambda event: of(ToolAsked, arguments={})(event) if getattr(event, "turn", 0) == 2 else event
    )
    found = await diverged(late)
    assert found.message == "market.get_sector_heatmap was not called with {'lookback_period': '1Y'}"


async def test_model_that_is_asked_once_more_than_was_recorded_diverges() -> None:
    recording = await recorded(said(LOOK), answer("no JSON"), keys={"budget": {"repairs": 0}})
    contents = [event for event in recording.events if isinstance(event, ContentStored)]
    spec = next(event.content for event in contents if event.hash == recording.started.spec)
    found = await diverged(recording, file=file_with(**{**spec, "budget": {"repairs": 1}}))
    assert (found.what, found.message) == ("requests", "the model is asked a 3. time, which was not recorded")


async def test_request_whose_answer_is_missing_diverges() -> None:
    recording = await recorded()
    turns = [event for event in recording.events if isinstance(event, ModelAnswered)]
    events = [event for event in recording.events if event is not turns[-1]]
    found = await diverged(Recording.of(events, recording.at, "edited"))
    assert found.message == "the recorded run stopped during this request"


async def test_run_that_does_less_or_more_than_was_recorded_is_named_by_what_is_left() -> None:
    recording = await recorded()
    [end] = [event for event in recording.events if isinstance(event, RunFinished)]
    short = Recording.of([event for event in recording.events if event is not end], recording.at, "short")
    for one, other, message in ((recording, short, "nothing more in place of end"), (short, recording, "end in place")):
        found = log_divergence(one, other)
        assert found and message in found.message
    assert log_divergence(recording, recording) is None


async def test_results_are_compared_by_their_call_and_not_in_the_order_in_which_they_came() -> None:
    recording = await recorded(said(LOOK, call("nope", {}, id="2")), answer())
    answers = [event for event in recording.events if isinstance(event, ToolAnswered)]
    swapped = dict(zip(map(id, answers), reversed(answers), strict=True))
    events = [swapped.get(id(event), event) for event in recording.events]
    assert events != list(recording.events)
    assert log_divergence(recording, Recording.of(events, recording.at, "swapped")) is None


async def test_parts_of_a_request_are_compared_as_json() -> None:
    recording = await recorded()
    [first, second] = [at for at, event in enumerate(recording.events) if isinstance(event, ModelAsked)]
    asked = recording.events[first]
    assert isinstance(asked, ModelAsked)
    request = rebuilt(recording, first)
    assert request.hash == asked.request and rebuilt(recording, second).hash != asked.request
    one, whole = replace(request, parameters={"effort": 1}), replace(request, parameters={"effort": 1.0})
    found = request_divergence(one, whole, replace(asked, request=one.hash))
    assert (found.what, found.recorded, found.now) == ("parameters", '{"effort": 1}', '{"effort": 1.0}')
    yes = replace(request, parameters={"effort": True})
    assert request_divergence(one, yes, replace(asked, request=one.hash)).what == "parameters"


async def test_message_that_is_missing_or_one_too_many_is_named() -> None:
    recording = await recorded()
    [first, second] = [at for at, event in enumerate(recording.events) if isinstance(event, ModelAsked)]
    short, long = rebuilt(recording, first), rebuilt(recording, second)
    for before, after in ((short, long), (long, short)):
        found = request_divergence(before, after, ModelAsked(2, 1, before.hash))
        assert (found.what, found.message) == ("message 2", "turn 2: another message 2")


async def test_requests_that_differ_in_the_order_of_their_keys_only_are_told_as_such() -> None:
    recording = await recorded()
    first = next(at for at, event in enumerate(recording.events) if isinstance(event, ModelAsked))
    request = rebuilt(recording, first)
    found = request_divergence(request, request, ModelAsked(1, 1, request.hash))
    assert (found.what, found.message) == ("requests", "turn 1: another request")


def test_excerpts_begin_shortly_before_the_difference_and_have_bounds() -> None:
    same = "s" * 1000
    left, right = excerpts(same + "A" * 1000, same + "B" * 1000)
    lead = EXCERPT // 3
    assert left == "…" + "s" * lead + "A" * (EXCERPT - lead) and right == "…" + "s" * lead + "B" * (EXCERPT - lead)
    assert excerpts("same and more", "same") == ("same and more", "same")
    assert excerpts({"a": "Ngân hàng"}, None) == ('{"a": "Ngân hàng"}', "null")


async def test_script_says_its_turns_whatever_it_is_asked_and_then_refuses() -> None:
    recording = await recorded()
    request = rebuilt(recording, next(at for at, event in enumerate(recording.events) if isinstance(event, ModelAsked)))
    script = Script([said(LOOK), said(text("so"))], name="hijack")
    assert [(await script.answer(request)).text for _ in range(2)] == ["", "so"]
    last = await script.answer(request)
    assert (last.stop_reason, last.model) == ("refusal", "hijack") and "no further turn" in str(last.stop_details)
    assert (script.paid, script.label, script.parameters) == (False, None, {})
    await script.close()
