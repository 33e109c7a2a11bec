"""A tool as its server lists it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from agent import schemas
from agent.encoding import JSON, compact
from agent.events import ContentStored
from agent.foreign import whole
from agent.tools.modelsafe import property_names

if TYPE_CHECKING:
    from mcp import Tool

KIND = "sector-advisor/kind"
"""Where a tool's `_meta` says that its data are real or simulated."""
INPUT_SCHEMA, OUTPUT_SCHEMA = "sector-advisor/input_schema", "sector-advisor/output_schema"
"""Where a tool's `_meta` keeps its schemas, out of the SDK's sight."""
LONGEST = 300
"""Characters of the place at which a result breaks it, which has names of the server's."""
CHECKED = 1 << 20
"""Bytes of the largest result that is checked: it takes a second or so."""
READ_RESOURCE = "resources/read"
"""The name of what reads a resource, which no tool of a server has."""


@dataclass(frozen=True)
class ListedTool:
    """`schema` is the server's own and is what arguments have to satisfy; a hint is None where it is not given."""

    server: str
    name: str
    description: str
    schema: dict[str, Any]
    read_only: bool | None
    destructive: bool | None
    kind: str | None
    """real or simulated, where the server declares it."""
    idempotent: bool | None = None
    output_schema: dict[str, Any] | None = None

    @classmethod
    def of(cls, tool: Tool, server: str, redact: Callable[[JSON], JSON]) -> ListedTool:
        hints = tool.annotations
        meta = tool.meta or {}
        kind, output = meta.get(KIND), meta.get(OUTPUT_SCHEMA)
        return cls(
            server=server,
            name=tool.name,
            description=str(redact(whole(tool.description or ""))),
            schema=redact(whole(meta.get(INPUT_SCHEMA, tool.input_schema))),
            read_only=hints.read_only_hint if hints else None,
            destructive=hints.destructive_hint if hints else None,
            kind=kind if isinstance(kind, str) else None,
            idempotent=hints.idempotent_hint if hints else None,
            output_schema=redact(whole(output)) if isinstance(output, dict) else None,
        )

    @property
    def hints(self) -> str:
        """What it says about itself, in words."""
        said = {"read-only": self.read_only, "destructive": self.destructive, "idempotent": self.idempotent}
        hints = [f"{'' if value else 'not '}{hint}" for hint, value in said.items() if value is not None]
        return ", ".join([*hints, *([f"{self.kind} data"] if self.kind else [])])

    @cached_property
    def tokens(self) -> int:
        """About how many tokens its definition takes of every request: a token is about four bytes."""
        return (len(self.name) + len(self.description) + len(compact(self.schema))) // 4

    @cached_property
    def contents(self) -> tuple[ContentStored, ContentStored]:
        """Its description and its schema, as the log stores them."""
        return ContentStored.of(self.description), ContentStored.of(self.schema)

    @cached_property
    def schema_problem(self) -> str | None:
        """Why no call could be checked against its schema."""
        found = schemas.problem(self.schema)
        return f"its input schema, at /{'/'.join(map(str, found[0]))}: {found[1]}" if found else None

    def output_problem(self, result: Mapping[str, Any], encoded: bytes) -> str | None:
        """Where a result is not what the tool's output schema promises. A very large one is not looked at."""
        if self._promised is None or result.get("isError"):
            return None
        if "structuredContent" not in result:
            return "it has no structured content"
        return None if len(encoded) > CHECKED else _broken(self._promised, encoded)

    @cached_property
    def _promised(self) -> bytes | None:
        """Its output schema; None where there is none, or one that judges nothing."""
        usable = self.output_schema is not None and not schemas.problem(self.output_schema)
        return compact(self.output_schema) if usable else None

    @cached_property
    def parameters(self) -> frozenset[str] | None:
        """All that it may be asked for; None when its server takes any name."""
        names = property_names(self.schema)
        return None if names is None else frozenset(names)

    def repeatable(self, declared: bool) -> bool:
        """Whether a call may be made twice without harm."""
        return self.idempotent is True or not self.may_write(declared)

    def may_write(self, declared: bool) -> bool:
        """It may when it says so, or when neither it nor the agent file says anything about it."""
        if self.read_only is True:
            return False
        return self.read_only is False or self.destructive is True or not declared


@lru_cache(maxsize=256)
def _broken(schema: bytes, result: bytes) -> str | None:
    """Replays and repeated calls bring the same results again."""
    checks = schemas.validator(json.loads(schema))
    error = next(checks.iter_errors(json.loads(result)["structuredContent"]), None)
    return None if error is None else f"`{error.validator}` does not hold at {error.json_path[:LONGEST]}"
