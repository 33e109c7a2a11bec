"""The last comparable run, found among real logs in a real home."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from agent import predecessor
from agent.comparison import Change
from agent.errors import AdvisorError
from agent.events import (
    AnswerChecked,
    ArtifactWritten,
    ContentStored,
    Event,
    RunCompared,
    RunFinished,
    RunStarted,
    ToolAnswered,
    from_json,
)
from agent.follow import follow_up
from agent.gathering import read_run, result_of
from agent.replay.again import replayed
from agent.result import RunResult
from agent.runs import log, store
from agent.tools.pool import in_process
from tests.asking import logged
from tests.moving import HEATMAP, JUNE, SEPTEMBER, advised, moving_market, moving_run
from tests.replay.replaying import check_same, recording_of
from tests.resuming import count, cut_after, sitting
from tests.scripted import Scripted, answer, said


def compared_with(result: RunResult) -> str | None:
    return result.compared.run if result.compared else None


async def test_first_run_has_nothing_to_be_compared_with() -> None:
    result = await moving_run()
    assert result.ok and result.compared is None
    assert not any(isinstance(event, RunCompared) for event in logged(result))


async def test_later_run_says_what_changed_and_which_figures_moved() -> None:
    first = await moving_run(JUNE)
    second = await moving_run(SEPTEMBER, advised("underweight", 0.7))
    assert second.compared and (second.compared.run, second.compared.as_of) == (first.run_id, JUNE)
    banks, energy = map(Change.of, second.compared.changes)
    assert (banks.sector, banks.kind, banks.action) == ("Banks", "flipped", ("overweight", "underweight"))
    assert [(each.metric, each.before, each.after) for each in banks.figures] == [("performance", 4.2, -6.0)]
    assert (energy.kind, energy.figures) == ("same", ())
    assert second.folder and read_run(second.folder).envelope() == second.envelope()


async def test_latest_of_the_earlier_dates_is_chosen_in_whatever_order_they_ran() -> None:
    runs = {day: await moving_run(day) for day in ("2020-03-31", "2020-01-31", "2020-05-29", "2020-02-28")}
    assert compared_with(await moving_run("2020-04-30")) == runs["2020-03-31"].run_id
    assert compared_with(await moving_run("2020-01-31")) is None


async def test_of_runs_as_of_one_date_the_newest_is_chosen() -> None:
    await moving_run(JUNE)
    newest = await moving_run(JUNE)
    assert newest.compared is None
    assert compared_with(await moving_run(SEPTEMBER)) == newest.run_id


async def test_run_without_a_date_is_compared_with_the_newest_without_one() -> None:
    await moving_run(None)
    newest = await moving_run(None)
    await moving_run(JUNE)
    assert compared_with(await moving_run(None)) == newest.run_id


@pytest.mark.parametrize(
    "other",
    [
        {"question": "Which sectors lag?"},
        {"model_name": "another"},
        {"keys": {"agent_name": "Somebody"}},
        {"keys": {"horizon": "21 sessions"}},
        {"keys": {"benchmark": "VNINDEX"}},
        {"keys": {"universe": ["Banks", "Energy"]}},
        {"keys": {"mcpServers": {"desk": {"command": "desk"}}}},
        {"servers": {"market": moving_market("simulated")}, "simulated": True},
        {"given": {"sector_recommendations": [], "heatmap_url": ""}, "keys": {"budget": {"repairs": 0}}},
        {"given": advised(confidence=7.0), "keys": {"budget": {"repairs": 0}}},
    ],
)
async def test_what_is_not_comparable_is_passed_over(other: dict[str, Any]) -> None:
    first = await moving_run("2020-01-31")
    await moving_run(JUNE, **other)
    assert compared_with(await moving_run(SEPTEMBER)) == first.run_id


async def test_run_held_to_its_date_is_not_shown_figures_of_one_that_was_told_of_today() -> None:
    held = await moving_run("2020-01-31", allow_live=False)
    live = await moving_run(JUNE)
    assert compared_with(await moving_run(SEPTEMBER, allow_live=False)) == held.run_id
    assert compared_with(await moving_run(SEPTEMBER)) == live.run_id


async def test_figures_of_an_ungated_run_are_not_shown_where_they_are_later_than_the_date() -> None:
    """As runs saw them before anything was withheld."""
    before = await moving_run("2020-01-31")
    figures = dict.fromkeys((JUNE, SEPTEMBER), (1.0, 2.0, 3.0))
    later = await moving_run(JUNE, servers={"market": moving_market(figures=figures)})
    assert later.folder
    told = [line.event for line in log.read(later.folder / log.FILE)]
    rewritten(later.folder, [of_later_figures(event) for event in told if not isinstance(event, RunFinished)])
    assert read_run(later.folder).observed == ("2026-01-30", "2026-01-30")
    assert compared_with(await moving_run(SEPTEMBER)) == before.run_id


def of_later_figures(event: Event) -> Event:
    if isinstance(event, RunStarted):
        return replace(event, vetted=False)
    if isinstance(event, ContentStored | ToolAnswered):
        return from_json(json.loads(json.dumps(event.to_json()).replace(f'"{JUNE}"', '"2026-01-30"')))
    return event


def rewritten(folder: Path, events: Sequence[Event]) -> None:
    """A log of the same run with other events, sealed."""
    lines = [log.encode(event, at, "2020-01-01T00:00:00+00:00") for at, event in enumerate(events)]
    root = hashlib.sha256(b"".join(lines)).hexdigest()
    result = result_of(events, folder)
    end = RunFinished("ok", "", {}, result.best_attempt, [], root)
    (folder / log.FILE).write_bytes(b"".join([*lines, log.encode(end, len(lines), "2020-01-01T00:00:00+00:00")]))


@pytest.mark.parametrize("strange", ["content", "spec", "evidence", "date"])
async def test_log_of_another_version_beside_it_costs_no_run_its_answer(strange: str) -> None:
    first = await moving_run("2020-01-31")
    other = await moving_run(JUNE)
    assert other.folder
    events = [line.event for line in log.read(other.folder / log.FILE)]
    changed = {
        "content": [event for event in events if not isinstance(event, ContentStored)],
        "spec": [ContentStored(each.hash, []) if isinstance(each, ContentStored) else each for each in events],
        "evidence": [replace(e, evidence=[{"number": 4.2}]) if isinstance(e, AnswerChecked) else e for e in events],
        "date": [replace(each, as_of=cast(str, 20200630)) if isinstance(each, RunStarted) else each for each in events],
    }[strange]
    lines = [log.encode(event, at, "2020-01-01T00:00:00+00:00") for at, event in enumerate(changed[:-1])]
    end = RunFinished("ok", "", {}, other.answer, [], hashlib.sha256(b"".join(lines)).hexdigest())
    lines.append(log.encode(end, len(lines), "2020-01-01T00:00:00+00:00"))
    (other.folder / log.FILE).write_bytes(b"".join(lines))
    predecessor._head.cache_clear()
    last = await moving_run(SEPTEMBER)
    assert last.ok and compared_with(last) == first.run_id


async def test_other_prompt_description_or_limits_are_comparable() -> None:
    first = await moving_run(JUNE, keys={"description": "You advise.", "budget": {"turns": 5}})
    assert compared_with(await moving_run(SEPTEMBER)) == first.run_id


async def test_run_that_failed_or_has_another_form_is_compared_with_nothing() -> None:
    await moving_run(JUNE)
    refused = await moving_run(SEPTEMBER, advised(confidence=7.0), keys={"budget": {"repairs": 0}})
    assert refused.status == "invalid" and refused.compared is None
    form = {"type": "object", "properties": {"sector_recommendations": {"type": "string"}}}
    other = await moving_run(SEPTEMBER, {"sector_recommendations": "Banks"}, keys={"response_format": form})
    assert other.ok and other.compared is None


async def test_logs_that_cannot_be_read_do_not_keep_a_run_from_its_end() -> None:
    first = await moving_run("2020-01-31")
    for name, content in {"torn": b'{"i":0', "empty": b"", "foreign": b"\xff\xfe\n", "list": b"[]\n"}.items():
        (store.folder(name)).mkdir()
        (store.folder(name) / log.FILE).write_bytes(content)
    (store.folder("folder") / log.FILE).mkdir(parents=True)
    damaged = await moving_run(JUNE)
    assert damaged.folder
    path = damaged.folder / log.FILE
    path.write_bytes(path.read_bytes().replace(b"It moved the most.", b"It moved the least", 1))
    last = await moving_run(SEPTEMBER)
    assert last.ok and compared_with(last) == first.run_id


async def test_run_that_has_not_begun_is_seen_once_it_has() -> None:
    """In a batch they run beside each other, and a log is looked at before and after its first events."""
    first = await moving_run("2020-01-31")
    assert first.folder
    lines = (first.folder / log.FILE).read_bytes()
    (first.folder / log.FILE).write_bytes(lines.splitlines(keepends=True)[0])
    assert compared_with(await moving_run(JUNE)) is None
    (first.folder / log.FILE).write_bytes(lines)
    assert compared_with(await moving_run(JUNE)) == first.run_id


async def test_runs_of_a_batch_are_compared_among_themselves(tmp_path: Path) -> None:
    await moving_run("2020-05-29")

    async def job(name: str, as_of: str) -> RunResult:
        model = Scripted(said(HEATMAP), answer(json.dumps(advised())))
        place = tmp_path / "results" / "runs" / name
        opening = in_process({"market": moving_market()})
        return await sitting(model, place, as_of=as_of, opening=opening, allow_live=True).run()

    assert (await job("june", JUNE)).compared is None
    assert compared_with(await job("september", SEPTEMBER)) == "june"


async def test_question_on_a_job_of_a_batch_is_compared_with_its_answer(tmp_path: Path) -> None:
    first = await moving_run(JUNE)
    assert first.folder
    place = tmp_path / "results" / "runs" / "june"
    shutil.move(first.folder, place)
    model = Scripted(answer(json.dumps(advised("underweight"))))
    second = await follow_up(place, "And Banks?", model=model, servers={"market": moving_market()})
    assert compared_with(second) == first.run_id and second.compared
    assert [Change.of(each).kind for each in second.compared.changes] == ["flipped", "same"]
    assert second.folder and read_run(second.folder).envelope() == second.envelope()


@pytest.mark.parametrize(("sectors", "at"), [(("Banks", "Energy"), 0), (("Media",), 1), (("Retail",), 1)])
async def test_a_question_is_compared_with_the_newest_answer_of_its_conversation_on_one_of_its_sectors(
    sectors: tuple[str, ...], at: int
) -> None:
    """Else with the one that it was asked on."""

    async def asked_on(before: RunResult, *sectors: str) -> RunResult:
        model = Scripted(answer(json.dumps(on_sectors(*sectors))))
        assert before.folder
        return await follow_up(before.folder, "And these?", model=model, servers={"market": moving_market()})

    first = await moving_run(JUNE)
    second = await asked_on(first, "Media")
    third = await asked_on(second, *sectors)
    assert compared_with(third) == (first, second)[at].run_id
    assert third.folder and read_run(third.folder).compared == third.compared
    await check_same(recording_of(third))


def on_sectors(*sectors: str) -> dict[str, Any]:
    about = {"action": "overweight", "rationale": "It moved the most.", "confidence_score": 0.6}
    return {"sector_recommendations": [about | {"sector_name": name} for name in sectors], "heatmap_url": ""}


async def test_only_the_newest_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predecessor, "LOOKED_AT", 2)
    await moving_run("2020-05-29")
    for _ in range(2):
        await moving_run("2020-01-31", question="Another?")
    assert compared_with(await moving_run(SEPTEMBER)) is None


async def test_replay_comes_to_the_same_comparison_byte_for_byte_wherever_the_other_run_is(home: Path) -> None:
    first = await moving_run(JUNE)
    second = await moving_run(SEPTEMBER, advised("underweight"))
    assert first.folder and compared_with(second) == first.run_id
    shutil.rmtree(first.folder)
    recording = recording_of(second)
    await check_same(recording)
    again = await replayed(recording, renders=True)
    assert again.result.compared == recording.compared == second.compared


@pytest.mark.parametrize("last", [RunCompared, ArtifactWritten])
async def test_run_that_died_after_its_comparison_ends_with_one_that_holds(last: type[Any]) -> None:
    first = await moving_run(JUNE)
    second = await moving_run(SEPTEMBER, advised("underweight"))
    folder = cut_after(second, last)
    resumed = await resumed_run(folder)
    assert resumed.ok and compared_with(resumed) == first.run_id
    assert resumed.compared == second.compared and count(folder, RunFinished) == 1
    await check_same(recording_of(resumed))


async def resumed_run(folder: Path) -> RunResult:
    from agent.run import resume

    return await resume(folder, model=Scripted(), servers={"market": moving_market()})


async def test_run_that_breaks_off_has_no_comparison() -> None:
    await moving_run(JUNE)
    with pytest.raises(AdvisorError):
        await moving_run(SEPTEMBER, servers={"market": moving_market("simulated")})
    assert not any(isinstance(event, RunCompared) for event in logged(Path()))
