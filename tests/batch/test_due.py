"""Scheduled batches as timers call them: on time, late, twice, over holidays and clock changes."""

from __future__ import annotations

import json
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from agent.batch.door import Door
from agent.batch.jobs import Defaults, load
from agent.errors import UsageError
from agent.events import ModelAsked, ToolAnswered, ToolAsked
from agent.run import resume
from agent.runs import log
from tests.scripted import agent_file

SAIGON = ZoneInfo("Asia/Ho_Chi_Minh")
LIVE_MARKET = Path(__file__).parent.parent / "fixtures" / "live_market.py"
EVENING = {"at": "17:30", "zone": "Asia/Ho_Chi_Minh"}


def at(text: str, zone: ZoneInfo = SAIGON) -> datetime:
    """A wall-clock time of 2016: "09-01 17:30"."""
    return datetime.fromisoformat(f"2016-{text}").replace(tzinfo=zone)


class Desk:
    """A scheduled batch of one job on the dated market that ships, or on one that knows only now."""

    def __init__(self, folder: Path, *, live: bool = False, **batch: Any) -> None:
        self.folder, self.out = folder, folder / "out"
        self.today = folder / "today"
        if live:
            args = ["-I", "-S", str(LIVE_MARKET), str(self.today)]
            agent = agent_file(mcpServers={"live": {"command": sys.executable, "args": args}})
            (folder / "agent.yaml").write_text(yaml.safe_dump(agent), encoding="utf-8")
        schedule = EVENING | batch.pop("schedule", {})
        jobs = {"agent": "agent.yaml" if live else "us_sector_rotation", "model": "planner", "question": "Which?"}
        content = yaml.safe_dump(jobs | {"schedule": schedule} | batch)
        (folder / "jobs.yaml").write_text(content, encoding="utf-8")

    async def wake(self, now: datetime) -> list[dict[str, Any]]:
        """What the timer's call does at that time; the live market's newest day is then today's."""
        self.today.write_text(now.astimezone(SAIGON).date().isoformat(), encoding="utf-8")
        batch = load(self.folder / "jobs.yaml", Defaults())
        return await Door(batch, self.out, now=lambda: now).run_due()

    async def sessions(self, now: datetime) -> list[str]:
        return [summary["schedule"]["session"] for summary in await self.wake(now)]

    def events(self, session: str) -> list[Any]:
        (path,) = (self.out / session).glob(f"runs/*/{log.FILE}")
        return [line.event for line in log.read(path)]

    def files(self) -> dict[Path, tuple[bytes, int]]:
        found = [path for path in self.out.rglob("*") if path.is_file() and path.name != "lock"]
        return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in found}


def assert_nothing_later_than(session: str, events: list[Any]) -> None:
    asked = [event.arguments["as_of"] for event in events if isinstance(event, ToolAsked)]
    told = [event.dates["as_of"] for event in events if isinstance(event, ToolAnswered) if "as_of" in event.dates]
    assert asked and told and max(asked + told) <= session


async def test_slot_is_answered_on_time_and_a_second_wake_up_changes_nothing(tmp_path: Path) -> None:
    desk = Desk(tmp_path, schedule={"since": "2016-09-01"})
    assert await desk.wake(at("09-01 17:29")) == []
    (summary,) = await desk.wake(at("09-01 17:30"))
    assert summary["states"] == {"done": 1} and summary["complete"]
    assert summary["schedule"] == {
        "session": "2016-09-01",
        "as_of": "2016-09-01",
        "scheduled": "2016-09-01T10:30:00+00:00",
        "started": "2016-09-01T10:30:00+00:00",
    }
    before = desk.files()
    assert await desk.wake(at("09-01 17:31")) == []
    assert desk.files() == before


