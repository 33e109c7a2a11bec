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
