from __future__ import annotations

import json
from typing import Any

import pytest

from agent import agentfile, data
from agent.answer import compile_strict
from agent.model.format import api_format


def closed(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def test_rules_that_the_api_does_not_take_are_left_out_and_the_rest_stays() -> None:
    asked = api_format(
        closed(
            score={"type": "number", "minimum": 0, "maximum": 1, "description": "d"},
            names={"type": "array", "minItems": 1, "uniqueItems": True, "items": {"type": "string", "minLength": 1}},
            minimum={"type": "string", "pattern": "x", "default": "y"},
            kind={"anyOf": [{"const": "a"}, {"enum": [1, None, True]}, closed(x={"type": "integer", "multipleOf": 2})]},
        )
        | {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "T"}
    )
    assert asked == {
        "type": "json_schema",
        "schema": closed(
            score={"type": "number", "description": "d"},
            names={"type": "array", "items": {"type": "string"}},
            minimum={"type": "string"},
            kind={"anyOf": [{"const": "a"}, {"enum": [1, None, True]}, closed(x={"type": "integer"})]},
        )
        | {"title": "T"},
    }


@pytest.mark.parametrize("name", data.shipped_agents())
def test_the_strict_reading_of_a_shipped_agent_can_be_asked_for(name: str) -> None:
    asked = api_format(compile_strict(agentfile.load(name).spec))
    assert asked is not None
    assert "minimum" not in json.dumps(asked)


def test_what_was_given_is_not_changed() -> None:
    schema = closed(a={"type": "number", "minimum": 0})
    before = json.dumps(schema)
    asked = api_format(schema)
    assert asked is not None and asked["schema"] is not schema
    assert json.dumps(schema) == before


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object"},
        {"type": "object", "properties": {}},
        {"type": "object", "properties": {}, "additionalProperties": True},
        {"type": "object", "additionalProperties": False},
        closed(a={}),
        closed(a=True),
        closed(a={"type": ["string", "null"]}),
        closed(a={"type": "array"}),
        closed(a={"type": "array", "items": True}),
        closed(a={"type": "string", "enum": ["x", ["y"]]}),
        closed(a={"enum": [{}]}),
        closed(a={"$ref": "#/$defs/a"}) | {"$defs": {"a": {"type": "string"}}},
        closed(a={"type": "object", "properties": {"b": {"type": "string"}}}),
        closed(a={"anyOf": [{"type": "string"}, {"not": {}}]}),
        closed(a={"oneOf": [{"type": "string"}]}),
        closed(a={"type": "string", "x-unit": "percent"}),
    ],
)
def test_a_schema_beyond_the_subset_is_not_asked_for_at_all(schema: dict[str, Any]) -> None:
    assert api_format(schema) is None
