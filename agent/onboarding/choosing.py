"""Which of the listed tools an agent file declares, and how: by patterns, or by what somebody typed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from glob import escape
from typing import Any

from agent.errors import UsageError
from agent.foreign import visible
from agent.spec import is_whole_schema
from agent.tools import naming
from agent.tools.listed import ListedTool

WRITES = "may change something: policy.writes says whether it is offered"
SILENT = "does not say that it only reads: to declare it is to say so"


@dataclass(frozen=True)
class Declared:
    """An item of `tools`, and the tool that it speaks of."""

    item: dict[str, Any]
    listed: ListedTool

    @property
    def warning(self) -> str | None:
        """What declaring it means, where it is not known to only read."""
        if self.listed.may_write(declared=True):
            return WRITES
        return SILENT if self.listed.may_write(declared=False) else None


def reading(tools: Sequence[ListedTool]) -> list[ListedTool]:
    """Those that are known to only read."""
    return [tool for tool in tools if not tool.may_write(declared=False)]


def matching(tools: Sequence[ListedTool], patterns: Sequence[str]) -> tuple[list[ListedTool], list[str]]:
    """What some pattern means and none with a `!` does; with only such, all others. And the patterns without any."""
    wanted, barred = _parted(patterns)
    chosen = [
        tool
        for tool in tools
        if (not wanted or any(_means(each, tool) for each in wanted)) and not any(_means(each, tool) for each in barred)
    ]
    idle = [each for each in patterns if not any(_means(each.removeprefix("!"), tool) for tool in tools)]
    return chosen, idle


def _means(pattern: str, tool: ListedTool) -> bool:
    return fnmatchcase(tool.name, pattern) or fnmatchcase(f"{tool.server}.{tool.name}", pattern)


def may_mean(patterns: Sequence[str], server: str, others: Sequence[str]) -> bool:
    """Whether a server that is down may have what is wanted: unless it is barred, or only the others are named."""
    wanted, barred = _parted(patterns)
    if any(fnmatchcase(f"{server}.", pattern) for pattern in barred):
        return False
    named = tuple(f"{other}." for other in others)
    return not wanted or not all(pattern.startswith(named) for pattern in wanted)


def _parted(patterns: Sequence[str]) -> tuple[list[str], list[str]]:
    """Those that choose, and those that exclude, without their `!`."""
    barred = [pattern[1:] for pattern in patterns if pattern.startswith("!")]
    return [pattern for pattern in patterns if not pattern.startswith("!")], barred


def typed(text: str, tools: Sequence[ListedTool]) -> list[ListedTool]:
    """By numbers from 1, ranges such as 2-5, and patterns; nothing means all that only read. Raises UsageError."""
    words = re.split(r"[\s,]+", text.strip(" \t,"))
    if words == [""]:
        return reading(tools)
    patterns: list[str] = []
    for word in words:
        if found := re.fullmatch(r"(!?)(\d+)(?:-(\d+))?", word):
            first, last = int(found[2]), int(found[3] or found[2])
            if not 1 <= first <= last <= len(tools):
                raise UsageError(f"{word}: the numbers go from 1 to {len(tools)}")
            patterns += [found[1] + escape(f"{tool.server}.{tool.name}") for tool in tools[first - 1 : last]]
        else:
            patterns.append(word)
    chosen, idle = matching(tools, patterns)
    if idle:
        raise UsageError(f"no tool is called {', '.join(idle)}")
    return chosen


def declared(chosen: Sequence[ListedTool], listed: Sequence[ListedTool]) -> list[Declared]:
    """`listed`: all that there are; a name that several servers have is bound to the one that is meant."""
    of_name = Counter(tool.name for tool in listed)
    names = naming.names_for([(tool.server, tool.name) for tool in chosen])
    items = []
    for tool, name in zip(chosen, names, strict=True):
        bound = of_name[tool.name] > 1
        item: dict[str, Any] = {"tool_name": name if bound else tool.name}
        if bound:
            item["bind"] = f"{tool.server}.{tool.name}"
        if (parameters := _parameters(tool.schema)) is not None:
            item["parameters"] = parameters
        items.append(Declared(item, tool))
    return items


def _parameters(schema: dict[str, Any]) -> dict[str, Any] | None:
    """The map of a schema's properties; None where they do not say all, so that nothing is expected."""
    properties = schema.get("properties", {})
    if not isinstance(properties, dict) or not set(schema.get("required", [])) <= properties.keys():
        return None
    parameters = {name: _expected(about) for name, about in properties.items()}
    return {"type": "object", "properties": parameters} if is_whole_schema(parameters) else parameters


def _expected(about: Any) -> dict[str, Any]:
    if not isinstance(about, dict):
        return {}
    expected = {key: about[key] for key in ("type", "enum") if key in about}
    if isinstance(about.get("items"), dict):
        expected["items"] = _expected(about["items"])
    if isinstance(about.get("description"), str):
        expected["description"] = " ".join(visible(about["description"])[0].split())
    return expected
