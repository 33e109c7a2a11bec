"""`figures:` of a tool: paths, where they lead, and what is said of a wrong one."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

import pytest

from agent.figures import Figure, FigureReader
from agent.mapping import path
from agent.pointers import lookup
from agent.tools.content import readable
from agent.tools.timely import timely
from tests.test_agentfile import of_mapping, parse, problems

DAY = "2026-11-27"
SECTORS = {"Banks": {"names": {"vi": "Ngân hàng"}, "tickers": ["VCB", "BID"]}, "Oil": {"tickers": ["PLX"]}}
TOOL = {
    "agent_name": "A",
    "description": "D",
    "response_format": {"type": "object", "properties": {"x": {"type": "string"}}},
}


def read(figures: Any, data: Any, *, language: str = "en", sectors: Any = None, **call: Any) -> list[Figure]:
    content = (
        TOOL
        | {"language": language, "tools": [{"tool_name": "t", "figures": figures}]}
        | ({"sectors": sectors} if sectors else {})
    )
    reader = FigureReader(of_mapping(content).spec)
    return reader.read(data, **{"offered_as": "t", "call": "c"} | call)


def brief(figures: Any, data: Any, **more: Any) -> list[tuple[str | None, str, float | None]]:
    return [(each.sector, each.metric, each.value) for each in read(figures, data, **more)]


def test_row_of_a_list_gives_its_figures_with_unit_lookback_date_and_place() -> None:
    figures = {
        "rows": "$.data[*]",
        "sector": "sector",
        "date": "$.date",
        "metrics": {"perf_1d": {"at": "change_pct", "unit": "percent", "lookback": "1 session"}},
    }
    data = {"date": DAY, "data": [{"sector": "Banks", "change_pct": 1.2}, {"sector": "Oil", "change_pct": -3}]}
    assert read(figures, data) == [
        Figure("Banks", "perf_1d", 1.2, "percent", "1 session", DAY, "t", "c", "/data/0/change_pct"),
        Figure("Oil", "perf_1d", -3.0, "percent", "1 session", DAY, "t", "c", "/data/1/change_pct"),
    ]


@pytest.mark.parametrize(
    ("figures", "data"),
    [
        # An object of objects: the key names the row.
        ({"rows": "$.sectors.*", "sector": "@key", "metrics": {"m": {"at": "chg"}}}, {"sectors": {"Oil": {"chg": 2}}}),
        # An object of numbers: the row is the number.
        ({"rows": "$.*", "sector": "@key", "metrics": {"m": {"at": "@"}}}, {"Oil": 2}),
        # Rows that are lists.
        ({"rows": "$[*]", "sector": "[0]", "metrics": {"m": {"at": "[1]"}}}, [["Oil", 2]]),
        # Keys that are no words, and a way through several objects.
        (
            {"rows": "$['by sector'][*].rows[*]", "sector": "@['tên ngành']", "metrics": {"m": {"at": ".now.chg"}}},
            {"by sector": [{"rows": [{"tên ngành": "Oil", "now": {"chg": 2}}]}]},
        ),
        # One row: the result itself.
        ({"rows": "$", "sector": "$.about[1]", "metrics": {"m": {"at": "$.v"}}}, {"about": ["x", "Oil"], "v": 2}),
    ],
)
def test_rows_of_any_form_are_found(figures: Any, data: Any) -> None:
    (figure,) = read(figures, data)
    assert (figure.sector, figure.metric, figure.value) == ("Oil", "m", 2.0)
    assert lookup(data, figure.pointer) == 2


@pytest.mark.parametrize("written", ["NFC", "NFD"])
@pytest.mark.parametrize("sent", ["NFC", "NFD"])
def test_keys_are_found_however_their_accents_are_encoded(written: Any, sent: Any) -> None:
    figures = {"rows": "$.dữ_liệu[*]", "ticker": "mã", "date": "ngày", "metrics": {"m": {"at": "thay_đổi"}}}
    data = {"dữ_liệu": [{"mã": name, "thay_đổi": 2, "ngày": DAY} for name in ("VCB", "BID")]}
    declared, answered = (
        json.loads(unicodedata.normalize(form, json.dumps(each, ensure_ascii=False)))
        for form, each in ((written, figures), (sent, data))
    )
    figures_read = read(declared, answered, sectors=SECTORS)
    assert [(each.ticker, each.value, each.observed_at) for each in figures_read] == [
        ("VCB", 2.0, DAY), ("BID", 2.0, DAY), (None, 2.0, DAY)
    ]  # fmt: skip
    assert [lookup(answered, each.pointer) for each in figures_read[:2]] == [2, 2]
    assert lookup(answered, figures_read[2].pointer) is next(iter(answered.values()))


@pytest.mark.parametrize("sent", ["NFC", "NFD"])
def test_later_rows_are_withheld_by_a_date_under_a_key_of_any_encoding(sent: Any) -> None:
    rows = {unicodedata.normalize(sent, "dữ_liệu"): [{unicodedata.normalize(sent, "lúc_đó"): "2026-11-28", "v": 1}]}
    result = {"structuredContent": rows, "content": []}
    kept, withheld = timely(result, DAY, [path("$.dữ_liệu[*].lúc_đó").steps])
    assert withheld.rows == 1 and list(kept["structuredContent"].values()) == [[]]


def test_rows_without_a_sector_are_about_the_whole_market() -> None:
    macro = {"rows": "$.vn[*]", "name": "what", "metrics": {"value": {"at": "v"}, "change": {"at": "d"}}}
    data = {"vn": [{"what": "cpi", "v": 3.4, "d": 0.1, "unit": "percent", "date": DAY}]}
    assert brief(macro, data) == [(None, "cpi", 3.4), (None, "cpi change", 0.1)]
    assert {(each.unit, each.observed_at) for each in read(macro, data)} == {("percent", DAY)}
    assert brief({"rows": "$", "metrics": {"vnindex": {"at": "close"}}}, {"close": 1700}) == [(None, "vnindex", 1700.0)]


def test_several_tables_of_one_result_are_read_in_the_order_of_the_file() -> None:
    table = {"sector": "s", "metrics": {"m": {"at": "v"}}}
    figures = [table | {"rows": "$.losers[*]"}, table | {"rows": "$.winners[*]"}]
    data = {"winners": [{"s": "Oil", "v": 2}], "losers": [{"s": "Banks", "v": -1}]}
    assert brief(figures, data) == [("Banks", "m", -1.0), ("Oil", "m", 2.0)]


def test_number_is_scaled_and_a_text_is_read_as_one() -> None:
    figures = {"rows": "$[*]", "sector": "s", "metrics": {"m": {"at": "v", "scale": 100}}}
    data = [{"s": "Oil", "v": 0.5}, {"s": "Banks", "v": "1.234,5"}, {"s": "Gas", "v": "+2.3%"}, {"s": "Tin", "v": "–"}]
    assert brief(figures, data) == [
        ("Oil", "m", 50.0),
        ("Banks", "m", 123_450.0),
        ("Gas", "m", 230.0),
        ("Tin", "m", None),
    ]
    assert [each.unit for each in read(figures, data)] == [None, None, "percent", None]
    assert brief(figures, [{"s": "Oil", "v": "1.234"}], language="vi") == [("Oil", "m", 123.4)]
    commas = figures | {"decimal_comma": True}
    assert brief(commas, [{"s": "Oil", "v": "1.234"}]) == [("Oil", "m", 123_400.0)]


@pytest.mark.parametrize(
    "row",
    [{"v": 1}, {"s": None, "v": 1}, {"s": 5, "v": 1}, {"s": "Oil"}, {"s": "Oil", "v": True}, {"s": "Oil", "v": [1]}, 7],
)
def test_row_without_its_name_or_number_gives_nothing(row: Any) -> None:
    assert brief({"rows": "$[*]", "sector": "s", "metrics": {"m": {"at": "v"}}}, [row]) == []


@pytest.mark.parametrize("data", [None, "Unknown tool: t", 5, [], {}, {"data": 5}, {"data": {"s": "Oil", "v": 1}}])
def test_result_of_another_form_gives_nothing(data: Any) -> None:
    assert brief({"rows": "$.data[*].x[3]", "sector": "s", "metrics": {"m": {"at": "v"}}}, data) == []


@pytest.mark.parametrize("error", [{"error": "no key"}, {"error": {"code": 429}, "data": [{"s": "Oil", "v": 1}]}])
def test_error_that_calls_itself_a_result_gives_nothing(error: Any) -> None:
    assert brief({"rows": "$.data[*]", "sector": "s", "metrics": {"m": {"at": "v"}}}, error) == []
    assert brief(None, error) == []
    assert brief(None, {"error": None, "data": [{"sector": "Oil", "v": 1}]}) == [("Oil", "v", 1.0)]


FLOW = {"rows": "$.data[*]", "ticker": "symbol", "date": "$.date"}
DATA = {
    "date": DAY,
    "data": [
        {"symbol": "VCB", "net": 120.5, "chg": 1.0},
        {"symbol": "BID", "net": "-20", "chg": 2.0},
        {"symbol": "PLX", "net": 5, "chg": None},
        {"symbol": "XYZ", "net": 9, "chg": 1.0},
    ],
}


def test_tickers_are_kept_and_added_up_by_sector() -> None:
    metrics = {"net_value": {"at": "net", "unit": "VND billion"}}
    read_figures = read(FLOW | {"metrics": metrics}, DATA, sectors=SECTORS)
    tickers = [(each.ticker, each.sector, each.value, each.pointer) for each in read_figures if each.ticker]
    assert tickers == [
        ("VCB", "Banks", 120.5, "/data/0/net"),
        ("BID", "Banks", -20.0, "/data/1/net"),
        ("PLX", "Oil", 5.0, "/data/2/net"),
        ("XYZ", None, 9.0, "/data/3/net"),
    ]
    assert [each for each in read_figures if not each.ticker] == [
        Figure("Banks", "net_value", 100.5, "VND billion", None, DAY, "t", "c", "/data"),
        Figure("Oil", "net_value", 5.0, "VND billion", None, DAY, "t", "c", "/data"),
    ]


@pytest.mark.parametrize(
    ("metric", "about", "value"),
    [
        ("perf", {"unit": "percent"}, 1.5),
        ("perf", {"unit": "percent", "combine": "sum"}, 3.0),
        ("net", {"unit": "VND billion", "combine": "mean"}, 1.5),
        ("net_value", {}, 3.0),
        ("change", {}, 1.5),
        ("close", {"unit": "VND"}, 1.5),
        ("volume", {"unit": "shares"}, 3.0),
        ("profit_growth", {}, 1.5),
        ("what_nobody_knows", {}, 1.5),
    ],
)
def test_amounts_are_summed_and_the_rest_is_averaged_unless_the_file_says_otherwise(
    metric: str, about: dict[str, Any], value: float
) -> None:
    figures = FLOW | {"metrics": {metric: {"at": "chg"} | about}}
    sums = [each for each in read(figures, DATA, sectors=SECTORS) if each.ticker is None]
    assert [(each.sector, each.metric, each.value) for each in sums] == [("Banks", metric, value)]


def test_days_of_one_ticker_are_not_added_up() -> None:
    figures = {"rows": "$[*]", "ticker": "s", "date": "d", "metrics": {"net": {"at": "v", "combine": "sum"}}}
    data = [{"s": "VCB", "d": "2026-11-26", "v": 1}, {"s": "VCB", "d": DAY, "v": 2}]
    sums = [each for each in read(figures, data, sectors=SECTORS) if each.ticker is None]
    assert [(each.observed_at, each.value) for each in sums] == [("2026-11-26", 1.0), (DAY, 2.0)]


def test_ticker_without_sectors_in_the_file_stays_a_ticker() -> None:
    figures = read(FLOW | {"metrics": {"net": {"at": "net"}}}, DATA)
    assert [(each.ticker, each.sector) for each in figures] == [(name, None) for name in ("VCB", "BID", "PLX", "XYZ")]


def test_mapping_is_found_by_every_name_under_which_its_tool_is_offered() -> None:
    content = TOOL | {
        "mcpServers": {"a": {"command": "x"}, "b": {"command": "x"}},
        "tools": [
            {"tool_name": "t", "figures": {"rows": "$", "metrics": {"mapped": {"at": "v"}}}},
            {"tool_name": "u", "bind": "b.own", "figures": {"rows": "$", "metrics": {"bound": {"at": "v"}}}},
            {"tool_name": "w"},
        ],
    }
    reader = FigureReader(of_mapping(content).spec)

    def metrics(offered_as: str, server: str | None = None, tool: str | None = None) -> list[str]:
        read = reader.read({"v": 1}, offered_as=offered_as, call="c", server=server, tool=tool)
        return [figure.metric for figure in read]

    assert metrics("t") == metrics("a__t") == metrics("b__t") == metrics("t_0a1b2c3d", "a", "t") == ["mapped"]
    assert metrics("u") == metrics("any", "b", "own") == ["bound"]
    assert metrics("w") == metrics("c__t") == metrics("any", "a", "own") == []


@pytest.mark.parametrize(
    ("figures", "says"),
    [
        ("{rows: data, metrics: {m: {at: v}}}",
         "tools.0.figures.rows: has to begin at the whole result, with $, such as $.data[*], not 'data'"),
        ("{rows: '$.data[x]', metrics: {m: {at: v}}}",
         "tools.0.figures.rows: has to be a path of steps such as .key, ['key'] and [0], and stops being one at "
         "character 7, not '$.data[x]'"),
        ("{rows: $, sector: 'a[*]', metrics: {m: {at: v}}}",
         "tools.0.figures.sector: has to lead to one value, without [*] and .*, not 'a[*]'"),
        ("{rows: $, sector: '*', metrics: {m: {at: v}}}",
         "tools.0.figures.sector: has to be a path, which begins with $, @ or a key of the row, not '*'"),
        ("{rows: $, metrics: {}}", "tools.0.figures.metrics: must not be empty"),
        ("{rows: $, metrics: {m: {att: v, at: v}}}",
         "tools.0.figures.metrics.m.att: unknown key - did you mean 'at'?"),
        ("{rows: $, metrcs: {m: {at: v}}, metrics: {m: {at: v}}}",
         "tools.0.figures.metrcs: unknown key - did you mean 'metrics'?"),
        ("{rows: $, metrics: {m: {at: v, lookback: one day}}}",
         "tools.0.figures.metrics.m.lookback: has to be a time such as '1 session', '20D', '3M', '12-1M' or 'YTD', "
         "not 'one day'"),
        ("[{rows: $, metrics: {m: {at: v, combine: max}}}]",
         "tools.0.figures.0.metrics.m.combine: has to be 'sum' or 'mean', not 'max'"),
    ],
)  # fmt: skip
def test_wrong_mapping_is_named_with_its_place(figures: str, says: str) -> None:
    (only,) = problems(f"tools:\n  - tool_name: t\n    figures: {figures}\n")
    where, _, told = only.partition(": ")
    assert told == says and where.startswith("f.yaml:6:")


def test_mapping_says_nothing_about_tools_without_one() -> None:
    spec = parse("tools: [{tool_name: t}]").spec
    assert FigureReader(spec).read([{"sector": "Oil", "v": 1}], offered_as="t", call="c")[0].metric == "v"


LATER_ROWS = [{"s": "Banks", "lúc": 20261127, "v": 1}, {"s": "Oil", "lúc": 20261128, "v": 2}]
LATER_TABLE = "| s | lúc | v |\n| --- | --- | --- |\n| Banks | 20261127 | 1 |\n| Oil | 20261128 | 2 |\n"
AS_JSON = json.dumps(LATER_ROWS)
AS_LINES = "\n".join(map(json.dumps, LATER_ROWS))


@pytest.mark.parametrize(
    "words", [AS_JSON, f"Rows:\n{AS_JSON}", f"So:\n\n```json\n{AS_JSON}\n```", AS_LINES, LATER_TABLE]
)
@pytest.mark.parametrize("is_wrapped", [False, True])
def test_later_rows_of_a_text_are_withheld_by_a_date_that_only_the_mapping_names(words: str, is_wrapped: bool) -> None:
    result: dict[str, Any] = {"content": [{"type": "text", "text": words}]}
    result |= {"structuredContent": {"result": words}} if is_wrapped else {}
    kept, withheld = timely(result, DAY, [(None, "lúc")])
    assert (withheld.rows, withheld.latest) == (1, "2026-11-28")
    assert [row["s"] for row in readable(kept)] == ["Banks"] and "Oil" not in json.dumps(kept)


def test_later_rows_in_blocks_of_their_own_are_withheld_and_one_that_is_left_is_still_a_list() -> None:
    result = {"content": [{"type": "text", "text": json.dumps(row)} for row in LATER_ROWS]}
    kept, withheld = timely(result, DAY, [(None, "lúc")])
    assert withheld.rows == 1 and readable(kept) == LATER_ROWS[:1]
    assert timely(result, "2026-12-31", [(None, "lúc")])[0] == result
