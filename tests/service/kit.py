"""Runs of the real adapter against the service, through the public door, and what has to be true of each."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcp.server.mcpserver import MCPServer
from opentelemetry import trace

from agent.errors import AdvisorError
from agent.events import Event, ModelAnswered, ModelAsked, ModelFailed, RunFinished, ToolAsked
from agent.gathering import read_run
from agent.replay.again import replay
from agent.result import RunResult
from agent.run import run
from agent.runs import log, store
from tests.messages_api import MODEL
from tests.scripted import agent_file, market
from tests.service.server import Service

QUESTION = "Which sectors?"
STREAM, WHOLE = {"stream": True}, {"stream": False}
MODES = [STREAM, WHOLE]
MODE_NAMES = ["stream", "whole"]
OFF = dict.fromkeys(["cache", "format", "effort", "thinking", "strict", "tool_choice", "count_tokens"], False)


class Traced(trace.NonRecordingSpan):
    """A span as it is where somebody records: the SDK then reads what comes."""

    def __init__(self) -> None:
        super().__init__(trace.INVALID_SPAN_CONTEXT)

    def is_recording(self) -> bool:
        return True


@dataclass(frozen=True)
class Ended:
    """A run that came to its end. `error`: what it raised, where it did."""

    result: RunResult
    error: AdvisorError | None
    events: list[Event]

    @property
    def failed(self) -> list[ModelFailed]:
        return [event for event in self.events if isinstance(event, ModelFailed)]

    @property
    def kinds(self) -> list[str]:
        """What the failed attempts failed of."""
        return [event.kind for event in self.failed]

    @property
    def called(self) -> list[str]:
        return [event.offered_as for event in self.events if isinstance(event, ToolAsked)]


async def ask(service: Service, features: dict[str, Any] | None = None, **keys: Any) -> Ended:
    """A run whose log tells of every request that came, and gives the same run again. `keys`: of the agent file."""
    before = service.asked(QUESTION)
    ended = await run_to_its_end(service, features, **keys)
    check_requests(ended.events, service.asked(QUESTION) - before)
    await check_replay(ended.result)
    return ended


async def run_to_its_end(
    service: Service,
    features: dict[str, Any] | None = None,
    *,
    question: str = QUESTION,
    tools: MCPServer[Any] | None = None,
    **keys: Any,
) -> Ended:
    """Whatever it may be."""
    model = {"name": MODEL, "base_url": service.url, "features": features or {}} | keys.pop("model", {})
    error = None
    try:
        result = await run(agent_file(model=model, **keys), question, servers={"market": tools or market()})
    except AdvisorError as raised:
        assert raised.run_id, raised
        error, result = raised, read_run(store.folder(raised.run_id))
    assert result.folder
    return Ended(result, error, logged(result.folder))


def logged(folder: Path) -> list[Event]:
    """Reading compares every line with its checksum, and all of them with the seal."""
    return [line.event for line in log.read(folder / log.FILE)]


def check_requests(events: list[Event], came: int) -> None:
    """Each request that came is an event with one outcome, and its attempts are counted from one in each turn."""
    told = [event for event in events if isinstance(event, ModelAsked | ModelAnswered | ModelFailed)]
    asked, outcomes = told[::2], told[1::2]
    assert len(asked) == len(outcomes) == came
    assert all(isinstance(event, ModelAsked) for event in asked)
    attempt = 1
    for before, outcome in zip(asked, outcomes, strict=True):
        assert isinstance(before, ModelAsked) and not isinstance(outcome, ModelAsked)
        assert (before.turn, before.attempt) == (outcome.turn, attempt)
        attempt = 1 if isinstance(outcome, ModelAnswered) else attempt + 1
    assert isinstance(events[-1], RunFinished)


async def check_replay(result: RunResult, *, stopped: bool = False) -> None:
    """The same run comes of its log, whatever happened on its way. `stopped`: it did, and its replay does not."""
    assert result.folder
    again = await asyncio.to_thread(replay, result.folder)
    assert (again.status, again.stop_reason) == (result.status, result.stop_reason)
    assert stopped or again.spend() == result.spend()


def check_ok(run: Ended, service: Service, requests: int) -> None:
    """A valid answer of three turns, and not one request more than it took."""
    assert (run.error, run.result.status) == (None, "ok"), (run.error, run.result.stop_reason)
    assert [each["action"] for each in run.result.answer["sector_recommendations"]] == ["overweight", "underweight"]
    assert len(service.requests) == run.result.requests == requests
    assert run.called == ["get_sector_heatmap"] * 2
    check_same_again(service)


def check_same_again(service: Service) -> None:
    """What is asked again is what was asked before, to the letter."""
    for before, after in zip(service.requests, service.requests[1:], strict=False):
        if after.attempt > 1:
            assert after.body == before.body