@pytest.mark.parametrize("late", ["09-01 23:59", "09-02 00:30", "09-04 12:00"])
async def test_late_wake_up_answers_the_missed_slot_without_later_data(late: str, tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    (summary,) = await desk.wake(at(late))
    session = "2016-09-02" if late == "09-04 12:00" else "2016-09-01"
    assert (summary["schedule"]["session"], summary["schedule"]["as_of"]) == (session, session)
    assert summary["schedule"]["started"] == at(late).astimezone(UTC).isoformat(timespec="seconds")
    assert_nothing_later_than(session, desk.events(session))


async def test_missed_week_is_caught_up_with_as_the_schedule_says(tmp_path: Path) -> None:
    expected = {
        "latest": ["2016-09-09"],
        "all": ["2016-09-05", "2016-09-06", "2016-09-07", "2016-09-08", "2016-09-09"],
        "none": [],
    }
    for catch_up, sessions in expected.items():
        folder = tmp_path / catch_up
        folder.mkdir()
        desk = Desk(folder, schedule={"catch_up": catch_up, "max_age": "6 days"})
        assert await desk.sessions(at("09-10 08:00")) == sessions
        for session in sessions:
            assert_nothing_later_than(session, desk.events(session))
        assert await desk.sessions(at("09-11 08:00")) == []


async def test_holiday_has_no_slot_and_after_the_files_last_day_the_schedule_is_loud(tmp_path: Path) -> None:
    (tmp_path / "days.txt").write_text("2016-09-02  National Day\nvalid until: 2016-09-05\n", encoding="utf-8")
    desk = Desk(tmp_path, schedule={"holidays": "days.txt", "catch_up": "none"})
    assert await desk.sessions(at("09-02 17:30")) == []
    assert await desk.sessions(at("09-05 17:30")) == ["2016-09-05"]
    with pytest.raises(UsageError, match=r"days\.txt"):
        await desk.wake(at("09-06 17:30"))


async def test_every_night_over_a_clock_change_has_one_slot(tmp_path: Path) -> None:
    Desk(tmp_path, schedule={"at": "02:30", "zone": "America/New_York", "days": "daily", "catch_up": "all"})
    batch = load(tmp_path / "jobs.yaml", Defaults())
    for first, times in (
        (date(2016, 3, 12), ["2016-03-12T07:30", "2016-03-13T07:30", "2016-03-14T06:30"]),
        (date(2016, 11, 5), ["2016-11-05T06:30", "2016-11-06T07:30", "2016-11-07T07:30"]),
    ):
        midnight = datetime(first.year, first.month, first.day, 5, tzinfo=UTC)
        found: dict[str, str] = {}
        for hour in range(72):
            now = midnight + timedelta(hours=hour, minutes=45)
            slots = Door(batch, tmp_path / "none", now=lambda now=now: now).due()  # type: ignore[misc]
            found |= {slot.id: f"{slot.time:%Y-%m-%dT%H:%M}" for slot in slots if slot.session >= first}
        assert list(found.values()) == times


async def test_live_only_server_answers_a_slot_on_its_day(tmp_path: Path) -> None:
    desk = Desk(tmp_path, live=True)
    (summary,) = await desk.wake(at("09-01 18:05"))
    assert summary["states"] == {"done": 1}, summary["results"]
    assert any("take no date" in each["warning"] for each in summary["warnings"])


async def test_live_only_server_is_never_asked_about_a_session_that_has_passed(tmp_path: Path) -> None:
    desk = Desk(tmp_path, live=True)
    (summary,) = await desk.wake(at("09-02 00:01"))
    assert (summary["states"], summary["exit_code"], summary["complete"]) == ({"stale": 1}, 6, True)
    assert "get_sector_heatmap" in summary["results"][0]["reason"]
    assert not [event for event in desk.events("2016-09-01") if isinstance(event, ModelAsked | ToolAsked)]
    assert not list((desk.out / "2016-09-01").glob("2016*.json"))
    assert await desk.wake(at("09-02 01:00")) == []


async def test_pre_open_slot_asks_as_of_the_session_before_and_no_live_only_server(tmp_path: Path) -> None:
    early = {"at": "07:00", "as_of": "previous"}
    dated, live = tmp_path / "dated", tmp_path / "live"
    for folder in (dated, live):
        folder.mkdir()
    (summary,) = await Desk(dated, schedule=early).wake(at("09-05 07:00"))
    assert (summary["schedule"]["session"], summary["schedule"]["as_of"]) == ("2016-09-05", "2016-09-02")
    assert summary["states"] == {"done": 1}
    (summary,) = await Desk(live, live=True, schedule=early).wake(at("09-05 07:00"))
    assert summary["states"] == {"stale": 1}


async def test_run_that_stopped_on_its_day_is_stale_on_the_next_when_its_server_is_live_only(tmp_path: Path) -> None:
    desk = Desk(tmp_path, live=True)
    await desk.wake(at("09-01 18:00"))
    session = desk.out / "2016-09-01"
    (path,) = session.glob(f"runs/*/{log.FILE}")
    lines = path.read_bytes().splitlines(keepends=True)
    asked = next(at for at, line in enumerate(lines) if json.loads(line)["event"] == "tool.asked")
    path.write_bytes(b"".join(lines[:asked]))
    for file in session.glob("*.*"):
        file.unlink()
    (summary,) = await desk.wake(at("09-02 09:00"))
    assert summary["states"] == {"stale": 1}
    assert not [event for event in desk.events("2016-09-01") if isinstance(event, ToolAsked)]


async def test_hook_that_failed_is_told_by_the_next_wake_up_though_a_newer_slot_has_ended(tmp_path: Path) -> None:
    heard = tmp_path / "heard.json"
    program = tmp_path / "notify.py"
    program.write_text("import sys; sys.exit('no network')", encoding="utf-8")
    desk = Desk(tmp_path, on_finish=[sys.executable, str(program)])
    batch = load(tmp_path / "jobs.yaml", Defaults())
    door = Door(batch, desk.out, now=lambda: at("09-01 18:00"))
    await door.run_due()
    assert ["no network" in problem.message for problem in door.problems] == [True]
    answer = (desk.out / "2016-09-01" / "summary.json").read_bytes()
    program.write_text(f"import sys; open({str(heard)!r}, 'a').write(sys.stdin.read() + chr(10))", encoding="utf-8")
    (newer,) = await desk.wake(at("09-02 18:00"))
    latest, said = map(json.loads, heard.read_text(encoding="utf-8").splitlines())
    assert latest["schedule"]["session"] == newer["schedule"]["session"] == "2016-09-02"
    assert (said["states"], said["schedule"]["session"]) == ({"done": 1}, "2016-09-01")
    assert said["paths"]["summary"] == str(desk.out / "2016-09-01" / "summary.json")
    assert (desk.out / "2016-09-01" / "summary.json").read_bytes() == answer
    assert await desk.wake(at("09-02 20:00")) == []
    assert len(heard.read_text(encoding="utf-8").splitlines()) == 2


async def test_run_of_a_batch_that_is_resumed_by_hand_puts_its_files_where_the_batch_does(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    await desk.wake(at("09-01 18:00"))
    session = desk.out / "2016-09-01"
    (run,) = session.glob("runs/*")
    answer = session / f"{run.name}.json"
    whole = answer.read_bytes()
    lines = (run / log.FILE).read_bytes().splitlines(keepends=True)
    (run / log.FILE).write_bytes(b"".join(lines[:-3]))
    for file in session.glob("2016-*"):
        file.unlink()
    result = await resume(run)
    assert result.ok and result.page == session / f"{run.name}.html" and result.page.exists()
    assert answer.read_bytes() == whole
    before = desk.files()
    assert await desk.wake(at("09-01 19:00")) == []
    assert desk.files() == before
