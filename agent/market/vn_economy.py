"""The macro indicators of the simulated market: published with a delay, and most of them revised once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from agent.market import vn_parameters as p
from agent.market.pack import Series
from agent.market.vn_random import normals
from agent.market.vn_regimes import by_regime, drawn_to, on, phases

if TYPE_CHECKING:
    from agent.market.pack import Floats

_ONLY_QUARTERS = "on the same quarter a year before; it exists by quarter only."


def macro(seed: int) -> dict[str, Mapping[str, Series]]:
    """Region → indicator → its values in percent, with two decimals."""
    return {region: _region(seed, region) for region in p.MACRO}


def month_ends() -> tuple[date, ...]:
    """The last day of each month from HISTORY to LAST."""
    months = range(12 * p.HISTORY, 12 * p.LAST.year + p.LAST.month)
    return tuple(date((month + 1) // 12, (month + 1) % 12 + 1, 1) - timedelta(1) for month in months)


def company_cycle(seed: int) -> Floats:
    """How far company revenue deviates from its trend in Vietnam, a fraction for each quarter from HISTORY on."""
    regime = on(phases(seed, "Vietnam"), month_ends())
    return drawn_to(by_regime("revenue")[regime], p.MACRO_INERTIA)[2::3]


def _region(seed: int, region: str) -> dict[str, Series]:
    months, indicators = month_ends(), p.MACRO[region]
    regime = on(phases(seed, region), months)
    shocks = normals(seed, f"macro {region}", len(indicators), len(months))
    errors = normals(seed, f"revisions {region}", len(indicators), len(months))
    series = {}
    for (name, about), shock, error in zip(indicators.items(), shocks, errors, strict=True):
        targets = np.array(about.levels)[regime]
        if (region, name) == ("Vietnam", "interest_rates"):
            targets += [p.RATE_HIKE.points * (p.RATE_HIKE.first <= day <= p.RATE_HIKE.last) for day in months]
        levels = drawn_to(targets, p.MACRO_INERTIA, about.noise * shock)
        quarterly = name == "gdp_growth"
        kept = [i for i, day in enumerate(months) if not quarterly or day.month % 3 == 0]
        series[name] = _published(about, kept, levels, levels + about.error * error, quarterly)
    return series


def _published(about: p.Indicator, kept: list[int], final: Floats, first: Floats, quarterly: bool) -> Series:
    """First values and, where the indicator is revised, final ones, in the order in which they become known."""
    months = month_ends()
    entries = [(months[i] + timedelta(about.delay), months[i], first[i]) for i in kept]
    if about.revised:
        entries += [(months[i] + timedelta(about.revised), months[i], final[i]) for i in kept]
    entries.sort(key=lambda entry: entry[:2])
    return Series(
        observed=tuple(observed for _, observed, _ in entries),
        known=tuple(known for known, _, _ in entries),
        values=tuple(float(np.rint(100 * value) / 100) for _, _, value in entries),
        notes=(_ONLY_QUARTERS,) if quarterly else (),
    )
