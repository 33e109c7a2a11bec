"""What a model was shown outside of tables, and what was cut away from it."""

from __future__ import annotations

import json

import pytest

from agent import data
from agent.evidence import examine
from agent.evidence.shown import shown
from agent.figures import FigureReader
from agent.result import Call, RunResult
from agent.tools.content import cut, framed

TEXT = """Market wrap
Banks: +1.2 % today, net foreign buying VND 120.5 bn
Energy: -3.1 % today
The VN-Index rose 1.1 % to 1,245.3 points; inflation 3.4 %.
Ngân hàng: tăng 1,2 %, khối ngoại mua ròng 120,5 tỷ đồng"""


def called(text: str, *, is_error: bool = False) -> Call:
    return Call("c1", 1, "news", "s", "news", {}, shown=framed(text, "s.news"), is_error=is_error)


def statuses(rationale: str, sector: str = "Banks") -> list[str]:
    answer = {"sector_recommendations": [{"sector_name": sector, "rationale": rationale}]}
    numbers = examine(answer, shown(RunResult(calls=[called(TEXT)])))
    return [number.status for number in numbers if number.counted]


@pytest.mark.parametrize(
    ("rationale", "found"),
    [
        ("Up 1.2 % on the day.", "grounded"),
        ("Foreigners bought VND 120.5 bn net.", "grounded"),
        ("Inflation is at 3.4 %.", "grounded"),
        ("Down 1.2 % on the day.", "wrong_sign"),
        ("It fell 3.1 %.", "wrong_sector"),
        ("Up 2.2 % on the day.", "ungrounded"),
        ("Foreigners bought VND 210.5 bn net.", "ungrounded"),
    ],
)
def test_numbers_in_a_text_are_those_of_what_their_line_begins_with(rationale: str, found: str) -> None:
    assert statuses(rationale) == [found]


def test_vietnamese_lines_are_read_as_they_are_written() -> None:
    assert statuses("Khối ngoại mua ròng 120,5 tỷ đồng, giá tăng 1,2 %.", "Ngân hàng") == ["grounded", "grounded"]


def test_an_error_bears_nothing_out() -> None:
    assert shown(RunResult(calls=[called(TEXT, is_error=True)])) == []


def test_what_was_cut_away_bears_nothing_out() -> None:
    rows = [{"sector": f"Sector {at}", "performance": at + 0.25} for at in range(200)]
    figures = FigureReader().read(rows, offered_as="news", call="c1")
    call = Call("c1", 1, "news", "s", "news", {}, shown=cut(json.dumps(rows), 2_000), data=rows)
    left = {figure.value for figure in shown(RunResult(calls=[call], figures=figures))}
    assert data.words("cut", missing=1, all=1)[:2] in (call.shown or "")
    assert {0.25, 199.25} <= left and 100.25 not in left and len(left) < 100
