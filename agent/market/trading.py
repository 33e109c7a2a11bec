"""Answers about who trades and what companies earn: foreign flow, large trades, financial statements."""

from __future__ import annotations

import math
import reprlib
from bisect import bisect_right
from typing import TYPE_CHECKING, Any

from agent.market import filings, flows
from agent.market.envelope import Answer, Arguments, enveloped, number, sectors
from agent.market.pack import Pack, Refusal
from agent.market.periods import observations

if TYPE_CHECKING:
    from agent.market.pack import Integers, Trading

_STATEMENT_UNITS: dict[str, str | None] = {
    "revenue": None,
    "net_profit": None,
    "revenue_growth": "percent",
    "profit_growth": "percent",
    "net_margin": "percent",
    "companies_filed": "percent",
}
"""None: the market's money."""
_STREAK_UNITS = {"D": "sessions", "M": "months"}
"""By the letter of one observation."""


def foreign_flow(pack: Pack, arguments: Arguments) -> Answer:
    """Answer of get_foreign_flow."""
    assert pack.trading is not None
    as_of, flow_type, trading = arguments["as_of"], arguments["flow_type"], pack.trading()
    name, chosen = sectors(pack, arguments["sector"])
    seen = bisect_right(trading.dates, as_of)
    period, n = observations(arguments["period"], pack.periods, trading.dates[:seen], as_of)
    turnover = _recent(trading.turnover, seen, n)
    parts = {what: _recent(daily, seen, n) for what, daily in _parts(trading, flow_type).items()}

    def figures(where: int | list[int]) -> dict[str, float | None]:
        amounts = {what: int(part[where].sum()) for what, part in parts.items()}
        traded = int(turnover[where].sum())
        share = number(100 * amounts[flow_type] / traded) if traded else None
        in_bn = {what: number(amount / 1000) for what, amount in amounts.items()}
        return {flow_type: in_bn.pop(flow_type), "share_of_turnover": share} | in_bn

    columns: dict[str, dict[str, Any]] = {
        what: {"unit": pack.money, "lookback": period, "method_id": f"foreign_{what}({period})"} for what in parts
    }
    method = f"foreign_{flow_type}({period}) / turnover({period})"
    share = {"unit": "percent", "lookback": period, "method_id": method}
    columns = {flow_type: columns.pop(flow_type), "share_of_turnover": share} | columns
    standing, about, notes = _standing(trading, seen, next(iter(pack.periods)))
    rows = [
        {"sector": pack.sectors[i]} | figures(i) | {what: values[i] for what, values in standing.items()}
        for i in chosen
    ]
    said = {"sector": name, "period": period, "flow_type": flow_type, "total": figures(chosen)}
    facts = {"taxonomy": pack.taxonomy, "as_of": as_of, "observed_at": trading.dates[seen - 1]}
    return enveloped(pack, facts | said, columns | about, rows, notes)


def _parts(trading: Trading, flow_type: str) -> dict[str, Integers]:
    """The flow asked for, (T, S), and what was matched and put through of it, if the pack tells them apart."""

    def chosen(buy: Integers, sell: Integers) -> Integers:
        return {"net_buy_sell": buy - sell, "total_buy": buy, "total_sell": sell}[flow_type]

    whole = {flow_type: chosen(trading.foreign_buy, trading.foreign_sell)}
    if trading.put_through_buy is None or trading.put_through_sell is None:
        return whole
    put_through = chosen(trading.put_through_buy, trading.put_through_sell)
    return whole | {"matched": whole[flow_type] - put_through, "put_through": put_through}


