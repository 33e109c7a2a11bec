from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from agent import schemas
from agent.encoding import canonical, digest
from agent.market.tools import TOOLS
from agent.market.vn_sim import PACK
from agent.replay.keys import MAX_DEPTH, MAX_VISITS, exact, normalised, normalised_key

HEATMAP = TOOLS[0].input_schema(PACK)


def one(value: Any, schema: Any, **definitions: Any) -> Any:
    """The value of the only argument, as a schema reads it."""
    read = normalised({"a": value}, {"properties": {"a": schema}, "$defs": definitions})
    return read.get("a", "left out")


def same(left: Any, right: Any) -> bool:
    """Equal as JSON: true is not 1, and 1 is not 1.0."""
    return canonical(left) == canonical(right)


def test_exact_key_is_the_logs_own() -> None:
    assert exact("market", "get_flow", {"b": 1, "a": None}) == digest(["market", "get_flow", {"a": None, "b": 1}])
    keys = {exact("s", "t", {"a": value}) for value in (1, 1.0, True, "1", None)}
    assert len(keys) == 5


def test_calls_that_the_market_reads_alike_have_one_normalised_key() -> None:
    calls: list[dict[str, Any]] = [
        {},
        {"lookback_period": "3M"},
        {"lookback_period": " 3M\n", "granularity": None},
        {"metrics": ["relative_strength", "volatility", "performance", "momentum"], "granularity": "Daily"},
        {"metrics": ["momentum", "Momentum", "performance", "volatility", "relative_strength"]},
    ]
    assert len({normalised_key("market", "heatmap", call, HEATMAP, ["metrics"]) for call in calls}) == 1
    assert len({normalised_key("market", "heatmap", call, HEATMAP) for call in calls}) == 3


@pytest.mark.parametrize("other", [{"lookback_period": "90D"}, {"lookback_period": "3m"}, {"metrics": ["momentum"]}])
def test_other_dates_other_case_and_other_columns_are_other_calls(other: dict[str, Any]) -> None:
    assert normalised_key("s", "t", {}, HEATMAP, ["metrics"]) != normalised_key("s", "t", other, HEATMAP, ["metrics"])


def test_server_and_tool_are_part_of_the_key() -> None:
    assert len({normalised_key(*name, {}, {}) for name in (("a", "b"), ("a", "c"), ("c", "b"))}) == 3


@pytest.mark.parametrize("arguments", [None, [" a "], " a ", 3.0, True])
def test_a_call_that_is_no_object_is_returned_as_it_is(arguments: Any) -> None:
    assert same(normalised(arguments, {"default": {"a": 1}, "type": "number"}, ["a"]), arguments)


@pytest.mark.parametrize(
    ("value", "schema", "read"),
    [
        ("  Oil and  Gas\t", {"type": "string"}, "Oil and  Gas"),
        ("VND", {"type": "string"}, "VND"),
        (2.0, {"type": "integer"}, 2),
        (2.0, {"type": "number"}, 2),
        (2.0, {"type": ["null", "number"]}, 2),
        (-0.0, {"type": "number"}, 0),
        (2.5, {"type": "number"}, 2.5),
        (2.0, {}, 2.0),
        (2.0, {"type": "string"}, 2.0),
        (True, {"type": "integer"}, True),
        (1, {"type": "boolean"}, 1),
        ("2", {"type": "integer"}, "2"),
        ("DAILY ", {"enum": ["daily", "weekly"]}, "daily"),
        ("daily", {"const": "Daily"}, "Daily"),
        ("dAILY", {"enum": ["daily", "Daily"]}, "dAILY"),
        ("dAILY", {"enum": ["daily", "daily"]}, "daily"),
        (" Daily", {"enum": ["daily", "Daily"]}, "Daily"),
        (" daily", {"enum": ["daily", " daily"]}, " daily"),
        ("day", {"enum": ["daily", 3, None]}, "day"),
        (None, {"type": "string"}, "left out"),
        (None, {"enum": ["a", 3]}, "left out"),
        (None, {"const": 3}, "left out"),
        (None, {"anyOf": [{"type": "string"}]}, "left out"),
        (None, {"allOf": [{}, {"type": ["string", "integer"]}]}, "left out"),
        (None, {"type": ["string", "null"]}, None),
        (None, {"enum": ["a", None]}, None),
        (None, {"const": None}, None),
        (None, {"anyOf": [{"type": "string"}, {"type": "null"}]}, None),
        (None, {"type": "string", "default": "x"}, "x"),
        (None, {"type": "string", "default": None}, None),
        ([None, " a "], {"type": "array", "items": {"type": "string"}}, [None, "a"]),
        (" a ", {"type": ["null", "string"]}, "a"),
        (" a ", {"anyOf": [{"type": "string"}, {"type": "null"}]}, "a"),
        (" x ", {"enum": ["a", None]}, "x"),
        (" 3 ", {"type": ["integer", "null"]}, " 3 "),
        (" 3 ", {"enum": [3, None]}, " 3 "),
        ({"n": None, "b": None, "c": " c"}, {"properties": {"n": {"type": "string"}}}, {"b": None, "c": " c"}),
        (["b", "a", "b"], {"type": "array"}, ["b", "a", "b"]),
        ([1.0, "B "], {"items": {"type": "integer", "enum": ["b"]}}, [1, "b"]),
        ({"n": 1.0}, {"additionalProperties": {"type": "number"}}, {"n": 1}),
        ({"n": 1.0}, {"additionalProperties": False}, {"n": 1.0}),
    ],
)
def test_a_value_is_read_by_its_schema(value: Any, schema: Any, read: Any) -> None:
    assert same(one(value, schema), read)


