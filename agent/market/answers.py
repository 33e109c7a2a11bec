"""From checked arguments to the answer of each tool; the economy here, the others in modules of their own."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Any

from agent.market.envelope import MONTHS, Answer, Arguments, enveloped, rounded
from agent.market.heatmap import heatmap
from agent.market.pack import Pack
from agent.market.rotation import market_regime, relative_rotation
from agent.market.tools import unknown
from agent.market.trading import financial_statements, foreign_flow, whale_activity

if TYPE_CHECKING:
    from agent.market.pack import Series


def macro(pack: Pack, arguments: Arguments) -> Answer:
    """Answer of get_macro_indicators."""
    as_of, period = arguments["as_of"], arguments["period"]
    names = {region.casefold(): region for region in pack.regions} | dict(pack.region_aliases)
    region = names.get(arguments["region"].strip().casefold())
    if region is None:
        raise unknown("region", arguments["region"], pack.regions)
    assert pack.macro is not None
    series = pack.macro(region)
    indicators = list(dict.fromkeys(arguments["indicators"]))
    readings = {indicator: _reading(indicator, series[indicator], as_of, period) for indicator in indicators}
    rows = [row for row, _ in readings.values()]
    # In the pack's order whatever was asked first, so that a narrower answer can be cut out of a wider one.
    notes = [note for indicator in pack.indicators if indicator in readings for note in readings[indicator][1]]
    columns = {
        "value": {"unit": "see row", "method_id": f"latest({period})"},
        "previous": {"unit": "see row", "method_id": f"previous({period})"},
        "change": {"unit": "percentage points", "method_id": "value - previous"},
    }
    dates = {
        name: max((row[name] for row in rows if name in row), default=as_of) for name in ("observed_at", "known_at")
    }
    vintage = {"vintage": pack.vintage} if pack.vintage else {}
    said = {"region": region, "indicators": indicators, "period": period, "known_at_kind": pack.known_at_kind}
    return enveloped(pack, {"as_of": as_of} | dates | said | vintage, columns, rows, notes)


def _reading(indicator: str, series: Series, as_of: date, period: str) -> tuple[dict[str, Any], list[str]]:
    """The latest value of a series known at `as_of` among the observations that end a period.

    Of the observations of one month the newest counts, and of one observation the value that became known last.
    """
    step = MONTHS[period]
    known: dict[date, list[int]] = {}
    for i in range(bisect_right(series.known, as_of)):
        if series.observed[i].month % step == 0:
            known.setdefault(series.observed[i], []).append(i)
    if not known:
        nothing: dict[str, Any] = dict.fromkeys(("value", "previous", "change"))
        none_yet = f"{indicator} is null: no {period} observation of it was known on {as_of}."
        return {"indicator": indicator} | nothing | {"unit": series.unit}, [none_yet]
    ends = list({(day.year, day.month): day for day in sorted(known)}.values())
    *earlier, last = known[ends[-1]]
    value = rounded(series.values[last])
    previous = rounded(series.values[known[ends[-2]][-1]]) if len(ends) > 1 else None
    in_percent = series.unit.startswith("percent")
    row = {
        "indicator": indicator,
        "value": value,
        "previous": previous,
        "change": rounded(value - previous) if previous is not None and in_percent else None,
        "unit": series.unit,
        "observed_at": series.observed[last].isoformat(),
        "known_at": series.known[last].isoformat(),
    }
    notes = [f"{indicator}: {note}" for note in series.notes]
    if not in_percent:
        notes.append(f"{indicator}: change is null, as it is told in percentage points and this is in {series.unit}.")
    if previous is None:
        notes.append(f"{indicator}: previous and change are null, as the data begin with this observation.")
    if earlier:
        first = rounded(series.values[earlier[-1]])
        notes.append(f"{indicator}: the value was revised on {series.known[last]}; before that it was {first}.")
    return row, notes


ANSWERS: dict[str, Callable[[Pack, Arguments], Answer]] = {
    "get_sector_heatmap": heatmap,
    "get_macro_indicators": macro,
    "get_foreign_flow": foreign_flow,
    "get_whale_activity": whale_activity,
    "get_financial_statements": financial_statements,
    "get_relative_rotation": relative_rotation,
    "get_market_regime": market_regime,
}
