"""Numbers whose day stands outside them, in a text: they are figures up to the as-of date only."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.figures import Figure, FigureReader
from agent.gathering import figures_of
from agent.result import Call
from agent.tools.content import text_of
from agent.tools.timely import timely

AS_OF = "2020-06-30"
EARLIER, LATER = "2020-05-29", "2020-12-31"
MARKDOWN = "| Sector | 1M (%) |\n|--|--|\n| Energy | 9.25 |\n| Tech | -3.5 |\n"
CSV = "sector,change\nEnergy,9.25\nTech,-3.5\n"
ROWS = [{"sector": "Energy", "change": 9.25}, {"sector": "Tech", "change": -3.5}]
JSON_LINES = "\n".join(map(json.dumps, ROWS))
TITLES = ["As of {}", "As of {}:", "Performance as of {}", "## Performance, {}", "Sector performance\nas of {}", "{}"]


def blocks(*texts: str) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": text} for text in texts]}


def wrapped(*texts: str) -> dict[str, Any]:
    text = "\n\n".join(texts)
    return blocks(text) | {"structuredContent": {"result": text}}


def below(result: dict[str, Any], as_of: str = AS_OF) -> list[Figure]:
    withheld = timely(result, as_of)[1].to_json()
    return figures_of(Call("c", 1, "t", "s", "t", {}, withheld=withheld), result, FigureReader(), as_of)


@st.composite
def parts_dated_outside(draw: st.DrawFn) -> tuple[list[str], list[str]]:
    """The parts of one text, and of the same text dated later."""
    title = draw(st.sampled_from([*TITLES, json.dumps({"as_of": "{}"}).replace('"{}"', '"{}"')]))
    rows = draw(st.sampled_from([MARKDOWN, CSV, JSON_LINES, json.dumps(ROWS), json.dumps({"rows": ROWS})]))
    parts = [title, rows]
    if draw(st.booleans()):
        parts.insert(1, "By sector")
    parts = draw(st.sampled_from([parts, parts[::-1]]))
    return [part.replace("{}", EARLIER) for part in parts], [part.replace("{}", LATER) for part in parts]


@given(parts_dated_outside(), st.sampled_from([blocks, wrapped, lambda *parts: blocks("\n\n".join(parts))]))
def test_numbers_that_only_a_later_day_dates_are_no_figures(parts: tuple[list[str], list[str]], form: Any) -> None:
    earlier, later = parts
    assert below(form(*later)) == []
    assert below(form(*earlier)) == below(form(*earlier), "2030-12-31")


@pytest.mark.parametrize("form", [blocks, wrapped])
@pytest.mark.parametrize("rows", [MARKDOWN, CSV, json.dumps(ROWS), JSON_LINES])
def test_undated_numbers_are_figures_where_nothing_is_later(form: Any, rows: str) -> None:
    assert [each.value for each in below(form(rows))] == [9.25, -3.5]


@pytest.mark.parametrize(
    "text",
    [
        f"date,sector,change\n{EARLIER},Energy,9.25\n{EARLIER},Tech,n/a\n{LATER},Energy,8.5\n",
        f"| Sector | Date | Change |\n|--|--|--|\n| Energy | {EARLIER} | 9.25 |\n| Energy | {LATER} | 8.5 |\n",
        json.dumps({"rows": [{"date": day, "sector": "Energy", "change": 9.25} for day in (EARLIER, LATER)]}),
        "\n".join(json.dumps({"date": day, "sector": "Energy", "change": 9.25}) for day in (EARLIER, LATER)),
        "| Sector | 2020-03 | 2020-09 |\n|--|--|--|\n| Energy | 9.25 | 8.5 |\n",
    ],
)
@pytest.mark.parametrize("form", [blocks, wrapped])
def test_numbers_that_name_an_earlier_day_themselves_stay_figures(form: Any, text: str) -> None:
    assert [each.value for each in below(form(text))] == [9.25]


@pytest.mark.parametrize("title", [each for each in TITLES if "\n" not in each])
@pytest.mark.parametrize("rows", [MARKDOWN, CSV, "Energy: 9.25\nTech: -3.5\n", json.dumps(ROWS)])
def test_rows_go_with_the_later_title_above_them_and_the_next_dated_part_stays(title: str, rows: str) -> None:
    later, earlier = title.format(LATER), title.format(EARLIER)
    shown = text_of(timely(blocks(later, rows, earlier, "Banks: 7.75"), AS_OF)[0])
    assert "9.25" not in shown and "7.75" in shown and EARLIER in shown


def test_words_below_a_later_line_stay() -> None:
    shown = text_of(
        timely(blocks(f"Merger agreed on {LATER}", "Banks lend to firms, and firms\npay them, mostly"), AS_OF)[0]
    )
    assert shown.strip() == "Banks lend to firms, and firms\npay them, mostly"
