"""One MCP server: opened, called, opened again when it is lost, stopped. Its connections own tasks and processes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import mcp_types

from agent import data
from agent.encoding import JSON
from agent.errors import ServerError, SpecError
from agent.events import ServerFailed, ServerOpened
from agent.foreign import redact, whole
from agent.server_spec import HttpServer, StdioServer
from agent.spec import PolicySpec, TimeoutSpec
from agent.tools import advice, verdicts
from agent.tools.connection import Connection, InMemoryServer, ServerSpec
from agent.tools.faults import CallFault, asks_in_the_old_way, died
from agent.tools.listed import ListedTool
from agent.tools.naming import safe_name
from agent.tools.pace import Pace
from agent.tools.ports import Lender, Person, Reply, error_result
from agent.tools.process import STDERR_KEPT, StdioProcess
from agent.tools.questions import Questions

__all__ = ["InMemoryServer", "Server", "ServerSpec"]

CALLS = 3
"""How often a call is made at the most."""
BACKOFF = (0.0, 0.5, 2.0)
"""Seconds before each attempt to open a lost server again."""
LONGEST_WAIT = 15.0
"""Seconds of a Retry-After that are waited for; a longer one is told to the model."""
SAID = 1_000
"""Characters of a server's words that a model or a person is told of a failure."""
STDERR_LINES, STDERR_LENGTH, NOISE_LENGTH, UNREADABLE_LENGTH = 8, 4_000, 200, 300
"""How much an error shows of what a server printed or sent, in lines and characters."""


