"""A run in a narrow terminal: columns are left out and lines are wrapped, and no number is cut."""

from __future__ import annotations

import re
from typing import Any

import pytest
from rich.cells import cell_len

from agent.model.base import Usage
from agent.report.result_view import show_result
from agent.result import Call, RunResult, TurnSpent
from tests.report.runs_and_pages import advice, figure
from tests.report.test_result_view import run

NUMBER = re.compile(r"\d[\d.,]*\d|\d")
LONG = "Pharmaceuticals and Biotechnology"


def spent() -> RunResult:
    """A run of a paid model, with long names and large numbers, whose last call was never answered."""
    given = run()
    rows = [*given.answer["sector_recommendations"], advice(LONG, "underweight", 0.57, "It fell by 13.75 %.")]
    calls = [
        Call("c1", 1, "get_sector_heatmap", "market", "heatmap", {"lookback": "3M"}, "x" * 123_456, seconds=0.25),
        Call("c2", 2, "get_foreign_flow", "market", "flow", {"sector": "Banks"}),
    ]
    usage = Usage(input=123_456, cache_write=98_765, cache_read=1_234_567, output=54_321)
    turns = [TurnSpent(at, 1, usage, Usage(), 12.34, "tool_use", 1, "model-1") for at in (1, 2)]
    figures = [*given.figures, figure(LONG, -13.75, lookback="1M"), figure(LONG, -1234.5, "net_buy_sell")]
    return run(answer={**given.answer, "sector_recommendations": rows}, calls=calls, by_turn=turns, figures=figures)


def shown(given: RunResult, width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("COLUMNS", str(width))
    show_result(given, calls=True)
    return capsys.readouterr().out


@pytest.mark.parametrize("language", ["en", "vi"])
@pytest.mark.parametrize("colours", [{}, {"FORCE_COLOR": "1", "TERM": "xterm-256color"}])
def test_no_number_is_cut_in_any_width(
    language: str, colours: dict[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("FORCE_COLOR", "TERM", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in (colours | {"NO_COLOR": "1"}).items():
        monkeypatch.setenv(name, value)
    given = spent()
    given.spec = given.spec | {"language": language}

    def numbers(width: int) -> list[str]:
        text = re.sub(r"\x1b\[[0-9;]*m", "", shown(given, width, capsys, monkeypatch))
        return NUMBER.findall(text)

    whole = set(numbers(400))
    for width in range(24, 80):
        found = numbers(width)
        assert set(found) <= whole, width
        assert {"0.61", "0.50", "0.54", "0.57", "123,456", "1,234,567", "54,321"} <= set(found), width


@pytest.mark.parametrize("width", range(24, 80))
def test_nothing_is_wider_than_a_narrow_terminal(
    width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = shown(spent(), width, capsys, monkeypatch).splitlines()
    assert [line for line in lines if cell_len(line) > width and "://" not in line] == []


def test_a_sector_without_room_for_a_table_has_a_line_that_wraps(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = shown(run(), 30, capsys, monkeypatch).splitlines()
    at = lines.index("Banks · overweight · 0.61 ·")
    assert lines[at + 1 : at + 5] == [
        "  ⇄ flipped, was underweight,",
        "  place 4 → 1",
        "Oil and Gas · neutral · 0.50",
        "  · unchanged",
    ]


def test_a_call_without_an_answer_says_so(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    interrupted: dict[str, Any] = {"status": "interrupted", "stop_reason": "the run was interrupted", "answer": None}
    text = shown(run(calls=spent().calls, **interrupted), 120, capsys, monkeypatch)
    assert 'call 1  turn 1  get_sector_heatmap(lookback="3M"): 123,456 characters\n' in text
    assert 'call 2  turn 2  get_foreign_flow(sector="Banks"): no answer\n' in text
