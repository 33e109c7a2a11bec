"""A batch by hand: rows of its state, and envelopes of its runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from agent.batch.outputs import Row
from agent.result import SIMULATED

QUESTION = "Which sectors lead?"


def spend(usd: float | None = 0.25, turns: int = 2, **other: Any) -> dict[str, Any]:
    tokens = {"input": 1000, "cache_write": 20, "cache_read": 300, "output": 4}
    counts = {"turns": turns, "requests": 3, "tool_calls": 5, "repairs": 1, "possibly_paid_twice": 0}
    return counts | {"tokens": tokens, "usd": usd} | other


def row(id: str, state: str = "done", **other: Any) -> Row:
    """A job that is done, or one in another state with a reason."""
    fields: dict[str, Any] = {
        "status": "ok" if state == "done" else None,
        "reason": "" if state == "done" else f"{id} is {state}",
        "where": "jobs.yaml:7:5",
        "question": QUESTION,
        "as_of": "2025-12-31",
        "agent": "Desk",
        "model": "model-1",
        "spend": spend(),
        "labels": [],
        "warnings": [],
        "complete": state in ("done", "failed"),
    }
    return Row(id, **{"state": state} | fields | other)


def advice(sector: Any = "Banks", action: Any = "overweight", confidence: Any = 0.7) -> dict[str, Any]:
    return {"sector_name": sector, "action": action, "confidence_score": confidence, "rationale": f"Why {sector}"}


def envelope(run: str, *given: dict[str, Any], **other: Any) -> dict[str, Any]:
    fields = {
        "ok": True,
        "run": run,
        "question": QUESTION,
        "as_of": "2025-12-31",
        "agent": "Desk",
        "model": "model-1",
        "prompt": "c0ffee",
        "labels": [SIMULATED],
        "answer": {"sector_recommendations": list(given or [advice()])},
    }
    return fields | other


def put(folder: Path, *envelopes: dict[str, Any]) -> None:
    for each in envelopes:
        (folder / f"{each['run']}.envelope.json").write_text(json.dumps(each), encoding="utf-8")
