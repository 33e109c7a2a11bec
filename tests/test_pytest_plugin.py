"""The fixture `replay`, as it comes into the tests of somebody who has installed the package."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from agent.replay.again import Rerun
from agent.result import RunResult
from agent.runs import log

TESTS = """\
import pytest

def test_run_is_what_was_recorded(replay):
    result = replay("runs/good.jsonl")
    assert result.ok and result.answer["sector_recommendations"]

def test_folder(replay, pytestconfig):
    assert replay("runs/folder").run_id == replay(pytestconfig.rootpath / "runs" / "good.jsonl").run_id

def test_run_is_another_one(replay):
    replay("runs/other.jsonl")
"""


@pytest.fixture
def project(planned: Path, tmp_path: Path) -> Path:
    (tmp_path / "runs").mkdir()
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_mine.py").write_text(TESTS)
    shutil.copy(planned / log.FILE, tmp_path / "runs" / "good.jsonl")
    shutil.copytree(planned, tmp_path / "runs" / "folder")
    lines = log.read(planned / log.FILE)
    other = [log.encode(line.event, line.index, line.at) for line in lines[:-1]]
    (tmp_path / "runs" / "other.jsonl").write_bytes(b"".join(other))
    return tmp_path


def test_tests_of_ones_own_replay_runs_and_fail_where_they_are_not_what_was_recorded(project: Path) -> None:
    below = project / "below"
    below.mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", "--rootdir", project, project],
        capture_output=True,
        text=True,
        cwd=below,
        env=os.environ | {"PYTEST_ADDOPTS": ""},
        check=False,
    )
    assert done.returncode == 1 and "1 failed, 2 passed" in done.stdout, done.stdout
    assert "did not end by itself" in done.stdout and "test_run_is_another_one" in done.stdout


def test_plugin_imports_nothing_of_the_package_until_it_is_used() -> None:
    program = "import sys, agent.pytest_plugin; sys.exit(str(sorted(n for n in sys.modules if n.startswith('agent.'))))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == "['agent.pytest_plugin']"


def test_fixture_gives_the_run_as_a_result(replay: object, planned: Path) -> None:
    assert callable(replay)
    result = replay(planned)
    assert isinstance(result, RunResult) and not isinstance(result, Rerun) and result.run_id == planned.name
