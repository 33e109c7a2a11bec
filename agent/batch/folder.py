"""The output folder of a batch: where each job's run lies, and what its files say of it.

    DIR/<id>.json  <id>.envelope.json  <id>.html     a job's answer, receipt and page, each whole or absent
    DIR/runs/<id>/log.jsonl                          its run; a further attempt lies in runs/<id>~2
    DIR/summary.json  index.html  recommendations.*  the whole batch

The receipt is written last, so that a job that has a final one is done. One process at a time has the folder; a
single job may be run beside it (`--only`), since each run's log has a lock of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from agent.batch.jobs import Job
from agent.batch.outputs import Row, State
from agent.errors import LogBusy, LogError, UsageError
from agent.gathering import result_of
from agent.result import RunResult
from agent.runs import log
from agent.sitting import Place

RUNS, LOCK = "runs", "lock"


@dataclass(frozen=True)
class BatchFolder:
    path: Path

    @contextmanager
    def held(self) -> Iterator[None]:
        """Raises LogBusy when another process has it."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.path / LOCK)
            lock.acquire(timeout=0)
        except Timeout:
            raise LogBusy(f"another process is at this batch: {self.path}", hint="wait for it to end") from None
        except OSError as error:
            raise LogError(f"{self.path} cannot be written: {error.strerror}", hint="name another folder: -o") from None
        try:
            yield
        finally:
            lock.release()

    def receipt(self, job_id: str) -> Path:
        return self.path / f"{job_id}.envelope.json"

    def place(self, job: Job, *, new_attempt: bool = False) -> Place:
        """Where the job's newest attempt lies, or a new one would; its files lie beside the others'."""
        number = self._attempts.get(job.id, 0) + new_attempt
        name = job.id if number <= 1 else f"{job.id}~{number}"
        files = f"../../{job.id}"
        return Place(self.path / RUNS / name, f"{files}.html", f"{files}.json", f"{files}.envelope.json")

    @cached_property
    def _attempts(self) -> dict[str, int]:
        """Job id → how often it was begun, when the folder was first looked at."""
        found: dict[str, int] = {}
        for run in (self.path / RUNS).glob("*"):
            job_id, _, number = run.name.partition("~")
            found[job_id] = max(found.get(job_id, 0), int(number) if number.isdigit() else 1)
        return found

    def row(self, job: Job) -> Row:
        """What the folder says of a job. Raises UsageError when it holds another job of that id."""
        receipt = self._read(job.id)
        if receipt is None or receipt["resumable"]:
            begun = self.begun(job)
            self._same(job, begun.key if begun else None)
            return row_of(job, "waiting", "not run yet" if begun is None else begun.stop_reason, begun)
        self._same(job, receipt["key"])
        return row_of_envelope(job, receipt)

    def _read(self, job_id: str) -> dict[str, Any] | None:
        path = self.receipt(job_id)
        try:
            receipt = json.loads(path.read_bytes())
            return dict(receipt) if {"key", "resumable", "status"} <= set(receipt) else None
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError, TypeError) as error:
            raise LogError(f"{path} cannot be read: {error}", hint="remove it: it is made again from the log") from None

    def begun(self, job: Job) -> RunResult | None:
        """What the log of the job's newest attempt says; None when there is none, or it cannot be read."""
        folder = self.place(job).folder
        try:
            return result_of((line.event for line in log.read(folder / log.FILE)), folder)
        except LogError:
            return None

    def _same(self, job: Job, key: str | None) -> None:
        if key and key != job.key:
            raise UsageError(
                f"{job.where}: job {job.id!r} is not the one whose files lie in {self.path}: another question, as-of "
                "date, model or agent file",
                hint="give it another id, or name another folder with -o",
                where=job.where,
            )


def row_of(job: Job, state: State, reason: str, begun: RunResult | None = None, *, complete: bool = False) -> Row:
    """Of a job without a final receipt; `begun`: what its log says."""
    return Row(
        id=job.id,
        state=state,
        status=begun.status if begun else None,
        reason=reason,
        where=job.where,
        question=job.question,
        as_of=job.as_of,
        agent=job.file.spec.agent_name,
        model=job.model or job.file.spec.model.name,
        spend=begun.spend() if begun else None,
        labels=begun.labels if begun else [],
        warnings=begun.warnings if begun else [],
        complete=complete,
    )


def row_of_envelope(job: Job, envelope: dict[str, Any]) -> Row:
    """Of a job whose run has ended."""
    return Row(
        id=job.id,
        state="done" if envelope["ok"] else "needs_decision" if envelope["status"] == "needs_decision" else "failed",
        status=envelope["status"],
        reason="" if envelope["ok"] else envelope["stop_reason"],
        where=job.where,
        question=job.question,
        as_of=job.as_of,
        agent=envelope["agent"],
        model=envelope["model"],
        spend=envelope["spend"],
        labels=envelope["labels"],
        warnings=envelope["warnings"],
        complete=not envelope["resumable"],
    )
