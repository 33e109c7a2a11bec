from __future__ import annotations

from typing import Any

import pytest

from agent.errors import ServerError
from agent.events import ContentStored, ToolAnswered
from agent.model.base import ToolCall
from agent.spec import PolicySpec, TimeoutSpec, ToolSpec
from agent.tools.admission import admit
from agent.tools.collecting import collect
from agent.tools.content import unframed
from agent.tools.listed import ListedTool
from agent.tools.naming import safe_name
from agent.tools.servers import Server
from agent.tools.toolbox import Toolbox
from tests.tools.raw import PATIENCE, opened, server, spec

DATED = {"type": "object", "properties": {"sector": {"type": "string"}, "as_of": {"type": "string"}}}


def listing(name: str, *tools: ListedTool) -> Server:
    """A server that is not open, for what needs no call."""
    return Server(name, None, PATIENCE, tools=list(tools))  # type: ignore[arg-type]


def listed(name: str, schema: dict[str, Any] | None = None, **more: Any) -> ListedTool:
    facts = {"server": "s", "description": f"About {name}.", "read_only": True, "destructive": None, "kind": None}
    return ListedTool(name=name, schema=schema or DATED, **{**facts, **more})


def test_unique_names_stay_bare_and_clashing_ones_carry_their_server() -> None:
    a = listing("a", listed("heatmap", server="a"), listed("macro", server="a"))
    b = listing("b", listed("heatmap", server="b"))
    assert list(collect(spec(), None, [a, b]).tools) == ["a__heatmap", "b__heatmap", "macro"]


def test_names_hold_only_what_the_messages_api_takes_and_lead_back_to_the_server() -> None:
    box = collect(spec(), None, [listing("s", listed("market.sector heatmap/v1"))])
    assert list(box.tools) == ["market_sector_heatmap_v1"]
    asked = box.prepare(ToolCall("c", "market_sector_heatmap_v1", {}), 1).asked
    assert (asked.server, asked.tool) == ("s", "market.sector heatmap/v1")


def test_long_names_are_cut_with_a_hash_so_that_they_stay_different() -> None:
    first, second = safe_name("a" * 80 + "1"), safe_name("a" * 80 + "2")
    assert len(first) == len(second) == 64 and first != second
    assert safe_name("") == "_"


def test_tool_listed_twice_by_one_server_is_offered_once_and_told() -> None:
    box = collect(spec(), None, [listing("s", listed("heatmap"), listed("heatmap"))])
    assert len(box.tools) == 1 and next(iter(box.tools)).startswith("s__heatmap_")
    assert box.set_aside == [
        {"server": "s", "tool": "heatmap", "problem": "its server lists another tool of the same name"}
    ]


def test_servers_whose_names_look_alike_keep_their_tools_apart() -> None:
    box = collect(spec(), None, [listing("a.b", listed("t", server="a.b")), listing("a_b", listed("t", server="a_b"))])
    assert len(box.tools) == 2 and box.set_aside == []
    assert {tool.listed.server for tool in box.tools.values()} == {"a.b", "a_b"}


@pytest.mark.parametrize(
    "odd",
    [
        {"q": {"$ref": "http://127.0.0.1:9/schema.json"}},
        {"q": {"$ref": "#/nowhere"}},
        {"q": {"type": "strin"}},
        {"q": {"pattern": "("}},
    ],
)
def test_tool_whose_schema_cannot_be_used_is_set_aside_and_nothing_is_fetched(odd: dict[str, Any]) -> None:
    bad = listed("bad", {"type": "object", "properties": odd})
    box = collect(spec(), None, [listing("s", bad, listed("good"))])
    assert list(box.tools) == ["good"] and "its input schema" in str(box.set_aside[0]["problem"])


def test_schema_that_refers_to_itself_without_end_is_set_aside() -> None:
    endless = listed("endless", {"type": "object", "allOf": [{"$ref": "#"}]})
    assert list(collect(spec(), None, [listing("s", endless)]).tools) == []


def test_declared_tools_are_an_allow_list() -> None:
    declared = spec(tools=[ToolSpec(tool_name="macro")])
    assert list(collect(declared, None, [listing("s", listed("macro"), listed("heatmap"))]).tools) == ["macro"]


