"""The benchmark of the planner over a few years: it asks, scores and measures as it says."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.planner import interval, t_value
from bench.scored import SECTORS, outcome, scored
from bench.variants import CHOSEN, MEASURES, SHELTER, combined, row

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def found() -> Any:
    arguments = ["-m", "bench.planner", "--since", "1990", "--until", "1992", "--format", "json"]
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


@pytest.mark.parametrize("horizon", ["month", "quarter"])
def test_three_years_of_months_are_measured_with_their_intervals(found: Any, horizon: str) -> None:
    worth = found[horizon]["worth"]
    assert {years: row["months"] for years, row in worth.items()} == {"1990-1992": 36, "1990-2004": 36}
    for name in ("ic", "ic_year_return", "spread_percent_a_year"):
        low, high = worth["1990-1992"][name]["interval"]
        assert low < worth["1990-1992"][name]["mean"] < high
    assert 0.3 < worth["1990-1992"]["hit_rate"] < 0.8


def test_confidence_is_told_beside_what_came_of_it(found: Any) -> None:
    held = found["month"]["confidence"]
    assert sum(each["count"] for each in held["bins"]) == held["calls"]["count"]
    assert held["calls"]["count"] + held["neutral"]["count"] == 36 * len(SECTORS)


def test_scores_are_those_of_the_figures_and_outcomes_those_of_the_file() -> None:
    [month] = scored(date(2008, 9, 30), date(2008, 9, 30))
    assert [month.usual[0].sector, month.usual[-1].sector] == ["Consumer Non-Durables", "Consumer Durables"]
    after = outcome(month.at, 3)
    assert after is not None and after.until == date(2008, 12, 31)
    assert outcome(month.at, 3, date(2008, 12, 30)) is None


@pytest.mark.parametrize("day", [date(1962, 5, 31), date(1987, 10, 31), date(2016, 12, 31)])
def test_scores_from_the_servers_answers_are_those_of_a_plain_computation_from_the_file(day: date) -> None:
    [month] = scored(day, day)
    for given, weights in ((month.scores(), CHOSEN), (month.scores(shelter=True), SHELTER)):
        known = sum(weight for name, weight in weights.items() if MEASURES[name](month.at) is not None)
        plain = combined(weights, month.at)
        assert plain is not None and given == pytest.approx(plain / known, abs=0.01)


def test_variants_are_told_with_both_horizons_and_each_era() -> None:
    cells = [cell.strip() for cell in row("year", MEASURES["year"]).strip("|").split("|")]
    assert cells[:3] == ["year", "807", "+0.080 (t 5.7)"] and len(cells[3].split()) == len(cells[5].split()) == 4


def test_statistics_are_the_textbooks() -> None:
    values = np.array([1.0, -1.0, 3.0, 1.0])
    assert t_value(values, 0) == pytest.approx(2**0.5)
    autocovariance = (0 * -2 + -2 * 2 + 2 * 0) / 4
    assert t_value(values, 1) == pytest.approx(1 / ((2 + autocovariance) / 4) ** 0.5)
    assert interval(np.full(40, 0.25)) == (0.25, 0.25)


def test_an_interval_gives_the_first_months_the_weight_of_all_others() -> None:
    first, middle = (interval(np.roll(np.repeat([1.0, 0.0], [12, 108]), by)) for by in (0, 54))
    assert first == pytest.approx(middle, abs=0.02)
