"""What a terminal shows of servers that are not what they were."""

from __future__ import annotations

import pytest

from agent.evals.verify import Drift
from agent.report.drift_table import show_drift

TOOL = "look"


def test_table_shows_what_drifted_and_counts_the_rest(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    drifts = [
        Drift("desk", "quiet", "same", '{"n":1}'),
        Drift("desk", "quiet", "same", '{"n":2}'),
        Drift("desk", TOOL, "values", '{"n":3}', {"/a": "1", "/b": "2"}, {"/a": "3"}),
        Drift("desk", TOOL, "description", "", {"": '"calm\x1b[31m"'}, {"": '"wild"'}),
        Drift("desk", TOOL, "error_now", "{}", None, "no such sector"),
        Drift("desk", TOOL, "error_then", "{}", "no such day"),
        Drift("desk", None, "down", now="it is gone"),
        Drift("desk", "other\x1b[31m", "tool_new"),
    ]
    show_drift([drift.to_json() for drift in drifts])
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        "Verdict Server Tool What Recorded → now",
        'changed desk look values {"n":3}',
        "/a: 1 → 3",
        "/b: 2 → nothing",
        'changed desk look description "calm[31m" → "wild"',
        "broken desk look error now {}",
        "no such sector",
        "changed desk look error then {}",
        "no such day → nothing",
        "broken desk – down it is gone",
        "info desk other[31m tool new",
        "2 same · 3 changed · 2 broken · 1 info",
    ]


def test_recording_without_calls_has_nothing_to_show(capsys: pytest.CaptureFixture[str]) -> None:
    show_drift([])
    assert capsys.readouterr().out == "nothing to compare\n"
