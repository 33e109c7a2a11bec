"""What becomes of calls in the server's own process, with a scripted model."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from mcp import Client

from agent import agentfile
from agent.agentfile import AgentFile
from agent.errors import Interrupted
from agent.runs import store
from agent.serving.desk import Desk
from agent.serving.offered import tools_of
from agent.serving.server import build
from agent.source import Source
from tests.asking import logged
from tests.messages_api import call
from tests.scripted import Scripted, answer, said
from tests.serving.client import raw, text_of

DOUBLE = said(call("double", {"n": 1}))
SUMMARY = {"summary": "Twice one is two."}


def file(behaviour: str = "well") -> AgentFile:
    return agentfile.parse(Source("a mapping", raw(behaviour)))


async def called(model: Scripted) -> tuple[Any, list[str]]:
    """A result, and what was said to whoever started the server."""
    told: list[str] = []
    async with Client(build(tools_of([file()]), Desk(model=model), told.append)) as client:
        return await client.call_tool("waiting", {"question": "?"}), told


def when_turning(act: Callable[[], None]) -> Callable[[int, str], Any]:
    async def report(count: int, line: str) -> None:
        if line.startswith("turn 1: 1 call"):
            act()

    return report


async def test_an_answer_of_another_form_is_told_as_it_is() -> None:
    result, _ = await called(Scripted(DOUBLE, answer(SUMMARY)))
    assert text_of(result).startswith('{"summary": "Twice one is two."}\nAs of the newest data, by scripted, run ')
    assert (result.structured_content["answer"], result.structured_content["kind"]) == (SUMMARY, None)
    assert result.structured_content["observed"] is None and result.structured_content["evidence"] == {}


async def test_an_answer_that_satisfies_nothing_is_told_with_what_to_do() -> None:
    result, told = await called(Scripted(DOUBLE, *[answer("no JSON")] * 3))
    error = result.structured_content["error"]
    assert result.is_error and error["code"] == "invalid"
    assert text_of(result).startswith(f"invalid: {error['message']}\nHint: {error['hint']}\n")
    assert told == [f"waiting: run {result.structured_content['run']}: invalid"]


async def test_a_defect_is_told_as_one_and_the_server_lives() -> None:
    result, told = await called(Scripted(RuntimeError("nobody foresaw this")))
    assert result.is_error and "RuntimeError: nobody foresaw this" in text_of(result)
    assert "a defect of the program" in result.structured_content["error"]["hint"]
    assert told == ["waiting: failed: RuntimeError: nobody foresaw this"]


async def test_a_desk_that_closes_ends_what_is_underway_in_order() -> None:
    desk, closing = Desk(model=Scripted(DOUBLE)), []
    report = when_turning(lambda: closing.append(asyncio.create_task(desk.close())))
    with pytest.raises(Interrupted):
        await desk.ask(file("silent-in-call"), "?", None, report)
    await asyncio.gather(*closing)
    assert logged(store.home())[-1].to_json()["status"] == "interrupted"


async def test_a_run_whose_client_is_gone_is_not_left_alone() -> None:
    def gone() -> None:
        raise ConnectionError("nobody listens")

    with pytest.raises(ConnectionError):
        await Desk(model=Scripted(DOUBLE)).ask(file("silent-in-call"), "?", None, when_turning(gone))
    assert logged(store.home())[-1].to_json()["status"] == "interrupted"
