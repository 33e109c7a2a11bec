"""advisor runs diff: two runs side by side, from the command line."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from filelock import FileLock

from agent.report.diff_page import LIMIT
from tests.cli.advisor import advisor
from tests.report.runs_and_pages import Reader

ASK = ("ask", "--offline", "-q", "--format", "answer", "--as-of")


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two runs of the planner over the embedded market, as of two dates."""
    home = tmp_path_factory.mktemp("two")
    for day in ("2025-03-31", "2025-06-30"):
        advisor(*ASK, day, "Which sectors lead?", env={"ADVISOR_HOME": str(home)})
    before, after = sorted((home / "runs").iterdir())
    return before, after


@pytest.fixture
def pair(two: tuple[Path, Path], home: Path) -> tuple[str, str]:
    """Their ids, among the runs of this test."""
    for folder in two:
        shutil.copytree(folder, home / "runs" / folder.name)
    return two[0].name, two[1].name


def test_terminal_says_the_verdict_first_and_names_figures(pair: tuple[str, str]) -> None:
    done = advisor("runs", "diff", pair[0], "last", env={"COLUMNS": "120"})
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "[SIMULATED DATA / OFFLINE PLANNER]"
    assert lines[1] == "Same question, agent and model; as of 2025-06-30 instead of 2025-03-31."
    assert lines[2].startswith("Of ") and lines[3].startswith("Figures moved, which may explain it")
    assert "▲" not in done.stdout and "\x1b" not in done.stdout and "σ)*" in done.stdout


@pytest.mark.parametrize("columns", ["80", "120"])
def test_terminal_keeps_within_its_columns(pair: tuple[str, str], columns: str) -> None:
    done = advisor("runs", "diff", *pair, env={"COLUMNS": columns})
    assert max(map(len, done.stdout.splitlines())) <= int(columns)


def test_json_has_the_verdict_and_every_difference(pair: tuple[str, str]) -> None:
    said = json.loads(advisor("runs", "diff", *pair, "--format", "json").stdout)
    assert said["format"] == "rundiff/1" and said["same_run"] is False
    assert (said["before"]["run"], said["after"]["run"]) == pair
    assert said["facts"] == [{"at": "as_of", "before": "2025-03-31", "after": "2025-06-30"}]
    assert (said["agent_file"], said["prompt"], said["tools"], said["answer"]) == ([], [], [], [])
    assert {each["outcome"] for each in said["calls"]} <= {"same result", "same figures", "other figures"}
    assert sum(said["counted"].values()) == len(said["changes"]) and said["same_input"] is False


def test_page_is_written_where_it_is_wanted_and_loads_nothing(pair: tuple[str, str], tmp_path: Path) -> None:
    done = advisor("runs", "diff", *pair, "--html", "-o", str(tmp_path / "diff.html"))
    assert (done.returncode, done.stdout) == (0, "") and "written: " in done.stderr
    page = (tmp_path / "diff.html").read_text(encoding="utf-8")
    assert page == advisor("runs", "diff", *pair, "--html").stdout
    assert len(page.encode()) <= LIMIT and "http" not in page.replace("http-equiv", "")
    assert "as of 2025-06-30 instead of 2025-03-31" in Reader(page).text


def test_run_and_itself_are_the_same(pair: tuple[str, str]) -> None:
    done = advisor("runs", "diff", "last", pair[1])
    assert done.returncode == 0 and "Both are the same run: there is nothing to compare." in done.stdout
    assert json.loads(advisor("runs", "diff", "last", pair[1], "--format", "json").stdout)["same_run"] is True


def test_run_that_another_process_is_at_is_running_as_when_it_is_shown(pair: tuple[str, str], home: Path) -> None:
    log = home / "runs" / pair[1] / "log.jsonl"
    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:-2]))
    with FileLock(log.parent / "lock"):
        told = " ".join(advisor("runs", "diff", *pair).stdout.split())
        side = json.loads(advisor("runs", "diff", *pair, "--format", "json").stdout)["after"]
        shown = advisor("runs", "show", pair[1]).stdout
    assert f"No valid answer in {pair[1]} (running): no answers can be compared." in told
    assert (side["status"], side["stop_reason"]) == ("running", "another process is at it")
    assert "running: another process is at it" in shown and "interrupted" not in told + shown


def test_run_without_an_answer_is_compared_all_the_same(pair: tuple[str, str], home: Path) -> None:
    log = home / "runs" / pair[1] / "log.jsonl"
    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:-2]))
    done = advisor("runs", "diff", *pair)
    assert done.returncode == 0
    assert f"No valid answer in {pair[1]} (interrupted): no answers can be compared." in " ".join(done.stdout.split())


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["last"], "Missing argument"),
        (["last", "nothing"], "no run is called 'nothing'"),
        (["last", "last", "--html", "--format", "json"], "exclude each other"),
        (["last", "last", "-o", "x.html"], "add --html or --format json"),
        (
            ["last", "last", "--html", "-o", "nowhere/x.html"],
            "nowhere/x.html cannot be written: No such file or directory\nhint: ",
        ),
    ],
)
def test_wrong_usage_is_exit_2(pair: tuple[str, str], arguments: list[str], says: str) -> None:
    done = advisor("runs", "diff", *arguments)
    assert done.returncode == 2 and says in done.stdout + done.stderr


def test_run_that_has_not_begun_is_exit_2(pair: tuple[str, str], home: Path) -> None:
    log = home / "runs" / pair[1] / "log.jsonl"
    log.write_bytes(log.read_bytes().splitlines(keepends=True)[0])
    done = advisor("runs", "diff", *pair)
    assert done.returncode == 2 and "stopped before it began: there is nothing to compare" in done.stderr


def test_no_number_is_cut_in_a_narrow_terminal(pair: tuple[str, str]) -> None:
    def numbers(columns: int) -> set[str]:
        told = advisor("runs", "diff", *pair, env={"COLUMNS": str(columns)}).stdout
        return set(re.findall(r"\d[\d.,]*\d|\d", told))

    whole = numbers(400)
    assert numbers(60) == numbers(36) == whole
