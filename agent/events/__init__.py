"""What can happen in a run: the vocabulary of its log, format `sectorrun/1`.

An event is a frozen record of JSON values. The log adds the line's index, time and checksum; nothing
here knows about files. Content that others refer to by hash is stored by `content.stored` before its
first use.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import ClassVar

from agent.encoding import JSON
from agent.events.base import Event
from agent.events.runs import (
    FORMAT,
    PAGE_URL,
    AnswerChecked,
    AnswerDue,
    ArtifactWritten,
    ContentStored,
    QuestionAsked,
    RunCompared,
    RunFinished,
    RunResumed,
    RunStarted,
    Status,
    Warned,
    beginning_of,
    resolve,
    run_key,
)
from agent.events.servers import ServerFailed, ServerOpened, ToolsListed, ToolsOffered, ToolsVouched
from agent.events.turns import (
    SIMULATED_KIND,
    CallPlace,
    ModelAnswered,
    ModelAsked,
    ModelFailed,
    OfCall,
    ToolAnswered,
    ToolAsked,
)

__all__ = [
    "FORMAT",
    "KINDS",
    "PAGE_URL",
    "SIMULATED_KIND",
    "AnswerChecked",
    "AnswerDue",
    "ArtifactWritten",
    "CallPlace",
    "ContentStored",
    "Event",
    "ModelAnswered",
    "ModelAsked",
    "ModelFailed",
    "OfCall",
    "QuestionAsked",
    "RunCompared",
    "RunFinished",
    "RunResumed",
    "RunStarted",
    "ServerFailed",
    "ServerOpened",
    "Status",
    "ToolAnswered",
    "ToolAsked",
    "ToolsListed",
    "ToolsOffered",
    "ToolsVouched",
    "UnknownEvent",
    "Warned",
    "beginning_of",
    "from_json",
    "resolve",
    "run_key",
]


@dataclass(frozen=True)
class UnknownEvent(Event):
    """An event of a later version: kept as it was read."""

    name: ClassVar[str] = "unknown"
    body: dict[str, JSON]

    def to_json(self) -> dict[str, JSON]:
        return dict(self.body)


KINDS: list[type[Event]] = [
    kind for kind in (*Event.__subclasses__(), *OfCall.__subclasses__()) if kind not in (OfCall, UnknownEvent)
]
_BY_NAME = {kind.name: kind for kind in KINDS}


def from_json(body: Mapping[str, JSON]) -> Event:
    """The event of one log line; keys that this version does not know are dropped from known events.

    Raises TypeError when a known event lacks a field.
    """
    kind = _BY_NAME.get(str(body.get("event")))
    if kind is None:
        return UnknownEvent(body={key: value for key, value in body.items() if key not in ("i", "at", "crc")})
    known = {each.name for each in fields(kind)}
    return kind(**{key: value for key, value in body.items() if key in known})
