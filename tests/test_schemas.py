from __future__ import annotations

import socket
from typing import Any

import pytest

from agent import schemas


@pytest.mark.parametrize(
    ("schema", "place", "says"),
    [
        ({"type": "strin"}, ("type",), "not a JSON Schema"),
        ({"$ref": "#/$defs/a"}, ("$ref",), "leads nowhere"),
        ({"properties": {"a": {"pattern": "("}}}, ("properties", "a", "pattern"), "is not a 'regex'"),
        ({"$schema": []}, ("$schema",), "no draft"),
        ({"allOf": [{"$ref": "#"}]}, (), "without end"),
        ({"$ref": "file:///etc/hostname"}, ("$ref",), "leads nowhere"),
    ],
)
def test_schema_that_cannot_be_used_is_told_with_its_place(
    schema: dict[str, Any], place: tuple[str, ...], says: str
) -> None:
    found = schemas.problem(schema)
    assert found is not None
    assert found[0] == place and says in found[1]


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"a": {"$ref": "#/$defs/a"}}, "$defs": {"a": {"type": "integer"}}},
        {"$schema": "http://json-schema.org/draft-07/schema#", "definitions": {"a": {}}, "$ref": "#/definitions/a"},
        {"$defs": {"tree": {"properties": {"kids": {"items": {"$ref": "#/$defs/tree"}}}}}},
    ],
)
def test_schema_whose_references_stay_inside_is_fine(schema: dict[str, Any]) -> None:
    assert schemas.problem(schema) is None
    assert schemas.validator(schema).is_valid({"a": 1})


def test_no_reference_is_ever_fetched() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/schema.json"
        assert schemas.problem({"$ref": url}) is not None
        with pytest.raises(Exception, match="Unresolvable"):
            schemas.validator({"$ref": url}).is_valid({})
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_schema_that_doubles_or_turns_in_a_circle_is_a_problem_before_anything_is_judged_by_it() -> None:
    defs = {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(40)} | {"d40": {}}
    assert schemas.problem({"$ref": "#/$defs/d0", "$defs": defs}) == ((), schemas.TOO_DEEP)
    circle = {"properties": {"a": {"$ref": "#/$defs/A"}}, "$defs": {"A": {"$ref": "#/$defs/A"}}}
    assert schemas.problem(circle) == ((), schemas.TOO_DEEP)
    tree = {"$defs": {"t": {"properties": {"child": {"$ref": "#/$defs/t"}}}}, "$ref": "#/$defs/t"}
    assert schemas.problem(tree) is None


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"n": {"type": "number", "minimum": 0, "exclusiveMinimum": True}}},
        {"type": "object", "properties": {"n": {"type": "array", "items": [{"type": "string"}]}}},
    ],
    ids=["draft 4", "draft 7"],
)
def test_schema_that_names_no_draft_is_read_by_the_newest_whose_form_it_has(schema: dict[str, object]) -> None:
    assert schemas.problem(schema) is None
    assert not schemas.validator(schema).is_valid({"n": 0})


def test_pattern_of_names_that_means_nothing_is_a_problem() -> None:
    found = schemas.problem({"type": "object", "patternProperties": {r"^\p{L}": {}}})
    assert found is not None and "is not a 'regex'" in found[1]
