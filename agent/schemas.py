"""JSON Schemas of strangers: what is wrong with one, and a validator that fetches nothing."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from jsonschema import Draft4Validator, Draft7Validator, Draft202012Validator
from jsonschema.exceptions import best_match
from jsonschema.protocols import Validator
from jsonschema.validators import validator_for
from referencing import Registry
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

from agent.encoding import compact
from agent.pointers import lookup

Pointer = tuple[str | int, ...]
DRAFTS: tuple[type[Validator], ...] = (Draft202012Validator, Draft7Validator, Draft4Validator)
WAYS = 10_000
_IN_PLACE = ("allOf", "anyOf", "oneOf", "not", "if", "then", "else")
"""Keywords whose schemas judge the same value."""
TOO_DEEP = "refers to itself without end, or is nested too deeply"


def validator(schema: dict[str, Any]) -> Validator:
    """For a schema without problems. References are looked up in the schema itself, and nowhere else."""
    return _validator_of(compact(schema))


@lru_cache(maxsize=512)
def _validator_of(text: bytes) -> Validator:
    """The same few schemas come again and again: of a shipped agent, of a server that many runs use."""
    schema = json.loads(text)
    return _draft_of(schema)(schema, registry=Registry())


def _draft_of(schema: dict[str, Any]) -> type[Validator]:
    """The draft that a schema names; else the newest whose form it has."""
    if _names_its_draft(schema):
        named: type[Validator] = validator_for(schema, default=Draft202012Validator)
        return named
    return next((draft for draft in DRAFTS if draft(draft.META_SCHEMA).is_valid(schema)), Draft202012Validator)


def problem(schema: Any) -> tuple[Pointer, str] | None:
    """Where a schema cannot be used and why: no JSON Schema, a pattern or reference that means nothing, no end."""
    try:
        text = compact(schema)
    except RecursionError:
        return (), TOO_DEEP
    return _problem_of(text)


@lru_cache(maxsize=512)
def _problem_of(text: bytes) -> tuple[Pointer, str] | None:
    schema = json.loads(text)
    if "$schema" in schema and not _names_its_draft(schema):
        return ("$schema",), f"{schema['$schema']!r} is no draft of JSON Schema"
    checker = _validator_of(text)
    try:
        error = best_match(checker.__class__(checker.META_SCHEMA).iter_errors(schema))
        if error is not None:
            return tuple(error.absolute_path), f"not a JSON Schema: {error.message}"
        for place, key, value in _keywords(schema):
            if key == "$ref" and not _leads(schema, value):
                return place, f"{value!r} leads nowhere in this schema"
            if key == "pattern" and not _compiles(value):
                return place, f"not a JSON Schema: {value!r} is not a 'regex'"
        known: dict[int, float] = {}
        if any(_ways(part, schema, known) > WAYS for part in _parts(schema)):
            return (), TOO_DEEP
        for pattern in (key for part in _parts(schema) for key in _keys(part.get("patternProperties"))):
            if not _compiles(pattern):
                return (), f"not a JSON Schema: {pattern!r} is not a 'regex'"
        checker.is_valid({})
    except RecursionError:
        return (), TOO_DEEP
    except (Unresolvable, ValueError) as error:
        return (), f"a reference leads nowhere: {error}"
    return None


def _names_its_draft(schema: dict[str, Any]) -> bool:
    return isinstance(schema.get("$schema"), str)


def _keywords(schema: Any, place: Pointer = ()) -> Iterator[tuple[Pointer, str, str]]:
    """Every $ref and pattern with its place."""
    for key, value in schema.items() if isinstance(schema, dict) else enumerate(schema):
        if key in ("$ref", "pattern") and isinstance(value, str):
            yield (*place, key), key, value
        elif isinstance(value, dict | list):
            yield from _keywords(value, (*place, key))


def _ways(part: Any, root: Any, known: dict[int, float]) -> float:
    """How many schemas are looked at to judge one value, those that come again counted again: some double at each step.
    What refers to itself has no end of them.
    """
    if not isinstance(part, dict):
        return 1
    if id(part) not in known:
        known[id(part)] = math.inf
        inner = [each for key in _IN_PLACE for each in _list(part.get(key))]
        reference = part.get("$ref")
        inner += [lookup(root, reference[1:])] if isinstance(reference, str) and reference[:1] == "#" else []
        known[id(part)] = 1 + sum(_ways(each, root, known) for each in inner)
    return known[id(part)]


def _parts(schema: Any) -> Iterator[dict[str, Any]]:
    """Every object within it, and itself."""
    if isinstance(schema, dict):
        yield schema
    for each in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from _parts(each)


def _keys(value: Any) -> list[str]:
    return list(value) if isinstance(value, dict) else []


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _leads(schema: dict[str, Any], reference: str) -> bool:
    try:
        Registry().resolver_with_root(DRAFT202012.create_resource(schema)).lookup(reference)
    except Unresolvable:
        return False
    return True


def _compiles(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True
