from __future__ import annotations

import pytest

from agent.figures import FigureReader
from agent.tools.content import readable
from agent.tools.tables import table_in

MARKDOWN = """Sectors today:

| Sector | Change | Net value |
| --- | ---: | --- |
| Banks | +1.2% | 120.5 |
| **Real Estate** | -0.8% | |

Source: the exchange."""
CSV = "sector,performance,volatility\nBanks,4.2,18\n\nEnergy,-3.1,27.5\n"


def test_a_markdown_table_is_read_below_its_heads() -> None:
    assert table_in(MARKDOWN) == [
        {"Sector": "Banks", "Change": "+1.2%", "Net value": 120.5},
        {"Sector": "Real Estate", "Change": "-0.8%", "Net value": None},
    ]


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_values_between_marks_are_read_below_their_heads(mark: str) -> None:
    assert table_in(CSV.replace(",", mark)) == [
        {"sector": "Banks", "performance": 4.2, "volatility": 18.0},
        {"sector": "Energy", "performance": -3.1, "volatility": 27.5},
    ]


@pytest.mark.parametrize(
    "text",
    [
        "", "Banks rose, energy fell.", "Banks, 4.2\nEnergy, -3.1\nUtilities, 0", "a,b\n1,2", "a,a\n1,2\n3,4",
        "a,b\n1,2\n3", "Error: no data, try again\nor ask for less, please\nthanks, all", "| a | b |\n| 1 | 2 |",
        "| a | b |\n| --- | --- |\n| 1 |", "x" * (1 << 21),
    ],
)  # fmt: skip
def test_what_is_no_table_is_not_taken_for_one(text: str) -> None:
    found = table_in(text)
    assert found is None or all(isinstance(value, str) for row in found for value in row.values())


def test_a_table_in_a_text_gives_figures_with_their_sign_and_unit() -> None:
    data = readable({"content": [{"type": "text", "text": MARKDOWN.replace("Sector |", "sector |")}]})
    figures = FigureReader().read(data, offered_as="t", call="c")
    assert [(each.sector, each.metric, each.value, each.unit, each.pointer) for each in figures] == [
        ("Banks", "Change", 1.2, "percent", "/0/Change"),
        ("Banks", "Net value", 120.5, None, "/0/Net value"),
        ("Real Estate", "Change", -0.8, "percent", "/1/Change"),
    ]


PEOPLE = """Performance as of 2026-11-27

| Sector | 1D % | 1M (%) | P/E | Market cap (USD bn) |
|:--|--:|--:|--:|--:|
| Technology | +1.2% | 5.4 | 31.2 | 15,230.5 |
| Energy | **-2.4%** | -6.0 | n/a | 2,450.7 |
| **Total** | 0.3% | 1.9 | 21.0 | 37,412 |
"""


def test_table_as_people_write_it_gives_figures_with_unit_and_lookback() -> None:
    data = readable({"content": [{"type": "text", "text": PEOPLE}]})
    figures = FigureReader().read(data, offered_as="t", call="c")
    assert [(each.sector, each.metric, each.value, each.unit, each.lookback) for each in figures[:4]] == [
        ("Technology", "change", 1.2, "percent", "1D"),
        ("Technology", "change", 5.4, "percent", "1M"),
        ("Technology", "P/E", 31.2, None, None),
        ("Technology", "Market cap", 15230.5, "USD bn", None),
    ]
    assert [(each.sector, each.metric, each.value) for each in figures[4:]] == [
        ("Energy", "change", -2.4), ("Energy", "change", -6.0), ("Energy", "Market cap", 2450.7),
        (None, "Total change", 0.3), (None, "Total change", 1.9), (None, "Total P/E", 21.0),
        (None, "Total Market cap", 37412.0),
    ]  # fmt: skip


def test_percentages_under_times_are_changes_where_signs_say_so_and_yields_are_none() -> None:
    text = "| Country | 3M (%) | 10Y (%) |\n|--|--|--|\n| US | 5.1 | 4.2 |\n| Germany | 3.6 | 2.4 |\n"
    for shown, metrics in (
        (text, ["3M (%)", "10Y (%)"]),
        (text.replace("3.6", "-3.6"), ["change", "10Y (%)"]),
        (text.replace("2.4", "+2.4%"), ["3M (%)", "change"]),
    ):
        data = readable({"content": [{"type": "text", "text": shown}]})
        figures = FigureReader().read(data, offered_as="t", call="c")
        assert [each.metric for each in figures] == metrics * 2
        assert {each.lookback for each in figures if each.metric != "change"} == {None}
