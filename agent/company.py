"""What a run lends its servers: a person whose thinking costs it no time, and its model, within its budget."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass, field
from typing import Any

from agent.budget import Budget
from agent.encoding import JSON
from agent.errors import ModelError
from agent.model.base import Model, Request, Turn, Usage, well_formed
from agent.tools.ports import Form, Person

TEXTS = 20
"""Most texts that servers may have written in one sitting of a run."""


@dataclass(frozen=True)
class Unhurried:
    person: Person
    budget: Budget

    async def fill(self, server: str, message: str, schema: dict[str, Any]) -> Form:
        with self.budget.waiting():
            return await self.person.fill(server, message, schema)

    async def allow(self, server: str, tool: str, arguments: Any) -> bool:
        """The loop keeps this time from counting."""
        return await self.person.allow(server, tool, arguments)


@dataclass
class BorrowedModel:
    """For texts that servers have written: no tools, no schema, one attempt. `texts`: how many there may be still."""

    model: Model
    budget: Budget
    texts: int = TEXTS
    written: Usage = field(default_factory=Usage)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """One text at a time, so that each sees what the others used."""

    async def write(self, system: str, messages: list[dict[str, JSON]]) -> Turn:
        """Raises ModelError, also when the budget is used up; CredentialsError.

        What was written counts at once, and again when the calls that it was for are answered: a server gets no more
        than the run may spend.
        """
        async with self._turn:
            return await self._write(Request(system, [], messages, schema={}, parameters=self.model.parameters))

    async def _write(self, request: Request) -> Turn:
        limit = self.budget.exhausted() or self.budget.used_up(more=self.written)
        if limit or not self.texts:
            raise ModelError(limit or f"no more than {TEXTS} texts are written in a run", kind="budget")
        self.texts -= 1
        try:
            turn = well_formed(await self.model.answer(request))
        except ModelError as error:
            self.written += Usage.of(error.usage)
            raise
        self.written += turn.usage
        if not (turn.may_go_on and turn.text.strip()):
            raise ModelError("the model wrote nothing", kind="empty", usage=asdict(turn.usage))
        return turn
