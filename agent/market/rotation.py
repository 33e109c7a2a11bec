"""Answers about where sectors are heading, and what market they stand in."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from agent.market import methods, regime
from agent.market import relative_rotation as rotating
from agent.market.envelope import Answer, Arguments, enveloped, missing, number, rounded
from agent.market.pack import Pack
from agent.market.tools import sampling_of_rotation

if TYPE_CHECKING:
    from agent.market.pack import Panel, Series

GROWTH = ("industrial_production_growth", "gdp_growth")
"""The first of them that a pack has stands for growth: a series by month, if there is one."""
CONTRADICTION = (
    "A ratio over few samples can contradict relative strength over a longer time: a sector far ahead over half a "
    "year may still be 'improving' or 'lagging'. Compare with relative_strength of get_sector_heatmap."
)
FORMULA = (
    "Open formula: ratio = EMA(100 + z of P_sector / P_benchmark over the window), momentum = the same of the ratio's "
    "change over the lag. Other charts of relative rotation differ in numbers and at times in the quadrant."
)
FIELDS = ("observed_at", "rotation_ratio", "rotation_momentum")
"""What each point of a tail holds, in this order."""
NO_EDGE = (
    "macro_quadrant is a label and no signal: on the US data of 1949 to 2017, rotation by growth and inflation could "
    "not be told from chance."
)


def relative_rotation(pack: Pack, arguments: Arguments) -> Answer:
    """Answer of get_relative_rotation.

    Samples are counted back from the newest observation, and so are the points of a tail: each is the answer as of its
    own date, and as of a date on which another observation is the newest the points lie elsewhere.
    """
    assert pack.panel is not None
    as_of, panel = arguments["as_of"], pack.panel()
    seen = bisect_right(panel.dates, as_of)
    parameters = {name: arguments[name] for name in ("window", "smoothing", "lag")}
    tail = arguments["tail"]
    sampling = sampling_of_rotation(pack)
    step = pack.sampling[sampling].step
    found = rotating.relative_rotation(panel.sectors[:seen], panel.benchmark[:seen], step, **parameters, tail=tail)
    days = [] if found is None else [panel.dates[seen - 1 - back * step] for back in range(len(found.tail), 0, -1)]
    rows = [{"sector": sector} | _bearings(found, i, days) for i, sector in enumerate(pack.sectors)]
    samples, needed = seen // step, rotating.minimum(parameters["window"], parameters["lag"])
    span = f"{parameters['window'] * step}{next(iter(pack.periods))}"
    form = ",".join(map(str, parameters.values()))
    columns = {
        name: {"unit": unit, "lookback": span, "method_id": f"{name}({form},{sampling})"}
        for name, unit in _ROTATION_UNITS.items()
    }
    way = {"unit": "see fields", "method_id": "the samples before, oldest first", "fields": list(FIELDS)}
    if found is None:
        notes = [f"All is null: it needs {needed} samples ({sampling}) and has {samples}."]
    else:
        notes = [CONTRADICTION, FORMULA, *missing(rows, list(columns)), *_shortened(rows, tail, len(days), needed)]
    facts = {"taxonomy": pack.taxonomy, "benchmark": pack.benchmark, "as_of": as_of}
    dates = {"observed_at": panel.dates[seen - 1]}
    sampled = {"sampling": sampling, "observations_a_sample": step, "samples": samples, "minimum_samples": needed}
    asked = parameters | {"tail": tail}
    return enveloped(pack, facts | dates | asked | sampled, columns | {"tail": way}, rows, notes)


_ROTATION_UNITS = {
    "rotation_ratio": "points",
    "rotation_momentum": "points",
    "rotation_heading": "degrees",
    "rotation_length": "points",
    "quadrant": "word",
}


def _bearings(found: rotating.Rotation | None, i: int, days: Sequence[date]) -> dict[str, Any]:
    if found is None:
        return dict.fromkeys(_ROTATION_UNITS) | {"tail": []}
    return {
        "rotation_ratio": number(found.ratio[i]),
        "rotation_momentum": number(found.momentum[i]),
        "rotation_heading": number(found.heading[i]),
        "rotation_length": number(found.length[i]),
        "quadrant": found.quadrant[i],
        "tail": _way(found, i, days) if found.quadrant[i] else [],
    }


def _way(found: rotating.Rotation, i: int, days: Sequence[date]) -> list[list[str | float]]:
    """The points that one sector came by; of those it has both numbers of."""
    return [
        [day.isoformat(), *map(rounded, point)]
        for day, point in zip(days, found.tail[:, i], strict=True)
        if np.isfinite(point).all()
    ]


def _shortened(rows: list[dict[str, Any]], asked: int, told: int, needed: int) -> list[str]:
    """Notes on points that tails do not have."""
    notes = []
    if told < asked:
        notes.append(f"tail has {told} of {asked} samples: earlier ones have fewer than the {needed} that each needs.")
    if fewer := [row["sector"] for row in rows if len(row["tail"]) < told]:
        notes.append(f"tail has fewer samples for {', '.join(fewer)}: the data give no place there.")
    return notes


def market_regime(pack: Pack, arguments: Arguments) -> Answer:
    """Answer of get_market_regime.

    The macro quadrant had no measurable edge in choosing sectors: see `regime.quadrant`.
    """
    assert pack.panel is not None
    as_of, window = arguments["as_of"], arguments["window"]
    rows, notes = _of_the_market(pack, pack.panel(), as_of, window)
    facts: dict[str, Any] = {"as_of": as_of, "benchmark": pack.benchmark, "window": window}
    if pack.macro is not None:
        quadrant, economy, remarks = _of_the_economy(pack.macro(pack.regions[0]), as_of)
        facts |= {"region": pack.regions[0], "macro_quadrant": quadrant}
        facts |= {"known_at_kind": pack.known_at_kind} | ({"vintage": pack.vintage} if pack.vintage else {})
        rows, notes = rows + economy, [*notes, *remarks, NO_EDGE]
    dates = {name: max(row[name] for row in rows if name in row) for name in ("observed_at", "known_at")}
    columns = {
        "value": {"unit": "see row", "method_id": "see row"},
        "change": {"unit": "see row", "method_id": f"value - value {window} observations before"},
    }
    return enveloped(pack, facts | dates, columns, rows, notes)


class _Measure(NamedTuple):
    """`of` measures the oldest so many observations, of which `needs` have to be there."""

    unit: str
    method_id: str
    needs: int
    of: Callable[[int], float | None]


def _of_the_market(pack: Pack, panel: Panel, as_of: date, n: int) -> tuple[list[dict[str, Any]], list[str]]:
    """Average pair correlation, and trend and volatility of the benchmark, each with its change on n observations."""
    seen, letter = bisect_right(panel.dates, as_of), next(iter(pack.periods))
    month, year = pack.periods["M"], pack.periods["Y"]

    def volatility(end: int) -> float | None:
        value = methods.volatility(panel.benchmark[:end], n, 1, year)
        return None if value is None else float(value)

    ten_months = regime.TREND_MONTHS * month
    measures = {
        "average_pair_correlation": _Measure(
            "correlation", f"pair_corr({n}{letter})", n, lambda end: regime.pair_correlation(panel.sectors[:end], n)
        ),
        "benchmark_trend": _Measure(
            "percent", "trend(10M)", ten_months, lambda end: regime.trend(panel.benchmark[:end], month)
        ),
        "benchmark_volatility": _Measure("percent", f"vol({n}{letter})", n, volatility),
    }
    dates = dict.fromkeys(("observed_at", "known_at"), panel.dates[seen - 1].isoformat())
    rows, notes = [], []
    for name, measure in measures.items():
        now, before = (measure.of(end) if end >= measure.needs else None for end in (seen, seen - n))
        change = None if now is None or before is None else now - before
        row: dict[str, Any] = {"indicator": name, "value": number(now), "change": number(change)}
        about = {"unit": measure.unit, "method_id": measure.method_id}
        rows.append(row | about | dates)
        if change is None:
            nulls = "value and change are null" if now is None else "change is null"
            needed = f"value needs {measure.needs} observations, change {n} more, and there are {seen}."
            notes.append(f"{name}: {nulls}: {needed}")
    return rows, notes


def _of_the_economy(series: Mapping[str, Series], as_of: date) -> tuple[str | None, list[dict[str, Any]], list[str]]:
    """The quadrant, and growth and inflation against the mean of their own year, in this order."""
    growth = next((name for name in GROWTH if name in series), GROWTH[-1])
    names = growth, "inflation"
    trends = [regime.macro_trend(series[name], as_of) if name in series else None for name in names]
    rows, notes = [], []
    for name, trend in zip(names, trends, strict=True):
        row: dict[str, Any] = {
            "indicator": f"{name}_trend",
            "value": None,
            "unit": "percentage points",
            "method_id": "trend(1Y)",
        }
        if trend is None:
            needed = f"it needs readings in {regime.QUARTERS} quarters of one year, known by {as_of}."
            notes.append(f"{name}_trend is null: {needed}")
        else:
            row["value"] = number(trend.distance)
            row |= {"observed_at": trend.observed.isoformat(), "known_at": trend.known.isoformat()}
        rows.append(row)
    return regime.quadrant(*(trend and trend.distance for trend in trends)), rows, notes
