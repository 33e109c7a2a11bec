"""A hundred runs of one process at once, over a service that fails at random."""

from __future__ import annotations

import asyncio
import gc
import os
import random
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from agent.errors import CredentialsError, ModelError
from agent.loop import ATTEMPTS
from tests.service.kit import MODES, STREAM, Ended, check_replay, check_requests, run_to_its_end
from tests.service.server import Exchange, Service, Step, serving
from tests.service.steps import refuse, well
from tests.service.test_faults import FINAL, PASSING, STALLS

RUNS = 100
SHARE = 0.2
"""Of all requests that are answered with a fault."""
UNHURRIED = {"answer": 6, "idle": 2}
REJECTED: list[tuple[str, Step]] = [("401", refuse(401, "authentication_error"))]
FINAL_SHARE = 0.05
"""Of all faults that no retry can mend."""


@dataclass
class Chance:
    """Which fault a request meets depends on its question, turn and attempt, and on nothing else."""

    final: set[str] = field(default_factory=set)
    """Questions that met what no retry can mend."""
    given: Counter[str] = field(default_factory=Counter)
    """Faults by question."""

    def plan(self, exchange: Exchange) -> Step:
        chance = random.Random(f"{exchange.question}/{exchange.turn}/{exchange.attempt}")
        if chance.random() >= SHARE:
            return well
        self.given[exchange.question] += 1
        if chance.random() < FINAL_SHARE:
            self.final.add(exchange.question)
            return chance.choice([*FINAL, *REJECTED])[1]
        mode = MODES[not exchange.streams]
        return chance.choice([step for _, each, step, _ in [*PASSING, *STALLS] if each == mode])


def open_files() -> int:
    folder = Path("/proc/self/fd")
    return len(os.listdir(folder)) if folder.exists() else 0


def children() -> list[str]:
    """Ids of the processes that this one started."""
    return sorted(" ".join(path.read_text() for path in Path("/proc/self/task").glob("*/children")).split())


def check_ended(run: Ended, chance: Chance) -> None:
    """Valid wherever it could be, else by the name of what it met; and with no request more than that took."""
    question = run.result.question
    times = Counter(each.turn for each in run.failed)
    hopeless = question in chance.final or ATTEMPTS in times.values()
    assert len(run.failed) >= chance.given[question]
    if hopeless:
        assert isinstance(run.error, ModelError | CredentialsError) and run.result.status == "failed"
        assert run.failed[-1].wait is None
    else:
        assert (run.error, run.result.status) == (None, "ok"), run.result.stop_reason
        assert run.result.requests == 3 + len(run.failed) and max(times.values(), default=0) < ATTEMPTS


async def crowd(service: Service) -> list[Ended]:
    runs = [
        run_to_its_end(service, MODES[number % 2], question=f"Question {number}?", timeouts=UNHURRIED)
        for number in range(RUNS)
    ]
    return await asyncio.gather(*runs)


async def test_hundred_runs_over_a_service_that_fails_end_well_told_and_leave_nothing_behind() -> None:
    tasks, files, processes = asyncio.all_tasks(), open_files(), children()
    chance = Chance()
    async with serving(chance.plan) as service:
        ended = await crowd(service)
        await service.left()
    for run in ended:
        check_requests(run.events, service.asked(run.result.question))
        check_ended(run, chance)
    assert sum(run.error is None for run in ended) > RUNS / 2
    assert len(chance.given) > RUNS / 4 and chance.final, "the faults were dealt"
    assert len({run.result.run_id for run in ended}) == RUNS
    gc.collect()
    assert asyncio.all_tasks() == tasks
    assert open_files() <= files and children() == processes
    for run in ended:
        await check_replay(run.result)


async def test_runs_of_one_moment_have_connections_of_their_own_and_need_one_each() -> None:
    async with serving(lambda _: well) as service:
        ended = await asyncio.gather(
            *(run_to_its_end(service, STREAM, question=f"Question {number}?") for number in range(20))
        )
        assert service.connections == 20 and len(service.requests) == 60
    assert all(run.result.ok for run in ended)