@pytest.mark.parametrize("schema", [{}, {"type": [[]], "minLength": 2}, {"anyOf": [True]}, {"$ref": "#/$defs/any"}])
@pytest.mark.parametrize("value", [None, " a ", {"b": None, "c": " c"}, [None, {"b": None}]])
def test_without_a_declared_type_nothing_is_dropped_stripped_or_filled_in(schema: Any, value: Any) -> None:
    assert same(one(value, schema | {"default": "all"}, any={"title": "Any"}), value)


def test_untyped_argument_has_its_default_only_where_it_is_left_out() -> None:
    schema = {"properties": {"sector": {"default": "all"}}}
    assert normalised({}, schema) == {"sector": "all"}
    assert normalised({"sector": None}, schema) == {"sector": None}
    assert normalised_key("s", "t", {"sector": None}, schema) != normalised_key("s", "t", {}, schema)


def test_objects_are_read_all_the_way_down() -> None:
    leaf = {"properties": {"unit": {"enum": ["bn"], "default": "bn"}, "n": {"type": "integer"}}}
    schema = {"properties": {"legs": {"type": "array", "items": {"$ref": "#/$defs/leaf"}}}, "$defs": {"leaf": leaf}}

    read = normalised({"legs": [{"n": 1.0}, {"n": None, "unit": "BN"}]}, schema)

    assert same(read, {"legs": [{"n": 1, "unit": "bn"}, {"unit": "bn"}]})


def test_schemas_that_hold_together_are_read_together() -> None:
    schema = {"allOf": [{"$ref": "#/$defs/whole"}, {"properties": {"n": {"default": 7.0}}}]}
    whole = {"properties": {"n": {"type": "integer"}}}

    assert same(one({}, schema, whole=whole), {"n": 7})
    assert same(one({"n": 5.0}, schema, whole=whole), {"n": 5})
    optional = {"anyOf": [{"$ref": "#/$defs/whole"}, {"type": "null"}]}
    assert same(one({"n": 5.0}, optional, whole=whole), {"n": 5})
    assert same(one({"n": 5.0}, {"$ref": "#/$defs/a~1b%20c"}, **{"a/b c": whole}), {"n": 5})


@pytest.mark.parametrize(
    "schema",
    [
        {"oneOf": [{"enum": ["a"]}, {"enum": [" A", None]}]},
        {"anyOf": [{"type": "integer"}, {"enum": ["a"]}]},
        {"type": "string", "not": {"const": "a"}},
        {"if": {"const": " A"}, "then": False},
        {"$ref": "https://example.com/schema.json"},
        {"$ref": "#anchor"},
        {"$ref": "#/$defs/none"},
        {"$ref": "#/$defs/list/0"},
        {"$ref": 3},
        {"allOf": [{"type": "string"}, {"contains": {"const": " A"}}]},
    ],
)
@pytest.mark.parametrize("value", [" A", None, {"b": None}, 1.0])
def test_what_a_schema_leaves_open_stays_as_it_is(schema: Any, value: Any) -> None:
    assert same(one(value, schema, list=[{"type": "integer"}]), value)


