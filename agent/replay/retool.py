"""A recorded run's question to another model, live, over the recorded tools: a run of its own."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from agent.agentfile import AgentFile
from agent.errors import UsageError
from agent.events import ToolsOffered
from agent.journal import Listener
from agent.model.base import Model
from agent.place import Place
from agent.replay.recording import Recording
from agent.replay.servers import ReplayServers, Tier
from agent.result import RunResult
from agent.sitting import Sitting
from agent.vouching import by_nobody


@dataclass(frozen=True)
class Retooled:
    """`found`: how many calls were answered exactly, after normalising, cut from a wider answer, or not at all."""

    result: RunResult
    found: Counter[Tier]

    @property
    def fidelity(self) -> float | None:
        """The share of calls that could be answered; None without a call."""
        calls = self.found.total()
        return 1 - self.found["miss"] / calls if calls else None


async def retool(
    recording: Recording,
    model: Model,
    place: Place,
    *,
    file: AgentFile | None = None,
    simulated: bool = False,
    listen: Listener | None = None,
) -> Retooled:
    """Ask `model` what the recorded run was asked; a call that was not recorded is answered with an error.

    Raises UsageError for a recording without tools, and for a question on another run; SimulatedDataError when a paid
    model would see simulated data and nobody allows it; what a run raises.
    """
    recording.require_first()
    started = recording.started
    servers = ReplayServers(recording)
    if not any(isinstance(event, ToolsOffered) for event in recording.events):
        raise UsageError(f"{started.run_id} stopped before its tools were listed: there is nothing to answer with")
    under = file or recording.file
    allowed = simulated or under.spec.simulated
    sitting = Sitting(
        under,
        started.question,
        started.as_of,
        model,
        allowed,
        model.paid and not allowed,
        place,
        servers.opening,
        vouch=by_nobody,
        replay_of=started.run_id,
        listen=listen,
    )
    try:
        return Retooled(await sitting.run(), servers.lookup.found)
    finally:
        await model.close()
