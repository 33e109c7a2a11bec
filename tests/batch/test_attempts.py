"""Further attempts of jobs, their spend and their locks; and guards that a run takes with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from agent.batch.door import Door
from agent.batch.folder import BatchFolder
from agent.batch.jobs import Defaults, load
from agent.errors import LogBusy, SimulatedDataError, Stale, UsageError
from agent.events import RunFinished
from agent.place import Place
from agent.run import resume
from agent.runs import log, store
from agent.runs.log import RunLog
from tests.batch.test_due import Desk, at
from tests.scripted import agent_file

JOBS = {"agent": "us_sector_rotation", "model": "planner"}


def door(folder: Path, *, new_attempt: bool = False, **keys: Any) -> Door:
    path = folder / "jobs.yaml"
    path.write_text(yaml.safe_dump(JOBS | {"jobs": [{"id": "a", "question": "Which?"}]} | keys), encoding="utf-8")
    return Door(load(path, Defaults()), folder / "out", new_attempt=new_attempt)


def failing() -> dict[str, Any]:
    """A job of the planner that ends as refused: no session of the pack lies so early."""
    return {"jobs": [{"id": "a", "question": "Which?", "as_of": "1900-01-31"}]}


def events_of(run: Path) -> list[str]:
    return [line.event.name for line in log.read(run / log.FILE)]


async def test_new_attempt_that_died_is_resumed_and_what_all_attempts_spent_counts(tmp_path: Path) -> None:
    first = await door(tmp_path, **failing()).run()
    turns = first["spend"]["turns"]
    assert first["states"] == {"failed": 1} and turns > 0
    receipt = tmp_path / "out" / "a.envelope.json"
    of_the_first = receipt.read_bytes()
    await door(tmp_path, new_attempt=True, **failing()).run()
    receipt.write_bytes(of_the_first)
    second = tmp_path / "out" / "runs" / "a~2" / log.FILE
    second.write_bytes(b"".join(second.read_bytes().splitlines(keepends=True)[:-2]))
    for again in (False, True):
        summary = await door(tmp_path, new_attempt=again, **failing()).run()
        expected = 3 if again else 2
        assert summary["spend"]["turns"] == expected * turns and summary["complete"]
        assert sorted(run.name for run in (tmp_path / "out" / "runs").iterdir())[-1] == f"a~{expected}"
    assert events_of(second.parent).count("run.resumed") == 1


async def test_new_attempt_counts_against_the_cap_what_the_first_ones_spent(tmp_path: Path) -> None:
    await door(tmp_path, **failing()).run()
    envelope = tmp_path / "out" / "a.envelope.json"
    receipt = json.loads(envelope.read_bytes())
    receipt["spend"]["tokens"]["output"] = 900
    envelope.write_text(json.dumps(receipt), encoding="utf-8")
    summary = await door(tmp_path, new_attempt=True, budget={"tokens": 900}, **failing()).run()
    assert (summary["states"], summary["exit_code"]) == ({"deferred": 1}, 6)
    assert "cap of 900 tokens is reached" in summary["results"][0]["reason"]


async def test_two_attempts_of_one_job_never_run_at_once(tmp_path: Path) -> None:
    await door(tmp_path, **failing()).run()
    held = RunLog(tmp_path / "out" / "runs" / "a")
    try:
        with pytest.raises(LogBusy):
            await door(tmp_path, new_attempt=True, **failing()).run_one("a")
    finally:
        held.close()


async def test_what_is_missing_of_a_job_that_is_done_is_made_again_from_its_log(tmp_path: Path) -> None:
    await door(tmp_path).run()
    files = {name: (tmp_path / "out" / name).read_bytes() for name in ("a.json", "a.html", "a.envelope.json")}
    before = (tmp_path / "out" / "runs" / "a" / log.FILE).read_bytes()
    for name, content in files.items():
        (tmp_path / "out" / name).unlink()
        assert (await door(tmp_path).run())["states"] == {"done": 1}
        assert (tmp_path / "out" / name).read_bytes() == content
    assert (tmp_path / "out" / "runs" / "a" / log.FILE).read_bytes() == before


async def test_summary_names_no_file_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "down.yaml").write_text(yaml.safe_dump(agent_file(mcpServers={"x": {"command": "no-such"}})), "utf-8")
    summary = await door(tmp_path, jobs=[{"id": "a", "question": "Which?", "agent": "down.yaml"}]).run()
    (result,) = summary["results"]
    assert (result["state"], result["status"], result["envelope"], result["page"]) == ("failed", "failed", None, None)
    assert "there is no command 'no-such'" in result["reason"] and "\n" not in result["reason"]


async def test_job_may_not_have_the_name_of_the_hooks_mark(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="own files"):
        door(tmp_path, jobs=[{"id": "on_finish", "question": "Which?"}])


async def test_run_of_a_batch_that_is_resumed_by_hand_still_refuses_simulated_data(tmp_path: Path) -> None:
    with pytest.raises(SimulatedDataError):
        await door(tmp_path, agent="dynamic_sector_advisor").run()
    with pytest.raises(SimulatedDataError) as refused:
        await resume(tmp_path / "out" / "runs" / "a")
    assert refused.value.run_id == str(tmp_path / "out" / "runs" / "a")
    assert store.find(refused.value.run_id) == tmp_path / "out" / "runs" / "a"
    assert not (tmp_path / "out" / "a.json").exists()


async def test_stale_run_that_is_resumed_by_hand_stays_stale(tmp_path: Path) -> None:
    desk = Desk(tmp_path, live=True)
    await desk.wake(at("09-02 00:01"))
    (run,) = (desk.out / "2016-09-01").glob("runs/*")
    with pytest.raises(Stale):
        await resume(run, agent=tmp_path / "agent.yaml")


async def test_job_of_a_batch_is_begun_anew_by_the_batch_only(tmp_path: Path) -> None:
    await door(tmp_path).run()
    with pytest.raises(UsageError, match="job of a batch"):
        await resume(tmp_path / "out" / "runs" / "a", new_attempt=True)


async def test_text_that_was_paid_for_is_judged_also_when_its_server_is_gone(tmp_path: Path) -> None:
    desk = Desk(tmp_path, live=True)
    (whole,) = await desk.wake(at("09-01 18:00"))
    session = desk.out / "2016-09-01"
    (path,) = session.glob(f"runs/*/{log.FILE}")
    lines = path.read_bytes().splitlines(keepends=True)
    answered = max(at for at, line in enumerate(lines) if json.loads(line)["event"] == "model.answered")
    path.write_bytes(b"".join(lines[: answered + 1]))
    answer = (session / whole["results"][0]["answer"]).read_bytes()
    for file in session.glob("2016-*"):
        file.unlink()
    (session / "summary.json").unlink()
    (summary,) = await desk.wake(at("09-02 09:00"))
    assert summary["states"] == {"done": 1}
    assert (session / summary["results"][0]["answer"]).read_bytes() == answer
    assert [event.status for event in desk.events("2016-09-01") if isinstance(event, RunFinished)] == ["ok"]


async def test_listener_that_has_gone_does_not_stop_the_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object) -> None:
        raise BrokenPipeError

    from agent.report import batch_progress

    monkeypatch.setattr(batch_progress.BatchProgress, "tell", gone)
    jobs = [{"id": name, "question": f"Which, {name}?"} for name in "abc"]
    assert (await door(tmp_path, jobs=jobs).run())["states"] == {"done": 3}


async def test_scheduled_batch_runs_by_its_schedule_only(tmp_path: Path) -> None:
    Desk(tmp_path)
    scheduled = Door(load(tmp_path / "jobs.yaml", Defaults()), tmp_path / "out")
    for way in (scheduled.run, lambda: scheduled.run_one("a")):
        with pytest.raises(UsageError, match="runs on a schedule"):
            await way()
    with pytest.raises(UsageError, match="runs on a schedule"):
        scheduled.look()


async def test_slot_that_cannot_run_does_not_keep_the_others_from_it(tmp_path: Path) -> None:
    desk = Desk(tmp_path, schedule={"catch_up": "all", "since": "2016-09-01"})
    await desk.wake(at("09-01 18:00"))
    (receipt,) = (desk.out / "2016-09-01").glob("*.envelope.json")
    receipt.write_text(json.dumps(json.loads(receipt.read_bytes()) | {"key": "another"}), encoding="utf-8")
    (desk.out / "2016-09-01" / "summary.json").unlink()
    late = Door(load(tmp_path / "jobs.yaml", Defaults()), desk.out, now=lambda: at("09-02 18:00"))
    assert [summary["schedule"]["session"] for summary in await late.run_due()] == ["2016-09-02"]
    assert ["not the one whose files" in problem.message for problem in late.problems] == [True]


def test_folder_of_a_run_elsewhere_is_its_name(tmp_path: Path, home: Path) -> None:
    assert store.name_of(home / "runs" / "20261122-1") == "20261122-1"
    assert store.name_of(tmp_path / "out" / "runs" / "a") == str(tmp_path / "out" / "runs" / "a")
    assert BatchFolder(tmp_path / "out").receipt("a").name == "a.envelope.json"


@pytest.mark.parametrize("name", ["../../../elsewhere.json", "/etc/motd.json", "../../.profile", "log.jsonl"])
def test_log_that_names_files_elsewhere_is_not_followed(name: str, tmp_path: Path) -> None:
    run = tmp_path / "out" / "runs" / "a"
    with pytest.raises(UsageError, match="no place of a run"):
        Place.recorded(run, {"answer": name})
    files = {"page": "../../a.html", "answer": "answer.json", "later": "../../../x"}
    assert Place.recorded(run, files) == Place(run, "../../a.html", "answer.json")
