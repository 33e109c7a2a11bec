"""What plain momentum earned on the real industries of the pack us-real: the bar for any advice by sector.

    python -m bench.yardstick

Each month the industries are ranked by their return over past months, with what was known on the month's last day, and
held for the month after. The benchmark is all of them in equal weight.

Conventions: rank correlations are Spearman's with mid-ranks, over one sample for all signals that begins with the
ranking of February 1950; t-values are plain, mean / (deviation / sqrt(n)) with ddof 0. The top three are held in equal
weight and measured over each signal's own sample, from the first month it exists in; of equal signals the one that
stands first in the pack is preferred. Costs are per side on the weights that change; the first purchase is free.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from agent.market import methods, regime, us_real

if TYPE_CHECKING:
    from agent.market.pack import Floats, Panel, Series

SIGNALS = {"1-0": (1, 0), "6-0": (6, 0), "12-1": (12, 1), "12-0": (12, 0)}
"""Name → months back at which the return begins and ends, as in `methods.momentum`."""
COSTS = (0, 10, 25)
"""Basis points per side."""
TOP = 3
COMMON_FIRST = 13
"""Position of the first ranking that counts for the rank correlation of every signal."""
ERAS = ((1950, 1969), (1970, 1989), (1990, 2004), (2005, 2017))
"""First and last year."""


@dataclass(frozen=True)
class Mean:
    """A mean and its t-value."""

    mean: float
    t: float


@dataclass(frozen=True)
class Yardstick:
    """`excess` in percent a year over equal weight by cost in basis points per side; `turnover` one-way a month."""

    correlation: Mean
    excess: Mapping[int, Mean]
    turnover: float
    overlap: float
    bottom: float


def signal(returns: Floats, far: int, near: int) -> Floats:
    """Momentum in percent at each month's end, (T, S) as the monthly returns; NaN where it does not exist yet."""
    values = np.full_like(returns, np.nan)
    for t in range(len(returns)):
        momentum = methods.momentum(returns[: t + 1], far, near)
        if momentum is not None:
            values[t] = momentum
    return values


def ranks(values: Floats) -> Floats:
    """1 for the smallest; equal values share the mean of their ranks."""
    below = (values[None, :] < values[:, None]).sum(axis=1)
    equal = (values[None, :] == values[:, None]).sum(axis=1)
    middle: Floats = below + (equal + 1) / 2
    return middle


def rank_correlation(x: Floats, y: Floats) -> float:
    """Spearman's; 0 where all of one are the same."""
    a, b = ranks(x), ranks(y)
    spread = float(a.std() * b.std())
    return float(((a - a.mean()) * (b - b.mean())).mean()) / spread if spread else 0.0


def rank_correlations(signals: Floats, returns: Floats, first: int) -> Floats:
    """Of each ranking from `first` on with the returns of the month after."""
    return np.array([rank_correlation(signals[t], returns[t + 1]) for t in range(first, len(returns) - 1)])


def weights(signals: Floats, count: int = TOP) -> Floats:
    """Equal weights on the `count` highest signals of each month."""
    held = np.zeros_like(signals)
    chosen = np.argsort(-signals, axis=1, kind="stable")[:, :count]
    np.put_along_axis(held, chosen, 1 / count, axis=1)
    return held


def traded(held: Floats) -> Floats:
    """Bought and sold each month as a fraction of the portfolio, nothing in the first."""
    before = np.vstack([held[:1], held[:-1]])
    amounts: Floats = np.abs(held - before).sum(axis=1)
    return amounts


def mean(values: Floats, scale: float = 1.0) -> Mean:
    """Mean x scale, and mean / (deviation / sqrt(n))."""
    average, deviation = float(np.mean(values)), float(np.std(values))
    return Mean(scale * average, average / deviation * math.sqrt(len(values)))


def excess(held: Floats, after: Floats, cost: float = 0.0) -> Floats:
    """Return of the weights in the month after, less costs (basis points per side), above equal weight."""
    net: Floats = (held * after).sum(axis=1) - after.mean(axis=1) - traded(held) * cost / 10_000
    return net


