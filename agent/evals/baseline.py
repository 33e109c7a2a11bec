"""The baseline: what the references did and scored when a person last looked, and accepted it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from agent.evals.case import Case
from agent.evals.fingerprint import first_change
from agent.evals.outcome import CaseOutcome, Divergence, SampleOutcome
from agent.scoring.scorers import SCORERS


def key(case: str, sample: SampleOutcome) -> str:
    return f"{case} {sample.arm} {sample.repeat}"


def cases_of(baseline: Iterable[str]) -> set[str]:
    """The names of the cases that it has samples of."""
    return {each.rsplit(" ", 2)[0] for each in baseline}


def entry(sample: SampleOutcome) -> dict[str, Any]:
    """What is kept of a sample."""
    values = {name: None if score.value is None else round(score.value, 9) for name, score in sample.scores.items()}
    return {
        "verdict": sample.verdict,
        "scores": values,
        "versions": {name: SCORERS[name].version for name in values},
        "fingerprint": sample.fingerprint,
    }


def content(cases: Iterable[CaseOutcome]) -> bytes:
    """The file that holds the samples of all cases, each on a line of its own."""
    samples = {key(case.name, sample): entry(sample) for case in cases for sample in case.samples}
    lines = [f"{json.dumps(name)}: {json.dumps(samples[name], sort_keys=True)}" for name in sorted(samples)]
    return ('{"samples": {\n' + ",\n".join(lines) + "\n}}\n").encode()


def compared(
    case: Case | CaseOutcome, samples: list[SampleOutcome], baseline: dict[str, Any] | None
) -> list[SampleOutcome]:
    """The samples, each with the first thing in which it is not as it was blessed."""
    if baseline is None:
        return samples
    return [
        sample
        if sample.divergence
        else replace(sample, divergence=_divergence(sample, baseline.get(key(case.name, sample))))
        for sample in samples
    ]


def _divergence(sample: SampleOutcome, blessed: dict[str, Any] | None) -> Divergence | None:
    if blessed is None:
        return Divergence("it is not in the baseline; `advisor eval bless` accepts it")
    if changed := first_change(blessed["fingerprint"], sample.fingerprint):
        return Divergence(f"{changed} is not what was blessed")
    now = entry(sample)
    for name in sorted({*blessed["scores"], *now["scores"]}):
        before, after = blessed["scores"].get(name), now["scores"].get(name)
        if before != after:
            versions = blessed["versions"].get(name), now["versions"].get(name)
            why = "" if versions[0] != versions[1] else ", though its version is the same"
            return Divergence(f"the score {name} is not what was blessed{why}", str(before), str(after))
        if blessed["versions"].get(name) != now["versions"].get(name):
            return Divergence(f"the scorer {name} has another version than the baseline")
    if blessed["verdict"] != sample.verdict:
        return Divergence("the verdict is not what was blessed", blessed["verdict"], sample.verdict)
    return None
