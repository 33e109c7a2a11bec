"""What moves the simulated market from behind: the phases of the economy, and the drift planted in each sector."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from agent.market import vn_parameters as p
from agent.market.vn_calendar import sessions
from agent.market.vn_random import normals, uniforms

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agent.market.pack import Floats, Integers

YEAR = 252
"""Sessions."""


class Phase(NamedTuple):
    """A regime and its first and last day."""

    first: date
    last: date
    regime: str


@dataclass(frozen=True)
class Latent:
    """What no tool tells. T sessions, S sectors."""

    days: tuple[date, ...]
    regime: Integers
    """Position in REGIMES of each session, (T,)."""
    planted: Floats
    """What each sector is expected to earn above its beta's part of the market, % a year, (T, S)."""
    lean: Floats
    """The same in standard deviations of leadership, whatever the difficulty: what informed traders follow, (T, S)."""


def latent(setting: p.Setting) -> Latent:
    days = sessions(p.FIRST, p.LAST)
    regime = on(phases(setting.seed, "Vietnam"), days)
    drift = column("tilts").T[regime] + _leadership(setting.seed, len(days)) + _hike(days)
    return Latent(days, regime, p.DIFFICULTIES[setting.difficulty] * drift, drift / p.LEADERSHIP_SPREAD)


def column(name: str) -> Floats:
    """One column of the sector table, (S,), or (S, regimes) for the tilts."""
    return np.array([getattr(sector, name) for sector in p.SECTORS.values()], dtype=np.float64)


def by_regime(name: str) -> Floats:
    """One column of the table of regimes, (regimes,)."""
    return np.array([getattr(regime, name) for regime in p.REGIMES.values()], dtype=np.float64)


def phases(seed: int, region: str) -> tuple[Phase, ...]:
    """The regimes of a region from HISTORY to LAST, each of random length, in the order of the cycle."""
    first, names, found = date(p.HISTORY, 1, 1), tuple(p.REGIMES), []
    longest = (p.LAST - first).days // p.SHORTEST_PHASE + 1
    for i, chance in enumerate(uniforms(seed, f"regimes {region}", longest).tolist()):
        if first > p.LAST:
            break
        length = p.SHORTEST_PHASE + int(chance * (p.LONGEST_PHASE - p.SHORTEST_PHASE + 1))
        last = min(first + timedelta(length - 1), p.LAST)
        found.append(Phase(first, last, names[i % len(names)]))
        first = last + timedelta(1)
    return tuple(found)


def on(cycle: tuple[Phase, ...], days: Iterable[date]) -> Integers:
    """Position in REGIMES of the regime on each day."""
    starts, names = [phase.first for phase in cycle], tuple(p.REGIMES)
    return np.array([names.index(cycle[bisect_right(starts, day) - 1].regime) for day in days])


def drawn_to(targets: Floats, inertia: float, shocks: Floats | None = None) -> Floats:
    """A level that starts at its first target and closes a part of the distance at every step."""
    levels = targets.copy()
    for t in range(1, len(levels)):
        levels[t] = inertia * levels[t - 1] + (1 - inertia) * targets[t]
        levels[t] += 0 if shocks is None else shocks[t]
    return levels


def _leadership(seed: int, length: int) -> Floats:
    """The part of each sector's drift that is its own and fades, % a year, (T, S)."""
    shocks = normals(seed, "leadership", length, len(p.SECTORS)) * p.LEADERSHIP_SPREAD
    keep = p.LEADERSHIP_PERSISTENCE
    fresh = np.sqrt(1 - keep * keep)
    lead = np.empty_like(shocks)
    lead[0] = shocks[0]
    for t in range(1, length):
        lead[t] = keep * lead[t - 1] + fresh * shocks[t]
    return lead


def _hike(days: tuple[date, ...]) -> Floats:
    """What the rise of interest rates adds, % a year, (T, S)."""
    while_it_lasts = np.array([p.RATE_HIKE.first <= day <= p.RATE_HIKE.last for day in days])
    drift = np.array([p.RATE_HIKE.drift.get(sector, 0) for sector in p.SECTORS], dtype=np.float64)
    return while_it_lasts[:, None] * drift
