"""The last comparable run: what a run's recommendations are compared with when it ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from agent.comparison import changes, recommendations_of
from agent.errors import LogError
from agent.events import ContentStored, QuestionAsked, RunCompared, RunStarted
from agent.gathering import read_run, result_of
from agent.result import SIMULATED, RunResult
from agent.runs import log

UNREADABLE = (LogError, LookupError, TypeError, ValueError, AttributeError)
"""What comes of a log that another version or another program wrote: none of it may cost a run its answer."""
LOOKED_AT = 200
"""Runs that lie beside one, newest first, among which the last comparable one is sought."""


def by_store(run: RunResult) -> RunCompared | None:
    """Among the runs that lie beside it, the newest valid one of the same agent, question, horizon, benchmark, universe
    and model on data of the same kind: of an earlier as-of date, the latest of these, or without one where `run` has
    none. A question on an answer is compared with that answer.
    """
    if not run.ok or run.folder is None or recommendations_of(run.answer) is None:
        return None
    if run.earlier:
        return _compared(_followed(run.folder), run)
    for folder in _earlier(run.folder, run.as_of):
        try:
            before = read_run(folder)
            if _is_comparable(before, run):
                return _compared(before, run)
        except UNREADABLE:
            continue
    return None


def _compared(before: RunResult, run: RunResult) -> RunCompared:
    return RunCompared(before.run_id, before.as_of, [each.to_json() for each in changes(before, run)])


def _followed(folder: Path) -> RunResult:
    """The run that a question was asked on, as the log of the question begins with it: that run may lie anywhere."""
    events = [line.event for line in log.read(folder / log.FILE)]
    asked = max(at for at, event in enumerate(events) if isinstance(event, QuestionAsked))
    before = result_of(events[:asked], folder)
    return replace(before, answer=before.best_attempt)


def _is_comparable(before: RunResult, run: RunResult) -> bool:
    """What the beginning of its log does not tell: how it ended, on which data, and its question where that was asked
    later.
    """
    return (
        before.ok
        and recommendations_of(before.answer) is not None
        and before.question == run.question
        and (SIMULATED in before.labels) == (SIMULATED in run.labels)
        and _knows_no_more(before, run)
    )


def _knows_no_more(before: RunResult, run: RunResult) -> bool:
    """Whether it saw nothing later than the as-of date of a run that is held to it: its figures are shown beside."""
    if not run.gated or run.as_of is None:
        return True
    saw_later = before.observed is not None and before.observed[1] > run.as_of
    return not saw_later and (run.allow_live or (before.gated and not before.allow_live))


class _Head(NamedTuple):
    as_of: str | None
    told: tuple[Any, ...]
    """What comparable runs have in common."""


def _earlier(folder: Path, as_of: str | None) -> Iterator[Path]:
    """Runs that began as this one did, the one to compare it with first."""
    logs = [path for path in folder.parent.glob(f"*/{log.FILE}") if path.parent != folder]
    beside = sorted(logs, key=_written_at, reverse=True)[:LOOKED_AT]
    try:
        own = _head(folder / log.FILE)
    except UNREADABLE:
        return
    heads = [(path.parent, head) for path, head in _heads(beside) if head.told == own.told]
    if as_of is None:
        yield from (path for path, head in heads if head.as_of is None)
    else:
        dated = [(path, head.as_of) for path, head in heads if isinstance(head.as_of, str) and head.as_of < as_of]
        yield from (path for path, _ in sorted(dated, key=lambda each: each[1], reverse=True))


def _written_at(path: Path) -> int:
    """When a log grew last; the beginning of time for one that is gone by now."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _heads(logs: list[Path]) -> Iterator[tuple[Path, _Head]]:
    """Without those that cannot be read, or have not begun."""
    for path in logs:
        try:
            yield path, _head(path)
        except UNREADABLE:
            continue


@lru_cache(maxsize=4096)
def _head(path: Path) -> _Head:
    """How a run began, which never changes once it has. Raises LogError for what cannot be read, or has not begun."""
    contents: dict[str, Any] = {}
    for event in log.opening(path):
        match event:
            case ContentStored():
                contents[event.hash] = event.content
            case RunStarted():
                spec = contents.get(event.spec, {})
                about = [spec.get(key) for key in ("agent_name", "horizon", "benchmark", "universe")]
                return _Head(event.as_of, (*about, event.question, event.model.get("name"), event.replay_of))
    raise LogError(f"{path} has not begun")
