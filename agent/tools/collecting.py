"""Which tools of the servers a run is offered: what the file declares, else everything; bound, compared, named."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

from agent import schemas
from agent.encoding import compact
from agent.foreign import visible
from agent.spec import AgentSpec, ToolSpec
from agent.tools import drift, naming
from agent.tools.listed import ListedTool
from agent.tools.modelsafe import for_model
from agent.tools.offered import Tool
from agent.tools.ports import OpenServer
from agent.tools.toolbox import Toolbox

Choice: TypeAlias = tuple[ToolSpec | None, ListedTool]
"""A listed tool, and what the file declares of it."""


def collect(spec: AgentSpec, as_of: str | None, servers: Iterable[OpenServer], *, attended: bool = False) -> Toolbox:
    """The toolbox of all open servers, sorted by name. `attended`: whether somebody can be asked about calls."""
    box = Toolbox(spec, as_of, servers={server.name: server for server in servers}, attended=attended)
    choose(box)
    return box


def choose(box: Toolbox) -> None:
    """Fill a toolbox from what its servers list, now."""
    spec = box.spec
    listed = [tool for server in box.servers.values() for tool in server.tools]
    box.set_aside = [{"server": server.name, **each} for server in box.servers.values() for each in server.set_aside]
    box.notes = []
    unusable = {str(aside["tool"]): str(aside["problem"]) for aside in box.set_aside}
    choices = _choices(spec, listed)
    met = {id(declared) for declared, _ in choices}
    box.differences = [
        drift.missing(declared, listed, unusable.get(declared.bind or declared.tool_name))
        for declared in spec.tools or []
        if id(declared) not in met
    ]
    usable: list[Choice] = []
    for declared, tool in choices:
        if declared and not tool.schema_problem:
            box.differences += drift.changed(declared, tool.schema)
        if problem := _problem(declared, tool, box):
            box.set_aside.append({"server": tool.server, "tool": tool.name, "problem": problem})
        else:
            usable.append((declared, tool))
    box.tools = {tool.offered_as: tool for tool in sorted(_offers(usable, box), key=lambda tool: tool.offered_as)}


def _choices(spec: AgentSpec, listed: Sequence[ListedTool]) -> list[Choice]:
    if spec.tools is None:
        return [(None, tool) for tool in listed]
    return [(declared, tool) for tool in listed for declared in spec.tools if declared.means(tool.server, tool.name)]


def _problem(declared: ToolSpec | None, tool: ListedTool, box: Toolbox) -> str | None:
    """Why a tool cannot be offered."""
    if tool.schema_problem:
        return tool.schema_problem
    known = tool.parameters
    unknown = sorted(set((declared and declared.arguments) or {}) - known) if known is not None else []
    if unknown:
        return f"the file calls it with {', '.join(unknown)}, which its server does not know and would ignore"
    if not tool.may_write(declared is not None) or _writes(box) != "refuse":
        return None
    if box.spec.policy.writes == "ask":
        return "it may write, and nobody sits at a terminal to be asked (policy.writes: ask)"
    if declared is not None:
        return "it says that it writes; set policy.writes: ask or allow"
    return "it is not known to be read-only; declare it under tools, or set policy.writes: allow"


def _writes(box: Toolbox) -> str:
    """The policy as it stands: where nobody can be asked, nobody is."""
    writes = box.spec.policy.writes
    return "refuse" if writes == "ask" and not box.attended else writes


def _offers(usable: Sequence[Choice], box: Toolbox) -> Iterable[Tool]:
    called = [
        (tool.server, declared.tool_name if declared and declared.bind else tool.name) for declared, tool in usable
    ]
    for name, (declared, tool) in zip(naming.names_for(called), usable, strict=True):
        if name is None:
            problem = "its server lists another tool of the same name"
            box.set_aside.append({"server": tool.server, "tool": tool.name, "problem": problem})
        else:
            yield _offer(name, tool, declared, box)


def _offer(name: str, listed: ListedTool, declared: ToolSpec | None, box: Toolbox) -> Tool:
    constants = (declared.arguments if declared else None) or {}
    schema = _narrowed(listed.schema, declared)
    shown, rewritten = _for_model(compact(_without(schema, constants)))
    described = (declared.description if declared else None) or listed.description
    definition, hidden = visible({"name": name, "description": described, "input_schema": shown})
    if hidden:
        box.notes.append(
            f"tool {listed.name!r} of {listed.server!r} is described with {hidden} invisible characters, which are not "
            "passed on"
        )
    known = listed.parameters
    return Tool(
        offered_as=name,
        listed=listed,
        definition=definition,
        validator=schemas.validator(schema),
        takes_as_of=box.spec.as_of_argument in _named(listed) - set(constants),
        repeatable=listed.repeatable(declared is not None),
        parameters=None if known is None else known - set(constants),
        constants=constants,
        rewritten=tuple(rewritten),
        asks=_writes(box) == "ask" and listed.may_write(declared is not None),
    )


@lru_cache(maxsize=512)
def _for_model(schema: bytes) -> tuple[dict[str, Any], list[str]]:
    """The same few schemas come again and again: of a server that many runs use, of a suite's recordings."""
    return for_model(json.loads(schema))


def _named(listed: ListedTool) -> set[str]:
    """The parameters that a schema names, though it may take others, too."""
    properties = listed.schema.get("properties")
    return {*(listed.parameters or ()), *(properties if isinstance(properties, dict) else ())}


def _without(schema: dict[str, Any], constants: dict[str, Any]) -> dict[str, Any]:
    """A schema that does not speak of the arguments that the file sets."""
    if not constants:
        return schema
    left = dict(schema)
    if isinstance(schema.get("properties"), dict):
        left["properties"] = {name: about for name, about in schema["properties"].items() if name not in constants}
    if isinstance(schema.get("required"), list):
        left["required"] = [name for name in schema["required"] if name not in constants]
    return left


def _narrowed(schema: dict[str, Any], declared: ToolSpec | None) -> dict[str, Any]:
    """The server's schema, with an enum reduced to the declared values where the server takes them."""
    given = schema.get("properties")
    properties = dict(given) if isinstance(given, dict) else {}
    for name, expected in (declared.properties if declared else {}).items():
        if name in properties and isinstance(properties[name], dict) and isinstance(expected, dict):
            properties[name] = _narrow(properties[name], expected)
    return schema | {"properties": properties} if properties else schema


def _narrow(offered: dict[str, Any], expected: dict[str, Any]) -> dict[str, Any]:
    narrowed = dict(offered)
    if "enum" in expected and "enum" in offered:
        narrowed["enum"] = [value for value in offered["enum"] if value in expected["enum"]] or offered["enum"]
    if isinstance(expected.get("items"), dict) and isinstance(offered.get("items"), dict):
        narrowed["items"] = _narrow(offered["items"], expected["items"])
    return narrowed
