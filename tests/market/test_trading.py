from __future__ import annotations

import statistics
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.market import tools, vn_sim
from agent.market import vn_parameters as p
from agent.market.answers import ANSWERS
from agent.market.pack import Filings, Pack, Refusal, Statements
from agent.market.vn_world import world
from tests.market.asking import ask

FLOW, WHALES, STATEMENTS = "get_foreign_flow", "get_whale_activity", "get_financial_statements"
SIDES = {"net_buy_sell": (1, -1), "total_buy": (1, 0), "total_sell": (0, 1)}


def trading():
    return world(p.Setting()).trading


def answer_of(pack: Pack, tool: str, **arguments) -> dict:
    return ANSWERS[tool](pack, tools.checked(tools.offered(pack)[tool], pack, arguments))


@pytest.mark.parametrize("flow_type", SIDES)
@pytest.mark.parametrize(("period", "sessions"), [("1W", 5), ("1M", 21), ("63D", 63)])
async def test_foreign_flow_adds_up_the_sessions(flow_type, period, sessions):
    as_of = date(2021, 6, 30)
    answer = await ask("vn-sim", FLOW, period=period, flow_type=flow_type, as_of=as_of.isoformat())
    traded = trading()
    end = sum(day <= as_of for day in traded.dates)

    def total(daily, sector: int) -> int:
        return sum(int(amount) for amount in daily[end - sessions : end, sector])

    plus, minus = SIDES[flow_type]
    for i, row in enumerate(answer["rows"]):
        amount = plus * total(traded.foreign_buy, i) + minus * total(traded.foreign_sell, i)
        put_through = plus * total(traded.put_through_buy, i) + minus * total(traded.put_through_sell, i)
        assert row[flow_type] == pytest.approx(amount / 1000, abs=0.00501)
        assert row["put_through"] == pytest.approx(put_through / 1000, abs=0.00501)
        assert row["matched"] == pytest.approx((amount - put_through) / 1000, abs=0.00501)
        assert row["share_of_turnover"] == pytest.approx(100 * amount / total(traded.turnover, i), abs=0.00501)
    for column in (flow_type, "matched", "put_through"):
        assert answer["total"][column] == pytest.approx(sum(row[column] for row in answer["rows"]), abs=0.1)
        assert answer["columns"][column] == {
            "unit": "VND bn",
            "lookback": period,
            "method_id": f"foreign_{column}({period})",
        }
    assert any(row["put_through"] for row in answer["rows"])


async def test_foreign_flow_says_how_unusual_it_is_how_long_it_lasts_and_what_room_is_left():
    as_of = date(2022, 3, 31)
    answer = await ask("vn-sim", FLOW, flow_type="total_sell", as_of=as_of.isoformat())
    traded = trading()
    end = sum(day <= as_of for day in traded.dates)
    for i, row in enumerate(answer["rows"]):
        net = [int(b) - int(s) for b, s in zip(traded.foreign_buy[:end, i], traded.foreign_sell[:end, i], strict=True)]
        turnover = [int(amount) for amount in traded.turnover[:end, i]]
        shares = [sum(net[at - 20 : at]) / sum(turnover[at - 20 : at]) for at in range(end - 60, end + 1)]
        unusual = (shares[-1] - statistics.mean(shares[:-1])) / statistics.stdev(shares[:-1])
        days = 0
        while net[-1 - days] * net[-1] > 0:
            days += 1
        assert row["net_z"] == pytest.approx(unusual, abs=0.00501)
        assert row["net_streak"] == (days if net[-1] > 0 else -days)
        assert row["room_used"] == pytest.approx(float(traded.room_used[end - 1, i]), abs=0.00501)
    units = [answer["columns"][name]["unit"] for name in ("net_z", "net_streak", "room_used")]
    assert units == ["standard deviations", "sessions", "percent"]


async def test_an_unusual_flow_needs_80_sessions():
    days = trading().dates
    short = await ask("vn-sim", FLOW, as_of=days[78].isoformat())
    enough = await ask("vn-sim", FLOW, as_of=days[79].isoformat())
    assert all(row["net_z"] is None and row["net_streak"] for row in short["rows"])
    assert "net_z is null: it needs 80 observations and has 79." in short["notes"]
    assert all(isinstance(row["net_z"], float) for row in enough["rows"])
    assert len(enough["notes"]) == 1


