"""How many full replays a second one core makes: model and tools recorded, neither SDK imported.

    python bench/replay.py [SUITE] [--seconds 5]

`transcripts`: each transcript of the suite that holds a whole run, strictly: every request, call, check and answer is
compared with the recorded one. `references`: every run of every case whose tools are recorded, scored by all scorers.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from agent.evals import suite as suites
from agent.evals.arms import Arms
from agent.evals.case import Recorded
from agent.evals.suite import Suite
from agent.replay.again import replayed


async def transcripts(suite: Suite) -> int:
    recordings = [suite.recording(f"transcripts/{path.name}")[0] for path in suite.transcripts]
    whole = [each for each in recordings if each.finished and each.finished.status == "ok"]
    for recording in whole:
        await replayed(recording)
    return len(whole)


async def references(suite: Suite) -> int:
    arms, runs = Arms(suite), 0
    for case in suite.cases:
        if isinstance(case.spec.tools, Recorded):
            runs += len(await arms.references(case))
    return runs


def measured(once: Callable[[Suite], Coroutine[Any, Any, int]], suite: Suite, seconds: float) -> tuple[int, float]:
    """Runs and CPU seconds, after one round that fills the caches."""
    asyncio.run(once(suite))
    runs, began, cpu = 0, time.perf_counter(), time.process_time()
    while time.perf_counter() - began < seconds:
        runs += asyncio.run(once(suite))
    return runs, time.process_time() - cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suite", type=Path, nargs="?", default=Path("evals"))
    parser.add_argument("--seconds", type=float, default=5.0)
    given = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    suite = suites.load(given.suite)
    for once in (transcripts, references):
        runs, cpu = measured(once, suite, given.seconds)
        print(f"{once.__name__:>12}: {runs / cpu:6.0f} a second, {1000 * cpu / runs:.2f} ms each ({runs} runs)")
    heavy = sorted({"anthropic", "mcp", "numpy"} & set(sys.modules))
    print(f"imported of anthropic, mcp and numpy: {', '.join(heavy) or 'none'}")


if __name__ == "__main__":
    main()
