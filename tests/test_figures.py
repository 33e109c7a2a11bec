from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent import agentfile
from agent.figures import Figure, FigureReader
from agent.source import Source
from tests.scripted import agent_file


def figures(data: Any) -> list[Figure]:
    return FigureReader().read(data, offered_as="t", call="c")


def brief(data: Any) -> list[tuple[str | None, str, float | None]]:
    return [(figure.sector, figure.metric, figure.value) for figure in figures(data)]


def resolve(data: Any, pointer: str) -> Any:
    """RFC 6901."""
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        data = data[int(key)] if isinstance(data, list) else data[key]
    return data


TABLE = {
    "as_of": "2020-03-31",
    "lookback_period": "3M",
    "columns": {
        "performance": {"unit": "percent", "lookback": "1M"},
        "volatility": {"unit": "see row"},
        "momentum": {"unit": "percent"},
    },
    "rows": [
        {"sector": "Banks", "performance": 2.5, "volatility": 18, "unit": "percent a year", "note": "n"},
        {"sector": "Oil", "performance": -1, "momentum": None, "extra": None, "observed_at": "2020-03-30", "new": True},
    ],
}


def test_a_table_with_columns_gives_figures_with_unit_lookback_date_and_place() -> None:
    def figure(sector: str, metric: str, value: float | None, unit: str, lookback: str, day: str, at: int) -> Figure:
        return Figure(sector, metric, value, unit, lookback, day, "t", "c", f"/rows/{at}/{metric}")

    assert figures(TABLE) == [
        figure("Banks", "performance", 2.5, "percent", "1M", "2020-03-31", 0),
        figure("Banks", "volatility", 18.0, "percent a year", "3M", "2020-03-31", 0),
        figure("Oil", "performance", -1.0, "percent", "1M", "2020-03-30", 1),
        figure("Oil", "momentum", None, "percent", "3M", "2020-03-30", 1),
    ]


def test_a_series_is_of_the_whole_market_and_named_by_its_row() -> None:
    data = {"rows": [{"indicator": "inflation", "value": 3.2, "unit": "percent", "change": 0.1}]}
    assert brief(data) == [(None, "inflation", 3.2), (None, "inflation change", 0.1)]
    assert {figure.unit for figure in figures(data)} == {"percent"}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ([{"name": "Banks", "a": 1, "b": 2.0}], [("Banks", "a", 1.0), ("Banks", "b", 2.0)]),
        ({"data": {"deep": [{"industry": "Oil", "a": 1}]}}, [("Oil", "a", 1.0)]),
        ([{"ticker": "VCB", "a": 1}, {"ticker": "BID", "a": 2}], [("VCB", "a", 1.0), ("BID", "a", 2.0)]),
        # A customary name wins over other texts.
        ([{"ticker": "VCB", "sector": "Banks", "a": 1}], [("Banks", "a", 1.0)]),
        # Two texts, neither customary: nobody knows which one names the row.
        ([{"ticker": "VCB", "venue": "HOSE", "a": 1}], []),
        ([{"a": 1}], []),
        ([1, "x", {"sector": "Banks", "a": 1}], []),
        ([{"sector": "Banks", "a": True, "b": False, "c": "5", "d": [1], "e": {"x": 1}, "f": None}], []),
        ([], []), ({}, []), (None, []), ("text", []), (5, []), ([[], [[]]], []),
        ([[{"sector": "Banks", "a": 1}], [{"sector": "Oil", "a": 2}]], [("Banks", "a", 1.0), ("Oil", "a", 2.0)]),
        ({"rows": [{"sector": "B", "a": 1}], "columns": "none"}, [("B", "a", 1.0)]),
        ({"rows": [{"sector": "B", "a": 1}], "columns": {"a": "percent"}}, [("B", "a", 1.0)]),
    ],
)  # fmt: skip
def test_any_list_of_named_numbers_is_read_and_nothing_else(data: Any, expected: list[Any]) -> None:
    assert brief(data) == expected


