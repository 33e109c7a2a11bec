from __future__ import annotations

from datetime import date

import pytest

from agent.market.vn_generator import generate
from agent.market.vn_parameters import SECTORS
from tests.market.asking import ask


@pytest.mark.parametrize("flow_type", ["net_buy_sell", "total_buy", "total_sell"])
@pytest.mark.parametrize(("period", "sessions"), [("1W", 5), ("1M", 21), ("63D", 63)])
async def test_foreign_flow_adds_up_the_sessions(flow_type, period, sessions):
    as_of = date(2021, 6, 30)
    answer = await ask("vn-sim", "get_foreign_flow", period=period, flow_type=flow_type, as_of=as_of.isoformat())
    trading = generate().trading
    end = sum(day <= as_of for day in trading.dates)
    for i, row in enumerate(answer["rows"]):
        bought = sum(int(v) for v in trading.foreign_buy[end - sessions : end, i])
        sold = sum(int(v) for v in trading.foreign_sell[end - sessions : end, i])
        turnover = sum(int(v) for v in trading.turnover[end - sessions : end, i])
        amount = {"net_buy_sell": bought - sold, "total_buy": bought, "total_sell": sold}[flow_type]
        assert row[flow_type] == pytest.approx(amount / 1000, abs=0.00501)
        assert row["share_of_turnover"] == pytest.approx(100 * amount / turnover, abs=0.00501)
    assert answer["total"][flow_type] == pytest.approx(sum(row[flow_type] for row in answer["rows"]), abs=0.1)
    assert answer["columns"][flow_type] == {
        "unit": "VND bn",
        "lookback": period,
        "method_id": f"foreign_{flow_type}({period})",
    }


@pytest.mark.parametrize("tool", ["get_foreign_flow", "get_whale_activity", "get_financial_statements"])
async def test_one_sector_can_be_asked_for_in_any_case(tool):
    everything = await ask("vn-sim", tool)
    one = await ask("vn-sim", tool, sector=" real ESTATE ")
    assert [row["sector"] for row in everything["rows"]] == list(SECTORS)
    assert everything["sector"] == "all"
    assert one["sector"] == "Real Estate"
    assert one["rows"] == [row for row in everything["rows"] if row["sector"] == "Real Estate"]
    assert one["notes"][0].startswith("SIMULATED")


@pytest.mark.parametrize("days", [1, 20, 2000])
async def test_large_trades_add_up_the_sessions(days):
    answer = await ask("vn-sim", "get_whale_activity", lookback_days=days)
    trading = generate().trading
    for i, row in enumerate(answer["rows"]):
        bought = sum(int(v) for v in trading.whale_buy[-days:, i])
        sold = sum(int(v) for v in trading.whale_sell[-days:, i])
        assert row["buy_value"] == pytest.approx(bought / 1000, abs=0.00501)
        assert row["sell_value"] == pytest.approx(sold / 1000, abs=0.00501)
        assert row["net_value"] == pytest.approx((bought - sold) / 1000, abs=0.00501)
        assert row["trades"] == sum(int(v) for v in trading.whale_trades[-days:, i])
    assert answer["lookback_days"] == days
    assert answer["columns"]["trades"]["unit"] == "count"


async def test_statements_are_the_latest_filed_quarter():
    before = await ask("vn-sim", "get_financial_statements", as_of="2019-07-29")
    after = await ask("vn-sim", "get_financial_statements", as_of="2019-07-30")
    assert (before["observed_at"], before["known_at"]) == ("2019-03-31", "2019-04-30")
    assert (after["observed_at"], after["known_at"]) == ("2019-06-30", "2019-07-30")

    accounts = generate().statements
    at = accounts.quarters.index(date(2019, 6, 30))
    for i, row in enumerate(after["rows"]):
        revenue, profit = int(accounts.revenue[at, i]), int(accounts.profit[at, i])
        assert (row["revenue"], row["net_profit"]) == (revenue, profit)
        growth = 100 * (revenue / int(accounts.revenue[at - 4, i]) - 1)
        assert row["revenue_growth"] == pytest.approx(growth, abs=0.00501)
        assert row["net_margin"] == pytest.approx(100 * profit / revenue, abs=0.00501)


async def test_a_year_of_statements_adds_up_four_quarters():
    before = await ask("vn-sim", "get_financial_statements", period="annually", as_of="2019-03-30")
    after = await ask("vn-sim", "get_financial_statements", period="annually", as_of="2019-03-31")
    assert (before["observed_at"], after["observed_at"]) == ("2017-12-31", "2018-12-31")

    accounts = generate().statements
    at = accounts.quarters.index(date(2018, 12, 31))
    year, year_before = slice(at - 3, at + 1), slice(at - 7, at - 3)
    for i, row in enumerate(after["rows"]):
        profit, earlier = (sum(int(v) for v in accounts.profit[span, i]) for span in (year, year_before))
        assert row["net_profit"] == profit
        assert row["profit_growth"] == pytest.approx(100 * (profit / earlier - 1), abs=0.00501)
    assert after["columns"]["net_profit"] == {
        "unit": "VND bn",
        "lookback": "1Y",
        "method_id": "net_profit(1Y)",
    }


async def test_statements_exist_on_the_first_day_of_the_pack():
    for period in ("quarterly", "annually"):
        answer = await ask("vn-sim", "get_financial_statements", period=period, as_of="2016-01-04")
        assert all(isinstance(row["profit_growth"], float) for row in answer["rows"])
