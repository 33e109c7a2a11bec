"""What a batch leaves in its folder: sums, tables, and bytes that stay when nothing changed."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import pytest

from agent.batch.outputs import State, exit_code, summary, write
from agent.errors import LogError
from agent.result import ADVICE, RULES, SIMULATED
from tests.batch.rows_and_envelopes import QUESTION, advice, envelope, put, row, spend

MADE = {"summary.json", "recommendations.jsonl", "recommendations.csv", "index.html"}


def made(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name in MADE}


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "recommendations.jsonl").read_text("utf-8").splitlines()]


def cells(folder: Path) -> list[list[str]]:
    with (folder / "recommendations.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def written(folder: Path, *envelopes: dict[str, Any]) -> Path:
    """A folder of jobs that are all done."""
    put(folder, *envelopes)
    write(folder, summary("jobs", [row(each["run"]) for each in envelopes], None))
    return folder


def test_summary_says_how_many_jobs_are_in_which_state_and_whether_that_was_all() -> None:
    rows = [row("a", "waiting"), row("b"), row("c", "failed"), row("d")]
    whole = summary("jobs", rows, {"session": "2026-01-05"})
    assert (whole["format"], whole["batch"], whole["jobs"]) == ("sectorbatch/1", "jobs", 4)
    assert list(whole["states"].items()) == [("done", 2), ("failed", 1), ("waiting", 1)]
    assert (whole["complete"], whole["exit_code"]) == (False, 3)
    assert (whole["schedule"], whole["notice"]) == ({"session": "2026-01-05"}, ADVICE)
    assert summary("jobs", rows[1:], None)["complete"] and summary("jobs", rows, None)["schedule"] is None


def test_spend_is_summed_with_what_has_no_price_counted_apart() -> None:
    spends = [spend(0.1), spend(0.2, possibly_paid_twice=1), spend(None), spend(None, turns=0), None]
    total = summary("jobs", [row(str(at), spend=each) for at, each in enumerate(spends)], None)["spend"]
    assert total == {
        "turns": 6,
        "requests": 12,
        "tool_calls": 20,
        "repairs": 4,
        "possibly_paid_twice": 1,
        "tokens": {"input": 4000, "cache_write": 80, "cache_read": 1200, "output": 16},
        "usd": 0.3,
        "unpriced": 1,
    }


def test_labels_are_joined_in_the_order_in_which_they_come() -> None:
    rows = [row("a", labels=[RULES]), row("b", labels=[SIMULATED, RULES])]
    assert summary("jobs", rows, None)["labels"] == [RULES, SIMULATED]


def test_warnings_are_counted_once_a_job_and_the_most_frequent_come_first() -> None:
    rows = [row("a", warnings=["rare", "common", "rare"]), row("b", warnings=["common"])]
    rows.append(row("c", warnings=[f"other {at}" for at in range(30)]))
    told = summary("jobs", rows, None)["warnings"]
    assert told[:3] == [
        {"warning": "common", "jobs": 2},
        {"warning": "rare", "jobs": 1},
        {"warning": "other 0", "jobs": 1},
    ]
    assert len(told) == 20


@pytest.mark.parametrize(
    ("states", "code"),
    [
        ("", 0),
        ("done", 0),
        ("done waiting", 6),
        ("stale", 6),
        ("deferred needs_decision", 7),
        ("needs_decision failed deferred", 3),
        ("failed interrupted needs_decision", 130),
    ],
)
def test_exit_code_is_that_of_the_gravest_state(states: str, code: int) -> None:
    assert exit_code([row(state, state) for state in states.split()]) == code


def test_every_state_but_done_has_an_exit_code() -> None:
    assert [state for state in get_args(State) if not exit_code([row("a", state)])] == ["done"]


@pytest.mark.parametrize(
    ("state", "status", "files"),
    [
        ("done", "ok", ["a.json", "a.envelope.json", "a.html"]),
        ("failed", "invalid", [None, "a.envelope.json", "a.html"]),
        ("failed", None, [None, None, None]),
        ("needs_decision", "needs_decision", [None, "a.envelope.json", "a.html"]),
        ("interrupted", "interrupted", [None, None, None]),
        ("deferred", "budget", [None, None, None]),
        ("stale", "ok", [None, None, None]),
    ],
)
def test_result_names_the_files_that_its_job_has(state: str, status: str | None, files: list[str | None]) -> None:
    [result] = summary("jobs", [row("a", state, status=status)], None)["results"]
    assert [result["answer"], result["envelope"], result["page"]] == files


def test_result_says_what_the_job_was_and_what_it_cost() -> None:
    paid, unstarted = summary("jobs", [row("a"), row("b", "waiting", spend=None)], None)["results"]
    assert paid | {"answer": 0, "envelope": 0, "page": 0} == {
        "id": "a",
        "state": "done",
        "status": "ok",
        "reason": "",
        "where": "jobs.yaml:7:5",
        "as_of": "2025-12-31",
        "agent": "Desk",
        "model": "model-1",
        "question": QUESTION,
        "turns": 2,
        "usd": 0.25,
        "answer": 0,
        "envelope": 0,
        "page": 0,
    }
    assert (unstarted["turns"], unstarted["usd"], unstarted["reason"]) == (0, None, "b is waiting")


def test_each_recommendation_is_a_line_in_the_order_of_the_rows(tmp_path: Path) -> None:
    written(tmp_path, envelope("z", advice("Banks"), advice("Retail", "neutral", 0.5)), envelope("a", as_of=None))
    assert [(each["run"], each["sector"]) for each in lines(tmp_path)] == [
        ("z", "Banks"),
        ("z", "Retail"),
        ("a", "Banks"),
    ]
    assert lines(tmp_path)[1] == {
        "run": "z",
        "as_of": "2025-12-31",
        "sector": "Retail",
        "action": "neutral",
        "confidence": 0.5,
        "labels": [SIMULATED],
        "model": "model-1",
        "agent": "Desk",
        "prompt": "c0ffee",
        "question": QUESTION,
        "rationale": "Why Retail",
    }


def test_the_csv_has_the_same_without_rationales(tmp_path: Path) -> None:
    written(tmp_path, envelope("a", labels=[SIMULATED, RULES]), envelope("b", as_of=None))
    same = ["model-1", "Desk", "c0ffee", QUESTION]
    assert cells(tmp_path) == [
        ["run", "as_of", "sector", "action", "confidence", "labels", "model", "agent", "prompt", "question"],
        [
            "a",
            "2025-12-31",
            "Banks",
            "overweight",
            "0.7",
            f"{SIMULATED}; {RULES}",
            "model-1",
            "Desk",
            "c0ffee",
            QUESTION,
        ],
        ["b", "", "Banks", "overweight", "0.7", SIMULATED, *same],
    ]


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", " =", "＝", "\n@", "\N{NO-BREAK SPACE}="])
def test_a_text_that_a_spreadsheet_would_calculate_begins_with_an_apostrophe(tmp_path: Path, first: str) -> None:
    evil = f"{first}HYPERLINK(1)"
    written(tmp_path, envelope("a", advice(evil, "x=1", -0.5), question=evil, labels=[evil]))
    [_, [_, _, sector, action, confidence, labels, *_, question]] = cells(tmp_path)
    assert (sector, question, labels) == (f"'{evil}",) * 3
    assert (action, confidence) == ("x=1", "-0.5")
    assert lines(tmp_path)[0]["sector"] == evil


def test_texts_with_breaks_quotes_and_half_characters_come_back_from_both_tables(tmp_path: Path) -> None:
    written(tmp_path, envelope("a", advice('Bất "động"\nsản'), advice("half \ud800")))
    assert [each["sector"] for each in lines(tmp_path)] == ['Bất "động"\nsản', "half \ud800"]
    assert [line[2] for line in cells(tmp_path)[1:]] == ['Bất "động"\nsản', "half \ufffd"]


@pytest.mark.parametrize("unseen", ["\x00", "\r", "\ufeff", "\u202e"])
def test_what_hides_a_formula_in_the_csv_is_replaced(tmp_path: Path, unseen: str) -> None:
    written(tmp_path, envelope("a", advice(f"{unseen}=1")))
    assert (lines(tmp_path)[0]["sector"], cells(tmp_path)[1][2]) == (f"{unseen}=1", "\ufffd=1")


@pytest.mark.parametrize("answer", [{"summary": "x"}, "text", {"sector_recommendations": ["Banks"]}, None])
def test_answers_of_another_form_have_no_lines(tmp_path: Path, answer: Any) -> None:
    written(tmp_path, envelope("a", answer=answer), envelope("b"))
    assert [each["run"] for each in lines(tmp_path)] == ["b"]


def test_only_done_jobs_are_in_the_tables(tmp_path: Path) -> None:
    put(tmp_path, envelope("a"), envelope("b"))
    write(tmp_path, summary("jobs", [row("a"), row("b", "failed", status="invalid")], None))
    assert [each["run"] for each in lines(tmp_path)] == ["a"]


def test_the_summary_is_read_back_as_it_was(tmp_path: Path) -> None:
    whole = summary("jobs", [row("a", "failed", reason="half \ud800")], None)
    write(tmp_path, whole)
    assert json.loads((tmp_path / "summary.json").read_bytes()) == whole


def test_a_batch_that_is_done_keeps_every_file(tmp_path: Path) -> None:
    written(tmp_path, envelope("a"))
    for name in MADE:
        os.utime(tmp_path / name, (1, 1))
    before = made(tmp_path)
    written(tmp_path, envelope("a"))
    assert made(tmp_path) == before and before.keys() == MADE
    assert {(tmp_path / name).stat().st_mtime for name in MADE} == {1.0}


def test_what_has_changed_is_written_anew_and_nothing_else(tmp_path: Path) -> None:
    put(tmp_path, envelope("a"))
    for reason in ("first", "second"):
        write(tmp_path, summary("jobs", [row("a"), row("b", "failed", reason=reason)], None))
        if reason == "first":
            before = made(tmp_path)
    after = made(tmp_path)
    assert {name for name in MADE if after[name] != before[name]} == {"summary.json", "index.html"}
    assert b"second" in after["summary.json"] and b"second" in after["index.html"]


@pytest.mark.parametrize("content", [None, b"{torn", b"[]"])
def test_an_envelope_that_cannot_be_read_leaves_the_files_as_they_were(tmp_path: Path, content: bytes | None) -> None:
    written(tmp_path, envelope("a"))
    before = made(tmp_path)
    if content is not None:
        (tmp_path / "b.envelope.json").write_bytes(content)
    with pytest.raises(LogError, match=r"b\.envelope\.json cannot be read") as told:
        write(tmp_path, summary("jobs", [row("a"), row("b")], None))
    assert told.value.hint
    assert made(tmp_path) == before
    assert not [path for path in tmp_path.iterdir() if path.suffix == ".tmp"]


def test_a_folder_that_is_gone_is_told_with_the_files_name(tmp_path: Path) -> None:
    with pytest.raises(LogError, match=r"recommendations\.jsonl cannot be written: No such file"):
        write(tmp_path / "gone", summary("jobs", [], None))


MEASURED = """
import json, pathlib, sys, tracemalloc
from agent.batch.outputs import write

