"""advisor runs replay: a run again, or its question to another model, from the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from agent.runs import log, store
from tests.cli.advisor import AGENT, advisor, write
from tests.messages_api import call, message, scripted_api, text
from tests.scripted import ANSWER

QUIET = ("-q", "--format", "envelope")


@pytest.fixture
def run(planned: Path, home: Path) -> Path:
    """A run of the planner, among the runs of this test."""
    folder = home / "runs" / planned.name
    shutil.copytree(planned, folder)
    return folder


def test_run_is_replayed_by_its_id_its_folder_or_as_the_last_one(run: Path) -> None:
    for name in (run.name, run.name[-6:], str(run), "last"):
        done = advisor("runs", "replay", name)
        assert done.returncode == 0
        assert (
            "answer and page are the recorded ones, byte for byte" in done.stderr
            and "3 requests, 6 calls" in done.stderr
        )
        assert "Which sectors lead?" in done.stdout
    assert store.all_runs() == [run], "a replay leaves no run"


def test_recorded_run_is_what_is_shown(run: Path) -> None:
    done = advisor("runs", "replay", "last", "--format", "envelope", "-q")
    shown = advisor("runs", "show", "last", "--format", "envelope")
    assert done.stderr == "" and json.loads(done.stdout) == json.loads(shown.stdout)
    answer = json.loads(advisor("runs", "replay", "last", "--format", "answer").stdout)
    given = json.loads((run / "answer.json").read_text())
    assert answer["sector_recommendations"] == given["sector_recommendations"]
    assert answer["heatmap_url"] == (run / "page.html").as_uri()


def test_transcript_is_replayed_wherever_it_lies(run: Path, tmp_path: Path) -> None:
    path = tmp_path / "transcript.jsonl"
    shutil.copy(run / log.FILE, path)
    shutil.rmtree(run)
    done = advisor("runs", "replay", str(path), "--format", "envelope")
    assert done.returncode == 0 and "replayed: 3 requests" in done.stderr
    assert json.loads(done.stdout)["run"] == run.name


def test_run_that_went_on_is_replayed_without_a_word_about_its_page(run: Path) -> None:
    lines = (run / log.FILE).read_bytes().splitlines(keepends=True)
    (run / log.FILE).write_bytes(b"".join(lines[:-2]))
    assert advisor("ask", "--resume", "last", "-q").returncode == 0
    done = advisor("runs", "replay", "last")
    assert done.returncode == 0 and "; the answer is the recorded one" in done.stderr


def test_run_that_failed_is_replayed_and_that_is_no_failure(tmp_path: Path) -> None:
    with scripted_api((401, {"type": "error", "error": {"type": "authentication_error", "message": "no"}})) as api:
        env = {"ANTHROPIC_API_KEY": "sk-test-key-1", "ANTHROPIC_BASE_URL": api.url}
        assert advisor("ask", "-q", "--simulated", "Which?", env=env).returncode == 4
    done = advisor("runs", "replay", "last", *QUIET)
    envelope = json.loads(done.stdout)
    assert (done.returncode, done.stderr, envelope["status"]) == (0, "", "failed")
    assert envelope["stop_reason"].startswith("credentials: ")


def test_other_agent_file_is_exit_1_with_what_is_another_there(run: Path, tmp_path: Path) -> None:
    done = advisor("runs", "replay", "last", "-c", write(tmp_path, AGENT), "--format", "envelope")
    error = json.loads(done.stdout)["error"]
    assert (done.returncode, error["code"], error["where"]) == (1, "diverged", "prompt")
    assert error["message"] == "turn 1: another prompt" and "You are Tester." in error["now"]
    assert "You are Tester." not in error["recorded"]
    assert "error: turn 1: another prompt" in done.stderr and "now:      You are Tester." in done.stderr
    as_table = advisor("runs", "replay", "last", "-c", write(tmp_path, AGENT))
    assert (as_table.returncode, as_table.stdout) == (1, "")


def test_file_that_the_run_began_with_makes_no_difference(run: Path) -> None:
    assert advisor("runs", "replay", "last", "-c", "dynamic_sector_advisor").returncode == 0


def test_page_that_was_edited_in_the_log_is_exit_1(run: Path) -> None:
    (run / log.FILE).write_bytes(edited_log((run / log.FILE), "artifact.written", sha256="0" * 64))
    done = advisor("runs", "replay", "last", "--format", "answer")
    assert done.returncode == 1 and json.loads(done.stdout)["error"]["where"] == "page"


def edited_log(path: Path, name: str, **changes: str) -> bytes:
    """The log with other values in the events of a name, sealed anew."""
    from dataclasses import replace
    from hashlib import sha256

    from agent.events import RunFinished

    content = b""
    for line in log.read(path):
        event = replace(line.event, **changes) if line.event.name == name else line.event
        if isinstance(event, RunFinished):
            event = replace(event, root=sha256(content).hexdigest())
        content += log.encode(event, line.index, line.at)
    return content


def test_damaged_log_is_exit_1_with_its_line(run: Path) -> None:
    path = run / log.FILE
    path.write_bytes(path.read_bytes().replace(b"Which sectors lead?", b"Which sectors lag?!", 1))
    done = advisor("runs", "replay", "last", "--format", "answer")
    assert done.returncode == 1 and json.loads(done.stdout)["error"]["code"] == "log_damaged"
    assert "log.jsonl:" in done.stderr


def test_run_without_an_end_is_exit_2_and_says_how_it_gets_one(run: Path) -> None:
    lines = (run / log.FILE).read_bytes().splitlines(keepends=True)
    (run / log.FILE).write_bytes(b"".join(lines[:-1]))
    done = advisor("runs", "replay", "last")
    assert done.returncode == 2 and "its log has no end" in done.stderr
    assert f"advisor ask --resume {run.name} goes on with it" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nothing"], "no run is called 'nothing'"),
        (["last", "--simulated"], "--simulated is about a paid model"),
        (["last", "-c", "nothing.yaml"], "nothing.yaml"),
        (["last", "--format", "page"], "'page' is not one of"),
        ([], "Missing argument"),
    ],
)
def test_wrong_usage_is_exit_2(arguments: list[str], says: str, run: Path) -> None:
    done = advisor("runs", "replay", *arguments)
    assert (done.returncode, done.stdout) == (2, "") and says in done.stderr


def test_planner_over_the_recorded_tools_is_a_run_of_its_own(run: Path) -> None:
    done = advisor("runs", "replay", "last", "--model", "planner", "--format", "envelope")
    envelope = json.loads(done.stdout)
    assert done.returncode == 0 and envelope["run"] != run.name
    assert envelope["labels"] == ["SIMULATED DATA", "OFFLINE PLANNER", "RECORDED TOOLS"]
    assert "tools answered from the recording: " in done.stderr and " exact" in done.stderr
    mine, recorded = (json.loads((each / "answer.json").read_text()) for each in (store.find("last"), run))
    assert mine["sector_recommendations"] == recorded["sector_recommendations"]
    assert "miss" not in done.stderr and "is a replay" in advisor("ask", "--resume", envelope["run"]).stderr
    assert advisor("runs", "replay", envelope["run"], "-q").returncode == 0


def test_paid_model_gets_recorded_simulated_data_only_when_that_is_wanted(run: Path) -> None:
    said = [message(call("get_sector_heatmap", {"lookback_period": "9Y"})), message(text(json.dumps(ANSWER)))]
    with scripted_api(*said) as api:
        env = {"ANTHROPIC_API_KEY": "sk-test-key-1", "ANTHROPIC_BASE_URL": api.url}
        refused = advisor("runs", "replay", "last", "--model", "claude-test-1", *QUIET, env=env)
        assert (refused.returncode, api.requests) == (2, [])
        assert json.loads(refused.stdout)["error"]["code"] == "simulated_data" and "--simulated" in refused.stderr
        done = advisor("runs", "replay", run.name, "--model", "claude-test-1", "--simulated", *QUIET, env=env)
    envelope = json.loads(done.stdout)
    assert done.returncode == envelope_exit(envelope) and envelope["labels"] == ["RECORDED TOOLS"]
    assert [each["model"] for each in api.requests] == ["claude-test-1"] * 2


def envelope_exit(envelope: dict[str, object]) -> int:
    return 0 if envelope["ok"] else 1


def test_model_without_a_key_is_exit_4_and_begins_nothing(run: Path) -> None:
    done = advisor("runs", "replay", "last", "--model", "claude-test-1")
    assert done.returncode == 4 and store.all_runs() == [run]


def test_run_of_another_model_that_comes_to_no_answer_has_its_exit_code(run: Path) -> None:
    with scripted_api(message(stop_reason="refusal")) as api:
        env = {"ANTHROPIC_API_KEY": "sk-test-key-1", "ANTHROPIC_BASE_URL": api.url}
        done = advisor("runs", "replay", "last", "--model", "claude-test-1", "--simulated", *QUIET, env=env)
    assert done.returncode == 1 and json.loads(done.stdout)["status"] == "refused"
    assert advisor("runs", "replay", store.find("last").name, "-q").returncode == 0
