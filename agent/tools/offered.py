"""A tool as a model is offered it, and a call of it as it may be sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from jsonschema.protocols import Validator

from agent.events import ToolAsked
from agent.tools.listed import ListedTool


@dataclass(frozen=True)
class Tool:
    """A tool as it is offered; `definition` is what the model gets, `listed.schema` what arguments must satisfy."""

    offered_as: str
    listed: ListedTool
    definition: dict[str, Any]
    validator: Validator
    takes_as_of: bool
    repeatable: bool
    """Whether a call may be made twice without harm."""
    parameters: frozenset[str] | None = None
    """What it may be asked for; None when its server takes any name."""
    constants: dict[str, Any] = field(default_factory=dict)
    """Arguments that every call is sent with."""
    rewritten: tuple[str, ...] = ()
    """How its schema was changed for the model."""
    asks: bool = False
    """Whether a person is asked about each call."""


@dataclass(frozen=True)
class Prepared:
    """A call that may be sent (`tool`), or what the model is told instead (`refusal`)."""

    asked: ToolAsked
    tool: Tool | None = None
    refusal: str | None = None

    @property
    def repeatable(self) -> bool:
        return self.refusal is not None or self.tool is None or self.tool.repeatable
