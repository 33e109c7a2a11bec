"""Samples: of real runs over the in-memory market, and of logs that were changed by hand."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from agent.events import Event, ToolAnswered, ToolAsked
from agent.model.base import Turn
from agent.result import RunResult
from agent.scoring.expect import Expect
from agent.scoring.sample import Sample
from agent.scoring.score import Score
from agent.scoring.scorers import SCORERS
from tests.asking import ask, logged
from tests.messages_api import call
from tests.scripted import LOOK, Scripted, answer, said

HEAT = "get_sector_heatmap"
NOTHING = Sample((), Expect(), RunResult())
"""Of a log without a line."""


def calls(*named: str | tuple[str, dict[str, Any]]) -> Turn:
    """One turn with these calls, each by its tool's name, or with its arguments."""
    pairs = [(each, {}) if isinstance(each, str) else each for each in named]
    return said(*(call(name, arguments, id=f"c{at}") for at, (name, arguments) in enumerate(pairs)))


def recommendation(
    name: str, action: str, confidence: float = 0.6, rationale: str = "It rose."
) -> dict[str, str | float]:
    return {"sector_name": name, "action": action, "rationale": rationale, "confidence_score": confidence}


def advise(*recommendations: tuple[Any, ...], url: str = "") -> Turn:
    """An answer with these recommendations: sector and action, confidence and rationale as wanted."""
    listed = [recommendation(*each) for each in recommendations]
    return answer({"sector_recommendations": listed, "heatmap_url": url})


async def events_of(*steps: Any, **options: Any) -> list[Event]:
    return logged(await ask(Scripted(*steps), **options))


async def sample_of(*steps: Any, expect: dict[str, Any] | None = None, **options: Any) -> Sample:
    """Of a real run in which the model takes these steps; by default one call and a good answer."""
    steps = steps or (said(LOOK), answer())
    return Sample.of(await events_of(*steps, **options), Expect(**expect or {}))


def judged(sample: Sample, **expect: Any) -> Sample:
    """The same run under another expectation."""
    return replace(sample, expect=Expect(**expect))


def changed(sample: Sample, change: Callable[[Event], Event]) -> Sample:
    return Sample.of(map(change, sample.events), sample.expect)


def with_answers(sample: Sample, **fields: Sequence[Any]) -> Sample:
    """With other values in these fields of what came back, one for each call in the order in which they were asked."""
    asked = [(event.turn, event.call) for event in sample.events if isinstance(event, ToolAsked)]

    def change(event: Event) -> Event:
        if not isinstance(event, ToolAnswered):
            return event
        at = asked.index((event.turn, event.call))
        return replace(event, **{name: values[at] for name, values in fields.items()})

    return changed(sample, change)


def answered_from(sample: Sample, sources: Sequence[Any]) -> Sample:
    """As if each call had been answered from one of these sources; a miss is an error."""
    errors = [call.is_error or source == "miss" for call, source in zip(sample.result.calls, sources, strict=True)]
    return with_answers(sample, source=sources, is_error=errors)


def score(name: str, sample: Sample) -> Score:
    """By its registered name; what a scorer says is always JSON."""
    said = SCORERS[name].score(sample)
    json.dumps(said.to_json(), allow_nan=False)
    assert said.explanation
    return said


def value(name: str, sample: Sample) -> float | None:
    return score(name, sample).value
