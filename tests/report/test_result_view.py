"""A run in a terminal: narrow and wide, in millions of colours, in sixteen and in none, in English and Vietnamese."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from rich.style import Style

from agent.events import RunCompared
from agent.report.palettes import CVD
from agent.report.result_view import show_result
from agent.result import RULES, SIMULATED, Earlier, RunResult
from tests.report.runs_and_pages import advice, figure, result
from tests.report.test_palettes import contrast

GOLDEN = Path(__file__).parent / "golden"
ESCAPE = re.compile(r"\x1b\[([0-9;]*)m")
COLOURS = {
    "truecolor": {"FORCE_COLOR": "1", "TERM": "xterm-256color", "COLORTERM": "truecolor"},
    "sixteen": {"FORCE_COLOR": "1", "TERM": "xterm-16color"},
    "none": {"FORCE_COLOR": "1", "TERM": "xterm-256color", "NO_COLOR": "1"},
    "pipe": {},
}
RETURNS = {
    "Banks": (4.2, 17.3, -3.2),
    "Oil and Gas": (-1.3, 1.4, 23.9),
    "Construction and Materials": (6.2, 18.2, 119.6),
    "Retail": (-6.2, 1.6, -13.4),
    "Utilities": (-0.1, -14.6, None),
}
CHANGES: list[dict[str, Any]] = [
    {"sector": "Banks", "action": ["underweight", "overweight"], "confidence": [0.55, 0.61], "rank": [4, 1]},
    {"sector": "Oil and Gas", "action": ["neutral", "neutral"], "confidence": [0.5, 0.5], "rank": [2, 2]},
    {"sector": "Retail", "action": ["underweight", "underweight"], "confidence": [0.58, 0.54], "rank": [3, 3]},
    {"sector": "Media", "action": ["overweight", None], "confidence": [0.6, None], "rank": [1, None]},
]


def run(**other: Any) -> RunResult:
    figures = [
        figure(sector, value, lookback=lookback, pointer=f"/rows/{at}/{lookback}")
        for at, (sector, values) in enumerate(RETURNS.items())
        for lookback, value in zip(("1M", "3M", "1Y"), values, strict=True)
    ]
    figures += [figure(sector, 15.0 + 4 * at, "volatility", lookback="1Y") for at, sector in enumerate(RETURNS)]
    figures += [figure(sector, 120.0 - 90 * at, "net_buy_sell", unit="VND_bn") for at, sector in enumerate(RETURNS)]
    given = [
        advice("Banks", "overweight", 0.61, "Up 17.3 % over three months, and foreigners buy."),
        advice("Oil and Gas", "neutral", 0.5, "Between the others."),
        advice("Retail", "underweight", 0.54, "It fell while the others rose, and what it sells is not bought."),
    ]
    about: dict[str, Any] = {
        "answer": {"sector_recommendations": given, "heatmap_url": "artifact:page.html"},
        "figures": figures,
        "labels": [SIMULATED, RULES],
        "horizon": "63 sessions",
        "warnings": ["1 row later than the as-of date was withheld: from get_sector_heatmap, the latest of 2026-01-05"],
        "compared": RunCompared("20250930-abcd", "2025-09-30", [each | {"figures": []} for each in CHANGES]),
        "spec": {"sectors": {"Banks": {"names": {"vi": "Ngân hàng"}}, "Retail": {"names": {"vi": "Bán lẻ"}}}},
    }
    return result(**about | other)


def shown(
    given: RunResult,
    width: int,
    colours: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> str:
    for name in ("FORCE_COLOR", "TERM", "COLORTERM", "NO_COLOR", "COLORFGBG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {**COLOURS[colours], "COLUMNS": str(width)}.items():
        monkeypatch.setenv(name, value)
    for kept in (Style.parse, Style._add):
        kept.cache_clear()  # a style remembers the codes of the console that wrote it first
    show_result(given)
    return capsys.readouterr().out


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("colours", COLOURS)
def test_a_run_is_shown_as_these_lines(
    width: int, colours: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is shown anew is looked at, and then written there."""
    text = shown(run(), width, colours, monkeypatch, capsys)
    assert text == (GOLDEN / f"terminal-{colours}-{width}.txt").read_text(encoding="utf-8")


