from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from agent import schemas
from agent.tools.modelsafe import DEPTH, NODES, TURNS, for_model, property_names

TEXT, NUMBER = {"type": "string"}, {"type": "number"}


def object_of(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object"},
        object_of(a=TEXT, b={"type": "array", "items": NUMBER}, c={"enum": ["x", 1]}),
        object_of(a={"anyOf": [TEXT, {"type": "null"}], "default": None}) | {"required": ["a"]},
        {"$schema": "http://json-schema.org/draft-07/schema#", **object_of(a=TEXT), "additionalProperties": False},
        object_of(properties=object_of(id=TEXT, definitions=TEXT), required={"type": "boolean"}),
        object_of(a={"type": ["string", "null"]}, b={"allOf": [TEXT, {"minLength": 1}]}),
    ],
)
def test_schema_that_needs_no_change_comes_back_as_it_is(schema: dict[str, Any]) -> None:
    before = copy.deepcopy(schema)
    written, changes = for_model(schema)
    assert (written, changes) == (before, []) and list(written) == list(before) and schema == before


@pytest.mark.parametrize(
    ("key", "required", "told"),
    [
        ("anyOf", ["q"], "Give one of: a, q; b, q."),
        ("oneOf", ["q"], "Give one of: a, q; b, q."),
        ("allOf", ["a", "b", "q"], None),
    ],
)
def test_alternatives_at_the_root_are_joined_into_one_object(key: str, required: list[str], told: str | None) -> None:
    branches = [
        {"properties": {"a": TEXT, "c": TEXT}, "required": ["a", "q"]},
        {"properties": {"b": TEXT, "c": NUMBER}, "required": ["b", "q"]},
    ]
    written, changes = for_model({**object_of(q=TEXT), key: branches})
    assert written["properties"] == {"q": TEXT, "a": TEXT, "c": {"anyOf": [TEXT, NUMBER]}, "b": TEXT}
    assert (written["type"], sorted(written["required"]), written.get("description")) == ("object", required, told)
    assert changes[-1] == f"`{key}` at the root is joined into one object"


def test_alternatives_within_alternatives_are_joined_too() -> None:
    inner = {"oneOf": [{"properties": {"a": TEXT}}, {"properties": {"b": TEXT}}]}
    assert set(for_model({"type": "object", "anyOf": [inner, {"properties": {"c": TEXT}}]})[0]["properties"]) == {
        "a",
        "b",
        "c",
    }


@pytest.mark.parametrize("key", ["not", "if", "then", "else", "enum", "const"])
def test_what_the_api_refuses_at_the_root_is_left_out_and_told(key: str) -> None:
    value: Any = [{}] if key == "enum" else {}
    assert for_model({"type": "object", key: value}) == ({"type": "object"}, [f"`{key}` at the root is left out"])


@pytest.mark.parametrize(
    "schema",
    [
        {**object_of(a={"$ref": "#/$defs/n"}), "$defs": {"n": TEXT}},
        {**object_of(a={"$ref": "#/definitions/n"}), "definitions": {"n": TEXT}},
        object_of(a={"$ref": "#/properties/b"}, b=TEXT),
        {**object_of(a={"$ref": "#name"}), "$defs": {"n": {"$anchor": "name", **TEXT}}},
        {**object_of(a={"$dynamicRef": "#name"}), "$defs": {"n": {"$dynamicAnchor": "name", **TEXT}}},
        {"$ref": "#/$defs/whole", "$defs": {"whole": object_of(a=TEXT)}},
    ],
)
def test_references_are_written_out_and_their_definitions_left_out(schema: dict[str, Any]) -> None:
    written, changes = for_model(schema)
    assert written["properties"]["a"] == TEXT and not {"$defs", "definitions", "$ref"} & set(written)
    assert "references are written out" in changes


def test_what_stands_beside_a_reference_counts() -> None:
    defs = {"$defs": {"n": {"type": "string", "description": "any"}}}
    written, _ = for_model({**object_of(a={"$ref": "#/$defs/n", "description": "this"}), **defs})
    assert written["properties"]["a"] == {"type": "string", "description": "this"}
    written, _ = for_model({**object_of(a={"$ref": "#/$defs/n", "type": ["string", "null"]}), **defs})
    assert set(written["properties"]["a"]) == {"allOf"}


@pytest.mark.parametrize("reference", ["https://example.com/s.json", "other.json#/a", "#/nowhere", "#nowhere"])
def test_reference_that_leads_out_of_the_schema_is_left_open_and_fetched_by_nobody(reference: str) -> None:
    written, changes = for_model(object_of(a={"$ref": reference, "description": "d"}))
    assert written["properties"]["a"] == {"description": "d"}
    assert changes == [f"the reference {reference!r}, which leads out of the schema, is left open"]


