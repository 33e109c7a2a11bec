"""Thresholds and what could not be scored: a verdict has three values."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agent.events import RunFinished
from agent.scoring.sample import Sample
from agent.scoring.score import Score, unscored
from agent.scoring.scorers import SCORERS
from agent.scoring.verdict import Check, checked, judged, reasons_of, verdict_of
from tests.scoring.sampling import HEAT, answered_from, calls, changed, sample_of
from tests.scripted import answer

SCORES = {"taxonomy": Score(0.5, "1 of 2"), "waste": Score(0.5, "2 of 4"), "stances": unscored("none asked for")}
TEN = tuple(HEAT for _ in range(10))


@pytest.mark.parametrize(
    ("thresholds", "met", "verdict"),
    [
        ({"taxonomy": 0.5, "waste": 0.5}, [True, True], "pass"),
        ({"taxonomy": 0.51}, [False], "fail"),
        ({"waste": 0.49}, [False], "fail"),
        ({"waste": 0.51, "taxonomy": 0.49}, [True, True], "pass"),
        ({"stances": 0}, [None], "insufficient"),
        ({"stances": 0, "taxonomy": 0}, [None, True], "insufficient"),
        ({"stances": 0, "taxonomy": 1}, [None, False], "fail"),
        ({}, [], "insufficient"),
    ],
)
def test_verdict_follows_from_every_threshold(
    thresholds: dict[str, float], met: list[bool | None], verdict: str
) -> None:
    checks = checked(SCORES, thresholds)
    assert [check.scorer for check in checks] == list(thresholds)
    assert [check.met for check in checks] == met
    assert verdict_of(checks) == verdict


def test_what_leaves_several_scores_without_a_value_is_said_once() -> None:
    wanted = {"stances": 1.0, "taxonomy": 1.0, "coverage": 1.0}
    scores = SCORES | {"coverage": unscored("none asked for")}
    assert reasons_of(checked(scores, wanted)) == [
        "taxonomy is 0.5, at least 1 is wanted: 1 of 2",
        "stances, coverage are unscored: none asked for",
    ]


def test_check_says_what_is_wanted_and_why() -> None:
    said = [str(check) for check in checked(SCORES, {"taxonomy": 1, "waste": 0.25, "stances": 1})]
    assert said == [
        "taxonomy is 0.5, at least 1 is wanted: 1 of 2",
        "waste is 0.5, at most 0.25 is wanted: 2 of 4",
        "stances is unscored: none asked for",
    ]
    assert Check("waste", 0.5, 0.25, False, "2 of 4").to_json() == {
        "scorer": "waste",
        "value": 0.5,
        "threshold": 0.25,
        "met": False,
        "explanation": "2 of 4",
        "better": "lower",
    }


async def ten_calls(misses: int) -> Sample:
    sample = await sample_of(calls(*TEN), answer())
    return answered_from(sample, ["miss"] * misses + ["replayed"] * (10 - misses))


@pytest.mark.parametrize(("misses", "scored"), [(0, True), (1, True), (2, False), (10, False)])
async def test_run_that_missed_more_than_a_tenth_of_its_calls_is_not_scored(misses: int, scored: bool) -> None:
    scores = judged(await ten_calls(misses), frozenset())
    assert list(scores) == list(SCORERS)
    assert scores["fidelity"].value == pytest.approx(1 - misses / 10)
    assert scores["outcome"].scored is scored
    others = {score.explanation for name, score in scores.items() if name != "fidelity"}
    if not scored:
        said = f"only {100 - 10 * misses}% of the calls could be answered from the recording, less than 90%"
        assert others == {said} and not any(score.scored for name, score in scores.items() if name != "fidelity")


async def test_one_miss_of_a_required_tool_is_enough() -> None:
    scores = judged(await ten_calls(1), frozenset({HEAT, "other"}))
    said = f"calls of {HEAT}, which the case requires, could not be answered from the recording"
    assert scores["outcome"] == unscored(said) and scores["fidelity"].value == pytest.approx(0.9)
    assert judged(await ten_calls(1), frozenset({"other"}))["outcome"].value == 1
    assert judged(await ten_calls(0), frozenset({HEAT}))["outcome"].value == 1


@pytest.mark.parametrize(
    ("end", "expect", "scored"),
    [
        ({"status": "failed", "stop_reason": "usage: the change finds nothing"}, {}, False),
        ({"status": "failed", "stop_reason": "agent_file: not set"}, {}, False),
        ({"status": "failed", "stop_reason": "credentials: no key"}, {}, False),
        ({"status": "failed", "stop_reason": "server: it is down"}, {}, False),
        ({"status": "failed", "stop_reason": "model: overloaded"}, {}, False),
        ({"status": "failed", "stop_reason": "server: it is down"}, {"status": "failed"}, True),
        ({"status": "failed", "stop_reason": "max_tokens: cut"}, {}, True),
        ({"status": "failed", "stop_reason": "model"}, {}, False),
        ({"status": "refused", "stop_reason": "model: no"}, {}, True),
    ],
)
async def test_run_that_was_ended_from_outside_is_not_scored(
    end: dict[str, Any], expect: dict[str, Any], scored: bool
) -> None:
    sample = changed(
        await sample_of(expect=expect), lambda event: replace(event, **end) if isinstance(event, RunFinished) else event
    )
    scores = judged(sample, frozenset())
    assert scores["outcome"].scored is scored
    if not scored:
        assert scores["outcome"].explanation == f"the run was ended from outside: {end['stop_reason']}"
