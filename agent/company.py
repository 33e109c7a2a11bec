"""What a run lends its servers: a person whose thinking costs it no time, and its model, within its budget."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from agent.budget import Budget
from agent.encoding import JSON
from agent.errors import ModelError
from agent.model.base import Model, Request, Turn, well_formed
from agent.tools.ports import Form, Person


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


@dataclass(frozen=True)
class BorrowedModel:
    """For texts that servers have written: no tools, no schema, one attempt."""

    model: Model
    budget: Budget

    async def write(self, system: str, messages: list[dict[str, JSON]]) -> Turn:
        """Raises ModelError, also when the budget is used up; CredentialsError."""
        if limit := self.budget.exhausted():
            raise ModelError(limit, kind="budget")
        request = Request(system, tools=[], messages=messages, schema={}, parameters=self.model.parameters)
        turn = well_formed(await self.model.answer(request))
        if not (turn.may_go_on and turn.text.strip()):
            raise ModelError("the model wrote nothing", kind="empty")
        return turn