def test_a_pack_that_knows_less_answers_with_fewer_columns():
    traded = replace(trading(), put_through_buy=None, put_through_sell=None, room_used=None, whale_rule="")
    pack = replace(vn_sim.PACK, trading=lambda: traded)
    flow = answer_of(pack, FLOW)
    assert list(flow["rows"][0]) == ["sector", "net_buy_sell", "share_of_turnover", "net_z", "net_streak"]
    assert list(flow["columns"]) == list(flow["rows"][0])[1:]
    assert len(answer_of(pack, WHALES)["notes"]) == 1


def test_flows_that_cannot_be_told_are_null_and_a_note_says_so():
    whole = trading()
    nothing = np.zeros_like(whole.turnover)
    still = replace(
        whole,
        turnover=nothing,
        foreign_buy=nothing,
        foreign_sell=nothing,
        room_used=np.full(nothing.shape, np.nan),
    )
    answer = answer_of(replace(vn_sim.PACK, trading=lambda: still), FLOW)
    for row in answer["rows"]:
        assert (row["share_of_turnover"], row["net_z"], row["net_streak"], row["room_used"]) == (None, None, 0, None)
    assert answer["notes"][1:] == [
        "net_z is null where the flow never changed.",
        "room_used is null where it is not known.",
    ]


def test_flows_of_a_monthly_pack_are_counted_in_months():
    whole = trading()
    pack = replace(vn_sim.PACK, periods={"M": 1, "Y": 12}, trading=lambda: whole)
    answer = answer_of(pack, FLOW, as_of=whole.dates[100].isoformat())
    assert answer["columns"]["net_z"]["lookback"] == "20M"
    assert answer["columns"]["net_z"]["method_id"] == "net_z(20M,60M)"
    assert answer["columns"]["net_streak"]["unit"] == "months"


@pytest.mark.parametrize("tool", [FLOW, WHALES, STATEMENTS])
async def test_one_sector_can_be_asked_for_in_any_case(tool):
    everything = await ask("vn-sim", tool)
    one = await ask("vn-sim", tool, sector=" real ESTATE ")
    assert [row["sector"] for row in everything["rows"]] == list(p.SECTORS)
    assert everything["sector"] == "all"
    assert one["sector"] == "Real Estate"
    assert one["rows"] == [row for row in everything["rows"] if row["sector"] == "Real Estate"]
    assert one["notes"][0].startswith("SIMULATED")


@pytest.mark.parametrize("days", [1, 20, 2000])
async def test_large_trades_add_up_the_sessions(days):
    answer = await ask("vn-sim", WHALES, lookback_days=days)
    traded = trading()
    for i, row in enumerate(answer["rows"]):
        bought = sum(int(v) for v in traded.whale_buy[-days:, i])
        sold = sum(int(v) for v in traded.whale_sell[-days:, i])
        assert row["buy_value"] == pytest.approx(bought / 1000, abs=0.00501)
        assert row["sell_value"] == pytest.approx(sold / 1000, abs=0.00501)
        assert row["net_value"] == pytest.approx((bought - sold) / 1000, abs=0.00501)
        assert row["trades"] == sum(int(v) for v in traded.whale_trades[-days:, i])
    assert answer["lookback_days"] == days
    assert answer["columns"]["trades"]["unit"] == "count"
    assert answer["notes"][1].startswith("A large trade is a session of a company with at least 2 times its mean")


def known_filings(period: str, as_of: date) -> dict[tuple[date, int], tuple[int, int, date]]:
    """(period, company) → revenue, profit and day of the newest filing up to a day, read one after the other."""
    filed = world(p.Setting()).statements.filings[period]
    columns = (filed.period, filed.company, filed.known, filed.revenue, filed.profit)
    found = {}
    for ended, company, known, revenue, profit in zip(*(column.tolist() for column in columns), strict=True):
        if known <= as_of:
            found[ended, company] = revenue, profit, known
    return found


