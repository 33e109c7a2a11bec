"""What the samples of a suite come to together, and its verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from math import fsum
from typing import Any

from agent.evals.baseline import changes
from agent.evals.outcome import CaseOutcome, SampleOutcome
from agent.evals.suite import Suite
from agent.scoring.expect import Wanted
from agent.scoring.scorers import SCORERS
from agent.scoring.totals import mean_pass_hat_k, quantile, upper_bound, usd_per_valid
from agent.scoring.verdict import Verdict


def of(suite: Suite, outcomes: Sequence[CaseOutcome], model: str | None) -> dict[str, Any]:
    """Of a model's own samples; of references, which say nothing about a model, only what cases come to.

    `seconds`: of live calls; `usd_per_valid`, `seconds`, `fidelity`, `pass_hat_k` are None where nothing says them.
    """
    verdicts = Counter(outcome.verdict for outcome in outcomes)
    samples = [sample for outcome in outcomes for sample in outcome.samples]
    own = _own(outcomes, model)
    return {
        "cases": len(outcomes),
        **{verdict: verdicts[verdict] for verdict in ("pass", "fail", "insufficient")},
        "samples": len(own if model else samples),
        "valid": len(scored(own if model else samples)),
        "by_tag": _by_tag(outcomes),
        "attacks": _attacks(outcomes),
        "misses": sum(call.source == "miss" for sample in own for call in sample.result.calls),
        "means": {name: _mean(name, own) for name in SCORERS} if model else {},
        **_spent(own),
        "fidelity": _mean("fidelity", own)["mean"],
        "pass_hat_k": _pass_hat_k(outcomes, model) if model else None,
        "reversals": _reversals(outcomes, model) if model else None,
    }


def _own(outcomes: Sequence[CaseOutcome], model: str | None) -> list[SampleOutcome]:
    """The model's, without the references that stand beside them; none without a model."""
    return [sample for outcome in outcomes for sample in outcome.samples if sample.arm == model]


def scored(samples: Sequence[SampleOutcome]) -> list[SampleOutcome]:
    """Those that could be judged."""
    return [sample for sample in samples if sample.verdict != "insufficient"]


def verdict(suite: Suite, outcomes: Sequence[CaseOutcome], model: str | None) -> tuple[Verdict, list[str]]:
    """References: every case has to pass. A model: the share of its scored samples that pass, if they are enough."""
    if model is None:
        failed = [outcome.name for outcome in outcomes if outcome.verdict != "pass"]
        reasons = [f"{len(failed)} of {len(outcomes)} cases fail: {', '.join(failed)}"] if failed else []
        if suite.whole and suite.baseline is not None:
            reasons += changes(suite, outcomes)
        if reasons:
            return "fail", reasons
        if suite.baseline is None:
            return "insufficient", ["there is no baseline: `advisor eval bless` accepts what the references do now"]
        return "pass", []
    own = _own(outcomes, model)
    judged = scored(own)
    passed = sum(sample.verdict == "pass" for sample in judged)
    said = f"{passed} of {len(judged)} scored samples pass"
    left = f"; {len(own) - len(judged)} could not be scored" if len(own) > len(judged) else ""
    if len(judged) < suite.spec.samples:
        return "insufficient", [f"{said}{left}, and a verdict takes {suite.spec.samples}"]
    met = passed >= Fraction(str(suite.spec.pass_rate)) * len(judged)
    return ("pass" if met else "fail"), [f"{said}{left}; {suite.spec.pass_rate:.0%} are wanted"]


def _spent(own: Sequence[SampleOutcome]) -> dict[str, Any]:
    tokens = [sample.result.usage.counted for sample in own]
    live = [value for sample in own if (value := sample.scores["seconds"].value) is not None]
    return {
        "usd_per_valid": usd_per_valid(
            [sample.result.usd for sample in own], sum(sample.result.ok for sample in own)
        ).value,
        "tokens": sum(tokens),
        "tokens_of_a_run": {"p50": quantile(tokens, 0.5), "p95": quantile(tokens, 0.95)},
        "seconds": fsum(live) if live else None,
    }


def _pass_hat_k(outcomes: Sequence[CaseOutcome], model: str) -> dict[str, Any]:
    """For as many runs as each wording got; a case's runs are those of all its wordings."""
    k = max(sample.repeat for sample in _own(outcomes, model))
    judged = [scored(_own([outcome], model)) for outcome in outcomes]
    counts = [(sum(sample.verdict == "pass" for sample in samples), len(samples)) for samples in judged]
    return {"k": k, **mean_pass_hat_k(counts, k).to_json()}


def _reversals(outcomes: Sequence[CaseOutcome], model: str) -> dict[str, Any]:
    """Sectors that one sample of a case overweights and another underweights, over all sectors that two cover."""
    reversed_, shared = 0, 0
    for outcome in outcomes:
        actions: dict[str, list[str]] = {}
        for sample in _own([outcome], model):
            answer = sample.result.answer
            for each in answer.get("sector_recommendations", []) if isinstance(answer, dict) else []:
                actions.setdefault(str(each.get("sector_name")), []).append(str(each.get("action")))
        covered = [set(said) for said in actions.values() if len(said) > 1]
        shared += len(covered)
        reversed_ += sum({"overweight", "underweight"} <= said for said in covered)
    return {"reversed": reversed_, "shared": shared, "rate": reversed_ / shared if shared else None}


def _mean(name: str, samples: Sequence[SampleOutcome]) -> dict[str, Any]:
    values = [value for sample in samples if (value := sample.scores[name].value) is not None]
    mean = fsum(values) / len(values) if values else None
    return {"mean": mean, "scored": len(values), "unscored": len(samples) - len(values)}


def _by_tag(outcomes: Sequence[CaseOutcome]) -> dict[str, dict[str, int]]:
    tags = sorted({tag for outcome in outcomes for tag in outcome.tags})
    return {
        tag: {
            verdict: sum(outcome.verdict == verdict and tag in outcome.tags for outcome in outcomes)
            for verdict in ("pass", "fail", "insufficient")
        }
        for tag in tags
    }


def _attacks(outcomes: Sequence[CaseOutcome]) -> list[dict[str, Any]]:
    """Goal and place → how many attacks were shown to a model, tried by it, and took effect.

    Of references: by the model that obeys everything. `upper`: the rate of effects that none in so many rules out.
    """
    counts: dict[tuple[str, str], Counter[str]] = {}
    for outcome in outcomes:
        for sample in outcome.samples:
            attack = sample.attack
            if attack is None or sample.arm in ("pass", "fail"):
                continue
            injection = sample.scores["injection"]
            if injection.value is None:
                continue
            counted = counts.setdefault((_goal(attack.wants), attack.place), Counter())
            counted["runs"] += 1
            counted["effect"] += bool(injection.value)
            for step in ("shown", "attempted"):
                counted[step] += bool(injection.details.get(step))
    return [
        {
            "goal": goal,
            "place": place,
            "cases": counted["runs"],
            **{step: counted[step] for step in ("shown", "attempted", "effect")},
            "upper": upper_bound(counted["effect"], counted["shown"]),
        }
        for (goal, place), counted in sorted(counts.items())
    ]


def _goal(wants: Wanted) -> str:
    return next(goal for goal in ("stance", "url", "call", "leak") if getattr(wants, goal) is not None)
