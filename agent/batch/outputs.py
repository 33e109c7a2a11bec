"""What a batch leaves beside its jobs' own files: summary.json, recommendations.jsonl and .csv, and index.html.

All of it is made anew from the jobs' rows and envelopes. A file is written only where its bytes would differ, so a
batch that is done can be run again and nothing in its folder changes.
"""

from __future__ import annotations

import csv
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from typing import Any, Literal, TextIO, TypeAlias, get_args

from agent.comparison import recommendations_of
from agent.encoding import compact
from agent.errors import LogError, gravest
from agent.report.batch_page import Matrix, render
from agent.report.spreadsheet import cell
from agent.result import ADVICE

FORMAT = "sectorbatch/1"
SUMMARY = "summary.json"
WARNINGS = 20
"""Distinct warnings that a summary holds."""

State: TypeAlias = Literal["done", "failed", "deferred", "stale", "needs_decision", "interrupted", "waiting"]

_COLUMNS = ("run", "as_of", "sector", "action", "confidence", "labels", "model", "agent", "prompt", "question")
_EXITS: dict[State, int] = {
    "done": 0,
    "interrupted": 130,
    "failed": 3,
    "needs_decision": 7,
    "deferred": 6,
    "stale": 6,
    "waiting": 6,
}
_COUNTS = ("turns", "requests", "tool_calls", "repairs", "possibly_paid_twice")
_TOKENS = ("input", "cache_write", "cache_read", "output")


@dataclass(frozen=True)
class Row:
    """How one job stands.

    `status` is its run's own, None when nothing ran; `reason` is a sentence for people, empty when done; `where` is
    the job's place, such as jobs.yaml:7:5; `spend` is as in the run's envelope; `complete` says that nothing more
    will be tried.
    """

    id: str
    state: State
    status: str | None
    reason: str
    where: str
    question: str
    as_of: str | None
    agent: str
    model: str
    spend: dict[str, Any] | None
    labels: list[str]
    warnings: list[str]
    complete: bool
    filed: bool = True
    """Whether its envelope and page lie in the folder."""


def summary(name: str, rows: list[Row], slot: dict[str, Any] | None) -> dict[str, Any]:
    """What a script reads of a batch, and what summary.json holds.

    `states` counts the jobs in each state that occurs. `spend` is the sum over all runs: `usd` of those with a price,
    `unpriced` the number of paid ones without. `warnings` are the most frequent, each as {"warning", "jobs"}.
    `schedule` is the slot. `results` has one entry a job, in the order of the rows; its `answer`, `envelope` and
    `page` are file names in the batch's folder, null where the job has no such file.
    """
    states = Counter(row.state for row in rows)
    warnings = Counter(warning for row in rows for warning in dict.fromkeys(row.warnings))
    return {
        "format": FORMAT,
        "batch": name,
        "complete": all(row.complete for row in rows),
        "exit_code": exit_code(rows),
        "jobs": len(rows),
        "states": {state: states[state] for state in get_args(State) if states[state]},
        "spend": spent([row.spend for row in rows if row.spend]),
        "labels": list(dict.fromkeys(label for row in rows for label in row.labels)),
        "warnings": [{"warning": text, "jobs": jobs} for text, jobs in warnings.most_common(WARNINGS)],
        "schedule": slot,
        "results": [_entry(row) for row in rows],
        "notice": ADVICE,
    }


def exit_code(rows: Iterable[Row]) -> int:
    """0 when every job is done; else the code of the gravest state."""
    return gravest(_EXITS[row.state] for row in rows)


def spent(spends: list[dict[str, Any]]) -> dict[str, Any]:
    """The sum of what runs spent."""

    def total(values: Iterable[Mapping[str, Any]], keys: tuple[str, ...]) -> dict[str, int]:
        values = list(values)
        return {key: sum(value.get(key, 0) for value in values) for key in keys}

    prices = [spend.get("usd") for spend in spends]
    return {
        **total(spends, _COUNTS),
        "tokens": total((spend["tokens"] for spend in spends), _TOKENS),
        "usd": round(sum(usd for usd in prices if usd is not None), 6),
        "unpriced": sum(
            spend.get("unpriced", usd is None and spend["turns"] > 0) for usd, spend in zip(prices, spends, strict=True)
        ),
    }


