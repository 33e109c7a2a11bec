"""All there is to know about the simulated market of the pack `vn-sim`; `vn_generator` turns it into numbers.

Planted on purpose: a sector's drift has a part set by the regime of the economy, and a part of its own that
fades with a half-life of 60 sessions, so momentum exists. Foreign investors and large trades lean towards
that drift. The values are plausible for Vietnam and are no estimates of anything.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

FIRST, LAST = date(2016, 1, 4), date(2025, 12, 31)
HISTORY = 2013  # macro and accounts begin here, so that growth on a year before is known from FIRST on
SEED = 2016


class Regime(NamedTuple):
    """A phase of the economy; phases follow one another in this order and last 3 to 11 months."""

    drift: float  # of the market, % a year
    turbulence: float  # factor on all volatility
    revenue: float  # deviation of company revenue from trend, fraction


REGIMES = {
    "recovery": Regime(18, 1.1, 0.02),
    "expansion": Regime(14, 0.8, 0.06),
    "slowdown": Regime(0, 1.0, -0.01),
    "contraction": Regime(-22, 1.8, -0.08),
}
SHORTEST_PHASE, LONGEST_PHASE = 3, 11  # months

MARKET_VOLATILITY = 15.5  # % a year
PLANTED_STRENGTH = 2.0  # factor on tilts and leadership; at 1 momentum is as faint as in real markets
LEADERSHIP_PERSISTENCE = 0.98851  # a session; half-life 60 sessions
LEADERSHIP_SPREAD = 12.0  # % a year, standard deviation of a sector's own drift
DAILY_LIMIT = 7.0  # %, as on the main exchange

TURNOVER = (6_000.0, 22_000.0)  # VND bn a session, first and last, in a straight line
FOREIGN_LEAN = (0.25, 0.35, 0.90)  # weights of planted drift, past 5 sessions' return, and noise
WHALE_CHANCE = 0.12  # of a large trade in a sector and session
WHALE_SHARE = (0.10, 0.40)  # of the sector's turnover, smallest and largest


class Sector(NamedTuple):
    """What sets a sector apart."""

    weight: int  # in 1000 of the market
    beta: float
    volatility: float  # its own, % a year
    tilts: tuple[float, float, float, float]  # drift above the market by regime, % a year
    foreign: float  # foreign share of its turnover
    revenue: int  # VND bn in the first quarter
    margin: float  # net profit in % of revenue


SECTORS = {
    "Oil and Gas": Sector(40, 1.15, 17, (-2, 3, 6, -4), 0.10, 62_000, 4.5),
    "Chemicals": Sector(35, 1.05, 15, (3, 2, 0, -4), 0.09, 24_000, 9.0),
    "Basic Resources": Sector(45, 1.20, 17, (8, 4, -4, -8), 0.12, 48_000, 6.0),
    "Construction and Materials": Sector(40, 1.10, 14, (6, 4, -3, -7), 0.07, 39_000, 4.0),
    "Industrial Goods and Services": Sector(45, 1.00, 12, (4, 4, -1, -5), 0.09, 30_000, 7.5),
    "Automobiles and Parts": Sector(7, 1.00, 16, (7, 2, -4, -6), 0.08, 18_000, 4.0),
    "Food and Beverage": Sector(100, 0.75, 11, (-5, -3, 3, 9), 0.22, 57_000, 11.0),
    "Personal and Household Goods": Sector(11, 0.85, 13, (2, 1, 0, 1), 0.10, 15_000, 7.0),
    "Health Care": Sector(10, 0.60, 11, (-6, -4, 4, 12), 0.08, 9_000, 9.5),
    "Retail": Sector(25, 1.05, 16, (7, 4, -3, -5), 0.20, 34_000, 3.5),
    "Media": Sector(1, 0.80, 19, (1, 2, -1, -2), 0.03, 2_500, 5.0),
    "Travel and Leisure": Sector(20, 0.95, 15, (5, 3, -2, -7), 0.11, 26_000, 5.0),
    "Telecommunications": Sector(4, 0.85, 14, (-3, 1, 3, 4), 0.05, 14_000, 8.0),
    "Utilities": Sector(60, 0.65, 10, (-6, -3, 4, 10), 0.10, 44_000, 10.5),
    "Banks": Sector(300, 1.05, 10, (6, 3, -2, -5), 0.12, 72_000, 24.0),
    "Insurance": Sector(12, 0.90, 13, (0, 1, 2, 1), 0.12, 12_000, 8.5),
    "Real Estate": Sector(170, 1.10, 15, (9, 3, -6, -9), 0.14, 46_000, 15.0),
    "Financial Services": Sector(45, 1.45, 18, (14, 5, -7, -12), 0.10, 6_500, 28.0),
    "Technology": Sector(30, 0.95, 14, (1, 6, 3, -1), 0.16, 16_000, 8.0),
}


class Indicator(NamedTuple):
    """How a macro figure moves."""

    levels: tuple[float, float, float, float]  # what it is drawn to in each regime, %
    noise: float  # standard deviation of a month's shock, percentage points
    delay: int  # days from the end of its period to its release


MACRO_INERTIA = 0.8  # a month
MACRO = {
    "Vietnam": {
        "gdp_growth": Indicator((6.4, 7.4, 5.9, 3.8), 0.20, 6),
        "inflation": Indicator((2.6, 3.8, 4.4, 2.4), 0.15, 6),
        "interest_rates": Indicator((4.5, 5.0, 6.2, 4.8), 0.05, 1),
        "unemployment_rate": Indicator((2.3, 2.1, 2.3, 2.9), 0.04, 6),
    },
    "Global": {
        "gdp_growth": Indicator((3.3, 3.8, 2.8, 1.0), 0.15, 30),
        "inflation": Indicator((2.4, 3.4, 4.0, 2.2), 0.12, 15),
        "interest_rates": Indicator((1.8, 3.0, 3.8, 1.6), 0.05, 1),
        "unemployment_rate": Indicator((5.9, 5.2, 5.5, 6.8), 0.05, 7),
    },
}

REVENUE_TREND = 1.022  # a quarter
FILING_DAYS = {"quarterly": 30, "annually": 90}  # consolidated quarterly accounts, audited yearly accounts
