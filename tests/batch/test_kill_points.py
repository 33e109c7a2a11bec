from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.batch.desk import Desk, Tally, well
from tests.batch.dying import Point
from tests.messages_api import Key, Reply, ledger_api, refusal

JOBS = [f"job-{number:02}" for number in range(4)]
EVENTS = (
    "content.stored", "run.started", "server.opened", "tools.offered", "model.asked", "model.answered", "model.failed",
    "tool.asked", "tool.answered", "answer.checked", "artifact.written", "run.finished",
)  # fmt: skip
FILES = (".html", "job-01.json", "job-02.json", ".envelope.json", "summary.json", "recommendations.csv", "index.html")
POINTS = [
    *(Point("append", event, when, nth) for event in EVENTS for when, nth in (("before", 1), ("after", 3))),
    *(Point("fdatasync", "", when, nth) for when in ("before", "after") for nth in (1, 5)),
    *(Point("write", "", "within", nth) for nth in (1, 7, 22, 29, 43)),
    *(Point("replace", file, when) for file in FILES for when in ("before", "after")),
]


@pytest.fixture(scope="module")
def total(pytestconfig: pytest.Config) -> Iterator[list[Tally]]:
    tallies: list[Tally] = []
    yield tallies
    with pytestconfig.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print(f"\n{sum(tallies, Tally())} · points: {len(tallies)}")


def _refused_once(key: Key, before: int) -> Reply:
    """Every first attempt fails, so that there is a model.failed to die at."""
    return well(key, before) if before else refusal(500, "api_error", retry_after="0")


def _finished_after_kills(desk: Desk, points: list[Point]) -> Tally:
    tally = Tally()
    for point in points:
        assert tally.killed(desk, ended := desk.run(point=point)), f"{point} was not reached: {ended}"
    assert (ended := desk.run()).code == 0, ended.err
    return tally


@pytest.mark.parametrize("point", POINTS, ids=str)
def test_kill_at_a_point_costs_nothing_that_was_done(tmp_path: Path, point: Point, total: list[Tally]) -> None:
    reply = _refused_once if point.name == "model.failed" else well
    with ledger_api(reply) as api:
        desk = Desk(tmp_path / "desk", api, JOBS)
        tally = _finished_after_kills(desk, [point])
    total.append(tally)
    tally.close(desk)
    assert tally.is_clean, tally
    assert tally.possibly_paid_twice == desk.summary["spend"]["possibly_paid_twice"]


def test_kills_while_it_resumes_cost_nothing_that_was_done(tmp_path: Path, total: list[Tally]) -> None:
    points = [
        Point("append", "model.asked", "after", 2),
        Point("append", "run.resumed", "before"),
        Point("append", "run.resumed", "after", 2),
        Point("write", "", "within"),
        Point("append", "model.answered", "after", 1),
        Point("append", "tool.asked", "after", 1),
        Point("fdatasync", "", "before"),
        Point("append", "run.finished", "after", 1),
        Point("replace", ".envelope.json", "before"),
    ]
    with ledger_api(well) as api:
        desk = Desk(tmp_path / "desk", api, JOBS)
        tally = _finished_after_kills(desk, points)
    total.append(tally)
    tally.close(desk)
    assert tally.is_clean, tally
    assert tally.possibly_paid_twice == desk.summary["spend"]["possibly_paid_twice"] > 0
