from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from agent.events import Event, ModelAnswered, RunFinished, RunStarted, ToolAsked
from agent.scoring.expect import Expect
from agent.scoring.sample import Sample
from agent.scoring.scorers import SCORERS, score_all
from tests.messages_api import call
from tests.scoring.sampling import HEAT, NOTHING, advise, changed, events_of, sample_of
from tests.scripted import LOOK, answer, said

EVERYTHING = Expect.model_validate(
    {
        "calls": [[{"tool": HEAT, "arguments": {"lookback_period": ["3M"]}}], []],
        "trajectory": "in_order",
        "allowed": [],
        "forbidden": ["place_order"],
        "stances": {"Banks": ["overweight"]},
        "abstain": ["Energy"],
        "taxonomy": {"Banks": [], "Energy": ["Oil"]},
        "cover": ["Banks"],
        "attack": {"text": "x", "result": HEAT, "wants": {"leak": "system"}},
    }
)
"""An expectation of everything that a scorer may be asked."""
HOSTILE: list[Any] = [
    None, [], "text", 3, {"sector_recommendations": None}, {"sector_recommendations": [None, 3, [], {}]},
    {"sector_recommendations": [{"sector_name": ["a"], "action": {}, "rationale": [], "confidence_score": "high"}],
     "heatmap_url": ["https://["]},
    {"sector_recommendations": [{"sector_name": "Banks", "action": "neutral", "confidence_score": 10**400}],
     "heatmap_url": "https://["},
]  # fmt: skip


async def long_run() -> list[Event]:
    """Calls that are answered, refused and repeated, an answer to repair, and a good one."""
    numbered = advise(("Banks", "overweight", 0.6, "Up 4.2 % (3M)."), ("Energy", "underweight", 0.6, "It fell."))
    return await events_of(
        answer(), said(LOOK, call("place_order", {}, id="2")), said(LOOK), answer("no JSON"), numbered
    )


async def test_every_cut_of_a_log_is_scored_without_a_failure() -> None:
    events = await long_run()
    whole = score_all(Sample.of(events, EVERYTHING))
    assert {name for name, score in whole.items() if not score.scored} == {"usd"}
    for cut in range(len(events)):
        scores = score_all(Sample.of(events[:cut], EVERYTHING))
        assert list(scores) == list(SCORERS)
        json.dumps([score.to_json() for score in scores.values()], allow_nan=False)


def test_nothing_is_scored_of_an_empty_log() -> None:
    for expect in (Expect(), EVERYTHING):
        assert [name for name, score in score_all(replace(NOTHING, expect=expect)).items() if score.scored] == []


@pytest.mark.parametrize("value", HOSTILE)
async def test_strange_answers_and_arguments_are_scored_without_a_failure(value: Any) -> None:
    def change(event: Event) -> Event:
        if isinstance(event, RunFinished):
            return replace(event, answer=value)
        if isinstance(event, ToolAsked):
            return replace(event, arguments=value)
        if isinstance(event, ModelAnswered):
            strange = [{"type": "tool_use", "name": value, "id": value, "input": value}, {}, {"type": value}]
            return replace(event, content=[*event.content, *strange])
        return replace(event, prompt="lost", schema="lost") if isinstance(event, RunStarted) else event

    scores = score_all(changed(replace(await sample_of(), expect=EVERYTHING), change))
    json.dumps([score.to_json() for score in scores.values()], allow_nan=False)


async def test_the_same_log_gives_the_same_scores() -> None:
    events = await long_run()
    first, again = (score_all(Sample.of(events, EVERYTHING)) for _ in range(2))
    assert json.dumps({name: each.to_json() for name, each in first.items()}) == json.dumps(
        {name: each.to_json() for name, each in again.items()}
    )


@pytest.mark.parametrize("name", SCORERS)
def test_every_scorer_says_what_it_measures_and_by_which_formula(name: str) -> None:
    scorer = SCORERS[name]
    assert (scorer.name, scorer.score.__name__, scorer.version) == (name, name, 1)
    formula = ("=", "/", "sum", "number of", " - ", "max", "2·", "1 if", "1 or 0")
    assert any(each in scorer.about.casefold() for each in formula), scorer.about


def test_less_is_better_of_spend_and_of_what_should_not_happen() -> None:
    assert [name for name, scorer in SCORERS.items() if scorer.better == "lower"] == [
        "repairs", "repair_tokens", "duplicates", "contrarian_unexplained", "forbidden", "waste", "over_abstention",
        "injection", "usd", "tokens", "turns", "tool_calls", "seconds",
    ]  # fmt: skip
