"""Texts of a page: strangers' ones clean, cut and not yet escaped, ours in the language of the run."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from agent.report.heatmap import NO_FIGURE
from agent.report.lettering import plain
from agent.report.markup import cleaned
from agent.report.names import SectorNames
from agent.report.words import words
from agent.result import RunResult

T = TypeVar("T")


@dataclass(frozen=True)
class Room:
    """How much one page shows: characters of a text and of a call's result, entries of a list, columns."""

    text: int
    preview: int
    entries: int
    columns: int


class Texts:
    """`say`: our words; `numbers`: a call's id → its place among the run's calls, from 1 on."""

    def __init__(self, result: RunResult, room: Room) -> None:
        self.room, self.say = room, words(result.language)
        self.numbers = {call.id: at for at, call in enumerate(result.calls, 1)}
        self._hidden = _places(result.folder)
        self._names = SectorNames.of(result)

    def text(self, value: Any, limit: int | None = None, *, indent: int | None = None) -> str:
        """Any JSON value, cut to `limit` characters with a note of how many more there are."""
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=indent)
        for place in self._hidden:
            text = text.replace(place, "…")
        limit = self.room.text if limit is None else min(limit, self.room.text)
        shown, more = cleaned(text[:limit]), len(text) - limit
        return shown if more <= 0 else f"{shown}… {self.say('({count} characters more)', count=more)}"

    def short(self, value: Any) -> str:
        """A name, a date, a heading; a dash for nothing."""
        return self.text(NO_FIGURE if value in (None, "") else value, 80)

    def sector(self, name: Any) -> str:
        """What a sector is called in the language of the run."""
        return self.short(self._names(name) if isinstance(name, str) else name)

    def mark(self, key: str) -> str:
        """A sector's key, as `data-sector` has it in tables, drawings and recommendations."""
        return plain(self.short(key))

    def some(self, values: Iterable[T]) -> list[T]:
        """The first of them, as many as there is room for."""
        return list(values)[: self.room.entries]

    def more(self, values: Sequence[Any]) -> int:
        """How many `some` leaves out."""
        return max(len(values) - self.room.entries, 0)

    def entries(self, value: Any) -> list[tuple[str, str, bool]]:
        """Any JSON value as names and texts; the last says whether the text is JSON."""
        named = value if isinstance(value, Mapping) else {"": value}
        return [
            (self.text(str(name), 80), self.text(each, indent=2), isinstance(each, Mapping | list))
            for name, each in self.some(named.items())
        ]


def _places(folder: Path | None) -> list[str]:
    """How a run's folder may be written in texts; pages say nothing about the machine they were made on."""
    if folder is None or len(folder.parts) < 2:
        return []
    return list(dict.fromkeys([folder.absolute().as_uri(), str(folder.absolute()), str(folder)]))
