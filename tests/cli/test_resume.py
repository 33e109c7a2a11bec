from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from agent.runs import log, store
from tests.cli.advisor import ADVISOR, AGENT, advisor, write
from tests.messages_api import call, message, scripted_api
from tests.tools.raw import PROGRAM

KEY = {"ANTHROPIC_API_KEY": "sk-test-key-1"}
QUESTION = ("--as-of", "2008-09-30", "-c", "us_sector_rotation", "Which sectors hold up?")
ROOM = 200
"""Bytes of progress after which a process stops to which nobody listens: a few lines."""


def nearly_full_pipe() -> tuple[int, int]:
    reading, writing = os.pipe()
    size = fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    os.write(writing, b"." * (size - ROOM))
    return reading, writing


def wait_for(event: str, process: subprocess.Popen[Any]) -> None:
    """Return when the newest run's log has such an event."""
    for _ in range(1_200):
        with suppress(subprocess.TimeoutExpired):
            raise AssertionError(f"ended with {process.wait(timeout=0.05)}")
        if any(f'"event":"{event}"' in (run / log.FILE).read_text() for run in store.all_runs()):
            return
    raise AssertionError(f"no {event} came")


@pytest.fixture
def killed() -> Path:
    """The folder of a run that was killed when its first results had come, on its way to the next request."""
    reading, writing = nearly_full_pipe()
    with subprocess.Popen([*ADVISOR, "ask", "--offline", *QUESTION], stdout=subprocess.PIPE, stderr=writing) as process:
        wait_for("tool.answered", process)
        process.kill()
    os.close(reading)
    os.close(writing)
    assert process.returncode == -signal.SIGKILL
    folder = store.find("last")
    assert '"event":"run.finished"' not in (folder / log.FILE).read_text()
    return folder


def test_run_that_was_killed_ends_as_one_that_was_not(killed: Path) -> None:
    before = (killed / log.FILE).read_bytes()
    done = advisor("ask", "--resume", "last")
    assert done.returncode == 0, done.stderr
    whole = advisor("ask", "--offline", "-q", *QUESTION)
    other = store.find("last")
    assert other != killed
    assert done.stdout.replace(killed.name, "RUN") == whole.stdout.replace(other.name, "RUN")
    assert (killed / log.FILE).read_bytes().startswith(before)
    assert json.loads((killed / "answer.json").read_text()) == json.loads(done.stdout)


def test_envelope_of_a_resumed_run_counts_what_both_sittings_spent(killed: Path) -> None:
    done = advisor("ask", "--resume", killed.name[-4:], "--format", "envelope", "-q")
    envelope = json.loads(done.stdout)
    assert (envelope["ok"], envelope["run"], envelope["as_of"]) == (True, killed.name, "2008-09-30")
    assert envelope["spend"]["possibly_paid_twice"] == 0 and envelope["spend"]["turns"] == 2
    calls = [(each["turn"], each["id"]) for each in envelope["calls"]]
    assert len(set(calls)) == len(calls) == envelope["spend"]["tool_calls"]


def test_run_that_has_ended_is_given_again_by_its_folder_and_nothing_is_written(killed: Path) -> None:
    first = advisor("ask", "--resume", str(killed), "-q")
    content = (killed / log.FILE).read_bytes()
    again = advisor("ask", "--resume", str(killed), "-q", "--in-flight", "skip")
    assert (again.returncode, again.stdout) == (0, first.stdout)
    assert (killed / log.FILE).read_bytes() == content


def test_run_goes_on_with_its_own_agent_file_only(killed: Path) -> None:
    before = (killed / log.FILE).read_bytes()
    other = advisor("ask", "--resume", "last", "-q", "-c", "dynamic_sector_advisor")
    assert other.returncode == 7 and "began with another agent file" in other.stderr
    assert json.loads(other.stdout)["error"]["code"] == "needs_decision" and "--new-attempt" in other.stderr
    assert (killed / log.FILE).read_bytes() == before
    assert advisor("ask", "--resume", "last", "-q", "-c", "us_sector_rotation").returncode == 0


def test_new_attempt_leaves_the_first_as_it_is(killed: Path) -> None:
    before = (killed / log.FILE).read_bytes()
    done = advisor("ask", "--resume", "last", "--new-attempt", "-q")
    assert done.returncode == 0 and killed.name not in done.stdout
    assert (killed / log.FILE).read_bytes() == before and len(store.all_runs()) == 2


def test_run_that_another_process_holds_is_exit_75(killed: Path) -> None:
    held = log.RunLog(killed)
    try:
        done = advisor("ask", "--resume", "last", "-q")
    finally:
        held.close()
    assert done.returncode == 75 and json.loads(done.stdout)["error"]["code"] == "log_busy"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--resume", "last", "Which?"], "a question has no place beside --resume"),
        (["--resume", "last", ""], "a question has no place beside --resume"),
        (["--resume", "last", "--as-of", "2008-09-30"], "--as-of has no place beside --resume"),
        (["--resume", "last", "--model", "planner"], "--model has no place beside --resume"),
        (["--resume", "last", "--offline", "--simulated"], "--offline and --simulated has no place"),
        (["--in-flight", "skip", "Which?"], "name it: --resume RUN"),
        (["--new-attempt", "Which?"], "name it: --resume RUN"),
        (["--resume", "last", "--in-flight", "perhaps"], "'perhaps' is not one of"),
        (["--resume", "nothing"], "no run is called 'nothing'"),
        (["--resume", ""], "no run is called ''"),
    ],
)
def test_wrong_usage_is_exit_2_and_begins_nothing(arguments: list[str], says: str) -> None:
    done = advisor("ask", *arguments)
    assert done.returncode == 2 and says in done.stderr
    assert store.all_runs() == []


def interrupted(*arguments: str, env: dict[str, str], event: str) -> tuple[Any, str]:
    command = [*ADVISOR, "ask", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env) as process:
        wait_for(event, process)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130 and "Traceback" not in err
    return json.loads(out), err


def test_run_that_is_interrupted_says_how_to_go_on_also_when_it_was_resumed(tmp_path: Path) -> None:
    server = f"mcpServers: {{raw: {{command: {sys.executable}, args: [{PROGRAM}, silent-in-call]}}}}\n"
    file = write(tmp_path, AGENT + server + "tools: [{tool_name: double}]\n")
    with scripted_api(message(call("double", {"n": 1}))) as api:
        env = os.environ | KEY | {"ANTHROPIC_BASE_URL": api.url}
        first, _ = interrupted("-c", file, "--trust", "Which?", env=env, event="tool.asked")
        again, said = interrupted("--resume", "last", env=env, event="run.resumed")
    run = store.find("last").name
    assert first["run"] == again["run"] == run
    assert f"advisor ask --resume {run} goes on with it" in said
