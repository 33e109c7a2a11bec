from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import httpx2
import pytest
import respx

from agent.errors import CredentialsError, ModelError
from agent.model.base import RateLimits, Remaining, Request, Turn, Usage
from agent.model.claude import Claude
from agent.spec import ModelSpec, TimeoutSpec
from tests.messages_api import call, error_body, events, message, stream, text

STRICT = {
    "type": "object",
    "properties": {"n": {"type": "number", "minimum": 0}},
    "required": ["n"],
    "additionalProperties": False,
}
TOOL = {"name": "look", "description": "Looks.", "input_schema": {"type": "object", "properties": {}}}


def request(**changes: Any) -> Request:
    words = [{"role": "user", "content": [{"type": "text", "text": "Which sectors?"}]}]
    base: dict[str, Any] = {"system": "Be brief.", "tools": [TOOL], "messages": words, "schema": STRICT}
    return Request(**{**base, "parameters": {}, **changes})


async def ask(asked: Request | None = None, timeouts: TimeoutSpec | None = None, **spec: Any) -> Turn:
    model = Claude(ModelSpec.model_validate({"name": "claude-test-1", **spec}), timeouts)
    try:
        return await model.answer(asked or request())
    finally:
        await model.close()


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-test")


def answers(router: respx.MockRouter, body: bytes, status: int = 200, **headers: str) -> respx.Route:
    kind = "text/event-stream" if status == 200 else "application/json"
    return router.post("/v1/messages").respond(status, content=body, headers={"content-type": kind, **headers})


async def test_every_block_comes_back_as_it_was_sent(messages_api: respx.MockRouter) -> None:
    thought = {"type": "thinking", "thinking": "hmm, let me see", "signature": "c2ln"}
    hidden = {"type": "redacted_thinking", "data": "eHg="}
    later = {"type": "block_of_next_year", "payload": {"a": [1, 2]}}
    content = [thought, hidden, later, text("I look."), call("look", {"at": {"deep": [1, "é"]}})]
    answers(messages_api, stream(message(*content)))
    turn = await ask()
    assert turn.content == content
    assert turn.stop_reason == "tool_use"
    assert [(each.id, each.name, each.arguments) for each in turn.calls] == [
        ("toolu_1", "look", {"at": {"deep": [1, "é"]}})
    ]


async def test_usage_is_told_by_how_it_is_billed(messages_api: respx.MockRouter) -> None:
    usage = {"input_tokens": 7, "output_tokens": 9, "cache_read_input_tokens": 5, "cache_creation_input_tokens": 3}
    answers(messages_api, stream(message(text("hi"), usage=usage)))
    assert (await ask()).usage == Usage(input=7, cache_write=3, cache_read=5, output=9)


async def test_request_holds_the_conversation_and_asks_for_the_schema_without_forcing_a_tool(
    messages_api: respx.MockRouter,
) -> None:
    route = answers(messages_api, stream(message(text("{}"))))
    await ask(effort="low", max_tokens=300)
    sent = json.loads(route.calls.last.request.content)
    assert sent["model"] == "claude-test-1" and sent["max_tokens"] == 300 and sent["stream"] is True
    mark = {"type": "ephemeral"}
    assert sent["system"] == [{"type": "text", "text": "Be brief.", "cache_control": mark}]
    assert sent["cache_control"] == mark
    assert sent["tools"] == [TOOL]
    assert sent["output_config"]["effort"] == "low"
    assert "minimum" not in sent["output_config"]["format"]["schema"]["properties"]["n"]
    assert "tool_choice" not in sent
    assert route.calls.last.request.headers["authorization"] == "Bearer sk-test"


async def test_schema_outside_the_apis_subset_stands_in_the_prompt_only(messages_api: respx.MockRouter) -> None:
    route = answers(messages_api, stream(message(text("{}"))))
    await ask(request(schema={"type": "object", "patternProperties": {}}))
    assert "output_config" not in json.loads(route.calls.last.request.content)


async def test_base_url_of_the_file_wins_over_the_environment(
    messages_api: respx.MockRouter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "https://elsewhere.example")
    with respx.mock(using="httpx2") as router:
        router.post("http://localhost:11434/v1/messages").respond(
            content=stream(message(text("local"))), headers={"content-type": "text/event-stream"}
        )
        assert (await ask(base_url="http://localhost:11434")).text == "local"


async def test_no_key_is_told_before_any_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    with pytest.raises(CredentialsError) as caught:
        Claude(ModelSpec())
    assert caught.value.exit_code == 4
    assert "--offline" in str(caught.value.hint)


@pytest.mark.parametrize("status", [401, 403])
async def test_rejected_key_is_a_credentials_error(messages_api: respx.MockRouter, status: int) -> None:
    answers(messages_api, json.dumps(error_body("authentication_error", "invalid x-api-key")).encode(), status)
    with pytest.raises(CredentialsError, match="invalid x-api-key"):
        await ask()