@pytest.mark.parametrize("key", ["not", "if"])
def test_condition_that_would_be_left_open_is_left_out_so_that_nothing_more_is_forbidden(key: str) -> None:
    written, changes = for_model(object_of(a={"type": "string", key: {"$ref": "https://example.com/s.json"}}))
    assert written["properties"]["a"] == TEXT
    assert changes == [f"`{key}`, which cannot be written out exactly, is left out"]
    exact = {"type": "string", key: {"$ref": "#/$defs/n"}}
    written, _ = for_model({**object_of(a=exact), "$defs": {"n": {"const": "x"}}})
    assert written["properties"]["a"] == {"type": "string", key: {"const": "x"}}


def test_schema_that_refers_to_itself_is_written_out_and_then_left_open() -> None:
    tree = object_of(name=TEXT, child={"$ref": "#/$defs/tree"})
    written, changes = for_model({**object_of(root={"$ref": "#/$defs/tree"}), "$defs": {"tree": tree}})
    node, depth = written["properties"]["root"], 0
    while "properties" in node:
        node, depth = node["properties"]["child"], depth + 1
    assert depth == TURNS and node == {"type": "object", "description": "Like tree above."}
    assert f"'#/$defs/tree', which refers to itself, is written out {TURNS} times and left open then" in changes
    assert for_model({"$ref": "#"})[0]["type"] == "object"


def test_references_that_multiply_end() -> None:
    defs = {f"d{n}": object_of(**{f"p{m}": {"$ref": f"#/$defs/d{n + 1}"} for m in range(10)}) for n in range(12)}
    written, changes = for_model({**object_of(a={"$ref": "#/$defs/d0"}), "$defs": {**defs, "d12": TEXT}})
    assert "what is nested too deeply is left open" in changes and str(written).count("{") < 4 * NODES


def test_schema_that_is_nested_too_deeply_is_left_open_below() -> None:
    deep: dict[str, Any] = TEXT
    for _ in range(DEPTH * 3):
        deep = {"type": "array", "items": deep}
    _, changes = for_model(object_of(a=deep))
    assert changes == ["what is nested too deeply is left open"]


@pytest.mark.parametrize(
    ("earlier", "now"),
    [
        ({"type": "number", "minimum": 1, "exclusiveMinimum": True}, {"type": "number", "exclusiveMinimum": 1}),
        ({"type": "number", "maximum": 1, "exclusiveMaximum": False}, {"type": "number", "maximum": 1}),
        ({"type": "array", "items": [TEXT], "additionalItems": False},
         {"type": "array", "prefixItems": [TEXT], "items": False}),
        ({"type": "string", "nullable": True}, {"type": ["string", "null"]}),
        ({"type": "object", "dependencies": {"a": ["b"]}}, {"type": "object"}),
        ({"type": "any"}, {}),
        ({"type": ["string", "date"]}, {}),
        ({"properties": {"b": TEXT}}, {"type": "object", "properties": {"b": TEXT}}),
        ({"items": TEXT}, {"type": "array", "items": TEXT}),
        ({"type": "string", "pattern": "("}, {"type": "string"}),
        (True, {}),
        (False, {"not": {}}),
        ("a text", {}),
        ({"type": "string", "id": "#x"}, TEXT),
    ],
)  # fmt: skip
def test_words_of_earlier_drafts_and_what_is_none_are_put_right_and_told(earlier: Any, now: dict[str, Any]) -> None:
    written, changes = for_model(object_of(a=earlier))
    assert written["properties"]["a"] == now and len(changes) == 1


def test_required_is_made_a_list_of_names() -> None:
    written, changes = for_model(object_of(a={"type": "string", "required": True}, b=TEXT) | {"required": ["b", 3]})
    assert written["required"] == ["b", "a"] and written["properties"]["a"] == TEXT
    assert "`required` is made a list of names" in changes


@pytest.mark.parametrize("kind", [None, "string", ["object", "null"]])
def test_root_is_an_objects(kind: Any) -> None:
    schema = {"properties": {"a": TEXT}} | ({"type": kind} if kind else {})
    written, changes = for_model(schema)
    assert written == object_of(a=TEXT) and len(changes) == 1


def test_parameter_whose_name_the_api_refuses_is_left_out_and_told() -> None:
    schema = object_of(**{"ok": TEXT, "two words": TEXT, "x" * 65: TEXT}) | {"required": ["ok", "two words"]}
    written, changes = for_model(schema)
    assert written == object_of(ok=TEXT) | {"required": ["ok"]}
    assert changes[0] == (
        "the parameter 'two words', whose name the API refuses, is left out, though its server requires it"
    )


