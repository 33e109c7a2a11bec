"""Changes of what tools answer: which calls they mean; failures, added words and old dates."""

from __future__ import annotations

import difflib
import re
from abc import abstractmethod
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Annotated, Any, ClassVar

from pydantic import Field

from agent.encoding import JSON
from agent.replay.operation import Operation
from agent.replay.recording import RecordedServer
from agent.replay.rows import Row, respelled, with_data, with_words
from agent.section import Text
from agent.server_spec import Count
from agent.tools.content import data_of

_DATE = re.compile(r"(?<!\d)[0-9]{4}-[0-9]{2}-[0-9]{2}(?!\d)")


class Lacking(Exception):
    """Names what a result does not have of what was to be changed; `partly`: but it has some of it."""

    def __init__(self, what: str, *, partly: bool = False) -> None:
        super().__init__(what)
        self.partly = partly


class ResultChange(Operation):
    """A result that lacks what is to be changed is an error when `tool` names it, and else is left as it is."""

    tool: Text | None = None
    """The name under which a server lists the tool; without it, every tool."""
    when: dict[str, Any] = Field(default_factory=dict)
    """Argument → value: only calls with all of these; null stands for an argument that is left out."""
    first: Count | None = None
    """Only the tool's first so many calls in a run."""

    def offer(self, servers: tuple[RecordedServer, ...]) -> tuple[RecordedServer, ...]:
        if self.tool is not None:
            self.require_listed(self.tool, servers)
        return servers

    def answer(self, tool: str, arguments: Any, ordinal: int, result: Row) -> Row | None:
        if not self._means(tool, arguments, ordinal):
            return None
        try:
            return self.changed(result)
        except Lacking as absent:
            if self.tool is None and not absent.partly:
                return None
            hint = "`when` restricts a change to calls with certain arguments"
            raise self.refused(f"a result of {tool} has no {absent}", where=tool, hint=hint) from None

    def _means(self, tool: str, arguments: Any, ordinal: int) -> bool:
        given = arguments if isinstance(arguments, dict) else {}
        return (
            self.tool in (None, tool)
            and (self.first is None or ordinal <= self.first)
            and all(given.get(name) == value for name, value in self.when.items())
        )

    @abstractmethod
    def changed(self, result: Row) -> Row | None:
        """The MCP result after the change, None when it is not meant. Raises Lacking."""


class Fail(ResultChange):
    """The tool fails."""

    name: ClassVar[str] = "fail"
    text: Text
    """What it says."""

    def changed(self, result: Row) -> Row:
        return {"content": [{"type": "text", "text": self.text}], "isError": True}


class Tell(ResultChange):
    """Words at the end of the result: a last member `note` of a JSON object, else a text after all others."""

    name: ClassVar[str] = "tell"
    text: Text

    def changed(self, result: Row) -> Row:
        data = None if result.get("isError") else data_of(result)
        if isinstance(data, dict):
            key = "note"
            while key in data:
                key += "_"
            return with_data(result, data | {key: self.text})
        if isinstance(data, list):
            return with_data(result, [*data, {"note": self.text}])
        return with_words(result, self.text)


class Stale(ResultChange):
    """Every ISO date in the result lies further back, in whatever text or key it stands."""

    name: ClassVar[str] = "stale"
    days: Annotated[int, Field(ge=1, le=36_500)]
    """Calendar days."""

    def changed(self, result: Row) -> Row | None:
        moved: Row = respelled(result, lambda text: _DATE.sub(self._moved, text))
        if moved != result:
            return moved
        if result.get("isError"):
            return None
        raise Lacking("date in it")

    def _moved(self, found: re.Match[str]) -> str:
        try:
            return (date.fromisoformat(found[0]) - timedelta(days=self.days)).isoformat()
        except (ValueError, OverflowError):
            return found[0]


class DataChange(ResultChange):
    """Of the JSON in a result; an error has none, and is left as it is."""

    def changed(self, result: Row) -> Row | None:
        if result.get("isError"):
            return None
        data = data_of(result)
        if data is None:
            raise Lacking("JSON in it")
        return with_data(result, self.transformed(data))

    @abstractmethod
    def transformed(self, data: JSON) -> JSON:
        """A changed copy. Raises Lacking."""


def lacking(what: str, name: str, there: Iterable[str]) -> Lacking:
    near = difflib.get_close_matches(name, sorted(there), n=3)
    return Lacking(f"{what} {name!r}" + (f" (the nearest: {', '.join(near)})" if near else ""))
