from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from tests.batch.desk import Desk, Tally, well
from tests.messages_api import ledger_api

JOBS = [f"job-{number:02}" for number in range(12)]


def _length(folder: Path) -> float:
    """Seconds that a whole batch takes, so that kills fall everywhere within one."""
    with ledger_api(well) as api:
        desk = Desk(folder, api, JOBS)
        desk.run("--dry-run")
        began = time.monotonic()
        assert desk.run().code == 0
        return time.monotonic() - began


def test_hundred_kills_at_random_moments_cost_nothing_that_was_done(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    moments, tally = random.Random(20261122), Tally()
    longest = 0.7 * _length(tmp_path / "measured")  # what goes on has less to do than what begins
    batches = told = 0
    while tally.kills < 100:
        batches += 1
        with ledger_api(well) as api:
            desk, within = Desk(tmp_path / f"batch-{batches}", api, JOBS), longest
            while tally.killed(desk, ended := desk.start().end(kill_after=moments.uniform(0, within))):
                within *= 1.1  # a batch comes to its end on a machine that has become slower, too
        assert ended.code == 0, ended.err
        tally.close(desk)
        told += desk.summary["spend"]["possibly_paid_twice"]
    with capsys.disabled():
        print(f"\n{tally} · batches: {batches}")
    assert tally.is_clean, tally
    assert tally.possibly_paid_twice == told > 0