def _entry(row: Row) -> dict[str, Any]:
    ran = row.filed and row.status is not None and row.state not in ("interrupted", "deferred", "stale")
    spend = row.spend or {}
    return {
        "id": row.id,
        "state": row.state,
        "status": row.status,
        "reason": row.reason,
        "where": row.where,
        "as_of": row.as_of,
        "agent": row.agent,
        "model": row.model,
        "question": row.question,
        "turns": spend.get("turns", 0),
        "usd": spend.get("usd"),
        "answer": f"{row.id}.json" if row.state == "done" else None,
        "envelope": f"{row.id}.envelope.json" if ran else None,
        "page": f"{row.id}.html" if ran else None,
    }


def write(folder: Path, summary: dict[str, Any]) -> None:
    """The four files, each whole or absent. Raises LogError, also for an envelope that cannot be read.

    The envelopes of done jobs are read one after the other and none is kept, whatever the size of the batch. A line
    of recommendations.jsonl is {run, as_of, sector, action, confidence, labels, model, agent, prompt (a hash),
    question, rationale}; the CSV has the same without `rationale`, with labels as "A; B". Answers of a form without
    `sector_recommendations` have no lines.
    """
    matrix = Matrix()
    with _file(folder / "recommendations.jsonl") as lines, _file(folder / "recommendations.csv") as cells:
        table = csv.DictWriter(cells, _COLUMNS, extrasaction="ignore")
        table.writeheader()
        for envelope in _envelopes(folder, summary):
            matrix.add(envelope)
            for record in _records(envelope):
                lines.write(compact(record).decode() + "\n")
                labels = "; ".join(map(str, record["labels"]))
                table.writerow({name: cell(value) for name, value in (record | {"labels": labels}).items()})
    with _file(folder / SUMMARY) as file:
        json.dump(summary, file, ensure_ascii=False, indent=2)
        file.write("\n")
    with _file(folder / "index.html") as file:
        file.write(render(summary, matrix))


def _envelopes(folder: Path, summary: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Of the done jobs, in the order of the rows."""
    for name in (result["envelope"] for result in summary["results"] if result["state"] == "done"):
        try:
            envelope = json.loads((folder / name).read_bytes())
            if not isinstance(envelope, dict):
                raise ValueError("it is no JSON object")
        except (OSError, ValueError) as error:
            raise LogError(
                f"{folder / name} cannot be read: {error}",
                hint="delete it and run the batch again: it is made from the run's log, and nothing is paid twice",
            ) from None
        yield envelope


def _records(envelope: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for given in recommendations_of(envelope.get("answer")) or ():
        yield {
            "run": envelope.get("run"),
            "as_of": envelope.get("as_of"),
            "sector": given.get("sector_name"),
            "action": given.get("action"),
            "confidence": given.get("confidence_score"),
            "labels": envelope.get("labels", []),
            "model": envelope.get("model"),
            "agent": envelope.get("agent"),
            "prompt": envelope.get("prompt"),
            "question": envelope.get("question"),
            "rationale": given.get("rationale"),
        }


@contextmanager
def _file(path: Path) -> Iterator[TextIO]:
    """A file to write, which takes its place at the end: whole, and only if its bytes differ. Raises LogError.

    The temporary name is always the same, so that the next writer takes what a killed process left.
    """
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        # Half a character is written as the escape that JSON has for it.
        with temporary.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if not path.exists() or _digest(path) != _digest(temporary):
            temporary.replace(path)
    except OSError as error:
        raise LogError(
            f"{path} cannot be written: {error.strerror}",
            hint="free some space, or name another folder; what the jobs made is kept",
        ) from None
    finally:
        temporary.unlink(missing_ok=True)


def _digest(path: Path) -> bytes:
    with path.open("rb") as file:
        return file_digest(file, "sha256").digest()
