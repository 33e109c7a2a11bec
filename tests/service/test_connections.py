"""Connections: one for a run whose service behaves, and no waiting for what comes after the end of a message."""

from __future__ import annotations

from typing import Any

import pytest
from opentelemetry import trace

from agent.model import service as service_module
from tests.service.kit import MODE_NAMES, MODES, STREAM, Traced, ask, check_ok
from tests.service.server import Exchange, Step, serving
from tests.service.steps import at, cut_after_all, late_end, never_ends, stays_open, well

BRIEF = 0.1


def each(step: Step) -> Any:
    return lambda _: step


async def closes_afterwards(exchange: Exchange) -> None:
    """Without having said so."""
    await well(exchange)
    exchange.hang_up()


@pytest.mark.parametrize("mode", MODES, ids=MODE_NAMES)
async def test_run_of_three_turns_needs_one_connection(mode: dict[str, Any]) -> None:
    async with serving(at(1)) as service:
        check_ok(await ask(service, mode), service, requests=3)
        assert service.connections == 1


@pytest.mark.parametrize("step", [never_ends, stays_open])
async def test_stream_that_does_not_end_after_its_message_holds_nothing_up(
    step: Step, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_module, "LINGER_SECONDS", BRIEF)
    async with serving(each(step)) as service:
        check_ok(await ask(service), service, requests=3)
        assert service.connections == 3


@pytest.mark.parametrize("step", [never_ends, stays_open])
async def test_answer_that_came_in_time_counts_though_its_stream_is_open_at_the_deadline(step: Step) -> None:
    async with serving(each(step)) as service:
        run = await ask(service, timeouts={"answer": 0.6, "idle": 5})
        check_ok(run, service, requests=3)


async def test_connection_that_breaks_after_a_whole_message_loses_nothing() -> None:
    async with serving(each(cut_after_all)) as service:
        run = await ask(service)
        check_ok(run, service, requests=3)
    assert run.failed == []


@pytest.mark.parametrize("after", [b"data: [DONE]\n\n", b"data: {half\n\n", b"\xff\xfe\n\n", b"data: {}\n\n"])
@pytest.mark.parametrize("span", [trace.INVALID_SPAN, Traced()], ids=["alone", "traced"])
async def test_whatever_follows_a_whole_message_loses_nothing(span: trace.Span, after: bytes) -> None:
    """Servers of other makers end their streams as those of another API do."""
    async with serving(each(late_end(after))) as service:
        with trace.use_span(span):
            run = await ask(service, STREAM)
        check_ok(run, service, requests=3)
    assert run.failed == []


@pytest.mark.parametrize("mode", MODES, ids=MODE_NAMES)
async def test_connection_that_is_closed_between_two_turns_costs_no_request(mode: dict[str, Any]) -> None:
    async with serving(each(closes_afterwards)) as service:
        run = await ask(service, mode)
        check_ok(run, service, requests=3)
        assert service.connections == 3
    assert run.failed == []
