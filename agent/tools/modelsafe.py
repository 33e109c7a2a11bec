"""A stranger's input schema → one that a model's API takes: pure, and whatever was changed is told.

Only a shape is rewritten, never a meaning narrowed: arguments are checked against the server's own schema, so what a
model is shown may allow more than that. Two exceptions, which are what their authors meant: `properties` or `items`
without a type get the type that they speak of, and a parameter that only some alternatives name is what they say of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from agent.encoding import canonical
from agent.pointers import lookup

DEPTH = 30
"""Levels of a schema; what lies deeper is left open."""
NODES = 20_000
"""Most schemas within one, after references are written out."""
TOLD = 12
"""Alternatives that are told in words."""
TURNS = 2
"""How often a schema that refers to itself is written out within itself."""
API_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
"""What the Messages API takes as the name of a parameter."""
TYPES = {"object", "array", "string", "number", "integer", "boolean", "null"}
COMBINED = ("anyOf", "oneOf", "allOf")
_REMOVED_AT_ROOT = ("not", "if", "then", "else", "enum", "const")
_ONE = ("additionalProperties", "unevaluatedProperties", "unevaluatedItems", "contains", "propertyNames", "not", "if",
        "then", "else")  # fmt: skip
_CONDITIONS = ("not", "if", "then", "else")
_MANY = ("anyOf", "oneOf", "allOf", "prefixItems")
_NAMED = ("properties", "patternProperties", "dependentSchemas")
_DROPPED = (
    "$defs",
    "definitions",
    "$anchor",
    "$dynamicAnchor",
    "$recursiveAnchor",
    "$id",
    "id",
    "$comment",
    "$vocabulary",
)


def for_model(schema: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The schema for the model, an object's, and what was changed, each thing once. Never raises."""
    rewriting = _Rewriting(dict(schema))
    try:
        return _shown(dict(schema), rewriting), list(rewriting.changes)
    except RecursionError:
        return {"type": "object"}, ["it is nested too deeply, and left open as a whole"]


def _shown(schema: dict[str, Any], rewriting: _Rewriting) -> dict[str, Any]:
    root = rewriting.node(schema, 0, ())
    root = _joined(root, rewriting) if any(isinstance(root.get(key), list) for key in COMBINED) else root
    for key in _REMOVED_AT_ROOT:
        if key in root:
            del root[key]
            rewriting.tell(f"`{key}` at the root is left out")
    if root.get("type") != "object":
        rewriting.tell('the root gets the type "object"')
        root = {"type": "object", **{key: value for key, value in root.items() if key != "type"}}
    return _passable(root, rewriting)


def property_names(schema: Mapping[str, Any]) -> set[str] | None:
    """Every argument that a server's own schema declares; None when it takes any name.

    Without a word about others it counts as taking none: servers ignore them in silence.
    """
    names: set[str] = set()
    return names if _collect(schema, schema, names, set()) else None


def _collect(part: Any, root: Mapping[str, Any], names: set[str], seen: set[int]) -> bool:
    """Add the names of one part, which is looked at once; whether it takes no other."""
    if not isinstance(part, Mapping) or id(part) in seen or len(seen) > NODES:
        return True
    seen.add(id(part))
    others = (part.get("additionalProperties"), part.get("unevaluatedProperties"), part.get("patternProperties"))
    if any(each is True or (isinstance(each, Mapping) and (each or key < 2)) for key, each in enumerate(others)):
        return False
    properties = part.get("properties")
    names |= set(properties) if isinstance(properties, Mapping) else set()
    names |= {name for name in _list(part.get("required")) if isinstance(name, str)}
    inner = [each for key in COMBINED for each in _list(part.get(key))]
    inner += [part[key] for key in ("then", "else") if key in part]
    if isinstance(reference := part.get("$ref"), str):
        inner.append(_target(root, reference))
    return all(_collect(each, root, names, seen) for each in inner)