def yardstick(returns: Floats, far: int, near: int) -> Yardstick:
    """One line of the table, from monthly returns (T, S)."""
    signals = signal(returns, far, near)
    own = slice(int(np.isfinite(signals).all(axis=1).argmax()), len(returns) - 1)
    held, after = weights(signals[own]), returns[own.start + 1 :]
    hits = ((held > 0) & (weights(after) > 0)).sum(axis=1) / TOP
    return Yardstick(
        correlation=mean(rank_correlations(signals, returns, COMMON_FIRST)),
        excess={cost: mean(excess(held, after, cost), 1200) for cost in COSTS},
        turnover=float(traded(held)[1:].mean() / 2),
        overlap=float(hits.mean()),
        bottom=float(1200 * (weights(-signals[own]) * after).sum(axis=1).mean()),
    )


def by_era(panel: Panel, far: int, near: int) -> dict[str, Mean]:
    """Excess of the top three before costs, in percent a year, by the year of the month held."""
    signals = signal(panel.sectors, far, near)
    first = int(np.isfinite(signals).all(axis=1).argmax())
    months = excess(weights(signals[first:-1]), panel.sectors[first + 1 :])
    years = np.array([day.year for day in panel.dates[first + 1 :]])
    return {f"{a}-{b}": mean(months[(years >= a) & (years <= b)], 1200) for a, b in ERAS}


def by_quadrant(panel: Panel, series: Mapping[str, Series]) -> dict[str, list[Mean]]:
    """Excess of each industry over equal weight in percent a year, by the quadrant known when the month began."""
    months: dict[str, list[int]] = {}
    for t, day in enumerate(panel.dates[:-1]):
        trends = (regime.macro_trend(series[name], day) for name in ("industrial_production_growth", "inflation"))
        if word := regime.quadrant(*(trend and trend.distance for trend in trends)):
            months.setdefault(word, []).append(t + 1)
    above = panel.sectors - panel.sectors.mean(axis=1, keepdims=True)
    return {word: [mean(above[held, i], 1200) for i in range(above.shape[1])] for word, held in months.items()}


def table(panel: Panel) -> list[str]:
    """The lines that are printed."""
    lines = [
        "| signal | mean rank IC (t) | top-3 excess %/y, 0 bp (t) | 10 bp per side | 25 bp per side | turnover a month "
        "| overlap with the realised top 3 | bottom 3 %/y |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, months in SIGNALS.items():
        y = yardstick(panel.sectors, *months)
        cells = [f"{y.correlation.mean:.3f} ({y.correlation.t:.1f})"]
        cells += [f"{y.excess[cost].mean:.2f} ({y.excess[cost].t:.1f})" for cost in COSTS]
        cells += [f"{100 * y.turnover:.0f} %", f"{y.overlap:.3f}", f"{y.bottom:.1f}"]
        lines.append(f"| {' | '.join([name, *cells])} |")
    eras = ", ".join(f"{era} {m.mean:+.2f} (t {m.t:.1f})" for era, m in by_era(panel, *SIGNALS["12-1"]).items())
    return [*lines, "", f"12-1 by era, 0 bp: {eras}"]


def main() -> None:
    try:
        us_real.require_data()
    except FileNotFoundError as missing:
        sys.exit(str(missing))
    panel = us_real.panel()
    equal = mean(panel.sectors[1:].mean(axis=1), 1200)
    sample = (
        f"{us_real.PACK.name}, {len(us_real.INDUSTRIES)} industries, {panel.dates[0]:%Y-%m} to {panel.dates[-1]:%Y-%m}"
    )
    print(f"{sample}; equal weight {equal.mean:.2f} %/y\n")
    print("\n".join(table(panel)))
    cells = [cell for row in by_quadrant(panel, us_real.macro("United States")).values() for cell in row]
    strong = sum(abs(cell.t) > 2 for cell in cells)
    print(f"growth x inflation: {strong} of {len(cells)} cells (industry x quadrant) with |t| > 2; by chance about 2")


if __name__ == "__main__":
    main()
