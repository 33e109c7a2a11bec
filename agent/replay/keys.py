"""Which calls are the same: keys of a tool call, exact, and as the tool's own input schema reads its arguments."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any
from urllib.parse import unquote

from agent.encoding import canonical, digest
from agent.pointers import steps

MAX_DEPTH = 32
MAX_VISITS = 10_000
"""Schemas that are looked at for one call; a hostile one can refer to itself any number of times."""
_UNREAD = (
    "not", "if", "contains", "prefixItems", "propertyNames", "patternProperties", "dependencies", "dependentSchemas",
    "unevaluatedProperties", "unevaluatedItems", "additionalItems", "$dynamicRef", "$recursiveRef",
)  # fmt: skip
"""Keywords whose schemas are not looked into: where one stands, a value may mean more than is seen here."""


def exact(server: str, tool: str, arguments: Any) -> str:
    """The key of a call as the log has it: equal for arguments that are equal as JSON."""
    return digest([server, tool, arguments])


def normalised_key(server: str, tool: str, arguments: Any, schema: Any, sets: Collection[str] = ()) -> str:
    """Equal for calls that the tool's input schema reads alike."""
    return exact(server, tool, normalised(arguments, schema, sets))


def normalised(arguments: Any, schema: Any, sets: Collection[str] = ()) -> Any:
    """The arguments as the tool's input schema reads them; nothing that is given is changed.

    Nulls are dropped where the types or values that the schema declares exclude null, and defaults filled in for what
    is left out. Texts are stripped where texts are declared, and one that is a value of an enum but for its case
    becomes that value; integral floats under an integer or number are made integers. The lists of the arguments named
    in `sets` are sorted and lose what stands twice. What the schema leaves open - no type, a choice of alternatives, a
    condition, a reference elsewhere - stays as it is, and so does a call that is no object, is nested too deeply, or
    whose schema has no end.
    """
    if not isinstance(arguments, dict):
        return arguments
    try:
        read = _Reader(schema).read(arguments, schema)
    except _EndlessError:
        return arguments
    return {name: _as_set(value) if name in sets and isinstance(value, list) else value for name, value in read.items()}


def _as_set(values: list[Any]) -> list[Any]:
    distinct = {canonical(value): value for value in values}
    return [distinct[key] for key in sorted(distinct)]


class _EndlessError(Exception):
    """The schema refers to itself without end, or is too large to be read."""


class _OpenError(Exception):
    """The schema does not say in one way how a value is to be read."""


class _Reader:
    """Reads values by a schema, of which `root` is the whole."""

    def __init__(self, root: Any) -> None:
        self._root = root
        self._visits = 0

    def read(self, value: Any, schema: Any, depth: int = 0) -> Any:
        try:
            parts = list(self._parts(schema, depth))
        except _OpenError:
            return value
        choices = [choice for part in parts for choice in _choices(part)]
        match value:
            case str() if "string" in _types(parts) or any(isinstance(choice, str) for choice in choices):
                return _text(value, choices)
            case float() if value.is_integer() and _types(parts) & {"integer", "number"}:
                return int(value)
            case dict() if not choices:
                return self._members(value, parts, depth + 1)
            case list() if not choices:
                items = _all_of(part["items"] for part in parts if "items" in part)
                return [self.read(item, items, depth + 1) for item in value]
        return value

    def _members(self, value: dict[str, Any], parts: list[dict[str, Any]], depth: int) -> dict[str, Any]:
        properties = [part["properties"] for part in parts if isinstance(part.get("properties"), dict)]
        schemas = {
            name: _all_of(_member(part, name) for part in parts)
            for name in dict.fromkeys([*value, *(name for each in properties for name in each)])
        }
        given = {
            name: each for name, each in value.items() if each is not None or self._allows_null(schemas[name], depth)
        }
        defaults = {
            name: default
            for name, schema in schemas.items()
            if name not in given
            for default in self._default(schema, depth)
        }
        return {name: self.read(each, schemas[name], depth) for name, each in (given | defaults).items()}

    def _allows_null(self, schema: Any, depth: int) -> bool:
        """Whether null is among the types or values that the schema declares, or it declares none."""
        try:
            parts = list(self._parts(schema, depth))
        except _OpenError:
            return True
        types, choices = _types(parts), [choice for part in parts for choice in _choices(part)]
        return "null" in types or None in choices or not (types or choices)

    def _default(self, schema: Any, depth: int) -> list[Any]:
        """The declared default, alone; nothing where there is none."""
        try:
            return next(([part["default"]] for part in self._parts(schema, depth) if "default" in part), [])
        except _OpenError:
            return []

    def _parts(self, schema: Any, depth: int) -> Iterator[dict[str, Any]]:
        """The schemas that all hold for a value, the outermost first. Raises _OpenError where there may be more."""
        self._visits += 1
        if depth > MAX_DEPTH or self._visits > MAX_VISITS:
            raise _EndlessError
        if isinstance(schema, list):
            raise _OpenError  # items of an old draft: one schema for each place
        if not isinstance(schema, dict):
            return
        yield schema
        if "$ref" in schema:
            yield from self._parts(self._target(schema["$ref"]), depth + 1)
        for each in _listed(schema, "allOf"):
            yield from self._parts(each, depth + 1)
        for branches in (_listed(schema, "anyOf"), _listed(schema, "oneOf")):
            if sum(not _is_null(each) for each in branches) > 1:
                raise _OpenError
            for each in branches:
                yield from self._parts(each, depth + 1)
        if any(keyword in schema for keyword in _UNREAD):
            raise _OpenError

    def _target(self, reference: Any) -> Any:
        """What a reference within the schema leads to; others are not followed."""
        if not isinstance(reference, str) or not (reference == "#" or reference.startswith("#/")):
            raise _OpenError
        value = self._root
        for step in steps(unquote(reference[1:])):
            if not isinstance(value, dict) or step not in value:
                raise _OpenError
            value = value[step]
        return value


def _listed(schema: dict[str, Any], keyword: str) -> list[Any]:
    value = schema.get(keyword)
    return value if isinstance(value, list) else []


def _is_null(schema: Any) -> bool:
    return isinstance(schema, dict) and schema.get("type") == "null"


def _all_of(schemas: Iterable[Any]) -> dict[str, Any]:
    return {"allOf": list(schemas)}


def _member(schema: dict[str, Any], name: str) -> Any:
    """What an object's schema says about one of its members."""
    properties = schema.get("properties")
    if isinstance(properties, dict) and name in properties:
        return properties[name]
    return schema.get("additionalProperties")


def _types(parts: Iterable[dict[str, Any]]) -> set[str]:
    declared = (part.get("type") for part in parts)
    return {name for each in declared for name in (each if isinstance(each, list) else [each]) if isinstance(name, str)}


def _choices(part: dict[str, Any]) -> list[Any]:
    """The values of an enum or const."""
    return [*_listed(part, "enum"), *([part["const"]] if "const" in part else [])]


def _text(value: str, choices: list[Any]) -> str:
    """Stripped, unless it is a choice as it stands; the choice that it is but for its case, if there is one only."""
    if value in choices:
        return value
    stripped = value.strip()
    alike = {choice for choice in choices if isinstance(choice, str) and choice.casefold() == stripped.casefold()}
    return alike.pop() if len(alike) == 1 else stripped
