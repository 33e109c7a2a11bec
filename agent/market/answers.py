"""From checked arguments to the answer of each tool; prices and the economy here, trading in a module of its own."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from agent.market import methods
from agent.market.envelope import MONTHS, Answer, Arguments, enveloped, number, rounded
from agent.market.pack import Pack, Refusal
from agent.market.periods import observations
from agent.market.seasonal import SEASONALITY, YEARS, seasonality
from agent.market.tools import unknown
from agent.market.trading import financial_statements, foreign_flow, whale_activity

if TYPE_CHECKING:
    from agent.market.pack import Floats, Series


@dataclass(frozen=True)
class _Window:
    """The returns known at the as-of date, and how far back the caller looks."""

    pack: Pack
    dates: Sequence[date]
    returns: Floats
    benchmark: Floats
    granularity: str
    lookback: str
    n: int


@dataclass(frozen=True)
class _Column:
    about: dict[str, Any]
    values: Floats | None
    note: str = ""


def heatmap(pack: Pack, arguments: Arguments) -> Answer:
    """Answer of get_sector_heatmap."""
    as_of, granularity = arguments["as_of"], arguments["granularity"]
    if granularity not in pack.sampling:
        raise Refusal(
            f"The pack {pack.name} has monthly returns only, so granularity must be "
            f"{' or '.join(pack.sampling)}, not {granularity!r}."
        )
    assert pack.panel is not None
    panel = pack.panel()
    seen = bisect_right(panel.dates, as_of)
    lookback, n = observations(arguments["lookback_period"], pack.periods, panel.dates[:seen], as_of)
    window = _Window(pack, panel.dates[:seen], panel.sectors[:seen], panel.benchmark[:seen], granularity, lookback, n)
    columns = {metric: _METRICS[metric](window) for metric in dict.fromkeys(arguments["metrics"])}
    rows = [
        {"sector": sector}
        | {metric: number(None if c.values is None else c.values[i]) for metric, c in columns.items()}
        for i, sector in enumerate(pack.sectors)
    ]
    said = {"lookback_period": lookback, "granularity": granularity, "metrics": list(columns)}
    facts = {"taxonomy": pack.taxonomy, "benchmark": pack.benchmark, "as_of": as_of}
    return enveloped(
        pack,
        facts | {"observed_at": panel.dates[seen - 1]} | said,
        {metric: column.about for metric, column in columns.items()},
        rows,
        [column.note for column in columns.values() if column.note],
    )


def _performance(w: _Window) -> _Column:
    about = {"unit": "percent", "lookback": w.lookback, "method_id": f"perf({w.lookback})"}
    return _Column(about, methods.performance(w.returns, w.n))


def _momentum(w: _Window) -> _Column:
    about = {"unit": "percent", "lookback": "12-1M", "method_id": methods.MOMENTUM}
    year, month = w.pack.periods["Y"], w.pack.periods["M"]
    values = methods.momentum(w.returns, year, month)
    short = f"momentum is null: it needs {year} observations and has {len(w.returns)}."
    return _Column(about, values, short if values is None else "")


def _volatility(w: _Window) -> _Column:
    step, floor = w.pack.sampling[w.granularity]
    n = min(max(w.n, floor), len(w.returns))
    samples = n // step
    span = f"{samples * step}{next(iter(w.pack.periods))}"
    about = {
        "unit": "percent",
        "annualised": True,
        "lookback": span,
        "method_id": f"vol({span},{w.granularity})",
        "samples": samples,
        "minimum_samples": methods.MINIMUM_SAMPLES,
    }
    values = methods.volatility(w.returns, n, step, w.pack.periods["Y"])
    short = f"volatility is null: it needs {methods.MINIMUM_SAMPLES} samples ({w.granularity}) and has {samples}."
    return _Column(about, values, short if values is None else "")


def _relative_strength(w: _Window) -> _Column:
    about = {"unit": "percent", "lookback": w.lookback, "method_id": f"rs({w.lookback})"}
    return _Column(about, methods.relative_strength(w.returns, w.benchmark, w.n))


def _seasonality(w: _Window) -> _Column:
    about = {"unit": "percent", "lookback": f"{YEARS}Y", "method_id": SEASONALITY}
    values = seasonality(w.returns, w.dates)
    short = f"seasonality is null: it needs {YEARS} years of the months to come, and the data begin {w.dates[0]}."
    return _Column(about, values, short if values is None else "")


_METRICS: dict[str, Callable[[_Window], _Column]] = {
    "performance": _performance,
    "momentum": _momentum,
    "volatility": _volatility,
    "relative_strength": _relative_strength,
    "seasonality": _seasonality,
}


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
    rows, notes = [], []
    for indicator in indicators:
        row, remarks = _reading(indicator, series[indicator], as_of, period)
        rows.append(row)
        notes += remarks
    columns = {
        "value": {"unit": "see row", "method_id": f"latest({period})"},
        "previous": {"unit": "see row", "method_id": f"previous({period})"},
        "change": {"unit": "percentage points", "method_id": "value - previous"},
    }
    dates = {name: max(row[name] for row in rows) for name in ("observed_at", "known_at")}
    vintage = {"vintage": pack.vintage} if pack.vintage else {}
    said = {"region": region, "indicators": indicators, "period": period, "known_at_kind": pack.known_at_kind}
    return enveloped(pack, {"as_of": as_of} | dates | said | vintage, columns, rows, notes)


def _reading(indicator: str, series: Series, as_of: date, period: str) -> tuple[dict[str, Any], list[str]]:
    """The latest value of a series known at `as_of` among the observations that end a period."""
    step = MONTHS[period]
    known = range(bisect_right(series.known, as_of))
    ends = [i for i in known if series.observed[i].month % step == 0]
    last = ends[-1]
    value = rounded(series.values[last])
    previous = rounded(series.values[ends[-2]]) if len(ends) > 1 else None
    row = {
        "indicator": indicator,
        "value": value,
        "previous": previous,
        "change": None if previous is None else rounded(value - previous),
        "unit": "percent",
        "observed_at": series.observed[last].isoformat(),
        "known_at": series.known[last].isoformat(),
    }
    notes = [f"{indicator}: {note}" for note in series.notes]
    if previous is None:
        notes.append(f"{indicator}: previous and change are null, as the data begin with this observation.")
    return row, notes


ANSWERS: dict[str, Callable[[Pack, Arguments], Answer]] = {
    "get_sector_heatmap": heatmap,
    "get_macro_indicators": macro,
    "get_foreign_flow": foreign_flow,
    "get_whale_activity": whale_activity,
    "get_financial_statements": financial_statements,
}
