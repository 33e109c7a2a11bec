"""A small suite on the disk: cases over one recorded run of the market of three sectors."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from agent import agentfile
from agent.evals import suite as suites
from agent.evals.case import Case
from agent.evals.outcome import CaseOutcome, SampleOutcome, SuiteOutcome
from agent.evals.runner import run_model, run_references
from agent.evals.suite import Suite
from agent.model.base import Model, Turn
from agent.replay.again import EPOCH, rerun
from agent.replay.changing import changed
from agent.replay.models import Script
from agent.source import Source
from agent.tools.pool import in_process
from tests.scripted import ANSWER, LOOK, agent_file, answer, market, said

HEAT, QUESTION = "get_sector_heatmap", "Which sectors?"
AGENT, TRANSCRIPT = "tester.agent.yaml", "transcripts/small.jsonl"
LOOKS = {"calls": [{HEAT: {"lookback_period": "3M"}}]}
LOOKS_ELSEWHERE = {"calls": [{HEAT: {"lookback_period": "6M"}}]}
STRANGER = {"sector_name": "Aerospace", "action": "overweight", "rationale": "It flies.", "confidence_score": 0.6}
GOOD: list[dict[str, Any]] = [LOOKS, {"answer": ANSWER}]
BAD: list[dict[str, Any]] = [LOOKS, {"answer": {"sector_recommendations": [STRANGER], "heatmap_url": ""}}]


@cache
def transcript(said_last: str | None = None) -> bytes:
    """The log of a run that looked once and gave a good answer, or these last words."""
    file = agentfile.parse(Source(AGENT, agent_file()))
    servers = changed(in_process({"market": market()}), [], EPOCH)
    turns = [said(LOOK), answer(said_last or ANSWER)]
    made = asyncio.run(rerun(file, QUESTION, None, Script(turns), servers, run_id="small"))
    return made.content


def case(**keys: Any) -> dict[str, Any]:
    """A case that passes, with other values for some of its keys."""
    return {
        "about": "A plain question.",
        "tags": ["plain"],
        "agent": AGENT,
        "question": QUESTION,
        "tools": {"transcript": TRANSCRIPT},
        "expect": {"calls": [[{"tool": HEAT}]]},
        "reference": {"pass": {"turns": GOOD}, "fail": {"turns": BAD, "fails": ["taxonomy"]}},
    } | keys


def references(
    passing: list[dict[str, Any]] | dict[str, Any] = GOOD,
    failing: list[dict[str, Any]] | dict[str, Any] = BAD,
    fails: tuple[str, ...] = ("taxonomy",),
) -> dict[str, Any]:
    """Each by its turns, or as the case file says it."""
    both = [{"turns": each} if isinstance(each, list) else each for each in (passing, failing)]
    return {"pass": both[0], "fail": both[1] | {"fails": list(fails)}}


def put(path: Path, value: Any) -> Path:
    """A file of YAML, or of a text as it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value if isinstance(value, str) else yaml.safe_dump(value, sort_keys=False), encoding="utf-8")
    return path


def write(folder: Path, shared: dict[str, Any] | None = None, **cases: dict[str, Any]) -> Path:
    """A suite of these cases, or of two that pass."""
    put(folder / "suite.yaml", {"about": "Small.", "thresholds": {"outcome": 1, "taxonomy": 1}} | (shared or {}))
    put(folder / "cases" / AGENT, agent_file())
    (folder / "transcripts").mkdir(exist_ok=True)
    (folder / TRANSCRIPT).write_bytes(transcript())
    for name, spec in (cases or {"first": case(), "second": case(tags=["other"])}).items():
        put(folder / "cases" / f"{name}.yaml", spec)
    return folder


def loaded(folder: Path, shared: dict[str, Any] | None = None, **cases: dict[str, Any]) -> Suite:
    return suites.load(write(folder, shared, **cases))


def referred(suite: Suite) -> SuiteOutcome:
    return asyncio.run(run_references(suite))


def judged(folder: Path, shared: dict[str, Any] | None = None, **keys: Any) -> CaseOutcome:
    """What comes of one case with these keys by its references."""
    [outcome] = referred(loaded(folder, shared, only=case(**keys))).cases
    return outcome


def turn(*turns: dict[str, Any]) -> list[Turn]:
    """As a case file writes them down."""
    return [
        answer(each["answer"])
        if "answer" in each
        else said(
            *(
                {"type": "tool_use", "id": f"t{at}", "name": name, "input": arguments}
                for name, arguments in call.items()
            )
        )
        for at, each in enumerate(turns)
        for call in each.get("calls", [{}])
    ]


def asked(
    suite: Suite, folder: Path, *runs: list[dict[str, Any]], name: str = "model-1", **options: Any
) -> SuiteOutcome:
    """What comes of a suite by a model whose runs go like these, one after the other and then from the first again."""
    begun = 0

    def model(case: Case) -> Model:
        nonlocal begun
        begun += 1
        return Script(turn(*runs[(begun - 1) % len(runs)]), name)

    return asyncio.run(run_model(suite, model, folder / "logs", concurrency=1, **options))


def sample(outcome: CaseOutcome, arm: str, repeat: int = 1) -> SampleOutcome:
    return next(each for each in outcome.samples if (each.arm, each.repeat) == (arm, repeat))


def edited(path: Path, change: Callable[[Any], None]) -> None:
    """A JSON file with a change made to its value."""
    value = json.loads(path.read_text(encoding="utf-8"))
    change(value)
    path.write_text(json.dumps(value), encoding="utf-8")
