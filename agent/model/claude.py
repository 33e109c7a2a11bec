"""The Messages API: one streamed attempt per `answer`, its blocks kept as they came, its faults told apart."""

from __future__ import annotations

import asyncio
import json
import math
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import anthropic
import httpx2
from anthropic import AsyncAnthropic, DefaultAsyncHttpxClient

from agent.errors import AdvisorError, CredentialsError, ModelError
from agent.model.base import RateLimits, Remaining, Request, Turn, Usage
from agent.model.format import api_format
from agent.spec import ModelSpec

ATTEMPT_SECONDS = 600.0
"""A deadline that a stream which only sends pings does not extend."""
IDLE_SECONDS = 120.0
NEVER = {"enforced_spend_limit_reached", "contract_spend_limit_reached", "ramp_limit_exceeded"}
"""Limits of an account: the same request cannot succeed."""
PASSING = {"overloaded_error", "api_error", "rate_limit_error", "timeout_error"}
"""Errors inside a stream that began well and may go well next time."""


class Claude:
    """Raises CredentialsError when no key, token or profile is found."""

    paid = True
    label = None

    def __init__(self, spec: ModelSpec) -> None:
        self.name = spec.name
        self.parameters: dict[str, Any] = {"max_tokens": spec.max_tokens, "effort": spec.effort}
        limits = httpx2.Timeout(IDLE_SECONDS, connect=10)
        self._client = AsyncAnthropic(
            base_url=spec.base_url, max_retries=0, timeout=limits, http_client=DefaultAsyncHttpxClient(timeout=limits)
        )
        if not re.fullmatch(r"[\x21-\x7e]*", self._client.api_key or ""):
            raise CredentialsError(
                "ANTHROPIC_API_KEY holds a blank, a line break or another character that no key has",
                hint="set it again, without what surrounds the key",
            )
        if not (self._client.api_key or self._client.auth_token or self._client.credentials):
            raise CredentialsError(
                f"no API key for {self.name}",
                hint="export ANTHROPIC_API_KEY=…, or do without one: --offline, or --model planner",
            )

    async def close(self) -> None:
        await self._client.close()

    async def answer(self, request: Request) -> Turn:
        """Raises ModelError, or CredentialsError when the key is rejected."""
        try:
            async with asyncio.timeout(ATTEMPT_SECONDS) as clock:
                stream = await self._client.messages.create(**self._body(request), stream=True)
                turn = await _collect(stream, self.name)
                return replace(turn, limits=_limits(stream.response.headers))
        except TimeoutError as error:
            if not clock.expired():
                raise _fault(error) from None
            raise ModelError(f"no answer within {ATTEMPT_SECONDS:g} s", kind="deadline", retryable=True) from None
        except (anthropic.AnthropicError, httpx2.TransportError, json.JSONDecodeError) as error:
            raise _fault(error) from None
        except (AttributeError, LookupError, TypeError, ValueError, RecursionError) as error:
            what = f"the answer is none of the Messages API: {type(error).__name__}"
            raise ModelError(what, kind="malformed", retryable=True) from None

    def _body(self, request: Request) -> dict[str, Any]:
        output = {"effort": self.parameters["effort"], "format": api_format(request.schema)}
        body = {
            "model": self.name,
            "max_tokens": self.parameters["max_tokens"],
            "system": [{"type": "text", "text": request.system}],
            "messages": request.messages,
            "tools": request.tools,
            "output_config": {key: value for key, value in output.items() if value is not None},
        }
        return {key: value for key, value in body.items() if value}


