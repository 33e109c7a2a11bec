"""Pack `us-real`: monthly returns of 12 US industries and US macro history, from files beside this module.

Industries are known on the last day of their month. The macro files hold the latest revision only, so the
day on which a value became known is assumed: the end of its period plus the usual delay of its release.
`us_real_data/SOURCES.md` says where the numbers come from.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache
from pathlib import Path

from agent.market.pack import Pack, Panel, Sampling, Series

DATA = Path(__file__).with_name("us_real_data")
FILES = ("us_industries_monthly.csv", "us_macro_monthly.csv", "us_gdp_quarterly.csv")

INDUSTRIES = {
    "NoDur": "Consumer Non-Durables",
    "Durbl": "Consumer Durables",
    "Manuf": "Manufacturing",
    "Enrgy": "Energy",
    "Chems": "Chemicals",
    "BusEq": "Business Equipment",
    "Telcm": "Telecommunications",
    "Utils": "Utilities",
    "Shops": "Wholesale and Retail",
    "Hlth": "Health Care",
    "Money": "Finance",
    "Other": "Other Industries",
}

GDP_NOTE = "real GDP on the same quarter a year before; it exists by quarter only."
CPI_NOTE = "consumer prices on the same month a year before."
RATE_NOTE = "federal funds rate, before July 1954 the 3-month Treasury bill."

RELEASE_DAYS = {"gdp_growth": 30, "inflation": 15, "interest_rates": 1, "unemployment_rate": 7}


def require_data() -> None:
    """Raises FileNotFoundError: a data file is not there; the message names the first that is missing."""
    for name in FILES:
        if not (DATA / name).is_file():
            raise FileNotFoundError(
                f"the pack us-real needs the file {name} in the folder {DATA}, which is missing; "
                "the pack vn-sim works without it"
            )


@cache
def panel() -> Panel:
    """Industry returns and the market's (excess return plus the bill), month by month."""
    import numpy as np

    rows = _read("us_industries_monthly.csv")
    return Panel(
        dates=tuple(_month_end(row["month"]) for row in rows),
        sectors=np.array([[float(row[code]) for code in INDUSTRIES] for row in rows]),
        benchmark=np.array([float(row["MktRF"]) + float(row["RF"]) for row in rows]),
    )


@cache
def macro(region: str) -> Mapping[str, Series]:
    """The four indicators in percent; growth rates are on the same period a year before."""
    months = _read("us_macro_monthly.csv")
    prices = {_month_end(row["month"]): float(row["cpiaucsl"]) for row in months}
    output = {_quarter_end(row["quarter"]): float(row["gdpc1"]) for row in _read("us_gdp_quarterly.csv")}
    jobless = {_month_end(row["month"]): float(row["unrate"]) for row in months if row["unrate"]}
    rates = {_month_end(row["month"]): float(row["fedfunds"] or row["tb3ms"]) for row in months}
    return {
        "gdp_growth": _series(_on_year_before(output), RELEASE_DAYS["gdp_growth"], GDP_NOTE),
        "inflation": _series(_on_year_before(prices), RELEASE_DAYS["inflation"], CPI_NOTE),
        "interest_rates": _series(rates, RELEASE_DAYS["interest_rates"], RATE_NOTE),
        "unemployment_rate": _series(jobless, RELEASE_DAYS["unemployment_rate"]),
    }


def _series(values: Mapping[date, float], delay: int, *notes: str) -> Series:
    known = tuple(day + timedelta(delay) for day in values)
    return Series(tuple(values), known, tuple(values.values()), notes)


def _on_year_before(levels: Mapping[date, float]) -> dict[date, float]:
    """Growth in percent; no value where the level a year before is not there."""
    by_month = {(day.year, day.month): level for day, level in levels.items()}
    return {
        day: 100 * (level / by_month[day.year - 1, day.month] - 1)
        for day, level in levels.items()
        if (day.year - 1, day.month) in by_month
    }


def _read(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="ascii", newline="") as file:
        return list(csv.DictReader(file))


def _month_end(text: str) -> date:
    """Last day of a month written '2008-09'."""
    year, month = map(int, text.split("-"))
    return date(year + month // 12, month % 12 + 1, 1) - timedelta(1)


def _quarter_end(text: str) -> date:
    """Last day of a quarter written '2008Q3'."""
    year, quarter = text.split("Q")
    return _month_end(f"{year}-{3 * int(quarter)}")


PACK = Pack(
    name="us-real",
    kind="real",
    summary="Real US data, monthly, 1949-01 to 2017-03: 12 industries and macro indicators.",
    taxonomy="Fama-French 12 industries",
    benchmark="US stock market, value-weighted (MktRF + RF)",
    first=date(1949, 1, 31),
    last=date(2017, 3, 31),
    sectors=tuple(INDUSTRIES.values()),
    regions=("United States",),
    region_aliases={"us": "United States", "usa": "United States"},
    periods={"M": 1, "Y": 12},
    sampling={"monthly": Sampling(step=1, floor=24)},
    known_at_kind="assumed-lag",
    vintage="2022-10 latest",
    source=(
        "Industries and market: Kenneth R. French Data Library (copyright Fama and French), by way of the "
        "Python package linearmodels (NCSA licence). Macro: US government series (BEA, BLS, Federal Reserve) "
        "from the St. Louis Fed, latest vintage of 2022-10."
    ),
    notes=(),
    panel=panel,
    macro=macro,
)
