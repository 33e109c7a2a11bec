"""The securities behind a sector's flow, where a tool has them one by one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from operator import attrgetter

from agent.figures import Figure, latest
from agent.report.heatmap import finite, numbers_text, unit_label
from agent.report.words import Words
from agent.taxonomy import SectorKey, folded

MOST = 3
_FLOW = re.compile(r"\b(net|flows?|bought|sold|buy|sell)\b")
_SHARE = re.compile(r"^(%|percent|pct|ratio)", re.IGNORECASE)


def largest(figures: Sequence[Figure], key_of: SectorKey = folded) -> dict[str, list[Figure]]:
    """Sector key → its MOST securities with the largest flow, whatever its sign, the largest first.

    Flow is the first metric of a sector's securities that is called net, flow, bought or sold and is an amount; of each
    security counts what was observed last.
    """
    flows: dict[str, list[Figure]] = {}
    for figure in figures:
        if figure.ticker and figure.sector and _is_flow(figure):
            flows.setdefault(key_of(figure.sector), []).append(figure)
    of_sector: dict[str, list[Figure]] = {}
    for key, found in flows.items():
        ours = (each for each in found if _measure(each) == _measure(found[0]))
        moved = filter(finite, latest(ours, attrgetter("ticker")).values())
        if named := sorted(moved, key=lambda each: (-abs(each.value or 0), each.ticker or ""))[:MOST]:
            of_sector[key] = named
    return of_sector


def behind_text(securities: Sequence[Figure], say: Words) -> str:
    """Such as `VCB +120.5, BID −33.0 VND bn 1M`."""
    first = securities[0]
    values = numbers_text(first.metric, first.unit, [each.value or 0.0 for each in securities])
    named = ", ".join(f"{each.ticker} {value}" for each, value in zip(securities, values, strict=True))
    return " ".join(part for part in (named, say(unit_label(first.unit)), first.lookback) if part)


def _measure(figure: Figure) -> tuple[str, str, str | None]:
    return figure.tool, figure.metric, figure.lookback


def _is_flow(figure: Figure) -> bool:
    return bool(_FLOW.search(figure.metric.replace("_", " ").casefold())) and not _SHARE.search(figure.unit or "")
