"""What rows are together: tickers of a sector over days and lists, and rows that are about the whole market."""

from __future__ import annotations

from typing import Any

import pytest

from agent import agentfile
from agent.figures import Figure, FigureReader
from agent.source import Source
from tests.scripted import agent_file

SECTORS = {"Banks": {"aliases": ["Lenders"], "tickers": ["VCB", "BID"]}, "Steel": {"tickers": ["HPG", "HSG"]}}


def read(data: Any, mapping: Any = None, **said: Any) -> list[Figure]:
    tools = {"tools": [{"tool_name": "t", "figures": mapping}]} if mapping else {}
    spec = agentfile.parse(Source("a mapping", agent_file(**tools, **{"sectors": SECTORS} | said))).spec
    return FigureReader(spec).read(data, offered_as="t", call="c")


def sums(data: Any, mapping: Any = None, **said: Any) -> list[tuple[str | None, str, float | None, str | None]]:
    """Of sectors, neither of single securities nor of the market: sector, metric, value, day."""
    figures = read(data, mapping, **said)
    return [(each.sector, each.metric, each.value, each.observed_at) for each in figures if not each.ticker]


DAYS = [("VCB", "27", 60.0), ("VCB", "26", 40.0), ("BID", "27", 1.0)]


@pytest.mark.parametrize("key", ["tradingDate", "time", "Ngày giao dịch", "date"])
@pytest.mark.parametrize("written", ["2025-06-{}", "{}/06/2025", "202506{}"])
def test_days_under_any_key_that_says_so_are_not_added_up(key: str, written: str) -> None:
    rows = [{"ticker": ticker, key: written.format(day), "net_value": net} for ticker, day, net in DAYS]
    assert sums(rows) == [("Banks", "net_value", 61.0, "2025-06-27"), ("Banks", "net_value", 40.0, "2025-06-26")]


@pytest.mark.parametrize(
    ("today", "before"), [(20250627, 20250626), (1_750_982_400, 1_750_896_000), ("27-Jun-2025", "26-Jun-2025")]
)
def test_days_that_a_mapping_names_are_read_as_numbers_and_in_words(today: Any, before: Any) -> None:
    mapping = {"rows": "$[*]", "ticker": "k", "date": "dt", "metrics": {"net_value": {"at": "v"}}}
    rows = [{"k": "VCB", "dt": today, "v": 1}, {"k": "VCB", "dt": before, "v": 2}]
    assert sums(rows, mapping) == [("Banks", "net_value", 1.0, "2025-06-27"), ("Banks", "net_value", 2.0, "2025-06-26")]


def test_day_that_is_written_as_a_number_is_no_figure_and_a_number_beside_days_is_one() -> None:
    rows = [{"sector": "Banks", "dt": 20250627, "net_value_20_days": 1_500_000_000}]
    assert sums(rows) == [("Banks", "net_value_20_days", 1.5e9, "2025-06-27")]


def test_day_is_no_name_of_a_row() -> None:
    rows = [{"tradingDate": "2025-06-27", "close": 1.5}, {"tradingDate": "2025-06-26", "close": 1.7}]
    assert read({"history": rows}, sectors={"X": {}}) == []


def test_ticker_with_two_numbers_that_nothing_tells_apart_gives_its_sector_none() -> None:
    rows = [
        {"ticker": "VCB", "net_value": 60.0},
        {"ticker": "VCB", "net_value": 40.0},
        {"ticker": "HPG", "net_value": 7},
    ]
    assert sums(rows) == [("Steel", "net_value", 7.0, None)]
    mapping = {"rows": "$.d[*]", "ticker": "ticker", "date": "$.at", "metrics": {"net_value": {"at": "net_value"}}}
    assert sums({"at": "2025-06-27", "d": rows}, mapping) == [("Steel", "net_value", 7.0, "2025-06-27")]


def test_tickers_are_added_up_over_all_lists_of_a_result() -> None:
    data = {
        "top_buy": [{"symbol": "VCB", "net_value": 60.0}, {"symbol": "HPG", "net_value": 30.0}],
        "top_sell": [{"symbol": "BID", "net_value": -40.0}, {"symbol": "HSG", "net_value": -1.0}],
    }
    assert sums(data) == [("Banks", "net_value", 20.0, None), ("Steel", "net_value", 29.0, None)]
    assert {each.pointer for each in read({"lists": data}) if not each.ticker} == {"/lists"}
    both = [{"rows": f"$.{key}[*]", "ticker": "symbol", "metrics": {"net": {"at": "net_value"}}} for key in data]
    assert [each[2] for each in sums(data, both)] == [20.0, 29.0]


@pytest.mark.parametrize("spelled", ["VCB", "vcb", " VCB ", "HOSE:VCB", "VCB.VN"])
def test_ticker_counts_once_however_it_is_spelled_and_in_however_many_lists(spelled: str) -> None:
    data = {
        "by_value": [{"symbol": "VCB", "net_value": 60.0}, {"symbol": "BID", "net_value": 1.0}],
        "by_volume": [{"symbol": spelled, "net_value": 60.0}],
    }
    assert sums(data) == [("Banks", "net_value", 61.0, None)]


