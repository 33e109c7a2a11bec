"""Where runs lie, how one is named, and how it is found again.

Runs lie in $ADVISOR_HOME/runs, else in the platform's folder for user data: one folder a run, named by its time
and a short id, holding `log.jsonl` and what the run made.
"""

from __future__ import annotations

import os
import secrets
from datetime import UTC, datetime
from pathlib import Path

from agent.errors import UsageError
from agent.runs import log

LATEST = "last"
SUGGESTED = 5
"""Runs that are named where several fit."""


def home() -> Path:
    if given := os.environ.get("ADVISOR_HOME"):
        return Path(given).absolute()
    from platformdirs import user_data_path

    return user_data_path("sector-advisor", appauthor=False)


def new_id() -> str:
    """Sorts by time, to the millisecond: 20261122-150139123-3f9c."""
    now = datetime.now(UTC)
    return f"{now:%Y%m%d-%H%M%S}{now.microsecond // 1000:03d}-{secrets.token_hex(2)}"


def folder(run_id: str) -> Path:
    return home() / "runs" / run_id


def name_of(run: Path) -> str:
    """What `find` finds a run by: its id, or its folder when it lies elsewhere, as those of batches do."""
    return run.name if run.parent == home() / "runs" else str(run)


def all_runs() -> list[Path]:
    """The folders of all runs, newest first. Raises UsageError when the home is no folder."""
    if home().exists() and not home().is_dir():
        raise UsageError(f"ADVISOR_HOME is no folder: {home()}", hint="set it to a folder; it is made when needed")
    return sorted((path.parent for path in (home() / "runs").glob(f"*/{log.FILE}")), reverse=True)


def runs_of_batch(batch: Path) -> list[Path]:
    """The folders of the runs of a batch, or of all slots of a scheduled one, by name, newest slot first.

    Raises UsageError when there are none.
    """
    logs = [*batch.glob(f"runs/*/{log.FILE}"), *batch.glob(f"????-??-??/runs/*/{log.FILE}")]
    if not logs:
        raise UsageError(f"{batch} holds no runs of a batch", hint="name the folder that `advisor batch -o` wrote to")
    by_name = sorted((path.parent for path in logs), key=lambda run: run.name)
    return sorted(by_name, key=lambda run: run.parent, reverse=True)


def find(name: str) -> Path:
    """A run by its id, the beginning or the end of it, its folder, or `last`.

    Raises UsageError when none or several fit.
    """
    if os.sep in name and (Path(name) / log.FILE).is_file():
        return Path(name).absolute()
    runs = all_runs()
    if name == LATEST and runs:
        return runs[0]
    matches = [run for run in runs if run.name == name] or [
        run for run in runs if name and (run.name.startswith(name) or run.name.endswith(name))
    ]
    if len(matches) == 1:
        return matches[0]
    if matches:
        more = ", …" if len(matches) > SUGGESTED else ""
        fitting = ", ".join(run.name for run in matches[:SUGGESTED])
        raise UsageError(f"{len(matches)} runs fit {name!r}", hint=f"name more of the one you mean: {fitting}{more}")
    raise UsageError(f"no run is called {name!r}", hint=f"see `advisor runs`; runs lie in {home() / 'runs'}")
