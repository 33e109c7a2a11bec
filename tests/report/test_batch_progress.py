"""What a terminal, a file and a quiet caller see of a batch."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from agent.batch.outputs import Row, summary
from agent.report.batch_progress import LISTED, BatchProgress, batch_progress, show_summary
from agent.result import ADVICE, RULES, SIMULATED
from tests.batch.rows_and_envelopes import row, spend


class Clock:
    """Stands still until it is set."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def free(id: str, state: str = "done", **other: Any) -> Row:
    return row(id, state, spend=spend(0.0), **other)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in {"FORCE_COLOR": "1", "TERM": "xterm-256color", "COLUMNS": "80"}.items():
        monkeypatch.setenv(name, value)


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


def test_without_a_terminal_only_jobs_that_are_not_done_have_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    with batch_progress(2000, 0, quiet=False, clock=Clock()) as progress:
        for at in range(1998):
            progress.tell(free(f"job-{at}"))
        progress.tell(free("bad", "failed", reason="no [red]valid\nanswer"))
        progress.tell(free("odd", "needs_decision"))
    assert capsys.readouterr() == (
        "",
        "job bad: failed: no [red]valid answer (jobs.yaml:7:5)\n"
        "job odd: needs decision: odd is needs_decision (jobs.yaml:7:5)\n"
        "2,000/2,000 · 1 failed · 1 needs decision\n",
    )


def test_without_a_terminal_counts_come_every_ten_seconds_and_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    with batch_progress(20, 10, quiet=False, clock=clock) as progress:
        for _ in range(5):
            clock.now += 4
            progress.tell(free("a"))
    assert capsys.readouterr().err == "13/20 · 15/min · 28 s left\n15/20 · 15/min · 20 s left\n"


