"""Answers of the wrong form, and what a run has spent on answers that it could not use."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agent.errors import ModelError
from agent.loop import ATTEMPTS
from tests.messages_api import events, message, stream, text
from tests.scripted import LOOK
from tests.service.kit import MODE_NAMES, MODES, STREAM, WHOLE, ask, check_ok
from tests.service.server import serving
from tests.service.steps import at, by_turn, content, cut, pings, saying

USED = {"input": 10, "cache_write": 0, "cache_read": 3, "output": 5}
BEGUN = USED | {"output": 1}
"""What the first event of a stream tells."""
THREE_TURNS = {"input": 30, "cache_write": 0, "cache_read": 9, "output": 15}
ODD: list[Any] = [json.loads("[" * 400 + "]" * 400), float("nan"), 10**4000, "\ud83d", {"\x00": "\x1b[2J"}]
LISTS = [
    [{"type": "message_start", "message": None}],
    [{"type": "message_start", "message": "hello"}],
    [{"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "hi"}}],
    [{"type": "content_block_start", "index": 0, "content_block": None}],
    [{"type": "content_block_start", "index": 0, "content_block": "text"}],
    [{"type": "content_block_start", "index": [], "content_block": {"type": "text"}}],
    [{"type": "message_delta", "delta": None}],
    [{"type": "error", "error": "down"}],
    [{"type": "message_start", "message": {"usage": [1]}}],
    [{}],
    [[]],
    ["hello"],
    [None],
]
PIECES = [
    b"[]",
    b"null",
    b'"hello"',
    b"{}",
    b'{"content": "Banks.", "stop_reason": "end_turn"}',
    b'{"content": ["Banks."], "stop_reason": "end_turn"}',
    b'{"content": [null], "stop_reason": "tool_use"}',
    b'{"content": null, "stop_reason": "end_turn"}',
    b'{"content": [{"type": "text", "text": 7}], "stop_reason": "end_turn"}',
    b'{"content": [{"type": "tool_use", "name": "x"}], "stop_reason": "tool_use"}',
    b'{"choices": [{"message": {"content": "Banks."}}]}',
]


def body_of(listed: list[Any]) -> bytes:
    return "".join(f"data: {json.dumps(each)}\n\n" for each in listed).encode()


@pytest.mark.parametrize("listed", LISTS, ids=str)
async def test_events_of_another_form_are_a_fault_that_may_pass(listed: list[Any]) -> None:
    after = events(message(LOOK))[-2:]
    async with serving(at(2, content(body_of([*listed, *after])))) as service:
        run = await ask(service, STREAM)
        check_ok(run, service, requests=4)
    assert len(run.kinds) == 1


@pytest.mark.parametrize("body", PIECES, ids=lambda body: body.decode()[:40])
async def test_message_of_another_form_is_a_fault_that_may_pass(body: bytes) -> None:
    async with serving(at(2, content(body))) as service:
        run = await ask(service, WHOLE)
        check_ok(run, service, requests=4)
    assert len(run.kinds) == 1 and run.kinds[0] in ("malformed", "truncated")


@pytest.mark.parametrize("mode", MODES, ids=MODE_NAMES)
@pytest.mark.parametrize("value", ODD, ids=["deep", "nan", "huge", "half", "control"])
async def test_arguments_of_any_kind_are_no_harm(value: Any, mode: dict[str, Any]) -> None:
    odd = message({"type": "tool_use", "id": "odd", "name": "get_sector_heatmap", "input": {"lookback_period": value}})
    async with serving(by_turn(odd, message(LOOK), message(text("no")))) as service:
        run = await ask(service, mode)
    assert (run.result.status == "invalid") if run.error is None else isinstance(run.error, ModelError)


@pytest.mark.parametrize("mode", MODES, ids=MODE_NAMES)
async def test_usage_of_any_form_is_no_harm(mode: dict[str, Any]) -> None:
    usage = {"input_tokens": -4, "output_tokens": "many", "cache_read_input_tokens": None, "other": [1]}
    async with serving(at(2, saying(message(LOOK | {"id": "2"}) | {"usage": usage}))) as service:
        check = await ask(service, mode)
        assert (check.result.status, len(service.requests)) == ("ok", 3)
    assert check.result.by_turn[1].usage.counted == 0


async def test_usage_that_was_told_before_a_stream_broke_is_spent() -> None:
    async with serving(at(2, cut, cut)) as service:
        run = await ask(service)
        check_ok(run, service, requests=5)
    assert [(each.usage, each.may_have_cost) for each in run.failed] == [(BEGUN, True)] * 2
    lost = {kind: 2 * count for kind, count in BEGUN.items()}
    assert run.result.spend()["tokens"] == {kind: THREE_TURNS[kind] + lost[kind] for kind in lost}
    assert run.result.by_turn[1].attempts == 3 and run.result.by_turn[1].broken_off.counted == 22


async def test_usage_that_was_told_before_the_deadline_is_spent() -> None:
    async with serving(at(2, pings)) as service:
        run = await ask(service, timeouts={"answer": 0.8})
        check_ok(run, service, requests=4)
    assert [each.usage for each in run.failed] == [BEGUN]


@pytest.mark.parametrize("mode", MODES, ids=MODE_NAMES)
async def test_usage_of_a_whole_answer_that_cannot_be_used_is_spent(mode: dict[str, Any]) -> None:
    async with serving(at(2, saying(message(LOOK, LOOK)))) as service:
        run = await ask(service, mode)
        check_ok(run, service, requests=4)
    assert [(each.kind, each.usage) for each in run.failed] == [("malformed", USED)]
    assert run.result.spend()["tokens"] == {kind: THREE_TURNS[kind] + USED[kind] for kind in USED}


async def test_run_that_is_given_up_tells_what_it_spent() -> None:
    async with serving(at(2, *[cut] * 9)) as service:
        run = await ask(service)
    assert isinstance(run.error, ModelError)
    expected = {kind: USED[kind] + ATTEMPTS * BEGUN[kind] for kind in USED}
    assert run.result.spend()["tokens"] == expected


async def test_broken_streams_count_against_the_budget_of_tokens() -> None:
    costly = events(message(LOOK, usage={"input_tokens": 900, "output_tokens": 5}))[:3]
    async with serving(at(2, content(stream(costly)))) as service:
        run = await ask(service, STREAM, budget={"tokens": 910})
        assert len(service.requests) == 2, "an attempt more would be beyond the limit"
    assert (run.result.status, run.result.exit_code, run.kinds) == ("budget", 6, ["truncated"])
    assert run.result.stop_reason == "tokens: the limit of 910 is reached"
