from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from agent.events import ModelFailed
from tests.batch.desk import Desk, Tally, says, well
from tests.batch.dying import Point
from tests.messages_api import HUNG_UP, Key, Reply, cut, fails_within, ledger_api, refusal

JOBS = [f"job-{number:03}" for number in range(300)]
KILLS = [
    Point("append", "", "after", 600),
    Point("append", "model.answered", "before", 70),
    Point("append", "model.asked", "after", 100),
    Point("append", "model.answered", "before", 60),
    Point("write", "", "within", 900),
]
"""Where each command ends. Before model.answered, an answer has come whose receipt nobody has."""


def _one_in_five_fails(key: Key, before: int) -> Reply:
    chance = random.Random(f"{key} {before}")
    if chance.random() >= 0.2:
        return well(key, before)
    faults = [
        refusal(429, "rate_limit_error", retry_after="0"),
        refusal(429, "rate_limit_error", retry_after="0.02"),
        refusal(529, "overloaded_error", retry_after="0"),
        refusal(500, "api_error"),
        cut(says(key), announced=True),
        cut(says(key), announced=False),
        fails_within(says(key)),
        HUNG_UP,
    ]
    return chance.choice(faults)


def test_300_jobs_over_a_faulty_service_and_five_kills_end_whole_and_are_paid_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tally = Tally()
    with ledger_api(_one_in_five_fails) as api:
        desk = Desk(tmp_path / "desk", api, JOBS)
        for point in KILLS:
            assert tally.killed(desk, desk.run(point=point))
        ended = desk.run()
    tally.close(desk)
    failures = [event for events in desk.logs.values() for event in events if isinstance(event, ModelFailed)]
    kinds, broken = {event.kind for event in failures}, sum(event.may_have_cost for event in failures)
    turns, twice = api.paid.total(), api.paid.total() - len(api.paid)
    with capsys.disabled():
        print(f"\n{tally} · paid turns: {turns}, {twice} of them twice · requests: {api.asked.total()}")
    assert ended.code == 0, ended.err
    assert tally.is_clean and tally.kills == len(KILLS), tally
    assert len(api.paid) == 2 * len(JOBS)
    assert 2 <= twice <= tally.possibly_paid_twice
    assert desk.summary["spend"]["possibly_paid_twice"] == tally.possibly_paid_twice + broken
    assert kinds >= {"rate_limit_error", "overloaded_error", "api_error", "RemoteProtocolError", "truncated"}
    lines = (desk.out / "recommendations.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["run"] for line in lines] == [job for job in JOBS for _ in range(2)]
