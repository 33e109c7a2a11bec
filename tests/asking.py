"""Ask a scripted model over an in-memory market, and read what was logged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agent.events import Event
from agent.result import RunResult
from agent.run import run
from agent.runs import log, store
from tests.scripted import Scripted, agent_file, market


async def ask(model: Scripted, question: str = "Which sectors?", **options: Any) -> RunResult:
    keys = options.pop("keys", {})
    options.setdefault("servers", {"market": market()})
    result = await run(agent_file(**keys), question, model=model, **options)
    assert len(model.requests) == len(model.steps), "the script has steps that were not asked for"
    return result


def logged(result_or_home: RunResult | Path) -> list[Event]:
    folder = result_or_home.folder if isinstance(result_or_home, RunResult) else store.find("last")
    assert folder
    return [line.event for line in log.read(folder / log.FILE)]
