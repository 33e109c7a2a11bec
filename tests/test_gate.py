from __future__ import annotations

import pytest
from tenacity import Future, RetryCallState

from agent.errors import ModelError
from agent.gate import LONGEST_WAIT, Gate, failure
from agent.model.base import Request, Turn

REQUEST = Request(system="", tools=[], messages=[], schema={}, parameters={})


def failed(error: Exception, attempt: int = 1) -> RetryCallState:
    state = RetryCallState(retry_object=None, fn=None, args=(), kwargs={})  # type: ignore[arg-type]
    state.attempt_number = attempt
    state.outcome = Future(attempt)
    state.outcome.set_exception(error)
    return state


async def test_request_of_a_run_alone_leaves_at_once_and_its_errors_reach_the_caller() -> None:
    with await Gate().admit(REQUEST) as ticket:
        ticket.settle(Turn(content=[], stop_reason="end_turn", model="m"))
    with pytest.raises(ModelError, match="boom"), await Gate().admit(REQUEST):
        raise ModelError("boom", kind="k")


@pytest.mark.parametrize(("asked", "waited"), [(0.0, 0.0), (7.5, 7.5), (7200.0, LONGEST_WAIT)])
def test_pause_is_what_the_service_asked_for_within_a_minute(asked: float, waited: float) -> None:
    assert Gate().pause(failed(ModelError("slow down", kind="k", retry_after=asked))) == waited


@pytest.mark.parametrize(("attempt", "least"), [(1, 1.0), (2, 3.0), (3, 9.0), (4, 27.0), (20, LONGEST_WAIT)])
def test_pause_triples_with_a_random_second_where_the_service_asked_for_nothing(attempt: int, least: float) -> None:
    pauses = [Gate().pause(failed(ModelError("busy", kind="k"), attempt)) for _ in range(200)]
    assert least <= min(pauses) <= max(pauses) <= min(least + 1, LONGEST_WAIT)
    assert len(set(pauses)) > 100 or least == LONGEST_WAIT


def test_error_that_is_not_the_models_has_a_pause_too() -> None:
    assert 1 <= Gate().pause(failed(ValueError())) <= 2


def test_failure_is_what_the_attempt_raised_and_none_before_it_ended() -> None:
    state = failed(error := ModelError("boom", kind="k"))
    assert failure(state) is error
    state.outcome = None
    assert failure(state) is None
