"""Answer of get_sector_heatmap: one column for each metric, one row for each sector."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any

from agent.market import methods
from agent.market.envelope import Answer, Arguments, enveloped, missing, number
from agent.market.pack import Pack, Refusal
from agent.market.periods import observations
from agent.market.seasonal import SEASONALITY, YEARS, seasonality

if TYPE_CHECKING:
    from agent.market.pack import Floats

SCORECARD = {"momentum": 1.0, "relative_strength": 1.0, "volatility": -0.5}
"""Metric → its weight in the scorecard: a choice, stated in each answer, and no estimate."""


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
    """`short` says why there are no values."""

    about: dict[str, Any]
    values: Floats | None
    short: str = ""


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
    notes = [f"{metric} is null: {c.short}" for metric, c in columns.items() if c.values is None]
    notes += missing(rows, [metric for metric, c in columns.items() if c.values is not None])
    said = {"lookback_period": lookback, "granularity": granularity, "metrics": list(columns)}
    facts = {"taxonomy": pack.taxonomy, "benchmark": pack.benchmark, "as_of": as_of}
    return enveloped(
        pack,
        facts | {"observed_at": panel.dates[seen - 1]} | said,
        {metric: column.about for metric, column in columns.items()},
        rows,
        notes,
    )


def _performance(w: _Window) -> _Column:
    return _over_lookback(w, "perf", methods.performance(w.returns, w.n))


def _relative_strength(w: _Window) -> _Column:
    return _over_lookback(w, "rs", methods.relative_strength(w.returns, w.benchmark, w.n))


def _max_drawdown(w: _Window) -> _Column:
    return _over_lookback(w, "mdd", methods.max_drawdown(w.returns, w.n))


def _over_lookback(w: _Window, method: str, values: Floats | None) -> _Column:
    about = {"unit": "percent", "lookback": w.lookback, "method_id": f"{method}({w.lookback})"}
    return _Column(about, values, f"it needs {w.n} observations and has {len(w.returns)}.")


def _momentum(far: int, near: int, w: _Window) -> _Column:
    """far, near: months."""
    year = w.pack.periods["Y"]
    needed = year * far // 12
    values = methods.momentum(w.returns, needed, year * near // 12)
    about = {"unit": "percent", "lookback": f"{far}-{near}M", "method_id": f"mom_{far}_{near}"}
    return _Column(about, values, f"it needs {needed} observations and has {len(w.returns)}.")


def _mansfield(w: _Window) -> _Column:
    year = w.pack.periods["Y"]
    about = {"unit": "percent", "lookback": "1Y", "method_id": "mansfield(1Y)"}
    values = methods.mansfield(w.returns, w.benchmark, year)
    return _Column(about, values, f"it needs {year} observations and has {len(w.returns)}.")


def _volatility(w: _Window) -> _Column:
    n, step = _sampled(w)
    values = methods.volatility(w.returns, n, step, w.pack.periods["Y"])
    return _of_samples(w, "vol", {"unit": "percent", "annualised": True}, values)


def _downside_deviation(w: _Window) -> _Column:
    n, step = _sampled(w)
    values = methods.downside_deviation(w.returns, n, step, w.pack.periods["Y"])
    return _of_samples(w, "downside", {"unit": "percent", "annualised": True}, values)


def _beta(w: _Window) -> _Column:
    values = methods.beta(w.returns, w.benchmark, *_sampled(w))
    return _of_samples(w, "beta", {"unit": "ratio"}, values)


def _sampled(w: _Window) -> tuple[int, int]:
    """How many of the newest observations are sampled, and how many make a sample."""
    step, floor = w.pack.sampling[w.granularity]
    return min(max(w.n, floor), len(w.returns)), step


def _of_samples(w: _Window, method: str, unit: dict[str, Any], values: Floats | None) -> _Column:
    """A column that is measured over samples, whose window may be longer than the lookback."""
    n, step = _sampled(w)
    samples = n // step
    span = f"{samples * step}{next(iter(w.pack.periods))}"
    about = unit | {
        "lookback": span,
        "method_id": f"{method}({span},{w.granularity})",
        "samples": samples,
        "minimum_samples": methods.MINIMUM_SAMPLES,
    }
    short = f"it needs {methods.MINIMUM_SAMPLES} samples ({w.granularity}) and has {samples}."
    if samples >= methods.MINIMUM_SAMPLES:
        short = "the benchmark did not move."
    return _Column(about, values, short)


def _seasonality(w: _Window) -> _Column:
    about = {"unit": "percent", "lookback": f"{YEARS}Y", "method_id": SEASONALITY}
    short = f"it needs {YEARS} years of the months to come, and the data begin {w.dates[0]}."
    return _Column(about, seasonality(w.returns, w.dates), short)


def _scorecard(w: _Window) -> _Column:
    parts = {metric: _METRICS[metric](w) for metric in SCORECARD}
    values = methods.scorecard({metric: part.values for metric, part in parts.items()}, SCORECARD)
    about = {
        "unit": "standard deviations",
        "lookback": w.lookback,
        "method_id": f"scorecard({w.lookback},{w.granularity})",
        "weights": SCORECARD,
        "parts": {metric: part.about["method_id"] for metric, part in parts.items()},
    }
    lacking = [f"{metric}: {part.short}" for metric, part in parts.items() if part.values is None]
    return _Column(about, values, " ".join(lacking) or f"it needs {methods.MINIMUM_SECTORS} sectors with values.")


_METRICS: dict[str, Callable[[_Window], _Column]] = {
    "performance": _performance,
    "momentum": partial(_momentum, 12, 1),
    "volatility": _volatility,
    "relative_strength": _relative_strength,
    "momentum_1_0": partial(_momentum, 1, 0),
    "momentum_6_0": partial(_momentum, 6, 0),
    "momentum_12_0": partial(_momentum, 12, 0),
    "downside_deviation": _downside_deviation,
    "max_drawdown": _max_drawdown,
    "beta": _beta,
    "mansfield_rs": _mansfield,
    "seasonality": _seasonality,
    "scorecard": _scorecard,
}
