from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.scoring.totals import mean_pass_hat_k, paired, pass_hat_k, quantile, upper_bound, usd_per_valid


@given(st.lists(st.booleans(), min_size=1, max_size=8), st.integers(1, 8))
def test_pass_hat_k_is_the_share_of_draws_that_pass_whole(runs: list[bool], k: int) -> None:
    found = pass_hat_k(sum(runs), len(runs), k)
    draws = [all(draw) for draw in combinations(runs, k)]
    assert found == (pytest.approx(sum(draws) / len(draws)) if draws else None)


@given(st.integers(0, 30), st.integers(0, 30), st.integers(1, 29))
def test_pass_hat_k_never_grows_with_k(passes: int, failures: int, k: int) -> None:
    now, next_ = (pass_hat_k(passes, passes + failures, each) for each in (k, k + 1))
    assert next_ is None or (now is not None and next_ <= now)


def test_the_mean_leaves_out_cases_with_too_few_runs_and_tells() -> None:
    mean = mean_pass_hat_k([(4, 4), (2, 4), (1, 1)], 2)
    assert mean.value == pytest.approx((1 + 1 / 6) / 2)
    assert mean.details == {"left_out": 1}
    assert mean.explanation == "2 of 3 cases have 2 runs"
    assert [mean_pass_hat_k(counts, 5).value for counts in ([], [(4, 4)])] == [None, None]


def test_a_valid_answer_costs_what_all_runs_cost() -> None:
    assert usd_per_valid([0.1, 0.2, 0.3], 2).value == pytest.approx(0.3)
    assert usd_per_valid([0.1] * 10, 1).value == 1.0
    assert usd_per_valid([0.1, None], 1).explanation == "1 of 2 runs have no price"
    assert usd_per_valid([0.1], 0).value is None


@pytest.mark.parametrize(("q", "rank"), [(0, 1), (0.01, 1), (0.07, 7), (0.5, 50), (0.501, 51), (0.95, 95), (1, 100)])
def test_a_quantile_is_the_value_of_the_nearest_rank(q: float, rank: int) -> None:
    assert quantile(list(range(100, 0, -1)), q) == rank


def test_quantiles_of_few_values_are_values() -> None:
    assert [quantile([3.0, 1.0], q) for q in (0.5, 0.51, 0.95)] == [1.0, 3.0, 3.0]
    assert quantile([], 0.5) is None


def test_no_success_bounds_the_rate_by_the_rule_of_three() -> None:
    assert [upper_bound(0, n) for n in (300, 3, 1)] == [0.01, 1.0, 1.0]
    assert [upper_bound(1, 300), upper_bound(0, 0)] == [None, None]


def test_pairs_are_compared_where_both_are_scored() -> None:
    found = paired([1.0, 0.0, 0.5, None, 1.0, 0.0], [1.0, 1.0, 0.25, 1.0, None, 0.25])
    assert (found.n, found.better, found.worse, found.equal, found.unscored) == (4, 2, 1, 1, 2)
    assert (found.mean_difference, found.interval, found.p) == (0.25, None, 1.0)


def test_what_is_better_depends_on_the_scorer() -> None:
    lower = paired([3.0, 3.0], [1.0, 3.0], "lower")
    assert (lower.better, lower.worse, lower.mean_difference) == (1, 0, -1.0)


@pytest.mark.parametrize(
    ("better", "worse", "p"),
    [
        (0, 0, 1.0),
        (1, 0, 1.0),
        (5, 0, 2 / 32),
        (6, 0, 2 / 64),
        (0, 6, 2 / 64),
        (8, 1, 20 / 512),
        (5, 5, 1.0),
        (3, 2, 1.0),
    ],
)
def test_p_is_the_exact_sign_tests(better: int, worse: int, p: float) -> None:
    after = [1.0] * better + [-1.0] * worse + [0.0] * 3
    assert paired([0.0] * len(after), after).p == p


def test_the_interval_cuts_off_what_the_sign_test_allows() -> None:
    after = [float(each) for each in range(1, 13)]
    assert paired([0.0] * 5, after[:5]).interval is None
    assert paired([0.0] * 6, after[:6]).interval == (1.0, 6.0)
    assert paired([0.0] * 8, after[:8]).interval == (1.0, 8.0)
    assert paired([0.0] * 9, after[:9]).interval == (2.0, 8.0)
    assert paired([0.0] * 12, after).interval == (3.0, 10.0)


def test_nothing_in_common_is_no_difference_known() -> None:
    found = paired([None, 1.0], [1.0, None])
    assert (found.n, found.unscored, found.mean_difference, found.interval, found.p) == (0, 2, None, None, 1.0)


def test_series_of_different_length_are_no_pairs() -> None:
    with pytest.raises(ValueError):
        paired([1.0], [])


def test_differences_are_added_exactly() -> None:
    assert paired([0.0] * 10, [0.1] * 10).mean_difference == 0.1
