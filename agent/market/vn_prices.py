"""What each ticker of the simulated market returns a session, and where in the day's range it closes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from agent.market import vn_parameters as p
from agent.market.pack import Panel
from agent.market.vn_random import normals, places, uniforms
from agent.market.vn_regimes import YEAR, Latent, by_regime, column
from agent.market.vn_tickers import Tickers

if TYPE_CHECKING:
    from agent.market.pack import Floats

BasisPoints = NDArray[np.int16]
Percent = NDArray[np.int8]


def returns(seed: int, hidden: Latent, listed: Tickers) -> BasisPoints:
    """Beta x market + planted drift + noise of the sector + noise of its own + jumps, within the limit, (T, N)."""
    turbulence = by_regime("turbulence")[hidden.regime]
    root = np.sqrt(float(YEAR))
    market = by_regime("drift")[hidden.regime] / YEAR
    market = market + p.MARKET_VOLATILITY / root * turbulence * normals(seed, "market", len(hidden.days))
    shared = hidden.planted / YEAR
    shared = shared + column("volatility") / root * turbulence[:, None] * normals(seed, "sectors", *shared.shape)
    shape = len(hidden.days), len(listed.names)
    percent = normals(seed, "returns", *shape) * listed.volatility * turbulence[:, None]
    percent += market[:, None] * listed.beta
    percent += shared[:, listed.sector]
    _add_jumps(seed, percent)
    np.clip(percent, -listed.limit, listed.limit, out=percent)
    basis_points: BasisPoints = np.rint(100 * percent).astype(np.int16)
    return basis_points


def _add_jumps(seed: int, percent: Floats) -> None:
    """A given number of jumps at random places: Poisson arrivals whose number is known."""
    count = int(p.JUMP_RATE * percent.size)
    where, size, sign = uniforms(seed, "jumps", 3, count)
    low, high = p.JUMP_SIZE
    jumps = (low + (high - low) * size) * np.where(sign < 0.5, -1.0, 1.0)
    percent.reshape(-1)[places(where, percent.size)] += jumps


def close_location(seed: int, moves: BasisPoints, hidden: Latent, listed: Tickers, whales: Percent) -> Percent:
    """Where the close lies in the day's range, from -100 the low to 100 the high, (T, N).

    whales: +1 where a large trade buys, -1 where one sells.
    """
    scale = 100 * listed.volatility * by_regime("turbulence")[hidden.regime][:, None]
    place = 35 * (moves / scale) + 35 * normals(seed, "close", *moves.shape) + 90.0 * whales
    location: Percent = np.rint(np.clip(place, -100, 100)).astype(np.int8)
    return location


def panel(moves: BasisPoints, hidden: Latent, listed: Tickers) -> Panel:
    """Sectors and the market by constant weights, each divided once and so rounded once."""
    sectors = listed.by_sector(moves * listed.weight)
    market = (sectors * column("weight").astype(np.int64)).sum(axis=1)
    return Panel(hidden.days, sectors / 1e8, market / 1e11)
