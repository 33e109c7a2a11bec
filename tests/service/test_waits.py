"""How long attempts are apart: as long as the service asks for, within a minute; else a little, at random."""

from __future__ import annotations

import pytest

from agent.gate import LONGEST_WAIT
from agent.loop import ATTEMPTS
from tests.service.kit import ask, check_ok
from tests.service.server import serving
from tests.service.steps import at, cut, refuse


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"retry_after": "7"}, 7.0),
        ({"retry_after": "7200"}, LONGEST_WAIT),
        ({"retry_after": "1e300"}, LONGEST_WAIT),
        ({"retry_after": "0"}, 0.0),
        ({"retry_after": "-5"}, 0.0),
        ({"retry_after_ms": "250"}, 0.25),
        ({"retry_after_ms": "250", "retry_after": "9"}, 0.25),
        ({"retry_after_ms": "7200000"}, LONGEST_WAIT),
        ({"retry_after_ms": "soon", "retry_after": "9"}, 9.0),
    ],
)
async def test_service_is_left_alone_for_as_long_as_it_asks_but_a_minute_at_the_most(
    headers: dict[str, str], wait: float, waits: list[float]
) -> None:
    async with serving(at(2, refuse(429, "rate_limit_error", **headers))) as service:
        run = await ask(service)
        check_ok(run, service, requests=4)
    assert waits == [each.wait for each in run.failed] == [wait]


@pytest.mark.parametrize("told", ["nan", "inf", "", "Wed, 21 Oct 2026 07:28:00 GMT"])
async def test_time_that_makes_no_sense_is_as_if_there_were_none(told: str, waits: list[float]) -> None:
    async with serving(at(2, refuse(529, "overloaded_error", retry_after=told))) as service:
        check_ok(await ask(service), service, requests=4)
    assert len(waits) == 1 and 1 <= waits[0] <= 2


async def test_waits_grow_and_are_not_the_same_twice(waits: list[float]) -> None:
    for _ in range(5):
        async with serving(at(1, *[cut] * 9)) as service:
            await ask(service)
    by_attempt = [waits[number :: ATTEMPTS - 1] for number in range(ATTEMPTS - 1)]
    assert [len(each) for each in by_attempt] == [5, 5, 5]
    for least, several in zip((1.0, 3.0, 9.0), by_attempt, strict=True):
        assert all(least <= each <= least + 1 for each in several)
        assert len(set(several)) == 5


async def test_time_between_attempts_does_not_count_as_the_runs_own(waits: list[float]) -> None:
    patient = refuse(429, "rate_limit_error", retry_after="50")
    async with serving(at(2, patient, patient)) as service:
        run = await ask(service, budget={"seconds": 30})
        check_ok(run, service, requests=5)
    assert waits == [50.0, 50.0]
