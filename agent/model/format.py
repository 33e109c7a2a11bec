"""A JSON Schema → the subset that the Messages API can be asked for: as the answer's format, or of strict tools."""

from __future__ import annotations

from typing import Any

KEPT = {
    "type", "properties", "required", "additionalProperties", "items", "enum", "const", "anyOf", "description", "title",
}  # fmt: skip
DROPPED = {
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "pattern",
    "format", "minItems", "maxItems", "uniqueItems", "default", "examples", "$schema", "$id", "$comment",
}  # fmt: skip
"""Keywords that the API does not take; the local validation still holds them."""


class _Unsupported(Exception):
    pass


def api_format(schema: dict[str, Any]) -> dict[str, Any] | None:
    """The format to ask for; None when the schema cannot be said in the subset, and stands in the prompt only."""
    asked = subset(schema)
    return None if asked is None else {"type": "json_schema", "schema": asked}


def subset(schema: dict[str, Any], *, closing: bool = False) -> dict[str, Any] | None:
    """The schema without the keywords that the API does not take; None when the subset cannot say it.

    `closing`: objects that do not say whether they may hold more than their properties are closed, and not refused.
    """
    try:
        return _subset(schema, closing)
    except _Unsupported:
        return None


def _subset(schema: Any, closing: bool) -> dict[str, Any]:
    if not isinstance(schema, dict) or not set(schema) <= KEPT | DROPPED:
        raise _Unsupported
    kept = {key: value for key, value in schema.items() if key in KEPT}
    kind = kept.get("type")
    if not isinstance(kind, str) and not kept.keys() & {"anyOf", "enum", "const"}:
        raise _Unsupported
    if kind == "object":
        if closing and "properties" in kept:
            kept.setdefault("additionalProperties", False)
        if kept.get("additionalProperties") is not False or "properties" not in kept:
            raise _Unsupported
        kept["properties"] = {name: _subset(value, closing) for name, value in kept["properties"].items()}
    if kind == "array":
        kept["items"] = _subset(kept.get("items"), closing)
    if "anyOf" in kept:
        kept["anyOf"] = [_subset(each, closing) for each in kept["anyOf"]]
    if any(isinstance(value, dict | list) for value in kept.get("enum", [])):
        raise _Unsupported
    return kept
