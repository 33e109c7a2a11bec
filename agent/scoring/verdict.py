"""Scores and thresholds → a verdict. Three-valued: what could not be scored neither passes nor fails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

from agent.errors import CredentialsError, ModelError, ServerError, SpecError, UsageError
from agent.scoring.sample import Sample
from agent.scoring.score import Scores, unscored
from agent.scoring.scorers import SCORERS, score_all

Verdict: TypeAlias = Literal["pass", "fail", "insufficient"]
FIDELITY = 0.9
"""Below it, a run saw too little of what it asked for to be judged."""
OF_THE_SERVICE = {each.code for each in (CredentialsError, ModelError)}
"""Errors of a key or of the model's service: a run that met one says nothing about the model, whatever is expected."""
FROM_OUTSIDE = OF_THE_SERVICE | {each.code for each in (UsageError, SpecError, ServerError)}
"""Those, and errors of a case or of a server, which a case may be about."""


@dataclass(frozen=True)
class Check:
    """One score against its threshold; `met` is None where there is no score."""

    scorer: str
    value: float | None
    threshold: float
    met: bool | None
    explanation: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"better": SCORERS[self.scorer].better}

    def __str__(self) -> str:
        if self.met is None:
            return f"{self.scorer} is unscored: {self.explanation}"
        wanted = "at least" if SCORERS[self.scorer].better == "higher" else "at most"
        return f"{self.scorer} is {self.value:g}, {wanted} {self.threshold:g} is wanted: {self.explanation}"


def reasons_of(checks: Sequence[Check]) -> list[str]:
    """Why a run does not pass; what leaves several scores without a value is said once."""
    unscored: dict[str, list[str]] = {}
    for check in checks:
        if check.met is None:
            unscored.setdefault(check.explanation, []).append(check.scorer)
    failed = [str(check) for check in checks if check.met is False]
    return failed + [
        f"{', '.join(names)} {'are' if len(names) > 1 else 'is'} unscored: {why}" for why, names in unscored.items()
    ]


def checked(scores: Scores, thresholds: Mapping[str, float]) -> list[Check]:
    """Every threshold, in the order in which they stand."""
    return [
        Check(
            name,
            scores[name].value,
            threshold,
            None if (value := scores[name].value) is None else SCORERS[name].meets(value, threshold),
            scores[name].explanation,
        )
        for name, threshold in thresholds.items()
    ]


def verdict_of(checks: list[Check]) -> Verdict:
    """Fail when a threshold is not met, else insufficient when one could not be judged or there is none, else pass."""
    if any(check.met is False for check in checks):
        return "fail"
    return "pass" if checks and all(check.met for check in checks) else "insufficient"


def judged(sample: Sample, required: frozenset[str]) -> Scores:
    """What every scorer says; but for fidelity, nothing of a run that cannot be judged. `required`: tools of which no
    call may have missed its recording."""
    scores = score_all(sample)
    reason = _unjudgeable(sample, scores["fidelity"].value, required)
    if reason is None:
        return scores
    return {name: score if name == "fidelity" else unscored(reason) for name, score in scores.items()}


def _unjudgeable(sample: Sample, fidelity: float | None, required: frozenset[str]) -> str | None:
    """It was ended from outside where no failure is expected, or missed too many calls, or a required one."""
    result = sample.result
    code = result.stop_reason.partition(": ")[0] if result.status == "failed" else None
    if code in OF_THE_SERVICE or (code in FROM_OUTSIDE and sample.expect.status != "failed"):
        return f"the run was ended from outside: {result.stop_reason}"
    if fidelity is not None and fidelity < FIDELITY:
        return f"only {fidelity:.0%} of the calls could be answered from the recording, less than {FIDELITY:.0%}"
    missed = {call.offered_as for call in result.calls if call.source == "miss"}
    if lacking := sorted(required & missed):
        return f"calls of {', '.join(lacking)}, which the case requires, could not be answered from the recording"
    return None
