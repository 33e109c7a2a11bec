"""What the offline planner's scorecard was worth on 12 US industries, month by month, and how its confidence held.

    python -m bench.planner [--since 1950 --until 2017] [--format json] [--write]

The planner's own code asks and scores; the figures are the market server's answers as of each month's end, so that
nothing later is known. Measured against the returns of the next month and of the next quarter: the rank correlation
of scores with returns (Spearman's, averaged over months) beside that of the return over a year alone, what the three
best earned above the three worst a year before costs, how often overweight and underweight calls had the right sign,
and the Brier score and reliability of the stated confidence, each by the record that was there on its day. Years are
those in which an outcome began. Intervals (95 %) are from resampling blocks of twelve months; t is Newey and West's
with a lag of 0 for months and 4 for overlapping quarters.

How the scorecard was chosen, with the number of variants that were looked at, is in docs/planner.md.
`--write` writes configs/calibration.json anew from all months first.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

import numpy as np

from agent import data
from agent.model.calibration import FILE, calibration
from agent.model.calibration import HORIZONS as DAYS
from bench.calibrate import records, text
from bench.scored import HORIZONS, SECTORS, Floats, Month, Outcome, outcome, scored
from bench.yardstick import ERAS, rank_correlation

BLOCK, RESAMPLES, SEED = 12, 2000, 1
LAG = {"month": 0, "quarter": 4}
SIDES = 3
"""Sectors on each side of the spread."""
BINS = (0.0, 0.5, 0.525, 0.55, 0.575, 0.6, 1.0)

Table = dict[str, Any]


@dataclass(frozen=True)
class Pair:
    """What the planner said at one month's end, and what came of it over one horizon."""

    month: Month
    after: Outcome
    year: int

    @property
    def planner(self) -> float:
        return rank_correlation(self.month.scores(), self.after.returns)

    @property
    def year_return(self) -> float:
        return rank_correlation(self.month.year_return, self.after.returns)

    @property
    def spread(self) -> float:
        """The three best less the three worst, as a fraction."""
        order = np.argsort(-self.month.scores(), kind="stable")
        return float(self.after.returns[order[:SIDES]].mean() - self.after.returns[order[-SIDES:]].mean())


def interval(values: Floats) -> tuple[float, float]:
    """Of the mean, by the circular block bootstrap of Politis and Romano (1992): every value is drawn as often."""
    blocks = math.ceil(len(values) / BLOCK)
    starts = np.random.default_rng(SEED).integers(0, len(values), (RESAMPLES, blocks))
    drawn = values[(starts[..., None] + np.arange(BLOCK)) % len(values)]
    low, high = np.quantile(drawn.reshape(RESAMPLES, -1)[:, : len(values)].mean(axis=1), (0.025, 0.975))
    return float(low), float(high)


def t_value(values: Floats, lag: int) -> float:
    """Mean over its standard error, by Newey and West (1987)."""
    away, n = values - values.mean(), len(values)
    variance = away @ away / n
    for step in range(1, lag + 1):
        variance += 2 * (1 - step / (lag + 1)) * (away[step:] @ away[:-step]) / n
    return float(values.mean() / math.sqrt(variance / n))