def test_tables_inside_rows_are_read_with_what_is_around_them() -> None:
    data = {
        "date": "2020-01-01",
        "groups": [{"sector": "Banks", "a": 1, "date": "2019-12-31", "rows": [{"name": "VCB", "b": 2}]}],
    }
    outer, inner = figures(data)
    assert (outer.pointer, outer.observed_at) == ("/groups/0/a", "2019-12-31")
    assert (inner.pointer, inner.sector, inner.observed_at) == ("/groups/0/rows/0/b", "VCB", "2019-12-31")


SERIES = {
    "observed_at": "2020-03-31",
    "columns": {
        "ratio": {"unit": "points", "lookback": "14M"},
        "tail": {"unit": "see fields", "fields": ["observed_at", "ratio", "pace"]},
        "pace": {"unit": "points"},
    },
    "rows": [
        {"sector": "Banks", "ratio": 101.5, "tail": [["2020-01-31", 99.5, 98], ["2020-02-29", None, 99]]},
        {"sector": "Total", "ratio": 100, "tail": [["2020-02-29", 100, 100]]},
    ],
}


def test_a_column_with_fields_holds_points_of_the_rows_sector_each_of_its_own_day() -> None:
    def figure(sector: str | None, metric: str, value: float | None, lookback: str | None, day: str, at: str) -> Figure:
        return Figure(sector, metric, value, "points", lookback, day, "t", "c", f"/rows/{at}")

    assert figures(SERIES) == [
        figure("Banks", "ratio", 101.5, "14M", "2020-03-31", "0/ratio"),
        figure("Banks", "ratio", 99.5, "14M", "2020-01-31", "0/tail/0/1"),
        figure("Banks", "pace", 98.0, None, "2020-01-31", "0/tail/0/2"),
        figure("Banks", "ratio", None, "14M", "2020-02-29", "0/tail/1/1"),
        figure("Banks", "pace", 99.0, None, "2020-02-29", "0/tail/1/2"),
        figure(None, "Total ratio", 100.0, "14M", "2020-03-31", "1/ratio"),
        figure(None, "Total ratio", 100.0, "14M", "2020-02-29", "1/tail/0/1"),
        figure(None, "Total pace", 100.0, None, "2020-02-29", "1/tail/0/2"),
    ]


@pytest.mark.parametrize(
    ("fields", "tail"),
    [
        (["observed_at", "ratio"], [["2020-02-29", 1, 2], ["2020-02-29"], "2020-02-29", {"ratio": 1}, None, 1]),
        (["observed_at", "ratio"], [["then", 1], [None, 1]]),
        (["observed_at", "ratio"], {"2020-02-29": 1}),
        (["ratio"], [[1]]),
        (["observed_at", 1], [["2020-02-29", 1]]),
        ("observed_at", [["2020-02-29"]]),
        (None, [["2020-02-29", 1]]),
    ],
)
def test_what_is_no_point_of_its_own_day_is_not_read(fields: Any, tail: Any) -> None:
    data = {"columns": {"tail": {"unit": "points", "fields": fields}}, "rows": [{"sector": "Banks", "tail": tail}]}
    assert figures(data) == []


def test_a_row_without_a_name_is_left_out_and_the_others_are_read() -> None:
    assert brief([{"sector": "Banks", "a": 1}, {"sector": None, "a": 3}, {"a": 4}, {"sector": "Oil", "a": 2}]) == [
        ("Banks", "a", 1.0),
        ("Oil", "a", 2.0),
    ]


@pytest.mark.parametrize("key", ["date", "observed_at", "as_of", "unit"])
def test_a_date_or_a_unit_is_no_sector(key: str) -> None:
    rows = [{key: "2020-01-31", "close": 1.5}, {key: "2020-02-29", "close": 1.7}]
    assert [figure.sector for figure in figures({"history": rows}) if figure.sector] == []


def test_pointers_escape_what_pointers_have_to() -> None:
    data = {"a/b": {"c~d": [{"sector": "Banks", "p/e ~": 12.5, "": 1}]}}
    assert [figure.pointer for figure in figures(data)] == ["/a~1b/c~0d/0/p~1e ~0", "/a~1b/c~0d/0/"]


