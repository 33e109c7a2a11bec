"""What an orchestrator costs by itself: this program against the same job by hand over the two SDKs.

    python bench/loop.py [--only warm|fresh|load] [--quick]
    python bench/loop.py --profile ours|streamed|plain

The job (`job.py`): three requests to a scripted Messages API on loopback, four calls to an MCP server over stdio. Both
are processes of their own, whose time does not count. The contestants take turns, so that whatever slows the machine
down slows all of them: only the ratios mean something elsewhere. It takes about eight minutes.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import gc
import json
import os
import platform
import pstats
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from contestants import AGENT, NAMES, OURS, PLAIN, STREAMED, Once, agent_file, opened
from job import QUESTION
from stub import Seen, ask_seen, stub

HERE = Path(__file__).parent
TICK = 1 / os.sysconf("SC_CLK_TCK")
Figures = dict[str, float]
Round = dict[str, Figures]
"""By contestant."""


@dataclass(frozen=True)
class Counts:
    """`runs` of each contestant in each of `pairs`; `fresh` processes of each; `load`: how many runs at once."""

    pairs: int = 25
    runs: int = 20
    fresh: int = 11
    load: tuple[int, ...] = (32, 256)
    rounds: int = 3
    """Of each load."""
    repeated: int = 2
    """How many runs there are in all for each that is under way."""


QUICK = Counts(pairs=1, runs=2, fresh=1, load=(4,), rounds=1)


async def warm(counts: Counts) -> dict[str, Any]:
    """Rounds of all contestants in one process, each in CPU milliseconds a run, and their function calls."""
    async with AsyncExitStack() as stack:
        ready = {name: await stack.enter_async_context(opened(name)) for name in NAMES}
        for once in ready.values():
            await once()
        calls = [{name: {"count": await function_calls(once)} for name, once in ready.items()} for _ in range(3)]
        rounds = []
        for number in range(counts.pairs):
            rounds.append({name: await measured(ready[name], counts.runs) for name in turned(number)})
        return {"rounds": rounds, "calls": calls}


def turned(number: int) -> list[str]:
    """The contestants, another one first each time."""
    names, at = list(NAMES), number % len(NAMES)
    return names[at:] + names[:at]


async def measured(once: Once, runs: int) -> Figures:
    gc.collect()
    url = os.environ["ANTHROPIC_BASE_URL"]
    ask_seen(url)
    cpu = time.process_time()
    for _ in range(runs):
        await once()
    cpu = 1000 * (time.process_time() - cpu) / runs
    return {"cpu": cpu, **shares(ask_seen(url), runs)}


def shares(seen: Seen, runs: int) -> Figures:
    """What reached the Messages API, for each run."""
    assert not seen.refused, seen.refused
    return {"requests": seen.requests / runs, "calls": seen.calls / runs, "bytes": seen.bytes / runs}


async def function_calls(once: Once) -> float:
    return float(sum(each.callcount for each in (await profiled(once)).getstats()))


async def profiled(once: Once) -> cProfile.Profile:
    """One run; what it does in other threads is not in it."""
    gc.collect()
    profile = cProfile.Profile()
    profile.enable()
    await once()
    profile.disable()
    return profile


async def load(name: str, at_once: int, runs: int) -> Figures:
    """Runs a second of one contestant, with so many under way, after one that connects."""
    async with opened(name) as once:
        await once()
        left = iter(range(runs))

        async def worker() -> None:
            for _ in left:
                await once()

        wall, cpu = time.monotonic(), time.process_time()
        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(worker())
        wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    return {"rate": runs / wall, "cpu": 1000 * cpu / runs, "memory": peak_memory()}


def peak_memory() -> float:
    """MB, of this program alone: `ru_maxrss` begins with what the process was that started it."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def fresh(name: str, url: str, environment: dict[str, str], folder: Path) -> Figures:
    """Seconds of a process of its own from its start to its first request and to its end, and of its own CPU."""
    by_hand = [str(HERE / "floor.py"), *(["--plain"] if name == PLAIN else [])]
    words = ["-m", "agent", "ask", "-c", AGENT] if name == OURS else by_hand
    ask_seen(url)
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        began = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, *words, QUESTION], cwd=folder, env=environment, stdout=out, stderr=err
        )
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        ended = time.monotonic()
        own = own_cpu(process.pid)
        if process.wait():
            err.seek(0)
            sys.exit(f"{NAMES[name]} failed:\n{err.read().decode()}")
        out.seek(0)
        assert json.load(out)["sector_recommendations"]
    seen = ask_seen(url)
    assert seen.first is not None
    return {"cpu": own, "first": seen.first - began, "wall": ended - began, **shares(seen, 1)}


