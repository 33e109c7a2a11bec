"""Opening the servers of a sitting, and what they offer: each step an event."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import TypeAlias

from agent.agentfile import AgentFile
from agent.errors import DecisionError, ServerError
from agent.events import ServerOpened
from agent.journal import Journal
from agent.result import RunResult
from agent.tools import manifest
from agent.tools.collecting import collect
from agent.tools.ports import OpenServer, Outcome
from agent.tools.toolbox import Toolbox

NEW_ATTEMPT = "--new-attempt begins the run again, beside the first"

ASK_ANEW = "it can be asked as a question of its own: advisor ask"

Opening: TypeAlias = Callable[[AgentFile], AbstractAsyncContextManager[Sequence[tuple[OpenServer, Outcome]]]]
"""How the servers of an agent file are opened, each with what came of it. Raises ServerError for a required one."""


async def open_servers(
    opening: Opening, file: AgentFile, as_of: str | None, journal: Journal, stack: AsyncExitStack, *, attended: bool
) -> Toolbox:
    """Open the servers, and choose from what they have. `attended`: whether somebody can be asked about calls.

    Raises ServerError when a required one failed; DecisionError when a run that goes on cannot have what it had.
    """
    require_no_state(file, journal.result, ASK_ANEW if journal.result.earlier else NEW_ATTEMPT)
    try:
        outcomes = await stack.enter_async_context(opening(file))
    except ServerError as error:
        journal.emit(error.failure)
        raise
    if file.spec.mcpServers is None and any(_is_of_the_file(outcome) for _, outcome in outcomes):
        journal.warn("no mcpServers in the agent file: the embedded market server was used, with simulated data")
    working = []
    for server, outcome in outcomes:
        if isinstance(outcome, ServerOpened):
            for event in (outcome, *manifest.listing(server)):
                journal.emit(event)
            working.append(server)
        else:
            journal.emit(outcome.failure)
            journal.warn(outcome.message)
    box = collect(file.spec, as_of, working, attended=attended)
    box.names = [server.name for server, _ in outcomes]
    box.words = {server.name: outcome.stderr for server, outcome in outcomes if isinstance(outcome, ServerError)}
    journal.follow(box)
    return box


def require_no_state(file: AgentFile, result: RunResult, hint: str) -> None:
    """Raises DecisionError when a run cannot go on because of what it did on a stateful server."""
    stateful = {name for name, server in file.spec.servers.items() if server.stateful}
    if used := stateful & {call.server for call in result.calls}:
        raise DecisionError(f"server {used.pop()!r} is stateful: what the run did there is gone", hint=hint)


def _is_of_the_file(outcome: Outcome) -> bool:
    """Whether a server was started or called as the agent file says, and is no object of this process."""
    return isinstance(outcome, ServerOpened) and outcome.transport != "memory"


def offer(box: Toolbox, journal: Journal) -> None:
    """Tell what is offered; a run that goes on keeps what it was offered.

    Raises DecisionError when that has changed.
    """
    box.add_reader()
    contents, offered = manifest.offer(box)
    before = journal.result.offered
    if not journal.result.turns and not journal.result.requests:
        for event in (*contents, offered):
            journal.emit(event)
        return
    now = {tool["name"]: tool for tool in offered.tools}
    for tool in before.tools:
        if now.get(tool["name"]) != tool:
            what = "is offered no more" if tool["name"] not in now else "is not what it was"
            raise DecisionError(
                f"tool {tool['name']!r} of {tool['server']!r} {what} since the run began",
                hint=ASK_ANEW if journal.result.earlier else NEW_ATTEMPT,
            )
    box.tools = {tool["name"]: box.tools[tool["name"]] for tool in before.tools}
