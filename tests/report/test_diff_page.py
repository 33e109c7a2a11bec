"""The page of two runs: what it says, that nothing in it is more than text, and that it is bounded."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from pathlib import Path

import pytest

from agent.comparison import changes
from agent.diff.inputs import CallPair, inputs
from agent.diff.values import Difference
from agent.diff.whole import Comparison, Side, ToolChange
from agent.report.diff_page import LIMIT, render
from agent.report.words import words
from agent.result import SIMULATED, RunResult
from tests.report.runs_and_pages import Reader, advice, evil_run, figure, result
from tests.runs.samples import EVENTS

EVIL = "<script>window.owned = 1</script>\"'><img src=http://evil.invalid/x onerror='window.owned = 1'>{{ 7 * 7 }}"


def side(run: RunResult, folder: str) -> Side:
    return Side(Path("/runs") / folder, run, EVENTS[1], {})  # type: ignore[arg-type]


def page(before: RunResult, after: RunResult, text: str = "x", count: int = 1, language: str = "en") -> str:
    """With `count` differences of each kind, in which every text is `text`."""
    found = tuple(Difference(f"{text}{at}", text, [text, at]) for at in range(count))
    compared = Comparison(
        side(before, "a"),
        side(after, "b"),
        facts=found,
        file=found,
        prompt=(f"-{text}", f"+{text}", f" {text}") * count,
        opening=(f"+{text}",) * count,
        tools=tuple(ToolChange(f"{text}{at}", "changed", found[:3]) for at in range(count)),
        calls=(CallPair(text, {text: text}, "other figures", 1, 1),) * count,
        inputs=inputs(before, after),
        changes=tuple(changes(before, after)),
        answer=found,
    )
    return render(compared, words(language))


def moved(action: str, value: float) -> RunResult:
    given = {"sector_recommendations": [advice("Banks", action, why=f"It stands at {value}.")]}
    return result(answer=given, figures=[figure("Banks", value), figure("Retail", -1.0)])


def test_page_says_verdict_change_figures_and_rationales() -> None:
    text = Reader(page(moved("overweight", 2.5), moved("underweight", -4.0))).text
    assert "Of 1 sector: 1 flipped." in text
    assert "▲ overweight 0.70 → ▼ underweight 0.70" in text
    assert "Performance 3M +2.5 → −4.0 % (−3.7 σ)" in text
    assert "Before It stands at 2.5. After It stands at -4.0." in text


def test_place_is_told_of_calls_that_have_one() -> None:
    text = Reader(page(moved("overweight", 2.5), moved("underweight", -4.0))).text
    assert "Place in the answer 1 → 1" in text
    assert "Place in the answer" not in Reader(page(moved("neutral", 2.5), moved("neutral", -4.0))).text


def test_page_speaks_the_language_of_the_run() -> None:
    text = Reader(page(moved("overweight", 2.5), moved("underweight", -4.0), language="vi")).text
    assert "▲ tăng tỷ trọng 0.70 → ▼ giảm tỷ trọng 0.70" in text and "đảo chiều" in text and "Before" not in text
    assert "0 lượt, 1 lệnh gọi công cụ" in text and "tool call" not in text


def test_page_of_vietnamese_runs_names_sectors_and_marks_simulated_data_as_their_own_pages_do() -> None:
    keys = {"spec": {"language": "vi", "sectors": {"Banks": {"names": {"vi": "Ngân hàng"}}}}, "labels": [SIMULATED]}
    before, after = (replace(run, **keys) for run in (moved("overweight", 2.5), moved("underweight", -4.0)))  # type: ignore[arg-type]
    text = Reader(page(before, after, language="vi")).text
    assert "MÔ PHỎNG" in text and "SIMULATED" not in text.replace("[SIMULATED]", "")
    assert "Ngân hàng đảo chiều" in text and "Banks" not in text
    assert "Trước It stands at 2.5. Sau It stands at -4.0." in text


def test_texts_are_whole_up_to_a_length_that_the_page_has_room_for() -> None:
    long = " ".join(f"word{at}" for at in range(80))
    text = Reader(page(evil_run("x", 1), evil_run("y", 1), long)).text
    assert 500 < len(long) < 660 and f"{long} +{long}" in text and f"({long}={long})" in text
    assert f"{long}0 {long} [" in text


def test_what_others_said_is_text_and_never_markup() -> None:
    reader = Reader(page(evil_run(EVIL, 3), evil_run(f"{EVIL}!", 3), EVIL, 3))
    assert not [tag for tag, _ in reader.tags if tag in ("script", "img", "iframe", "object")]
    assert not [name for _, given in reader.tags for name in given if name.startswith("on") or name == "style"]
    assert EVIL in reader.text


def test_policy_lets_in_the_style_and_nothing_else() -> None:
    made = page(moved("overweight", 2.5), moved("underweight", -4.0))
    [style] = re.findall(r"<style>(.*?)</style>", made, re.DOTALL)
    hashed = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{hashed}'; base-uri 'none'" in made


@pytest.mark.parametrize("text", ["x" * 20_000, "<&>\"'" * 4000, "😀" * 10_000])
def test_page_is_bounded_whatever_it_is_given(text: str) -> None:
    made = page(evil_run(text, 120), evil_run(f"{text}!", 120), text, 400)
    assert 10_000 < len(made.encode()) <= LIMIT
    assert "more" in Reader(made).text


def test_equal_comparisons_give_equal_bytes() -> None:
    assert page(moved("overweight", 2.5), moved("neutral", 1)) == page(moved("overweight", 2.5), moved("neutral", 1))