@pytest.mark.parametrize(
    "schema",
    [
        None,
        True,
        "object",
        {"properties": ["a"]},
        {"properties": {"a": 3}},
        {"properties": {"a": {"type": 3}}},
        {"properties": {"a": {"type": [[]], "enum": 3, "items": "b"}}},
        {"allOf": {"properties": {}}, "anyOf": 3, "additionalProperties": "b"},
    ],
)
def test_keywords_that_mean_nothing_are_passed_over(schema: Any) -> None:
    arguments = {"a": " a ", "b": [" b", None], "c": None}
    assert same(normalised(arguments, schema), arguments)


def test_default_of_a_choice_is_filled_in() -> None:
    schema = {"properties": {"a": {"anyOf": [{"type": "integer"}, {"type": "string"}], "default": 5}}}
    assert normalised({}, schema) == normalised({"a": 5}, schema) == {"a": 5}


def test_items_by_place_stay_as_they_are() -> None:
    assert one([" a"], {"items": [{"enum": [" a"]}]}) == [" a"]


@pytest.mark.parametrize("value", [[" a"], {"b": " a", "c": None}])
def test_a_list_or_object_that_is_one_of_an_enum_stays_as_it_is(value: Any) -> None:
    assert one(value, {"enum": [[" a"], ["a"], {"b": " a", "c": None}, {"b": "a"}]}) == value


def test_lists_are_sorted_and_rid_of_doubles_only_where_they_are_sets() -> None:
    arguments = {"metrics": ["b", " a", "b"], "other": ["b", "a", "b"], "ids": [1, True, 1.0, 1], "text": "ba"}
    schema = {"properties": {"metrics": {"items": {"type": "string"}}}}
    read = normalised(arguments, schema, ["metrics", "ids", "text", "absent"])

    assert same(read, {"metrics": ["a", "b"], "other": ["b", "a", "b"], "ids": [1, 1.0, True], "text": "ba"})


def test_a_set_that_is_left_out_has_its_default_or_stays_out() -> None:
    schema = {"properties": {"metrics": {"default": ["b", "a"]}, "others": {"type": "array"}}}
    assert normalised({}, schema, ["metrics", "others"]) == {"metrics": ["a", "b"]}


def test_arguments_and_schema_are_never_changed() -> None:
    texts = {"items": {"type": "string"}}
    legs = {"properties": {"n": texts, "x": {"type": "string"}}}
    schema = {"properties": {"metrics": texts, "legs": {"items": legs}, "deep": {"default": {"n": [" 1 "]}, **legs}}}
    arguments = {"metrics": [" b", "a"], "legs": [{"n": 1.0, "x": None}]}
    before = copy.deepcopy((arguments, schema))

    read = normalised(arguments, schema, ["metrics"])

    assert read == {"metrics": ["a", "b"], "legs": [{"n": 1.0}], "deep": {"n": ["1"]}}
    assert (arguments, schema) == before


def doubling(levels: int) -> dict[str, Any]:
    """A schema in which every level has two members of the next."""
    member = [{"$ref": f"#/$defs/{level}", "default": {}} for level in range(levels)]
    return {"$ref": "#/$defs/0", "$defs": {str(n): {"properties": {"l": e, "r": e}} for n, e in enumerate(member[1:])}}


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"b": {"$ref": "#", "default": {}}}},
        doubling(20),
        {"properties": {"a": {"$ref": "#/$defs/round"}}, "$defs": {"round": {"$ref": "#/$defs/round"}}},
        {"allOf": [{"$ref": "#/$defs/0"}], "$defs": {str(n): {"$ref": f"#/$defs/{n + 1}"} for n in range(2_000)}},
        {"properties": {str(n): {"default": n} for n in range(MAX_VISITS)}},
    ],
)
def test_a_schema_without_end_leaves_the_call_as_it_is(schema: Any) -> None:
    assert normalised({"a": [" b ", " b "]}, schema, ["a"]) == {"a": [" b ", " b "]}


def test_a_schema_of_some_depth_is_read() -> None:
    assert same(
        normalised({}, doubling(4)), {side: {"l": {"l": {}, "r": {}}, "r": {"l": {}, "r": {}}} for side in "lr"}
    )
    tree = {"properties": {"n": {"type": "integer"}, "kid": {"$ref": "#"}}}
    assert same(normalised({"kid": {"kid": {"n": 1.0}}}, tree), {"kid": {"kid": {"n": 1}}})


