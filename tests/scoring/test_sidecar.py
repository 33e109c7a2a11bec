"""Scores beside a log: one line for each run, case, scorer and version."""

from __future__ import annotations

from pathlib import Path

from agent.scoring import sidecar
from agent.scoring.score import Score, unscored

SCORES = {"taxonomy": Score(0.5, "1 of 2", {"unknown": ["Ô tô"]}), "waste": unscored("no calls")}


def test_each_score_is_a_line_with_what_it_is_about(tmp_path: Path) -> None:
    path = sidecar.write(tmp_path / "a.jsonl", "c0ffee", "only", SCORES)
    assert path == sidecar.path_of(tmp_path / "a.jsonl") == tmp_path / "a.scores.jsonl"
    about = {"root": "c0ffee", "case": "only", "version": 1}
    assert sidecar.read(path) == [
        about | {"scorer": "taxonomy", "value": 0.5, "status": "scored", "explanation": "1 of 2"}
        | {"details": {"unknown": ["Ô tô"]}},
        about | {"scorer": "waste", "value": None, "status": "unscored", "explanation": "no calls", "details": {}},
    ]  # fmt: skip
    assert "Ô tô" in path.read_text(encoding="utf-8")


def test_line_of_the_same_run_case_scorer_and_version_is_replaced(tmp_path: Path) -> None:
    log = tmp_path / "a.jsonl"
    for _ in range(2):
        path = sidecar.write(log, "c0ffee", "only", SCORES)
    once = path.read_bytes()
    sidecar.write(log, "c0ffee", "only", {"waste": Score(0.25, "1 of 4")})
    assert [(line["scorer"], line["value"]) for line in sidecar.read(path)] == [("taxonomy", 0.5), ("waste", 0.25)]
    sidecar.write(log, "c0ffee", "only", SCORES)
    assert path.read_bytes() == once


def test_lines_of_another_run_or_case_are_kept(tmp_path: Path) -> None:
    log = tmp_path / "a.jsonl"
    for root, case in (("c0ffee", "only"), ("beef", "only"), ("c0ffee", "other")):
        path = sidecar.write(log, root, case, SCORES)
    assert [(line["root"], line["case"]) for line in sidecar.read(path)[::2]] == [
        ("c0ffee", "only"),
        ("beef", "only"),
        ("c0ffee", "other"),
    ]


def test_no_file_has_no_lines(tmp_path: Path) -> None:
    assert sidecar.read(tmp_path / "none.scores.jsonl") == []
