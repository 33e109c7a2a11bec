"""What a file declares of its tools against what servers offer: pure, one `Difference` for each finding."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from agent.spec import ToolSpec


@dataclass(frozen=True)
class Difference:
    """`at`: what differs, as a path such as parameters.period; `declared` and `offered`: both sides, or None."""

    tool: str
    kind: Literal["missing", "changed"]
    at: str
    declared: Any
    offered: Any
    hint: str

    def __str__(self) -> str:
        return f"{self.tool}: {self.at}: {self.hint}"

    def to_json(self) -> dict[str, Any]:
        """As a list of one tool's differences has it."""
        return {"kind": self.kind, "at": self.at, "declared": self.declared, "offered": self.offered, "hint": self.hint}


def missing(declared: ToolSpec, names: Iterable[str], unusable: str | None = None) -> Difference:
    """A declared tool that no server offers, or only in an `unusable` form; the hint names the nearest offered ones."""
    names = sorted(set(names))
    if unusable:
        hint = f"a server lists this tool, but it cannot be used: {unusable}"
        return Difference(declared.tool_name, "missing", "tool", declared.tool_name, None, hint)
    near = difflib.get_close_matches(declared.tool_name, names, n=3, cutoff=0.5)
    hint = "no server offers this tool"
    if near:
        hint += f"; the nearest names are {', '.join(near)}"
    elif names:
        hint += f"; the servers offer {', '.join(names[:8])}{' …' if len(names) > 8 else ''}"
    return Difference(declared.tool_name, "missing", "tool", declared.tool_name, None, hint)


def changed(declared: ToolSpec, schema: dict[str, Any]) -> list[Difference]:
    """How a server's input schema differs from the declared parameters."""
    offered = schema.get("properties", {})
    found = []
    for name, expected in declared.properties.items():
        if name not in offered:
            hint = "the server does not know this parameter" + _near(name, offered)
            found.append(Difference(declared.tool_name, "changed", f"parameters.{name}", expected, None, hint))
        elif isinstance(expected, dict) and isinstance(offered[name], dict):
            found += _compare(declared.tool_name, f"parameters.{name}", expected, offered[name])
    if declared.parameters is not None:
        for name in sorted(set(schema.get("required", [])) - set(declared.properties)):
            hint = "the server requires this parameter, and the file does not declare it"
            at = f"parameters.{name}"
            found.append(Difference(declared.tool_name, "changed", at, None, offered.get(name), hint))
    return found


def _compare(tool: str, at: str, expected: dict[str, Any], offered: dict[str, Any]) -> list[Difference]:
    found = []
    types = _types(expected), _types(offered)
    if all(types) and not types[0] <= types[1]:
        hint = f"declared as {' or '.join(sorted(types[0]))}, offered as {' or '.join(sorted(types[1]))}"
        found.append(Difference(tool, "changed", f"{at}.type", expected.get("type"), offered.get("type"), hint))
    if "enum" in offered and "enum" in expected:
        lost = [value for value in expected["enum"] if value not in offered["enum"]]
        if lost:
            hint = f"the server no longer takes {', '.join(map(repr, lost))}"
            found.append(Difference(tool, "changed", f"{at}.enum", expected["enum"], offered["enum"], hint))
    if isinstance(expected.get("items"), dict) and isinstance(offered.get("items"), dict):
        found += _compare(tool, f"{at}.items", expected["items"], offered["items"])
    return found


def _types(schema: dict[str, Any]) -> set[str]:
    """The JSON types that a schema names; integers are numbers too."""
    named = schema.get("type")
    types = {named} if isinstance(named, str) else set(named or [])
    return types | {"integer"} if "number" in types else types


def _near(name: str, names: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(names), n=1)
    return f"; the nearest is {near[0]!r}" if near else ""
