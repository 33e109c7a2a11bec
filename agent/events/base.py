"""What every event is: a frozen record of JSON values."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import ClassVar

from agent.encoding import JSON


@dataclass(frozen=True)
class Event:
    name: ClassVar[str]

    def to_json(self) -> dict[str, JSON]:
        return {"event": self.name} | {each.name: getattr(self, each.name) for each in fields(self)}