def pairs(months: Sequence[Month], horizon: str, since: int, until: int) -> list[Pair]:
    found = [(month, outcome(month.at, HORIZONS[horizon])) for month in months]
    begun = [(m, after, m.day.year + m.day.month // 12) for m, after in found if after is not None]
    return [Pair(month, after, year) for month, after, year in begun if since <= year <= until]


def worth(all_pairs: Sequence[Pair], horizon: str) -> Table:
    """Rank correlation, spread and hits, over all years and by era."""
    spans = [(all_pairs[0].year, all_pairs[-1].year), *ERAS]
    chosen = {f"{a}-{b}": [pair for pair in all_pairs if a <= pair.year <= b] for a, b in spans}
    return {years: _worth(part, horizon) for years, part in chosen.items() if len(part) > BLOCK}


def _worth(part: Sequence[Pair], horizon: str) -> Table:
    planner, alone = (np.array([getattr(each, name) for each in part]) for name in ("planner", "year_return"))
    spread = np.array([each.spread for each in part]) * 100 * 12 / HORIZONS[horizon]
    hits = [hit for each in part for _, hit, action in calls_of(each, horizon) if action != "neutral"]
    return {
        "months": len(part),
        "ic": _summary(planner, horizon),
        "ic_year_return": _summary(alone, horizon),
        "ic_difference": _summary(planner - alone, horizon),
        "spread_percent_a_year": _summary(spread, horizon),
        "calls": len(hits),
        "hit_rate": round(float(np.mean(hits)), 3),
    }


def _summary(values: Floats, horizon: str) -> Table:
    low, high = interval(values)
    return {
        "mean": round(float(values.mean()), 4),
        "t": round(t_value(values, LAG[horizon]), 1),
        "interval": [round(low, 4), round(high, 4)],
    }


def calls_of(pair: Pair, horizon: str) -> list[tuple[float, bool, str]]:
    """(confidence as it was stated, whether the call was right, action) of each sector."""
    known = calibration(pair.month.day, DAYS[horizon])
    above = dict(zip(SECTORS, pair.after.above, strict=True))
    near = dict(zip(SECTORS, pair.after.near, strict=True))
    right = {"overweight": lambda s: above[s] > 0, "underweight": lambda s: above[s] < 0, "neutral": lambda s: near[s]}
    return [
        (known.confidence(each.action, each.score), bool(right[each.action](each.sector)), each.action)
        for each in pair.month.usual
    ]


def honesty(all_pairs: Sequence[Pair], horizon: str) -> Table | None:
    """Brier score and reliability of the confidence, where a record of earlier outcomes was there."""
    known = [pair for pair in all_pairs if calibration(pair.month.day, DAYS[horizon]).until]
    said = [call for pair in known for call in calls_of(pair, horizon)]
    if not said:
        return None
    calls = np.array([(sure, right) for sure, right, action in said if action != "neutral"])
    rest = np.array([(sure, right) for sure, right, action in said if action == "neutral"])
    bins = [(low, high, calls[(calls[:, 0] >= low) & (calls[:, 0] < high)]) for low, high in pairwise(BINS)]
    return {
        "since": known[0].month.day.isoformat(),
        "calls": _reliability(calls) | {"brier_of_one_half": 0.25},
        "neutral": _reliability(rest),
        "bins": [{"from": low, "below": high} | _reliability(part) for low, high, part in bins if len(part)],
    }


def _reliability(said: Floats) -> Table:
    stated, right = said[:, 0], said[:, 1]
    return {
        "count": len(said),
        "stated": round(float(stated.mean()), 3),
        "right": round(float(right.mean()), 3),
        "brier": round(float(((stated - right) ** 2).mean()), 4),
    }


def report(months: Sequence[Month], since: int, until: int) -> Table:
    found = {horizon: pairs(months, horizon, since, until) for horizon in HORIZONS}
    return {
        horizon: {"worth": worth(each, horizon), "confidence": honesty(each, horizon)}
        for horizon, each in found.items()
        if len(each) > BLOCK
    }


def show(found: Table) -> None:
    for horizon, part in found.items():
        print(f"\nNext {horizon}\n")
        print("| years | months | IC | 12-0 alone | difference | best 3 − worst 3, %/y | calls | right |")
        print("| --- | --- | --- | --- | --- | --- | --- | --- |")
        for years, row in part["worth"].items():
            cells = [_cell(row[name], 3) for name in ("ic", "ic_year_return", "ic_difference")]
            cells += [_cell(row["spread_percent_a_year"], 1), f"{row['calls']:,}", f"{row['hit_rate']:.1%}"]
            print(f"| {years} | {row['months']} | {' | '.join(cells)} |")
        if part["confidence"]:
            _show_confidence(part["confidence"])


def _show_confidence(held: Table) -> None:
    print(f"\nConfidence out of sample, since {held['since']}\n")
    print("| calls | count | stated | right | Brier |")
    print("| --- | --- | --- | --- | --- |")
    rows = [("over- and underweight", held["calls"]), ("neutral", held["neutral"])]
    rows += [(f"stated {each['from']:g} to {each['below']:g}", each) for each in held["bins"]]
    for name, row in rows:
        print(f"| {name} | {row['count']:,} | {row['stated']:.3f} | {row['right']:.3f} | {row['brier']:.4f} |")


def _cell(summary: Table, digits: int) -> str:
    low, high = summary["interval"]
    return f"{summary['mean']:+.{digits}f} ({low:+.{digits}f} to {high:+.{digits}f}; t {summary['t']:.1f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--since", type=int, default=1950, metavar="YEAR")
    parser.add_argument("--until", type=int, default=2017, metavar="YEAR")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    parser.add_argument("--write", action="store_true", help=f"write {FILE} anew")
    given = parser.parse_args()
    if given.write:
        (data.root() / FILE).write_text(text(records(scored())), encoding="utf-8")
    found = report(scored(date(given.since - 1, 12, 31), date(given.until, 12, 31)), given.since, given.until)
    if given.format == "json":
        print(json.dumps(found, indent=1))
    else:
        show(found)


if __name__ == "__main__":
    main()
