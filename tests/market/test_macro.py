from __future__ import annotations

import csv
from dataclasses import replace
from datetime import date, timedelta

import pytest

from agent.market import us_real, vn_parameters
from agent.market.pack import Series
from tests.market.asking import ask

INDICATORS = ["gdp_growth", "inflation", "interest_rates", "unemployment_rate"]


def column(name: str, file: str = "us_macro_monthly.csv", key: str = "month") -> dict[str, float]:
    with (us_real.DATA / file).open(newline="") as lines:
        return {row[key]: float(row[name]) for row in csv.DictReader(lines) if row[name]}


def by_indicator(answer):
    return {row["indicator"]: row for row in answer["rows"]}


async def test_us_readings_are_the_latest_released_ones():
    answer = await ask("us-real", "get_macro_indicators", as_of="2008-09-30", period="monthly")
    rows, cpi, gdp = (
        by_indicator(answer),
        column("cpiaucsl"),
        column("gdpc1", "us_gdp_quarterly.csv", "quarter"),
    )

    august = round(100 * (cpi["2008-08"] / cpi["2007-08"] - 1), 2)
    july = round(100 * (cpi["2008-07"] / cpi["2007-07"] - 1), 2)
    assert list(rows) == INDICATORS
    assert rows["inflation"] == {
        "indicator": "inflation",
        "value": august,
        "previous": july,
        "change": round(august - july, 2),
        "unit": "percent",
        "observed_at": "2008-08-31",
        "known_at": "2008-09-20",
    }
    growth = round(100 * (gdp["2008Q2"] / gdp["2007Q2"] - 1), 2)
    assert rows["gdp_growth"]["value"] == growth
    assert (rows["gdp_growth"]["observed_at"], rows["gdp_growth"]["known_at"]) == ("2008-06-30", "2008-07-30")
    assert rows["unemployment_rate"]["value"] == column("unrate")["2008-08"]
    assert rows["unemployment_rate"]["known_at"] == "2008-09-10"
    assert rows["interest_rates"]["value"] == column("fedfunds")["2008-08"]
    assert rows["interest_rates"]["known_at"] == "2008-09-01"
    assert (answer["observed_at"], answer["known_at"]) == ("2008-08-31", "2008-09-20")
    assert answer["known_at_kind"] == "assumed-lag"
    assert answer["vintage"] == "2022-10 latest"
    assert answer["region"] == "United States"


@pytest.mark.parametrize(
    ("period", "observed", "previous"),
    [("quarterly", "2008-06", "2008-03"), ("annually", "2007-12", "2006-12")],
)
async def test_period_picks_the_months_that_end_it(period, observed, previous):
    answer = await ask("us-real", "get_macro_indicators", as_of="2008-09-30", period=period)
    row = by_indicator(answer)["unemployment_rate"]
    jobless = column("unrate")
    assert row["observed_at"].startswith(observed)
    assert (row["value"], row["previous"]) == (jobless[observed], jobless[previous])
    assert row["change"] == round(jobless[observed] - jobless[previous], 2)


@pytest.mark.parametrize(("period", "before"), [("monthly", 4.0), ("quarterly", 4.0), ("annually", None)])
async def test_of_a_series_finer_than_a_month_the_newest_observation_ends_it(period, before):
    days = date(2007, 12, 29), date(2008, 3, 20), date(2008, 3, 29), date(2008, 3, 30)
    rates = Series(days, days, (4.0, 4.5, 5.0, 5.25))
    pack = replace(us_real.PACK, indicators=("rate",), macro=lambda region: {"rate": rates})
    answer = await ask(pack, "get_macro_indicators", indicators=["rate"], period=period, as_of="2008-03-31")
    [row] = answer["rows"]
    value = 4.0 if period == "annually" else 5.25
    assert (row["value"], row["previous"], row["change"]) == (value, before, before and value - before)


