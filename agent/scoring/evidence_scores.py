"""The evidence: which numbers of the rationales the model was shown, and whether the advice follows from them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import fsum
from typing import Any

from agent.evidence import Number, chance
from agent.evidence.longest import longest
from agent.evidence.stances import Spoken, spoken
from agent.scoring.sample import Sample
from agent.scoring.score import Score, share, unscored
from agent.scoring.sectors import Sectors, action_of, advice_of, no_advice
from agent.spec import HORIZON, AgentSpec
from agent.taxonomy import folded

TAU = 0.25
"""An evidence score of less speaks for nothing."""
WAYS = {"overweight": 1, "neutral": 0, "underweight": -1}
SHOWN = 20
"""Numbers without evidence that the details list."""


def groundedness(sample: Sample) -> Score:
    """Share of the numbers in the rationales that rest on what the model was shown: (grounded + derived) / counted.

    Counted: all but dates, periods, ranks, counts, years and names. Grounded: a figure of the sector, or of one named
    in the sentence, or of the whole market, has that value as displayed, in a unit that fits, of the metric that the
    clause names and with its sign. Derived: a difference, ratio, sum or mean of such figures, where words say so.
    """
    if _advice(sample) is None:
        return no_advice(sample)
    counted = [number for number in sample.numbers if number.counted]
    supported = sum(number.supported for number in counted)
    return share(supported, len(counted), f"{supported} of {len(counted)} numbers have evidence", **_without(counted))


def groundedness_corrected(sample: Sample) -> Score:
    """Groundedness beyond chance: (G - G0) / (1 - G0), with G0 the share of made-up numbers that would pass.

    G0: each counted number is replaced by 200 pseudo-random ones of its unit, sign and displayed precision, drawn
    evenly from 0 to the greatest figure of that unit, the same ones for the same text.
    """
    g = groundedness(sample)
    if g.value is None:
        return g
    result = sample.result
    g0 = chance(result.answer, sample.shown, aliases=sample.aliases, language=sample.language) or 0.0
    if g0 == 1:
        return unscored("any number would have passed", g=g.value, g0=g0)
    said = f"G {g.value:.3f}, of which {g0:.3f} are to be had by chance"
    return Score((g.value - g0) / (1 - g0), said, {"g": g.value, "g0": g0})


def evidence_density(sample: Sample) -> Score:
    """Numbers in need of evidence for each rationale: counted / rationales. Groundedness alone rewards naming none."""
    advice = _advice(sample)
    if advice is None:
        return no_advice(sample)
    rationales = sum(isinstance(each.get("rationale"), str) for listed in advice.values() for each in listed)
    counted = sum(number.counted for number in sample.numbers)
    return share(counted, rationales, f"{counted} numbers in {rationales} rationales")


def lookback_fit(sample: Sample) -> Score:
    """Whether the evidence looks back far enough for the horizon: min(1, 4 · longest lookback / horizon), in days.

    The longest lookback of the returns and flows of sectors that the rationales rest on; where those tell none, of
    all that were shown.
    """
    if _advice(sample) is None:
        return no_advice(sample)
    cited = {(found.call, found.pointer) for number in sample.numbers for found in number.figures}
    found = longest(cited, sample.result.figures)
    if found is None:
        return unscored("no figure of a sector's return or flow tells its lookback")
    horizon = sample.result.horizon
    if not re.match(HORIZON, horizon):
        return unscored("the run's log tells no horizon")
    days = AgentSpec.model_construct(horizon=horizon).horizon_days
    said = f"the longest lookback is {found.lookback}, the horizon {horizon}"
    return Score(found.fit(days), said, {"lookback_days": found.days, "horizon_days": days})


def action_evidence(sample: Sample) -> Score:
    """Weighted agreement of actions with evidence: sum(|E| · agreement) / sum(|E|), over sectors with |E| > 0.25.

    E = sum(w · z) / sum(|w|) over the sector's figures, z across sectors; w: momentum and relative strength 1,
    performance, foreign flow and profit growth 0.5, large trades 0.25, volatility -0.5. Agreement: 1 where the action
    has the sign of E, 0.5 where it is neutral, 0 where it is opposite. No claim of truth: a contrarian may be right.
    """
    judged = _judged(sample)
    if isinstance(judged, Score):
        return judged
    agreed = {sector: (1 + way * (1 if e.score > 0 else -1)) / 2 for sector, (way, e, _) in judged.items()}
    weights = {sector: abs(e.score) for sector, (_, e, _) in judged.items()}
    part = fsum(agreed[sector] * weight for sector, weight in weights.items())
    scores = {sector: round(e.score, 3) for sector, (_, e, _) in judged.items()}
    said = f"{len(judged)} sectors with evidence for or against them"
    return share(part, fsum(weights.values()), said, evidence=scores)


def contrarian_unexplained(sample: Sample) -> Score:
    """Number of stances against the evidence whose rationale cites no figure that speaks for them.

    Against: an overweight with E < -0.25 or an underweight with E > 0.25, E as in `action_evidence`. Cited: a grounded
    or derived number of the rationale rests on a figure whose w · z has the sign of the action.
    """
    judged = _judged(sample)
    if isinstance(judged, Score):
        return judged
    contrary = {sector: each for sector, each in judged.items() if each[0] * each[1].score < 0}
    unexplained = [
        sector
        for sector, (way, evidence, cited) in contrary.items()
        if not any(evidence.parts.get(place, 0.0) * way > 0 for place in cited)
    ]
    said = f"{len(unexplained)} of {len(contrary)} stances against the evidence are unexplained"
    return Score(float(len(unexplained)), said, {"unexplained": unexplained})


def _advice(sample: Sample) -> dict[str, list[dict[str, Any]]] | None:
    return advice_of(sample)[1]


def _without(counted: list[Number]) -> dict[str, Any]:
    """The numbers without evidence, and how many there are of each status."""
    wrong = [number for number in counted if not number.supported]
    statuses = sorted({number.status for number in counted})
    return {
        "statuses": {status: sum(number.status == status for number in counted) for status in statuses},
        "without": [
            {"pointer": each.pointer, "text": each.text, "status": each.status, "why": each.why}
            for each in wrong[:SHOWN]
        ],
    }


_Judged = Mapping[str, tuple[int, Spoken, set[tuple[str, str]]]]


def _judged(sample: Sample) -> _Judged | Score:
    """Sector → the direction of its action, the evidence on it, and the figures that its rationales cite. Sectors with
    one action and with evidence that speaks for or against them."""
    listed = _listed(sample)
    if not listed:
        return no_advice(sample)
    evidence = spoken(sample.result.figures, sample.aliases)
    sectors = Sectors(sample.aliases)
    found: dict[str, tuple[int, Spoken, set[tuple[str, str]]]] = {}
    for at, each in listed:
        sector = sectors.one(each.get("sector_name"))
        own, way = evidence.get(folded(sector)), WAYS.get(action_of(each))
        if own is not None and way is not None and abs(own.score) > TAU:
            place = f"/sector_recommendations/{at}/rationale"
            cited = {
                (figure.call, figure.pointer)
                for number in sample.numbers
                if number.pointer == place and number.supported
                for figure in number.figures
            }
            found[sector] = (way, own, cited)
    return found or unscored(f"no sector that is recommended has evidence of more than {TAU} for or against it")


def _listed(sample: Sample) -> list[tuple[int, dict[str, Any]]]:
    answer = sample.result.answer
    listed = answer.get("sector_recommendations") if isinstance(answer, dict) else None
    return [(at, each) for at, each in enumerate(listed) if isinstance(each, dict)] if isinstance(listed, list) else []
