"""Pack `us-real`: monthly returns of 12 US industries and US macro history, from files beside this module.

Industries are known on the last day of their month. The macro files hold the latest revision only, so the
day on which a value became known is assumed: the end of its period plus the delay of a release that is late
but not out of the ordinary, so that little is known before it was published.
`us_real_data/SOURCES.md` says where the numbers come from.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import NamedTuple

from agent.market.pack import INDICATORS, Pack, Panel, Sampling, Series

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


class Indicator(NamedTuple):
    """A column of the monthly file, and how it is told; `days`: from the end of its month to a late usual release.

    Growth is on the same month a year before, in percent.
    """

    column: str
    days: int
    grows: bool = False
    unit: str = "percent"
    note: str = ""


MONTHLY = {
    "inflation": Indicator("cpiaucsl", 20, True, note="consumer prices on the same month a year before."),
    "unemployment_rate": Indicator("unrate", 10),
    "industrial_production_growth": Indicator("indpro", 18, True),
    "durable_goods_production_growth": Indicator("ipdman", 18, True),
    "producer_price_inflation": Indicator("ppiaco", 20, True, note="prices of all commodities."),
    "payroll_growth": Indicator("payems", 10, True, note="persons employed outside farms."),
    "housing_starts": Indicator("houst", 20, unit="thousand a year", note="seasonally adjusted annual rate."),
    "housing_starts_growth": Indicator("houst", 20, True),
    "consumption_growth": Indicator("pce", 33, True, note="personal consumption, nominal."),
    "disposable_income_growth": Indicator("dspic96", 33, True, note="personal income after tax, real."),
    "money_growth": Indicator("m2sl", 28, True, note="money stock M2."),
    "federal_funds_rate": Indicator("fedfunds", 1),
    "bill_rate": Indicator("tb3ms", 1, note="3-month Treasury bill."),
    "one_year_yield": Indicator("gs1", 1),
    "ten_year_yield": Indicator("gs10", 1),
    "oil_price": Indicator("mcoilwtico", 1, unit="USD a barrel", note="crude oil, WTI."),
    "oil_price_growth": Indicator("mcoilwtico", 1, True, note="crude oil, WTI."),
}
GDP_DAYS, RATE_DAYS = 30, 1

GDP_NOTE = "real GDP on the same quarter a year before; it exists by quarter only."
RATE_NOTE = "federal funds rate, before July 1954 the 3-month Treasury bill."
SPREAD_NOTE = "ten-year less one-year Treasury yield."
RISK_FREE_NOTE = "return of the one-month Treasury bill over the month, not annualised."


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
    """Every indicator of the pack, the four of all packs first; each begins where its data do."""
    months = _read("us_macro_monthly.csv")
    levels = {
        column: {_month_end(row["month"]): float(row[column]) for row in months if row[column]}
        for column in months[0]
        if column != "month"
    }
    output = {_quarter_end(row["quarter"]): float(row["gdpc1"]) for row in _read("us_gdp_quarterly.csv")}
    bills = {_month_end(row["month"]): 100 * float(row["RF"]) for row in _read("us_industries_monthly.csv")}
    long, short = levels["gs10"], levels["gs1"]
    spread = {day: long[day] - short[day] for day in long if day in short}
    series = {name: _told(levels[about.column], about) for name, about in MONTHLY.items()} | {
        "gdp_growth": _series(_on_year_before(output), GDP_DAYS, GDP_NOTE),
        "interest_rates": _series(levels["tb3ms"] | levels["fedfunds"], RATE_DAYS, RATE_NOTE),
        "term_spread": _series(spread, RATE_DAYS, SPREAD_NOTE),
        "risk_free": _series(bills, RATE_DAYS, RISK_FREE_NOTE, unit="percent a month"),
    }
    return {name: series[name] for name in PACK.indicators}


def _told(levels: Mapping[date, float], about: Indicator) -> Series:
    values = _on_year_before(levels) if about.grows else levels
    return _series(values, about.days, *filter(None, [about.note]), unit=about.unit)


def _series(values: Mapping[date, float], delay: int, *notes: str, unit: str = "percent") -> Series:
    known = tuple(day + timedelta(delay) for day in values)
    return Series(tuple(values), known, tuple(values.values()), notes, unit)


def _on_year_before(levels: Mapping[date, float]) -> dict[date, float]:
    """Growth in percent; no value where the level a year before is not there."""
    from agent.market.methods import growth

    by_month = {(day.year, day.month): level for day, level in levels.items()}
    changes = {day: growth(level, by_month.get((day.year - 1, day.month), 0)) for day, level in levels.items()}
    return {day: change for day, change in changes.items() if change is not None}


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
    indicators=tuple(dict.fromkeys((*INDICATORS, *MONTHLY, "term_spread", "risk_free"))),
)
