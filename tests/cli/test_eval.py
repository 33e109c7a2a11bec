"""`advisor eval`, as a user runs it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest

from agent.runs import log
from tests.cli.advisor import ADVISOR, advisor
from tests.evals.small_suite import BAD, HEAT, TRANSCRIPT, case, edited, put, references, write
from tests.messages_api import call, message, scripted_api, text
from tests.scripted import ANSWER

KEY = {"ANTHROPIC_API_KEY": "sk-test-key-1"}
AT_HOME = {"CI": ""}
EMBEDDED = case(
    agent="dynamic_sector_advisor",
    tools="embedded",
    as_of="2025-06-30",
    expect={},
    reference={"pass": {"planner": True}, "fail": {"turns": BAD}},
)


def evaluate(*arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    return advisor("eval", *map(str, arguments), **options)


def blessed(folder: Path) -> Path:
    """A small suite with its baseline."""
    suite = write(folder)
    assert evaluate("bless", suite, env=AT_HOME).returncode == 0
    return suite


def test_suite_that_passes_is_exit_0_with_its_outcome_on_stdout_and_its_page_on_stderr(tmp_path: Path) -> None:
    suite = blessed(tmp_path / "small")
    done = evaluate("run", suite, "-o", tmp_path / "out")
    assert done.returncode == 0 and done.stderr == f"page: {tmp_path / 'out' / 'report.html'}\n"
    outcome = json.loads(done.stdout)
    assert (outcome["suite"], outcome["verdict"], outcome["totals"]["cases"]) == ("small", "pass", 2)
    assert outcome == json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert log.read(tmp_path / "out" / "logs" / "first.pass1.jsonl")
    table = evaluate("run", suite, "--format", "table", "-q")
    assert table.returncode == 0 and "first" in table.stdout and table.stderr == ""
    assert len(list((tmp_path / "home" / "evals").iterdir())) == 1


def test_suite_that_fails_is_exit_1_and_says_why(tmp_path: Path) -> None:
    suite = write(tmp_path, a=case(reference=references(BAD)), b=case())
    done = evaluate("run", suite, "--format", "table", "-q", env={"COLUMNS": "200"})
    assert done.returncode == 1 and "1 of 2 cases fail: a" in done.stdout
    assert "the run that must pass: taxonomy is 0" in done.stdout


def test_cases_are_chosen_by_name_and_tag(tmp_path: Path) -> None:
    suite = write(tmp_path, a=case(), b=case(tags=["other"]), c=case(tags=["more"]))
    for chosen, names in ((["--case", "a", "--case", "c"], "ac"), (["--tag", "other"], "b")):
        outcome = json.loads(evaluate("run", suite, *chosen).stdout)
        assert [each["name"] for each in outcome["cases"]] == list(names)


def test_suite_of_the_current_folder_is_the_default(tmp_path: Path) -> None:
    blessed(tmp_path / "evals")
    assert evaluate("run", "-q", cwd=tmp_path).returncode == 0
    assert evaluate("run", "-q", cwd=tmp_path / "evals").returncode == 2


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--case", "none"], "has no case none"),
        (["-k", "3"], "-k and --simulated are about a model"),
        (["-k", "0"], "0 is not in the range"),
        (["--model"], "requires an argument"),
    ],
)
def test_wrong_usage_is_exit_2(tmp_path: Path, arguments: list[str], says: str) -> None:
    done = evaluate("run", write(tmp_path), *arguments)
    assert done.returncode == 2 and says in done.stderr


def test_mistake_in_a_case_is_exit_2_with_its_position(tmp_path: Path) -> None:
    suite = write(tmp_path, a=case(questoin="x"))
    done = evaluate("run", suite)
    assert done.returncode == 2 and "unknown key - did you mean 'question'?" in done.stderr
    error = json.loads(done.stdout)["error"]
    assert error["code"] == "agent_file" and error["where"].startswith(f"{suite / 'cases' / 'a.yaml'}:")


def test_folder_that_is_not_empty_is_refused_and_left_alone(tmp_path: Path) -> None:
    suite, out = write(tmp_path / "small"), tmp_path / "out"
    put(out / "notes.txt", "mine")
    done = evaluate("run", suite, "-o", out)
    assert done.returncode == 2 and "is not empty" in done.stderr
    assert [path.name for path in out.iterdir()] == ["notes.txt"]
    (out / "notes.txt").unlink()
    assert evaluate("run", suite, "-o", out).returncode == 1, "it has no baseline"
    assert (out / "summary.json").is_file()


def test_planner_runs_each_case_as_often_as_asked_over_the_embedded_market(tmp_path: Path) -> None:
    out = tmp_path / "out"
    suite = write(tmp_path / "small", {"samples": 3}, only=EMBEDDED)
    done = evaluate("run", suite, "--model", "planner", "-k", "3", "-o", out)
    assert done.returncode == 0, done.stderr
    outcome = json.loads(done.stdout)
    assert (outcome["model"], outcome["reasons"]) == ("planner", ["3 of 3 scored samples pass; 90% are wanted"])
    assert outcome["totals"]["pass_hat_k"]["k"] == 3 and outcome["totals"]["pass_hat_k"]["value"] == 1.0
    assert outcome["totals"]["reversals"]["reversed"] == 0 and outcome["totals"]["reversals"]["shared"] > 3
    own = [each for each in outcome["cases"][0]["samples"] if each["arm"] == "planner"]
    assert [each["log"] for each in own] == [f"logs/only~{number}/log.jsonl" for number in (1, 2, 3)]
    assert all(
        log.read(out / each["log"]) and (out / each["log"]).with_suffix(".scores.jsonl").is_file() for each in own
    )
    again = evaluate("score", out, suite, cwd=tmp_path)
    assert (again.returncode, again.stdout) == (0, "4 logs scored again, 0 scores changed\n")


def test_too_few_samples_are_exit_1_and_insufficient(tmp_path: Path) -> None:
    look, advice = call(HEAT, {"lookback_period": "3M"}), text(json.dumps(ANSWER))
    suite = write(tmp_path, only=case())
    with scripted_api(message(look), message(advice)) as api:
        done = evaluate("run", suite, "--model", "claude-test-1", env=KEY | {"ANTHROPIC_BASE_URL": api.url})
    outcome = json.loads(done.stdout)
    assert (done.returncode, outcome["verdict"], outcome["cases"][0]["verdict"]) == (1, "insufficient", "pass")
    assert outcome["totals"]["tokens"] == 30 and outcome["totals"]["usd_per_valid"] is None


def test_model_without_a_key_is_exit_4_and_leaves_nothing(tmp_path: Path) -> None:
    done = evaluate("run", write(tmp_path / "small"), "--model", "claude-test-1", "-o", tmp_path / "out")
    assert done.returncode == 4 and json.loads(done.stdout)["error"]["code"] == "credentials"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("signal_sent", [signal.SIGINT, signal.SIGTERM])
def test_interruption_is_exit_130_and_seals_the_logs(tmp_path: Path, signal_sent: signal.Signals) -> None:
    suite, out = write(tmp_path / "small"), tmp_path / "out"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        env = os.environ | KEY | {"ANTHROPIC_BASE_URL": f"http://127.0.0.1:{silent.getsockname()[1]}"}
        command = [*ADVISOR, "eval", "run", str(suite), "--model", "claude-test-1", "-o", str(out)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env) as process:
            while "".join(path.read_text() for path in out.glob("logs/*/log.jsonl")).count("model.asked") < 2:
                assert process.poll() is None
            process.send_signal(signal_sent)
            told, said = process.communicate(timeout=60)
    assert process.returncode == 130 and json.loads(told)["error"]["code"] == "interrupted"
    assert said == f"error: interrupted\nhint:  the logs of what was asked lie in {out}\n"
    ends: list[Any] = [log.read(path)[-1].event for path in sorted(out.glob("logs/*/log.jsonl"))]
    assert [end.status for end in ends] == ["interrupted", "interrupted"]


def test_blessing_tells_what_it_accepts_and_is_refused_in_ci(tmp_path: Path) -> None:
    suite = write(tmp_path)
    refused = evaluate("bless", suite, env={"CI": "true"})
    assert refused.returncode == 2 and "refused in CI" in refused.stderr and not (suite / "baseline.json").exists()
    done = evaluate("bless", suite, env=AT_HOME)
    assert (done.returncode, done.stdout) == (0, "blessed: 4 runs of 2 cases\n")
    edited(suite / "baseline.json", lambda value: value["samples"]["first pass 1"].update(verdict="fail"))
    drifted = evaluate("run", suite, "-q")
    assert drifted.returncode == 1
    [reason] = json.loads(drifted.stdout)["cases"][0]["reasons"]
    assert reason == "the run that must pass: the verdict is not what was blessed"
    again = evaluate("bless", suite, env=AT_HOME)
    assert again.stdout.splitlines()[0] == "first, pass 1: the verdict is not what was blessed"


def test_two_outcomes_are_compared_as_json_or_as_a_table(tmp_path: Path) -> None:
    suite, left, right = write(tmp_path / "small"), tmp_path / "left", tmp_path / "right"
    for out in (left, right):
        evaluate("run", suite, "-q", "-o", out)
    edited(right / "summary.json", lambda value: value["cases"][0].update(verdict="fail"))
    done = evaluate("compare", left, right)
    assert done.returncode == 0 and json.loads(done.stdout)["verdict"] == "same"
    table = evaluate("compare", left, right, "--format", "table")
    assert table.returncode == 0 and "first" in table.stdout and "worse" in table.stdout
    wrong = evaluate("compare", left, suite)
    assert wrong.returncode == 2 and "is no outcome of a suite" in json.loads(wrong.stdout)["error"]["message"]


def test_outcome_that_is_scored_again_says_so_in_its_summary_and_page(tmp_path: Path) -> None:
    suite, out = write(tmp_path / "small", first=case()), tmp_path / "out"
    evaluate("run", suite, "-q", "-o", out)
    page = (out / "report.html").read_bytes()
    put(suite / "cases" / "first.yaml", case(thresholds={"turns": 1}))
    assert evaluate("score", out, suite).stdout == "2 logs scored again, 0 scores changed\n"
    [scored] = json.loads((out / "summary.json").read_text(encoding="utf-8"))["cases"]
    assert scored["verdict"] == "fail" and "turns is 2, at most 1 is wanted" in scored["reasons"][0]
    assert (out / "report.html").read_bytes() != page


def test_outcome_of_another_suite_is_not_scored(tmp_path: Path) -> None:
    evaluate("run", write(tmp_path / "small"), "-q", "-o", tmp_path / "out")
    done = evaluate("score", tmp_path / "out", write(tmp_path / "other", third=case()))
    assert done.returncode == 2 and "has no case 'first'" in done.stderr


def test_run_is_frozen_into_a_case_that_passes_and_can_be_verified(tmp_path: Path) -> None:
    asked = advisor("ask", "--offline", "-q", "-c", "us_sector_rotation", "--as-of", "2008-09-30", "Which hold up?")
    assert asked.returncode == 0
    suite = tmp_path / "small"
    put(suite / "suite.yaml", "about: Frozen.\n")
    frozen = evaluate("freeze", "last", suite, "--name", "downturn", env=AT_HOME)
    assert frozen.returncode == 0, frozen.stderr
    written = [suite / "transcripts" / "downturn.jsonl", suite / "cases" / "downturn.yaml"]
    assert frozen.stdout.startswith("".join(f"written: {path}\n" for path in written))
    assert "advisor eval bless" in frozen.stdout
    assert evaluate("bless", suite, env=AT_HOME).returncode == 0
    assert evaluate("run", suite, "-q").returncode == 0
    put(written[1], written[1].read_text(encoding="utf-8") + "# mine\n")
    again = evaluate("freeze", "last", suite, "--name", "downturn", env=AT_HOME)
    assert again.returncode == 2 and "downturn" in again.stderr
    assert evaluate("freeze", "last", suite, "--name", "downturn", "--replace", env=AT_HOME).returncode == 0
    assert evaluate("freeze", "last", suite, "--name", "x", env={"CI": "1"}).returncode == 2
    assert evaluate("freeze", "none", suite, "--name", "x", env=AT_HOME).returncode == 2
    verified = evaluate("verify", suite)
    rows = json.loads(verified.stdout)
    assert verified.returncode == 0 and {row["recording"] for row in rows} == {"downturn.jsonl"}
    assert {row["verdict"] for row in rows} <= {"same", "info"} and len(rows) > 3
    table = evaluate("verify", written[0], "--format", "table")
    assert table.returncode == 0 and "downturn.jsonl" in table.stdout


def test_drift_of_a_live_server_is_exit_5(tmp_path: Path) -> None:
    """The recorded market of three sectors is not what the agent file names."""
    suite = write(tmp_path)
    done = evaluate("verify", suite / TRANSCRIPT, "-c", "us_sector_rotation")
    assert done.returncode == 5 and {"broken", "changed"} & {row["verdict"] for row in json.loads(done.stdout)}
    put(tmp_path / "empty" / "suite.yaml", "about: Empty.\n")
    nothing = evaluate("verify", tmp_path / "empty")
    assert nothing.returncode == 2 and "there is nothing recorded" in nothing.stderr


def test_pack_is_written_and_told_and_refused_in_ci(tmp_path: Path) -> None:
    calls = {"get_whale_activity": {"sector": ["all"], "lookback_days": [5, 10]}}
    spec = put(tmp_path / "p.yaml", {"agent": "dynamic_sector_advisor", "as_of": "2025-06-30", "calls": calls})
    out = tmp_path / "transcripts" / "p.jsonl"
    refused = evaluate("pack", spec, "-o", out, env={"CI": "true"})
    assert refused.returncode == 2 and "refused in CI" in refused.stderr and not out.exists()
    done = evaluate("pack", spec, "-o", out, env=AT_HOME)
    assert (done.returncode, done.stdout) == (0, f"2 calls recorded in {out}\n") and log.read(out)
