"""What the file declares of a tool, bound to one that a server calls otherwise, and what is not sent."""

from __future__ import annotations

from typing import Any

import pytest

from agent.model.base import ToolCall
from agent.spec import PolicySpec
from agent.tools.collecting import collect
from agent.tools.toolbox import Toolbox
from tests.tools.raw import opened, server, spec
from tests.tools.test_toolbox import listed, listing

HEATMAP = {
    "type": "object",
    "properties": {"days": {"type": "integer"}, "market": {"type": "string"}},
    "required": ["days", "market"],
}


def bound(*tools: dict[str, Any], **keys: Any) -> Toolbox:
    servers = [
        listing("vimo", listed("get_sector_rotation", HEATMAP, server="vimo")),
        listing("desk", listed("get_sector_rotation", HEATMAP, server="desk"), listed("macro", server="desk")),
    ]
    return collect(spec(tools=list(tools), **keys), None, servers)


def test_bound_tool_is_offered_under_the_declared_name_and_called_under_its_own() -> None:
    box = bound({"tool_name": "get_sector_heatmap", "bind": "vimo.get_sector_rotation"})
    assert list(box.tools) == ["get_sector_heatmap"] and box.differences == []
    asked = box.prepare(ToolCall("c", "get_sector_heatmap", {"days": 1, "market": "VN"}), 1).asked
    assert (asked.offered_as, asked.server, asked.tool) == ("get_sector_heatmap", "vimo", "get_sector_rotation")


def test_bind_without_a_server_means_the_tool_of_every_server_that_has_it() -> None:
    box = bound({"tool_name": "rotation", "bind": "get_sector_rotation"})
    assert list(box.tools) == ["desk__rotation", "vimo__rotation"]


def test_two_declared_tools_may_be_one_tool_called_with_other_constants() -> None:
    box = bound(
        {"tool_name": "vietnam", "bind": "vimo.get_sector_rotation", "arguments": {"market": "VN"}},
        {"tool_name": "world", "bind": "vimo.get_sector_rotation", "arguments": {"market": "ALL"}},
    )
    assert list(box.tools) == ["vietnam", "world"]
    prepared = box.prepare(ToolCall("c", "world", {"days": 5}), 1)
    assert prepared.refusal is None and prepared.asked.arguments == {"days": 5, "market": "ALL"}


def test_constant_arguments_are_no_part_of_what_the_model_is_offered_and_not_its_to_set() -> None:
    box = bound({"tool_name": "vietnam", "bind": "vimo.get_sector_rotation", "arguments": {"market": "VN"}})
    shown = box.tools["vietnam"].definition["input_schema"]
    assert list(shown["properties"]) == ["days"] and shown["required"] == ["days"]
    refused = box.prepare(ToolCall("c", "vietnam", {"days": 5, "market": "US"}), 1)
    assert "has no parameter market" in str(refused.refusal)


def test_constant_that_the_server_would_ignore_sets_the_tool_aside() -> None:
    box = bound({"tool_name": "macro", "bind": "desk.macro", "arguments": {"region": "VN"}})
    assert box.tools == {}
    assert [each["problem"] for each in box.set_aside] == [
        "the file calls it with region, which its server does not know and would ignore"
    ]


def test_binding_to_a_tool_that_is_not_there_is_told_with_the_nearest() -> None:
    [difference] = bound({"tool_name": "heatmap", "bind": "vimo.get_sector_rotations"}).differences
    assert (difference.kind, difference.at, difference.declared) == ("missing", "bind", "vimo.get_sector_rotations")
    assert difference.hint == (
        "no server offers what it is bound to, 'vimo.get_sector_rotations'; the nearest names are get_sector_rotation; "
        "if one is meant, say so, as with bind: vimo.get_sector_rotation"
    )


def test_parameters_are_compared_with_those_of_the_tool_that_is_meant() -> None:
    box = bound(
        {"tool_name": "heatmap", "bind": "vimo.get_sector_rotation", "parameters": {"lookback": {"type": "string"}}}
    )
    assert [(each.tool, each.at) for each in box.differences] == [
        ("heatmap", "parameters.lookback"),
        ("heatmap", "parameters.days"),
        ("heatmap", "parameters.market"),
    ]


