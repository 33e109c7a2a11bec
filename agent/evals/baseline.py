"""The baseline: what the references did and scored when a person last looked, and accepted it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from agent import data, scoring
from agent.evals.case import Case
from agent.evals.fingerprint import LENGTH, first_change
from agent.evals.outcome import CaseOutcome, Divergence, SampleOutcome
from agent.evals.suite import CONTAINMENT, FILE, Suite
from agent.scoring.scorers import SCORERS

SCORERS_CODE = "the scorers' code"


def key(case: str, sample: SampleOutcome) -> str:
    return f"{case} {sample.arm} {sample.repeat}"


def files_of(suite: Suite) -> dict[str, str]:
    """What all runs of a suite rest on, also where none of them happens to touch it → its hash."""
    shared = [suite.folder / name for name in (FILE, CONTAINMENT)]
    if suite.spec.payloads:
        shared.append(suite.folder / suite.spec.payloads.file)
    own = {path.relative_to(suite.folder).as_posix(): path for path in [*shared, *suite.transcripts]}
    prompts = {f"prompts/{path.name}": path for path in (data.root() / "prompts").glob("*.md")}
    hashes = {name: _hash(path.read_bytes()) for name, path in (own | prompts).items() if path.is_file()}
    code = b"".join(path.read_bytes() for path in sorted(Path(scoring.__file__).parent.glob("*.py")))
    return hashes | {SCORERS_CODE: _hash(code)}


def _hash(content: bytes) -> str:
    return hashlib.sha256(content.replace(b"\r\n", b"\n")).hexdigest()[:LENGTH]


def changes(suite: Suite, outcomes: Iterable[CaseOutcome]) -> list[str]:
    """What of a whole suite is not as it was blessed, beside what its samples say themselves."""
    blessed, now = suite.blessed_files or {}, files_of(suite)
    other = [name for name in sorted({*blessed, *now}) if blessed.get(name) != now.get(name)]
    told = [f"{name} is not what was blessed" for name in other]
    kept = {key(outcome.name, sample) for outcome in outcomes for sample in outcome.samples}
    if gone := sorted(set(suite.baseline or {}) - kept):
        told.append(f"the baseline has runs that the suite has no more: {', '.join(gone)}")
    return told


def entry(sample: SampleOutcome) -> dict[str, Any]:
    """What is kept of a sample."""
    values = {name: None if score.value is None else round(score.value, 9) for name, score in sample.scores.items()}
    return {
        "verdict": sample.verdict,
        "thresholds": {check.scorer: check.threshold for check in sample.checks},
        "scores": values,
        "versions": {name: SCORERS[name].version for name in values},
        "fingerprint": sample.fingerprint,
        "root": sample.root,
    }


def content(cases: Iterable[CaseOutcome], files: Mapping[str, str]) -> bytes:
    """The file that holds the hashes of files and the samples of all cases, each on a line of its own."""
    samples = {key(case.name, sample): entry(sample) for case in cases for sample in case.samples}
    lines = [f"{json.dumps(name)}: {json.dumps(samples[name], sort_keys=True)}" for name in sorted(samples)]
    hashes = json.dumps(files, sort_keys=True)
    return (f'{{"files": {hashes},\n"samples": {{\n' + ",\n".join(lines) + "\n}}\n").encode()


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
    if blessed["thresholds"] != now["thresholds"]:
        sides = (json.dumps(each["thresholds"]) for each in (blessed, now))
        return Divergence("the thresholds are not what was blessed", *sides)
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
    if blessed["root"] != sample.root:
        return Divergence("the log is not what was blessed: its labels, kinds, dates, budget, or other facts of a run")
    return None
