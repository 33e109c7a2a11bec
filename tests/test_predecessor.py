"""The last comparable run, found among real logs in a real home."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from agent import predecessor
from agent.comparison import Change
from agent.errors import AdvisorError
from agent.events import ArtifactWritten, RunCompared, RunFinished
from agent.gathering import read_run
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
        {"servers": {"market": moving_market("simulated")}, "simulated": True},
        {"given": {"sector_recommendations": [], "heatmap_url": ""}, "keys": {"budget": {"repairs": 0}}},
        {"given": advised(confidence=7.0), "keys": {"budget": {"repairs": 0}}},
    ],
)
async def test_what_is_not_comparable_is_passed_over(other: dict[str, Any]) -> None:
    first = await moving_run("2020-01-31")
    await moving_run(JUNE, **other)
    assert compared_with(await moving_run(SEPTEMBER)) == first.run_id


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
