from __future__ import annotations

from fractions import Fraction
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from agent.scoring.matching import assign, common

SMALL = st.fractions(min_value=0, max_value=1, max_denominator=6)
TABLES = st.tuples(st.integers(0, 4), st.integers(0, 5)).flatmap(
    lambda size: st.lists(st.lists(SMALL, min_size=size[1], max_size=size[1]), min_size=size[0], max_size=size[0])
)


def worth(weights: list[list[Fraction]], columns: tuple[int | None, ...]) -> Fraction:
    return sum((row[at] for row, at in zip(weights, columns, strict=True) if at is not None), Fraction(0))


@given(TABLES)
def test_no_other_assignment_is_worth_more(weights: list[list[Fraction]]) -> None:
    found = assign(weights)
    columns = range(len(weights[0]) if weights else 0)
    taken = [at for at in found if at is not None]
    assert len(found) == len(weights) and len(set(taken)) == len(taken) and set(taken) <= set(columns)
    everything = permutations([*columns, *[None] * len(weights)], len(weights))
    assert worth(weights, tuple(found)) == max(worth(weights, each) for each in everything)


def test_the_greedy_choice_is_given_up_where_it_costs_more_elsewhere() -> None:
    half, most, whole = Fraction(1, 2), Fraction(9, 10), Fraction(1)
    assert assign([[whole, most], [most, Fraction(0)]]) == [1, 0]
    assert assign([[half], [whole]]) == [None, 0]


def test_a_common_subsequence_may_have_gaps_but_no_turns() -> None:
    assert common("abcbdab", "bdcaba") == 4
    assert common("abc", "cba") == 1
    assert common(["heat"], []) == common([], ["heat"]) == 0
    assert common(["heat", "macro"], ["heat", "flow", "macro"]) == 2
