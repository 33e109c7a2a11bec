"""Tools that change in the middle of a run, and tools that are not what they should be."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from mcp.server.mcpserver import Context, MCPServer

from agent.events import ToolsListed, ToolsOffered
from agent.run import run
from agent.tools.servers import Server
from tests.faults.kit import Faulty, ask, calling, logged
from tests.scripted import READ_ONLY, Scripted, agent_file
from tests.tools.raw import PATIENCE, opened

Make = Callable[..., Faulty]
ALLOWED = {"writes": "allow"}


def offers(model: Scripted) -> list[list[str]]:
    """The tools of each request."""
    return [sorted(tool["name"] for tool in request.tools) for request in model.requests]


def lists() -> list[list[str]]:
    """The tools of each list in the log."""
    return [[str(tool["name"]) for tool in event.tools] for event in logged() if isinstance(event, ToolsListed)]


def offered() -> list[list[str]]:
    return [[str(tool["name"]) for tool in event.tools] for event in logged() if isinstance(event, ToolsOffered)]


async def test_tool_that_appears_in_mid_run_is_offered_from_the_next_request_on(faulty: Make) -> None:
    model = calling("double", "triple")
    result = await ask(model, {"bad": faulty("list-changes").entry()})
    before, after = ["double", "sized"], ["double", "sized", "triple"]
    assert offers(model) == [before, after, after]
    assert offered() == [before, after] and [len(tools) for tools in lists()] == [3, 4]
    assert result.status == "ok" and result.calls[1].data == {"triple": 4}


async def test_tool_that_vanishes_in_mid_run_is_offered_no_more_and_its_call_is_refused(faulty: Make) -> None:
    model = calling("double", "double")
    result = await ask(model, {"bad": (bad := faulty("list-shrinks")).entry()})
    assert offers(model) == [["double", "sized"], ["sized"], ["sized"]] and offered() == offers(model)[:2]
    assert [each.source for each in result.calls] == ["live", "refused"] and bad.calls == ["double"]
    assert result.status == "ok"


async def test_list_that_did_not_change_is_told_once(faulty: Make) -> None:
    await ask(calling("double", "double"), {"good": faulty().entry()})
    assert len(offered()) == len(lists()) == 1


async def test_tool_that_is_another_after_its_server_was_opened_again_is_shown_anew_before_it_is_called(
    faulty: Make,
) -> None:
    model = calling("double")
    result = await ask(model, {"bad": (bad := faulty("other-tools-when-opened-again")).entry()})
    assert result.calls[0].is_error and "no longer what it was" in str(result.calls[0].shown)
    assert bad.calls == ["double"], "the call that was lost, and no other"
    forms = [request.tools[0]["input_schema"]["properties"] for request in model.requests]
    assert [list(form) for form in forms] == [["n"], ["word"]]
    assert lists()[-1] == ["double"] and len(offered()) == 2


async def test_malformed_tools_are_left_out_and_the_good_ones_are_used(faulty: Make) -> None:
    model = calling("double")
    result = await ask(model, {"bad": faulty("malformed-tool").entry()}, policy=ALLOWED)
    assert offers(model)[0] == ["double", "sized", "wipe"] and result.calls[0].data == {"doubled": 8}
    aside = {str(each["tool"]) for each in result.offered.set_aside}
    assert aside == {"bad", "worse", "a tool without a name"}


async def test_same_names_in_two_servers_are_told_apart_and_each_call_reaches_its_own(faulty: Make) -> None:
    one, other = faulty(), faulty("garbage")
    model = calling("one__double", "other__wipe")
    result = await ask(model, {"one": one.entry(), "other": other.entry()}, policy=ALLOWED)
    both = [f"{server}__{tool}" for server in ("one", "other") for tool in ("double", "sized", "wipe")]
    assert offers(model)[0] == both
    assert (one.calls, other.calls) == (["double"], ["wipe"]) and result.status == "ok"


async def test_list_without_an_end_does_not_hold_a_run_up(faulty: Make) -> None:
    model = calling("tool_7")
    result = await ask(model, {"bad": faulty("endless-pages").entry()})
    assert result.calls[0].data == {"tool_7": 4} and len(model.requests[0].tools) == 100


def growing() -> MCPServer[Any]:
    """A server of the protocol of 2026-07-28 that has another tool after the first call."""
    server: MCPServer[Any] = MCPServer("growing")

    @server.tool(annotations=READ_ONLY)
    async def plant(n: int, context: Context) -> dict[str, int]:
        """Something grows."""
        server.add_tool(harvest, name="harvest", annotations=READ_ONLY)
        await context.notify_tools_changed()
        return {"planted": n}

    def harvest(n: int) -> dict[str, int]:
        """What grew."""
        return {"harvest": n}

    return server


async def test_change_is_heard_by_the_newer_protocol_too() -> None:
    async with opened([server := Server("growing", growing(), PATIENCE)]) as [outcome]:
        assert getattr(outcome, "protocol", None) == "2026-07-28"
        await server.call("plant", {"n": 1}, repeatable=True)
        async with asyncio.timeout(30):
            while not server.revision:
                await server.renew(2)
                await asyncio.sleep(0)
        assert [tool.name for tool in server.tools] == ["plant", "harvest"]


async def test_run_over_the_newer_protocol_is_offered_what_has_grown() -> None:
    model = calling("plant", "plant", "harvest")
    result = await run(agent_file(), "Which?", model=model, servers={"growing": growing()})
    assert offers(model)[0] == ["plant"] and offers(model)[-1] == ["harvest", "plant"]
    assert result.calls[2].data == {"harvest": 4}
