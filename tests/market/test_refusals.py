from __future__ import annotations

import pytest

from tests.market.asking import ask, refusal

HEATMAP, MACRO, FLOW, WHALE, STATEMENTS = (
    "get_sector_heatmap",
    "get_macro_indicators",
    "get_foreign_flow",
    "get_whale_activity",
    "get_financial_statements",
)
ROTATION, REGIME = "get_relative_rotation", "get_market_regime"


@pytest.mark.parametrize(
    ("pack", "tool", "arguments", "says"),
    [
        (
            "vn-sim",
            HEATMAP,
            {"as_of": "2026-01-01"},
            "outside the pack vn-sim: it covers 2016-01-04 to 2025-12-31",
        ),
        (
            "us-real",
            HEATMAP,
            {"as_of": "1949-01-30"},
            "outside the pack us-real: it covers 1949-01-31 to 2017-03-31",
        ),
        ("us-real", MACRO, {"as_of": "2020-01-01"}, "it covers 1949-01-31 to 2017-03-31"),
        ("vn-sim", HEATMAP, {"as_of": "20200101"}, "as_of must be a date such as 2025-12-31, not '20200101'"),
        ("vn-sim", HEATMAP, {"as_of": "2020-02-30"}, "as_of must be a date such as"),
        ("vn-sim", HEATMAP, {"as_of": "yesterday"}, "as_of must be a date such as"),
        ("vn-sim", HEATMAP, {"as_of": 20200101}, "as_of must be a string, not 20200101"),
        (
            "vn-sim",
            HEATMAP,
            {"lookback_period": "ages"},
            "'ages' is not a period. Use a number and a unit ('1D'",
        ),
        ("vn-sim", HEATMAP, {"lookback_period": "0M"}, "'0M' is not a period"),
        ("vn-sim", HEATMAP, {"lookback_period": "-3M"}, "'-3M' is not a period"),
        ("vn-sim", HEATMAP, {"lookback_period": ""}, "'' is not a period"),
        ("vn-sim", HEATMAP, {"lookback_period": "99999Y"}, "but up to 2025-12-31 there are"),
        (
            "vn-sim",
            HEATMAP,
            {"as_of": "2016-01-05"},
            "'3M' needs 63 observations, but up to 2016-01-05 there are 2",
        ),
        ("us-real", HEATMAP, {"lookback_period": "1W"}, "'1W' is finer than this data, which are monthly"),
        ("us-real", HEATMAP, {"lookback_period": "YTD", "as_of": "1987-01-30"}, "no observation in 1987 yet"),
        (
            "us-real",
            HEATMAP,
            {"granularity": "daily"},
            "monthly returns only, so granularity must be monthly",
        ),
        ("us-real", HEATMAP, {"granularity": "weekly"}, "monthly returns only"),
        ("vn-sim", HEATMAP, {"granularity": "hourly"}, "Unknown granularity 'hourly'. Choose from:"),
        ("vn-sim", HEATMAP, {"metrics": ["sharpe"]}, "Unknown metric 'sharpe'. Choose from:"),
        ("vn-sim", HEATMAP, {"metrics": []}, "metrics is empty. Name at least one of: performance"),
        ("vn-sim", HEATMAP, {"metrics": "momentum"}, "metrics must be a list of strings, not 'momentum'"),
        ("vn-sim", HEATMAP, {"metrics": [1]}, "each of metrics must be a string, not 1"),
        ("vn-sim", HEATMAP, {"lookback_period": None}, "lookback_period must be a string, not None"),
        ("vn-sim", HEATMAP, {"lookback": "3M"}, "Unknown argument 'lookback'. Choose from: lookback_period"),
        ("vn-sim", MACRO, {"indicators": ["gdp"]}, "Unknown indicator 'gdp'. Choose from: gdp_growth"),
        ("vn-sim", MACRO, {"region": "Atlantis"}, "Unknown region 'Atlantis'. Choose from:"),
        ("us-real", MACRO, {"region": "Vietnam"}, "Unknown region 'Vietnam'. Choose from: United States."),
        ("vn-sim", MACRO, {"period": "weekly"}, "Unknown period 'weekly'. Choose from:"),
        ("vn-sim", FLOW, {"sector": "Bank"}, "Unknown sector 'Bank'. Choose from: Banks, "),
        ("vn-sim", FLOW, {"period": "1X"}, "'1X' is not a period"),
        ("vn-sim", FLOW, {"flow_type": "net"}, "Unknown flow_type 'net'. Choose from: net_buy_sell"),
        ("vn-sim", WHALE, {"sector": "Aliens"}, "Unknown sector 'Aliens'"),
        ("vn-sim", WHALE, {"lookback_days": 0}, "lookback_days must be 1 to"),
        ("vn-sim", WHALE, {"lookback_days": -5}, "lookback_days must be 1 to"),
        ("vn-sim", WHALE, {"lookback_days": 10**9}, "the trading days there are up to 2025-12-31"),
        ("vn-sim", WHALE, {"lookback_days": "20"}, "lookback_days must be a whole number, not '20'"),
        ("vn-sim", WHALE, {"lookback_days": True}, "lookback_days must be a whole number, not True"),
        ("vn-sim", WHALE, {"lookback_days": 1.5}, "lookback_days must be a whole number, not 1.5"),
        ("vn-sim", STATEMENTS, {"sector": "Technologies"}, "Choose from: Technology, "),
        ("vn-sim", STATEMENTS, {"period": "monthly"}, "Unknown period 'monthly'. Choose from:"),
        ("vn-sim", ROTATION, {"window": 2}, "window must be 3 to 260, not 2"),
        ("vn-sim", ROTATION, {"smoothing": 0}, "smoothing must be 1 to 52, not 0"),
        ("vn-sim", ROTATION, {"lag": 53}, "lag must be 1 to 52, not 53"),
        ("vn-sim", ROTATION, {"lag": True}, "lag must be a whole number, not True"),
        ("us-real", REGIME, {"window": 19}, "window must be 20 to 2600, not 19"),
        ("us-real", MACRO, {"indicators": ["gold"]}, "Unknown indicator 'gold'. Choose from:"),
        ("vn-sim", MACRO, {"indicators": ["oil_price"]}, "Unknown indicator 'oil_price'. Choose from:"),
        ("vn-sim", "get_weather", {}, "Unknown tool 'get_weather'. Choose from:"),
        (
            "us-real",
            FLOW,
            {},
            "Unknown tool 'get_foreign_flow'. Choose from: get_relative_rotation, ",
        ),
    ],
)
async def test_a_request_that_cannot_be_met_says_what_exists(pack, tool, arguments, says):
    text = await refusal(pack, tool, **arguments)
    assert says in text
    assert "Traceback" not in text
    assert len(text) < 500


async def test_an_unknown_sector_lists_all_of_them():
    text = await refusal("vn-sim", FLOW, sector="Tech")
    assert text.startswith("Unknown sector 'Tech'. Choose from: Technology, ")
    assert all(name in text for name in ("Banks", "Oil and Gas", "Media", "all"))


async def test_a_very_long_argument_is_not_repeated_in_full():
    assert len(await refusal("vn-sim", FLOW, sector="x" * 100_000)) < 500


async def test_the_longest_lookback_that_fits_is_answered():
    answer = await ask("us-real", HEATMAP, lookback_period="68Y")
    assert answer["lookback_period"] == "68Y"
    assert "needs 828 observations" in await refusal("us-real", HEATMAP, lookback_period="69Y")
