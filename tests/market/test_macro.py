from __future__ import annotations

import csv

import pytest

from agent.market import us_real, vn_parameters
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
        "known_at": "2008-09-15",
    }
    growth = round(100 * (gdp["2008Q2"] / gdp["2007Q2"] - 1), 2)
    assert rows["gdp_growth"]["value"] == growth
    assert (rows["gdp_growth"]["observed_at"], rows["gdp_growth"]["known_at"]) == ("2008-06-30", "2008-07-30")
    assert rows["unemployment_rate"]["value"] == column("unrate")["2008-08"]
    assert rows["unemployment_rate"]["known_at"] == "2008-09-07"
    assert rows["interest_rates"]["value"] == column("fedfunds")["2008-08"]
    assert rows["interest_rates"]["known_at"] == "2008-09-01"
    assert (answer["observed_at"], answer["known_at"]) == ("2008-08-31", "2008-09-15")
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
