"""What a batch costs by itself: keyless planner jobs on the shipped US data, with and without the runs' logs.

    python bench/batch.py [--jobs 2000] [--pairs 5]

Every measurement is a process of its own, in a new folder. `without the log` is the same batch with the log's writing
taken out: no line is encoded, written or synced, no lock is taken and no folder synced; pages, answers and envelopes
are written as always. The log's share is the median over pairs that ran one after the other.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SMALL = 200
MONTHS = 200


def jobs_file(folder: Path, jobs: int) -> Path:
    """Months from 1990 on; for more jobs than there are months, more questions."""
    questions = [f"Which industries lead? ({number})" for number in range(max(1, jobs // MONTHS))]
    months = [f"{1990 + month // 12}-{month % 12 + 1:02d}-28" for month in range(min(jobs, MONTHS))]
    grid = {"as_of": months, "question": questions}
    path = folder / "jobs.json"
    path.write_text(json.dumps({"agent": "us_sector_rotation", "model": "planner", "grid": grid}), encoding="utf-8")
    return path


def without_log() -> None:
    """Take the log's work out of this process."""
    from agent.runs import log

    class NoLog:
        root = ""

        def __init__(self, folder: Path) -> None:
            folder.mkdir(parents=True, exist_ok=True)
            self.folder, self.path, self.lines = folder, folder / log.FILE, []

        def append(self, event: object) -> None:
            """Nothing."""

        async def sync(self) -> None:
            """Nothing."""

        def sync_now(self) -> None:
            """Nothing."""

        def close(self) -> None:
            """Nothing."""

    from agent import place

    place.RunLog = NoLog  # type: ignore[assignment, misc]


def measured(jobs: int, *, log: bool) -> dict[str, float]:
    """Wall seconds, CPU seconds and the largest memory in MB of one batch in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        words = [sys.executable, __file__, "--inside", folder, "--jobs", str(jobs), *([] if log else ["--no-log"])]
        done = subprocess.run(words, check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout))


def inside(folder: Path, jobs: int, *, log: bool) -> None:
    """One batch; what is imported and started before it does not count."""
    import asyncio

    import mcp  # noqa: F401

    from agent.batch import jobs as batches
    from agent.batch.door import Door

    if not log:
        without_log()
    door = Door(batches.load(jobs_file(folder, jobs), batches.Defaults()), folder / "out")
    wall, cpu = time.perf_counter(), time.process_time()
    summary = asyncio.run(door.run())
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    assert summary["states"] == {"done": jobs}, summary["states"]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"wall": wall, "cpu": cpu, "memory": memory}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=2000)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--no-log", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.inside:
        inside(given.inside, given.jobs, log=not given.no_log)
        return
    small, large = measured(SMALL, log=True), measured(given.jobs, log=True)
    for jobs, figures in ((SMALL, small), (given.jobs, large)):
        each = {name: 1000 * figures[name] / jobs for name in ("wall", "cpu")}
        print(
            f"{jobs:>6} jobs: {figures['wall']:6.1f} s, {each['wall']:5.1f} ms a job "
            f"({each['cpu']:.1f} ms CPU), {figures['memory']:.0f} MB"
        )
    pairs = [(measured(given.jobs, log=False), measured(given.jobs, log=True)) for _ in range(given.pairs)]
    for name in ("wall", "cpu"):
        shares = [1 - bare[name] / logged[name] for bare, logged in pairs]
        listed = ", ".join(f"{share:.0%}" for share in shares)
        print(f"the log's share of the {name} time: median {statistics.median(shares):.0%} of {listed}")


if __name__ == "__main__":
    main()
