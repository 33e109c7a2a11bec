"""Requests to the Messages API: one attempt each, its answer put together, its faults told apart."""

from __future__ import annotations

import asyncio
import json
import math
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import anthropic
import httpx2
from anthropic import AsyncAnthropic, AsyncStream, DefaultAsyncHttpxClient
from opentelemetry import trace

from agent.errors import AdvisorError, CredentialsError, ModelError, UsageError
from agent.foreign import redact
from agent.gate import LONGEST_WAIT
from agent.model.base import Hear, RateLimits, Remaining, Turn
from agent.model.reading import PASSING, Answer, decoded
from agent.spec import ModelSpec, TimeoutSpec
from agent.tracing import captures_content

CONNECT_SECONDS = 10.0
NEVER = {"enforced_spend_limit_reached", "contract_spend_limit_reached", "ramp_limit_exceeded"}
"""Limits of an account: the same request cannot succeed."""
LONGEST_MESSAGE = 1_000
"""Characters of what a service says of an error."""
LINGER_SECONDS = 1.0
"""How long the end of a stream may take after the end of its message; the connection is used again after it."""


class Service:
    """One server that speaks the Messages API. `key`: None leaves the credentials to the SDK.

    Raises CredentialsError when no key, token or profile is found, UsageError for an address that is none.
    """

    def __init__(self, spec: ModelSpec, key: str | None, timeouts: TimeoutSpec) -> None:
        self._streams = spec.features.stream
        self._key_name = spec.key_name
        self._seconds, self._idle, self._longest = timeouts.answer, timeouts.idle, spec.max_tokens
        self._lingering: set[asyncio.Task[None]] = set()
        limits = httpx2.Timeout(timeouts.idle if self._streams else timeouts.answer, connect=CONNECT_SECONDS)
        version = {"anthropic-version": spec.features.version} if spec.features.version else {}
        try:
            self.client = AsyncAnthropic(
                api_key=key,
                base_url=spec.base_url,
                max_retries=0,
                timeout=limits,
                default_headers=version,
                http_client=DefaultAsyncHttpxClient(timeout=limits),
            )
        except (httpx2.InvalidURL, ValueError) as error:
            hint = "see model.base_url in the agent file, and ANTHROPIC_BASE_URL"
            raise UsageError(f"the address of the model's service is no URL: {error}", hint=hint) from None
        if captures_content():
            told = self.client.open_telemetry
            self.client = self.client.with_options(
                open_telemetry={**told, "traces": {**told["traces"], "content_mode": "content"}}
            )
        if not (self.client.api_key or self.client.auth_token or self.client.credentials):
            raise CredentialsError(
                f"no API key for {spec.name}",
                hint=f"export {spec.key_name}=…, or do without one: --offline, or --model planner",
            )

    async def close(self) -> None:
        for task in self._lingering:
            task.cancel()
        await asyncio.gather(*self._lingering, return_exceptions=True)
        await self.client.close()

    async def answer(self, body: dict[str, Any], hear: Hear) -> Turn:
        """Raises ModelError, with what the answer used before it broke off; CredentialsError for a rejected key."""
        answer = Answer(body["model"], hear)
        try:
            return await self._attempt(body, answer)
        except ModelError as error:
            error.usage = error.usage or answer.used
            raise
        except asyncio.CancelledError as stopped:
            stopped.usage = answer.used  # type: ignore[attr-defined]
            raise

    async def _attempt(self, body: dict[str, Any], answer: Answer) -> Turn:
        seconds = self._seconds * max(1.0, body["max_tokens"] / self._longest)
        try:
            async with asyncio.timeout(seconds) as clock:
                headers = await (self._stream(body, answer) if self._streams else self._whole(body, answer))
                turn = answer.turn()
                return replace(turn, limits=_limits(headers), request_id=headers.get("request-id") or turn.request_id)
        except TimeoutError as error:
            if not clock.expired():
                raise self._fault(error) from None
            raise ModelError(f"no answer within {seconds:g} s", kind="deadline", retryable=True) from None
        except (anthropic.AnthropicError, httpx2.RequestError, json.JSONDecodeError) as error:
            raise self._fault(error) from None
        except (AttributeError, LookupError, TypeError, ValueError, RecursionError) as error:
            what = f"the answer is none of the Messages API: {type(error).__name__}"
            hint = "model.base_url has to lead to a Messages API"
            raise ModelError(what, kind="malformed", retryable=True, hint=hint) from None

    async def _stream(self, body: dict[str, Any], answer: Answer) -> Mapping[str, str]:
        """Put the answer together piece by piece; the headers. What follows a whole message holds nothing up."""
        stream = await self.client.messages.create(**body, stream=True)
        recorded = trace.get_current_span().is_recording()
        events = _decoded(stream) if recorded else _events(stream.response)
        try:
            async for event in events:
                answer.add(event if isinstance(event, dict) else decoded(event))
                if answer.whole:
                    break
        except BaseException:
            await stream.close()
            raise
        task = asyncio.create_task(_let_go(stream, events))
        self._lingering.add(task)
        task.add_done_callback(self._lingering.discard)
        headers: Mapping[str, str] = stream.response.headers
        return headers

    async def _whole(self, body: dict[str, Any], answer: Answer) -> Mapping[str, str]:
        """Take the answer in one piece; the headers."""
        response = await self.client.messages.with_raw_response.create(**body, stream=False)
        answer.take(decoded(response.http_response.text))
        headers: Mapping[str, str] = response.headers
        return headers

    async def count(self, body: dict[str, Any]) -> int | None:
        """A request's tokens as the service counts them, which costs nothing; None where it does not."""
        asked = ("model", "system", "messages", "tools", "thinking", "output_config", "tool_choice")
        try:
            counted = await self.client.messages.count_tokens(**{key: body[key] for key in asked if key in body})
            tokens: Any = counted.input_tokens
        except (anthropic.AnthropicError, httpx2.RequestError, AttributeError, TypeError, ValueError):
            return None
        return tokens if isinstance(tokens, int) else None

    def _fault(self, error: Exception) -> AdvisorError:
        """What went wrong, and whether the same request may go well later."""
        if isinstance(error, anthropic.APIStatusError):
            return self._refused(error)
        cause = error.__cause__ or error
        kind = type(cause).__name__
        if isinstance(cause, httpx2.LocalProtocolError):  # whose words may hold a header's value
            return ModelError("the request cannot be sent: it breaks HTTP's rules", kind=kind)
        if isinstance(cause, httpx2.UnsupportedProtocol):
            hint = "model.base_url, or ANTHROPIC_BASE_URL, begins with http:// or https://"
            return ModelError(f"the request cannot be sent: {cause}", kind=kind, hint=hint)
        if isinstance(cause, httpx2.SSEError):
            hint = "model.base_url has to be a Messages API; where it does not stream: model.features.stream: false"
            return ModelError(f"the answer is no stream of events: {cause}", kind=kind, retryable=True, hint=hint)
        if isinstance(cause, httpx2.ConnectError):
            hint = "start the server, or see model.base_url, ANTHROPIC_BASE_URL and the network"
            what = self._short(f"nothing answers at {self.client.base_url}: {cause}")
            return ModelError(what, kind=kind, retryable=True, hint=hint)
        if isinstance(cause, httpx2.ReadTimeout):
            what = f"the service said nothing for {self._idle:g} s (timeouts.idle)"
            return ModelError(what, kind=kind, retryable=True)
        if isinstance(error, anthropic.APIConnectionError | httpx2.RequestError | json.JSONDecodeError | TimeoutError):
            return ModelError(self._short(f"the connection failed: {kind}: {cause}"), kind=kind, retryable=True)
        return ModelError(self._short(f"{type(error).__name__}: {error}"), kind=type(error).__name__)

    def _refused(self, error: anthropic.APIStatusError) -> AdvisorError:
        status, kind = error.status_code, str(error.type or f"http_{error.status_code}")
        message = f"the Messages API answered {status} {kind}: {self._short(error.api_message or error.message)}"
        if status in (401, 403):
            hint = f"check {self._key_name}, and which workspace it belongs to"
            return CredentialsError(message, hint=hint)
        if status == 200:
            return ModelError(message, kind=kind, retryable=kind in PASSING)
        headers = error.response.headers
        final = error.error_code in NEVER or headers.get("x-should-retry") == "false"
        milliseconds = _number(headers.get("retry-after-ms"))
        seconds = milliseconds / 1000 if milliseconds is not None else _number(headers.get("retry-after"))
        if seconds is not None and seconds > LONGEST_WAIT:
            message += f"; it asks to wait {seconds:,.0f} s"
        return ModelError(
            message,
            kind=kind,
            retryable=not final and (status in (408, 409, 429) or status >= 500),
            retry_after=seconds,
            status=status,
            hint="see the model's name and base_url in the agent file" if status == 404 else None,
        )

    def _short(self, message: str) -> str:
        """One line without the key: what stands between a client and the service may answer with pages, and echo."""
        if message.lstrip().startswith("<"):
            title = re.search(r"<title>(.*?)</title>", message, re.IGNORECASE | re.DOTALL)
            message = f"a page of HTML: {title[1]}" if title else "a page of HTML"
        secrets = [secret for secret in (self.client.api_key, self.client.auth_token) if secret]
        message = str(redact(" ".join(message.split()), secrets))
        return message if len(message) <= LONGEST_MESSAGE else f"{message[: LONGEST_MESSAGE - 1]}…"


async def _events(response: httpx2.Response) -> AsyncIterator[str]:
    """What each event holds, as it came: far cheaper than the SDK's own objects."""
    async for event in httpx2.EventSource(response, max_event_size=None):
        if event.data:
            yield event.data


async def _decoded(stream: AsyncStream[Any]) -> AsyncIterator[dict[str, Any]]:
    """By the SDK, whose span of a request tells of those events only that it decoded itself."""
    async for event in stream:
        yield event.to_dict(mode="json")


async def _let_go(stream: AsyncStream[Any], events: AsyncIterator[Any]) -> None:
    """Read an answer's stream to its end, whatever stands there, so that the connection is used again."""
    try:
        with suppress(Exception):
            async with asyncio.timeout(LINGER_SECONDS):
                async for _ in events:
                    pass
    finally:
        await stream.close()


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
