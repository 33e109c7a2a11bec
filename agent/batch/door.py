"""The public door of batches: run what is left of one, or of every slot that is due, and write down what came of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from agent.batch import hook, outputs
from agent.batch.executor import Executor
from agent.batch.folder import BatchFolder
from agent.batch.jobs import Batch, Job
from agent.batch.outputs import Row
from agent.batch.running import Running
from agent.batch.schedule import Calendar, ScheduleSpec, Slot, due, next_slot
from agent.errors import AdvisorError, UsageError
from agent.report.batch_progress import BatchProgress, batch_progress

WATCH_SECONDS = 2.0


@dataclass
class Door:
    """One command over a batch, with its output folder `out`; `now` gives the time, with its zone."""

    batch: Batch
    out: Path
    new_attempt: bool = False
    quiet: bool = True
    executor: Executor | None = None
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    problems: list[AdvisorError] = field(default_factory=list)
    """What went wrong beside the jobs."""
    _running: Running | None = field(default=None, init=False)
    stopped: bool = field(default=False, init=False)

    async def run(self) -> dict[str, Any]:
        """The summary, as it lies in summary.json. Raises LogBusy, UsageError, CredentialsError, LogError."""
        folder = BatchFolder(self.out)
        with folder.held():
            return await self._carry_out(folder, self._undated())

    async def run_due(self) -> list[dict[str, Any]]:
        """The summaries of the slots that are due, each in a folder of its own named by its session; oldest first."""
        ended: list[dict[str, Any]] = []
        with BatchFolder(self.out).held():
            untold = self._untold()
            for slot in self.due():
                try:
                    ended += [] if self.stopped else [await self._run_slot(slot)]
                except UsageError as error:  # of this slot; the others' day has come too
                    self.problems.append(error)
            for folder in untold:
                await self._tell_the_hook(folder, _summary_in(folder))
        return ended

    async def run_one(self, job_id: str) -> Row:
        """One job, beside whoever runs the others; nothing of the whole batch is written.

        Raises LogBusy when another process runs it, and what `run` raises.
        """
        jobs = [job for job in self._undated() if job.id == job_id]
        if not jobs:
            raise UsageError(f"{self.batch.name} has no job {job_id!r}", hint="--dry-run lists the jobs")
        running = self._begin(BatchFolder(self.out), jobs)
        await running.run(lambda row: None)
        if error := running.fatal or running.busy:
            raise error
        return running.rows[job_id]

    def look(self) -> dict[str, Any]:
        """The summary as it would be now, without running anything."""
        folder = BatchFolder(self.out)
        return outputs.summary(self.batch.name, [folder.row(job) for job in self._undated()], None)

    def due(self) -> list[Slot]:
        """Slots that are due and not finished. Raises UsageError without a schedule, or past its holidays' last day."""
        return due(self._calendar, self.now(), self._finished())

    def next(self) -> Slot | None:
        """The slot after now; None when the holidays of its day are not known."""
        try:
            return next_slot(self._calendar, self.now())
        except UsageError:
            return None

    def stop(self) -> None:
        """Let the requests under way come to their answers, and make no other."""
        self.stopped = True
        if self._running:
            self._running.stop()

    @property
    def schedule(self) -> ScheduleSpec:
        """Raises UsageError when there is none."""
        if self.batch.spec.schedule is None:
            raise UsageError(f"{self.batch.name} has no schedule", hint="add a `schedule:` block to the batch file")
        return self.batch.spec.schedule

    @cached_property
    def _calendar(self) -> Calendar:
        return Calendar.load(self.schedule, self.batch.folder)

    def _undated(self) -> list[Job]:
        """Raises UsageError for a batch whose jobs get their date from a schedule."""
        if self.batch.spec.schedule is not None:
            raise UsageError(f"{self.batch.name} runs on a schedule", hint="--due runs what is due")
        return self.batch.jobs()

    def _finished(self) -> set[str]:
        """Slots whose jobs have all ended."""
        return {folder.name for folder in self.out.glob("????-??-??") if _summary_in(folder).get("complete")}

    def _untold(self) -> list[Path]:
        """Folders of slots that ended before, not too long ago, without anybody having heard."""
        oldest = (self.now() - self.schedule.age_limit).date().isoformat()
        return [
            self.out / slot
            for slot in sorted(self._finished())
            if slot >= oldest and self._is_to_be_told(self.out / slot)
        ]

    def _is_to_be_told(self, folder: Path) -> bool:
        return self.batch.spec.on_finish is not None and not hook.is_told(folder)

    async def _run_slot(self, slot: Slot) -> dict[str, Any]:
        folder = BatchFolder(self.out / slot.id)
        with folder.held():
            return await self._carry_out(folder, self.batch.jobs(slot.as_of.isoformat()), slot)

    async def _carry_out(self, folder: BatchFolder, jobs: list[Job], slot: Slot | None = None) -> dict[str, Any]:
        """Run what is left, and write the summary whatever happens. Raises what stopped the batch."""
        running = self._begin(folder, jobs, slot)
        facts = None if slot is None else _facts(slot, folder.path, self.now())
        try:
            with batch_progress(len(jobs), len(jobs) - len(running.left), quiet=self.quiet) as progress:
                await _watched(running, progress, self.executor)
        finally:
            summary = outputs.summary(self.batch.name, list(running.rows.values()), facts)
            outputs.write(folder.path, summary)
        if running.left or (summary["complete"] and self._is_to_be_told(folder.path)):
            await self._tell_the_hook(folder.path, summary, running.fatal)
        if running.fatal:
            raise running.fatal
        return summary

    def _begin(self, folder: BatchFolder, jobs: Sequence[Job], slot: Slot | None = None) -> Running:
        live_until = slot.live_until(self.schedule) if slot else None
        self._running = Running(self.batch, folder, jobs, live_until, self.now, self.new_attempt)
        if self.stopped:
            self._running.stop()
        return self._running

    async def _tell_the_hook(self, folder: Path, summary: dict[str, Any], fatal: AdvisorError | None = None) -> None:
        if self.batch.spec.on_finish and not self.stopped:
            said = hook.message(folder, summary, fatal)
            try:
                await hook.tell(self.batch.spec.on_finish, self.batch.folder, folder, said)
            except AdvisorError as error:
                self.problems.append(error)


async def _watched(running: Running, progress: BatchProgress, executor: Executor | None) -> None:
    """Run, and tell what everybody waits for, if it is so."""

    async def watch() -> None:
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            if why := running.waiting:
                with suppress(Exception):  # who listens may have gone
                    progress.tell_waiting(why)

    watcher = asyncio.create_task(watch())
    try:
        await running.run(progress.tell, executor)
    finally:
        watcher.cancel()


def _facts(slot: Slot, folder: Path, now: datetime) -> dict[str, str]:
    """When a slot was due and when it was first begun, for people: a late run says so."""
    before = _summary_in(folder).get("schedule") or {}
    return {
        "session": slot.id,
        "as_of": slot.as_of.isoformat(),
        "scheduled": slot.time.isoformat(timespec="seconds"),
        "started": before.get("started") or now.astimezone(UTC).isoformat(timespec="seconds"),
    }


def _summary_in(folder: Path) -> dict[str, Any]:
    """Empty when there is none that can be read."""
    try:
        return dict(json.loads((folder / outputs.SUMMARY).read_bytes()))
    except (OSError, ValueError, TypeError):
        return {}
