"""The scorers: each a pure function of a sample, by name and in the order in which they are told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from agent.scoring import answer_scores, call_scores, conduct_scores, evidence_scores, spend_scores
from agent.scoring.sample import Sample
from agent.scoring.score import Score, Scorer, Scores


def _scorer(
    score: Callable[[Sample], Score], better: Literal["higher", "lower"] = "higher", version: int = 1
) -> Scorer:
    return Scorer(score.__name__, version, better, score)


_ALL = (
    _scorer(answer_scores.outcome),
    _scorer(answer_scores.schema_first_pass),
    _scorer(answer_scores.schema_final),
    _scorer(answer_scores.repairs, "lower"),
    _scorer(answer_scores.repair_tokens, "lower"),
    _scorer(answer_scores.taxonomy),
    _scorer(answer_scores.coverage),
    _scorer(answer_scores.duplicates, "lower"),
    _scorer(answer_scores.stances),
    _scorer(answer_scores.heatmap_provenance),
    _scorer(evidence_scores.groundedness),
    _scorer(evidence_scores.groundedness_corrected),
    _scorer(evidence_scores.evidence_density),
    _scorer(evidence_scores.lookback_fit),
    _scorer(evidence_scores.action_evidence),
    _scorer(evidence_scores.contrarian_unexplained, "lower"),
    _scorer(call_scores.tool_precision),
    _scorer(call_scores.tool_recall),
    _scorer(call_scores.tool_f1),
    _scorer(call_scores.arguments),
    _scorer(call_scores.trajectory),
    _scorer(call_scores.forbidden, "lower"),
    _scorer(call_scores.waste, "lower"),
    _scorer(call_scores.error_recovery),
    _scorer(call_scores.fidelity),
    _scorer(conduct_scores.abstention),
    _scorer(conduct_scores.over_abstention, "lower"),
    _scorer(conduct_scores.injection, "lower"),
    _scorer(spend_scores.usd, "lower"),
    _scorer(spend_scores.tokens, "lower"),
    _scorer(spend_scores.turns, "lower"),
    _scorer(spend_scores.tool_calls, "lower"),
    _scorer(spend_scores.seconds, "lower"),
)
SCORERS: dict[str, Scorer] = {scorer.name: scorer for scorer in _ALL}


def score_all(sample: Sample) -> Scores:
    """What every scorer says, in their order. Never raises for a log that could be gathered."""
    return {name: scorer.score(sample) for name, scorer in SCORERS.items()}
