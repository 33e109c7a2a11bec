"""What a run leaves open, for people to know: rows that were withheld, old data, sectors that two servers name alike, a
model near its end, a cache that was not used."""

from __future__ import annotations

from datetime import date

from agent import prices
from agent.result import Call, RunResult
from agent.spec import AgentSpec

CACHED_FROM = 4_096
"""Tokens from which on every model's requests are cached, where they are cached at all."""


def doubts(result: RunResult, spec: AgentSpec, today: date) -> list[str]:
    """Warnings, each a sentence. A run without an as-of date is judged against `today`."""
    found = (_old_data(result, spec, today), _shared_sectors(result), _retiring(result, today), _uncached(result))
    return [*_withheld(result), *(each for each in found if each)]


def _withheld(result: RunResult) -> list[str]:
    """One for each tool."""
    by_tool: dict[str, list[Call]] = {}
    for call in result.calls:
        if call.withheld:
            by_tool.setdefault(call.offered_as, []).append(call)
    warnings = []
    for tool, calls in by_tool.items():
        rows, latest = sum(call.rows_withheld for call in calls), max(call.withheld["latest"] for call in calls)
        what = "1 row later than the as-of date was" if rows == 1 else f"{rows:,} rows later than the as-of date were"
        warnings.append(f"{what} withheld: from {tool}, the latest of {latest}")
    return warnings


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


def _retiring(result: RunResult, today: date) -> str | None:
    if result.retires is None or not prices.is_near(result.retires, today):
        return None
    verb = "retires" if date.fromisoformat(result.retires) >= today else "was to retire"
    return f"{result.model} {verb} on {result.retires}: name another one, in model.name or with --model"


def _uncached(result: RunResult) -> str | None:
    """The second turn repeats the first, within minutes: that should be read, and not paid for in full again."""
    if len(result.by_turn) < 2 or not result.caches:
        return None
    first, second = (each.usage for each in result.by_turn[:2])
    cacheable = first.cache_write or first.cache_read or first.input >= CACHED_FROM
    if second.cache_read or not cacheable:
        return None
    return "turn 2 read nothing from the cache: either minutes passed before it, or the server does not cache"
