"""What a file declares of its tools against what servers offer: pure, one `Difference` for each finding."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from agent.spec import ToolSpec
from agent.tools.listed import ListedTool

LIKE = 1.0
"""How like a name has to be to be named in place of another, out of 3."""


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


def missing(declared: ToolSpec, listed: Sequence[ListedTool], unusable: str | None = None) -> Difference:
    """A declared tool that no server offers, or only in an `unusable` form; the hint names the nearest offered ones."""
    meant = declared.bind or declared.tool_name
    if unusable:
        hint = f"a server lists this tool, but it cannot be used: {unusable}"
    else:
        what = f"what it is bound to, {meant!r}" if declared.bind else "this tool"
        hint = f"no server offers {what}" + _instead(declared, meant.rpartition(".")[2], listed)
    return Difference(declared.tool_name, "missing", "bind" if declared.bind else "tool", meant, None, hint)


def _instead(declared: ToolSpec, meant: str, listed: Sequence[ListedTool]) -> str:
    """The tools whose names and descriptions are most like those that are missed; without any, some that there are."""
    own = (declared.bind or "").removesuffix(f".{meant}")
    likeness: dict[str, tuple[float, ListedTool]] = {}
    for tool in sorted(listed, key=lambda tool: tool.server != own):
        likeness.setdefault(tool.name, (_likeness(declared, meant, tool), tool))
    alike = sorted(likeness.values(), key=lambda each: (-each[0], each[1].name))
    near = [tool for like, tool in alike if like >= LIKE][:3]
    if near:
        bound = f"bind: {near[0].server}.{near[0].name}"
        return (
            f"; the nearest names are {', '.join(tool.name for tool in near)}; if one is meant, say so, as with {bound}"
        )
    names = sorted(likeness)
    return f"; the servers offer {', '.join(names[:8])}{' …' if len(names) > 8 else ''}" if names else ""


def _likeness(declared: ToolSpec, meant: str, tool: ListedTool) -> float:
    """Of names, letter by letter and word by word, and of what is said of the two."""
    letters = difflib.SequenceMatcher(None, meant, tool.name).ratio()
    ours, theirs = _words(meant), _words(tool.name)
    told = _words(declared.description or "") | ours
    said = told & (_words(tool.description) | theirs)
    return letters + len(ours & theirs) / max(len(ours | theirs), 1) + len(said) / max(len(told), 1)


def _words(text: str) -> set[str]:
    """Without those that say nothing, and without their plural."""
    words = re.findall(r"[^\W\d_]{3,}", text.casefold())
    return {word.removesuffix("s") for word in words} - {"get", "the", "and", "for", "with", "fetch", "list", "data"}


def changed(declared: ToolSpec, schema: dict[str, Any]) -> list[Difference]:
    """How a server's input schema differs from the declared parameters."""
    given = schema.get("properties")
    offered = given if isinstance(given, dict) else {}
    found = []
    for name, expected in declared.properties.items():
        if name not in offered:
            hint = "the server does not know this parameter" + _near(name, offered)
            found.append(Difference(declared.tool_name, "changed", f"parameters.{name}", expected, None, hint))
        elif isinstance(expected, dict) and isinstance(offered[name], dict):
            found += _compare(declared.tool_name, f"parameters.{name}", expected, offered[name])
    if declared.parameters is not None:
        known = set(declared.properties) | set(declared.arguments or {})
        for name in sorted(set(schema.get("required", [])) - known):
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
