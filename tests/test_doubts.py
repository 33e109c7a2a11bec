from __future__ import annotations

from datetime import date

import pytest

from agent.doubts import doubts
from agent.model.base import Usage
from agent.result import RunResult, TurnSpent
from agent.spec import AgentSpec

SPEC = AgentSpec(agent_name="A", description="B.", response_format={"type": "object"})
TODAY = date(2026, 11, 1)
UNREAD = "turn 2 read nothing from the cache: either minutes passed before it, or the server does not cache"


def turn(number: int, usage: Usage) -> TurnSpent:
    return TurnSpent(number, 1, usage, Usage(), 1.0, "tool_use", 1, "m")


def found(*usages: Usage, caches: bool = True, **more: object) -> list[str]:
    by_turn = [turn(number, usage) for number, usage in enumerate(usages, 1)]
    return doubts(RunResult(model="m", by_turn=by_turn, caches=caches, **more), SPEC, TODAY)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("retires", "says"),
    [
        ("2026-12-31", ["m retires on 2026-12-31: name another one, in model.name or with --model"]),
        ("2026-11-01", ["m retires on 2026-11-01: name another one, in model.name or with --model"]),
        ("2026-10-31", ["m was to retire on 2026-10-31: name another one, in model.name or with --model"]),
        ("2027-01-01", []),
        (None, []),
    ],
)
def test_model_is_warned_of_from_60_days_before_its_end(retires: str | None, says: list[str]) -> None:
    assert found(retires=retires) == says


@pytest.mark.parametrize("first", [Usage(cache_write=100), Usage(cache_read=100), Usage(input=4_096)])
def test_second_turn_that_read_nothing_of_what_a_cache_should_hold_is_told(first: Usage) -> None:
    assert found(first, Usage(cache_write=500)) == [UNREAD]


@pytest.mark.parametrize(
    "usages",
    [
        [Usage(cache_write=100)],
        [Usage(cache_write=100), Usage(cache_read=100)],
        [Usage(input=4_095), Usage(input=5_000)],
    ],
)
def test_run_of_one_turn_or_too_short_to_be_cached_or_cached_is_no_doubt(usages: list[Usage]) -> None:
    assert found(*usages) == []


def test_server_that_is_not_asked_to_cache_is_not_blamed() -> None:
    assert found(Usage(input=9_000), Usage(input=9_000), caches=False) == []
