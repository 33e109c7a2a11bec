from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.batch.executor import TRIES
from agent.events import ModelAnswered, ModelAsked, ModelFailed
from agent.loop import ATTEMPTS
from tests.batch.desk import Desk, question, well
from tests.messages_api import HUNG_UP, Key, LedgerAPI, Reply, ledger_api, message, refusal, text, whole
from tests.tools.raw import PROGRAM

JOBS = [f"job-{number:02}" for number in range(12)]
AT_ONCE = 8
"""Requests under way, by default."""
DOWN = f"""\
echo started >> starts
test -e up && exec {sys.executable} -I -S {PROGRAM} well
echo the desk is closed >&2
exit 1
"""
HOOK = """\
import pathlib, sys
if pathlib.Path("broken").exists():
    sys.exit("no route to the desk")
with open("heard.jsonl", "a") as file:
    file.write(sys.stdin.read() + "\\n")
"""


@pytest.fixture
def api() -> Iterator[LedgerAPI]:
    with ledger_api(well) as api:
        yield api


@pytest.fixture
def desk_of(tmp_path: Path, api: LedgerAPI) -> Callable[..., Desk]:
    def desk_of(jobs: int = len(JOBS), **more: Any) -> Desk:
        return Desk(tmp_path / "desk", api, JOBS[:jobs], **more)

    return desk_of


def _never_valid(key: Key, before: int) -> Reply:
    """Of job-01, no answer is ever valid."""
    asked, turn = key
    return whole(message(text("Banks, surely."))) if turn > 1 and asked == question("job-01") else well(key, before)


def test_pause_beyond_patience_puts_every_job_off_without_another_request(
    desk_of: Callable[..., Desk], api: LedgerAPI
) -> None:
    api.reply = lambda key, before: refusal(429, "rate_limit_error", retry_after="100000")
    desk = desk_of()
    with api.held():
        command = desk.start()
        api.wait_for(AT_ONCE)
    ended = command.end()
    assert (ended.code, ended.json["states"]) == (6, {"deferred": len(JOBS)})
    assert api.asked.total() == desk.logged(ModelAsked) == desk.logged(ModelFailed) == AT_ONCE
    assert "the service asks to wait" in ended.json["results"][-1]["reason"]
    api.reply = well
    assert desk.run().code == 0 and api.asked.total() == AT_ONCE + 2 * len(JOBS)


def test_every_attempt_is_one_request_and_stands_in_the_log(desk_of: Callable[..., Desk], api: LedgerAPI) -> None:
    busy = refusal(529, "overloaded_error", retry_after="0")
    api.reply = lambda key, before: well(key, before) if before == ATTEMPTS - 1 else busy
    desk = desk_of()
    assert desk.run().code == 0
    assert set(api.asked.values()) == {ATTEMPTS}
    assert desk.logged(ModelAsked) == api.asked.total() == 2 * ATTEMPTS * len(JOBS)
    assert desk.logged(ModelFailed) == 2 * (ATTEMPTS - 1) * len(JOBS)
    assert desk.summary["spend"] | {"turns": 24, "requests": 96, "possibly_paid_twice": 0} == desk.summary["spend"]


def test_service_that_stays_overloaded_defers_jobs_after_a_known_number_of_requests(
    desk_of: Callable[..., Desk], api: LedgerAPI
) -> None:
    api.reply = lambda key, before: refusal(529, "overloaded_error", retry_after="0")
    desk = desk_of(3)
    ended = desk.run()
    assert (ended.code, ended.json["states"]) == (6, {"deferred": 3})
    assert set(api.asked.values()) == {ATTEMPTS * TRIES} and desk.logged(ModelAsked) == 3 * ATTEMPTS * TRIES
    api.reply = well
    assert desk.run().code == 0


def test_silence_after_the_request_was_taken_is_an_attempt_that_the_sdk_does_not_repeat(
    desk_of: Callable[..., Desk], api: LedgerAPI
) -> None:
    ended = threading.Event()

    def silent_at_first(key: Key, before: int) -> Reply:
        if before:
            return well(key, before)
        ended.wait(60)
        return HUNG_UP

    api.reply = silent_at_first
    desk = desk_of(4, agent={"timeouts": {"idle": 0.5}})
    done = desk.run()
    ended.set()
    assert done.code == 0, done.err
    assert api.asked.total() == desk.logged(ModelAsked) == desk.logged(ModelFailed) + 8
    kinds = {event.kind for events in desk.logs.values() for event in events if isinstance(event, ModelFailed)}
    assert kinds == {"ReadTimeout"}