@pytest.mark.parametrize(
    ("status", "kind", "retryable"),
    [
        (400, "invalid_request_error", False),
        (404, "not_found_error", False),
        (413, "request_too_large", False),
        (408, "timeout_error", True),
        (409, "conflict_error", True),
        (429, "rate_limit_error", True),
        (500, "api_error", True),
        (503, "api_error", True),
        (529, "overloaded_error", True),
    ],
)
async def test_refusal_says_whether_another_attempt_may_help(
    messages_api: respx.MockRouter, status: int, kind: str, retryable: bool
) -> None:
    route = answers(messages_api, json.dumps(error_body(kind)).encode(), status)
    with pytest.raises(ModelError) as caught:
        await ask()
    assert (caught.value.kind, caught.value.retryable) == (kind, retryable)
    assert caught.value.status == status
    assert route.call_count == 1, "the SDK retries nothing: attempts are the loop's"


async def test_retry_after_is_passed_on_and_a_header_can_forbid_it(messages_api: respx.MockRouter) -> None:
    body = json.dumps(error_body("rate_limit_error")).encode()
    answers(messages_api, body, 429, **{"retry-after": "7"})
    with pytest.raises(ModelError) as caught:
        await ask()
    assert caught.value.retry_after == 7.0
    answers(messages_api, body, 429, **{"x-should-retry": "false", "retry-after": "soon"})
    with pytest.raises(ModelError) as caught:
        await ask()
    assert (caught.value.retryable, caught.value.retry_after) == (False, None)


async def test_spend_limit_is_never_tried_again(messages_api: respx.MockRouter) -> None:
    body = error_body("rate_limit_error", "spend limit")
    body["error"]["details"] = {"error_code": "enforced_spend_limit_reached"}
    answers(messages_api, json.dumps(body).encode(), 429)
    with pytest.raises(ModelError) as caught:
        await ask()
    assert not caught.value.retryable


@pytest.mark.parametrize(("kind", "retryable"), [("overloaded_error", True), ("invalid_request_error", False)])
async def test_error_inside_a_stream_is_told_by_its_type(
    messages_api: respx.MockRouter, kind: str, retryable: bool
) -> None:
    begun = events(message(text("half a sentence")))[:4]
    answers(messages_api, stream([*begun, error_body(kind)]))
    with pytest.raises(ModelError) as caught:
        await ask()
    assert (caught.value.kind, caught.value.retryable) == (kind, retryable)


@pytest.mark.parametrize("kept", [1, 3, 5, 6])
async def test_stream_that_ends_early_is_no_answer(messages_api: respx.MockRouter, kept: int) -> None:
    answers(messages_api, stream(events(message(text("a whole sentence")))[:kept]))
    with pytest.raises(ModelError) as caught:
        await ask()
    assert (caught.value.kind, caught.value.retryable) == ("truncated", True)


async def test_half_a_tool_call_is_no_call(messages_api: respx.MockRouter) -> None:
    listed = events(message(call("look", {"at": "everything"})))
    second_half = [at for at, each in enumerate(listed) if each.get("delta", {}).get("type") == "input_json_delta"][1]
    answers(messages_api, stream(listed[:second_half] + listed[second_half + 1 :]))
    with pytest.raises(ModelError) as caught:
        await ask()
    assert (caught.value.kind, caught.value.retryable) == ("truncated", True)


async def test_call_cut_by_max_tokens_arrives_as_that_and_not_as_a_fault(messages_api: respx.MockRouter) -> None:
    listed = events(message(call("look", {"at": "everything"}), stop_reason="max_tokens"))
    second_half = [at for at, each in enumerate(listed) if each.get("delta", {}).get("type") == "input_json_delta"][1]
    answers(messages_api, stream(listed[:second_half] + listed[second_half + 1 :]))
    assert (await ask()).stop_reason == "max_tokens"


async def test_connection_cut_in_mid_stream_may_be_tried_again(messages_api: respx.MockRouter) -> None:
    async def cut() -> AsyncIterator[bytes]:
        yield stream(events(message(text("begun")))[:3])
        raise httpx2.ReadError("connection reset")

    messages_api.post("/v1/messages").mock(
        return_value=httpx.Response(200, content=cut(), headers={"content-type": "text/event-stream"})
    )
    with pytest.raises(ModelError, match="connection reset") as caught:
        await ask()
    assert caught.value.retryable


@pytest.mark.parametrize("error", [httpx2.ConnectError("refused"), httpx2.ReadTimeout("slow")])
async def test_transport_errors_may_be_tried_again(messages_api: respx.MockRouter, error: Exception) -> None:
    messages_api.post("/v1/messages").mock(side_effect=error)
    with pytest.raises(ModelError) as caught:
        await ask()
    assert caught.value.retryable


