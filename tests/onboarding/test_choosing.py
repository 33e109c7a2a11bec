"""Which tools are declared, and how."""

from __future__ import annotations

from typing import Any

import pytest

from agent.errors import UsageError
from agent.onboarding import choosing
from agent.tools import drift
from agent.tools.collecting import collect
from agent.tools.listed import ListedTool
from tests.tools.raw import spec
from tests.tools.test_toolbox import listed, listing

TOOLS = [
    listed("get_flow", server="desk"),
    listed("get_rates", server="desk"),
    listed("wipe", server="desk", read_only=False),
    listed("get_flow", server="vimo", read_only=None),
    listed("scan", server="vimo", read_only=None, destructive=True),
]


def shown(tools: list[ListedTool]) -> list[str]:
    return [f"{tool.server}.{tool.name}" for tool in tools]


@pytest.mark.parametrize(
    ("patterns", "chosen"),
    [
        (["get_*"], ["desk.get_flow", "desk.get_rates", "vimo.get_flow"]),
        (["vimo.*"], ["vimo.get_flow", "vimo.scan"]),
        (["get_*", "!vimo.*"], ["desk.get_flow", "desk.get_rates"]),
        (["!get_*"], ["desk.wipe", "vimo.scan"]),
        (["scan", "desk.get_rates"], ["desk.get_rates", "vimo.scan"]),
        (["GET_*"], []),
    ],
)
def test_patterns_mean_names_and_names_with_their_server(patterns: list[str], chosen: list[str]) -> None:
    assert shown(choosing.matching(TOOLS, patterns)[0]) == chosen


def test_patterns_that_mean_nothing_are_told() -> None:
    assert choosing.matching(TOOLS, ["scan", "get_macro", "!nothing", "!wipe"])[1] == ["get_macro", "!nothing"]


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("", ["desk.get_flow", "desk.get_rates"]),
        ("2", ["desk.get_rates"]),
        ("1-2, 5", ["desk.get_flow", "desk.get_rates", "vimo.scan"]),
        ("1-5 !3 !vimo.*", ["desk.get_flow", "desk.get_rates"]),
        ("5 get_r*", ["desk.get_rates", "vimo.scan"]),
    ],
)
def test_what_is_typed_are_numbers_ranges_and_patterns_and_nothing_means_all_that_only_read(
    text: str, chosen: list[str]
) -> None:
    assert shown(choosing.typed(text, TOOLS)) == chosen


@pytest.mark.parametrize("text", ["6", "0", "3-2", "1 get_x"])
def test_what_is_typed_and_means_no_tool_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        choosing.typed(text, TOOLS)


@pytest.mark.parametrize(
    ("patterns", "needed"),
    [
        (["*"], True),
        (["get_flow"], True),
        (["!desk.*"], True),
        (["desk.*"], False),
        (["desk.*", "down.x"], True),
        (["*", "!down.*"], False),
    ],
)
def test_server_that_is_down_is_needed_unless_the_patterns_cannot_mean_it(patterns: list[str], needed: bool) -> None:
    assert choosing.may_mean(patterns, "down", ["desk"]) is needed


def test_name_that_two_servers_have_is_bound_to_the_one_that_is_meant() -> None:
    one = choosing.declared([TOOLS[0]], TOOLS)
    assert [(each.item["tool_name"], each.item["bind"]) for each in one] == [("get_flow", "desk.get_flow")]
    both = choosing.declared([TOOLS[0], TOOLS[1], TOOLS[3]], TOOLS)
    assert [(each.item["tool_name"], each.item.get("bind")) for each in both] == [
        ("desk__get_flow", "desk.get_flow"),
        ("get_rates", None),
        ("vimo__get_flow", "vimo.get_flow"),
    ]


def test_what_is_declared_is_offered_and_nothing_else() -> None:
    servers = [listing(name, *[tool for tool in TOOLS if tool.server == name]) for name in ("desk", "vimo")]
    items = [each.item for each in choosing.declared([TOOLS[1], TOOLS[3]], TOOLS)]
    box = collect(spec(tools=items), None, servers)
    assert {name: (tool.listed.server, tool.listed.name) for name, tool in box.tools.items()} == {
        "get_rates": ("desk", "get_rates"),
        "get_flow": ("vimo", "get_flow"),
    }
    assert box.differences == []


def test_declaring_what_is_not_known_to_only_read_is_warned_of() -> None:
    warnings = [each.warning for each in choosing.declared(TOOLS, TOOLS)]
    assert warnings == [None, None, choosing.WRITES, choosing.SILENT, choosing.WRITES]


SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "sector": {"type": "string", "enum": ["a", "b"], "description": "One\n of\u200b them.", "default": "a"},
        "many": {"type": "array", "items": {"type": "object", "properties": {"x": {}}, "title": "X"}},
        "any": True,
        "either": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "type": {"type": ["integer", "null"], "minimum": 3},
    },
    "required": ["sector"],
    "additionalProperties": False,
}


def test_parameters_are_trimmed_to_what_is_expected_of_them() -> None:
    [declared] = choosing.declared([tool := listed("flow", SCHEMA)], [tool])
    assert declared.item["parameters"] == {
        "sector": {"type": "string", "enum": ["a", "b"], "description": "One of them."},
        "many": {"type": "array", "items": {"type": "object"}},
        "any": {},
        "either": {},
        "type": {"type": ["integer", "null"]},
    }


@pytest.mark.parametrize(
    ("schema", "parameters"),
    [
        ({"type": "object"}, {}),
        (
            {"type": "object", "properties": {"$schema": {"type": "string"}}},
            {"type": "object", "properties": {"$schema": {"type": "string"}}},
        ),
        ({"type": "object", "required": ["a"], "anyOf": [{"properties": {"a": {}}}]}, None),
    ],
)
def test_odd_schemas_make_no_difference_to_their_own_server(schema: dict[str, Any], parameters: Any) -> None:
    [declared] = choosing.declared([tool := listed("flow", schema)], [tool])
    assert declared.item.get("parameters") == parameters
    [expected] = spec(tools=[declared.item]).tools or []
    assert drift.changed(expected, schema) == []