def test_rejected_key_ends_the_batch_with_4_and_the_answers_under_way(
    desk_of: Callable[..., Desk], api: LedgerAPI
) -> None:
    rejected = refusal(401, "authentication_error")
    api.reply = lambda key, before: rejected if key[0] == question(JOBS[0]) else well(key, before)
    desk = desk_of()
    with api.held():
        command = desk.start()
        api.wait_for(AT_ONCE)
    ended = command.end()
    assert ended.code == 4 and "ANTHROPIC_API_KEY" in ended.err
    assert desk.logged(ModelAnswered) == api.asked.total() - 1 < 2 * AT_ONCE
    assert not any(asked in (question(job) for job in JOBS[AT_ONCE:]) for asked, _ in api.asked)
    api.reply = well
    assert desk.run().code == 0
    assert api.asked.total() == 2 * len(JOBS) + 1


def test_finished_batch_run_again_asks_nothing_and_changes_no_file(
    desk_of: Callable[..., Desk], api: LedgerAPI
) -> None:
    desk = desk_of()
    assert desk.run().code == 0
    before, asked = desk.content, api.asked.copy()
    assert desk.run().code == 0
    assert (desk.content, api.asked) == (before, asked)


def test_answer_that_stays_invalid_is_3_each_time_and_is_not_paid_again(
    desk_of: Callable[..., Desk], api: LedgerAPI
) -> None:
    api.reply = _never_valid
    desk = desk_of()
    first = desk.run()
    before, asked = desk.content, api.asked.copy()
    again = desk.run()
    assert (first.code, again.code) == (3, 3)
    assert first.json["states"] == again.json["states"] == {"done": 11, "failed": 1}
    assert (desk.content, api.asked) == (before, asked)
    assert not (desk.out / "job-01.json").exists() and (desk.out / "job-01.html").exists()


def test_new_attempt_begins_only_jobs_without_a_valid_answer(desk_of: Callable[..., Desk], api: LedgerAPI) -> None:
    api.reply = _never_valid
    desk = desk_of()
    desk.run()
    others = {name: file for name, file in desk.written.items() if not name.startswith("job-01")}
    api.reply, api.asked = well, type(api.asked)()
    assert desk.run("--new-attempt").code == 0
    assert api.asked == {(question("job-01"), 1): 1, (question("job-01"), 2): 1}
    assert others.items() < desk.written.items() and {"job-01", "job-01~2"} < desk.logs.keys()


@pytest.mark.parametrize("unfinished", [True, False])
@pytest.mark.parametrize("change", ["agent", "prompt"])
def test_changed_agent_is_refused_with_the_job_and_its_place(
    desk_of: Callable[..., Desk], api: LedgerAPI, change: str, unfinished: bool
) -> None:
    if unfinished:
        api.reply = lambda key, before: refusal(429, "rate_limit_error", retry_after="100000")
    desk = desk_of()
    assert desk.run().code == (6 if unfinished else 0)
    asked = api.asked.copy()
    if change == "agent":
        desk.agent["description"] = "You guess."
        desk.write()
    else:
        (desk.folder / "prompt.md").write_text("You guess.\n", encoding="utf-8")
    for options in ([], ["--new-attempt"]):
        refused = desk.run(*options)
        assert refused.code == 2 and refused.json["error"]["where"].startswith("jobs.yaml:3:")
        assert "job 'job-00' is not the one whose files lie in out" in refused.err
    assert api.asked == asked


def test_required_server_that_is_down_fails_every_job_and_is_tried_for_all_of_them_together(
    desk_of: Callable[..., Desk], api: LedgerAPI
) -> None:
    desk = desk_of(agent={"mcpServers": {"raw": {"command": "sh", "args": ["-c", DOWN]}}})
    ended = desk.run()
    assert (ended.code, ended.json["states"]) == (3, {"failed": len(JOBS)})
    assert all("the desk is closed" in result["reason"] for result in ended.json["results"])
    starts = (desk.folder / "starts").read_text(encoding="utf-8").splitlines()
    assert starts == ["started", "started"], "one start, and one in the old way"
    assert api.asked.total() == 0
    (desk.folder / "up").touch()
    assert desk.run().code == 0