def test_declaration_narrows_enums_and_describes_but_the_servers_schema_is_what_is_called() -> None:
    offered = {
        "type": "object",
        "properties": {
            "period": {"type": "string", "enum": ["1M", "3M", "1Y"]},
            "metrics": {"type": "array", "items": {"type": "string", "enum": ["a", "b"]}},
            "extra": {"type": "integer"},
        },
        "required": ["period"],
    }
    declared = ToolSpec(
        tool_name="heatmap",
        description="In the analyst's words.",
        parameters={"period": {"enum": ["1M", "3M"]}, "metrics": {"items": {"enum": ["b", "c"]}}},
    )
    box = collect(spec(tools=[declared]), None, [listing("s", listed("heatmap", offered))])
    definition = box.tools["heatmap"].definition
    assert definition["description"] == "In the analyst's words."
    properties = definition["input_schema"]["properties"]
    assert properties["period"]["enum"] == ["1M", "3M"]
    assert properties["metrics"]["items"]["enum"] == ["b"]
    assert properties["extra"] == {"type": "integer"}
    assert definition["input_schema"]["required"] == ["period"]
    assert box.tools["heatmap"].listed.schema == offered
    assert box.prepare(ToolCall("c", "heatmap", {"period": "1Y"}), 1).refusal


def test_arguments_that_break_the_servers_schema_are_not_sent() -> None:
    schema = {"type": "object", "properties": {"days": {"type": "integer"}}, "required": ["days"]}
    box = collect(spec(), None, [listing("s", listed("whales", schema))])
    assert box.prepare(ToolCall("c", "whales", {"days": 3}), 1).refusal is None
    refusal = box.prepare(ToolCall("c", "whales", {"days": "three"}), 1).refusal
    assert refusal and "days: 'three' is not of type 'integer'" in refusal
    assert "'days' is a required property" in str(box.prepare(ToolCall("c", "whales", {}), 1).refusal)
    assert box.prepare(ToolCall("c", "whales", "three"), 1).refusal


def test_unknown_tool_is_answered_with_the_names_that_exist() -> None:
    box = collect(spec(), None, [listing("s", listed("macro"), listed("heatmap"))])
    prepared = box.prepare(ToolCall("c", "delete_all", {}), 1)
    assert prepared.refusal == "There is no tool 'delete_all'. Offered: heatmap, macro."
    assert prepared.asked.server is None


@pytest.mark.parametrize(
    ("given", "sent"),
    [({}, "2008-09-30"), ({"as_of": "2009-01-31"}, "2008-09-30"), ({"as_of": "2007-12-31"}, "2007-12-31")],
)
def test_as_of_goes_into_every_call_that_takes_it_unless_the_model_asks_for_an_earlier_day(
    given: dict[str, Any], sent: str
) -> None:
    box = collect(spec(), "2008-09-30", [listing("s", listed("heatmap"))])
    assert box.prepare(ToolCall("c", "heatmap", given), 1).asked.arguments["as_of"] == sent


def test_tools_that_take_no_date_are_known() -> None:
    blind = listed("news", {"type": "object"})
    box = collect(spec(), "2008-09-30", [listing("s", listed("heatmap"), blind)])
    assert box.blind_to_as_of == ["news"]
    assert box.prepare(ToolCall("c", "news", {}), 1).asked.arguments == {}


@pytest.mark.parametrize(
    ("hints", "declared", "offered"),
    [
        ({"read_only": True}, False, True),
        ({"read_only": None}, True, True),
        ({"read_only": None}, False, False),
        ({"read_only": False}, True, False),
        ({"read_only": None, "destructive": True}, True, False),
    ],
)
def test_only_tools_known_to_be_read_only_are_offered(hints: dict[str, Any], declared: bool, offered: bool) -> None:
    tools = [ToolSpec(tool_name="wipe")] if declared else None
    servers = [listing("s", listed("wipe", **hints))]
    assert list(collect(spec(tools=tools), None, servers).tools) == (["wipe"] if offered else [])
    allowed = spec(tools=tools, policy=PolicySpec(writes="allow"))
    assert list(collect(allowed, None, servers).tools) == ["wipe"]


