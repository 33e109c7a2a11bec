from __future__ import annotations

from collections.abc import Iterator

import pytest

from agent.endings import EXIT_CODES
from agent.errors import GRAVITY, AdvisorError, gravest


def kinds(error: type[AdvisorError] = AdvisorError) -> Iterator[type[AdvisorError]]:
    yield error
    for kind in error.__subclasses__():
        yield from kinds(kind)


def test_every_exit_code_has_its_place_among_the_grave_ones() -> None:
    codes = {kind.exit_code for kind in kinds()} | set(EXIT_CODES.values())
    assert codes <= {0, *GRAVITY} and len(set(GRAVITY)) == len(GRAVITY)


@pytest.mark.parametrize(
    ("codes", "exit_code"),
    [
        ([], 0),
        ([0, 0], 0),
        ([0, 6, 0], 6),
        ([6, 7], 7),
        ([7, 1, 6], 1),
        ([3, 7], 3),
        ([1, 4, 5], 4),
        ([4, 130, 0], 130),
    ],
)
def test_several_runs_end_with_the_gravest_of_their_codes(codes: list[int], exit_code: int) -> None:
    assert gravest(codes) == exit_code
    assert gravest(reversed(codes)) == exit_code