def test_simulated_data_are_refused_before_any_request_unless_they_are_wanted(
    desk_of: Callable[..., Desk], api: LedgerAPI
) -> None:
    server = {"command": sys.executable, "args": ["-I", "-S", str(PROGRAM), "simulated"]}
    desk = desk_of(agent={"mcpServers": {"raw": server}})
    refused = desk.run()
    assert (refused.code, refused.json["error"]["code"]) == (2, "simulated_data")
    assert "--simulated" in refused.err and api.asked.total() == 0
    wanted = desk.run("--simulated")
    assert wanted.code == 0 and wanted.json["labels"] == ["SIMULATED DATA"]


def test_cap_in_tokens_puts_off_what_is_left_until_it_is_raised(desk_of: Callable[..., Desk], api: LedgerAPI) -> None:
    """Each turn counts 15 tokens, so that the seventh passes the cap."""
    desk = desk_of(batch={"budget": {"tokens": 100}, "limits": {"concurrency": 1}})
    for _ in range(2):
        ended = desk.run()
        assert (ended.code, ended.json["states"]) == (6, {"done": 3, "deferred": 9})
        assert "the batch's cap of 100 tokens is reached" in ended.json["results"][4]["reason"]
        assert api.asked.total() == 7
    desk.batch["budget"] = {"tokens": 10_000}
    desk.write()
    assert desk.run().code == 0 and set(api.asked.values()) == {1}


def test_cap_in_usd_needs_a_price_and_is_kept(desk_of: Callable[..., Desk], api: LedgerAPI) -> None:
    """Each turn costs 0.10 USD by this table, so that the fourth passes the cap."""
    desk = desk_of(batch={"budget": {"usd": 0.35}, "limits": {"concurrency": 1}})
    refused = desk.run()
    assert refused.code == 2 and "none for claude-test-1" in refused.err and "ADVISOR_PRICES" in refused.err
    assert api.asked.total() == 0
    price = "{input: 10000, cache_write: 0, cache_read: 0, output: 0}"
    table = f"as_of: '2026-01-01'\nunit: USD for a million tokens\nmodels:\n  claude-test-1: {price}\n"
    (desk.folder / "prices.yaml").write_text(table, encoding="utf-8")
    desk.env["ADVISOR_PRICES"] = "prices.yaml"
    ended = desk.run()
    assert (ended.code, ended.json["states"]) == (6, {"done": 2, "deferred": 10})
    assert (api.asked.total(), ended.json["spend"]["usd"]) == (4, pytest.approx(0.4))
    desk.batch["budget"] = {"usd": 10.0}
    desk.write()
    last = desk.run()
    assert (last.code, last.json["spend"]["usd"]) == (0, pytest.approx(2.4)) and set(api.asked.values()) == {1}


@pytest.fixture
def hooked(desk_of: Callable[..., Desk]) -> Desk:
    desk = desk_of(batch={"on_finish": [sys.executable, "-I", "-S", "hook.py"]})
    (desk.folder / "hook.py").write_text(HOOK, encoding="utf-8")
    return desk


def _heard(desk: Desk) -> list[str]:
    file = desk.folder / "heard.jsonl"
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []


def test_program_hears_once_how_the_batch_ended(hooked: Desk) -> None:
    assert hooked.run().code == 0
    assert hooked.run().code == 0
    (said,) = _heard(hooked)
    assert '"complete": true' in said and str(hooked.out / "index.html") in said


def test_program_that_failed_is_told_again_by_the_next_command(hooked: Desk, api: LedgerAPI) -> None:
    (hooked.folder / "broken").touch()
    failed = hooked.run()
    assert failed.code == 0 and "no route to the desk" in failed.err and _heard(hooked) == []
    (hooked.folder / "broken").unlink()
    assert hooked.run().err == "" and len(_heard(hooked)) == 1
    hooked.run()
    assert len(_heard(hooked)) == 1 and api.asked.total() == 2 * len(JOBS)


def test_program_is_not_told_of_an_interruption(hooked: Desk, api: LedgerAPI) -> None:
    with api.held():
        command = hooked.start()
        api.wait_for(AT_ONCE)
        os.kill(command.pid, signal.SIGTERM)
        command.wait_for_word("again to stop at once")
    assert command.end().code == 130 and _heard(hooked) == []
    assert hooked.run().code == 0 and len(_heard(hooked)) == 1
