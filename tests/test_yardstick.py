"""The baselines that any advice on the real industries has to beat, to the digits they are quoted with."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from agent.market import us_real
from bench import yardstick

ROOT = Path(__file__).parents[1]
LINES = {
    "1-0": ["0.079 (5.8)", "3.06 (4.1)", "1.36 (1.8)", "-1.19 (-1.6)", "71 %", "0.291"],
    "6-0": ["0.069 (5.0)", "2.68 (3.4)", "2.00 (2.6)", "0.97 (1.2)", "28 %", "0.305"],
    "12-1": ["0.061 (4.3)", "2.57 (3.2)", "2.06 (2.5)", "1.29 (1.6)", "21 %", "0.306"],
    "12-0": ["0.079 (5.6)", "3.37 (4.2)", "2.89 (3.6)", "2.18 (2.7)", "20 %", "0.307"],
}


@pytest.fixture(scope="module")
def printed() -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    done = subprocess.run(
        [sys.executable, "-m", "bench.yardstick"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize("name", LINES)
def test_each_signal_earns_what_is_quoted(printed: str, name: str) -> None:
    [line] = [line for line in printed.splitlines() if line.startswith(f"| {name} |")]
    assert [cell.strip() for cell in line.strip("|").split("|")][1:7] == LINES[name]


def test_the_eras_of_momentum_are_what_is_quoted(printed: str) -> None:
    eras = "1950-1969 +3.35 (t 3.1), 1970-1989 +1.76 (t 1.2), 1990-2004 +3.24 (t 1.5), 2005-2017 +1.79 (t 0.9)"
    assert f"12-1 by era, 0 bp: {eras}\n" in printed


def test_the_quadrant_of_the_economy_says_no_more_of_industries_than_chance(printed: str) -> None:
    assert "growth x inflation: 3 of 48 cells (industry x quadrant) with |t| > 2; by chance about 2\n" in printed


def test_equal_weight_is_the_benchmark(printed: str) -> None:
    assert printed.startswith("us-real, 12 industries, 1949-01 to 2017-03; equal weight 12.44 %/y\n")


def test_a_ranking_sees_nothing_of_the_month_it_is_held_in() -> None:
    returns = us_real.panel().sectors[:40]
    changed = returns.copy()
    changed[30:] += 0.5 * np.random.default_rng(1).normal(size=changed[30:].shape)
    for months in yardstick.SIGNALS.values():
        before, after = (yardstick.signal(r, *months)[:30] for r in (returns, changed))
        assert np.array_equal(before, after, equal_nan=True)


def test_equal_values_share_their_ranks() -> None:
    assert list(yardstick.ranks(np.array([2.0, 1.0, 2.0, 3.0]))) == [2.5, 1.0, 2.5, 4.0]


def test_a_rank_correlation_is_the_textbooks_and_none_where_all_are_the_same() -> None:
    assert yardstick.rank_correlation(np.array([1.0, 2.0, 3.0]), np.array([10.0, 30.0, 20.0])) == pytest.approx(0.5)
    assert yardstick.rank_correlation(np.array([1.0, 1.0]), np.array([1.0, 2.0])) == 0.0


def test_a_signal_that_knows_the_next_month_has_a_correlation_of_one_and_holds_its_best() -> None:
    returns = np.random.default_rng(2).normal(0, 0.05, (20, 6))
    foresight = np.vstack([returns[1:], returns[:1]])
    assert yardstick.rank_correlations(foresight, returns, 0) == pytest.approx(np.ones(19))
    held = yardstick.weights(foresight[:-1], count=1)
    assert yardstick.excess(held, returns[1:]) == pytest.approx(returns[1:].max(axis=1) - returns[1:].mean(axis=1))


def test_costs_are_paid_on_what_is_bought_and_on_what_is_sold() -> None:
    held = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    assert list(yardstick.traded(held)) == [0, 0, 2]
    assert yardstick.excess(held, np.zeros((3, 2)), cost=10) == pytest.approx([0, 0, -0.002])


def test_without_the_real_data_the_yardstick_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(us_real, "DATA", tmp_path)
    with pytest.raises(SystemExit, match="needs the file us_industries_monthly"):
        yardstick.main()
