"""The last comparable run: what a run's recommendations are compared with when it ends."""

from __future__ import annotations

import heapq
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from agent.comparison import changes, recommendations_of, sector_key_of
from agent.errors import LogError
from agent.events import ContentStored, Event, QuestionAsked, RunCompared, RunFinished, RunStarted
from agent.gathering import UNREADABLE, read_run, result_of
from agent.result import SIMULATED, RunResult
from agent.runs import log

LOOKED_AT = 200
"""Runs that lie beside one, newest first, among which the last comparable one is sought."""


def by_store(run: RunResult) -> RunCompared | None:
    """Among the runs that lie beside it, the newest valid one of the same agent, names of servers, question, horizon,
    benchmark, universe and model on data of the same kind: of an earlier as-of date, the latest of these, or without
    one where `run` has none. A question on an answer is compared with the newest answer before it that is on one of its
    sectors, else with the one that it was asked on.
    """
    if not run.ok or run.folder is None or recommendations_of(run.answer) is None:
        return None
    if run.earlier:
        with suppress(*UNREADABLE):
            return _compared(_followed(run.folder, run), run)
        return None
    for folder in _earlier(run.folder, run.as_of):
        try:
            if _ended_well(folder / log.FILE) and _is_comparable(before := read_run(folder), run):
                return _compared(before, run)
        except UNREADABLE:  # none of it may cost a run its answer
            continue
    return None


def _compared(before: RunResult, run: RunResult) -> RunCompared:
    return RunCompared(before.run_id, before.as_of, [each.to_json() for each in changes(before, run)])


def _followed(folder: Path, run: RunResult) -> RunResult:
    """The run before a question with which it is compared, as the question's log begins with it: that run may lie
    anywhere.
    """
    events = [line.event for line in log.read(folder / log.FILE)]
    asked = [at for at, event in enumerate(events) if isinstance(event, QuestionAsked)]
    earlier = (_answered(events[:at], folder) for at in reversed(asked))
    newest = next(earlier)
    return next((before for before in chain([newest], earlier) if _share_a_sector(before, run)), newest)


def _answered(events: list[Event], folder: Path) -> RunResult:
    """The run of these events, which a question follows: its end is not among them."""
    result = result_of(events, folder)
    return replace(result, answer=result.best_attempt)


def _share_a_sector(before: RunResult, run: RunResult) -> bool:
    key_of = sector_key_of(before, run)
    one, other = (
        {key_of(str(row.get("sector_name"))) for row in recommendations_of(each.answer) or []} for each in (before, run)
    )
    return not one.isdisjoint(other)


def _ended_well(path: Path) -> bool:
    """Whether a run's log ends with a valid answer that recommends sectors: most that does not compare is read no
    further. Raises LogError.
    """
    line = log.last(path)
    end = line.event if line else None
    return isinstance(end, RunFinished) and end.status == "ok" and recommendations_of(end.answer) is not None


def _is_comparable(before: RunResult, run: RunResult) -> bool:
    """What neither beginning nor end of its log tells: on which data it ran, and its question where that was asked
    later.
    """
    return (
        before.question == run.question
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
    try:
        own = _head(folder / log.FILE)
    except UNREADABLE:
        return
    alike = ((path.parent, head.as_of) for path, head in _heads(_beside(folder)) if head.told == own.told)
    if as_of is None:
        yield from (path for path, day in alike if day is None)
    else:
        dated = [(path, day) for path, day in alike if isinstance(day, str) and day < as_of]
        yield from (path for path, _ in sorted(dated, key=lambda each: each[1], reverse=True))


def _beside(folder: Path) -> list[Path]:
    """The logs of the runs that lie beside one, those first that grew last."""
    try:
        with os.scandir(folder.parent) as runs:
            logs = [f"{run.path}/{log.FILE}" for run in runs if run.name != folder.name]
    except OSError:
        return []
    grown = [(grew, path) for path in logs if (grew := _grew(path)) is not None]
    return [Path(path) for _, path in heapq.nlargest(LOOKED_AT, grown, key=lambda each: each[0])]


def _grew(path: str) -> int | None:
    """When a log grew last; None where there is none, or none any more."""
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return None


def _heads(logs: Iterable[Path]) -> Iterator[tuple[Path, _Head]]:
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
                servers = frozenset(spec.get("mcpServers") or ())
                return _Head(event.as_of, (*about, servers, event.question, event.model.get("name"), event.replay_of))
    raise LogError(f"{path} has not begun")
