"""Questions on runs of the scripted model over the small market."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agent.encoding import canonical
from agent.follow import follow_up
from agent.model.base import Request
from agent.result import RunResult
from tests.asking import ask
from tests.messages_api import call
from tests.scripted import LOOK, Scripted, answer, market, said

AGAIN = call("get_sector_heatmap", {"lookback_period": "1Y"}, id="toolu_2")
"""Another call than the first question's."""
NEXT = "And over a year?"


async def asked(**options: Any) -> RunResult:
    """A run with one call and a valid answer."""
    return await ask(Scripted(said(LOOK), answer()), **options)


async def follow(run: RunResult | Path, model: Scripted, question: str = NEXT, **options: Any) -> RunResult:
    """Ask on, and see that the whole script was asked for."""
    options.setdefault("servers", {"market": market()})
    result = await follow_up(run, question, model=model, **options)
    assert len(model.requests) == len(model.steps), "the script has steps that were not asked for"
    return result


def bytes_of(request: Request) -> list[bytes]:
    """What a cache compares, in the order in which it stands in a request."""
    return [canonical(each) for each in (request.tools, request.system, *request.messages)]
