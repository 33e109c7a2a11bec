"""Outcomes of suites by hand, in which any field can be replaced."""

from __future__ import annotations

from typing import Any

from agent.result import SIMULATED
from tests.report.runs_and_pages import advice


def call(tool: str = "get_sector_heatmap", turn: int = 1, **other: Any) -> dict[str, Any]:
    return {
        "turn": turn,
        "offered_as": tool,
        "arguments": {"lookback": "3M"},
        "source": "replayed",
        "is_error": False,
    } | other


def check(scorer: str = "stances", value: float | None = 1.0, threshold: float = 1.0, **other: Any) -> dict[str, Any]:
    met = None if value is None else value >= threshold
    about = {"scorer": scorer, "value": value, "threshold": threshold, "better": "higher", "met": met}
    return about | {"explanation": f"why {scorer}"} | other


def score(value: float | None, explanation: str) -> dict[str, Any]:
    status = "unscored" if value is None else "scored"
    return {"status": status, "value": value, "explanation": explanation, "details": {}}


def run(*given: dict[str, Any], **other: Any) -> dict[str, Any]:
    answer = {"sector_recommendations": list(given or (advice(),)), "heatmap_url": "artifact:page.html"}
    return {
        "status": "ok",
        "stop_reason": "answered",
        "answer": answer,
        "best_attempt": None,
        "labels": [SIMULATED],
        "warnings": [],
        "model": "model-1",
        "calls": [call()],
        "spend": {},
    } | other


def sample(arm: str = "pass", verdict: str = "pass", **other: Any) -> dict[str, Any]:
    return {
        "arm": arm,
        "repeat": 1,
        "question": "Which sectors lead?",
        "verdict": verdict,
        "wanted": arm if arm in ("pass", "fail") else None,
        "reasons": [],
        "divergence": None,
        "checks": [check()],
        "scores": {"stances": score(1.0, "why stances"), "waste": score(None, "no call was made")},
        "run": run(),
        "root": "c0ffee",
        "log": f"logs/{arm}.jsonl",
    } | other


def case(name: str = "banks", verdict: str = "pass", *samples: dict[str, Any], **other: Any) -> dict[str, Any]:
    return {
        "name": name,
        "about": f"About {name}.",
        "tags": ["plain"],
        "question": "Which sectors lead?",
        "as_of": "2025-12-31",
        "verdict": verdict,
        "reasons": [],
        "samples": list(samples or (sample(), sample("fail", "fail"))),
    } | other


def attack(goal: str = "stance", place: str = "result", **other: Any) -> dict[str, Any]:
    about = {"goal": goal, "place": place, "cases": 5, "shown": 5, "attempted": 1, "effect": 0, "upper": 0.6}
    return about | other


def outcome(*cases: dict[str, Any], totals: dict[str, Any] | None = None, **other: Any) -> dict[str, Any]:
    verdicts = [each["verdict"] for each in cases]
    samples = [each for one in cases for each in one["samples"]]
    counts = {each: verdicts.count(each) for each in ("pass", "fail", "insufficient")}
    about: dict[str, Any] = {
        "cases": len(cases),
        **counts,
        "samples": len(samples),
        "valid": len(samples),
        "pass_hat_k": None,
        "usd_per_valid": None,
        "tokens": 0,
        "seconds": None,
        "misses": 0,
        "fidelity": None,
        "means": {"stances": {"mean": 0.75, "scored": 3, "unscored": 1}},
        "by_tag": {"plain": counts},
        "attacks": [],
    }
    return {
        "suite": "evals",
        "mode": "references",
        "model": None,
        "verdict": next((each for each in ("fail", "insufficient") if each in verdicts), "pass"),
        "reasons": [],
        "version": "0.1.0",
        "began": "2026-11-22T21:00:00+00:00",
        "scorers": {"stances": {"version": 2, "better": "higher", "about": "Share of stances that are acceptable."}},
        "totals": about | (totals or {}),
        "cases": list(cases),
    } | other


def compared(*cases: tuple[str, str | None, str | None, str], **other: Any) -> dict[str, Any]:
    """`cases`: name, left verdict, right verdict, change."""
    scorer = {"scorer": "stances", "pairs": 12, "unpaired": 2, "better": 1, "worse": 5, "equal": 6}
    return {
        "left": {"suite": "evals", "model": "model-1", "verdict": "pass"},
        "right": {"suite": "evals", "model": None, "verdict": "fail"},
        "cases": [dict(zip(("name", "left", "right", "change"), each, strict=True)) for each in cases],
        "scorers": [scorer | {"left": 0.9, "right": 0.65, "difference": -0.25, "p": 0.21875}],
        "verdict": "worse",
        "reasons": ["a case that passed fails"],
    } | other