@dataclass
class Server:
    """`start` it, use `tools` and `call`, `stop` it."""

    name: str
    spec: ServerSpec
    timeouts: TimeoutSpec
    secrets: list[str] = field(default_factory=list)
    required: bool = True
    tools: list[ListedTool] = field(default_factory=list)
    revision: int = 0
    problem: SpecError | None = None
    """Why it cannot even be tried."""
    pace: Pace = field(default_factory=Pace)
    stateful: bool = False
    """Whether it remembers what a run did, and so serves one run only and is not opened again for it."""
    set_aside: list[dict[str, JSON]] = field(default_factory=list)
    """Entries of its list that are no tools."""
    lost: bool = False
    """Whether it was given up in a call."""
    instructions: str | None = None
    """Its words about itself, which no model is shown."""
    policy: PolicySpec = field(default_factory=PolicySpec)
    person: Person | None = None
    lender: Lender | None = None
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    begun: StdioProcess | None = None
    """Its process, where that runs already, for its first connection."""

    def __post_init__(self) -> None:
        self._connection: Connection | None = None
        self._mending = asyncio.Lock()
        self._stopped = False
        self._words_before = ""
        self._questions = Questions(self.name, self.policy, self.person, self.lender)

    @property
    def transport(self) -> str:
        if isinstance(self.spec, StdioServer):
            return "stdio"
        if isinstance(self.spec, HttpServer):
            return "sse" if self.spec.is_sse else "http"
        return "memory"

    @property
    def command(self) -> str:
        """What was started or called, without arguments that came from the environment."""
        if isinstance(self.spec, StdioServer):
            return str(self.redact(" ".join([self.spec.command, *self.spec.args])))
        return str(self.redact(self.spec.url)) if isinstance(self.spec, HttpServer) else "in memory"

    @property
    def address(self) -> str:
        """Equal for servers that are started, or called, in the same way."""
        if isinstance(self.spec, StdioServer | HttpServer):
            places = {"command", "args", "env", "cwd", "url", "headers", "protocol"}
            return self.spec.model_dump_json(include=places) + self.transport
        return f"in memory {id(self.spec)}"

    @property
    def identity(self) -> str:
        """Equal for servers that are used in the same way too."""
        asks = (self.person is not None, self.lender is not None)
        used = (self.name, self.required, self.timeouts, self.pace.calls, self.policy, asks)
        return f"{used} {self.address}"

    @property
    def alive(self) -> bool:
        return not self.lost and self._connection is not None and self._connection.alive

    @property
    def stderr(self) -> str:
        """The end of what it printed there, all of its processes together."""
        process = self._connection.process if self._connection else None
        said = str(self.redact(process.stderr_text())) if process else ""
        return (self._words_before + said)[-STDERR_KEPT:]

    def redact(self, value: JSON) -> JSON:
        """`value` without any secret in its texts."""
        return redact(value, self.secrets)

    async def start(self) -> ServerOpened:
        """Connect and list the tools. Raises ServerError."""
        if self.problem:
            raise self.error(self.problem.message, self.problem.hint)
        began = self.begun.began if self.begun else time.monotonic()
        self.tools = self._listed(await self._negotiate())
        return self._opened(time.monotonic() - began)

    def work_for(self, person: Person | None, lender: Lender | None) -> None:
        """Ask these back from now on: it has stayed open for another run."""
        self._questions.person, self._questions.lender = person, lender

    async def stop(self) -> None:
        """Leave the client, or end the attempt to open it. It is not opened again."""
        self._stopped = True
        if self.begun:
            await self.begun.discard()
        await self._leave()

    async def _leave(self) -> None:
        if self._connection:
            await self._connection.close()

    def kill(self) -> None:
        if self.begun:
            self.begun.kill()
        if self._connection:
            self._connection.kill()

    async def _negotiate(self) -> list[mcp_types.Tool]:
        """Open a connection; a server that dies of the newer greeting is greeted once more in the old way."""
        mode = self._mode
        remembered = mode == "auto" and verdicts.is_legacy(self.address)
        try:
            return await self._connect(verdicts.LEGACY if remembered else mode)
        except Exception as error:
            if mode != "auto" or not died(error) or self._sent_without_end:
                raise self._failure(error) from None
            first = self._failure(error)
        try:
            tools = await self._connect("auto" if remembered else verdicts.LEGACY)
        except Exception:
            raise first from None
        verdicts.remember(self.address, legacy=not remembered)
        return tools

    @property
    def _sent_without_end(self) -> bool:
        process = self._connection.process if self._connection else None
        return process is not None and process.endless

    @property
    def _mode(self) -> str:
        return self.spec.protocol if isinstance(self.spec, StdioServer | HttpServer) else "auto"

    async def _connect(self, mode: str) -> list[mcp_types.Tool]:
        """One attempt; what is left of an earlier connection ends first."""
        await self._leave()
        self._words_before = self.stderr
        self._connection = Connection(self.name, self.spec, mode, self.timeouts, self._questions, process=self.begun)
        self.begun = None
        return await self._connection.open()

    def _listed(self, tools: list[mcp_types.Tool]) -> list[ListedTool]:
        self.set_aside = self.redact(self._connection.sieve.set_aside) if self._connection else []
        return [ListedTool.of(tool, self.name, self.redact) for tool in tools]

    def _opened(self, seconds: float) -> ServerOpened:
        assert self._connection and self._connection.client
        client = self._connection.client
        info = client.server_info
        self.instructions = str(self.redact(whole(client.instructions))) if client.instructions else None
        return ServerOpened(
            server=self.name,
            transport=self.transport,
            protocol=client.protocol_version,
            server_name=self.redact(info.name) if info else None,
            server_version=self.redact(info.version) if info else None,
            seconds=round(seconds, 3),
        )

    async def renew(self, turn: int) -> None:
        """Take in a changed list of tools. One that cannot be had stays as it was."""
        if self._connection and self._connection.changed and self.alive:
            with suppress(CallFault):
                self._take(self._listed(await self._connection.list()))

    def _take(self, tools: list[ListedTool]) -> None:
        self.revision += tools != self.tools
        self.tools = tools

    async def call(self, tool: str, arguments: dict[str, Any], *, repeatable: bool) -> Reply:
        """The server's result; whatever else comes of it is an error result. Raises ServerError when it is given up.

        A call is made again where the server has done nothing for it, or where making it twice does no harm.
        """
        notes: list[str] = []
        for attempt in range(1, CALLS + 1):
            listed = self._find(tool)
            connection = await self._mended(notes, tool)
            if self._find(tool) != listed:
                return self._told("tool_changed", notes, tool=safe_name(tool))
            try:
                sent = await connection.call(tool, arguments)
            except CallFault as fault:
                if fault.lost:
                    await connection.close()
                    if self.stateful:
                        raise self._given_up(tool) from None
                if attempt == CALLS or not await self._may_go_again(connection, fault, repeatable):
                    return self._answer(fault, tool, notes, repeatable)
                continue
            if attempt < CALLS and asks_in_the_old_way(sent) and await self._in_the_old_way(connection) and repeatable:
                continue
            return self._reply(self.redact(whole(sent)), notes)
        raise AssertionError("the last attempt ends the loop")

    def _find(self, tool: str) -> ListedTool | None:
        return next((each for each in self.tools if each.name == tool), None)

    async def _mended(self, notes: list[str], tool: str) -> Connection:
        """The connection, a new one where it was lost. Raises ServerError when none can be had."""
        async with self._mending:
            connection = self._connection
            assert connection
            if connection.alive and not self.lost:
                return connection
            if self.stateful or self._stopped:
                raise self._given_up(tool)
            lost = self.error("it was lost").failure
            for wait in BACKOFF:
                await self.sleep(wait)
                try:
                    self._take(self._listed(await self._negotiate()))
                except ServerError:
                    continue
                ended = f" (exited with {lost.exit})" if lost.exit is not None else ""
                notes.append(f"server {self.name!r} was lost{ended} and opened again")
                self.lost = False
                assert self._connection
                return self._connection
            raise self._given_up(tool)

    async def _may_go_again(self, connection: Connection, fault: CallFault, repeatable: bool) -> bool:
        """Whether the call is made once more; when it is, all that has to be waited for has been waited for."""
        if fault.needs_old_way:
            return await self._in_the_old_way(connection) and repeatable
        if not (fault.may_pass and (fault.unsent or repeatable)):
            return False
        if fault.refusal and fault.refusal.retry_after is not None:
            if fault.refusal.retry_after > LONGEST_WAIT:
                return False
            await self.sleep(fault.refusal.retry_after)
        elif fault.refusal and not fault.lost:
            await self.sleep(BACKOFF[1])
        return True

    async def _in_the_old_way(self, connection: Connection) -> bool:
        """Open a server anew that asks back as servers did before 2026-07-28; whether it is open so."""
        if connection.mode != "auto" or self.stateful or self._stopped:
            return False
        async with self._mending:
            if self._connection is not connection:
                return True  # another call has done it
            try:
                self._take(self._listed(await self._connect(verdicts.LEGACY)))
            except Exception:
                return False
        verdicts.remember(self.address, legacy=True)
        return True

    def _answer(self, fault: CallFault, tool: str, notes: list[str], repeatable: bool) -> Reply:
        """What the model is told. Raises ServerError for a server that does not stay alive."""
        says = " ".join(str(self.redact(fault.says)).split())
        if fault.timed_out is not None:
            return self._told("no_answer", notes, tool=safe_name(tool), seconds=f"{fault.timed_out:g}")
        unreachable = fault.refusal is not None and fault.refusal.failure is not None
        if (fault.lost or unreachable) and (repeatable or fault.unsent):
            raise self._given_up(tool)
        if fault.needs_old_way:
            return self._told("asks_back", notes, tool=safe_name(tool))
        if fault.lost or (fault.may_pass and not fault.unsent and not repeatable):
            return self._told("lost_call", notes, tool=tool, reason=says)
        if fault.unreadable:
            return self._told("unreadable", notes, tool=tool, reason=says[:UNREADABLE_LENGTH])
        return self._reply(error_result(str(self.redact(fault.says))[:SAID]), notes)

    def _told(self, words: str, notes: list[str], **values: object) -> Reply:
        """In our words; with a reason, they hold some of the server's."""
        return self._reply(error_result(data.words(words, **values)), notes, by_host="reason" not in values)

    def _reply(self, result: dict[str, JSON], notes: list[str], *, by_host: bool = False) -> Reply:
        asked, sampled = self._questions.told()
        told = [str(self.redact(note)) for note in dict.fromkeys([*notes, *asked])]
        return Reply(result, notes=told, by_host=by_host, sampled=sampled)

    def _given_up(self, tool: str) -> ServerError:
        self.lost = True
        return self.error(f"it was lost in a call of {tool}")

    def _failure(self, error: Exception) -> ServerError:
        """Of its start."""
        return self.error(*advice.of_start(error, self._connection, self.timeouts))

    def _last_words(self, process: StdioProcess | None) -> str:
        return str(self.redact(process.stderr_text())).strip() if process else ""

    def error(self, why: str, hint: str | None = None) -> ServerError:
        """What is known of a failure: reason, command, exit status, the last lines of stderr."""
        process = self._connection.process if self._connection else None
        if process and process.noise:
            why += f"; its stdout held {str(self.redact(process.noise))[:NOISE_LENGTH]!r}, which is no MCP message"
        failed = ServerFailed(
            server=self.name,
            command=self.command,
            exit=process.exit_status if process else None,
            stderr="\n".join(self._last_words(process).splitlines()[-STDERR_LINES:])[-STDERR_LENGTH:],
            reason=str(self.redact(why))[:SAID],
            required=self.required,
        )
        optional = ", or mark it `required: false`" if self.required else ""
        return ServerError(failed, hint=(hint or advice.in_general(self.spec)) + optional, stderr=self.stderr)