class _Rewriting:
    """One schema on its way; `changes`: what was done to it."""

    def __init__(self, root: dict[str, Any]) -> None:
        self.root = root
        self.changes: dict[str, None] = {}
        self._nodes = 0
        self._exact: dict[int, bool] = {}
        """Conditions that were looked at, by identity: they lie in `root`, which stays."""

    def tell(self, change: str) -> None:
        self.changes[change] = None

    def node(self, schema: Any, depth: int, within: tuple[str, ...]) -> dict[str, Any]:
        """A schema rewritten, its references written out. `within`: those that led here."""
        self._nodes += 1
        if isinstance(schema, bool):
            self.tell("`true` and `false` in place of schemas are written out")
            return {} if schema else {"not": {}}
        if not isinstance(schema, Mapping):
            self.tell("what is no schema is left open")
            return {}
        if depth > DEPTH or self._nodes > NODES:
            self.tell("what is nested too deeply is left open")
            return {}
        for key in ("$ref", "$dynamicRef", "$recursiveRef"):
            if isinstance(schema.get(key), str):
                return self._referred(schema, key, depth, within)
        return self._inside(self._in_todays_words(schema), depth, within)

    def _referred(self, schema: Mapping[str, Any], key: str, depth: int, within: tuple[str, ...]) -> dict[str, Any]:
        reference = schema[key]
        beside = {name: value for name, value in schema.items() if name != key and name not in _DROPPED}
        target = _target(self.root, reference)
        if target is None:
            self.tell(f"the reference {reference!r}, which leads out of the schema, is left open")
            return self._inside(self._in_todays_words(beside), depth, within)
        if within.count(reference) >= TURNS:
            self.tell(f"{reference!r}, which refers to itself, is written out {TURNS} times and left open then")
            kind = {"type": target["type"]} if isinstance(target, Mapping) and _is_type(target.get("type")) else {}
            return kind | {"description": f"Like {reference.rpartition('/')[2] or 'the whole'} above."}
        self.tell("references are written out")
        written = self.node(target, depth + 1, (*within, reference))
        if not beside:
            return written
        beside = self._inside(self._in_todays_words(beside), depth, within)
        clash = {name for name in beside if name in written and written[name] != beside[name]}
        return written | beside if clash <= {"description", "title", "default"} else {"allOf": [written, beside]}

    def _inside(self, schema: dict[str, Any], depth: int, within: tuple[str, ...]) -> dict[str, Any]:
        """The schemas within a schema, each rewritten."""
        written: dict[str, Any] = {}
        for key, value in schema.items():
            if key in _NAMED and isinstance(value, Mapping):
                written[key] = {name: self.node(each, depth + 1, within) for name, each in value.items()}
            elif key in _MANY and isinstance(value, list):
                written[key] = [self.node(each, depth + 1, within) for each in value]
            elif key in _CONDITIONS and not self._is_exact(value, depth, within):
                self.tell(f"`{key}`, which cannot be written out exactly, is left out")
            elif key == "items" or (key in _ONE and not isinstance(value, bool)):
                written[key] = value if value is False else self.node(value, depth + 1, within)
            elif key in _DROPPED:
                if key not in ("$defs", "definitions"):
                    self.tell("names of the schema itself are left out")
                elif "references are written out" not in self.changes:
                    self.tell("definitions are left out")
            else:
                written[key] = value
        return written

    def _is_exact(self, condition: Any, depth: int, within: tuple[str, ...]) -> bool:
        """Whether it is rewritten without being left open anywhere: in a condition, to allow more is to forbid more."""
        if id(condition) not in self._exact:
            apart = _Rewriting(self.root)
            apart._nodes, apart._exact = self._nodes, self._exact
            apart.node(condition, depth + 1, within)
            self._nodes = apart._nodes
            self._exact[id(condition)] = not any("left" in change for change in apart.changes)
        return self._exact[id(condition)]

    def _in_todays_words(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """What earlier drafts, and OpenAPI, write in other words."""
        now = dict(schema)
        for limit, bound in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
            if isinstance(now.get(limit), bool):
                self._earlier()
                strict = now.pop(limit)
                if strict and bound in now:
                    now[limit] = now.pop(bound)
        if isinstance(now.get("items"), list):
            self._earlier()
            now["prefixItems"] = now.pop("items")
            if "additionalItems" in now:
                now["items"] = now["additionalItems"]
        if now.pop("additionalItems", None) is not None:
            self._earlier()
        for key in ("dependencies", "nullable", "divisibleBy", "extends", "disallow"):
            if key in now:
                self._earlier()
                value = now.pop(key)
                if key == "nullable" and value is True and isinstance(now.get("type"), str):
                    now["type"] = [now["type"], "null"]
        return self._typed(self._with_names(now))

    def _earlier(self) -> None:
        self.tell("words of earlier drafts are put into those of 2020-12")

    def _with_names(self, now: dict[str, Any]) -> dict[str, Any]:
        """Required names in one list of texts, where they belong; a pattern that means nothing left out."""
        properties = now.get("properties")
        required = [name for name in _list(now.get("required")) if isinstance(name, str)]
        if isinstance(properties, Mapping):
            marked = [
                name
                for name, each in properties.items()
                if isinstance(each, Mapping) and each.get("required") is True and name not in required
            ]
            if marked:
                self._earlier()
                required += marked
        elif "properties" in now:
            self.tell("what is no schema is left open")
            del now["properties"]
        if "required" in now and now["required"] != required:
            self.tell("`required` is made a list of names")
            del now["required"]
        if required:
            now["required"] = required
        if "pattern" in now and not _compiles(now["pattern"]):
            self.tell("a pattern that cannot be read is left out")
            del now["pattern"]
        return now

    def _typed(self, now: dict[str, Any]) -> dict[str, Any]:
        if "type" in now:
            kind = now["type"]
            kinds = [each for each in (kind if isinstance(kind, list) else [kind]) if _is_type(each)]
            if not kinds or (isinstance(kind, list) and kinds != kind):
                self.tell(f"the unknown type {kind!r} is left out")
                del now["type"]
        if "type" in now or any(key in now for key in (*COMBINED, "enum", "const")):
            return now
        meant = "object" if "properties" in now else "array" if "items" in now or "prefixItems" in now else None
        if meant:
            self.tell("missing types are added")
        return {"type": meant, **now} if meant else now


def _joined(root: dict[str, Any], rewriting: _Rewriting) -> dict[str, Any]:
    """An object for the alternatives at the root, which the API does not take; they are told in its description."""
    named: dict[str, dict[bytes, Any]] = {}
    """What is said of each parameter, each thing once."""
    required = list(root.get("required") or [])
    told = [root["description"]] if isinstance(root.get("description"), str) else []
    _name(named, root)
    for key in COMBINED:
        branches = [
            _joined(each, rewriting) if any(isinstance(each.get(inner), list) for inner in COMBINED) else each
            for each in _list(root.pop(key, None))
        ]
        if not branches:
            continue
        rewriting.tell(f"`{key}` at the root is joined into one object")
        for branch in branches:
            _name(named, branch)
        needed = [set(branch.get("required") or []) for branch in branches]
        shared = set.union(*needed) if key == "allOf" else set.intersection(*needed)
        required += sorted(shared - set(required))
        if key != "allOf" and any(needed):
            each_needs = dict.fromkeys(", ".join(sorted(each)) or "nothing more" for each in needed)
            told.append(f"Give one of: {'; '.join(list(each_needs)[:TOLD])}.")
    properties = {
        name: next(iter(said.values())) if len(said) == 1 else {"anyOf": list(said.values())}
        for name, said in named.items()
    }
    joined = root | ({"properties": properties} if properties else {}) | ({"required": required} if required else {})
    if root.get("additionalProperties") is False:
        del joined["additionalProperties"]
    return joined | ({"description": " ".join(told)} if told else {})


def _name(named: dict[str, dict[bytes, Any]], part: Mapping[str, Any]) -> None:
    for name, said in (part.get("properties") or {}).items():
        named.setdefault(name, {})[canonical(said)] = said


def _passable(root: dict[str, Any], rewriting: _Rewriting) -> dict[str, Any]:
    """Without parameters whose names the API refuses."""
    properties = root.get("properties")
    refused = [name for name in properties or {} if not API_NAME.fullmatch(str(name))]
    for name in refused:
        needed = ", though its server requires it" if name in _list(root.get("required")) else ""
        rewriting.tell(f"the parameter {name!r}, whose name the API refuses, is left out{needed}")
    if refused:
        root["properties"] = {name: each for name, each in root["properties"].items() if name not in refused}
        left = [name for name in _list(root.pop("required", None)) if name not in refused]
        root |= {"required": left} if left else {}
        root.pop("additionalProperties", None)  # would forbid what is left out
    return root


def _target(root: Mapping[str, Any], reference: str) -> Any:
    """What a reference leads to within the schema; None when it leads nowhere or elsewhere."""
    place, _, pointer = reference.partition("#")
    if place and place != root.get("$id", root.get("id")):
        return None
    if not pointer or pointer.startswith("/"):
        return lookup(root, pointer)
    return next(
        (each for each in _within(root, 0) if pointer in (each.get("$anchor"), each.get("$dynamicAnchor"))), None
    )


def _within(part: Any, depth: int) -> Iterable[Mapping[str, Any]]:
    if depth > DEPTH:
        return
    if isinstance(part, Mapping):
        yield part
    for each in part.values() if isinstance(part, Mapping) else part if isinstance(part, list) else ():
        yield from _within(each, depth + 1)


def _is_type(value: Any) -> bool:
    return isinstance(value, str) and value in TYPES


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _compiles(pattern: Any) -> bool:
    try:
        re.compile(pattern)
    except (re.error, TypeError, OverflowError, RecursionError):
        return False
    return True