def own_cpu(pid: int) -> float:
    """Seconds of a process that has ended and is not waited for yet, without those of its children."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK


@dataclass
class Bench:
    """All measurements, each in processes of its own."""

    counts: Counts
    url: str
    folder: Path

    def __post_init__(self) -> None:
        (self.folder / AGENT).write_text(agent_file([sys.executable, str(HERE / "server.py")]), encoding="utf-8")
        dropped = ("PYTHONDONTWRITEBYTECODE", "ANTHROPIC_", "COV", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
        self.environment = {
            name: value for name, value in os.environ.items() if not name.upper().startswith(dropped)
        } | {
            "ANTHROPIC_API_KEY": "bench",
            "ANTHROPIC_BASE_URL": self.url,
            "ADVISOR_HOME": str(self.folder / "home"),
        }

    def inside(self, *words: str) -> Any:
        """What this script finds in a process of its own."""
        done = subprocess.run(
            [sys.executable, __file__, *words],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            check=True,
            text=True,
        )
        return json.loads(done.stdout)

    def warm(self) -> tuple[list[Round], list[Round]]:
        """The rounds, and those of the function calls."""
        found = self.inside("--inside", "warm", "--counts", json.dumps(asdict(self.counts)))
        return found["rounds"], found["calls"]

    def fresh(self) -> list[Round]:
        """After one each that fills the caches of the machine."""
        rounds = [
            {name: fresh(name, self.url, self.environment, self.folder) for name in turned(number)}
            for number in range(self.counts.fresh + 1)
        ]
        return rounds[1:]

    def load(self, at_once: int) -> list[Round]:
        runs = str(at_once * self.counts.repeated)
        return [
            {name: self.inside("--inside", name, "--at-once", str(at_once), "--runs", runs) for name in turned(number)}
            for number in range(self.counts.rounds)
        ]


@contextmanager
def bench(counts: Counts) -> Iterator[Bench]:
    with stub() as url, tempfile.TemporaryDirectory() as folder:
        yield Bench(counts, url, Path(folder))


def row(what: str, rounds: list[Round], key: str, digits: int) -> str:
    """Medians of each contestant, and the medians of the ratios of each round."""
    middle = {name: statistics.median(each[name][key] for each in rounds) for name in NAMES}
    ratio = {
        name: statistics.median(each[OURS][key] / each[name][key] for each in rounds) for name in (STREAMED, PLAIN)
    }
    cells = [f"{middle[name]:,.{digits}f}" for name in NAMES] + [f"{ratio[name]:.2f}" for name in (STREAMED, PLAIN)]
    return f"| {what} | {' | '.join(cells)} |"


def warm_rows(bench: Bench) -> Iterator[str]:
    rounds, calls = bench.warm()
    yield row("warm: CPU ms a run", rounds, "cpu", 2)
    yield row("warm: function calls a run", calls, "count", 0)
    yield row("requests a run", rounds, "requests", 0)
    yield row("tool calls a run", rounds, "calls", 0)
    yield row("bytes sent to the model a run", rounds, "bytes", 0)


def fresh_rows(bench: Bench) -> Iterator[str]:
    rounds = bench.fresh()
    yield row("fresh: CPU s", rounds, "cpu", 2)
    yield row("fresh: s to the first request", rounds, "first", 2)
    yield row("fresh: s to the end", rounds, "wall", 2)
    yield row("fresh: requests", rounds, "requests", 0)
    yield row("fresh: tool calls", rounds, "calls", 0)


def load_rows(bench: Bench) -> Iterator[str]:
    for at_once in bench.counts.load:
        rounds = bench.load(at_once)
        yield row(f"{at_once} at once: runs a second (more is better)", rounds, "rate", 1)
        yield row(f"{at_once} at once: CPU ms a run", rounds, "cpu", 2)
        yield row(f"{at_once} at once: peak memory, MB", rounds, "memory", 0)


PARTS = {"warm": warm_rows, "fresh": fresh_rows, "load": load_rows}


def report(bench: Bench, parts: list[str]) -> Iterator[str]:
    """The table, line by line, as it is found."""
    yield f"| | {' | '.join(NAMES.values())} | ours × streamed | ours × plain |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for part in parts:
        yield from PARTS[part](bench)


def machine() -> str:
    cores = len(os.sched_getaffinity(0))
    sdks = ", ".join(f"{name} {version(name)}" for name in ("anthropic", "mcp"))
    return (
        f"{time.strftime('%Y-%m-%d')}, {cores} cores, {platform.system()}, Python {platform.python_version()}, {sdks}"
    )


async def profile(name: str) -> None:
    """One warm run's functions, by their own time and with all that they call."""
    async with opened(name) as once:
        for _ in range(5):
            await once()
        stats = pstats.Stats(await profiled(once))
    for order in ("tottime", "cumulative"):
        stats.sort_stats(order).print_stats(40)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="only see that all of it runs")
    parser.add_argument("--only", choices=PARTS, help="one part of the table")
    parser.add_argument("--profile", choices=NAMES, help="where a warm run's time goes")
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    parser.add_argument("--counts", type=json.loads, help=argparse.SUPPRESS)
    parser.add_argument("--at-once", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--runs", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.inside == "warm":
        print(json.dumps(asyncio.run(warm(Counts(**given.counts)))))
    elif given.inside == "profile":
        asyncio.run(profile(given.profile))
    elif given.inside:
        print(json.dumps(asyncio.run(load(given.inside, given.at_once, given.runs))))
    else:
        with bench(QUICK if given.quick else Counts()) as begun:
            if given.profile:
                words = [sys.executable, __file__, "--inside", "profile", "--profile", given.profile]
                subprocess.run(words, cwd=begun.folder, env=begun.environment, check=True)
                return
            print(f"Measured on {machine()}:\n")
            for line in report(begun, [given.only] if given.only else list(PARTS)):
                print(line, flush=True)


if __name__ == "__main__":
    main()
