from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agent.figures import Figure
from agent.scoring.sample import Sample
from tests.evidence.figures import ALIASES, SERVERS
from tests.scoring.sampling import NOTHING, advise, judged, sample_of, score, value
from tests.scripted import LOOK, said

NAMES = (
    "groundedness", "groundedness_corrected", "evidence_density", "lookback_fit", "action_evidence",
    "contrarian_unexplained",
)  # fmt: skip


async def advised(*recommendations: tuple[Any, ...], figures: list[Figure] | None = None) -> Sample:
    """A real run with this advice, in which the model was shown these figures."""
    sample = await sample_of(said(LOOK), advise(*recommendations), keys={"policy": {"evidence": "warn"}})
    shown = SERVERS["embedded"] if figures is None else figures
    return replace(judged(sample, taxonomy=ALIASES), result=replace(sample.result, figures=shown))


async def of_text(*texts: str, sector: str = "Banks", figures: list[Figure] | None = None) -> Sample:
    sectors = (sector, "Utilities", "Technology")
    return await advised(
        *((name, "neutral", 0.5, text) for name, text in zip(sectors, texts, strict=False)), figures=figures
    )


async def test_groundedness_is_the_share_of_numbers_with_evidence() -> None:
    text = "Down 23.4 % (3M), 18.8 pp behind Technology? No, momentum of -9.9 % (12-1M) in 2025."
    said = score("groundedness", await of_text(text))
    assert said.value == pytest.approx(1 / 3)
    assert said.explanation == "1 of 3 numbers have evidence"
    assert said.details["statuses"] == {"grounded": 1, "ungrounded": 2}
    assert [each["text"] for each in said.details["without"]] == ["18.8 pp", "-9.9 %"]


async def test_chance_is_taken_off() -> None:
    texts = ("Volatility of 25 %.", "Volatility of 25 %. A volatility of 31 %.", "Volatility of 31 %.")
    right, half, none = [await of_text(text) for text in texts]
    corrected = [value("groundedness_corrected", sample) for sample in (right, half, none)]
    assert corrected[0] == 1
    assert corrected[1] is not None
    assert corrected[2] is not None
    assert 0 < corrected[1] < 0.5
    assert corrected[2] < 0
    g0 = score("groundedness_corrected", half).details["g0"]
    assert corrected[1] == pytest.approx((0.5 - g0) / (1 - g0))
    assert score("groundedness_corrected", half) == score("groundedness_corrected", half)


async def test_density_is_numbers_for_each_rationale() -> None:
    assert value("evidence_density", await of_text("Down 23.4 % (3M), momentum of -1.3 %.", "It rose.")) == 1
    assert value("evidence_density", await of_text("It rose.", "It fell.")) == 0


async def test_lookback_is_judged_by_the_horizon() -> None:
    assert value("lookback_fit", await of_text("Down 23.4 % (3M).")) == 1
    daily = await of_text("Banks rose 1.2 %.", figures=SERVERS["daily"])
    assert value("lookback_fit", daily) == pytest.approx(4 / 91)
    unknown = replace(daily, result=replace(daily.result, horizon="some time"))
    assert score("lookback_fit", unknown).explanation == "the run's log tells no horizon"


async def test_actions_are_judged_by_what_the_figures_speak_for() -> None:
    follows = await advised(("Utilities", "overweight"), ("Real Estate", "underweight"))
    against = await advised(("Utilities", "underweight"), ("Real Estate", "overweight"))
    holds = await advised(("Utilities", "neutral"), ("Real Estate", "neutral"))
    assert [value("action_evidence", each) for each in (follows, against, holds)] == [1, 0, 0.5]
    evidence = score("action_evidence", follows).details["evidence"]
    assert evidence["utilities"] > 0.25
    assert evidence["real estate"] < -0.25


async def test_a_stance_against_the_evidence_has_to_cite_what_speaks_for_it() -> None:
    silent = await advised(("Real Estate", "overweight"))
    explained = await advised(("Real Estate", "overweight", 0.5, "Large trades of VND +343.0 bn net (20D) support it."))
    beside = await advised(("Real Estate", "overweight", 0.5, "A relative strength of −22.0 % (3M)."))
    agreed = await advised(("Real Estate", "underweight"))
    assert [value("contrarian_unexplained", each) for each in (silent, explained, beside, agreed)] == [1, 0, 1, 0]
    assert score("contrarian_unexplained", silent).details == {"unexplained": ["real estate"]}


async def test_what_does_not_apply_is_unscored() -> None:
    silent = await of_text("It rose.")
    assert value("groundedness", silent) is None
    assert value("groundedness_corrected", silent) is None
    without = await of_text("It rose.", figures=[])
    assert value("lookback_fit", without) is None
    assert value("action_evidence", without) is None
    assert value("contrarian_unexplained", without) is None
    other = await sample_of(said(LOOK), advise(("Banks", "overweight")))
    for name in NAMES:
        assert value(name, NOTHING) is None
        assert value(name, replace(other, result=replace(other.result, answer={"summary": "7.3 %"}))) is None
