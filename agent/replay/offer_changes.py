"""Changes of what servers offer when they are opened: tools, descriptions, schemas, instructions."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import Field

from agent.replay.operation import Operation
from agent.replay.recording import RecordedServer
from agent.section import Text
from agent.spec import Schema
from agent.tools.listed import ListedTool

JsonType: TypeAlias = Literal["string", "integer", "number", "boolean", "array", "object"]


class _ToolChange(Operation):
    tool: Text
    """The name under which a server lists the tool."""

    def offer(self, servers: tuple[RecordedServer, ...]) -> tuple[RecordedServer, ...]:
        self.require_listed(self.tool, servers)
        return tuple(replace(server, tools=self._listed(server.tools)) for server in servers)

    def _listed(self, tools: tuple[ListedTool, ...]) -> tuple[ListedTool, ...]:
        changed = [self.changed(tool) if tool.name == self.tool else tool for tool in tools]
        return tuple(tool for tool in changed if tool)

    @abstractmethod
    def changed(self, tool: ListedTool) -> ListedTool | None:
        """None: it is listed no more."""


class DropTool(_ToolChange):
    """Its server lists the tool no more."""

    name: ClassVar[str] = "drop_tool"

    def changed(self, tool: ListedTool) -> None:
        return None


class RenameTool(_ToolChange):
    """Its server lists the tool under another name; results that were recorded under the old one are not found."""

    name: ClassVar[str] = "rename_tool"
    to: Text

    def changed(self, tool: ListedTool) -> ListedTool:
        return replace(tool, name=self.to)


class Describe(_ToolChange):
    """Words at the end of the tool's description."""

    name: ClassVar[str] = "describe"
    text: Text

    def changed(self, tool: ListedTool) -> ListedTool:
        return replace(tool, description=_joined(tool.description, self.text))


class Instruct(Operation):
    """Words at the end of a server's instructions."""

    name: ClassVar[str] = "instruct"
    server: Text | None = None
    """Its name in the agent file; without it, every server."""
    text: Text

    def offer(self, servers: tuple[RecordedServer, ...]) -> tuple[RecordedServer, ...]:
        names = [server.opened.server for server in servers]
        if self.server is not None and self.server not in names:
            hint = f"the servers are {', '.join(names) or 'none'}"
            raise self.refused(f"there is no server {self.server!r}", where=self.server, hint=hint)
        return tuple(
            replace(server, instructions=_joined(server.instructions, self.text))
            if self.server in (None, server.opened.server)
            else server
            for server in servers
        )


class _SchemaChange(_ToolChange):
    adds: ClassVar[bool] = False
    """Whether the parameter must be new."""
    parameter: Text

    def changed(self, tool: ListedTool) -> ListedTool:
        known = tool.schema.get("properties", {})
        if (self.parameter in known) == self.adds:
            has = "has a" if self.adds else "has no"
            hint = f"its parameters are {', '.join(known) or 'none'}"
            raise self.refused(f"{tool.name} {has} parameter {self.parameter!r}", where=tool.name, hint=hint)
        return replace(tool, schema=self.drifted(tool.schema))

    @abstractmethod
    def drifted(self, schema: Schema) -> Schema:
        """The tool's input schema after the change."""

    def _given(self, schema: Schema) -> Schema:
        """The parameter's own schema, which may be a mere `true`."""
        given = schema["properties"][self.parameter]
        return given if isinstance(given, dict) else {}

    def _with(self, schema: Schema, own: Schema) -> Schema:
        return schema | {"properties": schema.get("properties", {}) | {self.parameter: own}}


class Require(_SchemaChange):
    """The tool has a new parameter, and requires it."""

    name: ClassVar[str] = "require"
    adds: ClassVar[bool] = True
    type: JsonType

    def drifted(self, schema: Schema) -> Schema:
        return self._with(schema, {"type": self.type}) | {"required": [*schema.get("required", []), self.parameter]}


class Retype(_SchemaChange):
    """A parameter of the tool has another type; of its schema, only its title and description stay."""

    name: ClassVar[str] = "retype"
    type: JsonType

    def drifted(self, schema: Schema) -> Schema:
        kept = {key: value for key, value in self._given(schema).items() if key in ("title", "description")}
        return self._with(schema, {"type": self.type} | kept)


class RemoveParameter(_SchemaChange):
    """The tool knows a parameter no more."""

    name: ClassVar[str] = "remove_parameter"

    def drifted(self, schema: Schema) -> Schema:
        left = {key: value for key, value in schema["properties"].items() if key != self.parameter}
        required = [key for key in schema.get("required", []) if key != self.parameter]
        return schema | {"properties": left} | ({"required": required} if "required" in schema else {})


class Narrow(_SchemaChange):
    """A parameter of the tool, or each element of it, takes some of its values only."""

    name: ClassVar[str] = "narrow"
    enum: Annotated[list[Any], Field(min_length=1)]
    """The values that are left, all of which were taken before."""

    def drifted(self, schema: Schema) -> Schema:
        return self._with(schema, self._narrowed(self._given(schema)))

    def _narrowed(self, given: Schema) -> Schema:
        if isinstance(given.get("items"), dict):
            return given | {"items": self._narrowed(given["items"])}
        new = [value for value in self.enum if value not in given.get("enum", self.enum)]
        if new:
            problem = f"{self.parameter} does not take {', '.join(map(repr, new))} as it is"
            raise self.refused(problem, where=self.tool, hint=f"it takes {', '.join(map(repr, given['enum']))}")
        return given | {"enum": self.enum}


def _joined(*texts: str | None) -> str:
    return "\n".join(text for text in texts if text)
