"""The commands of the documentation run as they stand there, block by block, in a folder like the reader's."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.test_docs import CASES, PAGES, ROOT, SUITES, blocks

ELSEWHERE = {
    "make demo": "sets up an environment of its own: `make wheel` walks the README with one",
    "export ": "is for the reader's shell",
    "pip install": "asks a package index",
    "advisor serve": "serves until it is stopped: tests/test_docs.py and tests/serving",
    "advisor runs show last --": "makes files: tests/test_docs.py looks at each",
}
"""Beginnings of lines that are not run here, and why."""
BLOCKS = [(page.name, block) for page in PAGES for block in blocks(page, "sh")]
WITHOUT_KEY = 4


def lines(block: str) -> list[str]:
    return [line for line in block.splitlines() if not line.startswith(tuple(ELSEWHERE))]


@pytest.fixture(scope="module")
def desk(planned: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the commands take for granted: a run, jobs, a market of one's own, a suite with two outcomes."""
    place = tmp_path_factory.mktemp("desk")
    shutil.copytree(planned.parent.parent, place / "home")
    data = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")
    for name, content in re.findall(r"^```\w+ smallest/(\S+)\n(.*?)^```", data, re.MULTILINE | re.DOTALL):
        (place / "my_market").mkdir(exist_ok=True)
        (place / "my_market" / name).write_text(content, encoding="utf-8")
    (place / "jobs.yaml").write_text(*blocks(ROOT / "README.md", r"yaml jobs\.yaml"), encoding="utf-8")
    (place / "evals" / "cases").mkdir(parents=True)
    for name in ("containment.yaml", "transcripts"):
        (place / "evals" / name).symlink_to(ROOT / "evals" / name)
    (place / "evals" / "suite.yaml").write_text(SUITES[0].replace("samples: 20", "samples: 1"), encoding="utf-8")
    (place / "evals" / "cases" / "shown.yaml").write_text(CASES[0], encoding="utf-8")
    for line in ("advisor eval bless evals", "advisor eval run evals --model planner -o b"):
        prepared = run(place, line)
        assert prepared.returncode == 0, f"{line}\n{prepared.stdout}{prepared.stderr}"
    return place


def run(place: Path, line: str) -> subprocess.CompletedProcess[str]:
    """One line in the shell of a reader at home, who has no key: it finds `advisor`, and answers with a question."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("ANTHROPIC_") and name != "CI"}
    env |= {"ADVISOR_HOME": str(place / "home"), "PYTHONPATH": str(ROOT)}
    command = re.sub(r"\badvisor (?=[a-z])", lambda _: f"'{sys.executable}' -P -m agent ", line.partition("  #")[0])
    return subprocess.run(
        ["bash", "-c", command],
        cwd=place,
        env=env,
        input="Which sectors lead?\n",
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(("page", "block"), [pytest.param(*each, id=each[0]) for each in BLOCKS if lines(each[1])])
def test_every_command_of_the_documentation_runs(page: str, block: str, desk: Path) -> None:
    if "jq " in block and shutil.which("jq") is None:
        pytest.skip("no jq found")
    for line in lines(block):
        asks_a_paid_model = "advisor ask" in line and not re.search("--(offline|dry-run|resume)", line)
        done = run(desk, line)
        assert done.returncode == (WITHOUT_KEY if asks_a_paid_model else 0), f"{line}\n{done.stdout}{done.stderr}"


def test_every_reason_to_leave_out_a_line_has_one() -> None:
    said = [line for _, block in BLOCKS for line in block.splitlines()]
    assert [start for start in ELSEWHERE if not any(line.startswith(start) for line in said)] == []
