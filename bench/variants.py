"""Every measure and combination that was looked at before the planner's scorecard was chosen.

    python -m bench.variants

For each the mean rank correlation with the returns of the next month and of the next quarter (t by Newey and West, with
a lag of 0 and 4) over 12 US industries, for outcomes that began from January 1950 on, then by era. It is computed from
the file's returns, apart from the market server and the planner. Combinations are weighted means of z-scores, limited
to ±3. What stands out in a table of this length may be chance: docs/planner.md says what was concluded, and what not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

import numpy as np

from agent.market.answers import ANSWERS
from agent.market.tools import checked, offered
from agent.market.us_real import PACK, panel
from bench.planner import LAG, t_value
from bench.scored import HORIZONS, Floats
from bench.yardstick import ERAS, rank_correlation

Measure = Callable[[int], Floats | None]
"""Place of a month in the panel → one number a sector, from returns up to and including that month."""
RETURNS, MARKET = panel().sectors, panel().benchmark
PRICES, INDEX = np.cumprod(1 + RETURNS, axis=0), np.cumprod(1 + MARKET)
FIRST = 11
"""The first month with a year behind it, December 1949."""


def momentum(n: int, skip: int, at: int) -> Floats:
    return np.prod(1 + RETURNS[max(0, at + 1 - n) : at + 1 - skip], axis=0) - 1


def nearness_to_high(at: int) -> Floats:
    return PRICES[at] / PRICES[at - 11 : at + 1].max(axis=0)


def above_average(n: int, at: int) -> Floats:
    return PRICES[at] / PRICES[at + 1 - n : at + 1].mean(axis=0) - 1


def mansfield(at: int) -> Floats:
    line = PRICES[at - 11 : at + 1] / INDEX[at - 11 : at + 1, None]
    return line[-1] / line.mean(axis=0) - 1


def low_volatility(n: int, at: int) -> Floats:
    return -np.log1p(RETURNS[max(0, at + 1 - n) : at + 1]).std(axis=0)


def betas(at: int, n: int = 60) -> Floats:
    sectors, market = RETURNS[max(0, at + 1 - n) : at + 1], MARKET[max(0, at + 1 - n) : at + 1]
    away = market - market.mean()
    return (sectors - sectors.mean(axis=0)).T @ away / (away @ away)


def low_beta(at: int) -> Floats:
    return -betas(at)


def alpha(n: int, at: int) -> Floats | None:
    """Sum of the last n months' returns beyond beta."""
    if at < 23:
        return None
    window = slice(at + 1 - n, at + 1)
    return (RETURNS[window] - np.outer(MARKET[window], betas(at))).sum(axis=0)


def mean_over_deviation(at: int) -> Floats:
    return RETURNS[at - 11 : at + 1].mean(axis=0) / RETURNS[at - 11 : at + 1].std(axis=0)


def season(ahead: int, years: int, least: int, at: int) -> Floats | None:
    """Mean return in the `ahead` months to come, of up to `years` past years and no fewer than `least`."""
    starts = [start for year in range(1, years + 1) if (start := at + 1 - 12 * year) >= 0]
    if len(starts) < max(least, 1):
        return None
    return np.mean([np.prod(1 + RETURNS[start : start + ahead], axis=0) - 1 for start in starts], axis=0)


def reversal(at: int) -> Floats | None:
    return -momentum(60, 12, at) if at >= 36 else None


