"""What all servers of an agent file offer, for people to look at: no run is begun."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from agent.agentfile import AgentFile
from agent.errors import ServerError
from agent.events import ServerOpened
from agent.tools.collecting import collect
from agent.tools.listed import ListedTool
from agent.tools.offered import Tool
from agent.tools.pool import ServerPool, servers_of
from agent.tools.ports import Person
from agent.tools.servers import Server
from agent.tools.toolbox import Toolbox


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
        offered: dict[tuple[str, str], list[Tool]] = {}
        for tool in box.tools.values():
            offered.setdefault((tool.listed.server, tool.listed.name), []).append(tool)
        listed = {(tool.server, tool.name): tool for server in self.servers for tool in server.tools}
        problems = {(str(each["server"]), str(each["tool"])): str(each["problem"]) for each in box.set_aside}
        nothing: list[Tool | None] = [None]
        rows = [
            Row(*at, listed.get(at), tool, self._differences(*at), problems.get(at))
            for at in sorted(listed.keys() | problems.keys())
            for tool in offered.get(at, nothing)
        ]
        missing = dict.fromkeys(each.tool for each in box.differences if not self._listed(each.tool))
        return rows + [Row(None, name, None, None, self._of_declared({name}), None) for name in missing]

    def _differences(self, server: str, tool: str) -> list[dict[str, Any]]:
        return self._of_declared({each.tool_name for each in self.file.spec.tools or [] if each.means(server, tool)})

    def _of_declared(self, names: set[str]) -> list[dict[str, Any]]:
        return [each.to_json() for each in self.box.differences if each.tool in names]

    def _listed(self, declared: str) -> bool:
        """Whether a row of a listed tool tells of what is declared under that name."""
        means = next(each.means for each in self.file.spec.tools or [] if each.tool_name == declared)
        tools = [(server.name, tool.name) for server in self.servers for tool in server.tools]
        aside = [(str(each["server"]), str(each["tool"])) for each in self.box.set_aside]
        return any(means(*at) for at in [*tools, *aside])


@dataclass(frozen=True)
class Row:
    """One tool: as its server lists it (None where none does), and as a model gets it (None where it does not)."""

    server: str | None
    name: str
    listed: ListedTool | None
    tool: Tool | None
    differences: list[dict[str, Any]]
    problem: str | None
    """Why it cannot be used."""

    @property
    def offered_as(self) -> str | None:
        return self.tool.offered_as if self.tool else None


@asynccontextmanager
async def surveyed(
    file: AgentFile, person: Person | None = None, as_of: str | None = None, *, attended: bool = False
) -> AsyncIterator[Survey]:
    """Open every server, also those that are required and fail. `attended`: as if somebody could be asked."""
    servers = servers_of(file, person, tolerant=True)
    required = frozenset(server.name for server in servers if server.required)
    for server in servers:
        server.required = False  # a survey goes on without them
    async with ServerPool() as pool, pool.opened(servers) as found:
        working = [server for server, outcome in found if isinstance(outcome, ServerOpened)]
        box = collect(file.spec, as_of, working, attended=attended or person is not None)
        box.person = person
        yield Survey(
            file,
            box,
            working,
            [outcome for _, outcome in found if isinstance(outcome, ServerOpened)],
            [outcome for _, outcome in found if isinstance(outcome, ServerError)],
            required,
        )
