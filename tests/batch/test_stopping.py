from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.events import ModelAnswered, ModelAsked, RunFinished
from tests.batch.desk import Desk, Tally, well
from tests.batch.dying import BROKEN, FULL, Point
from tests.messages_api import LedgerAPI, ledger_api
from tests.tools.raw import PROGRAM, alive

JOBS = [f"job-{number:02}" for number in range(12)]
AT_ONCE = 8
"""Requests under way, by default."""


@pytest.fixture
def api() -> Iterator[LedgerAPI]:
    with ledger_api(well) as api:
        yield api


@pytest.fixture
def desk(tmp_path: Path, api: LedgerAPI) -> Desk:
    """Its servers can be told from those of other tests."""
    marker = tmp_path / "raw_server.py"
    marker.write_text(PROGRAM.read_text(encoding="utf-8"), encoding="utf-8")
    return Desk(tmp_path / "desk", api, JOBS, program=marker)


def _ends_well(desk: Desk) -> Tally:
    """The same command again, to its end."""
    assert (ended := desk.run()).code == 0, ended.err
    tally = Tally()
    tally.close(desk)
    assert tally.is_clean, tally
    assert alive(str(desk.program)) == []
    return tally


def test_second_process_on_a_batch_is_75_and_asks_nothing(desk: Desk, api: LedgerAPI) -> None:
    with api.held():
        first = desk.start()
        api.wait_for(AT_ONCE)
        second = desk.run()
        asked = api.asked.total()
    assert (second.code, asked) == (75, AT_ONCE)
    assert second.json["error"]["code"] == "log_busy" and "another process is at this batch" in second.err
    assert first.end().code == 0
    assert _ends_well(desk).possibly_paid_twice == 0
    assert set(api.asked.values()) == {1}


def test_one_job_run_twice_at_once_is_75_for_the_second(desk: Desk, api: LedgerAPI) -> None:
    with api.held():
        first = desk.start("--only", "job-05")
        api.wait_for(1)
        second = desk.run("--only", "job-05")
        assert (second.code, api.asked.total()) == (75, 1)
        assert "another process holds this run" in second.err
    assert first.end().code == 0
    assert api.asked.total() == 2 and desk.written.keys() == {"job-05.json", "job-05.envelope.json"}


def test_job_that_is_done_is_exit_0_without_a_request_or_a_changed_byte(desk: Desk, api: LedgerAPI) -> None:
    assert desk.run("--only", "job-05").code == 0
    before = desk.content
    again = desk.run("--only", "job-05")
    assert (again.code, again.json["state"], api.asked.total()) == (0, "done", 2)
    assert desk.content == before


def test_batch_leaves_a_job_alone_that_another_process_runs_and_ends_it_another_time(
    desk: Desk, api: LedgerAPI
) -> None:
    with api.held():
        alone = desk.start("--only", "job-05")
        api.wait_for(1)
        batch = desk.start()
        api.wait_for(1 + AT_ONCE)
        assert "job-05" not in desk.written
    assert alone.end().code == 0
    assert batch.end().code in (0, 6)
    assert _ends_well(desk).possibly_paid_twice == 0
    assert set(api.asked.values()) == {1}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_first_signal_lets_requests_under_way_come_to_their_answers(
    desk: Desk, api: LedgerAPI, number: signal.Signals
) -> None:
    with api.held():
        command = desk.start()
        api.wait_for(AT_ONCE)
        os.kill(command.pid, number)
        command.wait_for_word("again to stop at once")
    ended = command.end()
    assert ended.code == 130 and "the same command again" in ended.err
    assert (api.asked.total(), desk.logged(ModelAnswered)) == (AT_ONCE, AT_ONCE)
    assert desk.summary["states"] == {"interrupted": AT_ONCE, "waiting": len(JOBS) - AT_ONCE}
    assert alive(str(desk.program)) == []
    tally = _ends_well(desk)
    assert tally.possibly_paid_twice == 0 and set(api.asked.values()) == {1}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_second_signal_ends_at_once_and_the_batch_can_go_on(desk: Desk, api: LedgerAPI, number: signal.Signals) -> None:
    with api.held():
        command = desk.start()
        api.wait_for(AT_ONCE)
        os.kill(command.pid, number)
        command.wait_for_word("again to stop at once")
        os.kill(command.pid, number)
        ended = command.end()
        assert ended.code == 130, ended.err
        assert (desk.logged(ModelAsked), desk.logged(ModelAnswered), desk.logged(RunFinished)) == (
            AT_ONCE,
            0,
            AT_ONCE,
        )
        assert alive(str(desk.program)) == []
    assert _ends_well(desk).possibly_paid_twice == AT_ONCE
    assert desk.summary["spend"]["possibly_paid_twice"] == AT_ONCE


@pytest.mark.parametrize(("call", "nth", "requests"), [("write", 9, 0), ("fdatasync", 1, 0), ("fdatasync", 9, 8)])
@pytest.mark.parametrize("error", [FULL, BROKEN], ids=os.strerror)
def test_log_that_cannot_be_written_stops_the_batch_before_another_request(
    desk: Desk, api: LedgerAPI, call: str, nth: int, requests: int, error: int
) -> None:
    """Each request stands on the disk before it leaves, so that there are no more of them than syncs that went well."""
    failed = desk.run(point=Point(call, nth=nth, error=error))
    assert failed.code == 1, failed.err
    assert f"log.jsonl cannot be written: {os.strerror(error)}" in failed.err
    assert failed.err.count("error:") == 1 and failed.json["error"]["code"] == "log"
    assert api.asked.total() <= requests
    assert desk.whole_answers == 0
    _ends_well(desk)


def test_disk_that_fills_up_late_costs_no_answer_that_is_on_it(desk: Desk, api: LedgerAPI) -> None:
    failed = desk.run(point=Point("write", nth=170, error=FULL))
    assert failed.code == 1
    done = desk.written
    assert 0 < len(done) < 2 * len(JOBS)
    tally = _ends_well(desk)
    assert done.items() <= desk.written.items()
    assert tally.possibly_paid_twice == desk.summary["spend"]["possibly_paid_twice"] <= AT_ONCE
