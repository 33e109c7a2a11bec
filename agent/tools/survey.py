"""What all servers of an agent file offer, for people to look at: no run is begun."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from agent.agentfile import AgentFile
from agent.errors import ServerError
from agent.events import ServerOpened
from agent.tools.listed import ListedTool
from agent.tools.pool import ServerPool, servers_of
from agent.tools.servers import Server
from agent.tools.toolbox import Toolbox, collect


@dataclass(frozen=True)
class Survey:
    """`servers` are open for as long as the survey is; `down` are those that failed, `required` the names of those that
    a run needs.
    """

    file: AgentFile
    box: Toolbox
    servers: Sequence[Server]
    opened: Sequence[ServerOpened]
    down: Sequence[ServerError]
    required: frozenset[str]

    @property
    def exit_code(self) -> int:
        """Whether a run could begin with these servers."""
        return max((error.exit_code for error in self.down if error.failure.server in self.required), default=0)

    def rows(self) -> list[Row]:
        """Every tool of every server, by server and name; then the declared tools that none offers."""
        box = self.box
        offered = {(tool.listed.server, tool.listed.name): tool.offered_as for tool in box.tools.values()}
        listed = {(tool.server, tool.name): tool for server in self.servers for tool in server.tools}
        problems = {(str(each["server"]), str(each["tool"])): str(each["problem"]) for each in box.set_aside}
        rows = [
            Row(*at, offered.get(at), listed.get(at), self._differences(at[1]), problems.get(at))
            for at in sorted(listed.keys() | problems.keys())
        ]
        known = {row.name for row in rows}
        missing = dict.fromkeys(each.tool for each in box.differences if each.tool not in known)
        return rows + [Row(None, name, None, None, self._differences(name), None) for name in missing]

    def _differences(self, name: str) -> list[dict[str, Any]]:
        return [each.to_json() for each in self.box.differences if each.tool == name]


@dataclass(frozen=True)
class Row:
    """One tool: as its server lists it (None where none does), under what name a model gets it (None: not at all)."""

    server: str | None
    name: str
    offered_as: str | None
    listed: ListedTool | None
    differences: list[dict[str, Any]]
    problem: str | None
    """Why it cannot be used."""


@asynccontextmanager
async def surveyed(file: AgentFile) -> AsyncIterator[Survey]:
    """Open every server, also those that are required and fail. Raises SpecError."""
    servers = servers_of(file)
    required = frozenset(server.name for server in servers if server.required)
    for server in servers:
        server.required = False  # a survey goes on without them
    async with ServerPool() as pool, pool.opened(servers) as found:
        working = [server for server, outcome in found if isinstance(outcome, ServerOpened)]
        yield Survey(
            file,
            collect(file.spec, None, working),
            working,
            [outcome for _, outcome in found if isinstance(outcome, ServerOpened)],
            [outcome for _, outcome in found if isinstance(outcome, ServerError)],
            required,
        )