MEASURES: dict[str, Measure] = {
    "year": partial(momentum, 12, 0),
    "month": partial(momentum, 1, 0),
    "3-0": partial(momentum, 3, 0),
    "6-0": partial(momentum, 6, 0),
    "9-0": partial(momentum, 9, 0),
    "12-1": partial(momentum, 12, 1),
    "12-6": partial(momentum, 12, 6),
    "year's high": nearness_to_high,
    "10-month mean": partial(above_average, 10),
    "mansfield": mansfield,
    "low volatility": partial(low_volatility, 24),
    "low volatility, 60 months": partial(low_volatility, 60),
    "low beta": low_beta,
    "alpha, 12 months": partial(alpha, 12),
    "alpha, 6 months": partial(alpha, 6),
    "alpha, 1 month": partial(alpha, 1),
    "mean/deviation": mean_over_deviation,
    "reversal": reversal,
    **{f"season {a}M, {y}Y": partial(season, a, y, 1) for a in (1, 3) for y in (1, 5, 10, 20, 99)},
    **{f"season 3M, 20Y, at least {least}": partial(season, 3, 20, least) for least in (3, 5, 10, 15, 20)},
    "next month": partial(season, 1, 20, 5),
    "next quarter": partial(season, 3, 20, 5),
}
PAIR = {"year": 1.0, "month": 1.0}
COMBINATIONS: tuple[dict[str, float], ...] = (
    PAIR,
    *({**PAIR, f"season 3M, 20Y, at least {least}": 1.0} for least in (3, 5, 10, 15, 20)),
    *({**PAIR, name: 1.0} for name in ("season 3M, 20Y", "season 1M, 20Y", "next month")),
    {**PAIR, "next month": 0.5, "next quarter": 0.5},
    {**PAIR, "next month": 1.0, "next quarter": 1.0},
    *({**PAIR, "next month": 1.0, name: 1.0} for name in ("6-0", "mansfield", "10-month mean", "year's high")),
    *({**PAIR, "next quarter": 1.0, name: 1.0} for name in ("6-0", "mansfield", "reversal")),
    {**PAIR, "6-0": 1.0, "next month": 1.0, "next quarter": 1.0},
    *({**PAIR, "next month": 1.0, "low volatility": weight} for weight in (0.5, 1.0)),
    {**PAIR, "next quarter": 1.0, "low volatility": 1.0},
    {"alpha, 12 months": 1.0, "month": 1.0, "next month": 1.0},
    {"year": 1.0, "next month": 1.0},
    {"year": 1.0, "next quarter": 1.0},
    {"year": 1.0, "month": 0.5, "next quarter": 1.0},
    {"year": 1.0, "month": 0.5, "next month": 0.5},
    {"year": 2.0, "month": 1.0, "next quarter": 1.0},
    {"year": 0.5, "month": 0.5, "next quarter": 0.5, "low volatility": 1.5},
    {"year": 0.5, "month": 0.5, "next quarter": 0.5, "low beta": 1.5},
    dict.fromkeys((*PAIR, "6-0", "mansfield", "year's high", "next month", "low volatility", "reversal"), 1.0),
)
CHOSEN: dict[str, float] = {**PAIR, "season 3M, 20Y, at least 20": 1.0}
SHELTER: dict[str, float] = {**dict.fromkeys(CHOSEN, 0.5), "low volatility": 1.5}


def combined(weights: dict[str, float], at: int) -> Floats | None:
    """Sum of weight times z, of the measures that exist by then."""
    values = {name: MEASURES[name](at) for name in weights}
    parts = [weights[name] * _z(value) for name, value in values.items() if value is not None]
    return np.sum(parts, axis=0) if parts else None


def _z(values: Floats) -> Floats:
    return np.clip((values - values.mean()) / (values.std() or 1.0), -3, 3)


def changes(indicator: str, period: str) -> Floats:
    """Of each month: the change of the reading known at its end."""
    tool = offered(PACK)["get_macro_indicators"]
    asked = {"indicators": [indicator], "period": period}
    answers = (ANSWERS[tool.name](PACK, checked(tool, PACK, asked | {"as_of": str(day)})) for day in panel().dates)
    return np.array([answer["rows"][0]["change"] or 0.0 for answer in answers])


def conditional() -> dict[str, Measure]:
    """What low volatility was worth in months in which the economy might have called for it."""
    slowing = (changes("gdp_growth", "monthly") < 0) & (changes("unemployment_rate", "monthly") > 0)
    rising = changes("interest_rates", "quarterly") > 0

    def when(months: Floats, measure: Measure, at: int) -> Floats | None:
        return measure(at) if months[at] else None

    chosen, shelter, low = partial(combined, CHOSEN), partial(combined, SHELTER), MEASURES["low volatility"]
    return {
        "growth slows, unemployment rises: low volatility": partial(when, slowing, low),
        "growth slows, unemployment rises: the scorecard": partial(when, slowing, chosen),
        "growth slows, unemployment rises: that of shelter": partial(when, slowing, shelter),
        "that of shelter in these months, else the scorecard": lambda at: (shelter if slowing[at] else chosen)(at),
        "rates rise: low volatility": partial(when, rising, low),
        "rates rise: low beta": partial(when, rising, low_beta),
    }


def row(name: str, measure: Measure) -> str:
    """One line of the table."""
    scores = {at: given for at in range(FIRST, len(RETURNS) - 1) if (given := measure(at)) is not None}
    cells = [name, f"{len(scores)}"]
    for horizon, months in HORIZONS.items():
        known = [at for at in scores if at + months < len(RETURNS)]
        values = np.array([rank_correlation(scores[at], momentum(months, 0, at + months)) for at in known])
        years = np.array([panel().dates[at + 1].year for at in known])
        by_era = [values[(years >= first) & (years <= last)] for first, last in ERAS]
        cells.append(f"{values.mean():+.3f} (t {t_value(values, LAG[horizon]):.1f})")
        cells.append(" ".join(f"{each.mean():+.3f}" if len(each) else "none" for each in by_era))
    return f"| {' | '.join(cells)} |"


def rows() -> Iterable[tuple[str, Measure]]:
    yield from MEASURES.items()
    for weights in COMBINATIONS:
        name = " + ".join(f"{'' if weight == 1 else f'{weight:g} × '}{name}" for name, weight in weights.items())
        yield name, partial(combined, weights)
    yield from conditional().items()


def main() -> None:
    eras = ", ".join(f"{first}-{last}" for first, last in ERAS)
    print(f"| measure | months | next month | {eras} | next quarter | {eras} |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, measure in rows():
        print(row(name, measure), flush=True)


if __name__ == "__main__":
    main()