def test_a_call_that_is_nested_too_deeply_stays_as_it_is() -> None:
    deep: Any = " a "
    schema: Any = {"type": "string"}
    for _ in range(MAX_DEPTH - 2):
        deep, schema = [deep], {"items": schema}
    assert one(deep, schema) != deep
    assert one([deep], {"items": schema}) == [deep]


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from([1.0, -0.0, 0.5, "a", "A", " a", "b ", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=6,
)
TYPES = st.sampled_from(["string", "integer", "number", "boolean", "array", "object", "null"])
LEAVES = (
    st.fixed_dictionaries({"enum": st.lists(JSON_VALUES, min_size=1, max_size=4)})
    | st.fixed_dictionaries({"const": JSON_VALUES})
    | st.fixed_dictionaries({"type": TYPES | st.lists(TYPES, min_size=1, max_size=2, unique=True)})
    | st.just({"$ref": "#/$defs/leaf"})
    | st.booleans()
)
PLAIN = st.recursive(
    LEAVES,
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "properties": st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
            "items": inner,
            "additionalProperties": inner,
            "patternProperties": st.fixed_dictionaries({"a": inner}),
            "allOf": st.lists(inner, min_size=1, max_size=2),
            "anyOf": st.lists(inner, min_size=1, max_size=2),
            "oneOf": st.lists(inner, min_size=1, max_size=2),
            "not": inner,
            "if": inner,
            "then": inner,
            "default": JSON_VALUES,
            "contains": inner,
            "prefixItems": st.lists(inner, min_size=1, max_size=2),
        },
    ),
    max_leaves=6,
)
HOSTILE = st.recursive(
    JSON_VALUES | LEAVES | st.sampled_from([{"$ref": "#"}, {"$ref": "#/properties/a"}, {"items": []}, {"type": [[]]}]),
    lambda inner: st.dictionaries(
        st.sampled_from(["properties", "items", "allOf", "anyOf", "default", "enum", "type", "$ref", "a", "not"]),
        inner | st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
        max_size=4,
    ),
    max_leaves=12,
)
CALLS = st.dictionaries(st.sampled_from("abc"), JSON_VALUES, max_size=3)


@given(CALLS, HOSTILE, st.sets(st.sampled_from("abc")))
def test_what_is_normalised_is_normalised_already(arguments: dict[str, Any], schema: Any, sets: set[str]) -> None:
    before = json.dumps([arguments, schema])
    read = normalised(arguments, schema, sets)

    assert same(normalised(read, schema, sets), read)
    assert json.dumps([arguments, schema]) == before


def without_defaults(schema: Any) -> Any:
    if isinstance(schema, list):
        return [without_defaults(each) for each in schema]
    if isinstance(schema, dict):
        return {key: without_defaults(each) for key, each in schema.items() if key != "default"}
    return schema


@given(CALLS, PLAIN, LEAVES)
def test_what_enums_and_types_accept_they_accept_normalised(arguments: dict[str, Any], schema: Any, leaf: Any) -> None:
    """But for defaults, which a schema may declare without accepting them."""
    whole = {"allOf": [without_defaults(schema)], "$defs": {"leaf": {} if leaf == {"$ref": "#/$defs/leaf"} else leaf}}
    accepts = schemas.validator(whole).is_valid
    assume(accepts(arguments))
    assert accepts(normalised(arguments, whole))


WRAPS = st.sampled_from(
    [
        lambda schema: schema,
        lambda schema: {"allOf": [schema, {}]},
        lambda schema: {"anyOf": [schema, {"type": "null"}]},
        lambda schema: {"oneOf": [schema, {"not": schema}]},
        lambda schema: {"not": {"not": schema}},
        lambda schema: {"type": ["string", "number", "boolean", "null", "array", "object"], **schema},
    ]
)


def equal(left: Any, right: Any) -> bool:
    """Whether a validator holds two values for equal."""
    return bool(schemas.validator({"const": left}).is_valid(right))


@given(st.data(), st.lists(JSON_VALUES, min_size=1, max_size=5), WRAPS, WRAPS)
def test_values_that_an_enum_tells_apart_are_never_made_one(
    data: st.DataObject, values: list[Any], inner: Any, outer: Any
) -> None:
    schema = {"properties": {"a": outer(inner({"enum": values}))}}
    left, right = data.draw(st.sampled_from(values)), data.draw(st.sampled_from(values))
    assume(not equal(left, right))
    assert not same(normalised({"a": left}, schema), normalised({"a": right}, schema))
