"""What was found in a folder, for whoever wants to see it before it is served."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from agent.market import tools
from agent.market.envelope import rounded
from agent.market.folder import Market


def facts(market: Market) -> dict[str, Any]:
    """As JSON. The longest gap and the largest move are where missing dates and splits show."""
    pack = market.pack
    assert pack.panel
    days = pack.panel().dates
    before, after = max(pairwise(days), key=lambda pair: pair[1] - pair[0])
    name, day, value = market.largest
    return {
        "name": pack.name,
        "kind": pack.kind,
        "rhythm": market.rhythm,
        "first": pack.first.isoformat(),
        "last": pack.last.isoformat(),
        "returns": len(days),
        "rows": dict(market.rows),
        "sectors": list(pack.sectors),
        "tickers": market.tickers,
        "benchmark": pack.benchmark,
        "regions": list(pack.regions),
        "indicators": list(pack.indicators),
        "longest_gap": {"from": before.isoformat(), "to": after.isoformat(), "days": (after - before).days},
        "largest_move": {"name": name, "date": day.isoformat(), "percent": rounded(100 * value)},
        "tools": list(tools.offered(pack)),
        "not_offered": dict(market.absent),
    }
