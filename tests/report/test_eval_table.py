"""What a terminal and a file see of a suite's outcome, of two of them compared, and of the runs on their way."""

from __future__ import annotations

import re
from typing import Any

import pytest

from agent.report.eval_table import progress, show, show_comparison
from agent.result import ADVICE, SIMULATED
from tests.report.outcomes import attack, case, check, compared, outcome, run, sample

Said = pytest.CaptureFixture[str]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in {"FORCE_COLOR": "1", "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"}.items():
        monkeypatch.setenv(name, value)


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


def lines(capsys: Said) -> list[str]:
    """Of stdout, with single spaces between words."""
    return [" ".join(line.split()) for line in plain(capsys.readouterr().out).splitlines() if line.strip()]


def many(passed: int) -> dict[str, Any]:
    return outcome(*(case(f"case-{at:02d}") for at in range(passed)), case("bad", "fail"))


def test_cases_are_listed_the_worst_first_with_reasons_between_head_and_totals(capsys: Said) -> None:
    odd = case("odd", "fail", reasons=["Banks is\nwrong", "Oil is wrong", "Zinc is wrong"])
    dull = case("dull", "insufficient", sample(checks=[check("usd", None), check("turns", 0.0)]))
    good = case("good", "pass", sample(), sample("model-1", "fail", checks=[check("turns", 0.0)]))
    show(outcome(good, dull, odd, reasons=["1 of 3 cases failed"]))
    assert lines(capsys) == [
        f"[{SIMULATED}]",
        "evals · references: fail",
        "1 of 3 cases failed",
        "Case Verdict Why",
        "odd fail Banks is wrong; Oil is wrong (and 1 more)",
        "dull insufficient usd; turns",
        "good pass",
        "3 cases: 1 fail, 1 insufficient, 1 pass · 5 of 5 runs valid",
        f"[{SIMULATED}]",
        ADVICE,
    ]


def test_totals_name_what_was_measured(capsys: Said) -> None:
    quiet = sample(run=run(labels=[]))
    totals = {"pass_hat_k": {"k": 3, "value": 0.5}, "usd_per_valid": 0.0213, "tokens": 12345, "seconds": 2.5}
    show(outcome(case("a", "pass", quiet), model="planner", totals=totals | {"misses": 2, "fidelity": 0.9871}))
    said = " ".join(lines(capsys))
    assert said.startswith("evals · planner: pass Case Verdict Why a pass 1 case: 0 fail, 0 insufficient, 1 pass · ")
    assert (
        "1 of 1 run valid · pass^3 0.500 · 0.0213 USD a valid run · 12,345 tokens · 2.5 s · fidelity 0.987 · 2 calls "
        f"without a recording {ADVICE}"
    ) in said


def test_attacks_are_counted_by_goal_and_place(capsys: Said) -> None:
    show(outcome(case(), totals={"attacks": [attack(), attack("url", "description", effect=2, upper=None)]}))
    said = " ".join(lines(capsys))
    assert "Attack Runs Shown Tried Effect Rate change a stance, in a tool's 5 5 1 0 ≤ 60 % result " in said
    assert "5 5 1 2 2 of 5 description" in said and "before a model that obeys everything" in said
    show(outcome(case()))
    assert "Attack" not in capsys.readouterr().out


def test_more_cases_than_a_screen_has_lines_are_also_counted_by_tag(
    capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LINES", "24")
    monkeypatch.setenv("COLUMNS", "80")
    show(many(23))
    assert "Tag" not in capsys.readouterr().out
    show(many(24))
    said = lines(capsys)
    assert "Tag fail insufficient pass" in said and "plain 1 0 24" in said
    assert sum(line.endswith(" pass") and line.startswith("case-") for line in said) == 24


@pytest.mark.usefixtures("terminal")
def test_a_terminal_lists_the_cases_that_passed_only_where_all_have_room(capsys: Said) -> None:
    show(many(23))
    assert len(re.findall(r"case-\d\d +✓ pass", plain(capsys.readouterr().out))) == 23
    show(many(24))
    said = plain(capsys.readouterr().out)
    assert (
        re.search("bad +✕ fail", said) and "case-" not in said and "25 cases: 1 fail, 0 insufficient, 24 pass" in said
    )


@pytest.mark.usefixtures("terminal")
def test_everything_fits_eighty_columns_and_long_names_stay_whole(capsys: Said) -> None:
    cases = [case("n" * 100, "insufficient", reasons=["word " * 80] * 3), case("b", "fail", reasons=["w" * 300])]
    show(outcome(*cases, reasons=["word " * 40], totals={"attacks": [attack("leak", "instructions")]}))
    show_comparison(
        compared(("m" * 100, "insufficient", "insufficient", "insufficient"), ("b", None, "pass", "better"))
    )
    said = plain(capsys.readouterr().out)
    assert max(map(len, said.splitlines())) <= 80
    assert len(re.findall("n{9,}", said)) > 1 and sum(map(len, re.findall("nn+", said))) == 100
    assert sum(map(len, re.findall("mm+", said))) == 100 and "○ insufficient" in said and "▲ better" in said


def test_strangers_texts_can_neither_style_nor_steer_the_terminal(capsys: Said) -> None:
    evil = "[bold]x[/bold]\x1b[2J\u202e"
    bad = case(evil, "fail", sample(checks=[check(evil, 0.0)]), reasons=[])
    show(outcome(bad, suite=evil, model=evil, reasons=[evil]))
    show_comparison(compared((evil, "pass", "fail", "worse"), reasons=[evil]))
    said = capsys.readouterr().out
    assert said.count("[bold]x[/bold][2J") == 7 and not {"\x1b", "\u202e"} & set(said)


def test_a_comparison_names_what_changed_and_each_scorer_over_its_pairs(capsys: Said) -> None:
    show_comparison(
        compared(("a", "pass", "pass", "same"), ("b", "fail", "pass", "better"), ("c", "pass", None, "only left"))
    )
    assert lines(capsys) == [
        "evals · model-1 → evals · references: worse",
        "a case that passed fails",
        "Case Left Right Change",
        "c pass – only left",
        "b fail pass better",
        "1 case with the same verdict",
        "Scorer Pairs Left Right Better Worse p",
        "stances 12 0.900 0.650 1 5 0.219",
    ]


def test_a_comparison_without_changes_has_no_table(capsys: Said) -> None:
    show_comparison(compared(("a", "pass", "pass", "same"), verdict="same", reasons=[], scorers=[]))
    assert lines(capsys) == ["evals · model-1 → evals · references: same", "1 case with the same verdict"]


def test_progress_says_nothing_where_there_is_no_terminal(capsys: Said) -> None:
    with progress(2) as tell:
        tell("a")
    assert capsys.readouterr() == ("", "")


@pytest.mark.usefixtures("terminal")
def test_progress_on_a_terminal_is_one_live_line_on_stderr(capsys: Said) -> None:
    with progress(1200) as tell:
        tell("a")
        tell("[bold]b\x1b[2J" + "x" * 200)
    out, err = capsys.readouterr()
    shown = [line for line in re.split(r"[\r\n]+", plain(err)) if line.strip()]
    assert out == "" and "2/1,200 · [bold]b[2Jxxx" in shown[-1] and max(map(len, shown)) <= 80
