"""The shipped records: what made them, and that none knows what came after its day."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from agent import data
from agent.market import us_real
from agent.model.calibration import FILE, calibration
from agent.model.scorecard import VERSION
from bench.calibrate import CARDS, record, records, text
from bench.scored import HORIZONS, scored

SHIPPED = (data.root() / FILE).read_text(encoding="utf-8")


@pytest.fixture
def cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Cuts the files of the pack after a month, as if later ones had not been written yet."""

    def after(month: str) -> None:
        for name in us_real.FILES:
            with (us_real.DATA / name).open(encoding="ascii", newline="") as file:
                head, *rows = csv.reader(file)
            kept = [row for row in rows if row[0].replace("Q", "-") <= month]
            with (tmp_path / name).open("w", encoding="ascii", newline="") as file:
                csv.writer(file).writerows([head, *kept])
        monkeypatch.setattr(us_real, "DATA", tmp_path)
        us_real.panel.cache_clear()
        us_real.macro.cache_clear()

    yield after
    us_real.panel.cache_clear()
    us_real.macro.cache_clear()


@pytest.mark.parametrize("until", ["1959-12-31", "1974-12-31"])
def test_record_needs_no_data_after_its_day(cut: Any, until: str) -> None:
    shipped = {(each["scorecard"], each["horizon"], each["until"]): each for each in json.loads(SHIPPED)["records"]}
    day = date.fromisoformat(until)
    cut(until[:7])
    assert us_real.panel().dates[-1] == day
    months = scored(last=day)
    for card in CARDS:
        for horizon in HORIZONS:
            found = record(months, day, horizon, shelter=card == "shelter")
            known = shipped.get((card, horizon, until), {})
            assert found == ({name: known[name] for name in ("per_score", "near")} if known else None)


def test_shipped_file_is_what_the_benchmark_writes() -> None:
    assert json.loads(SHIPPED)["version"] == VERSION
    assert text(records(scored())) == SHIPPED


@pytest.mark.parametrize(
    ("as_of", "until"),
    [
        (date(1959, 12, 30), None),
        (date(1959, 12, 31), date(1959, 12, 31)),
        (date(2008, 12, 30), date(2007, 12, 31)),
        (date(2030, 1, 1), date(2016, 12, 31)),
        (None, date(2016, 12, 31)),
    ],
)
def test_newest_record_that_ends_by_the_as_of_date_counts(as_of: date | None, until: date | None) -> None:
    assert calibration(as_of, 30).until == until


def test_before_there_is_a_record_a_call_is_as_likely_right_as_wrong() -> None:
    none = calibration(date(1950, 1, 31), 91)
    assert [none.confidence(action, 2.0) for action in ("overweight", "underweight", "neutral")] == [0.5, 0.5, 0.2]


def test_greater_distance_makes_surer_and_both_sides_alike() -> None:
    known = calibration(None, 91)
    sure = [known.confidence("overweight", score) for score in (0.3, 1.0, 2.0)]
    assert sure == sorted(set(sure)) == [known.confidence("underweight", -score) for score in (0.3, 1.0, 2.0)]
    assert sure[0] > 0.5 and sure[-1] < 0.7