async def _collect(stream: Any, name: str) -> Turn:
    """Put the events of a stream together. Raises ModelError when it ends early or holds half a tool call."""
    blocks: dict[int, dict[str, Any]] = {}
    inputs: dict[int, str] = {}
    usage: dict[str, Any] = {}
    said: dict[str, Any] = {"model": name}
    async for event in stream:
        match event.type:
            case "message_start":
                said |= {"model": event.message.model, "id": event.message.id}
                usage |= event.message.usage.to_dict() if event.message.usage else {}
            case "content_block_start":
                blocks[event.index] = event.content_block.to_dict(mode="json")
            case "content_block_delta":
                _add(event.delta, event.index, blocks[event.index], inputs)
            case "message_delta":
                said |= {"stop_reason": event.delta.stop_reason, "stop_details": event.delta.stop_details}
                told = event.usage.to_dict() if event.usage else {}
                usage |= {key: value for key, value in told.items() if value is not None}
            case "message_stop":
                said["whole"] = True
    stop_reason = said.get("stop_reason")
    if not said.get("whole") or stop_reason is None:
        raise ModelError("the answer ended early", kind="truncated", retryable=True)
    for index, text in inputs.items():
        blocks[index]["input"] = _arguments(text, stop_reason)
    details = said.get("stop_details")
    return Turn(
        content=[blocks[index] for index in sorted(blocks)],
        stop_reason=stop_reason,
        stop_details=details.to_dict(mode="json") if details is not None else None,
        model=said["model"],
        request_id=said.get("id"),
        usage=Usage(
            input=usage.get("input_tokens") or 0,
            cache_write=usage.get("cache_creation_input_tokens") or 0,
            cache_read=usage.get("cache_read_input_tokens") or 0,
            output=usage.get("output_tokens") or 0,
        ),
    )


def _add(delta: Any, index: int, block: dict[str, Any], inputs: dict[int, str]) -> None:
    match delta.type:
        case "text_delta":
            block["text"] = block.get("text", "") + delta.text
        case "input_json_delta":
            inputs[index] = inputs.get(index, "") + delta.partial_json
        case "thinking_delta":
            block["thinking"] = block.get("thinking", "") + delta.thinking
        case "signature_delta":
            block["signature"] = delta.signature
        case "citations_delta":
            block.setdefault("citations", []).append(delta.citation.to_dict(mode="json"))


def _arguments(text: str, stop_reason: str) -> Any:
    """A tool call's input. Half of one is a fault, except where the answer was cut or refused: it is never run."""
    try:
        return json.loads(text) if text else {}
    except ValueError:
        if stop_reason not in ("tool_use", "end_turn", "stop_sequence", "pause_turn"):
            return {}
        raise ModelError("a tool call arrived in part", kind="truncated", retryable=True) from None


def _fault(error: Exception) -> AdvisorError:
    """What went wrong, and whether the same request may go well later."""
    if isinstance(error, anthropic.APIStatusError):
        return _refused(error)
    if isinstance(error.__cause__ or error, httpx2.LocalProtocolError):
        return ModelError("the request cannot be sent: it breaks HTTP's rules", kind="LocalProtocolError")
    if isinstance(error, anthropic.APIConnectionError | httpx2.TransportError | json.JSONDecodeError | TimeoutError):
        cause = error.__cause__ or error
        kind = type(cause).__name__
        return ModelError(f"the connection failed: {kind}: {cause}", kind=kind, retryable=True)
    return ModelError(f"{type(error).__name__}: {error}", kind=type(error).__name__)


def _refused(error: anthropic.APIStatusError) -> AdvisorError:
    status, kind = error.status_code, str(error.type or f"http_{error.status_code}")
    message = f"the Messages API answered {status} {kind}: {error.api_message or error.message}"
    if status in (401, 403):
        return CredentialsError(message, hint="check ANTHROPIC_API_KEY, and which workspace it belongs to")
    if status == 200:
        return ModelError(message, kind=kind, retryable=kind in PASSING)
    final = error.error_code in NEVER or error.response.headers.get("x-should-retry") == "false"
    return ModelError(
        message,
        kind=kind,
        retryable=not final and (status in (408, 409, 429) or status >= 500),
        retry_after=_number(error.response.headers.get("retry-after")),
        status=status,
        hint="see the model's name and base_url in the agent file" if status == 404 else None,
    )


def _limits(headers: Mapping[str, str]) -> RateLimits:
    def of(kind: str) -> Remaining:
        name = f"anthropic-ratelimit-{kind}"
        return Remaining(_number(headers.get(f"{name}-limit")), _number(headers.get(f"{name}-remaining")))

    return RateLimits(of("requests"), of("input-tokens"), of("output-tokens"))


def _number(text: str | None) -> float | None:
    """A header's value, at least 0; None where it is absent or no finite number."""
    try:
        value = float(text) if text is not None else None
    except ValueError:
        return None
    return max(value, 0.0) if value is not None and math.isfinite(value) else None
