"""Which recorded result a call is given: its own, or none; never the nearest, never the next."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeAlias

import pytest
from mcp.server.mcpserver import MCPServer

from agent import data
from agent.errors import Diverged, ServerError
from agent.events import Event, ServerFailed, ToolsListed
from agent.replay.recording import RecordedResult, Recording
from agent.replay.servers import Index, Lookup, ReplayServers, Tier
from agent.replay.slices import Containment
from agent.tools.listed import ListedTool
from agent.tools.ports import Reply, error_result
from tests.messages_api import call
from tests.replay.replaying import double, edited, file_with, heatmap, raw, recorded
from tests.resuming import ORDER, WRITES, Desk
from tests.scripted import answer, market, said

SCHEMA = {
    "type": "object",
    "properties": {
        "sector": {"type": "string", "enum": ["all", "Banks", "Energy"], "default": "all"},
        "days": {"type": "integer"},
        "metrics": {"type": "array", "items": {"type": "string"}},
    },
}
BY_SECTOR = Containment.model_validate({"rows": {"argument": "sector", "rows": "/rows", "key": "sector"}})


def tool(name: str = "flow", server: str = "market", **hints: Any) -> ListedTool:
    given = {"read_only": True, "destructive": None, "kind": None, **hints}
    return ListedTool(server=server, name=name, description="", schema=SCHEMA, **given)


def result(arguments: Any, number: int = 1, name: str = "flow", server: str = "market") -> RecordedResult:
    sent = {"structuredContent": {"number": number}}
    return RecordedResult(server, name, arguments, sent, "2025-06-30T00:00:00+00:00", 0.25)


Declared: TypeAlias = dict[str, Containment]


def lookup(*results: RecordedResult, containment: Declared | None = None, **options: Any) -> Lookup:
    return Lookup(Index(results, containment), **options)


def number_of(found: RecordedResult | None) -> int | None:
    return found.result["structuredContent"]["number"] if found else None


def test_call_is_given_its_own_result_whatever_the_order_of_the_calls() -> None:
    calls = [{"sector": "Banks"}, {"sector": "Energy"}, {"days": 5}]
    recorded_results = [result(each, at) for at, each in enumerate(calls)]
    for order in ([2, 0, 1], [1, 2, 0], [0, 1, 2]):
        found = lookup(*recorded_results)
        assert [number_of(found.find(tool(), calls[at], repeatable=False)) for at in order] == order
        assert found.found == {"exact": 3}


@pytest.mark.parametrize(
    ("asked", "tier"),
    [
        ({"sector": "Banks", "days": 5}, "exact"),
        ({"days": 5, "sector": "Banks"}, "exact"),
        ({"sector": " banks ", "days": 5.0}, "normalised"),
        ({"sector": "Banks", "days": 5, "metrics": None}, "normalised"),
        ({"sector": "Banks", "days": 6}, "miss"),
        ({"sector": "Banks"}, "miss"),
        ({"sector": "Bank", "days": 5}, "miss"),
        ({"sector": "Banks", "days": 5, "as_of": "2025-06-30"}, "miss"),
        ({}, "miss"),
    ],
)
def test_call_is_found_exactly_or_as_its_schema_reads_it_and_else_is_a_miss(asked: Any, tier: Tier) -> None:
    found = lookup(result({"sector": "Banks", "days": 5}))
    assert number_of(found.find(tool(), asked, repeatable=True)) == (None if tier == "miss" else 1)
    assert found.found == {tier: 1}


def test_default_that_is_left_out_is_the_default() -> None:
    assert number_of(lookup(result({})).find(tool(), {"sector": "all"}, repeatable=False)) == 1


@pytest.mark.parametrize("other", [tool("whales"), tool(server="desk")])
def test_another_tool_or_server_is_asked_in_vain(other: ListedTool) -> None:
    found = lookup(result({"sector": "Banks"}))
    assert found.find(other, {"sector": "Banks"}, repeatable=True) is None


def test_lists_are_sets_only_where_that_is_declared() -> None:
    recorded_result, asked = result({"metrics": ["flow", "momentum"]}), {"metrics": ["momentum", "flow"]}
    assert lookup(recorded_result).find(tool(), asked, repeatable=True) is None
    sets = {"flow": Containment(sets=["metrics"])}
    assert number_of(lookup(recorded_result, containment=sets).find(tool(), asked, repeatable=True)) == 1


def rows_of(*sectors: str) -> dict[str, Any]:
    return {"structuredContent": {"rows": [{"sector": name, "flow": len(name)} for name in sectors]}}


def wide() -> RecordedResult:
    return RecordedResult("market", "flow", {"sector": "all"}, rows_of("Banks", "Energy"), "2025", 0.5)


def test_narrower_call_is_cut_from_an_answer_that_is_declared_to_hold_it() -> None:
    found = lookup(wide(), containment={"flow": BY_SECTOR})
    cut = found.find(tool(), {"sector": "Energy"}, repeatable=True)
    assert cut and cut.result == rows_of("Energy") and (cut.retrieved_at, cut.seconds) == ("2025", 0.5)
    assert found.find(tool(), {"sector": "Energy", "days": 5}, repeatable=True) is None
    assert found.found == {"contained": 1, "miss": 1}


def test_nothing_is_cut_without_a_declaration_or_for_a_tool_that_writes() -> None:
    assert lookup(wide()).find(tool(), {"sector": "Energy"}, repeatable=True) is None
    declared = {"flow": BY_SECTOR}
    assert lookup(wide(), containment=declared).find(tool(), {"sector": "Energy"}, repeatable=False) is None


def test_answer_that_turns_out_not_to_hold_the_call_is_passed_over() -> None:
    lacking = RecordedResult("market", "flow", {"sector": "all"}, rows_of("Banks"), "2024", 0.5)
    for recorded_results in ((lacking, wide()), (wide(), lacking)):
        found = lookup(*recorded_results, containment={"flow": BY_SECTOR})
        cut = found.find(tool(), {"sector": "Energy"}, repeatable=True)
        assert cut and cut.retrieved_at == "2025"


def test_narrower_call_is_cut_from_the_last_answer_that_holds_it_as_a_call_that_is_made_again_has_the_last() -> None:
    found = lookup(replace(wide(), retrieved_at="2024"), wide(), containment={"flow": BY_SECTOR})
    again = [found.find(tool(), {"sector": "all"}, repeatable=True) for _ in range(3)]
    cut = found.find(tool(), {"sector": "Energy"}, repeatable=True)
    assert [each and each.retrieved_at for each in [*again, cut]] == ["2024", "2025", "2025", "2025"]


OTHER_ROWS = Containment.model_validate({"rows": {"argument": "sector", "rows": "/other", "key": "sector"}})


@pytest.mark.parametrize(
    ("containment", "shared", "tier"),
    [
        ({"market.flow": BY_SECTOR}, [], "contained"),
        ({"market.flow": BY_SECTOR}, ["flow"], "contained"),
        ({"market.flow": BY_SECTOR, "flow": OTHER_ROWS}, [], "contained"),
        ({"market.flow": OTHER_ROWS, "flow": BY_SECTOR}, [], "miss"),
        ({"market.flow": Containment(), "flow": BY_SECTOR}, [], "miss"),
        ({"desk.flow": BY_SECTOR}, [], "miss"),
        ({"desk.flow": OTHER_ROWS, "flow": BY_SECTOR}, ["whales"], "contained"),
        ({"flow": BY_SECTOR}, ["flow"], "miss"),
    ],
)
def test_what_is_declared_of_the_servers_own_tool_counts_before_the_name_that_no_other_server_shares(
    containment: Declared, shared: list[str], tier: Tier
) -> None:
    found = lookup(wide(), containment=containment, shared=shared)
    found.find(tool(), {"sector": "Energy"}, repeatable=True)
    assert found.found == {tier: 1}


def test_sets_of_a_tools_bare_name_are_no_sets_of_tools_that_share_it() -> None:
    index = Index([result({"metrics": ["flow", "momentum"]})], {"flow": Containment(sets=["metrics"])})
    asked = {"metrics": ["momentum", "flow"]}
    for shared, number in (([], 1), (["flow"], None), ([], 1)):
        assert number_of(Lookup(index, shared=shared).find(tool(), asked, repeatable=True)) == number


def test_exact_only_takes_nothing_else() -> None:
    found = lookup(result({"sector": "Banks"}), wide(), containment={"flow": BY_SECTOR}, exact_only=True)
    assert [found.find(tool(), {"sector": each}, repeatable=True) for each in ("banks", "Energy")] == [None, None]
    assert found.find(tool(), {"sector": "Banks"}, repeatable=True) and found.found == {"miss": 2, "exact": 1}


def test_call_that_does_no_harm_is_given_its_results_in_turn_and_then_the_last_again() -> None:
    found = lookup(result({}, 1), result({"days": 5}, 9), result({}, 2))
    assert [number_of(found.find(tool(), {}, repeatable=True)) for _ in range(4)] == [1, 2, 2, 2]
    assert found.found == {"exact": 4}


def test_call_that_may_write_is_given_each_result_once() -> None:
    found = lookup(result({}, 1), result({"days": 5}, 9), result({}, 2))
    assert [number_of(found.find(tool(), {}, repeatable=False)) for _ in range(4)] == [1, 2, None, None]
    assert found.found == {"exact": 2, "miss": 2}
    assert number_of(found.find(tool(), {"days": 5.0}, repeatable=False)) == 9


@pytest.mark.parametrize(
    ("asked", "numbers"),
    [
        ([{"sector": "all"}, {"sector": " all"}, {"sector": "ALL"}], [2, 1, None]),
        ([{"sector": " all"}, {}, {"sector": "all"}], [1, None, 2]),
        ([{"sector": " all"}, {"sector": "ALL"}, {}, {"sector": "all"}], [1, 2, None, None]),
        ([{}, {"sector": "all"}, {"sector": " all"}], [1, 2, None]),
    ],
)
def test_result_of_a_call_that_may_write_is_never_given_twice_however_it_is_asked_for(
    asked: list[Any], numbers: list[int | None]
) -> None:
    found = lookup(result({}, 1), result({"sector": "all"}, 2), result({"sector": "Banks"}, 3))
    assert [number_of(found.find(tool(), each, repeatable=False)) for each in asked] == numbers


def test_results_that_are_equal_are_as_many_as_were_recorded() -> None:
    order = result({})
    found = lookup(order, order)
    assert [number_of(found.find(tool(), {}, repeatable=False)) for _ in range(3)] == [1, 1, None]


def test_call_that_does_no_harm_has_its_own_results_however_often_another_form_of_it_was_made() -> None:
    found = lookup(result({}, 1), result({"sector": "all"}, 2), result({}, 3))
    asked: list[Any] = [{"sector": " all"}, {}, {}, {}]
    assert [number_of(found.find(tool(), each, repeatable=True)) for each in asked] == [1, 1, 3, 3]


def test_runs_that_share_an_index_do_not_use_up_each_others_results() -> None:
    index = Index([result({}, 1)])
    for _ in range(2):
        assert number_of(Lookup(index).find(tool(), {}, repeatable=False)) == 1


async def asked_of(servers: ReplayServers, name: str, arguments: Any, **keys: Any) -> Reply:
    file = file_with(**keys)
    async with servers.opening(file) as [(server, _)]:
        listed = next((tool for tool in server.tools if tool.name == name), None)
        repeatable = listed is None or listed.repeatable(file.spec.declares(server.name, name))
        return await server.call(name, arguments, repeatable=repeatable)


async def test_strict_server_ends_the_run_for_a_call_that_was_not_recorded() -> None:
    recording = await recorded()
    with pytest.raises(Diverged, match=r"market\.get_sector_heatmap was not called with .*2M"):
        await asked_of(ReplayServers(recording, strict=True), "get_sector_heatmap", {"lookback_period": "2M"})
    with pytest.raises(Diverged, match=r"market\.nothing was not called"):
        await asked_of(ReplayServers(recording, strict=True), "nothing", {})


async def test_strict_server_takes_no_call_that_only_means_the_same() -> None:
    servers = ReplayServers(await recorded(), strict=True)
    with pytest.raises(Diverged):
        await asked_of(servers, "get_sector_heatmap", {"lookback_period": " 3M "})


async def test_lenient_server_tells_the_model_nothing_of_what_was_recorded() -> None:
    servers = ReplayServers(await recorded())
    reply = await asked_of(servers, "get_sector_heatmap", {"lookback_period": "2M"})
    assert reply == Reply(error_result(data.words("not_recorded")), "miss", seconds=0.0) and servers.lookup.found == {
        "miss": 1
    }


async def test_recorded_result_comes_with_its_time_and_seconds() -> None:
    recording = await recorded()
    [known] = recording.results
    reply = await asked_of(ReplayServers(recording), "get_sector_heatmap", {"lookback_period": "3M"})
    assert reply == Reply(known.result, "replayed", known.retrieved_at, known.seconds)


async def orders(idempotent: bool | None = None, **keys: Any) -> list[str]:
    """Where the results come from, of the one order that was recorded, asked for twice."""
    recording = await recorded(said(ORDER), answer(), servers=Desk(idempotent).servers(), keys=WRITES)
    servers = ReplayServers(recording)
    return [(await asked_of(servers, "place_order", {}, **WRITES | keys)).source for _ in range(2)]


async def test_order_is_given_once_unless_its_server_says_that_it_may_be_repeated() -> None:
    assert await orders() == ["replayed", "miss"]
    assert await orders(idempotent=True) == ["replayed", "replayed"]


async def test_tool_that_says_nothing_is_repeatable_when_the_file_declares_it() -> None:
    server = market_of_one_silent_tool()
    recording = await recorded(said(call("look", {})), answer(), servers=server, keys=WRITES)
    for keys, sources in (({}, ["replayed", "miss"]), ({"tools": [{"tool_name": "look"}]}, ["replayed", "replayed"])):
        servers = ReplayServers(recording)
        assert [(await asked_of(servers, "look", {}, **keys)).source for _ in range(2)] == sources


def market_of_one_silent_tool() -> dict[str, Any]:
    def look() -> str:
        """Looks."""
        return "seen"

    server: MCPServer[Any] = MCPServer("silent")
    server.add_tool(look)
    return {"silent": server}


async def test_recording_may_be_answered_from_an_index_that_is_wider_than_it() -> None:
    recording = await recorded()
    other = await recorded(said(heatmap("1Y")), answer())
    servers = ReplayServers(recording, Index([*recording.results, *other.results]))
    reply = await asked_of(servers, "get_sector_heatmap", {"lookback_period": "1Y"})
    assert reply.source == "replayed"


async def test_narrower_call_is_cut_by_the_tools_name_alone_where_one_server_lists_it() -> None:
    for others, source in (([], "replayed"), (["desk"], "miss")):
        name = "market__get_sector_heatmap" if others else "get_sector_heatmap"
        servers = {each: market() for each in ["market", *others]}
        recording = await recorded(said(call(name, {"lookback_period": "3M"})), answer(), servers=servers)
        index = Index(recording.results, {"get_sector_heatmap": BY_SECTOR})
        async with ReplayServers(recording, index).opening(file_with()) as [(server, _), *_]:
            reply = await server.call(
                "get_sector_heatmap", {"lookback_period": "3M", "sector": "Energy"}, repeatable=True
            )
        assert (server.name, reply.source) == ("market", source)


async def test_name_that_one_server_lists_twice_is_its_own() -> None:
    def twice(event: Event) -> Event:
        return replace(event, tools=event.tools * 2) if isinstance(event, ToolsListed) else event

    recording = edited(await recorded(), twice)
    assert len(recording.servers[0].tools) == 2 and not ReplayServers(recording).lookup.shared


def weak(required: bool) -> dict[str, Any]:
    return {"mcpServers": {"weak": raw("dies-in-call", required=required)}, "tools": [{"tool_name": "double"}]}


@pytest.mark.parametrize("required", [False, True])
async def test_lost_server_is_lost_again_in_the_same_call(required: bool) -> None:
    recording = await recorded(said(double()), *([] if required else [answer()]), servers=None, keys=weak(required))
    servers = ReplayServers(recording, strict=True)
    async with servers.opening(file_with(**weak(required))) as [(server, _)]:
        assert server.required is required
        if required:
            with pytest.raises(ServerError, match="it was lost in a call of double"):
                await server.call("double", {"n": 2}, repeatable=True)
        else:
            reply = await server.call("double", {"n": 2}, repeatable=True)
            assert reply.lost and reply.lost.failure == recording.lost["weak"] and reply.source == "replayed"


async def test_required_server_that_was_down_is_down_again_before_anything_is_listed() -> None:
    recording = await recorded(servers=None, keys={"mcpServers": {"down": raw("exits")}})
    with pytest.raises(ServerError, match="DB password missing") as caught:
        async with ReplayServers(recording).opening(file_with()):
            pass
    assert isinstance(recording.openings[0], ServerFailed) and caught.value.failure == recording.openings[0]


async def test_server_that_was_down_lists_nothing() -> None:
    servers = {"good": raw("well"), "down": raw("exits", required=False)}
    recording: Recording = await recorded(said(double()), answer(), servers=None, keys={"mcpServers": servers})
    async with ReplayServers(recording).opening(file_with()) as [(good, opened), (down, failed)]:
        assert (good.name, [each.name for each in good.tools]) == ("good", ["double"])
        assert opened == recording.openings[0]
        assert (down.name, list(down.tools), list(down.set_aside), down.instructions) == ("down", [], [], None)
        assert isinstance(failed, ServerError) and down.required is False