@pytest.mark.parametrize(
    ("period", "as_of", "observed", "before"),
    [
        ("quarterly", date(2019, 7, 19), date(2019, 3, 31), date(2018, 3, 31)),
        ("quarterly", date(2019, 7, 27), date(2019, 6, 30), date(2018, 6, 30)),
        ("quarterly", date(2020, 5, 31), date(2020, 3, 31), date(2019, 3, 31)),
        ("annually", date(2019, 3, 10), date(2017, 12, 31), date(2016, 12, 31)),
        ("annually", date(2019, 3, 31), date(2018, 12, 31), date(2017, 12, 31)),
    ],
)
async def test_statements_add_up_what_companies_had_filed(period, as_of, observed, before):
    answer = await ask("vn-sim", STATEMENTS, period=period, as_of=as_of.isoformat())
    known, sector = known_filings(period, as_of), world(p.Setting()).statements.sector
    assert answer["observed_at"] == observed.isoformat()
    behind = [known[day, n][2] for day in (observed, before) for n in range(400) if (observed, n) in known]
    assert answer["known_at"] == max(behind).isoformat()
    for i, row in enumerate(answer["rows"]):
        members = [n for n in range(400) if sector[n] == i]
        filed = [n for n in members if (observed, n) in known]
        revenue, profit = (sum(known[observed, n][what] for n in filed) for what in (0, 1))
        assert row["revenue"] == pytest.approx(revenue / 1000, abs=0.00501)
        assert row["net_profit"] == pytest.approx(profit / 1000, abs=0.00501)
        assert row["net_margin"] == pytest.approx(100 * profit / revenue, abs=0.00501)
        assert row["companies_filed"] == pytest.approx(100 * len(filed) / len(members), abs=0.00501)
        for what, column in enumerate(("revenue_growth", "profit_growth")):
            earlier = sum(known[before, n][what] for n in filed)
            now = sum(known[observed, n][what] for n in filed)
            assert row[column] == pytest.approx(100 * (now / earlier - 1), abs=0.00501)
    total = sum((observed, n) in known for n in range(400))
    assert f"The period ended on {observed}; {total} of 400 companies have filed it" in answer["notes"][1]


async def test_a_year_is_the_sum_of_its_quarters_before_anything_is_restated():
    filings = world(p.Setting()).statements.filings
    first = {}
    for period, filed in filings.items():
        for ended, company, revenue in zip(
            *(x.tolist() for x in (filed.period, filed.company, filed.revenue)), strict=True
        ):
            first.setdefault((period, ended, company), revenue)
    for company in (0, 137, 399):
        quarters = [
            first["quarterly", date(2018, month, day), company] for month, day in ((3, 31), (6, 30), (9, 30), (12, 31))
        ]
        assert first["annually", date(2018, 12, 31), company] == sum(quarters)


async def test_statements_exist_on_the_first_day_of_the_pack():
    for period in ("quarterly", "annually"):
        answer = await ask("vn-sim", STATEMENTS, period=period, as_of="2016-01-04")
        assert all(isinstance(row["profit_growth"], float) for row in answer["rows"])


def filed_by(*entries: tuple[str, int, str, int, int], sector: tuple[int, ...] = (0, 1)) -> Pack:
    """A pack of companies in these sectors, with these quarterly accounts."""
    period, company, known, revenue, profit = zip(*entries, strict=True)
    days = np.array(period, dtype="datetime64[D]"), np.array(known, dtype="datetime64[D]")
    filings = Filings(days[0], np.array(company), days[1], np.array(revenue), np.array(profit))
    statements = Statements(np.array(sector), {"quarterly": filings})
    return replace(vn_sim.PACK, statements=lambda: statements, sectors=("Banks", "Media", "Retail"))


def test_a_later_filing_restates_an_earlier_one_from_its_day_on():
    pack = filed_by(
        ("2019-03-31", 0, "2019-04-20", 1_000_000, 100_000),
        ("2019-03-31", 1, "2019-04-25", 3_000_000, 50_000),
        ("2019-03-31", 0, "2019-08-01", 2_000_000, 500_000),
    )
    before = answer_of(pack, STATEMENTS, as_of="2019-07-31")
    after = answer_of(pack, STATEMENTS, as_of="2019-08-01")
    assert (before["rows"][0]["revenue"], after["rows"][0]["revenue"]) == (1000.0, 2000.0)
    assert (before["rows"][0]["net_margin"], after["rows"][0]["net_margin"]) == (10.0, 25.0)
    assert before["rows"][1] == after["rows"][1]
    assert (before["known_at"], after["known_at"]) == ("2019-04-25", "2019-08-01")
    assert "2 of 2 companies have filed it, 1 of them again" in after["notes"][1]


