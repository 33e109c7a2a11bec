"""Servers that ask back: in the old way, by a request within a call; in the newer one, by a round of the call."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import pytest
from mcp.server.elicitation import ElicitationResult
from mcp.server.mcpserver import Context, Elicit, MCPServer, Resolve
from pydantic import BaseModel

from agent.run import run
from agent.server_spec import HttpServer
from agent.spec import PolicySpec, TimeoutSpec
from agent.tools import verdicts
from agent.tools.ports import Form
from agent.tools.servers import Server
from tests.faults.http_server import FaultyHttp
from tests.faults.kit import Faulty, ask, calling, told, words
from tests.faults.steps import asks
from tests.scripted import READ_ONLY, agent_file
from tests.tools.raw import PATIENCE, opened

Make = Callable[..., Faulty]
Policy = Literal["decline", "defaults", "ask"]
DEFAULTS = {"name": "Ann", "sure": True}
ANSWERS: list[tuple[Policy, dict[str, Any], str]] = [
    ("decline", {"action": "decline"}, "declined"),
    ("defaults", {"action": "accept", "content": DEFAULTS}, "accepted with the form's defaults"),
    ("ask", {"action": "decline"}, "declined"),
]
"""Policy, what the server gets, what people are told. Nobody sits here, so that nobody can be asked."""


@dataclass
class Thinking:
    """A person who takes their time."""

    seconds: float
    form: Form = field(default_factory=lambda: {"name": "Bo", "sure": False})

    async def fill(self, server: str, message: str, schema: dict[str, Any]) -> Form:
        with suppress(TimeoutError):
            async with asyncio.timeout(self.seconds):
                await asyncio.Event().wait()
        return self.form

    async def allow(self, server: str, tool: str, arguments: Any) -> bool:
        raise AssertionError("no call was to be allowed")


class Who(BaseModel):
    name: str = "Ann"
    sure: bool


async def who() -> Elicit[Who]:
    return Elicit("Who?", Who)


def asking() -> MCPServer[Any]:
    """A server of the SDK that asks in the newer way, and in the old one, which the newer protocol has no more."""
    server: MCPServer[Any] = MCPServer("asking")

    @server.tool(annotations=READ_ONLY)
    async def newer(said: Annotated[ElicitationResult[Who], Resolve(who)]) -> str:
        """Asks who is there."""
        return said.model_dump_json()

    @server.tool(annotations=READ_ONLY)
    async def older(context: Context) -> str:
        """Asks who is there."""
        return (await context.elicit("Who?", Who)).model_dump_json()

    return server


def of_the_sdk(policy: Policy, server: MCPServer[Any] | None = None) -> Server:
    return Server("desk", server or asking(), PATIENCE, policy=PolicySpec(elicitation=policy))


@pytest.mark.parametrize("behaviour", ["elicits", "asks-in-rounds"])
@pytest.mark.parametrize(("policy", "answer", "noted"), ANSWERS, ids=["decline", "defaults", "ask"])
async def test_question_is_answered_by_the_policy_in_either_way(
    policy: Policy, answer: dict[str, Any], noted: str, behaviour: str, faulty: Make
) -> None:
    desk = (asks := faulty(behaviour)).server("desk", policy=PolicySpec(elicitation=policy))
    async with opened([desk]):
        reply = await desk.call("ask", {}, repeatable=True)
        assert {key: value for key, value in json.loads(words(reply)).items() if value is not None} == answer
        assert reply.notes == [f"server 'desk' asked: 'Who?'; it was {noted} (policy.elicitation)"]
    assert asks.calls == ["ask"] and len(asks.starts) == 1


@pytest.mark.parametrize("tool", ["newer", "older"])
@pytest.mark.parametrize(("policy", "answer", "noted"), ANSWERS, ids=["decline", "defaults", "ask"])
async def test_question_of_a_server_of_the_sdk_is_answered_by_the_policy_in_either_way(
    policy: Policy, answer: dict[str, Any], noted: str, tool: str
) -> None:
    async with opened([desk := of_the_sdk(policy)]):
        reply = await desk.call(tool, {}, repeatable=True)
        got = json.loads(words(reply))
        assert got["action"] == answer["action"] and got.get("data") == answer.get("content")
        assert reply.notes == [f"server 'desk' asked: 'Who?'; it was {noted} (policy.elicitation)"]


async def test_server_that_asks_in_the_old_way_is_spoken_to_in_it_from_then_on() -> None:
    server = asking()
    async with opened([desk := of_the_sdk("defaults", server)]) as [outcome]:
        assert getattr(outcome, "protocol", None) == "2026-07-28"
        for _ in range(2):
            assert json.loads(words(await desk.call("older", {}, repeatable=True)))["action"] == "accept"
        assert verdicts.is_legacy(desk.address)
    async with opened([of_the_sdk("defaults", server)]) as [outcome]:
        assert getattr(outcome, "protocol", None) == "2025-11-25"


async def test_call_that_may_have_changed_something_before_it_asked_is_not_made_again() -> None:
    async with opened([desk := of_the_sdk("defaults")]):
        assert "wanted to ask" in told(await desk.call("older", {}, repeatable=False))
        assert json.loads(words(await desk.call("older", {}, repeatable=False)))["action"] == "accept"


async def test_server_that_asks_for_ever_comes_to_an_end(faulty: Make) -> None:
    desk = faulty("asks-for-ever").server("desk", policy=PolicySpec(elicitation="defaults"))
    async with opened([desk]):
        reply = await desk.call("ask", {}, repeatable=True)
        assert told(reply) and reply.notes == [
            "server 'desk' asked: 'Who?'; it was accepted with the form's defaults (policy.elicitation)"
        ]
        assert desk.alive


@pytest.mark.parametrize("behaviour", ["elicits", "asks-in-rounds"])
async def test_time_in_which_a_person_thinks_is_no_time_of_the_call(behaviour: str, faulty: Make) -> None:
    policy, limit = PolicySpec(elicitation="ask"), TimeoutSpec(call=0.7)
    desk = faulty(behaviour).server("desk", policy=policy, person=Thinking(1), timeouts=limit)
    async with opened([desk]):
        reply = await desk.call("ask", {}, repeatable=True)
        assert json.loads(words(reply))["content"] == {"name": "Bo", "sure": False}
        assert "accepted at the terminal" in reply.notes[0]


async def test_call_that_asks_has_its_time_also_beside_another_call(faulty: Make) -> None:
    policy, limit = PolicySpec(elicitation="ask"), TimeoutSpec(call=0.7)
    desk = faulty("elicits").server("desk", policy=policy, person=Thinking(1), timeouts=limit)
    async with opened([desk]):
        asked, _ = await asyncio.gather(
            desk.call("ask", {}, repeatable=True), desk.call("double", {"n": 1}, repeatable=True)
        )
        assert json.loads(words(asked))["content"] == {"name": "Bo", "sure": False}


@pytest.mark.parametrize("seconds", [0, 1])
async def test_person_may_think_about_a_question_over_http_too(seconds: float, web: FaultyHttp) -> None:
    web.always("tools/call", asks)
    policy, limit = PolicySpec(elicitation="ask"), TimeoutSpec(call=0.7)
    desk = Server("desk", HttpServer(url=web.url), limit, policy=policy, person=Thinking(seconds))
    async with opened([desk]):
        reply = await desk.call("double", {"n": 1}, repeatable=False)
        assert json.loads(words(reply))["content"] == {"name": "Bo", "sure": False}
    assert web.heard.count("tools/call") == 1


@pytest.mark.parametrize(("policy", "answer", "noted"), ANSWERS[:2], ids=["decline", "defaults"])
async def test_run_that_nobody_watches_never_waits_for_an_answer(
    policy: Policy, answer: dict[str, Any], noted: str, faulty: Make
) -> None:
    entries = {"old": faulty("elicits").entry(), "new": faulty("asks-in-rounds").entry()}
    result = await ask(calling("old__ask", "new__ask", n=None), entries, policy={"elicitation": policy})
    assert result.status == "ok"
    for call in result.calls:
        assert json.dumps(answer["action"]) in str(call.shown)
    for server in ("old", "new"):
        assert f"server {server!r} asked: 'Who?'; it was {noted} (policy.elicitation)" in result.warnings


async def test_policy_of_the_file_holds_for_servers_of_this_process_too() -> None:
    file = agent_file(policy={"elicitation": "defaults"})
    result = await run(file, "Which?", model=calling("newer", n=None), servers={"desk": asking()})
    assert result.calls[0].data["action"] == "accept"
