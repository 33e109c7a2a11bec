"""Changes to recorded tools, as a case names them: each pure, applied one after the other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

from pydantic import ConfigDict, model_validator
from pydantic_core import PydanticCustomError

from agent.replay.field_changes import Flip, Scale, Set
from agent.replay.offer_changes import (
    Describe,
    DropTool,
    Instruct,
    Narrow,
    RemoveParameter,
    RenameTool,
    Require,
    Retype,
)
from agent.replay.operation import Operation
from agent.replay.recording import RecordedServer
from agent.replay.result_changes import Fail, Stale, Tell
from agent.replay.row_changes import Distract, DropSector, Empty, Permute, Repeat, Swap
from agent.section import Section


class Change(Section):
    """One change; exactly one of the keys."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    fail: Fail | None = None
    tell: Tell | None = None
    stale: Stale | None = None
    empty: Empty | None = None
    drop_sector: DropSector | None = None
    flip: Flip | None = None
    scale: Scale | None = None
    set: Set | None = None
    swap: Swap | None = None
    permute: Permute | None = None
    distract: Distract | None = None
    repeat: Repeat | None = None
    drop_tool: DropTool | None = None
    rename_tool: RenameTool | None = None
    describe: Describe | None = None
    instruct: Instruct | None = None
    require: Require | None = None
    retype: Retype | None = None
    remove_parameter: RemoveParameter | None = None
    narrow: Narrow | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if len(self._named) != 1:
            raise PydanticCustomError("one_change", "has to be one change under its name, such as `fail: {text: …}`")
        return self

    @property
    def _named(self) -> list[Operation]:
        return [each for _, each in self if each is not None]

    @property
    def operation(self) -> Operation:
        """The one change that it is."""
        return self._named[0]


def apply_offer(changes: Iterable[Change], servers: tuple[RecordedServer, ...]) -> tuple[RecordedServer, ...]:
    """What the servers offer after all changes. Raises UsageError when one names what no server has by then."""
    for change in changes:
        servers = change.operation.offer(servers)
    return servers


def apply_answer(
    changes: Iterable[Change], tool: str, arguments: Any, ordinal: int, result: dict[str, Any]
) -> tuple[dict[str, Any], bool]:
    """An MCP result after all changes, and whether any touched it; `ordinal` counts the tool's calls in a run from 1.

    Raises UsageError when a change is meant for this tool and the result has nothing of what it changes.
    """
    touched = False
    for change in changes:
        changed = change.operation.answer(tool, arguments, ordinal, result)
        if changed is not None:
            result, touched = changed, True
    return result, touched
