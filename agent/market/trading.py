"""Answers about who trades and what companies earn: foreign flow, large trades, financial statements."""

from __future__ import annotations

import reprlib
from bisect import bisect_right
from datetime import timedelta
from typing import TYPE_CHECKING

from agent.market import methods
from agent.market.envelope import MONTHS, Answer, Arguments, enveloped, number, sectors
from agent.market.pack import Pack, Refusal
from agent.market.periods import observations

if TYPE_CHECKING:
    from agent.market.pack import Integers

_STATEMENT_UNITS = {
    "revenue": "VND bn",
    "net_profit": "VND bn",
    "revenue_growth": "percent",
    "profit_growth": "percent",
    "net_margin": "percent",
}


def foreign_flow(pack: Pack, arguments: Arguments) -> Answer:
    """Answer of get_foreign_flow."""
    assert pack.trading is not None
    as_of, flow_type, trading = arguments["as_of"], arguments["flow_type"], pack.trading()
    name, chosen = sectors(pack, arguments["sector"])
    seen = bisect_right(trading.dates, as_of)
    period, n = observations(arguments["period"], pack.periods, trading.dates[:seen], as_of)
    bought = _recent(trading.foreign_buy, seen, n)
    sold = _recent(trading.foreign_sell, seen, n)
    turnover = _recent(trading.turnover, seen, n)
    flow = {"net_buy_sell": bought - sold, "total_buy": bought, "total_sell": sold}[flow_type]

    def figures(amount: int, traded: int) -> dict[str, float | None]:
        return {flow_type: number(amount / 1000), "share_of_turnover": number(100 * amount / traded)}

    rows = [{"sector": pack.sectors[i]} | figures(flow[i], turnover[i]) for i in chosen]
    columns = {
        flow_type: {"unit": pack.money, "lookback": period, "method_id": f"foreign_{flow_type}({period})"},
        "share_of_turnover": {
            "unit": "percent",
            "lookback": period,
            "method_id": f"foreign_{flow_type}({period}) / turnover({period})",
        },
    }
    said = {"sector": name, "period": period, "flow_type": flow_type}
    said["total"] = figures(flow[chosen].sum(), turnover[chosen].sum())
    facts = {"taxonomy": pack.taxonomy, "as_of": as_of, "observed_at": trading.dates[seen - 1]}
    return enveloped(pack, facts | said, columns, rows)


def whale_activity(pack: Pack, arguments: Arguments) -> Answer:
    """Answer of get_whale_activity."""
    assert pack.trading is not None
    as_of, days, trading = arguments["as_of"], arguments["lookback_days"], pack.trading()
    name, chosen = sectors(pack, arguments["sector"])
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
            "net_value": number((bought[i] - sold[i]) / 1000),
            "buy_value": number(bought[i] / 1000),
            "sell_value": number(sold[i] / 1000),
            "trades": int(trades[i]),
        }
        for i in chosen
    ]
    lookback = f"{days}D"
    columns = {
        column: {"unit": pack.money, "lookback": lookback, "method_id": f"whale_{column}({lookback})"}
        for column in ("net_value", "buy_value", "sell_value")
    } | {"trades": {"unit": "count", "lookback": lookback, "method_id": f"whale_trades({lookback})"}}
    said = {"sector": name, "lookback_days": days}
    facts = {"taxonomy": pack.taxonomy, "as_of": as_of, "observed_at": trading.dates[seen - 1]}
    return enveloped(pack, facts | said, columns, rows)


def financial_statements(pack: Pack, arguments: Arguments) -> Answer:
    """Answer of get_financial_statements."""
    assert pack.statements is not None
    as_of, period, accounts = arguments["as_of"], arguments["period"], pack.statements()
    name, chosen = sectors(pack, arguments["sector"])
    step, filing = MONTHS[period] // 3, timedelta(accounts.filing_days[period])
    last = max(
        i for i, day in enumerate(accounts.quarters) if day.month % MONTHS[period] == 0 and day + filing <= as_of
    )
    now, before = slice(last + 1 - step, last + 1), slice(last - 3 - step, last - 3)
    rows = []
    for i in chosen:
        revenue, profit = accounts.revenue[now, i].sum(), accounts.profit[now, i].sum()
        rows.append(
            {
                "sector": pack.sectors[i],
                "revenue": number(revenue),
                "net_profit": number(profit),
                "revenue_growth": number(methods.growth(revenue, accounts.revenue[before, i].sum())),
                "profit_growth": number(methods.growth(profit, accounts.profit[before, i].sum())),
                "net_margin": number(100 * profit / revenue),
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
    return enveloped(pack, facts | dates | said, columns, rows, notes)


def _recent(amounts: Integers, seen: int, n: int) -> Integers:
    """Totals of the last n of the first `seen` sessions, one for each sector."""
    total: Integers = amounts[seen - n : seen].sum(axis=0)
    return total