@pytest.mark.parametrize(
    ("schema", "names"),
    [
        ({"type": "object"}, set()),
        (object_of(a=TEXT, b=TEXT), {"a", "b"}),
        (object_of(a=TEXT) | {"additionalProperties": False}, {"a"}),
        (object_of(a=TEXT) | {"additionalProperties": True}, None),
        (object_of(a=TEXT) | {"additionalProperties": {}}, None),
        (object_of(a=TEXT) | {"additionalProperties": TEXT}, None),
        (object_of(a=TEXT) | {"patternProperties": {"^x": TEXT}}, None),
        (object_of(a=TEXT) | {"patternProperties": {}}, {"a"}),
        (object_of(a=TEXT) | {"anyOf": [{"properties": {"b": TEXT}}, {"$ref": "#/$defs/c"}],
                              "$defs": {"c": object_of(c=TEXT)}}, {"a", "b", "c"}),
        (object_of(a=TEXT) | {"if": {}, "then": object_of(t=TEXT), "else": object_of(e=TEXT)}, {"a", "t", "e"}),
        (object_of(a=TEXT) | {"oneOf": [{"additionalProperties": True}]}, None),
        ({"$ref": "#"}, set()),
        ({"type": "object", "required": ["a", 3]}, {"a"}),
        ({"properties": 3, "anyOf": 4}, set()),
    ],
)  # fmt: skip
def test_names_are_all_that_a_server_declares_unless_it_takes_any(
    schema: dict[str, Any], names: set[str] | None
) -> None:
    assert property_names(schema) == names


KEYS = [
    "type", "properties", "items", "required", "anyOf", "oneOf", "allOf", "not", "$ref", "$defs", "definitions", "enum",
    "additionalProperties", "additionalItems", "exclusiveMinimum", "minimum", "nullable", "pattern", "id", "a", "b",
]  # fmt: skip
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from(["a", "b", "object", "string", "any", "#/$defs/a"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from(KEYS), JSON, max_size=5))
def test_any_object_gives_an_objects_schema_that_needs_no_further_change(schema: dict[str, Any]) -> None:
    written, _ = for_model(schema)
    assert written["type"] == "object" and for_model(written) == (written, [])
    property_names(schema)


PART = st.recursive(
    st.sampled_from([TEXT, NUMBER, {"enum": ["a", 1]}, {"$ref": "#/$defs/a"}, {"$ref": "#/$defs/tree"}, {}]),
    lambda inner: (
        st.builds(lambda each: {"type": "array", "items": each}, inner)
        | st.builds(lambda each: object_of(a=each), inner)
        | st.builds(lambda each: {"anyOf": each}, st.lists(inner, min_size=1, max_size=2))
    ),
    max_leaves=4,
)
ROOT = st.builds(
    lambda properties, key, branches: {
        "type": "object",
        "properties": properties,
        key: [{"properties": each, "required": sorted(each)[:1]} for each in branches],
        "$defs": {"a": TEXT, "tree": object_of(a={"$ref": "#/$defs/tree"})},
    },
    st.dictionaries(st.sampled_from(["a", "b"]), PART, max_size=2),
    st.sampled_from(["anyOf", "oneOf", "allOf"]),
    st.lists(st.dictionaries(st.sampled_from(["a", "b", "c"]), PART, max_size=2), min_size=1, max_size=3),
)
VALUE = st.recursive(
    st.sampled_from(["a", 1, 2.5, True, None]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2),
    max_leaves=4,
)


@settings(max_examples=300, deadline=None)
@given(ROOT, st.dictionaries(st.sampled_from(["a", "b", "c"]), VALUE, max_size=3))
def test_what_the_server_takes_the_model_may_send(schema: dict[str, Any], arguments: dict[str, Any]) -> None:
    written, _ = for_model(schema)
    Draft202012Validator.check_schema(written)
    branches = [each["properties"] for key in ("anyOf", "oneOf") for each in schema.get(key, [])]
    assume(all(name in branch for name in arguments for branch in branches))
    if schemas.validator(schema).is_valid(arguments):
        assert schemas.validator(written).is_valid(arguments)


def test_schema_that_doubles_at_every_step_is_soon_done_with() -> None:
    """Each of these would take hours, were what comes again looked at again."""
    nested: dict[str, Any] = TEXT
    for _ in range(28):
        nested = {"not": nested}
    assert for_model(object_of(a=nested))[0]["type"] == "object"
    assert property_names({"type": "object", "anyOf": [{}, *[{"$ref": "#"}] * 5]}) == set()
    many = [object_of(**{f"p{number}": TEXT, "same": {"const": number}}) for number in range(400)]
    assert len(for_model({"type": "object", "anyOf": many})[0]["properties"]) == 401


def test_default_without_end_is_left_open_as_a_whole() -> None:
    deep: Any = 1
    for _ in range(3_000):
        deep = [deep]
    written, _ = for_model({"type": "object", "anyOf": [object_of(a={"default": deep})]})
    assert written == {"type": "object"}