async def test_the_bill_rate_stands_in_before_the_federal_funds_rate():
    bill, funds = column("tb3ms"), column("fedfunds")
    asked = {"indicators": ["interest_rates"], "period": "monthly"}
    early = await ask("us-real", "get_macro_indicators", as_of="1954-07-31", **asked)
    late = await ask("us-real", "get_macro_indicators", as_of="1954-08-01", **asked)
    assert early["rows"][0]["value"] == bill["1954-06"]
    assert (late["rows"][0]["value"], late["rows"][0]["previous"]) == (funds["1954-07"], bill["1954-06"])
    assert "3-month Treasury bill" in early["notes"][0]


async def test_a_first_observation_has_no_previous_and_a_note_says_so():
    answer = await ask("us-real", "get_macro_indicators", as_of="1949-01-31", period="annually")
    row = by_indicator(answer)["inflation"]
    assert row["observed_at"] == "1948-12-31"
    assert (row["previous"], row["change"]) == (None, None)
    assert "inflation: previous and change are null, as the data begin with this observation." in answer["notes"]


@pytest.mark.parametrize(
    ("indicator", "name", "grows", "known"),
    [
        ("industrial_production_growth", "indpro", True, 18),
        ("durable_goods_production_growth", "ipdman", True, 18),
        ("producer_price_inflation", "ppiaco", True, 20),
        ("payroll_growth", "payems", True, 10),
        ("housing_starts", "houst", False, 20),
        ("housing_starts_growth", "houst", True, 20),
        ("consumption_growth", "pce", True, 33),
        ("disposable_income_growth", "dspic96", True, 33),
        ("money_growth", "m2sl", True, 28),
        ("federal_funds_rate", "fedfunds", False, 1),
        ("bill_rate", "tb3ms", False, 1),
        ("one_year_yield", "gs1", False, 1),
        ("ten_year_yield", "gs10", False, 1),
        ("oil_price", "mcoilwtico", False, 1),
        ("oil_price_growth", "mcoilwtico", True, 1),
    ],
)
async def test_each_us_series_is_the_column_it_comes_from_and_known_after_its_delay(indicator, name, grows, known):
    asked = {"indicators": [indicator], "period": "monthly"}
    day = date(2008, 7, 31) + timedelta(known)
    on = await ask("us-real", "get_macro_indicators", as_of=day.isoformat(), **asked)
    before = await ask("us-real", "get_macro_indicators", as_of=(day - timedelta(1)).isoformat(), **asked)
    levels = column(name)
    july = 100 * (levels["2008-07"] / levels["2007-07"] - 1) if grows else levels["2008-07"]
    [row] = on["rows"]
    assert row["value"] == pytest.approx(july, abs=0.00501)
    assert (row["observed_at"], row["known_at"]) == ("2008-07-31", day.isoformat())
    assert before["rows"][0]["observed_at"] == "2008-06-30"
    assert row["unit"] == {"housing_starts": "thousand a year", "oil_price": "USD a barrel"}.get(indicator, "percent")
    assert on["columns"]["change"]["unit"] == "percentage points"
    assert (row["change"] is None) == (row["unit"] != "percent")
    said = f"{indicator}: change is null, as it is told in percentage points and this is in {row['unit']}."
    assert (said in on["notes"]) == (row["change"] is None)


async def test_the_term_spread_and_the_risk_free_return_are_computed_from_their_files():
    answer = await ask(
        "us-real",
        "get_macro_indicators",
        as_of="2008-09-30",
        indicators=["term_spread", "risk_free"],
        period="monthly",
    )
    spread, bill = answer["rows"]
    assert spread["value"] == pytest.approx(column("gs10")["2008-08"] - column("gs1")["2008-08"], abs=0.00501)
    assert bill["value"] == pytest.approx(100 * column("RF", "us_industries_monthly.csv")["2008-08"], abs=0.00501)
    assert bill["unit"] == "percent a month"
    assert (bill["observed_at"], bill["known_at"]) == ("2008-08-31", "2008-09-01")