def test_a_sector_without_a_company_and_a_year_without_accounts_are_null_and_a_note_says_so():
    pack = filed_by(("2019-03-31", 0, "2019-04-20", 1_000_000, 100), ("2019-03-31", 1, "2019-04-25", 0, -50))
    answer = answer_of(pack, STATEMENTS, as_of="2019-07-31")
    banks, media, retail = answer["rows"]
    assert (banks["revenue"], banks["revenue_growth"], banks["companies_filed"]) == (1000.0, None, 100.0)
    assert (media["net_margin"], media["net_profit"]) == (None, -0.05)
    assert [value for name, value in retail.items() if name != "sector"] == [None] * 6
    assert answer["notes"][-1].startswith("A figure is null where no company filed")


def test_a_period_counts_once_most_companies_have_filed_it():
    first = [("2018-12-31", 0, "2019-01-20", 10, 1), ("2018-12-31", 1, "2019-01-21", 20, 2)]
    pack = filed_by(*first, ("2019-03-31", 0, "2019-04-20", 30, 3), ("2019-03-31", 1, "2019-04-25", 40, 4))
    assert answer_of(pack, STATEMENTS, as_of="2019-04-24")["observed_at"] == "2018-12-31"
    assert answer_of(pack, STATEMENTS, as_of="2019-04-25")["observed_at"] == "2019-03-31"
    with pytest.raises(
        Refusal, match=r"Up to 2019-01-19 no period \(quarterly\) has been filed by 80% of the companies"
    ):
        answer_of(pack, STATEMENTS, as_of="2019-01-19")


def test_a_year_before_that_is_restated_later_is_known_from_that_day_on():
    pack = filed_by(
        *[(f"{year}-03-31", n, f"{year}-04-20", 10 * (year - 2018), 1) for year in (2019, 2020) for n in (0, 1)],
        ("2019-03-31", 1, "2020-06-01", 100, 1),
    )
    before, after = (answer_of(pack, STATEMENTS, as_of=day) for day in ("2020-05-31", "2020-06-01"))
    assert (before["known_at"], after["known_at"]) == ("2020-04-20", "2020-06-01")
    assert [row["revenue_growth"] for row in before["rows"]] == [100.0, 100.0, None]
    assert [row["revenue_growth"] for row in after["rows"]] == [100.0, -80.0, None]


def test_companies_that_left_the_market_count_no_longer():
    quarters = [f"{year}-{end}" for year in (2016, 2017, 2018) for end in ("03-31", "06-30", "09-30", "12-31")]
    days = [(date.fromisoformat(quarter) + timedelta(20)).isoformat() for quarter in quarters]
    stays = [(quarter, n, day, 1000, 10) for quarter, day in zip(quarters, days, strict=True) for n in (0, 1)]
    left = [(quarter, 2, day, 1000, 10) for quarter, day in zip(quarters[:4], days, strict=False)]
    pack = filed_by(*sorted(stays + left, key=lambda filing: filing[2]), sector=(0, 1, 2))
    soon, later = (answer_of(pack, STATEMENTS, as_of=day) for day in ("2017-12-31", "2019-01-31"))
    assert soon["observed_at"] == "2016-12-31" and "3 of 3 companies have filed it" in soon["notes"][1]
    assert later["observed_at"] == "2018-12-31" and "2 of 2 companies have filed it" in later["notes"][1]
    assert [row["companies_filed"] for row in later["rows"]] == [100.0, 100.0, None]


def truncated(as_of: date) -> Pack:
    """The pack as it would be had nothing become known after a day."""
    simulated = world(p.Setting())
    seen = sum(day <= as_of for day in simulated.trading.dates)
    known = {
        name: value[:seen] if hasattr(value, "ndim") or name == "dates" else value
        for name, value in vars(simulated.trading).items()
    }
    filings = {
        period: Filings(**{name: column[filed.known <= np.datetime64(as_of)] for name, column in vars(filed).items()})
        for period, filed in simulated.statements.filings.items()
    }
    traded, statements = replace(simulated.trading, **known), replace(simulated.statements, filings=filings)
    return replace(vn_sim.PACK, trading=lambda: traded, statements=lambda: statements)


@pytest.mark.parametrize("tool", [FLOW, WHALES, STATEMENTS])
def test_an_answer_is_the_same_when_later_trades_and_filings_do_not_exist(tool):
    @settings(max_examples=25, deadline=None)
    @given(st.integers(100, (p.LAST - p.FIRST).days))
    def check(offset):
        as_of = p.FIRST + timedelta(offset)
        whole, known = (answer_of(pack, tool, as_of=as_of.isoformat()) for pack in (vn_sim.PACK, truncated(as_of)))
        assert whole == known

    check()
