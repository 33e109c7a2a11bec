"""What the figures of a run leave open, for people to know: old data, and sectors that two servers name alike."""

from __future__ import annotations

from datetime import date

from agent.result import RunResult
from agent.spec import AgentSpec


def doubts(result: RunResult, spec: AgentSpec, today: date) -> list[str]:
    """Warnings, each a sentence. A run without an as-of date is judged against `today`."""
    return [each for each in (_old_data(result, spec, today), _shared_sectors(result)) if each]


def _old_data(result: RunResult, spec: AgentSpec, today: date) -> str | None:
    if result.observed is None:
        return None
    newest = date.fromisoformat(result.observed[1])
    asked = date.fromisoformat(result.as_of) if result.as_of else today
    if (asked - newest).days <= spec.horizon_days:
        return None
    when = f"the as-of date, {asked}" if result.as_of else f"today, {asked}"
    return f"the newest figure was observed on {newest}, more than the horizon of {spec.horizon} before {when}"


def _shared_sectors(result: RunResult) -> str | None:
    server_of = {call.id: call.server for call in result.calls}
    servers: dict[str, set[str | None]] = {}
    for figure in result.figures:
        if figure.sector is not None:
            servers.setdefault(figure.sector, set()).add(server_of.get(figure.call))
    shared = [sector for sector, names in servers.items() if len(names) > 1]
    return f"two servers have figures for {', '.join(shared)}: they may mean different markets" if shared else None