@pytest.mark.parametrize(
    ("indicator", "first", "known"),
    [
        ("oil_price", "1986-01", "1986-02-01"),
        ("oil_price_growth", "1987-01", "1987-02-01"),
        ("federal_funds_rate", "1954-07", "1954-08-01"),
        ("money_growth", "1960-01", "1960-02-28"),
    ],
)
async def test_a_series_that_begins_late_is_null_with_a_note_until_it_is_known(indicator, first, known):
    asked = {"indicators": ["inflation", indicator], "period": "monthly"}
    eve = (date.fromisoformat(known) - timedelta(1)).isoformat()
    before = await ask("us-real", "get_macro_indicators", as_of=eve, **asked)
    after = await ask("us-real", "get_macro_indicators", as_of=known, **asked)
    row = by_indicator(before)[indicator]
    unit = {"oil_price": "USD a barrel"}.get(indicator, "percent")
    assert row == {"indicator": indicator, "value": None, "previous": None, "change": None, "unit": unit}
    assert f"{indicator} is null: no monthly observation of it was known on {eve}." in before["notes"]
    assert by_indicator(before)["inflation"]["value"] is not None
    late = by_indicator(after)[indicator]
    assert isinstance(late["value"], float)
    assert late["observed_at"].startswith(first)


async def test_an_answer_without_any_value_is_dated_by_its_as_of():
    answer = await ask("us-real", "get_macro_indicators", as_of="1950-06-15", indicators=["oil_price"])
    assert (answer["observed_at"], answer["known_at"]) == ("1950-06-15", "1950-06-15")
    assert answer["rows"][0]["value"] is None


async def test_the_four_come_first_and_alone_unless_others_are_named():
    usual = await ask("us-real", "get_macro_indicators", as_of="1999-12-31")
    every = await ask("us-real", "get_macro_indicators", as_of="1999-12-31", indicators=[*us_real.PACK.indicators])
    assert [row["indicator"] for row in usual["rows"]] == INDICATORS
    assert [row["indicator"] for row in every["rows"]][:4] == INDICATORS
    assert all(isinstance(row["value"], float) for row in every["rows"])
    used = {about.column for about in us_real.MONTHLY.values()}
    with (us_real.DATA / "us_macro_monthly.csv").open(newline="") as lines:
        assert used == {*next(csv.reader(lines))} - {"month"}


def test_series_are_in_the_order_in_which_they_became_known():
    for series in us_real.macro("United States").values():
        assert list(series.known) == sorted(series.known)
        assert all(observed < known for observed, known in zip(series.observed, series.known, strict=True))


@pytest.mark.parametrize("region", ["US", "usa", " united states "])
async def test_the_region_has_the_names_people_use(region):
    answer = await ask("us-real", "get_macro_indicators", region=region)
    assert answer["region"] == "United States"


@pytest.mark.parametrize("region", ["Vietnam", "Global"])
@pytest.mark.parametrize("period", ["monthly", "quarterly", "annually"])
async def test_simulated_regions_have_every_indicator_from_the_first_day(region, period):
    first = await ask("vn-sim", "get_macro_indicators", region=region, period=period, as_of="2016-01-04")
    last = await ask("vn-sim", "get_macro_indicators", region=region, period=period)
    for answer in (first, last):
        assert [row["indicator"] for row in answer["rows"]] == INDICATORS
        assert all(isinstance(row["change"], float) for row in answer["rows"])
        assert answer["kind"] == "simulated"
        assert "vintage" not in answer
    assert first["rows"] != last["rows"]


async def test_simulated_releases_come_after_their_delay():
    delay = vn_parameters.MACRO["Vietnam"]["inflation"].delay
    asked = {"indicators": ["inflation"], "period": "monthly"}
    before = await ask("vn-sim", "get_macro_indicators", as_of=f"2019-07-{delay - 1:02}", **asked)
    after = await ask("vn-sim", "get_macro_indicators", as_of=f"2019-07-{delay:02}", **asked)
    assert before["observed_at"] == "2019-05-31"
    assert (after["observed_at"], after["known_at"]) == ("2019-06-30", f"2019-07-{delay:02}")


@pytest.mark.parametrize("period", ["monthly", "quarterly", "annually"])
async def test_us_readings_exist_on_the_first_day_of_the_pack(period):
    answer = await ask("us-real", "get_macro_indicators", as_of="1949-01-31", period=period)
    assert all(isinstance(row["value"], float) for row in answer["rows"])
