from __future__ import annotations

from typing import Any

import pytest

from agent.spec import ToolSpec
from agent.tools import drift
from agent.tools.listed import ListedTool

STRING: dict[str, Any] = {"type": "string"}


def compared(declared: dict[str, Any] | None, offered: dict[str, Any], **more: Any) -> list[tuple[str, str]]:
    schema = {"type": "object", "properties": offered} | more
    found = drift.changed(ToolSpec(tool_name="t", parameters=declared), schema)
    assert {(each.tool, each.kind) for each in found} <= {("t", "changed")}
    return [(each.at, each.hint) for each in found]


@pytest.mark.parametrize(
    ("declared", "offered"),
    [
        (None, {"a": STRING}),
        ({}, {"a": STRING}),
        ({"a": STRING}, {"a": STRING, "b": STRING}),
        ({"a": STRING}, {"a": {}}),
        ({"a": {}}, {"a": STRING}),
        ({"a": STRING}, {"a": True}),
        ({"a": True}, {"a": STRING}),
        ({"a": STRING}, {"a": {"type": ["string", "null"]}}),
        ({"a": STRING}, {"a": {"anyOf": [STRING, {"type": "null"}]}}),
        ({"a": {"type": "integer"}}, {"a": {"type": "number"}}),
        ({"a": {"enum": ["x"]}}, {"a": {"enum": ["x", "y"]}}),
        ({"a": {"enum": ["x"]}}, {"a": STRING}),
        ({"a": {"type": "array", "items": STRING}}, {"a": {"type": "array"}}),
        ({"type": "object", "properties": {"a": STRING}}, {"a": STRING}),
    ],
)
def test_an_offer_that_takes_all_that_is_declared_is_no_difference(
    declared: dict[str, Any] | None, offered: dict[str, Any]
) -> None:
    assert compared(declared, offered) == []


@pytest.mark.parametrize(
    ("declared", "offered", "at", "hint"),
    [
        ({"lookback": STRING}, {"lookbacks": STRING}, "parameters.lookback",
         "the server does not know this parameter; the nearest is 'lookbacks'"),
        ({"a": STRING}, {}, "parameters.a", "the server does not know this parameter"),
        ({"a": STRING}, {"a": {"type": "integer"}}, "parameters.a.type", "declared as string, offered as integer"),
        ({"a": {"type": "number"}}, {"a": {"type": "integer"}}, "parameters.a.type",
         "declared as integer or number, offered as integer"),
        ({"a": {"type": ["string", "null"]}}, {"a": STRING}, "parameters.a.type",
         "declared as null or string, offered as string"),
        ({"a": {"enum": ["x", "y", 1]}}, {"a": {"enum": ["y"]}}, "parameters.a.enum",
         "the server no longer takes 'x', 1"),
        ({"a": {"items": {"items": {"enum": ["x"]}}}}, {"a": {"items": {"items": {"enum": []}}}},
         "parameters.a.items.items.enum", "the server no longer takes 'x'"),
        ({"type": "object", "properties": {"a": STRING}}, {"a": {"type": "array"}}, "parameters.a.type",
         "declared as string, offered as array"),
    ],
)  # fmt: skip
def test_what_a_server_no_longer_takes_is_named(
    declared: dict[str, Any], offered: dict[str, Any], at: str, hint: str
) -> None:
    assert compared(declared, offered) == [(at, hint)]


def test_a_new_required_parameter_is_named_where_parameters_are_declared() -> None:
    says = "the server requires this parameter, and the file does not declare it"
    assert compared({}, {"b": STRING, "a": STRING}, required=["b", "a"]) == [
        ("parameters.a", says),
        ("parameters.b", says),
    ]
    assert compared({"a": STRING}, {"a": STRING}, required=["a"]) == []
    assert compared(None, {"a": STRING}, required=["a"]) == []


def test_a_difference_holds_both_sides_and_reads_as_one_line() -> None:
    offered = {"properties": {"a": {"enum": ["y"]}}}
    (one,) = drift.changed(ToolSpec(tool_name="t", parameters={"a": {"enum": ["x"]}}), offered)
    assert (one.declared, one.offered) == (["x"], ["y"])
    assert str(one) == "t: parameters.a.enum: the server no longer takes 'x'"
    (gone,) = drift.changed(ToolSpec(tool_name="t", parameters={"a": STRING}), {})
    assert (gone.declared, gone.offered) == (STRING, None)


@pytest.mark.parametrize(
    ("names", "unusable", "hint"),
    [
        ([], None, "no server offers this tool"),
        (["get_sector_heatmaps", "weather", "get_sector_heat"], None,
         "no server offers this tool; the nearest names are get_sector_heatmaps, get_sector_heat; if one is meant, "
         "say so, as with bind: s.get_sector_heatmaps"),
        (["b", "a", "a"], None, "no server offers this tool; the servers offer a, b"),
        ([*"abcdefghij"], None, "no server offers this tool; the servers offer a, b, c, d, e, f, g, h …"),
        (["a"], "it has no schema", "a server lists this tool, but it cannot be used: it has no schema"),
    ],
)  # fmt: skip
def test_a_missing_tool_comes_with_what_there_is_instead(names: list[str], unusable: str | None, hint: str) -> None:
    listed = [ListedTool("s", name, "", {}, True, None, None) for name in names]
    found = drift.missing(ToolSpec(tool_name="get_sector_heatmap"), listed, unusable)
    assert found == drift.Difference("get_sector_heatmap", "missing", "tool", "get_sector_heatmap", None, hint)