@pytest.mark.parametrize(
    ("schema", "stopped"),
    [
        ({"type": "object", "properties": {"a": {}}}, True),
        ({"type": "object"}, True),
        ({"type": "object", "properties": {"a": {}}, "additionalProperties": False}, True),
        ({"type": "object", "properties": {"a": {}}, "additionalProperties": True}, False),
        ({"type": "object", "patternProperties": {"^b": {}}}, False),
        ({"type": "object", "anyOf": [{"properties": {"b": {}}}, {"properties": {"a": {}}}]}, False),
    ],
)
def test_argument_that_its_server_does_not_declare_is_not_sent(schema: dict[str, Any], stopped: bool) -> None:
    box = collect(spec(), None, [listing("s", listed("flow", schema))])
    refusal = box.prepare(ToolCall("c", "flow", {"b": 1}), 1).refusal
    assert (refusal is not None) is stopped
    assert not stopped or "flow has no parameter b, so its server would have ignored it" in str(refusal)


@pytest.mark.parametrize(
    ("arguments", "sent"),
    [
        ({"a": "x", "b": None}, {"a": "x"}),
        ({"a": "x", "c": None}, {"a": "x", "c": None}),
        ({"a": None}, {"a": None}),
    ],
    ids=["optional", "may be null", "required"],
)
def test_null_in_place_of_an_optional_argument_is_no_argument(arguments: dict[str, Any], sent: dict[str, Any]) -> None:
    text = {"type": "string"}
    properties = {"a": text, "b": {"type": "boolean"}, "c": {"type": ["string", "null"]}}
    schema = {"type": "object", "properties": properties, "required": ["a"]}
    box = collect(spec(), None, [listing("s", listed("flow", schema))])
    prepared = box.prepare(ToolCall("c", "flow", arguments), 1)
    assert prepared.asked.arguments == sent and (prepared.refusal is None) is (sent["a"] is not None)


async def test_stopped_argument_is_an_error_that_names_what_there_is() -> None:
    async with opened([raw := server()]):
        box = collect(spec(), None, [raw])
        [answered] = await box.call(await box.admit(box.prepare(ToolCall("c", "double", {"n": 1, "m": 2}), 1)))
    assert answered.source == "refused" and answered.is_error and "It has: n." in answered.shown  # type: ignore[attr-defined]


class Watched:
    """A person who is shown a call, and says what the test says."""

    def __init__(self, says: bool) -> None:
        self.says = says
        self.seen: list[tuple[str, str, Any]] = []

    async def allow(self, server: str, tool: str, arguments: Any) -> bool:
        self.seen.append((server, tool, arguments))
        return self.says

    async def fill(self, server: str, message: str, schema: dict[str, Any]) -> None:
        raise AssertionError("no server asked for a form")


@pytest.mark.parametrize("says", [True, False])
async def test_call_that_may_write_is_made_when_the_person_at_the_terminal_allows_it(says: bool) -> None:
    asks = spec(policy=PolicySpec(writes="ask"))
    async with opened([raw := server("writes")]):
        box = collect(asks, None, [raw], attended=True)
        box.person = person = Watched(says)
        prepared = await box.admit(box.prepare(ToolCall("c", "wipe", {}), 1))
        await box.admit(box.prepare(ToolCall("d", "double", {"n": 1}), 1))
    assert person.seen == [("raw", "wipe", {})], "a tool that only reads is not asked about"
    assert (prepared.refusal is None) is says
    assert says or "did not allow this call of wipe" in str(prepared.refusal)


def test_where_nobody_can_be_asked_what_may_write_is_not_offered() -> None:
    box = collect(spec(policy=PolicySpec(writes="ask")), None, [listing("s", listed("wipe", read_only=False))])
    assert box.tools == {} and "nobody sits at a terminal" in str(box.set_aside[0]["problem"])
