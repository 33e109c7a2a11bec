"""Whether tools are what somebody last looked at: by the agent file's lock; in a replay, as it was found then."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from agent.agentfile import AgentFile
from agent.events import ServerOpened, ToolsVouched
from agent.tools.toolbox import Toolbox

UNKNOWN = "appeared while the run was under way and is not offered; `advisor tools accept` takes it in"


class Vouch(Protocol):
    def __call__(
        self, file: AgentFile, box: Toolbox, opened: Sequence[ServerOpened], *, turn: int, first: bool
    ) -> ToolsVouched:
        """Raises ToolsChanged for tools that are not what they were."""


def by_lock(file: AgentFile, box: Toolbox, opened: Sequence[ServerOpened], *, turn: int, first: bool) -> ToolsVouched:
    """What the lock does not know is locked at the beginning of a run, and held back in its middle."""
    from agent.tools import lock
    from agent.tools.collecting import collect

    if file.spec.policy.writes == "ask":  # the same lock whether somebody is there or not
        whole = collect(file.spec, box.as_of, box.servers.values(), attended=True)
    else:
        whole = box
    if first:
        return ToolsVouched(first, lock.check(file, whole, opened), [])
    held = [name for name in lock.held_back(file, whole, opened) if name in box.tools]
    return ToolsVouched(first, [f"tool {name!r} {UNKNOWN}" for name in held], held)


def by_nobody(file: AgentFile, box: Toolbox, opened: Sequence[ServerOpened], *, turn: int, first: bool) -> ToolsVouched:
    """For tools that no live server has."""
    return ToolsVouched(first)
