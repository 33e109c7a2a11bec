"""The benchmark of the loop, with counts that measure nothing: it runs, and both do the same job."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[1] / "bench"


@pytest.fixture(scope="module")
def table() -> dict[str, list[str]]:
    """What the benchmark prints: cells by the name of their row."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    done = subprocess.run(
        [sys.executable, str(BENCH / "loop.py"), "--quick"],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    rows = [line.strip("|").split("|") for line in done.stdout.splitlines() if line.startswith("|")]
    return {name.strip(): [cell.strip() for cell in cells] for name, *cells in rows}


def test_this_program_and_both_floors_stand_in_the_table(table: dict[str, list[str]]) -> None:
    assert table[""] == ["ours", "floor, streamed", "floor, plain", "ours × streamed", "ours × plain"]


@pytest.mark.parametrize(
    ("row", "count"), [("requests a run", 3), ("tool calls a run", 4), ("fresh: requests", 3), ("fresh: tool calls", 4)]
)
def test_all_make_the_same_requests_and_calls(table: dict[str, list[str]], row: str, count: int) -> None:
    assert table[row] == [str(count)] * 3 + ["1.00", "1.00"]


@pytest.mark.parametrize(
    "row",
    [
        "warm: CPU ms a run",
        "warm: function calls a run",
        "fresh: CPU s",
        "fresh: s to the first request",
        "4 at once: runs a second (more is better)",
        "4 at once: peak memory, MB",
    ],
)
def test_costs_are_told_for_all_with_their_ratios(table: dict[str, list[str]], row: str) -> None:
    ours, streamed, plain, to_streamed, to_plain = (float(cell.replace(",", "")) for cell in table[row])
    assert min(ours, streamed, plain, to_streamed, to_plain) > 0
