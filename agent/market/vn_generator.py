"""Turns the parameters of `vn-sim` into its numbers, the same to the bit on every machine.

Random numbers use only what is exact in IEEE arithmetic: raw PCG64 words, 53-bit uniforms, and normals as
sums of twelve uniforms (Irwin-Hall). Results are rounded to integers before anything is added up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from agent.market import vn_parameters as p
from agent.market.pack import Panel, Series, Statements, Trading
from agent.market.vn_calendar import sessions

if TYPE_CHECKING:
    from agent.market.pack import Floats, Integers

BasisPoints = NDArray[np.int16]

_STREAMS = (
    "regimes Vietnam",
    "regimes Global",
    "market",
    "sectors",
    "leadership",
    "turnover",
    "foreign",
    "whales",
    "whale direction",
    "macro Vietnam",
    "macro Global",
    "statements",
)
_TABLE = tuple(p.SECTORS.values())
_WEIGHTS = np.array([sector.weight for sector in _TABLE])
_YEAR = 252


@dataclass(frozen=True)
class World:
    """Everything simulated. `returns_bp` holds the sectors' daily returns in basis points, int16, (T, S)."""

    returns_bp: BasisPoints
    panel: Panel
    trading: Trading
    macro: Mapping[str, Mapping[str, Series]]
    statements: Statements


@cache
def generate() -> World:
    """The whole simulated market, computed once a process."""
    months = tuple(_month_ends())
    regimes = {region: _regimes(region, len(months)) for region in p.MACRO}
    days = sessions(p.FIRST, p.LAST)
    regime = regimes["Vietnam"][[12 * (day.year - p.HISTORY) + day.month - 1 for day in days]]
    planted = _planted_drift(regime)
    returns = _returns(regime, planted)
    benchmark = np.rint((returns.astype(np.int64) * _WEIGHTS).sum(axis=1) / _WEIGHTS.sum())
    return World(
        returns_bp=returns,
        panel=Panel(days, returns / 10_000, benchmark / 10_000),
        trading=_trading(days, regime, planted, returns),
        macro={region: _macro(region, months, regimes[region]) for region in p.MACRO},
        statements=_statements(months, regimes["Vietnam"]),
    )


def _uniforms(stream: str, *shape: int) -> Floats:
    """In [0, 1), from 53 random bits each."""
    seed = np.random.SeedSequence([p.SEED, _STREAMS.index(stream)])
    words = np.random.PCG64(seed).random_raw(int(np.prod(shape)))
    return (words >> np.uint64(11)).astype(np.float64).reshape(shape) * 2.0**-53


def _normals(stream: str, *shape: int) -> Floats:
    """Mean 0, variance 1, within 6 of 0: twelve uniforms added one after the other, as order matters."""
    parts = _uniforms(stream, 12, *shape)
    total = np.full(shape, -6.0)
    for part in parts:
        total += part
    return total


def _table(name: str) -> Floats:
    """One column of the sector table, (S,), or (S, regimes) for the tilts."""
    return np.array([getattr(sector, name) for sector in _TABLE], dtype=np.float64)


def _by_regime(name: str) -> Floats:
    return np.array([getattr(regime, name) for regime in p.REGIMES.values()], dtype=np.float64)


