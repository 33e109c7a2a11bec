"""What changed since the last comparable run, in words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agent.comparison import Change, Moved
from agent.events import RunCompared
from agent.report import changed
from agent.report.heatmap import heatmap_of
from agent.report.words import words
from agent.result import Earlier, RunResult
from tests.report.runs_and_pages import figure

SAY = words("en")


def change(before: str | None, after: str | None, was: float = 0.6, now: float = 0.6, **other: Any) -> Change:
    return Change("Banks", (before, after), (was if before else None, now if after else None), (4, 2), **other)


def headline(compared: RunCompared | None, **run: Any) -> str:
    return changed.headline(RunResult("r2", "ok", compared=compared, **run), SAY)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (change(None, "neutral"), "new"),
        (change("neutral", None), "was neutral"),
        (change("underweight", "overweight"), "flipped, was underweight"),
        (change("neutral", "overweight"), "turned, was neutral"),
        (change("neutral", "neutral", 0.6, 0.55), "less sure by 0.05"),
        (change("neutral", "neutral", 0.6, 0.65), "surer by 0.05"),
        (change("neutral", "neutral"), "unchanged"),
    ],
)
def test_each_kind_of_change_has_its_words(given: Change, text: str) -> None:
    assert changed.change_text(given, SAY) == text


def test_a_headline_counts_what_weighs_most_first() -> None:
    told = [change(None, "neutral"), change("underweight", "overweight"), change("neutral", "neutral")]
    compared = RunCompared("r1", "2008-06-30", [*(each.to_json() for each in told), {"of": "a later version"}])
    assert headline(compared) == "Since r1 as of 2008-06-30: 1 flipped, 1 new, 1 unchanged"
    assert headline(RunCompared("r1", None, [])) == "Since r1: nothing to compare"
    assert headline(None) == "" and changed.changes_of(RunResult("r2", "ok")) == []


def test_a_question_on_an_answer_gives_up_none_of_its_other_sectors() -> None:
    told = [change("neutral", None).to_json(), change("neutral", "neutral").to_json()]
    compared = RunCompared("r1", None, told)
    assert headline(compared) == "Since r1: 1 gone, 1 unchanged"
    assert headline(compared, earlier=[Earlier("r1", "Which lead?", {})]) == "Since r1: 1 unchanged"


def test_figures_that_moved_are_written_as_their_column_writes_them() -> None:
    moved = Moved("relative_strength", "3M", "percent", 9.7, -1.25, -2.0, True, better=0)
    turned = change("overweight", "neutral")
    assert changed.moved_text(turned, moved, SAY, {}) == "Relative strength 3M +9.7 → −1.2 % (−2.0 σ)"
    of_an_older_log = replace(moved, better=None)
    assert changed.moved_text(turned, of_an_older_log, SAY, {}) == "Relative strength 3M +9.7 → −1.2 %"
    trades = Moved("trades", None, None, 3, 4, 1.0, False, better=0)
    assert changed.moved_text(turned, trades, SAY, {}) == "Trades 3 → 4 (+1.0 σ)"
    flow = [figure("Banks", 571.1, "net_value", unit="VND bn"), figure("Retail", 1546.0, "net_value", unit="VND bn")]
    columns = changed.columns_of(heatmap_of(flow))
    small = Moved("net_value", "3M", "VND bn", 571.1, 37.5, -1.0, True, "get_sector_heatmap", 0)
    assert changed.moved_text(turned, small, SAY, columns) == "Net value 3M +571 → +38 VND bn (−1.0 σ)"


def test_figure_that_speaks_against_the_change_is_marked() -> None:
    up, down, unknown = (Moved("performance", "3M", None, 1, 2, 1.0, True, better=better) for better in (1, -1, 0))
    for call, against in (("overweight", down), ("underweight", up)):
        marked = [
            each
            for each in (up, down, unknown)
            if changed.moved_text(change("neutral", call), each, SAY, {}).endswith("(+1.0 σ, against the change)")
        ]
        assert marked == [against]


def test_a_place_is_told_where_it_moved() -> None:
    moved = change("underweight", "underweight")
    assert changed.place_text(moved, SAY) == "place 4 → 2"
    assert changed.place_text(moved, words("vi")) == "vị trí 4 → 2"
    assert changed.place_text(Change("Banks", ("overweight", None), (0.6, None), (1, None)), SAY) == ""
