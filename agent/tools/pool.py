"""All servers of one run, or of many: opened at once, each of them once, and used by every run that may share it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, TypeAlias

from agent import agentfile
from agent.agentfile import AgentFile
from agent.errors import ServerError, SpecError
from agent.events import ServerOpened
from agent.tools.pace import Pace
from agent.tools.ports import Lender, Outcome, Person
from agent.tools.process import StdioProcess

if TYPE_CHECKING:  # it imports the SDK, while servers that were begun early boot
    from agent.tools.servers import InMemoryServer, Server

Opened: TypeAlias = "AbstractAsyncContextManager[list[tuple[Server, Outcome]]]"
FAILED_SECONDS = 30.0
"""How long a server that did not start is not tried again: many runs need not wait for the same failure."""


class _Entry:
    """A server and its start."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.start = asyncio.create_task(self._start())
        self._ended = 0.0

    async def _start(self) -> ServerOpened:
        try:
            return await self.server.start()
        finally:
            self._ended = time.monotonic()

    @property
    def usable(self) -> bool:
        """Whether another run may have its outcome: one that has died since, or failed long ago, is opened anew."""
        if not self.start.done():
            return True
        if self.start.cancelled():
            return False
        if self.start.exception():
            return time.monotonic() - self._ended < FAILED_SECONDS
        return self.server.alive

    async def outcome(self, *, waited: bool) -> Outcome:
        """For a run that `waited` for it, or came later."""
        try:
            opened = await self.start
            return opened if waited else replace(opened, seconds=0.0)
        except ServerError as error:
            return _of_one_run(error)


class ServerPool:
    """Enter it, then use `opened` once a run. Leaving it ends every server; none outlives it.

    Servers that ask back ask the run that opened them last: where they may, one run at a time.
    """

    def __init__(self) -> None:
        self._entries: list[_Entry] = []
        self._shared: dict[str, _Entry] = {}
        self._paces: dict[str, Pace] = {}
        self._closing: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> ServerPool:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def empty(self) -> bool:
        return not self._entries

    async def close(self) -> None:
        """End every server. The next run opens its own anew."""
        await self._close(self._entries)
        await asyncio.gather(*self._closing, return_exceptions=True)

    @asynccontextmanager
    async def opened(
        self, servers: Iterable[Server], tell: Callable[[list[str]], None] = lambda _: None
    ) -> AsyncIterator[list[tuple[Server, Outcome]]]:
        """Each server, or the one like it that is open already; an optional one that failed is told in place.

        A stateful server is this run's alone and ends with it. `tell` hears the names of those that are waited for.
        Raises ServerError as soon as a required one fails.
        """
        entries = [self._entry(server) for server in servers]
        ready = [entry for entry in entries if entry.start.done()]
        try:
            pending = {entry.start for entry in entries}
            while pending:
                tell([entry.server.name for entry in entries if entry.start in pending])
                done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
                for start in done:
                    error = None if start.cancelled() else start.exception()
                    if isinstance(error, ServerError) and error.failure.required:
                        raise _of_one_run(error)
            yield [(entry.server, await entry.outcome(waited=entry not in ready)) for entry in entries]
        finally:
            await self._close([entry for entry in entries if entry.server.stateful])

    def of(
        self,
        file: AgentFile,
        person: Person | None = None,
        lender: Lender | None = None,
        tell: Callable[[list[str]], None] = lambda _: None,
        begun: dict[str, StdioProcess] | None = None,
    ) -> Opened:
        """The servers that an agent file names; they take those of their processes that run already out of `begun`.
        Raises what `servers_of` and `opened` raise.
        """
        servers = servers_of(file, person, lender)
        for server in servers:
            server.begun = begun.pop(server.name, None) if begun else None
        return self.opened(servers, tell)

    def _entry(self, server: Server) -> _Entry:
        key = server.identity
        server.pace = self._paces.setdefault(f"{server.pace.calls} {server.address}", server.pace)
        entry = self._shared.get(key)
        if entry is None or not entry.usable:
            if entry:
                self._closing.append(asyncio.create_task(self._close([entry])))
            entry = _Entry(server)
            self._entries.append(entry)
            if not server.stateful:
                self._shared[key] = entry
        else:
            entry.server.work_for(server.person, server.lender)
            if server.begun:
                self._closing.append(asyncio.create_task(server.stop()))
        return entry

    async def _close(self, entries: list[_Entry]) -> None:
        self._entries = [entry for entry in self._entries if entry not in entries]
        self._shared = {key: entry for key, entry in self._shared.items() if entry not in entries}
        for entry in entries:
            entry.start.cancel()
        try:
            await asyncio.gather(*(entry.start for entry in entries), return_exceptions=True)
            await asyncio.gather(*(entry.server.stop() for entry in entries))
        finally:
            for entry in entries:
                entry.server.kill()


def _of_one_run(error: ServerError) -> ServerError:
    """A failure that several runs may meet, as an error that one of them can mark as its own."""
    return ServerError(error.failure, hint=error.hint, stderr=error.stderr)


def servers_of(
    file: AgentFile, person: Person | None = None, lender: Lender | None = None, *, tolerant: bool = False
) -> list[Server]:
    """The servers that an agent file names, not yet opened. `person` and `lender` answer what they ask back.

    Raises SpecError when a required one names environment variables that are not set, unless it is `tolerant`: then it
    fails when it is started, as an optional one does.
    """
    from agent.tools.servers import Server

    servers = []
    for name, given in file.spec.servers.items():
        timeouts = file.spec.timeouts.model_copy(update=given.timeouts.model_dump(exclude_none=True))
        pace = Pace(given.calls_per_minute)
        try:
            spec, secrets = agentfile.expand(given, name, file.source)
            server = Server(name, spec, timeouts, secrets, given.required, pace=pace, stateful=given.stateful)
            servers.append(replace(server, policy=file.spec.policy, person=person, lender=lender))
        except SpecError as error:
            if given.required and not tolerant:
                raise
            servers.append(Server(name, given, timeouts, required=given.required, problem=error))
    return servers


@asynccontextmanager
async def alone(file: AgentFile) -> AsyncIterator[list[tuple[Server, Outcome]]]:
    """The servers of an agent file, opened for one run; nobody is asked."""
    async with ServerPool() as pool, pool.of(file) as opened:
        yield opened


def in_process(servers: Mapping[str, InMemoryServer], person: Person | None = None) -> Callable[[AgentFile], Opened]:
    """MCP server objects of this process, in place of those that an agent file names."""
    from agent.tools.servers import Server

    @asynccontextmanager
    async def open_them(file: AgentFile) -> AsyncIterator[list[tuple[Server, Outcome]]]:
        spec = file.spec
        given = [
            Server(name, server, spec.timeouts, policy=spec.policy, person=person) for name, server in servers.items()
        ]
        async with ServerPool() as pool, pool.opened(given) as opened:
            yield opened

    return open_them
