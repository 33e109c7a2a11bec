from __future__ import annotations

from typing import Any

import pytest

from agent.scoring.values import same, strings


@pytest.mark.parametrize(
    ("one", "other"),
    [(3, 3.0), (None, None), ({"a": 1, "b": [2]}, {"b": [2.0], "a": 1}), ([], []), (True, True), ("x", "x")],
)
def test_equal_json_values_are_the_same(one: Any, other: Any) -> None:
    assert same(one, other) and same(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (True, 1), (False, 0), (False, None), ([True], [1]), ("1", 1), ("3M", "3m"), ([1, 2], [2, 1]), ([1], [1, 2]),
        ({"a": 1}, {"a": 1, "b": None}), ({"a": {"b": 0}}, {"a": {"b": False}}), ([], {}), (1, [1]), ([], None),
    ],
)  # fmt: skip
def test_different_json_values_are_not_the_same(one: Any, other: Any) -> None:
    assert not same(one, other) and not same(other, one)


def test_a_value_deeper_than_the_stack_is_compared_and_read() -> None:
    def deep(end: Any) -> Any:
        for _ in range(50_000):
            end = [end]
        return end

    assert same(deep("x"), deep("x")) and not same(deep(1), deep(True))
    assert list(strings(deep("x"))) == ["x"]


def test_texts_are_found_in_keys_and_values_and_nothing_else_is() -> None:
    assert sorted(strings({"k": ["a", {"l": "b"}], "n": 1, "t": True}, "c", None)) == [
        "a",
        "b",
        "c",
        "k",
        "l",
        "n",
        "t",
    ]
