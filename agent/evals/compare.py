"""Two outcomes of a suite, paired by case, so that what both sides share cancels."""

from __future__ import annotations

import json
from math import fsum
from pathlib import Path
from typing import Any, Literal

from agent.errors import UsageError
from agent.scoring.scorers import SCORERS
from agent.scoring.totals import paired

SUMMARY = "summary.json"
WORTH = {"fail": 0, "insufficient": 1, "pass": 2}
SURE = 0.05
"""The chance, under no difference, below which one side is called better."""

PASSED = "passed"
"""In place of a scorer's name: the share of a case's samples that pass."""

Json = dict[str, Any]
Means = dict[str, float | None]


def read(path: Path) -> Json:
    """An outcome that was written to a folder, or its summary. Raises UsageError."""
    file = path / SUMMARY if path.is_dir() else path
    try:
        outcome = json.loads(file.read_text(encoding="utf-8"))
        if {"suite", "cases", "scorers"} <= set(outcome):
            return dict(outcome)
    except (OSError, ValueError, TypeError):
        pass
    raise UsageError(f"{path} is no outcome of a suite", hint="name a folder that `advisor eval run -o` wrote")


def compare(left: Json, right: Json) -> Json:
    """Which cases and scorers changed from left to right, and whether the difference is more than chance.

    A pair is a case: its wordings and repeats are no independent trials, so that their mean is what is compared.
    Raises UsageError for outcomes of two suites.
    """
    if left["suite"] != right["suite"]:
        raise UsageError(f"the outcomes are of two suites: {left['suite']} and {right['suite']}")
    one, other = _means(left), _means(right)
    unlike = _unlike(left, right)
    pairs = [(one[name], other[name]) for name in sorted(set(one) & set(other) - unlike)]
    verdict, reasons = _verdict(_scorer(PASSED, pairs, "higher"))
    if unlike:
        reasons.append(f"other cases by the same name, and so in no pair: {', '.join(sorted(unlike))}")
    moved = [name for name in left["scorers"] | right["scorers"] if _version(left, name) != _version(right, name)]
    if moved:
        reasons.append(f"scored by other versions of {', '.join(moved)}: `advisor eval score` brings both to one")
    if decisive := [name for name in moved if name in _decisive(left) | _decisive(right)]:
        verdict = "insufficient"
        reasons.insert(0, f"what passes was judged by other versions of {', '.join(decisive)}")
    return {
        "left": {key: left[key] for key in ("suite", "model", "verdict")},
        "right": {key: right[key] for key in ("suite", "model", "verdict")},
        "cases": _cases(left, right, unlike),
        "scorers": [_scorer(name, pairs, scorer.better) for name, scorer in SCORERS.items()],
        "verdict": verdict,
        "reasons": reasons,
    }


def _version(outcome: Json, scorer: str) -> Any:
    return outcome["scorers"].get(scorer, {}).get("version")


def _decisive(outcome: Json) -> set[str]:
    """The scorers by which it was judged what passes, and what can be judged at all."""
    samples = (sample for case in outcome["cases"] for sample in _samples(outcome, case))
    return {"fidelity", *(check["scorer"] for sample in samples for check in sample["checks"])}


def _unlike(left: Json, right: Json) -> set[str]:
    """The names by which the two sides have cases that ask, give or expect something else."""
    one, other = ({case["name"]: case.get("digests") for case in side["cases"]} for side in (left, right))
    return {name for name in one if name in other and one[name] != other[name]}


def _samples(outcome: Json, case: Json) -> list[Json]:
    """Those that are compared: of a model its own, of references those that must pass."""
    arm = outcome["model"] or "pass"
    return [sample for sample in case["samples"] if sample["arm"] == arm]


def _means(outcome: Json) -> dict[str, Means]:
    """Case → scorer → mean over its scored samples."""
    means: dict[str, Means] = {}
    for case in outcome["cases"]:
        samples = _samples(outcome, case)
        passed = [sample["verdict"] == "pass" for sample in samples if sample["verdict"] != "insufficient"]
        means[case["name"]] = {PASSED: _mean([float(each) for each in passed])} | {
            name: _mean([v for sample in samples if (v := sample["scores"].get(name, {}).get("value")) is not None])
            for name in SCORERS
        }
    return means


def _mean(values: list[float]) -> float | None:
    return fsum(values) / len(values) if values else None


def _verdict(passed: Json) -> tuple[str, list[str]]:
    said = f"of {passed['pairs']} cases, {passed['better']} pass more often on the right, {passed['worse']} on the left"
    if not passed["pairs"]:
        return "insufficient", ["no case is scored on both sides"]
    if not passed["better"] and not passed["worse"]:
        return "same", [said]
    if passed["p"] >= SURE:
        return "insufficient", [f"{said}; as uneven a split comes about by chance with p = {passed['p']:.2f}"]
    return ("better" if passed["better"] > passed["worse"] else "worse"), [f"{said}; p = {passed['p']:.3f}"]


def _cases(left: Json, right: Json, unlike: set[str]) -> list[Json]:
    one, other = ({case["name"]: case["verdict"] for case in side["cases"]} for side in (left, right))
    return [
        {
            "name": name,
            "left": one.get(name),
            "right": other.get(name),
            "change": "insufficient" if name in unlike else _change(one.get(name), other.get(name)),
        }
        for name in sorted({*one, *other})
    ]


def _change(before: str | None, after: str | None) -> str:
    if before is None or after is None:
        return "only right" if before is None else "only left"
    if before == after:
        return "same"
    return "better" if WORTH[after] > WORTH[before] else "worse"


def _scorer(name: str, pairs: list[tuple[Means, Means]], better: Literal["higher", "lower"]) -> Json:
    one, other = [left.get(name) for left, _ in pairs], [right.get(name) for _, right in pairs]
    result = paired(one, other, better)
    both = [(a, b) for a, b in zip(one, other, strict=True) if a is not None and b is not None]
    return {
        "scorer": name,
        "pairs": result.n,
        "unpaired": result.unscored,
        "better": result.better,
        "worse": result.worse,
        "equal": result.equal,
        "left": _mean([a for a, _ in both]),
        "right": _mean([b for _, b in both]),
        "difference": result.mean_difference,
        "interval": result.interval,
        "p": result.p,
    }
