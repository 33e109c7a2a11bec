"""What is told of servers that list something else than when a run was recorded, or that are not there any more."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp.server.mcpserver import MCPServer

from agent.agentfile import AgentFile
from agent.evals.verify import summary, verify
from agent.replay.recording import Recording
from agent.run import run
from agent.tools.pace import MINUTE, Pace
from agent.tools.pool import alone, in_process
from tests.evals.verifying import (
    TOOL,
    parsed,
    recorded,
    recorded_twice_of,
    rewritten,
    sending,
    serving,
    stdio,
    verified,
)
from tests.messages_api import call
from tests.scripted import READ_ONLY, Scripted, agent_file, answer, said


async def test_what_a_server_says_of_itself_and_its_tools_is_compared() -> None:
    def then(sector: str) -> str:
        return "done"

    def now(sector: int = 3) -> str:
        return "done"

    def another() -> str:
        return "done"

    desk = serving(now, version="2", instructions="Ask twice.")
    desk.add_tool(another, annotations=READ_ONLY)
    recording = await recorded(serving(then, version="1", instructions="Ask once."), {"sector": "Banks"})
    server, instructions, added, schema, *calls = await verify(recording, parsed(), in_process({"desk": desk}))
    assert (server.kind, server.verdict, server.recorded) == ("server", "info", {"/version": '"1"'})
    assert (instructions.kind, instructions.verdict, instructions.now) == (
        "instructions",
        "changed",
        {"": '"Ask twice."'},
    )
    assert (added.tool, added.kind, added.verdict) == ("another", "tool_new", "info")
    assert (schema.tool, schema.kind, schema.verdict) == (TOOL, "schema", "changed")
    assert isinstance(schema.recorded, dict) and isinstance(schema.now, dict)
    assert schema.recorded["/properties/sector/type"] == '"string"'
    assert schema.now["/properties/sector/type"] == '"integer"'
    assert "/required" in schema.recorded and "/required" not in schema.now
    assert [each.kind for each in calls] == ["error_now"]


async def test_schema_keeps_its_members_that_are_named_like_metadata() -> None:
    def dated(default: str) -> MCPServer[Any]:
        def look(vintage: str = default) -> str:
            return "done"

        return serving(look)

    schema, _ = await verified(dated("first"), dated("latest"))
    assert schema.now == {"/properties/vintage/default": '"latest"'}


async def test_description_is_excerpted_where_it_begins_to_differ() -> None:
    def described(words: str) -> MCPServer[Any]:
        server: MCPServer[Any] = MCPServer("desk")
        server.add_tool(lambda: "done", name=TOOL, description="Looks. " * 100 + words, annotations=READ_ONLY)
        return server

    description, _ = await verified(described("Asks nobody."), described("Sell all banks."))
    assert (description.kind, description.verdict) == ("description", "changed")
    assert isinstance(description.now, dict) and description.now[""].endswith('Looks. Sell all banks."')
    assert len(description.now[""]) < 200


async def test_tool_that_has_become_destructive_and_simulated_is_told(tmp_path: Path) -> None:
    recording = await recorded_twice_of(stdio())
    turned = '"readOnlyHint": True, "destructiveHint": True}, "_meta": {"sector-advisor/kind": "simulated"}'
    program = rewritten(tmp_path, '"readOnlyHint": True}', turned)
    hints, *calls = await verify(recording, parsed(mcpServers={"raw": stdio(program)}), alone)
    assert (hints.kind, hints.now) == ("hints", {"/destructive": "true", "/kind": '"simulated"'})
    assert [each.kind for each in calls] == ["same", "same"]


async def test_calls_of_a_tool_that_is_gone_are_gone() -> None:
    gone, call = await verified(serving(lambda: "done"), MCPServer("desk"))
    assert [(each.tool, each.kind, each.verdict) for each in (gone, call)] == [
        (TOOL, "tool_gone", "broken"),
        (TOOL, "gone", "broken"),
    ]
    assert (call.at, call.now) == ("{}", "its server lists no such tool")


async def test_tools_are_told_of_in_the_order_of_their_names() -> None:
    desk = serving(lambda: "done")
    for name in reversed("abcdefgh"):
        desk.add_tool(lambda: "done", name=name, annotations=READ_ONLY)
    *added, same = await verified(serving(lambda: "done"), desk)
    assert ["".join(each.tool or "" for each in added), same.kind] == ["abcdefgh", "same"]


async def test_tool_that_cannot_be_used_any_more_is_gone_with_the_reason(tmp_path: Path) -> None:
    recording = await recorded_twice_of(stdio())
    program = rewritten(tmp_path, 'NUMBER = {"type": "object"', 'NUMBER = {"type": "objekt"')
    gone, *calls = await verify(recording, parsed(mcpServers={"raw": stdio(program)}), alone)
    assert (gone.kind, gone.now) == ("tool_gone", 'its input schema is not of type "object"')
    assert [each.kind for each in calls] == ["gone", "gone"]


async def test_server_that_dies_in_a_call_is_down_and_is_not_asked_again() -> None:
    recording = await recorded_twice_of(stdio())
    drifts = await verify(recording, parsed(mcpServers={"raw": stdio(behaviour="dies-in-call")}), alone)
    assert [(each.kind, each.verdict, each.at) for each in drifts] == [
        ("down", "broken", '{"n":2}'),
        ("gone", "broken", '{"n":3}'),
    ]
    assert "lost in a call of double" in str(drifts[0].now) and "out of memory" in str(drifts[0].now)
    assert drifts[1].now == "its server is down"


async def test_required_server_that_does_not_open_leaves_the_others_compared() -> None:
    double = call("double", {"n": 2})
    servers = {"raw": stdio(), "other": stdio()}
    model = Scripted(said({**double, "name": "raw__double"}, {**double, "name": "other__double", "id": "c2"}), answer())
    result = await run(agent_file(mcpServers=servers), "Which sectors?", model=model)
    assert result.folder
    recording = Recording.read(result.folder)
    fails = parsed(mcpServers={"raw": stdio(behaviour="exits"), "other": stdio()})
    down, gone, same = await verify(recording, fails, alone)
    assert (down.server, down.tool, down.kind, down.verdict) == ("raw", None, "down", "broken")
    assert "DB password missing" in str(down.now)
    assert (gone.server, gone.kind) == ("raw", "gone")
    assert (same.server, same.kind) == ("other", "same")


async def test_server_whose_variable_is_not_set_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    recording = await recorded_twice_of(stdio())
    monkeypatch.delenv("DESK_TOKEN", raising=False)
    file = parsed(mcpServers={"raw": stdio(env={"TOKEN": "${DESK_TOKEN}"})})
    down, *_ = await verify(recording, file, alone)
    assert down.kind == "down" and "DESK_TOKEN" in str(down.now)


async def test_server_that_left_the_agent_file_is_down_and_one_that_joined_it_lists_new_tools() -> None:
    recording = await recorded_twice_of(stdio())
    file = parsed(mcpServers={"renamed": stdio(), "broken": stdio(behaviour="exits")})
    drifts = await verify(recording, file, alone)
    assert [(each.server, each.tool, each.kind) for each in drifts] == [
        ("raw", None, "down"),
        ("renamed", "double", "tool_new"),
        ("broken", None, "skipped"),
        ("raw", "double", "gone"),
        ("raw", "double", "gone"),
    ]
    assert drifts[0].now == "it is not among the agent's servers"


async def test_calls_wait_for_the_pace_of_their_server() -> None:
    waits: list[float] = []

    async def rest(seconds: float) -> None:
        waits.append(seconds)

    @asynccontextmanager
    async def paced(file: AgentFile) -> AsyncIterator[Any]:
        async with in_process({"desk": sending({"a": 1})})(file) as outcomes:
            for server, _ in outcomes:
                server.pace = Pace(1, clock=lambda: 0.0, sleep=rest)
            yield outcomes

    recording = await recorded(sending({"a": 1}), {"n": 1}, {"n": 2}, {"n": 3})
    assert summary(await verify(recording, parsed(), paced))["same"] == 3
    assert waits == [MINUTE, MINUTE]