def _month_ends() -> list[date]:
    firsts = [
        date(year + month // 12, month % 12 + 1, 1)
        for year in range(p.HISTORY, p.LAST.year + 1)
        for month in range(1, 13)
    ]
    return [day - timedelta(1) for day in firsts]


def _regimes(region: str, months: int) -> Integers:
    """The number of the regime in each month: phases of random length, in the order of the cycle."""
    spread = p.LONGEST_PHASE - p.SHORTEST_PHASE + 1
    lengths = p.SHORTEST_PHASE + (spread * _uniforms(f"regimes {region}", months)).astype(np.int64)
    return (np.repeat(np.arange(months), lengths) % len(p.REGIMES))[:months]


def _planted_drift(regime: Integers) -> Floats:
    """What each sector is expected to earn above the market, % a year, (T, S)."""
    shocks = _normals("leadership", len(regime), len(_TABLE)) * p.LEADERSHIP_SPREAD
    keep = p.LEADERSHIP_PERSISTENCE
    fresh = np.sqrt(1 - keep * keep)
    lead = np.empty_like(shocks)
    lead[0] = shocks[0]
    for t in range(1, len(shocks)):
        lead[t] = keep * lead[t - 1] + fresh * shocks[t]
    return p.PLANTED_STRENGTH * (_table("tilts").T[regime] + lead)


def _returns(regime: Integers, planted: Floats) -> BasisPoints:
    """Daily sector returns in basis points: beta x market + planted drift + own noise, within the limit."""
    turbulence = _by_regime("turbulence")[regime]
    root = np.sqrt(float(_YEAR))
    market = _by_regime("drift")[regime] / _YEAR
    market = market + p.MARKET_VOLATILITY / root * turbulence * _normals("market", len(regime))
    own = _table("volatility") / root * turbulence[:, None] * _normals("sectors", *planted.shape)
    percent = market[:, None] * _table("beta") + planted / _YEAR + own
    limited: BasisPoints = np.rint(100 * np.clip(percent, -p.DAILY_LIMIT, p.DAILY_LIMIT)).astype(np.int16)
    return limited


def _trading(days: tuple[date, ...], regime: Integers, planted: Floats, returns: BasisPoints) -> Trading:
    """Turnover, foreign and large trades in VND million."""
    shape = planted.shape
    first, last = p.TURNOVER
    market = first + (last - first) * (np.arange(shape[0]) / shape[0])
    bustle = np.clip(1 + 0.3 * _normals("turnover", *shape), 0.3, None)
    bustle = bustle * _by_regime("turbulence")[regime][:, None]
    turnover = 1000 * market[:, None] * (_table("weight") / _WEIGHTS.sum()) * bustle
    drift = planted / (p.PLANTED_STRENGTH * p.LEADERSHIP_SPREAD)
    on_drift, on_return, on_noise = p.FOREIGN_LEAN
    lean = on_drift * drift + on_return * _past_week(returns) + on_noise * _normals("foreign", *shape)
    imbalance = 0.2 * np.clip(lean, -3, 3)
    foreign = turnover * _table("foreign")
    chance, size = _uniforms("whales", 2, *shape)
    buys = 0.3 * drift + _normals("whale direction", *shape) > 0
    trades = (chance < p.WHALE_CHANCE).astype(np.int64)
    low, high = p.WHALE_SHARE
    whale = _million(trades * turnover * (low + (high - low) * size))
    return Trading(
        dates=days,
        turnover=_million(turnover),
        foreign_buy=_million(foreign * (1 + imbalance) / 2),
        foreign_sell=_million(foreign * (1 - imbalance) / 2),
        whale_buy=np.where(buys, whale, 0),
        whale_sell=np.where(buys, 0, whale),
        whale_trades=trades,
    )


def _million(amounts: Floats) -> Integers:
    return np.rint(amounts).astype(np.int64)


def _past_week(returns: BasisPoints) -> Floats:
    """Each sector's return over the last 5 sessions, in units of 3 %."""
    total = np.cumsum(returns, axis=0, dtype=np.int64)
    before = np.vstack([np.zeros_like(total[:5]), total[:-5]])
    return (total - before) / 300


def _macro(region: str, months: tuple[date, ...], regime: Integers) -> dict[str, Series]:
    """The indicators of a region in percent, with two decimals."""
    indicators = p.MACRO[region]
    noise = _normals(f"macro {region}", len(indicators), len(months))
    series = {}
    for (name, about), shocks in zip(indicators.items(), noise, strict=True):
        targets = np.array(about.levels)[regime]
        levels = np.rint(100 * _drawn_to(targets, p.MACRO_INERTIA, about.noise * shocks)) / 100
        quarterly = name == "gdp_growth"
        kept = [i for i, day in enumerate(months) if not quarterly or day.month % 3 == 0]
        observed = tuple(months[i] for i in kept)
        series[name] = Series(
            observed,
            tuple(day + timedelta(about.delay) for day in observed),
            tuple(float(levels[i]) for i in kept),
            ("on the same quarter a year before; it exists by quarter only.",) if quarterly else (),
        )
    return series


def _drawn_to(targets: Floats, inertia: float, shocks: Floats | None = None) -> Floats:
    """A level that starts at its first target and closes a part of the distance every month."""
    levels = targets.copy()
    for t in range(1, len(levels)):
        levels[t] = inertia * levels[t - 1] + (1 - inertia) * targets[t]
        levels[t] += 0 if shocks is None else shocks[t]
    return levels


def _statements(months: tuple[date, ...], regime: Integers) -> Statements:
    """Revenue and net profit of each sector's companies a quarter, in VND billion."""
    quarters = tuple(day for day in months if day.month % 3 == 0)
    cycle = _drawn_to(_by_regime("revenue")[regime], p.MACRO_INERTIA)[2::3, None] * _table("beta")
    noise = _normals("statements", 2, *cycle.shape)
    trend = np.cumprod(np.full(len(quarters), p.REVENUE_TREND))[:, None]
    revenue = np.rint(_table("revenue") * trend * (1 + cycle + 0.02 * noise[0]))
    margin = _table("margin") / 100 * np.clip(1 + 3 * cycle + 0.08 * noise[1], 0.2, 2.0)
    return Statements(
        quarters=quarters,
        revenue=revenue.astype(np.int64),
        profit=np.rint(revenue * margin).astype(np.int64),
        filing_days=p.FILING_DAYS,
    )
