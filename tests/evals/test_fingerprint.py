"""Every part of a run that must not change unnoticed has a hash of its own, and the first that changed is named."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agent.evals.fingerprint import WORDS, fingerprint, first_change
from agent.events import (
    AnswerChecked,
    Event,
    ModelAsked,
    RunFinished,
    RunStarted,
    ToolAnswered,
    ToolAsked,
    ToolsListed,
    ToolsOffered,
)
from tests.asking import ask, logged
from tests.scripted import LOOK, Scripted, answer, said

NOTHING = fingerprint([])


async def events() -> list[Event]:
    return logged(await ask(Scripted(said(LOOK), answer())))


def changed(events: list[Event], kind: type[Event], **fields: Any) -> list[Event]:
    return [replace(event, **fields) if isinstance(event, kind) else event for event in events]


@pytest.mark.parametrize(
    ("kind", "fields", "part"),
    [
        (RunStarted, {"spec": "x"}, "agent"),
        (RunStarted, {"prompt": "x"}, "prompt"),
        (RunStarted, {"opening": "x"}, "opening"),
        (RunStarted, {"schema": "x"}, "schema"),
        (RunStarted, {"model": {"name": "x"}}, "model"),
        (ToolsListed, {"instructions": "x"}, "listed"),
        (ToolsListed, {"tools": []}, "listed"),
        (ToolsListed, {"set_aside": [{}]}, "listed"),
        (ToolsOffered, {"tools": []}, "offered"),
        (ToolsOffered, {"differences": [{}]}, "offered"),
        (ToolAsked, {"arguments": {}}, "calls"),
        (ToolAsked, {"offered_as": "x"}, "calls"),
        (ToolAnswered, {"shown": "x"}, "results"),
        (ToolAnswered, {"is_error": True}, "results"),
        (ToolAnswered, {"source": "injected"}, "results"),
        (ModelAsked, {"request": "x"}, "requests"),
        (AnswerChecked, {"valid": False}, "checks"),
        (AnswerChecked, {"reply": "x"}, "checks"),
        (RunFinished, {"status": "failed"}, "end"),
        (RunFinished, {"warnings": ["x"]}, "end"),
        (RunFinished, {"answer": {}}, "end"),
    ],
)
async def test_one_change_is_seen_in_one_part(kind: type[Event], fields: dict[str, Any], part: str) -> None:
    made = await events()
    before, now = fingerprint(made), fingerprint(changed(made, kind, **fields))
    assert [each for each in WORDS if before[each] != now[each]] == [part]
    assert first_change(before, now) == WORDS[part]


async def test_what_differs_from_one_run_to_the_next_is_not_in_it() -> None:
    made = await events()
    same = changed(made, RunStarted, run_id="x", versions={}, labels=["x"])
    same = changed(same, ToolAnswered, seconds=9.0, retrieved_at="x")
    assert fingerprint(same) == fingerprint(made) and first_change(fingerprint(made), fingerprint(same)) is None


async def test_each_part_of_a_run_is_there_and_short() -> None:
    made = fingerprint(await events())
    assert list(made) == list(WORDS) and {len(each) for each in made.values()} == {16}
    assert [part for part in WORDS if made[part] == NOTHING[part]] == []


def test_cause_is_named_before_its_effects() -> None:
    assert first_change({}, NOTHING) == WORDS["agent"]
    assert first_change(NOTHING, NOTHING | {"end": "x", "calls": "y"}) == "the calls"
    assert len(set(NOTHING.values())) == 1
