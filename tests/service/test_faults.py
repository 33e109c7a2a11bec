"""Every fault that passes, in both modes: the run recovers with one request more, or ends in a typed failure."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from opentelemetry import trace

from agent.errors import CredentialsError, ModelError, UsageError
from agent.events import ModelFailed
from agent.loop import ATTEMPTS
from agent.replay.recording import Recording
from agent.run import resume, run
from agent.runs import store
from tests.messages_api import MODEL
from tests.scripted import agent_file, market
from tests.service.kit import MODE_NAMES, MODES, QUESTION, STREAM, WHOLE, Traced, ask, check_ok, check_replay, logged
from tests.service.server import Step, serving
from tests.service.steps import (
    at,
    bad_gateway,
    bad_json,
    breaks_off,
    cut,
    drip,
    ends_early,
    half_a_call,
    hang_up,
    pings,
    refuse,
    reset,
    reset_midway,
    sign_in,
    silent,
    stall,
)

BRISK = {"answer": 1.5, "idle": 0.5}
BOTH: list[tuple[str, Step, str]] = [
    ("429", refuse(429, "rate_limit_error"), "rate_limit_error"),
    ("500", refuse(500, "api_error"), "api_error"),
    ("503", refuse(503, "api_error"), "api_error"),
    ("529", refuse(529, "overloaded_error"), "overloaded_error"),
    ("408", refuse(408, "timeout_error"), "timeout_error"),
    ("html-502", bad_gateway, "http_502"),
    ("reset", reset, "ReadError"),
    ("reset-midway", reset_midway, "ReadError"),
    ("hang-up", hang_up, "RemoteProtocolError"),
    ("cut", cut, "RemoteProtocolError"),
    ("bad-json", bad_json, "JSONDecodeError"),
]
PASSING = [
    *((name, mode, step, kind) for name, step, kind in BOTH for mode in MODES),
    ("ends-early", STREAM, ends_early, "truncated"),
    ("ends-early", WHOLE, ends_early, "JSONDecodeError"),
    ("sign-in", STREAM, sign_in, "SSEError"),
    ("sign-in", WHOLE, sign_in, "JSONDecodeError"),
    ("half-a-call", STREAM, half_a_call(), "truncated"),
    *(
        (f"event-{kind}", STREAM, breaks_off(kind), kind)
        for kind in ("overloaded_error", "api_error", "rate_limit_error", "timeout_error")
    ),
]
STALLS = [
    ("silent", STREAM, silent, {"ReadTimeout"}),
    ("stall", STREAM, stall, {"ReadTimeout"}),
    ("pings", STREAM, pings, {"deadline"}),
    ("silent", WHOLE, silent, {"deadline", "ReadTimeout"}),
    ("stall", WHOLE, stall, {"deadline", "ReadTimeout"}),
    ("pings", WHOLE, pings, {"deadline"}),
]
TRACED = [
    *(row for row in PASSING if row[1] == STREAM and row[2] is not sign_in),
    *((name, mode, step, *kinds) for name, mode, step, kinds in STALLS if mode == STREAM),
]
FINAL: list[tuple[str, Step]] = [
    ("400", refuse(400, "invalid_request_error", "max_tokens: too many")),
    ("404", refuse(404, "not_found_error")),
    ("413", refuse(413, "request_too_large")),
    ("told-not-to", refuse(429, "rate_limit_error", x_should_retry="false")),
    *(
        (code, refuse(429, "rate_limit_error", code=code))
        for code in ("enforced_spend_limit_reached", "contract_spend_limit_reached", "ramp_limit_exceeded")
    ),
]


def ids(table: list[tuple[Any, ...]]) -> list[str]:
    return [f"{name}-{MODE_NAMES[MODES.index(mode)]}" for name, mode, *_ in table]


@pytest.mark.parametrize("turn", [1, 2, 3])
@pytest.mark.parametrize(("_", "mode", "fault", "kind"), PASSING, ids=ids(PASSING))
async def test_fault_that_passes_costs_one_request_more(
    _: str, mode: dict[str, Any], fault: Step, kind: str, turn: int
) -> None:
    async with serving(at(turn, fault)) as service:
        run = await ask(service, mode)
        check_ok(run, service, requests=4)
    assert [(each.turn, each.attempt, each.kind) for each in run.failed] == [(turn, 1, kind)]


@pytest.mark.parametrize(("_", "mode", "fault", "kinds"), STALLS, ids=ids(STALLS))
async def test_answer_that_does_not_come_is_asked_for_again(
    _: str, mode: dict[str, Any], fault: Step, kinds: set[str]
) -> None:
    async with serving(at(2, fault)) as service:
        run = await ask(service, mode, timeouts=BRISK)
        check_ok(run, service, requests=4)
    assert len(run.kinds) == 1 and set(run.kinds) <= kinds


@pytest.mark.parametrize(("_", "mode", "fault", "kind"), PASSING, ids=ids(PASSING))
async def test_fault_that_stays_ends_the_run_by_its_name_after_four_requests(
    _: str, mode: dict[str, Any], fault: Step, kind: str
) -> None:
    async with serving(at(2, *[fault] * 9)) as service:
        run = await ask(service, mode)
        assert len(service.requests) == 1 + ATTEMPTS
    assert isinstance(run.error, ModelError) and run.error.kind == kind and run.error.exit_code == 1
    assert run.kinds == [kind] * ATTEMPTS and run.failed[-1].wait is None
    assert run.result.status == "failed" and run.result.resumable


async def test_pings_do_not_make_a_deadline_later_and_the_run_ends_by_it() -> None:
    async with serving(at(1, *[pings] * 9)) as service:
        run = await ask(service, timeouts={"answer": 0.3, "idle": 0.2})
        assert len(service.requests) == ATTEMPTS
    assert run.kinds == ["deadline"] * ATTEMPTS
    assert isinstance(run.error, ModelError) and "0.3 s" in run.error.message


async def test_run_that_was_given_up_goes_on_where_it_stopped_and_asks_nothing_twice() -> None:
    async with serving(at(2, *[cut] * ATTEMPTS)) as service:
        lost = await ask(service)
        assert lost.error and lost.result.folder
        result = await resume(lost.result.folder, servers={"market": market()})
        assert (result.status, result.turns, len(service.requests)) == ("ok", 3, 3 + ATTEMPTS)
    assert [call.turn for call in result.calls] == [1, 2]
    await check_replay(result, stopped=True)


async def test_broken_streams_count_after_a_resume_too_and_such_a_run_is_not_replayed() -> None:
    async with serving(at(2, *[cut] * ATTEMPTS)) as service:
        lost = await ask(service, budget={"tokens": 70})
        assert lost.error and lost.result.folder
        result = await resume(lost.result.folder, servers={"market": market()})
        assert (result.status, len(service.requests)) == ("budget", 2 + ATTEMPTS)
    assert result.folder
    with pytest.raises(UsageError, match="no replay has them"):
        Recording.read(result.folder).require_end()


@pytest.mark.parametrize("mode", MODES, ids=MODE_NAMES)
async def test_faults_of_several_kinds_in_one_turn_are_counted_together(mode: dict[str, Any]) -> None:
    async with serving(at(3, cut, refuse(529, "overloaded_error"), reset)) as service:
        run = await ask(service, mode)
        check_ok(run, service, requests=6)
    assert run.kinds == ["RemoteProtocolError", "overloaded_error", "ReadError"]
    assert run.result.by_turn[2].attempts == 4


@pytest.mark.parametrize(("_", "mode", "fault", "kind"), TRACED, ids=ids(TRACED))
async def test_fault_is_the_same_where_the_run_is_traced(_: str, mode: dict[str, Any], fault: Step, kind: str) -> None:
    async with serving(at(2, fault)) as service:
        with trace.use_span(Traced()):
            run = await ask(service, mode, timeouts=BRISK)
        check_ok(run, service, requests=4)
    assert run.kinds == [kind]


@pytest.mark.parametrize("mode", MODES, ids=MODE_NAMES)
@pytest.mark.parametrize("turn", [1, 3])
@pytest.mark.parametrize(("_", "refusal"), FINAL, ids=[name for name, _ in FINAL])
async def test_refusal_that_no_retry_can_mend_is_asked_once(
    _: str, refusal: Step, turn: int, mode: dict[str, Any]
) -> None:
    async with serving(at(turn, *[refusal] * 9)) as service:
        run = await ask(service, mode)
        assert len(service.requests) == turn
    assert isinstance(run.error, ModelError) and not run.error.retryable
    assert [(each.turn, each.wait) for each in run.failed] == [(turn, None)]


@pytest.mark.parametrize("mode", MODES, ids=MODE_NAMES)
@pytest.mark.parametrize("status", [401, 403])
async def test_key_that_is_rejected_is_sent_once(status: int, mode: dict[str, Any]) -> None:
    async with serving(at(1, *[refuse(status, "authentication_error", "invalid key")] * 9)) as service:
        run = await ask(service, mode)
        assert len(service.requests) == 1
    assert isinstance(run.error, CredentialsError) and run.error.exit_code == 4
    assert run.kinds == ["credentials"]


@pytest.mark.parametrize("mode", MODES, ids=MODE_NAMES)
async def test_error_of_another_kind_inside_an_answer_is_final(mode: dict[str, Any]) -> None:
    async with serving(at(2, *[breaks_off("invalid_request_error")] * 9)) as service:
        run = await ask(service, mode)
        assert len(service.requests) == 2
    assert run.kinds == ["invalid_request_error"]


async def test_overload_told_in_an_answer_of_one_piece_is_called_that() -> None:
    async with serving(at(2, breaks_off("overloaded_error"))) as service:
        run = await ask(service, WHOLE)
        check_ok(run, service, requests=4)
    assert run.kinds == ["overloaded_error"]


@pytest.mark.parametrize("mode", MODES, ids=MODE_NAMES)
async def test_answer_that_comes_byte_by_byte_is_an_answer(mode: dict[str, Any]) -> None:
    async with serving(at(2, drip)) as service:
        check_ok(await ask(service, mode), service, requests=3)


async def test_service_that_is_not_there_is_asked_four_times_and_may_have_cost_nothing() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        model = {"name": MODEL, "base_url": f"http://127.0.0.1:{taken.getsockname()[1]}"}
        with pytest.raises(ModelError) as caught:
            await run(agent_file(model=model), QUESTION, servers={"market": market()})
    assert caught.value.kind == "ConnectError" and caught.value.run_id
    failed = [event for event in logged(store.folder(caught.value.run_id)) if isinstance(event, ModelFailed)]
    assert [(each.kind, each.may_have_cost) for each in failed] == [("ConnectError", False)] * ATTEMPTS
