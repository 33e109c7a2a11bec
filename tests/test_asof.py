"""What is later than a day is taken out of any result, wherever it stands, and nothing else is."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.asof import Gate
from agent.days import FORMS as FORMS_OF_TEXTS
from agent.days import FORMS_BELOW_DATES, Said, instant, next_weekday, said_by, span_of, span_of_text
from agent.encoding import compact
from agent.figures import FigureReader
from agent.glance import may_hold_later
from agent.mapping import path
from agent.shapes import GONE
from agent.tools.timely import timely
from tests.market.asking import ask

AS_OF = date(2025, 6, 30)
PAST, LATER = "2025-06-27", "2025-07-01"


def passed(data: Any, *places: str, as_of: str = AS_OF.isoformat()) -> Any:
    return Gate(as_of, [path(place).steps for place in places]).data(data)


def text_of(text: str, *, is_error: bool = False) -> str:
    return Gate(AS_OF.isoformat()).text(text, is_error=is_error)


# What keys and values mean


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("observed_at", Said.DATE),
        ("tradingDate", Said.DATE),
        ("Ngày giao dịch", Said.DATE),
        ("published_at", Said.DATE),
        ("period", Said.YEAR),
        ("start_date", Said.START),
        ("knownAt", Said.KNOWN),
        ("last_updated", Said.UPDATED),
        ("retrieved_at", Said.METADATA),
        ("generatedAt", Said.METADATA),
        ("vintage", Said.METADATA),
        ("last", Said.METADATA),
        ("maturity_date", Said.METADATA),
        ("next_meeting", Said.METADATA),
        ("realtime_end", Said.METADATA),
        ("apiVersion", Said.METADATA),
        ("fiscalYearEnd", Said.METADATA),
        ("exDividendDate", Said.AHEAD),
        ("3. Last Refreshed", Said.UPDATED),
        ("x", Said.DATE),
        ("yearHigh", Said.NOTHING),
        ("averageDailyVolume10Day", Said.NOTHING),
        ("close_date", Said.DATE),
        ("forecast_for", Said.METADATA),
        ("last_trade_date", Said.DATE),
        ("sector", Said.NOTHING),
    ],
)
def test_keys_say_what_their_values_are(key: str, said: Said) -> None:
    assert said_by(key) is said


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("2025-07-01", "2025-07-01"),
        ("2025/7/1", "2025-07-01"),
        ("01/07/2025", "2025-07-01"),
        ("13/07/2025", "2025-07-13"),
        ("07/13/2025", "2025-07-13"),
        ("15:30 01/07/2025", "2025-07-01"),
        ("2025-07-01T23:30:00-05:00", "2025-07-01"),
        ("2025-06-30T17:00:00.000Z", "2025-07-01"),
        ("2025-06-30T17:30:00Z", "2025-06-30"),
        ("2025-06-30T15:00:00+00:00", "2025-06-30"),
        ("01/07/25", "2025-07-01"),
        ("01-Jul-25", "2025-07-01"),
        ("1 Jul 25", "2025-07-01"),
        ("Ngày 1 tháng 7 năm 2025", "2025-07-01"),
        ("2025-W27-2", "2025-07-01"),
        ("Jul-25", "2025-07-31"),
        ("Jul '25", "2025-07-31"),
        ("T7/2025", "2025-07-31"),
        ("Q3/25", "2025-09-30"),
        ("Q3'25", "2025-09-30"),
        ("Q3 FY2025", "2025-09-30"),
        ("2H25", "2025-12-31"),
        ("FY25", "2025-12-31"),
        ("Tue, 01 Jul 2025 09:30:00 GMT", "2025-07-01"),
        ("July 1st, 2025", "2025-07-01"),
        ("2025-02", "2025-02-28"),
        ("06/2025", "2025-06-30"),
        ("Feb 2024", "2024-02-29"),
        ("2025M03", "2025-03-31"),
        ("tháng 3/2025", "2025-03-31"),
        ("2025Q2", "2025-06-30"),
        ("Q3 2025", "2025-09-30"),
        ("Quý II/2025", "2025-06-30"),
        ("3Q25", "2025-09-30"),
        ("H1 2025", "2025-06-30"),
        ("2025-W27", "2025-07-06"),
        ("FY2025", "2025-12-31"),
    ],
)
def test_texts_mean_their_days(text: str, last: str) -> None:
    span = span_of_text(text)
    assert span and span.last == last


@pytest.mark.parametrize(
    "text",
    ["2025-13-01", "9999-12-31", "20250701", "2025", "3M", "Banks", "1.2025", "2025-07-01 x", "Market-25", "Q235"],
)
def test_other_texts_are_no_dates_by_themselves(text: str) -> None:
    assert span_of_text(text) is None


@pytest.mark.parametrize(
    ("value", "said", "last"),
    [
        (20250701, Said.DATE, "2025-07-01"),
        ("20250701", Said.DATE, "2025-07-01"),
        (202507, Said.DATE, "2025-07-31"),
        (2025, Said.YEAR, "2025-12-31"),
        (1751328000, Said.DATE, "2025-07-01"),
        (1751328000000, Said.DATE, "2025-07-01"),
        (1751328000.5, Said.DATE, "2025-07-01"),
        ("1751328000", Said.DATE, "2025-07-01"),
        ("2025", Said.DATE, "2025-12-31"),
        (2025, Said.DATE, None),
        (20, Said.DATE, None),
        (20250701, Said.NOTHING, None),
        (float("nan"), Said.DATE, None),
        (10**30, Said.DATE, None),
        (True, Said.DATE, None),
    ],
)
def test_numbers_are_dates_where_a_key_says_so(value: Any, said: Said, last: str | None) -> None:
    span = span_of(value, said)
    assert (span.last if span else None) == last


def test_live_data_are_of_a_date_until_the_next_weekday() -> None:
    assert [next_weekday(day) for day in ("2025-06-26", "2025-06-27", "2025-06-28", "2025-06-29")] == [
        date(2025, 6, 27), date(2025, 6, 30), date(2025, 6, 30), date(2025, 6, 30),
    ]  # fmt: skip


# Single shapes


@pytest.mark.parametrize(
    ("data", "left"),
    [
        ({"rows": [{"date": PAST, "v": 1}, {"date": LATER, "v": 2}]}, {"rows": [{"date": PAST, "v": 1}]}),
        ({"a": {"date": LATER, "v": 2}, "b": {"date": PAST}}, {"b": {"date": PAST}}),
        ({LATER: {"v": 1}, PAST: {"v": 2}}, {PAST: {"v": 2}}),
        ({"sector": "Banks", "close 2025-07-01": 2, "2025-05": 3}, {"sector": "Banks", "2025-05": 3}),
        ({"2024": 1, "2025": 2}, {"2024": 1}),
        ({"2330": 1, "2025": 2}, {"2330": 1, "2025": 2}),
        ({"sector": "Banks", "2023": 1, "2024": 2, "2026": 4}, {"sector": "Banks", "2023": 1, "2024": 2}),
        ({"meta": "x", "2024": {}, "2026": {}}, {"meta": "x", "2024": {}}),
        ({"name": "x", "1751004000": 1, "1764583200": 2}, {"name": "x", "1751004000": 1}),
        ({"name": "x", "1764583200": 1, "1751004000": 2, "1751090400": 3}, None),
        (
            {"columns": ["c"], "index": [1751004000000, 1751342400000], "data": [[1], [2]]},
            {"columns": ["c"], "index": [1751004000000], "data": [[1]]},
        ),
        ({"prices": [[1751004000000, 1.5], [1751364123456, 7.7]]}, {"prices": [[1751004000000, 1.5]]}),
        ([{"x": 1751004000000, "y": 1}, {"x": 1751342400000, "y": 2}], [{"x": 1751004000000, "y": 1}]),
        ([{"d": "20250627", "c": 1}, {"d": 1751342400, "c": 2}], [{"d": "20250627", "c": 1}]),
        ([{"date": "06/05/2025"}, {"date": "07/01/2025"}], [{"date": "06/05/2025"}]),
        ([{"date": "02/06/2025"}, {"date": "03/06/2025"}], None),
        ([{"fiscalYear": 2025, "period": "Q1"}, {"fiscalYear": 2025, "period": "Q3"}],
         [{"fiscalYear": 2025, "period": "Q1"}]),
        ([{"yearReport": 2025, "lengthReport": 3}, {"yearReport": 2025, "lengthReport": 1}],
         [{"yearReport": 2025, "lengthReport": 1}]),
        ([{"Năm": 2025, "Kỳ": 1}, {"Năm": 2025, "Kỳ": 3}], [{"Năm": 2025, "Kỳ": 1}]),
        ([{"year": "2025", "period": "M05"}, {"year": "2025", "period": "M07"}], [{"year": "2025", "period": "M05"}]),
        (
            {"labels": ["Total", PAST, LATER], "datasets": [{"label": "Banks", "data": [9, 1, 2]}]},
            {"labels": ["Total", PAST], "datasets": [{"label": "Banks", "data": [9, 1]}]},
        ),
        ({"t": [1751241600, 1751328000], "c": [1, 2]}, {"t": [1751241600], "c": [1]}),
        ({"date": {"0": PAST, "1": LATER}, "v": {"0": 1, "1": 2}}, {"date": {"0": PAST}, "v": {"0": 1}}),
        (
            {"columns": [{"name": "v"}, {"name": "day"}], "data": [[1, 20250627], [2, 20250701]]},
            {"columns": [{"name": "v"}, {"name": "day"}], "data": [[1, 20250627]]},
        ),
        (
            {"columns": {"tail": {"fields": ["day", "v"]}}, "rows": [{"tail": [[20250627, 1], [20250701, 2]]}]},
            {"columns": {"tail": {"fields": ["day", "v"]}}, "rows": [{"tail": [[20250627, 1]]}]},
        ),
        ([["day", "v"], [20250627, 1], [20250701, 2]], [["day", "v"], [20250627, 1]]),
        ([[PAST, 1], [LATER, 2]], [[PAST, 1]]),
        ([[1751241600000, 1], [1751328000000, 2]], [[1751241600000, 1]]),
        ([[2000000007, "Banks"], [1500000001, "Energy"]], [[2000000007, "Banks"], [1500000001, "Energy"]]),
        ([{"period": {"end": LATER}, "v": 1}, {"period": {"end": PAST}, "v": 2}], [{"period": {"end": PAST}, "v": 2}]),
        ([{"year": 2025, "month": 7}, {"year": 2025, "month": 6}], [{"year": 2025, "month": 6}]),
        ([{"year": 2025, "quarter": "Q3"}, {"year": 2025, "quarter": 2}], [{"year": 2025, "quarter": 2}]),
        ([{"date": "07/01/2025"}, {"date": "06/27/2025"}], [{"date": "06/27/2025"}]),
        ([{"date": "07/01/2025"}, {"date": "27/06/2025"}], [{"date": "07/01/2025"}, {"date": "27/06/2025"}]),
        ({"result": json.dumps([{"date": LATER}, {"date": PAST}])}, {"result": f'[{{"date":"{PAST}"}}]'}),
        ({"result": f"date,v\n{PAST},1\n{LATER},2"}, {"result": f"date,v\n{PAST},1\n"}),
        ({"news": [f"Banks fell on {LATER}", "Energy rose"]}, {"news": ["Energy rose"]}),
        (
            [{"date": PAST, "headline": f"Banks pay on {LATER}"}],
            [{"date": PAST, "headline": f"Banks pay on {LATER}"}],
        ),
    ],
)  # fmt: skip
def test_later_parts_go_and_the_others_stay(data: Any, left: Any) -> None:
    assert passed(data) == (data if left is None else left)


@pytest.mark.parametrize(
    "data",
    [
        {"date": LATER, "rows": [{"sector": "Banks"}]},
        {"meta": {"timestamp": f"{LATER}T08:00:00Z"}, "rows": [{"sector": "Banks"}]},
        {"as_of": AS_OF.isoformat(), "observed_at": LATER, "rows": []},
        {"month": "2025-07", "rows": []},
        {"symbol": "VCB", "price": 61, "lastUpdated": f"{LATER}T09:00:00Z"},
        {"Meta Data": {"3. Last Refreshed": LATER}, "Rank A: Real-Time Performance": {"Energy": "1.2%"}},
        {"symbol": "VCB", "earningsDate": LATER, "eps": 3},
    ],
)
def test_a_result_whose_own_date_is_later_goes_whole(data: Any) -> None:
    assert passed(data) is GONE


@pytest.mark.parametrize(
    "row",
    [
        {"retrieved_at": "2026-01-01T00:00:00Z", "vintage": "2026-01", "first": "2000-01-03", "last": "2026-12-31"},
        {"coverage": {"from": "2000-01-03", "to": "2026-12-31"}, "range": ["2000-01-03", "2026-12-31"]},
        {"forecast_for": "2026-12-31", "target_date": "2026-12-31", "maturity": "2035-12-31", "next_meeting": LATER},
        {"date": AS_OF.isoformat(), "month": "2025-06", "quarter": "2025Q2", "year": 2025},
        {"known_at": PAST, "period": "2025-07", "observed_at": LATER},
        {"symbol": "XAU", "yearHigh": 2078.0, "year_high": 2078, "averageDailyVolume10Day": 1764583200},
        {"date": PAST, "exDividendDate": "2025-07-25", "earningsDate": "2025-07-25", "contract": "2025-09"},
        {"fiscalYearEnd": "2025-12-31", "api_version": "2025-11-25", "realtime_end": "2025-12-01"},
        {"date": f"{AS_OF}T15:00:00+00:00", "year": 2025, "month": "2025-06"},
        {"valid_to": "9999-12-31", "lookback_days": 20, "time": 930, "period": "3M"},
    ],
)
def test_metadata_labels_and_what_was_known_stay(row: dict[str, Any]) -> None:
    assert passed({"rows": [row]}) == {"rows": [row]}


@pytest.mark.parametrize(
    "row",
    [
        {"period": "2025-06", "v": 1},
        {"period": "2025-06", "start_date": "2025-06-01", "v": 1},
        {"known_at": LATER, "observed_at": PAST, "v": 1},
        {"known_at": LATER, "period": "2025-05", "v": 1},
        {"last_updated": LATER, "date": PAST, "v": 1},
    ],
)
def test_a_month_counts_by_its_end_and_a_row_by_when_it_became_known(row: dict[str, Any]) -> None:
    assert passed({"rows": [row]}, as_of="2025-06-29") == {"rows": []}


@pytest.mark.parametrize(
    "made",
    [
        {"last_updated": LATER},
        {"timestamp": f"{LATER}T10:00:00Z", "status": "ok"},
        {"time": 1764583200, "s": "ok"},
        {"date": LATER, "symbol": "VCB"},
        {"start_date": "2025-01-01", "end_date": LATER, "limit": 5},
        {"realtime_start": LATER, "realtime_end": LATER, "count": 1},
    ],
)
@pytest.mark.parametrize(
    "past",
    [
        {"data": [{"date": PAST, "v": 1}]},
        {"data": {"items": [{"date": PAST, "v": 1}]}},
        {"series": {PAST: {"v": 1}}},
        {"column_names": ["Date", "v"], "data": [[PAST, 1]]},
        {"day": [PAST], "indicators": {"quote": [{"close": [1]}]}},
    ],
)
def test_an_answer_may_be_made_later_than_its_rows_are_of(made: dict[str, Any], past: dict[str, Any]) -> None:
    gate = Gate(AS_OF.isoformat())
    assert gate.data(made | past) == made | past and not gate.withheld.rows


def test_of_an_answer_that_is_made_later_only_what_is_dated_stays() -> None:
    data = {
        "meta": {"symbol": "VCB", "regularMarketTime": 1764583200, "regularMarketPrice": 99},
        "summary": {"mean": 99},
        "price": 99,
        "timestamp": [1751241600, 1751328000],
        "indicators": {"last": 99, "quote": [{"close": [1, 99]}]},
    }
    assert passed(data) == {
        "meta": {"symbol": "VCB", "regularMarketTime": 1764583200},
        "timestamp": [1751241600],
        "indicators": {"quote": [{"close": [1]}]},
    }  # fmt: skip
    rows = [{"date": PAST, "v": 1}, {"v": 99}]
    assert "99" not in text_of(json.dumps({"date": LATER, "rows": rows}))
    assert passed({"date": LATER, "rows": rows}) == {"date": LATER, "rows": rows[:1]}
    assert passed({"known_at": LATER, "rows": rows}) is GONE


async def test_later_points_go_from_the_tails_of_relative_rotation() -> None:
    answer = await ask("us-real", "get_relative_rotation", as_of="2008-09-30")
    gate = Gate("2008-07-31")
    assert gate.data(answer) is GONE, "it became known later"
    undated = {key: answer[key] for key in ("columns", "rows")}
    tails = [row["tail"] for row in passed(undated, as_of="2008-07-31")["rows"]]
    assert [[day for day, *_ in tail] for tail in tails] == [["2008-05-31", "2008-06-30", "2008-07-31"]] * 12
    made_later = {key: value for key, value in answer.items() if key != "known_at"}
    left = passed(made_later, as_of="2008-07-31")
    assert [row["tail"] for row in left["rows"]] == tails
    figures = FigureReader().read(left, offered_as="get_relative_rotation", call="c1")
    assert {(each.metric, each.observed_at) for each in figures} == {
        (metric, day)
        for metric in ("rotation_ratio", "rotation_momentum")
        for day in ("2008-05-31", "2008-06-30", "2008-07-31")
    }


def test_values_of_later_categories_go_from_a_cube() -> None:
    time, geo = {"category": {"index": {"2025-05": 0, "2025-07": 1}}}, {"category": {"index": ["VN", "TH"]}}
    cube = {"id": ["time", "geo"], "size": [2, 2], "dimension": {"time": time, "geo": geo}}
    assert passed(cube | {"value": [1, 2, 8, 9]})["value"] == [1, 2, None, None]
    assert passed(cube | {"value": {"0": 1, "3": 9}})["value"] == {"0": 1}
    assert passed(cube | {"id": ["geo", "time"], "value": [1, 8, 2, 9]})["value"] == [1, None, 2, None]
    assert passed({"dimension": {"time": time}, "value": {"0": 1, "1": 9}})["value"] == {"0": 1}
    assert passed(cube | {"size": [4], "value": [1, 2, 8, 9]})["value"] == [None] * 4
    assert passed(cube | {"size": "?", "id": 3, "value": {"x": 1, "0": 2}})["value"] == {"x": 1, "0": 2}
    assert passed(cube | {"size": [4], "value": [1, 2]}, as_of="2025-12-31")["value"] == [1, 2]


def test_places_that_no_key_shows_date_their_row_or_the_whole_result() -> None:
    data = {"head": {"d": [LATER]}, "data": [{"a": [{"z": 20250701}], "v": 1}, {"a": [{"z": 20250627}], "v": 2}]}
    assert passed(data, "$.data[*].a[0].z")["data"] == [{"a": [{"z": 20250627}], "v": 2}]
    assert passed(data, "$.head['d'][0]") is GONE
    assert passed(data, "$.data[*].a[7].z", "$.nowhere[*]")["data"] == data["data"]


def test_what_is_nested_too_deeply_to_be_looked_at_goes() -> None:
    deep: Any = {"v": 1}
    for _ in range(150):
        deep = {"a": deep}
    assert '"v"' not in json.dumps(passed(deep))


def test_what_was_withheld_is_counted_and_named() -> None:
    gate = Gate(AS_OF.isoformat())
    gate.data({"a/b": [{"date": "2025-07-02"}, {"date": PAST}, {"date": LATER}], "rows": [{"d": LATER}] * 30})
    told = gate.withheld.to_json()
    assert (told["rows"], told["latest"]) == (32, "2025-07-02")
    assert told["places"][:3] == ["/a~1b/0", "/a~1b/2", "/rows/0"] and len(told["places"]) == 20


# Texts


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f"Banks rose on {LATER}.\nEnergy fell on {PAST}.", f"Energy fell on {PAST}."),
        (f"date,v\n{PAST},1\n{LATER},2\nTotal,3\n\nEnd", f"date,v\n{PAST},1\n\nEnd"),
        ("| Day | v |\n|--|--|\n| 01/07/2025 | 5 |\n| 27/06/2025 | 6 |", "| Day | v |\n|--|--|\n| 27/06/2025 | 6 |"),
        ("Month;v\n2025-06;1\n2025-07;2\n", "Month;v\n2025-06;1\n"),
        ("20250627\t1\n20250701\t2\n", "20250627\t1\n"),
        ("Jul 3, 2025: up\n3 June 2025: down", "3 June 2025: down"),
        (f"Close: 120\nDate: {LATER}\n\nDate: {PAST}\nClose: 118", f"\nDate: {PAST}\nClose: 118"),
        (f"# {LATER}\n\nBanks 3\n\n# {PAST}\n\nBanks 2", f"\n\n# {PAST}\n\nBanks 2"),
        (f"Next report: {LATER}\nRetrieved at: 2026-01-01\nBanks 2", None),
        (f"Data:\n```json\n[{{\"d\": \"{LATER}\"}},\n {{\"d\": 1}}]\n```\n", 'Data:\n```json\n[{"d":1}]\n```\n'),
        (f'{{"date":"{LATER}"}}\n{{"date": "{PAST}"}}', f'[{{"date":"{PAST}"}}]'),
        (f"Sectors on {LATER}:\n[{{\"v\": 1}}]\nEnd", "\nEnd"),
        (f"On {LATER} of {PAST}:\n[{{\"date\": \"{PAST}\"}}]", f"[{{\"date\": \"{PAST}\"}}]"),
        (f"Last updated: {LATER}\n[{{\"v\": 1}}]", None),
        ("time,close\n1751004000,1\n1751342400,2\n", "time,close\n1751004000,1\n"),
        ("ticker,date,close\nVCB,20250627,1\nVCB,20250701,2\n", "ticker,date,close\nVCB,20250627,1\n"),
        ("date,close\nJun-25,1\nJul-25,2\n", "date,close\nJun-25,1\n"),
        ("date,close\n27/06/25,1\n01-Jul-25,2\n", "date,close\n27/06/25,1\n"),
        ("item,2025-05,2025-07\nCPI,\"3,1\",4\n", "item,2025-05\nCPI,\"3,1\"\n"),
        ("| item | 2024 | 2025 |\n|---|---|---|\n| CPI | 3 | 4 |\n", "| item | 2024 |\n|---|---|\n| CPI | 3 |\n"),
        ("         Close\n2025Q1  1\n2025Q3  2\n", "         Close\n2025Q1  1\n"),
        ("In May 2025 CPI was 3.\nIn July 2025 CPI was 4.\n", "In May 2025 CPI was 3.\n"),
        ("In Q1 2025 profit was 3.\nIn Q3 2025 it was 4.\n", "In Q1 2025 profit was 3.\n"),
        ("Ngày 27/06/2025: 1.\nNgày 1 tháng 7 năm 2025: 2.\nTháng 7/2025: 3\n", "Ngày 27/06/2025: 1.\n"),
        ("Profit is expected to grow in Q4 2025", None),
        ("- close: 1\n  date: 2025-06-27\n- close: 2\n  date: 2025-07-01\n", "- close: 1\n  date: 2025-06-27\n"),
        ("[{'date': '2025-06-27'}, {'date': '2025-07-01'}]", "[{'date': '2025-06-27'}, "),
        ("<o d=\"2025-06-27\"/><o d=\"2025-07-01\"/>", "<o d=\"2025-06-27\"/>"),
        ("<r><c v=\"7\"/><c v=\"2025-07-01\"/></r>", ""),
        ("Report generated on 2025-12-01\nBanks 3; next update 2025-07-31", None),
        ("[1] Banks {rose}", None),
        ("", None),
    ],
)  # fmt: skip
def test_later_lines_go_and_the_others_stay(text: str, left: str | None) -> None:
    assert text_of(text) == (text if left is None else left)


def test_an_error_may_say_which_days_can_be_asked_for() -> None:
    said = "as_of 2015-01-01 is outside the pack: it covers 2016-01-04 to 2025-12-31."
    assert text_of(said, is_error=True) == said
    assert text_of(said) == ""


# Any shape, at any depth

MARKER = "PLANTED"
later_days = st.integers(1, 900).map(lambda past: AS_OF + timedelta(past))
past_days = st.integers(0, 900).map(lambda past: AS_OF - timedelta(past))
Form = Callable[[date], Any]


def epoch(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def quarter(day: date) -> str:
    return f"{day.year}Q{(day.month + 2) // 3}"


DATED = ("d", "x", "date", "tradingDate", "observed_at", "published_at", "as_of", "timestamp", "Ngày")
FORMS: list[Form] = [
    lambda day: day.isoformat(),
    lambda day: f"{day}T09:15:00+07:00",
    lambda day: f"{day:%Y/%m/%d}",
    lambda day: f"{day:%d.%m.%Y}",
    lambda day: f"{day:%d %B %Y}",
    lambda day: f"{day:%d-%b-%y}",
    lambda day: f"{day:%Y%m%d}",
    lambda day: int(f"{day:%Y%m%d}"),
    epoch,
    lambda day: epoch(day) * 1000,
]
DECOYS = [
    {"retrieved_at": "2031-01-01"}, {"vintage": "2031-01"}, {"coverage": {"first": "1999-01-01", "last": "2031-12-31"}},
    {"forecast_for": "2031-12-31"}, {"maturity": "2031-12-31"}, {"next_report": "2031-12-31"}, {"range": "1999..2031"},
    {"horizon": "63 sessions"}, {"volume": 20310101}, {"days": 5}, {},
    {"realtime_end": "2031-12-31"}, {"api_version": "2031-01-01"}, {"yearHigh": 2078}, {"fiscalYearEnd": "2031-12-31"},
    {"averageVolume10Day": 1925000000},
]  # fmt: skip


@st.composite
def tables(draw: st.DrawFn) -> tuple[Any, set[str]]:
    """Rows of past and later days in one of many shapes, and the markers of those that have to stay."""
    key, form = draw(st.sampled_from(DATED)), draw(st.sampled_from(FORMS))
    past, later = draw(st.lists(past_days, max_size=4)), draw(st.lists(later_days, min_size=1, max_size=4))
    days = draw(st.permutations([*dict.fromkeys(past), *dict.fromkeys(later)]))
    named = [(day, f"{MARKER if day > AS_OF else 'kept'} {number}") for number, day in enumerate(days)]
    names = [name for _, name in named]
    rows = [{key: form(day), "name": name} | draw(st.sampled_from(DECOYS)) for day, name in named]
    plain = [[form(day), name] for day, name in named]
    text = io.StringIO()
    csv.writer(text).writerows([[key, "name"], *[[day.isoformat(), name] for day, name in named]])
    in_order = sorted(named)
    named_texts = [(day.isoformat(), name) for day, name in named]
    spread = {str(epoch(day)): name for day, name in in_order} if len(named) > 1 else {}
    shapes: dict[str, Any] = {
        "rows": rows,
        "keyed": {day.isoformat(): {"name": name} for day, name in named},
        "quarters": [{"quarter": quarter(day), "name": name} for day, name in named],
        "columns": {key: [form(day) for day in days], "names": names, "more": [{"data": names}]},
        "frame": {
            key: {str(at): form(day) for at, day in enumerate(days)},
            "name": {str(at): name for at, name in enumerate(names)},
        },
        "header": [[key, "name"], *plain],
        "split": {"columns": [key, "name"], "data": plain},
        "nested": [{"bar": {"period": {"end": form(day)}, "name": name}} for day, name in named],
        "wide": {"sector": "Banks", **spread} if spread else rows,
        "index": {
            "columns": ["name"],
            "index": [epoch(day) * 1000 for day, _ in in_order],
            "data": [[name] for _, name in in_order],
        },
        "pairs": [[epoch(day) * 1000 + 1234, name] for day, name in in_order] if spread else rows,
        "american": [{key: f"{day:%m/%d/%Y}", "name": name} for day, name in named] + [{key: "12/31/2001"}],
        "short_quarters": [{"q": f"{quarter(day)[4:]}/{day:%y}", "name": name} for day, name in named],
        "parts": [{"fiscalYear": day.year, "period": quarter(day)[4:], "name": name} for day, name in named],
        "ahead": [row | {"exDividendDate": "2031-01-01"} for row in rows],
        "made_later": {"timestamp": "2031-01-01T00:00:00Z", "price": MARKER, "meta": {"time": "2031-01-01"}, "r": rows},
        "updated": {"lastUpdated": "2031-01-01", "price": MARKER},
        "wide_text": "\n".join(",".join(cells) for cells in zip(["name", "v"], *map(list, named_texts), strict=True)),
        "epoch_text": "name,time\n" + "".join(f"{name},{epoch(day)}\n" for day, name in named),
        "entries": "".join(f"- name: {name}\n  {key}: {day:%d/%m/%Y}\n" for day, name in named) + "- on: 31/12/2001\n",
        "repr": str([{key: day.isoformat(), "name": name} for day, name in named]),
        "text": text.getvalue(),
        "text_in_data": {"result": text.getvalue(), **draw(st.sampled_from(DECOYS))},
        "json_in_data": {"result": json.dumps({"rows": rows})},
        "json_lines": "\n".join(map(json.dumps, rows)),
    }
    shape = draw(st.sampled_from(sorted(shapes)))
    return shapes[shape], {name for name in names if MARKER not in name and shape != "updated"}


@st.composite
def results(draw: st.DrawFn) -> tuple[Any, set[str]]:
    """A table somewhere in other data, with decoys beside it."""
    table, kept = draw(tables())
    for _ in range(draw(st.integers(0, 6))):
        decoy = draw(st.sampled_from(DECOYS))
        if draw(st.booleans()):
            table = {draw(st.sampled_from(["data", "items", "x", "rows"])): table, **decoy}
        else:
            table = [decoy, {"a": table}] if isinstance(table, list) else [decoy, table]
    return table, kept


@given(results())
def test_no_later_row_is_left_and_no_past_one_lost(planted: tuple[Any, set[str]]) -> None:
    data, kept = planted
    result = {"content": [{"type": "text", "text": data if isinstance(data, str) else json.dumps(data)}]}
    structured = {"structuredContent": data} if isinstance(data, dict) else {}
    for each in (result, result | structured):
        left, withheld = timely(each, AS_OF.isoformat())
        said = json.dumps(left, ensure_ascii=False)
        assert MARKER not in said
        assert {name for name in kept if name not in said} == set()
        assert withheld.rows >= 1 and withheld.latest > AS_OF.isoformat()


@given(results())
def test_what_a_glance_lets_through_holds_nothing_later(planted: tuple[Any, set[str]]) -> None:
    data, _ = planted
    for days in (-1000, -1, 0, 500, 2000):
        as_of = (AS_OF + timedelta(days)).isoformat()
        gate = Gate(as_of)
        gate.text(data) if isinstance(data, str) else gate.data(data)
        assert may_hold_later(compact(data), as_of) or gate.withheld.rows == 0


every_form = st.sampled_from([form for form, _ in (*FORMS_OF_TEXTS, *FORMS_BELOW_DATES)])


@given(every_form.flatmap(lambda form: st.from_regex(form, fullmatch=True, alphabet=st.characters(codec="ascii"))))
def test_a_glance_sees_every_way_to_write_a_later_day(text: str) -> None:
    span = span_of_text(text, Said.DATE)
    for as_of in ("2003-01-01", "2025-06-30", "2026-12-31") if span else ():
        assert may_hold_later(compact({"date": text}), as_of) or span.last <= as_of


keys = st.text() | st.sampled_from(DATED)
scalars = st.none() | st.booleans() | st.floats() | st.integers() | st.text()


@given(st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(keys, inner)))
def test_any_data_at_all_can_be_looked_at(data: Any) -> None:
    passed(data)
    text_of(json.dumps(data))


def test_blocks_that_are_no_text_keep_their_places() -> None:
    blocks = [
        {"type": "image", "mimeType": "image/png", "data": "iVBORw0KGgo="},
        {"type": "resource_link", "uri": f"file:///close-{LATER}.csv", "name": "close"},
        {"type": "resource_link", "uri": "file:///b.csv", "name": "b"},
        {"type": "resource", "resource": {"uri": "x://r", "text": f"{PAST}: 1\n{LATER}: 2"}},
        {"type": "resource", "resource": {"uri": "x://s", "blob": "AAAA"}},
    ]
    left, withheld = timely({"content": blocks}, AS_OF.isoformat())
    assert [block["type"] for block in left["content"]] == ["image", "text", "resource_link", "resource", "resource"]
    assert left["content"][3]["resource"]["text"] == f"{PAST}: 1\n" and withheld.rows == 2


def test_epochs_are_those_of_this_century() -> None:
    assert [instant(number) for number in (0, 20, 1e9 * 5, 10**18 * 9)] == [None] * 4