def test_a_vietnamese_run_is_shown_as_these_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    vietnamese = run(spec=run().spec | {"language": "vi"})
    text = shown(vietnamese, 80, "none", monkeypatch, capsys)
    assert text == (GOLDEN / "terminal-vi-80.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("colours", COLOURS)
def test_nothing_is_wider_than_the_terminal(
    width: int, colours: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = ESCAPE.sub("", shown(run(), width, colours, monkeypatch, capsys)).splitlines()
    assert [line for line in lines if cell_len(line) > width] == []


def test_what_has_no_room_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    columns = [figure("Banks", 1.0, f"measure_{at}") for at in range(12)]
    text = shown(run(figures=columns), 60, "none", monkeypatch, capsys)
    assert "left out here: Measure" in text


@pytest.mark.parametrize("language", ["en", "vi"])
def test_headings_of_several_columns_are_as_wide_as_these(
    language: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A number stands below its heading also where that has more words than its columns have cells."""
    two = [figure("Banks", 4.2, lookback=each) for each in ("1M", "1Y")]
    other = [figure("Banks", 1.0, "momentum"), figure("Banks", -1.0, "alpha")]
    text = shown(run(figures=two + other, spec={"language": language}), 60, "pipe", monkeypatch, capsys)
    lines = text.splitlines()
    first = next(at for at, line in enumerate(lines) if line.startswith("▲"))
    start = lines.index("", 0, first) if "" in lines[:first] else 0
    assert {cell_len(line) for line in lines[start + 1 : first]} == {cell_len(lines[first])}


@pytest.mark.parametrize("lookbacks", [("1M",), ("1M", "1Y")])
@pytest.mark.parametrize("key", ["", "_"])
def test_a_column_whose_key_has_no_word_is_shown_without_a_heading(
    key: str, lookbacks: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As the index column of a table has none that was exported to JSON."""
    nameless = [figure("Banks", 7.25, key, lookback=each, unit=None) for each in lookbacks]
    text = shown(run(figures=[*nameless, figure("Banks", 2.5, "momentum")]), 80, "pipe", monkeypatch, capsys)
    numbers = next(line for line in text.splitlines() if line.count("7.2") == len(lookbacks))
    heading = next(line for line in text.splitlines() if line.rstrip().endswith("Momentum"))
    assert cell_len(numbers) == cell_len(heading)


def test_a_question_on_an_answer_repeats_no_heatmap_unless_it_called_a_tool(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    follow_up = run(earlier=[Earlier("20251231-dcba", "Which sectors?", {})], earlier_turns=1)
    text = shown(follow_up, 80, "pipe", monkeypatch, capsys)
    assert "Performance" not in text and "No longer recommended" not in text
    follow_up.calls[0].turn = 2
    assert "Performance" in shown(follow_up, 80, "pipe", monkeypatch, capsys)


def test_cells_have_their_own_letters_which_can_be_read(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = shown(run(), 120, "truecolor", monkeypatch, capsys)
    pairs = re.findall(r"38;2;(\d+);(\d+);(\d+);48;2;(\d+);(\d+);(\d+)m", text)
    assert len(pairs) > 10
    worst = min(
        contrast(*("#" + "%02x" * 3 % tuple(map(int, half)) for half in (each[:3], each[3:]))) for each in pairs
    )
    assert worst >= 4.5


def test_terminals_with_a_light_ground_get_the_light_palette(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown(run(), 80, "truecolor", monkeypatch, capsys)
    monkeypatch.setenv("COLORFGBG", "0;15")
    show_result(run())
    red, green, blue = (int(CVD.light.middle[at : at + 2], 16) for at in (1, 3, 5))
    assert f"48;2;{red};{green};{blue}m" in capsys.readouterr().out


def test_strangers_texts_do_not_steer_the_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    evil = "\x1b[2J\x1b]0;owned\x07\u202e"
    given = [advice(f"Banks{evil}", f"over{evil}", 0.5, evil)]
    text = shown(
        run(
            answer={"sector_recommendations": given},
            figures=[figure(f"Banks{evil}", 1.0, f"perf{evil}")],
            warnings=[evil],
            compared=RunCompared(f"r{evil}", evil, [CHANGES[0] | {"sector": f"Banks{evil}", "figures": []}]),
        ),
        80,
        "pipe",
        monkeypatch,
        capsys,
    )
    assert not any(each in text for each in ("\x1b", "\x07", "\u202e"))


EVIL = "\x9b31m \u202eevil\x7f"


@pytest.mark.parametrize("colours", ["truecolor", "pipe"])
def test_answer_of_another_form_does_not_steer_the_terminal(
    colours: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = ESCAPE.sub("", shown(run(answer={"note": EVIL, "Bán": 1.5}), 80, colours, monkeypatch, capsys))
    assert '{\n  "note": "\\u009b31m \\u202eevil\\u007f",\n  "Bán": 1.5\n}\n' in text
    assert not any(each in text for each in ("\x9b", "\u202e", "\x7f"))


def test_what_is_wrong_with_an_answer_does_not_steer_the_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    errors = [{"pointer": f"/{EVIL}", "message": EVIL} for _ in range(2)]
    failed = run(status="invalid", answer=None, errors=errors, best_attempt={EVIL: EVIL}, stop_reason=EVIL)
    text = shown(failed, 80, "pipe", monkeypatch, capsys)
    assert "  /31m evil: 31m evil" in text and not any(each in text for each in ("\x9b", "\u202e", "\x7f"))