def test_waiting_takes_the_place_of_the_pace_until_the_next_job_ends(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    with batch_progress(4, 0, quiet=False, clock=clock) as progress:
        clock.now += 20
        progress.tell(free("a"))
        progress.tell_waiting("not yet shown")
        clock.now += 10
        progress.tell_waiting("the service asks to wait 30 s")
        clock.now += 10
        progress.tell(free("b"))
    assert capsys.readouterr().err.splitlines() == [
        "1/4 · 3/min · 1 min left",
        "1/4 · waiting: the service asks to wait 30 s",
        "2/4 · 3/min · 40 s left",
        "2/4 · 3/min · 40 s left",
    ]


def test_counts_are_told_even_when_the_batch_is_stopped(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyboardInterrupt), batch_progress(4, 1, quiet=False, clock=Clock()):
        raise KeyboardInterrupt
    assert capsys.readouterr().err == "1/4\n"


@pytest.mark.parametrize(
    ("spends", "money"),
    [
        ([spend(0.0)], ""),
        ([None], ""),
        ([spend(1.25), spend(0.5)], " · 1.75 USD"),
        ([spend(None), spend(None)], " · 2,048 tokens"),
        ([spend(1.25), spend(None)], " · 1.25 USD + 1,024 tokens"),
    ],
)
def test_money_is_told_in_dollars_or_in_tokens_without_a_price_or_not_at_all(spends: list[Any], money: str) -> None:
    progress = BatchProgress(9, 0, Clock())
    for each in spends:
        progress.tell(row("a", spend=each))
    assert progress.counts() == f"{len(spends)}/9{money}"


def test_the_rate_is_that_of_the_newest_jobs() -> None:
    clock = Clock()
    progress = BatchProgress(1000, 0, clock)
    for seconds in [100] * 20 + [2] * 30:
        clock.now += seconds
        progress.tell(free("a"))
    assert progress.counts() == "50/1,000 · 30/min · 32 min left"


@pytest.mark.parametrize(
    ("seconds", "left"),
    [(1, "29 s left"), (2.1, "1 min left"), (4, "2 min left"), (240, "116 min left"), (300, "2 h 25 min left")],
)
def test_time_left_is_told_in_units_of_its_size(seconds: float, left: str) -> None:
    clock = Clock()
    progress = BatchProgress(30, 0, clock)
    clock.now += seconds
    progress.tell(free("a"))
    assert progress.counts().endswith(f" · {left}")


def test_when_nothing_is_left_no_time_is_told() -> None:
    clock = Clock()
    progress = BatchProgress(1, 0, clock)
    clock.now += 6
    progress.tell(free("a"))
    assert progress.counts() == "1/1 · 10/min"


def test_quiet_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with batch_progress(2, 0, quiet=True) as progress:
        progress.tell(row("a", "failed"))
        progress.tell_waiting("the service asks to wait")
    assert capsys.readouterr() == ("", "")


@pytest.mark.usefixtures("terminal")
def test_a_terminal_has_one_live_line_within_its_width(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    with batch_progress(2000, 120, quiet=False, clock=clock) as progress:
        for state in ("failed", "failed", "failed", "deferred", "done"):
            clock.now += 1.5
            progress.tell(row("a", state, spend=spend(0.8), reason="[bold]Why " + "x" * 200))
        progress.tell_waiting("[b]the service asks to wait 30 s")
    said = plain(capsys.readouterr().err)
    assert "125/2,000 · 3 failed · 1 deferred · 4.00 USD · waiting: [b]the" in said
    shown = [line for line in re.split(r"[\r\n]+", said) if line.strip()]
    assert max(map(len, shown)) <= 80
    assert sum(line.startswith("job a: failed: [bold]Why xxx") for line in shown) == 3


@pytest.mark.usefixtures("terminal")
def test_summary_on_a_terminal_fits_eighty_columns(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    rows = [row("a", labels=[SIMULATED, RULES], warnings=["Old\ndata"])]
    rows += [row("b" * 100, "failed", reason="word " * 30), row("c", "needs_decision")]
    show_summary(summary("jobs", rows, {"session": "2026-01-05", "as_of": "2026-01-02"}), tmp_path)
    said = plain(capsys.readouterr().out).splitlines()
    assert said[:3] == [
        f"[{SIMULATED} / {RULES}]",
        "jobs: 3 jobs · 1 done · 1 failed · 1 needs decision",
        "session 2026-01-05 · as of 2026-01-02",
    ]
    assert max(len(line) for line in said if str(tmp_path) not in line) <= 80
    pieces = [len(each) for each in re.findall("bb+", "\n".join(said))]
    assert sum(pieces) == 100 and max(pieces) <= 32
    assert said[-2:] == [f"[{SIMULATED} / {RULES}]", ADVICE]
    text = " ".join(" ".join(said).split())
    assert "warning: Old data (1 job) spent 0.7500 USD, 6 turns, 15 tool calls, 3,960 tokens in (900 cached)" in text
    assert "(900 cached), 12 out, 3 repairs page file:" in text and "Job State Reason" in text
    assert (tmp_path / "index.html").as_uri() in text and f"files {tmp_path}" in text


def test_summary_names_twenty_jobs_and_counts_the_others(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    rows = [row(f"job-{at:03d}", "failed") for at in range(LISTED + 3)]
    show_summary(summary("jobs", [row("good"), *rows], None), tmp_path)
    said = capsys.readouterr().out
    assert re.findall(r"^job-\d+", said, re.MULTILINE) == [f"job-{at:03d}" for at in range(LISTED)]
    assert "\nand 3 more, see summary.json\n" in said
    show_summary(summary("jobs", [row("later", "waiting")], None), tmp_path)
    assert "later" not in capsys.readouterr().out
    show_summary(summary("jobs", rows[:LISTED], None), tmp_path)
    assert "more, see" not in capsys.readouterr().out


def test_summary_of_a_batch_that_is_done_is_short(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    spent = spend(0.0, turns=1) | {"tool_calls": 1, "tokens": dict.fromkeys(spend()["tokens"], 0)}
    show_summary(summary("jobs", [row("a", spend=spent)], None), tmp_path)
    assert capsys.readouterr().out == (
        f"jobs: 1 job · 1 done\nspent    1 turn, 1 tool call, 1 repair\npage     {(tmp_path / 'index.html').as_uri()}\n"
        f"files    {tmp_path}\n{ADVICE}\n"
    )


def test_summary_says_what_has_no_price_or_may_be_paid_twice(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    rows = [row("a", spend=spend(None, possibly_paid_twice=2)), row("b", spend=spend(None))]
    show_summary(summary("jobs", rows, None), tmp_path)
    said = " ".join(capsys.readouterr().out.split())
    assert "8 out, 2 repairs, 2 runs without a price, 2 requests possibly paid twice" in said and "USD" not in said