def test_classes_of_shares_are_different_tickers() -> None:
    rows = [{"symbol": name, "sector": "Banks", "net_value": net} for name, net in (("ZZZ.A", 1.0), ("ZZZ.B", 2.0))]
    assert sums(rows) == [("Banks", "net_value", 3.0, None)]


def test_what_a_result_says_of_a_sector_stands_before_the_sum_of_some_of_its_tickers() -> None:
    data = {"sectors": [{"sector": "Lenders", "net_value": 100.0}], "top": [{"ticker": "VCB", "net_value": 60.0}]}
    assert sums(data) == [("Banks", "net_value", 100.0, None)]


@pytest.mark.parametrize(
    ("metric", "unit", "expected"),
    [
        ("eps", "VND", 3.0),
        ("EPS", "VND", 3.0),
        ("bookValue", "VND", 3.0),
        ("book_value_per_share", None, 3.0),
        ("revenue", "VND per share", 3.0),
        ("dividend", "USD/share", 3.0),
        ("close", "VND", 3.0),
        ("market_cap", None, 6.0),
        ("marketCap", "VND bn", 6.0),
        ("net_value", "VND bn", 6.0),
        ("rank", None, None),
        ("momentum", "rank", None),
    ],
)
def test_what_is_per_share_is_averaged_market_value_summed_and_ranks_are_left_alone(
    metric: str, unit: str | None, expected: float | None
) -> None:
    table = {
        "columns": {metric: {"unit": unit}},
        "rows": [{"ticker": "VCB", metric: 4.0}, {"ticker": "BID", metric: 2.0}],
    }
    assert sums(table) == ([("Banks", metric, expected, None)] if expected else [])


TOTALS = [
    "Total", "ALL", "All sectors", "Market", "whole market", "Toàn thị trường", "Tổng", "tổng cộng",
    "VNINDEX", "VN-Index", "VN30", "HNX-Index", "S&P 500", "^GSPC", "MYINDEX",
]  # fmt: skip


@pytest.mark.parametrize("name", TOTALS)
def test_total_or_index_among_sectors_is_of_the_whole_market(name: str) -> None:
    rows = [{"sector": "Ships", "net_value": 5.0}, {"sector": name, "net_value": 50.0}]
    expected = [("Ships", "net_value", 5.0, None), (None, f"{name} net_value", 50.0, None)]
    mapping = {"rows": "$[*]", "sector": "sector", "metrics": {"net_value": {"at": "net_value"}}}
    assert sums(rows, benchmark="MY-INDEX") == expected == sums(rows, mapping, benchmark="MY-INDEX")


def test_index_among_tickers_is_of_the_whole_market_and_a_security_called_all_is_not() -> None:
    rows = [{"symbol": name, "chg": 1.0} for name in ("VNINDEX", "ALL", "VCB")]
    assert [(each.ticker, each.sector, each.metric) for each in read(rows)] == [
        (None, None, "VNINDEX chg"),
        ("ALL", None, "chg"),
        ("VCB", "Banks", "chg"),
        (None, "Banks", "chg"),
    ]


def test_name_that_the_agent_file_takes_for_a_sector_is_one() -> None:
    rows = [{"sector": "S&P 500", "chg": 1.0}, {"sector": "Market", "chg": 2.0}]
    assert [each[0] for each in sums(rows, sectors={"Market": {}}, universe=["S&P 500"])] == ["S&P 500", "Market"]


SIDES = {
    "rows": "$[*]",
    "ticker": "s",
    "metrics": {"net_value": {"at": "v", "sign": {"at": "side", "negative": ["sell", "bán"]}}},
}


def test_side_gives_an_amount_its_sign_and_the_deals_of_a_ticker_add_up() -> None:
    deals = [
        ("VCB", "buy", 10.0),
        ("VCB", "SELL", 4.0),
        ("VCB", "buy", 10.0),
        ("HPG", "Bán", -3.0),
        ("HPG", "mua", "2"),
    ]
    rows = [{"s": ticker, "side": side, "v": amount} for ticker, side, amount in deals]
    assert [each.value for each in read(rows, SIDES) if each.ticker] == [10.0, -4.0, 10.0, -3.0, 2.0]
    assert sums(rows, SIDES) == [("Banks", "net_value", 16.0, None), ("Steel", "net_value", -1.0, None)]


@pytest.mark.parametrize(
    "row", [{"s": "VCB", "v": 5}, {"s": "VCB", "v": 5, "side": " "}, {"s": "VCB", "v": 5, "side": 1}]
)
def test_amount_whose_side_is_not_said_is_unknown(row: Any) -> None:
    assert [(each.ticker, each.value) for each in read([row], SIDES)] == [("VCB", None)]
