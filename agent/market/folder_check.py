"""What was found in a folder, for whoever wants to see it before it is served."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from agent.market import tools
from agent.market.envelope import rounded
from agent.market.folder import Market
from agent.market.folder_prices import Move

LOOKBACKS = ("1M", "3M", "6M", "1Y")
"""Those that are usually asked for."""


def facts(market: Market) -> dict[str, Any]:
    """As JSON. The longest gap and the largest moves are where missing dates and splits show."""
    pack = market.pack
    assert pack.panel
    returns = len(pack.panel().dates)
    before, after = max(pairwise(market.days), key=lambda pair: pair[1] - pair[0])
    needs = {lookback: int(lookback[:-1]) * pack.periods[lookback[-1]] for lookback in LOOKBACKS}
    return {
        "name": pack.name,
        "kind": pack.kind,
        "rhythm": market.rhythm,
        "first": pack.first.isoformat(),
        "last": pack.last.isoformat(),
        "returns": returns,
        "rows": dict(market.rows),
        "sectors": list(pack.sectors),
        "tickers": market.tickers,
        "benchmark": pack.benchmark,
        "regions": list(pack.regions),
        "indicators": list(pack.indicators),
        "longest_gap": {"from": before.isoformat(), "to": after.isoformat(), "days": (after - before).days},
        "largest_move": _told(market.largest),
        "look_at": [_told(move) for move in market.startling],
        "lookbacks": {lookback: {"needs": n, "reached": n <= returns} for lookback, n in needs.items()},
        "tools": list(tools.offered(pack)),
        "not_offered": dict(market.absent),
    }


def _told(move: Move) -> dict[str, Any]:
    return {"name": move.name, "date": move.date.isoformat(), "percent": rounded(100 * move.value)}
