"""What was planted in the simulated market, as JSON for whoever judges answers. No tool tells any of it."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from agent.market import vn_parameters as p
from agent.market.vn_regimes import YEAR, by_regime, column, phases

if TYPE_CHECKING:
    from agent.market.pack import Floats
    from agent.market.vn_world import World

HORIZON = 63
"""Sessions that an expectation is about."""


def expected(world: World) -> Floats:
    """What each sector is expected to earn a session, %, (T, S): beta x drift of the market + planted drift."""
    market = by_regime("drift")[world.hidden.regime][:, None]
    return (market * world.tickers.sector_beta() + world.hidden.planted) / YEAR


def expected_excess(world: World) -> Floats:
    """The same above the mean of all sectors by weight, (T, S); sums run over the sectors one after the other."""
    each = expected(world)
    mean = np.zeros(len(each))
    for sector, weight in zip(each.T, column("weight"), strict=True):
        mean += sector * weight / 1000
    return each - mean[:, None]


def truth(world: World) -> str:
    """Regimes, the rate hike, expected excess returns at the ends of months, and all parameters."""
    days = world.hidden.days
    excess = expected_excess(world)
    path = np.vstack([np.zeros(len(p.SECTORS)), np.cumsum(excess, axis=0)])
    ends = [i for i, day in enumerate(days) if day == days[-1] or day.month != days[i + 1].month]
    ahead = {i: path[i + 1 + HORIZON] - path[i + 1] for i in ends if i + HORIZON < len(days)}
    return _json(
        {
            "kind": "simulated",
            "setting": world.setting,
            "generator_version": p.VERSION,
            "regimes": {region: phases(world.setting.seed, region) for region in p.MACRO},
            "rate_hike": p.RATE_HIKE,
            "planted_strength": p.DIFFICULTIES[world.setting.difficulty],
            "about_planted_strength": (
                "What was planted is this many times the drift of 'rate_hike' and, in 'parameters', the tilts of "
                "SECTORS and LEADERSHIP_SPREAD, all of which are given at 1; 'expected_excess' holds it already."
            ),
            "expected_excess": {
                "unit": "percent",
                "about": (
                    "beta x the market's drift + planted drift, above the mean of the sectors by weight: "
                    f"'per_year' at the rate of that day, 'ahead' added up over the {HORIZON} sessions after it "
                    "(null where the data end before)."
                ),
                "dates": {
                    days[i].isoformat(): {
                        "per_year": _by_sector(YEAR * excess[i]),
                        "ahead": _by_sector(ahead[i]) if i in ahead else None,
                    }
                    for i in ends
                },
            },
            "parameters": {name: value for name, value in vars(p).items() if name.isupper()},
        }
    )


def tickers(world: World) -> str:
    """Every ticker with its sector, exchange, and weights in percent."""
    listed, sectors = world.tickers, list(p.SECTORS)
    weights = listed.weight / 100, listed.market_weight() / 100_000
    rows = zip(listed.names, listed.sector, listed.exchange, *weights, strict=True)
    return _json(
        {
            "kind": "simulated",
            "unit": "percent",
            "tickers": [
                {
                    "ticker": name,
                    "sector": sectors[sector],
                    "exchange": exchange,
                    "weight": float(of_sector),
                    "weight_in_market": float(of_market),
                }
                for name, sector, exchange, of_sector, of_market in rows
            ],
        }
    )


def _by_sector(values: Floats) -> dict[str, float]:
    return {sector: round(float(value), 2) + 0.0 for sector, value in zip(p.SECTORS, values, strict=True)}


def _json(about: dict[str, Any]) -> str:
    return json.dumps(_plain(about), ensure_ascii=False)


def _plain(value: Any) -> Any:
    """Named tuples as objects, dates as text."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if hasattr(value, "_asdict"):
        return _plain(value._asdict())
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value