def test_same_call_has_the_same_key_whatever_the_order_of_its_arguments() -> None:
    box = collect(spec(), None, [listing("s", listed("heatmap"))])
    one = box.prepare(ToolCall("1", "heatmap", {"sector": "Banks", "as_of": "2020-01-31"}), 1).asked.key
    two = box.prepare(ToolCall("2", "heatmap", {"as_of": "2020-01-31", "sector": "Banks"}), 1).asked.key
    other = box.prepare(ToolCall("3", "heatmap", {"sector": "Energy"}), 1).asked.key
    assert one == two != other


def test_tool_that_cannot_be_used_is_told_as_missing_with_its_problem() -> None:
    broken = listing("s")
    broken.set_aside.append({"tool": "heatmap", "problem": "no input schema"})
    box = collect(spec(tools=[ToolSpec(tool_name="heatmap")]), None, [broken])
    assert [(each.kind, each.hint) for each in box.differences] == [
        ("missing", "a server lists this tool, but it cannot be used: no input schema")
    ]


async def called(box: Toolbox, arguments: dict[str, Any]) -> tuple[list[ContentStored], ToolAnswered]:
    *contents, answered = await box.call(box.prepare(ToolCall("c", "double", arguments), 1))
    assert isinstance(answered, ToolAnswered)
    return [each for each in contents if isinstance(each, ContentStored)], answered


async def test_result_is_shown_from_structured_content_and_kept_as_it_came() -> None:
    async with opened([raw := server()]):
        contents, answered = await called(collect(spec(), None, [raw]), {"n": 4})
    assert contents == []
    assert (unframed(answered.shown), answered.is_error, answered.source) == ('{"doubled":8}', False, "live")
    assert answered.result["content"] == [{"type": "text", "text": '{"doubled": 8}'}]


async def test_large_result_is_cut_for_the_model_and_stored_whole() -> None:
    async with opened([raw := server("huge")]):
        contents, answered = await called(collect(spec(), None, [raw]), {"n": 1})
    assert len(unframed(answered.shown)) <= 24_000 and "of 50000000 characters left out" in answered.shown
    assert answered.result == {"stored": contents[0].hash}
    assert len(contents[0].content["content"][0]["text"]) == 50_000_000


async def test_tool_error_and_refusal_are_error_results() -> None:
    async with opened([raw := server("tool-error")]):
        box = collect(spec(), None, [raw])
        _, failed = await called(box, {"n": 1})
        _, refused = await called(box, {"n": "one"})
    assert (unframed(failed.shown), failed.is_error, failed.source) == ("no such number", True, "live")
    assert refused.is_error and refused.source == "refused" and "not sent" in refused.shown


async def test_empty_result_says_so() -> None:
    async with opened([raw := server("empty")]):
        _, answered = await called(collect(spec(), None, [raw]), {"n": 1})
    assert (unframed(answered.shown), answered.is_error) == ("(empty)", False)


async def test_required_server_that_dies_ends_the_run_and_an_optional_one_does_not() -> None:
    async with opened([raw := server("dies-in-call")]):
        with pytest.raises(ServerError):
            await called(collect(spec(), None, [raw]), {"n": 1})
    async with opened([raw := server("dies-in-call", required=False, timeouts=TimeoutSpec())]):
        box = collect(spec(), None, [raw])
        _, answered = await called(box, {"n": 1})
    assert answered.is_error and "out of memory" in answered.shown
    assert list(box.lost) == ["raw"]


def test_offer_that_takes_much_of_every_request_is_a_warning() -> None:
    large = [listed(f"t{number}", description="word " * 400) for number in range(50)]
    facts = {"servers_failed": False, "real_data_only": False}
    [warning] = admit(collect(spec(), None, [listing("s", *large)]), spec(), **facts)
    assert warning.startswith("50 tools are offered, which takes about 26,") and "name those that are wanted" in warning
    assert admit(collect(spec(), None, [listing("s", *large[:3])]), spec(), **facts) == []


@pytest.mark.parametrize("about", [{"type": 5}, {"enum": 5}, {"type": "string", "required": True}])
def test_declared_tool_with_a_schema_that_is_none_is_set_aside(about: dict[str, Any]) -> None:
    broken = listed("heatmap", {"type": "object", "properties": {"a": about}})
    declared = ToolSpec(tool_name="heatmap", parameters={"a": {"type": "string", "enum": ["x"]}})
    box = collect(spec(tools=[declared]), None, [listing("s", broken, listed("macro"))])
    assert box.tools == {} and [each["tool"] for each in box.set_aside] == ["heatmap"]