async def test_stream_that_only_pings_ends_at_the_deadline(messages_api: respx.MockRouter) -> None:
    import asyncio

    async def pings() -> AsyncIterator[bytes]:
        for _ in range(1_000_000):
            yield b'event: ping\ndata: {"type": "ping"}\n\n'
            await asyncio.sleep(0)

    messages_api.post("/v1/messages").mock(
        return_value=httpx.Response(200, content=pings(), headers={"content-type": "text/event-stream"})
    )
    with pytest.raises(ModelError) as caught:
        await ask(timeouts=TimeoutSpec(answer=0.05))
    assert (caught.value.kind, caught.value.retryable) == ("deadline", True)


async def test_refusal_keeps_its_category(messages_api: respx.MockRouter) -> None:
    details = {"type": "refusal", "category": "cyber", "explanation": "no"}
    answers(messages_api, stream(message(stop_reason="refusal", stop_details=details)))
    turn = await ask()
    assert (turn.stop_reason, turn.content) == ("refusal", [])
    assert turn.stop_details == details


async def test_key_that_no_header_can_hold_is_told_without_showing_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-secret\n")
    with pytest.raises(CredentialsError) as caught:
        Claude(ModelSpec())
    assert "sk-secret" not in caught.value.message + str(caught.value.hint)


async def test_request_that_breaks_http_is_not_sent_again(messages_api: respx.MockRouter) -> None:
    messages_api.post("/v1/messages").mock(side_effect=httpx2.LocalProtocolError("Illegal header value b'secret'"))
    with pytest.raises(ModelError) as caught:
        await ask()
    assert not caught.value.retryable and "secret" not in caught.value.message


NO_START = [each for each in events(message(text("hi"))) if each["type"] != "content_block_start"]


@pytest.mark.parametrize(
    "listed",
    [
        NO_START,
        [{"type": "message_start", "message": None}],
        [{"type": "content_block_start", "index": 0, "content_block": None}],
        [{"type": "message_delta", "delta": None, "usage": None}],
    ],
)
async def test_stream_of_another_shape_is_a_fault_and_no_crash(
    messages_api: respx.MockRouter, listed: list[dict[str, Any]]
) -> None:
    answers(messages_api, stream(listed))
    with pytest.raises(ModelError) as caught:
        await ask()
    assert caught.value.kind in ("malformed", "truncated") and caught.value.retryable


async def test_usage_may_be_missing(messages_api: respx.MockRouter) -> None:
    listed = events(message(text("hi")))
    listed[0]["message"]["usage"] = None
    listed[-2]["usage"] = None
    answers(messages_api, stream(listed))
    assert (await ask()).usage == Usage()


async def test_refusal_in_the_middle_of_a_call_is_a_refusal(messages_api: respx.MockRouter) -> None:
    listed = events(message(call("look", {"at": "everything"}), stop_reason="refusal"))
    second_half = [at for at, each in enumerate(listed) if each.get("delta", {}).get("type") == "input_json_delta"][1]
    answers(messages_api, stream(listed[:second_half] + listed[second_half + 1 :]))
    assert (await ask()).stop_reason == "refusal"


async def test_error_without_an_http_status_has_none(messages_api: respx.MockRouter) -> None:
    messages_api.post("/v1/messages").mock(side_effect=httpx2.ConnectError("refused"))
    with pytest.raises(ModelError) as caught:
        await ask()
    assert caught.value.status is None


async def test_overload_that_a_stream_tells_of_has_no_status_of_its_own(messages_api: respx.MockRouter) -> None:
    answers(messages_api, stream([*events(message(text("half")))[:4], error_body("overloaded_error")]))
    with pytest.raises(ModelError) as caught:
        await ask()
    assert (caught.value.kind, caught.value.status) == ("overloaded_error", None)


async def test_limits_of_the_service_are_told_as_its_headers_say_them(messages_api: respx.MockRouter) -> None:
    told = {
        "requests-limit": "50",
        "requests-remaining": "49",
        "input-tokens-limit": "30000",
        "input-tokens-remaining": "29000",
        "output-tokens-limit": "8000",
        "output-tokens-remaining": "0",
        "tokens-limit": "38000",
        "requests-reset": "2026-01-01T00:00:00Z",
    }
    answers(
        messages_api, stream(message(text("hi"))), 200, **{f"anthropic-ratelimit-{name}": told[name] for name in told}
    )
    limits = (await ask()).limits
    assert limits == RateLimits(Remaining(50, 49), Remaining(30_000, 29_000), Remaining(8_000, 0))


@pytest.mark.parametrize(("header", "number"), [("-3", 0.0), ("many", None), ("", None), ("1e3", 1000.0)])
async def test_limit_that_makes_no_sense_is_not_taken(
    messages_api: respx.MockRouter, header: str, number: float | None
) -> None:
    answers(messages_api, stream(message(text("hi"))), 200, **{"anthropic-ratelimit-requests-remaining": header})
    limits = (await ask()).limits
    assert limits.requests == Remaining(None, number) and limits.input_tokens == Remaining()


async def test_limits_that_are_not_told_are_unknown(messages_api: respx.MockRouter) -> None:
    answers(messages_api, stream(message(text("hi"))))
    assert (await ask()).limits == RateLimits()