folder, (first, whole) = pathlib.Path(sys.argv[1]), json.load(sys.stdin)
write(folder, first)  # templates are compiled once, which takes memory of its own
tracemalloc.start()
write(folder, whole)
print(tracemalloc.get_traced_memory()[1])
"""
"""In a process of its own: among thousands of tests the interpreter's own tables may grow just then, by megabytes."""


def test_memory_stays_flat_over_two_thousand_jobs(tmp_path: Path) -> None:
    rationale = "because " * 100
    given = [advice(f"Sector {at}") | {"rationale": rationale} for at in range(5)]
    ids = [f"job-{at}" for at in range(2000)]
    put(tmp_path, *(envelope(id, *given, as_of=f"{1000 + at}-01-31") for at, id in enumerate(ids)))
    whole = summary("jobs", [row(id) for id in ids], None)
    first = summary("jobs", [row(ids[0])], None)
    command = [sys.executable, "-c", MEASURED, str(tmp_path)]
    done = subprocess.run(command, input=json.dumps([first, whole]), capture_output=True, text=True, check=True)
    peak = int(done.stdout)
    size = (tmp_path / "recommendations.jsonl").stat().st_size
    assert size > 8_000_000 and peak < 1_500_000, f"{size:,} bytes written with {peak:,} in memory"
    assert len(lines(tmp_path)) == 10_000
