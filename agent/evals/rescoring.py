"""The logs of an outcome scored again, by the scorers of now: what happened is not touched."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from agent.errors import UsageError
from agent.evals import hijack
from agent.evals.case import Case
from agent.evals.compare import read
from agent.evals.suite import Suite
from agent.events import RunFinished
from agent.runs import log
from agent.scoring import sidecar
from agent.scoring.sample import Sample
from agent.scoring.score import Scores
from agent.scoring.verdict import judged


def rescore(outcome: Path, suite: Suite) -> Iterator[str]:
    """Write new lines beside each log, and tell what is other than the summary says. Raises UsageError, LogError."""
    cases, planted = {case.name: case for case in suite.cases}, hijack.cases_of(suite)
    folder = outcome if outcome.is_dir() else outcome.parent
    changed = logs = 0
    for case in read(outcome)["cases"]:
        name = case["name"]
        for sample in case["samples"]:
            own = cases.get(name) or planted.get((name, sample["repeat"]))
            if own is None:
                raise UsageError(f"{suite.folder} has no case {name!r}, of which {outcome} tells")
            if not sample["log"]:
                continue
            logs += 1
            for scorer, score in _scored(folder / sample["log"], own).items():
                before = sample["scores"].get(scorer, {}).get("value")
                if before != score.value:
                    changed += 1
                    yield f"{name} {sample['arm']} {sample['repeat']}: {scorer}: {before} → {score.value}"
    yield f"{logs} logs scored again, {changed} scores changed"


def _scored(path: Path, case: Case) -> Scores:
    """What the scorers say now, which also stands beside the log then."""
    events = [line.event for line in log.read(path)]
    scores = judged(Sample.of(events, case.spec.expect), case.required_tools)
    root = next((event.root for event in reversed(events) if isinstance(event, RunFinished)), "")
    sidecar.write(path, root, case.name, scores)
    return scores
