"""From checked arguments to the answer of each tool: an envelope of rows, columns, dates and notes.

Numbers are rounded to two decimals. A number that the data cannot give is None, and a note says why.
"""

from __future__ import annotations

import reprlib
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from agent.market import methods
from agent.market.pack import Pack, Refusal
from agent.market.periods import observations
from agent.market.tools import unknown

if TYPE_CHECKING:
    from agent.market.pack import Floats, Integers, Series

Arguments = Mapping[str, Any]
Answer = dict[str, Any]

_MONTHS = {"monthly": 1, "quarterly": 3, "annually": 12}
_STATEMENT_UNITS = {
    "revenue": "VND bn",
    "net_profit": "VND bn",
    "revenue_growth": "percent",
    "profit_growth": "percent",
    "net_margin": "percent",
}


@dataclass(frozen=True)
class _Window:
    """The returns known at the as-of date, and how far back the caller looks."""

    pack: Pack
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
    panel = pack.panel()
    seen = bisect_right(panel.dates, as_of)
    lookback, n = observations(arguments["lookback_period"], pack.periods, panel.dates[:seen], as_of)
    window = _Window(pack, panel.sectors[:seen], panel.benchmark[:seen], granularity, lookback, n)
    columns = {metric: _METRICS[metric](window) for metric in dict.fromkeys(arguments["metrics"])}
    rows = [
        {"sector": sector}
        | {metric: _number(None if c.values is None else c.values[i]) for metric, c in columns.items()}
        for i, sector in enumerate(pack.sectors)
    ]
    said = {"lookback_period": lookback, "granularity": granularity, "metrics": list(columns)}
    facts = {"taxonomy": pack.taxonomy, "benchmark": pack.benchmark, "as_of": as_of}
    return _envelope(
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


_METRICS: dict[str, Callable[[_Window], _Column]] = {
    "performance": _performance,
    "momentum": _momentum,
    "volatility": _volatility,
    "relative_strength": _relative_strength,
}


def macro(pack: Pack, arguments: Arguments) -> Answer:
    """Answer of get_macro_indicators."""
    as_of, period = arguments["as_of"], arguments["period"]
    names = {region.casefold(): region for region in pack.regions} | dict(pack.region_aliases)
    region = names.get(arguments["region"].strip().casefold())
    if region is None:
        raise unknown("region", arguments["region"], pack.regions)
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
    return _envelope(pack, {"as_of": as_of} | dates | said | vintage, columns, rows, notes)


def _reading(indicator: str, series: Series, as_of: date, period: str) -> tuple[dict[str, Any], list[str]]:
    """The latest value of a series known at `as_of` among the observations that end a period."""
    step = _MONTHS[period]
    known = range(bisect_right(series.known, as_of))
    ends = [i for i in known if series.observed[i].month % step == 0]
    last = ends[-1]
    value = _rounded(series.values[last])
    previous = _rounded(series.values[ends[-2]]) if len(ends) > 1 else None
    row = {
        "indicator": indicator,
        "value": value,
        "previous": previous,
        "change": None if previous is None else _rounded(value - previous),
        "unit": "percent",
        "observed_at": series.observed[last].isoformat(),
        "known_at": series.known[last].isoformat(),
    }
    notes = [f"{indicator}: {note}" for note in series.notes]
    if previous is None:
        notes.append(f"{indicator}: previous and change are null, as the data begin with this observation.")
    return row, notes


def foreign_flow(pack: Pack, arguments: Arguments) -> Answer:
    """Answer of get_foreign_flow."""
    assert pack.trading is not None
    as_of, flow_type, trading = arguments["as_of"], arguments["flow_type"], pack.trading()
    name, chosen = _sectors(pack, arguments["sector"])
    seen = bisect_right(trading.dates, as_of)
    period, n = observations(arguments["period"], pack.periods, trading.dates[:seen], as_of)
    bought = _recent(trading.foreign_buy, seen, n)
    sold = _recent(trading.foreign_sell, seen, n)
    turnover = _recent(trading.turnover, seen, n)
    flow = {"net_buy_sell": bought - sold, "total_buy": bought, "total_sell": sold}[flow_type]

    def figures(amount: int, traded: int) -> dict[str, float | None]:
        return {flow_type: _number(amount / 1000), "share_of_turnover": _number(100 * amount / traded)}

    rows = [{"sector": pack.sectors[i]} | figures(flow[i], turnover[i]) for i in chosen]
    columns = {
        flow_type: {"unit": "VND bn", "lookback": period, "method_id": f"foreign_{flow_type}({period})"},
        "share_of_turnover": {
            "unit": "percent",
            "lookback": period,
            "method_id": f"foreign_{flow_type}({period}) / turnover({period})",
        },
    }
    said = {"sector": name, "period": period, "flow_type": flow_type}
    said["total"] = figures(flow[chosen].sum(), turnover[chosen].sum())
    facts = {"taxonomy": pack.taxonomy, "as_of": as_of, "observed_at": trading.dates[seen - 1]}
    return _envelope(pack, facts | said, columns, rows)


def whale_activity(pack: Pack, arguments: Arguments) -> Answer:
    """Answer of get_whale_activity."""
    assert pack.trading is not None
    as_of, days, trading = arguments["as_of"], arguments["lookback_days"], pack.trading()
    name, chosen = _sectors(pack, arguments["sector"])
    seen = bisect_right(trading.dates, as_of)
    if not 1 <= days <= seen:
        raise Refusal(
            f"lookback_days must be 1 to {seen}, the trading days there are up to {as_of}, not {reprlib.repr(days)}."
        )
    bought = _recent(trading.whale_buy, seen, days)
    sold = _recent(trading.whale_sell, seen, days)
    trades = _recent(trading.whale_trades, seen, days)
    rows = [
        {
            "sector": pack.sectors[i],
            "net_value": _number((bought[i] - sold[i]) / 1000),
            "buy_value": _number(bought[i] / 1000),
            "sell_value": _number(sold[i] / 1000),
            "trades": int(trades[i]),
        }
        for i in chosen
    ]
    lookback = f"{days}D"
    columns = {
        column: {"unit": "VND bn", "lookback": lookback, "method_id": f"whale_{column}({lookback})"}
        for column in ("net_value", "buy_value", "sell_value")
    } | {"trades": {"unit": "count", "lookback": lookback, "method_id": f"whale_trades({lookback})"}}
    said = {"sector": name, "lookback_days": days}
    facts = {"taxonomy": pack.taxonomy, "as_of": as_of, "observed_at": trading.dates[seen - 1]}
    return _envelope(pack, facts | said, columns, rows)


def financial_statements(pack: Pack, arguments: Arguments) -> Answer:
    """Answer of get_financial_statements."""
    assert pack.statements is not None
    as_of, period, accounts = arguments["as_of"], arguments["period"], pack.statements()
    name, chosen = _sectors(pack, arguments["sector"])
    step, filing = _MONTHS[period] // 3, timedelta(accounts.filing_days[period])
    last = max(
        i for i, day in enumerate(accounts.quarters) if day.month % _MONTHS[period] == 0 and day + filing <= as_of
    )
    now, before = slice(last + 1 - step, last + 1), slice(last - 3 - step, last - 3)
    rows = []
    for i in chosen:
        revenue, profit = accounts.revenue[now, i].sum(), accounts.profit[now, i].sum()
        rows.append(
            {
                "sector": pack.sectors[i],
                "revenue": _number(revenue),
                "net_profit": _number(profit),
                "revenue_growth": _number(methods.growth(revenue, accounts.revenue[before, i].sum())),
                "profit_growth": _number(methods.growth(profit, accounts.profit[before, i].sum())),
                "net_margin": _number(100 * profit / revenue),
            }
        )
    span = {"quarterly": "3M", "annually": "1Y"}[period]
    columns = {
        column: {"unit": unit, "lookback": span, "method_id": f"{column}({span})"}
        for column, unit in _STATEMENT_UNITS.items()
    }
    said = {"sector": name, "period": period}
    observed = accounts.quarters[last]
    facts = {"taxonomy": pack.taxonomy, "as_of": as_of}
    dates = {"observed_at": observed, "known_at": observed + filing}
    notes = [f"The period ended on {observed}; growth is on the same period a year before."]
    return _envelope(pack, facts | dates | said, columns, rows, notes)


ANSWERS: dict[str, Callable[[Pack, Arguments], Answer]] = {
    "get_sector_heatmap": heatmap,
    "get_macro_indicators": macro,
    "get_foreign_flow": foreign_flow,
    "get_whale_activity": whale_activity,
    "get_financial_statements": financial_statements,
}


def _envelope(
    pack: Pack,
    facts: dict[str, Any],
    columns: dict[str, dict[str, Any]],
    rows: list[dict[str, Any]],
    notes: Sequence[str] = (),
) -> Answer:
    """What every answer holds. A value is known on the day it is about, unless `facts` says otherwise."""
    dates = {"as_of": facts["as_of"], "observed_at": facts["observed_at"], "known_at": facts["observed_at"]}
    about = {"kind": pack.kind, "pack": pack.name} | dates | facts
    plain = {name: value.isoformat() if isinstance(value, date) else value for name, value in about.items()}
    answer = plain | {"columns": columns, "rows": rows}
    return answer | {"notes": [*pack.notes, *notes], "source": pack.source}


def _sectors(pack: Pack, text: str) -> tuple[str, list[int]]:
    """What the text names, in any case: a sector or 'all', and the positions of the sectors meant."""
    wanted = text.strip().casefold()
    if wanted == "all":
        return wanted, list(range(len(pack.sectors)))
    for i, sector in enumerate(pack.sectors):
        if sector.casefold() == wanted:
            return sector, [i]
    raise unknown("sector", text, (*pack.sectors, "all"))


def _recent(amounts: Integers, seen: int, n: int) -> Integers:
    """Totals of the last n of the first `seen` sessions, one for each sector."""
    total: Integers = amounts[seen - n : seen].sum(axis=0)
    return total


def _number(value: float | None) -> float | None:
    return None if value is None else _rounded(value)


def _rounded(value: float) -> float:
    """Two decimals; adding zero turns -0.0 into 0.0."""
    return round(float(value), 2) + 0.0