def _standing(
    trading: Trading, seen: int, letter: str
) -> tuple[dict[str, list[float | None]], dict[str, dict[str, Any]], list[str]]:
    """Columns that neither the period nor the type of flow changes: values by sector, what they are, and notes.

    letter: of one observation in a lookback. Notes are about all sectors, whichever is asked for, so that one sector
    can be cut out of an answer about all.
    """
    net, lookback = trading.foreign_buy[:seen] - trading.foreign_sell[:seen], f"{flows.WINDOW}{letter}"
    shares = flows.net_shares(net, trading.turnover[:seen])
    unusual = None if shares is None else flows.unusualness(shares)
    values: dict[str, list[float | None]] = {
        "net_z": [None] * net.shape[1] if unusual is None else _numbers(unusual),
        "net_streak": [int(count) for count in flows.streak(net)],
    }
    method = f"net_z({lookback},{flows.USUAL}{letter})"
    about = {
        "net_z": {"unit": "standard deviations", "lookback": lookback, "method_id": method},
        "net_streak": {"unit": _STREAK_UNITS[letter], "method_id": "net_streak"},
    }
    if trading.room_used is not None:
        values["room_used"] = _numbers(trading.room_used[seen - 1])
        about["room_used"] = {"unit": "percent", "method_id": "foreign_held / foreign_limit"}
    notes = []
    if unusual is None:
        notes.append(f"net_z is null: it needs {flows.WINDOW + flows.USUAL} observations and has {seen}.")
    elif None in values["net_z"]:
        notes.append("net_z is null where the flow never changed.")
    if None in values.get("room_used", ()):
        notes.append("room_used is null where it is not known.")
    return values, about, notes


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
    return enveloped(pack, facts | said, columns, rows, [trading.whale_rule] if trading.whale_rule else [])


def financial_statements(pack: Pack, arguments: Arguments) -> Answer:
    """Answer of get_financial_statements."""
    assert pack.statements is not None
    as_of, period, statements = arguments["as_of"], arguments["period"], pack.statements()
    name, chosen = sectors(pack, arguments["sector"])
    accounts = filings.known_at(statements.filings[period], len(statements.sector), as_of)
    last = accounts.newest()
    if last is None:
        raise Refusal(
            f"Up to {as_of} no period ({period}) has been filed by {filings.ENOUGH:.0%} of the companies. "
            "Use a later as_of or the other period."
        )
    rows = []
    for i, sector in enumerate(pack.sectors):
        earned = filings.earned(accounts, last, statements.sector == i)
        rows.append(
            {
                "sector": sector,
                "revenue": number(None if earned.revenue is None else earned.revenue / 1000),
                "net_profit": number(None if earned.profit is None else earned.profit / 1000),
                "revenue_growth": number(earned.revenue_growth),
                "profit_growth": number(earned.profit_growth),
                "net_margin": number(earned.margin),
                "companies_filed": number(earned.filed),
            }
        )
    span = {"quarterly": "3M", "annually": "1Y"}[period]
    columns = {
        column: {"unit": unit or pack.money, "lookback": span, "method_id": f"{column}({span})"}
        for column, unit in _STATEMENT_UNITS.items()
    }
    observed, filed = accounts.periods[last].item(), accounts.filed[last].sum()
    facts = {"taxonomy": pack.taxonomy, "as_of": as_of, "observed_at": observed}
    said = {"known_at": accounts.known_on(last), "sector": name, "period": period}
    notes = [
        f"The period ended on {observed}; {int(filed)} of {int(accounts.companies().sum())} companies have filed "
        f"it, {int(accounts.restated[last].sum())} of them again with other numbers. Growth is on the same period a "
        "year before, of the companies that filed both."
    ]
    if any(value is None for row in rows for value in row.values()):
        notes.append("A figure is null where no company filed, or the year before was not filed or brought a loss.")
    return enveloped(pack, facts | said, columns, [rows[i] for i in chosen], notes)


def _recent(amounts: Integers, seen: int, n: int) -> Integers:
    """Totals of the last n of the first `seen` sessions, one for each sector."""
    total: Integers = amounts[seen - n : seen].sum(axis=0)
    return total


def _numbers(values: Any) -> list[float | None]:
    return [number(float(value)) if math.isfinite(value) else None for value in values]
