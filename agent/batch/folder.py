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
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from agent.batch.jobs import Job
from agent.batch.outputs import Row, State, spent
from agent.errors import LogBusy, LogError, UsageError
from agent.gathering import read_run
from agent.place import Place
from agent.result import RunResult
from agent.runs import log

RUNS, LOCK = "runs", "lock"


@dataclass(frozen=True)
class BatchFolder:
    path: Path

    @contextmanager
    def held(self) -> Iterator[None]:
        """Raises LogBusy when another process has it."""
        with _locked(self.path / LOCK, f"another process is at this batch: {self.path}"):
            yield

    def receipt(self, job_id: str) -> Path:
        return self.path / f"{job_id}.envelope.json"

    def place(self, job: Job, *, new_attempt: bool = False) -> Place:
        """Where the job's newest attempt lies, or a new one would; its files lie beside the others'."""
        files = f"../../{job.id}"
        run = self._run(job.id, max(1, self._attempts.get(job.id, 0) + new_attempt))
        return Place(run, f"{files}.html", f"{files}.json", f"{files}.envelope.json")

    def _run(self, job_id: str, attempt: int) -> Path:
        return self.path / RUNS / (job_id if attempt == 1 else f"{job_id}~{attempt}")

    @cached_property
    def _attempts(self) -> dict[str, int]:
        """Job id → how often it was begun, when the folder was first looked at."""
        found: dict[str, int] = {}
        for run in (self.path / RUNS).glob("*"):
            job_id, number = _named(run)
            found[job_id] = max(found.get(job_id, 0), number)
        return found

    @contextmanager
    def job_held(self, place: Place) -> Iterator[None]:
        """One process at a time for all attempts of a job: a later one holds the first one's lock too.

        Raises LogBusy.
        """
        job_id, number = _named(place.folder)
        if number == 1:  # the run's own lock is the first attempt's
            yield
            return
        with _locked(self._run(job_id, 1) / log.LOCK, f"another process is at job {job_id}"):
            yield

    def row(self, job: Job) -> Row:
        """What the folder says of a job. Raises UsageError when it holds another job of that id."""
        receipt, run = self._read(job.id), self.place(job).folder
        if receipt and receipt["run"] == run.name and not receipt["resumable"] and self._has_files(receipt, job.id):
            self._same(job, receipt["key"])
            return self.with_earlier(run, row_of_envelope(job, receipt))
        begun = begun_in(run)
        self._same(job, begun.key if begun else receipt["key"] if receipt else None)
        return self.with_earlier(
            run, row_of(job, "waiting", "not run yet" if begun is None else begun.stop_reason, begun)
        )

    def _has_files(self, receipt: dict[str, Any], job_id: str) -> bool:
        """What is missing of a run that has ended is made again from its log."""
        wanted = [".html", ".json"] if receipt["ok"] else [".html"]
        return all((self.path / f"{job_id}{ending}").exists() for ending in wanted)

    def with_earlier(self, run: Path, row: Row) -> Row:
        """With what the attempts before this one spent."""
        job_id, number = _named(run)
        earlier = [begun.spend() for at in range(1, number) if (begun := begun_in(self._run(job_id, at)))]
        return replace(row, spend=spent([*earlier, *([row.spend] if row.spend else [])])) if earlier else row

    def _read(self, job_id: str) -> dict[str, Any] | None:
        path = self.receipt(job_id)
        try:
            receipt = json.loads(path.read_bytes())
            return dict(receipt) if {"run", "key", "resumable", "status", "ok"} <= set(receipt) else None
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError, TypeError) as error:
            raise LogError(f"{path} cannot be read: {error}", hint="remove it: it is made again from the log") from None

    def _same(self, job: Job, key: str | None) -> None:
        if key and key != job.key:
            raise UsageError(
                f"{job.where}: job {job.id!r} is not the one whose files lie in {self.path}: another question, as-of "
                "date, model or agent file",
                hint="give it another id, or name another folder with -o",
                where=job.where,
            )


@contextmanager
def _locked(path: Path, busy: str) -> Iterator[None]:
    """Raises LogBusy, or LogError for a folder that takes no lock."""
    lock = FileLock(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout:
        raise LogBusy(busy, hint="wait for it to end") from None
    except OSError as error:
        why = f"{path.parent} cannot be written: {error.strerror}"
        raise LogError(why, hint="name another folder: -o") from None
    try:
        yield
    finally:
        lock.release()


def _named(run: Path) -> tuple[str, int]:
    """The job and the attempt of a run's folder."""
    job_id, _, number = run.name.partition("~")
    return job_id, int(number) if number.isdigit() else 1


def begun_in(run: Path) -> RunResult | None:
    """What the log of a run says; None when there is none, or it cannot be read."""
    try:
        return read_run(run)
    except LogError:
        return None


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
        filed=False,
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
