"""Servers whose offer and answers are changed on their way, recorded or embedded ones."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

from agent.agentfile import AgentFile
from agent.events import ServerOpened
from agent.offer import Opening
from agent.replay.changes import Change, apply_answer, apply_offer
from agent.replay.recording import RecordedServer
from agent.tools.listed import ListedTool
from agent.tools.pace import Pace
from agent.tools.ports import OpenServer, Outcome, Reply


@dataclass
class ChangedServer:
    """A server as it lists itself after all changes. With `at`, every live answer of it comes at that standing time."""

    inner: OpenServer
    listed: RecordedServer
    changes: Sequence[Change]
    at: str | None = None
    touched: set[int] = field(default_factory=set)
    """Numbers of the changes that met a result."""
    in_turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """With `at`, calls of a turn are answered in the order in which they were asked: equal runs give equal bytes."""
    _calls: Counter[str] = field(default_factory=Counter)

    @property
    def name(self) -> str:
        return self.inner.name

    @property
    def pace(self) -> Pace:
        return self.inner.pace

    @property
    def required(self) -> bool:
        return self.inner.required

    @property
    def instructions(self) -> str | None:
        return self.listed.instructions

    @property
    def tools(self) -> Sequence[ListedTool]:
        return self.listed.tools

    @property
    def set_aside(self) -> Sequence[dict[str, Any]]:
        return self.listed.set_aside

    @property
    def stderr(self) -> str:
        return self.inner.stderr

    @property
    def revision(self) -> int:
        """A list that was changed stays as it is."""
        return 0

    async def renew(self, turn: int) -> None:
        """Nothing is listed anew."""

    async def call(self, tool: str, arguments: Any, *, repeatable: bool) -> Reply:
        """Raises UsageError when a change finds nothing to change; what the inner server raises."""
        self._calls[tool] += 1
        ordinal = self._calls[tool]
        async with self.in_turn if self.at else nullcontext():
            reply = await self.inner.call(tool, self._known(tool, arguments), repeatable=repeatable)
        result, touched = reply.result, False
        for number, change in enumerate(self.changes):
            if reply.source != "miss" or change.fail:
                result, met = apply_answer([change], tool, arguments, ordinal, result)
                touched |= met
                self.touched |= {number} if met else set()
        if reply.source == "live" and self.at:
            reply = replace(reply, retrieved_at=self.at, seconds=0.0)
        return replace(
            reply, result=result, source="injected" if touched else reply.source, by_host=reply.by_host and not touched
        )

    def _known(self, tool: str, arguments: Any) -> Any:
        """Without parameters that a change added: the server does not know them."""
        added = {each.require.parameter for each in self.changes if each.require and each.require.tool == tool}
        if not added or not isinstance(arguments, dict):
            return arguments
        return {name: value for name, value in arguments.items() if name not in added}


def changed(
    opening: Opening, changes: Sequence[Change], at: str | None = None, touched: set[int] | None = None
) -> Opening:
    """The same servers, changed; `touched` gets the numbers of the changes that met a result.

    Opening them raises UsageError when a change finds nothing to change.
    """

    @asynccontextmanager
    async def open_them(file: AgentFile) -> AsyncIterator[list[tuple[OpenServer, Outcome]]]:
        async with opening(file) as outcomes:
            said = tuple(
                RecordedServer(outcome, server.instructions, tuple(server.tools), tuple(server.set_aside))
                for server, outcome in outcomes
                if isinstance(outcome, ServerOpened)
            )
            listed = {each.opened.server: each for each in apply_offer(changes, said)}
            met, in_turn = set() if touched is None else touched, asyncio.Lock()
            yield [
                (
                    ChangedServer(server, listed[server.name], changes, at, met, in_turn)
                    if server.name in listed
                    else server,
                    replace(outcome, seconds=0.0) if at and isinstance(outcome, ServerOpened) else outcome,
                )
                for server, outcome in outcomes
            ]

    return open_them
