"""Who runs the jobs of a batch: tasks of one process, unless `Door` is given something else with the same `work`."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from agent.batch.jobs import Job

TRIES = 3
"""How often a job is begun or resumed within one command before it is left for the next."""


class Executor(Protocol):
    async def work(self, jobs: Sequence[Job], run_one: Callable[[Job, bool], Awaitable[bool]]) -> None:
        """Call `run_one(job, last)` for each job until it says True: there is no more to be done for it now.

        `last` says that it will not be called for this job again. To call it once more for a job that has ended does
        no harm: what was done, the job's log says.
        """


class LocalExecutor:
    """`concurrency` jobs at once; one that could not end is tried again when the others had their turn."""

    def __init__(self, concurrency: int) -> None:
        self._concurrency = concurrency

    async def work(self, jobs: Sequence[Job], run_one: Callable[[Job, bool], Awaitable[bool]]) -> None:
        waiting = deque((job, 1) for job in jobs)

        async def worker() -> None:
            while waiting:
                job, number = waiting.popleft()
                if not await run_one(job, number == TRIES) and number < TRIES:
                    waiting.append((job, number + 1))

        async with asyncio.TaskGroup() as group:
            for _ in range(min(self._concurrency, len(jobs))):
                group.create_task(worker())