@pytest.mark.parametrize("value", [10**400, -(10**400), float("nan"), float("inf")])
def test_a_number_that_is_none_has_no_value(value: float) -> None:
    assert brief([{"sector": "Banks", "a": value, "b": 1}]) == [("Banks", "a", None), ("Banks", "b", 1.0)]


def test_a_result_of_absurd_depth_is_no_crash() -> None:
    data: Any = [{"sector": "Banks", "a": 1}]
    for _ in range(2_000):
        data = [data]
    assert brief(data) in ([], [("Banks", "a", 1.0)])


scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=4)
)
keys = st.sampled_from(["sector", "name", "value", "date", "unit", "columns", "a/b", "~", "lookback_period"]) | st.text(
    max_size=3
)
results = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4) | st.lists(
        st.dictionaries(keys, scalars, max_size=4), max_size=3
    ),
    max_leaves=20,
)  # fmt: skip


@settings(deadline=None)
@given(data=results)
def test_every_pointer_leads_to_the_number_that_its_figure_holds(data: Any) -> None:
    for figure in figures(data):
        stands = resolve(data, figure.pointer)
        assert not isinstance(stands, bool)
        assert (None if stands is None else float(stands)) == figure.value
        assert figure.sector is None or isinstance(figure.sector, str)


def called(row: dict[str, Any]) -> str:
    return next(str(row[key]) for key in ("sector", "name") if isinstance(row.get(key), str))


SECTORS = {"Banks": {"aliases": ["name"], "tickers": ["VCB", "BID"]}, "Oil": {"tickers": ["PLX"]}}
named = st.sampled_from(["Banks", "name", "VCB", "BID", "PLX", "XYZ"])
rows = st.lists(
    st.dictionaries(st.sampled_from(["sector", "ticker", "code", "name"]), named, max_size=2).flatmap(
        lambda row: st.dictionaries(st.sampled_from(["a", "net_value", "date"]), scalars, max_size=3).map(
            lambda more: row | more
        )
    ),
    max_size=4,
)


@settings(deadline=None)
@given(data=st.dictionaries(keys, rows | results, max_size=3))
def test_with_a_taxonomy_each_figure_still_leads_to_its_number_and_each_sum_to_its_rows(data: Any) -> None:
    spec = agentfile.parse(Source("a mapping", agent_file(sectors=SECTORS))).spec
    read = FigureReader(spec).read(data, offered_as="t", call="c")
    for figure in read:
        stands = resolve(data, figure.pointer)
        if isinstance(stands, list | dict):
            parts = {
                (each.ticker or called(resolve(data, each.pointer.rpartition("/")[0])), each.value)
                for each in read
                if each.pointer.startswith(f"{figure.pointer}/")
                and not isinstance(resolve(data, each.pointer), list | dict)
                and each[:2] == figure[:2]
                and each.observed_at == figure.observed_at
                and each.value is not None
            }
            assert figure.ticker is None and figure.value is not None
            assert len({name for name, _ in parts}) == len(parts)
            is_sum = figure.metric == "net_value" and figure.unit is None
            whole = math.fsum(value for _, value in parts)
            assert figure.value == pytest.approx(whole / (1 if is_sum else len(parts)))
        else:
            assert (None if stands is None else float(stands)) == figure.value


def test_null_in_a_column_of_words_is_no_number_that_is_missing() -> None:
    columns = {"ratio": {"unit": "points"}, "quadrant": {"unit": "word"}}
    rows = [{"sector": "Banks", "ratio": None, "quadrant": None}]
    assert brief({"columns": columns, "rows": rows}) == [("Banks", "ratio", None)]


@pytest.mark.parametrize("cells", [("5.4%", "-3%"), ("1,234", "2,345")])
def test_column_of_texts_that_are_numbers_names_no_row(cells: tuple[str, str]) -> None:
    rows = [{"Group": "Banks", "Change": cells[0], "Flow": 1}, {"Group": "Oil", "Change": cells[1], "Flow": 2}]
    assert [each for each in brief(rows) if each[1] == "Flow"] == [("Banks", "Flow", 1.0), ("Oil", "Flow", 2.0)]
