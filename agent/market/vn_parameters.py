"""The sizes of the simulated market of the pack `vn-sim`; the other `vn_` modules turn them into numbers.

How strongly one thing answers to another within a session or a quarter (a close to its day's return, a margin to the
cycle, an order to a lean) stands as a factor where it is computed.

Planted on purpose: the drift of a sector has a part set by the regime of the economy, a part of its own that
fades with a half-life of 60 sessions, so momentum exists, and a part set by a rise of interest rates. Foreign
investors and large trades lean towards that drift. The values are plausible for Vietnam and are no estimates
of anything.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

FIRST, LAST = date(2016, 1, 4), date(2025, 12, 31)
HISTORY = 2013  # macro and accounts begin here, so that growth on a year before is known from FIRST on
VERSION = "4172714a71fc"  # of the generator: the first digits of the SHA-256 of all its figures, held by a test
SEED = 2016
DIFFICULTIES = {"realistic": 1.0, "teaching": 2.0, "easy": 3.0}  # factor on all planted drift


class Setting(NamedTuple):
    """Which of the simulated markets is meant."""

    difficulty: str = "teaching"
    seed: int = SEED


class Regime(NamedTuple):
    """A phase of the economy; phases follow one another in this order."""

    drift: float  # of the market, % a year
    turbulence: float  # factor on all volatility, and what turnover is drawn to
    revenue: float  # deviation of company revenue from trend, fraction


REGIMES = {
    "recovery": Regime(18, 1.1, 0.02),
    "expansion": Regime(14, 0.8, 0.06),
    "slowdown": Regime(0, 1.0, -0.01),
    "contraction": Regime(-22, 1.8, -0.08),
}
SHORTEST_PHASE, LONGEST_PHASE = 90, 330  # days


class RateHike(NamedTuple):
    """An episode of higher interest rates in Vietnam."""

    first: date
    last: date
    points: float  # what rates are drawn to above their usual level, percentage points
    drift: dict[str, float]  # of the sectors that answer to it, % a year above the market


RATE_HIKE = RateHike(
    date(2019, 4, 1),
    date(2020, 1, 31),
    2.5,
    {
        "Banks": -18,
        "Real Estate": -26,
        "Utilities": -18,
        "Financial Services": -24,
        "Construction and Materials": -14,
        "Insurance": 10,
    },
)

MARKET_VOLATILITY = 15.5  # % a year
LEADERSHIP_PERSISTENCE = 0.98851  # a session; half-life 60 sessions
LEADERSHIP_SPREAD = 12.0  # % a year, standard deviation of a sector's own drift

NAME_CAP = 0.20  # largest weight of a ticker in its sector; weights are 1/rank before it
OWN_VOLATILITY = (1.2, 3.0)  # % a session, of a ticker: the largest and quietest, the smallest and wildest
BETA_SPREAD = 0.2  # of a ticker around its sector's, fraction
JUMP_RATE = 0.0008  # of a ticker and session
JUMP_SIZE = (5.0, 12.0)  # %, up or down


class Exchange(NamedTuple):
    """Where tickers are listed, by size."""

    limit: float  # of a day's move, %
    until: float  # rank in its sector as a fraction, blurred by luck


EXCHANGES = {"HOSE": Exchange(7, 0.5), "HNX": Exchange(10, 0.75), "UPCOM": Exchange(15, 2.0)}

TURNOVER = (6_000.0, 22_000.0)  # VND bn a session, first and last, in a straight line
TURNOVER_NOISE = 0.3  # of a ticker, fraction
TURNOVER_INERTIA = 0.95  # a session
MARKET_VALUE = 7_000_000  # VND bn
FOREIGN_LEAN = (0.25, 0.35)  # weights of planted drift and of the past 5 sessions' return
FOREIGN_NOISE = (0.85, 0.90)  # of a sector, of a ticker
FOREIGN_LIMIT = {"Banks": 0.30}  # of a company; elsewhere 0.49
USUAL_FOREIGN_LIMIT = 0.49
ROOM_USED_AT_FIRST = (0.2, 0.8)  # of the limit
PUT_THROUGH_RATE = 0.004  # of a ticker and session
PUT_THROUGH_SIZE = (0.3, 1.0)  # of a usual session's turnover

WHALE_RATE = 0.01  # of a ticker and session
WHALE_SPIKE = 4  # times the turnover
WHALE_LEAN = 0.3  # weight of planted drift in its direction
WHALE_RULE = 2  # times the mean turnover of the sessions before: what counts as a large trade
WHALE_WINDOW = 20  # sessions


class Sector(NamedTuple):
    """What sets a sector apart."""

    weight: int  # in 1000 of the market
    listed: int  # tickers
    beta: float
    volatility: float  # of what its tickers share beyond the market, % a year
    tilts: tuple[float, float, float, float]  # drift above the market by regime, % a year
    foreign: float  # foreign share of its turnover
    revenue: int  # VND bn a quarter, before the first one's growth, cycle and luck
    margin: float  # net profit in % of revenue


SECTORS = {
    "Oil and Gas": Sector(40, 18, 1.15, 15, (-2, 3, 6, -4), 0.10, 62_000, 4.5),
    "Chemicals": Sector(35, 22, 1.05, 13, (3, 2, 0, -4), 0.09, 24_000, 9.0),
    "Basic Resources": Sector(45, 26, 1.20, 15, (8, 4, -4, -8), 0.12, 48_000, 6.0),
    "Construction and Materials": Sector(40, 48, 1.10, 11, (6, 4, -3, -7), 0.07, 39_000, 4.0),
    "Industrial Goods and Services": Sector(45, 46, 1.00, 9, (4, 4, -1, -5), 0.09, 30_000, 7.5),
    "Automobiles and Parts": Sector(7, 10, 1.00, 14, (7, 2, -4, -6), 0.08, 18_000, 4.0),
    "Food and Beverage": Sector(100, 30, 0.75, 8, (-5, -3, 3, 9), 0.22, 57_000, 11.0),
    "Personal and Household Goods": Sector(11, 14, 0.85, 10, (2, 1, 0, 1), 0.10, 15_000, 7.0),
    "Health Care": Sector(10, 16, 0.60, 8, (-6, -4, 4, 12), 0.08, 9_000, 9.5),
    "Retail": Sector(25, 12, 1.05, 14, (7, 4, -3, -5), 0.20, 34_000, 3.5),
    "Media": Sector(1, 8, 0.80, 17, (1, 2, -1, -2), 0.03, 2_500, 5.0),
    "Travel and Leisure": Sector(20, 18, 0.95, 13, (5, 3, -2, -7), 0.11, 26_000, 5.0),
    "Telecommunications": Sector(4, 8, 0.85, 11, (-3, 1, 3, 4), 0.05, 14_000, 8.0),
    "Utilities": Sector(60, 26, 0.65, 6, (-6, -3, 4, 10), 0.10, 44_000, 10.5),
    "Banks": Sector(300, 24, 1.05, 6, (6, 3, -2, -5), 0.12, 72_000, 24.0),
    "Insurance": Sector(12, 9, 0.90, 10, (0, 1, 2, 1), 0.12, 12_000, 8.5),
    "Real Estate": Sector(170, 34, 1.10, 13, (9, 3, -6, -9), 0.14, 46_000, 15.0),
    "Financial Services": Sector(45, 20, 1.45, 16, (14, 5, -7, -12), 0.10, 6_500, 28.0),
    "Technology": Sector(30, 11, 0.95, 11, (1, 6, 3, -1), 0.16, 16_000, 8.0),
}


class Indicator(NamedTuple):
    """How a macro figure moves."""

    levels: tuple[float, float, float, float]  # what it is drawn to in each regime, %
    noise: float  # standard deviation of a month's shock, percentage points
    delay: int  # days from the end of its period to its release
    revised: int = 0  # days from the end of its period to its revision; 0: never
    error: float = 0.0  # standard deviation of what the revision changes, percentage points


MACRO_INERTIA = 0.8  # a month
MACRO = {
    "Vietnam": {
        "gdp_growth": Indicator((6.4, 7.4, 5.9, 3.8), 0.20, 6, 96, 0.15),
        "inflation": Indicator((2.6, 3.8, 4.4, 2.4), 0.15, 6, 37, 0.05),
        "interest_rates": Indicator((4.5, 5.0, 6.2, 4.8), 0.05, 1),
        "unemployment_rate": Indicator((2.3, 2.1, 2.3, 2.9), 0.04, 6, 96, 0.04),
    },
    "Global": {
        "gdp_growth": Indicator((3.3, 3.8, 2.8, 1.0), 0.15, 30, 90, 0.15),
        "inflation": Indicator((2.4, 3.4, 4.0, 2.2), 0.12, 15, 46, 0.05),
        "interest_rates": Indicator((1.8, 3.0, 3.8, 1.6), 0.05, 1),
        "unemployment_rate": Indicator((5.9, 5.2, 5.5, 6.8), 0.05, 7, 38, 0.05),
    },
}

REVENUE_TREND = 1.022  # a quarter
CONSOLIDATED = 0.5  # share of companies, the largest of their sectors, whose quarterly accounts are consolidated
FILING_DAYS = {"single": (8, 20), "consolidated": (15, 30), "annual": (45, 90)}  # after the period, first and last
RESTATED = 0.03  # of filings
RESTATED_AFTER = (30, 180)  # days
RESTATEMENT = (0.03, 0.10)  # standard deviation of the change of revenue, of profit, fraction
