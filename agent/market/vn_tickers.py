"""The companies of the simulated market. Their names, S0001 and on, are none that an exchange would list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from agent.market import vn_parameters as p
from agent.market.vn_random import uniforms
from agent.market.vn_regimes import column

if TYPE_CHECKING:
    from agent.market.pack import Floats, Integers


@dataclass(frozen=True)
class Tickers:
    """One entry a ticker, (N,); by sector, and in a sector the largest first."""

    names: tuple[str, ...]
    sector: Integers
    """Position in SECTORS."""
    exchange: tuple[str, ...]
    weight: Integers
    """In 10,000 of its sector."""
    beta: Floats
    volatility: Floats
    """Its own, % a session."""
    limit: Floats
    """Of a day's move, %."""
    rank: Floats
    """Place in its sector as a fraction: 0 the largest, below 1 the smallest."""

    def by_sector(self, amounts: Integers) -> Integers:
        """Sums of whole numbers over the tickers of each sector, (..., N) → (..., S)."""
        starts = np.searchsorted(self.sector, np.arange(len(p.SECTORS)))
        total: Integers = np.add.reduceat(amounts, starts, axis=-1, dtype=np.int64)
        return total

    def sector_beta(self) -> Floats:
        """Beta of each sector: the weighted mean of its tickers', (S,)."""
        hundredths = np.rint(100 * self.beta).astype(np.int64)
        return self.by_sector(self.weight * hundredths) / 1_000_000

    def market_weight(self) -> Integers:
        """In 10,000,000 of the market, (N,)."""
        return self.weight * column("weight").astype(np.int64)[self.sector]


def tickers(seed: int) -> Tickers:
    sizes = [sector.listed for sector in p.SECTORS.values()]
    count = sum(sizes)
    sector = np.repeat(np.arange(len(sizes)), sizes)
    rank = np.concatenate([np.arange(size) / size for size in sizes])
    luck = uniforms(seed, "tickers", 3, count)
    until = np.array([exchange.until for exchange in p.EXCHANGES.values()])
    exchange = np.searchsorted(until, rank + 0.3 * (luck[0] - 0.5), side="right")
    low, high = p.OWN_VOLATILITY
    return Tickers(
        names=tuple(f"S{number:04}" for number in range(1, count + 1)),
        sector=sector,
        exchange=tuple(list(p.EXCHANGES)[i] for i in exchange),
        weight=np.array([weight for size in sizes for weight in _weights(size)]),
        beta=np.rint(100 * column("beta")[sector] * (1 + p.BETA_SPREAD * (2 * luck[1] - 1))) / 100,
        volatility=np.rint(100 * (low + (high - low) * (0.6 * rank + 0.4 * luck[2]))) / 100,
        limit=np.array([each.limit for each in p.EXCHANGES.values()])[exchange],
        rank=rank,
    )


def _weights(size: int) -> list[int]:
    """1/rank, none above NAME_CAP, in 10,000; what the cap cuts off goes to the others by their weight."""
    parts, capped, cap = [1 / rank for rank in range(1, size + 1)], 0, p.NAME_CAP
    while parts[capped] / sum(parts[capped:]) * (1 - capped * cap) > cap:
        capped += 1
    left = (1 - capped * cap) / sum(parts[capped:])
    weights = [int(10_000 * (cap if i < capped else part * left)) for i, part in enumerate(parts)]
    weights[-1] += 10_000 - sum(weights)
    return weights
