"""An HTTP client whose refusals reach the request that they concern.

The SDK loses the status, `Retry-After` and words of a refusal, and lets a connection that fails end the whole client.
Here each becomes the JSON-RPC error of that one request, with the facts in its data.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import httpx2

from agent.errors import UNSENT

FACTS = "http_refusal"
"""Under this key of a JSON-RPC error's data lies what HTTP said."""
SAID = 4_000
"""Characters of a refusal's body that are kept, to be cut again when secrets are out of it."""
INTERNAL_ERROR = -32603
LONGEST_RETRY = 86_400.0
SESSION = "mcp-session-id"
FAREWELL_SECONDS = 2.0


@dataclass(frozen=True)
class Refusal:
    """What HTTP said in place of a result: a `status`, or the kind of `failure` that there was none for."""

    status: int | None = None
    retry_after: float | None = None
    """Seconds."""
    said: str = ""
    failure: str | None = None
    signs_in: bool = False
    """Whether it asks for a sign-in by OAuth."""
    session: bool = False
    """Whether the request named a session."""
    location: str | None = None
    """Where it was redirected to, where that is not followed."""
    elsewhere: bool = False
    """Whether that is another server."""

    @classmethod
    def of(cls, data: Any) -> Refusal | None:
        """From a JSON-RPC error's data."""
        facts = data.get(FACTS) if isinstance(data, dict) else None
        return cls(**facts) if isinstance(facts, dict) else None

    @property
    def unsent(self) -> bool:
        """Whether the server has done nothing for the request: it never got it, or forgot its session."""
        return self.failure in UNSENT or self.forgotten or self.status in (401, 403, 429)

    @property
    def forgotten(self) -> bool:
        return self.status == 404 and self.session

    def __str__(self) -> str:
        if self.location:
            why = "which is another server" if self.elsewhere else "in a way that loses what is sent"
            return f"it redirects to {self.location}, {why}, and is not followed"
        if self.status is None:
            return f"the connection failed: {self.failure}" + (f": {self.said}" if self.said else "")
        named = HTTPStatus(self.status).phrase if self.status in HTTPStatus._value2member_map_ else ""
        after = f", to be asked again in {self.retry_after:g} s" if self.retry_after is not None else ""
        words = f": {self.said}" if self.said else ""
        return f"HTTP {self.status} {named}".strip() + after + words


class GuardedClient(httpx2.AsyncClient):
    """`refusal`: the newest one, None since anything went well. `posts_to_a_stream`: an address that is not found is a
    stream that its server forgot.
    """

    refusal: Refusal | None = None
    posts_to_a_stream = False

    async def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        asked = _asked(request)
        if request.method == "DELETE":  # of a session, at its end: nobody has to wait for that
            request.extensions["timeout"] = httpx2.Timeout(FAREWELL_SECONDS).as_dict()
        try:
            response = await super().send(request, **options)
            if response.is_error or (asked is not None and _is_json(response)):
                await response.aread()
        except httpx2.TransportError as error:
            refusal = Refusal(failure=type(error).__name__, said=str(error)[:SAID])
            if asked is None:
                self.refusal = refusal
                raise
            return self._refused(request, asked, refusal, 503, None)
        if not response.is_error and not response.is_redirect:
            self.refusal = None
            return response
        refusal = _refusal(request, response, session=self.posts_to_a_stream or SESSION in request.headers)
        if asked is None or (response.is_redirect and refusal.location is None):
            self.refusal = refusal if response.is_error or refusal.location else self.refusal
            return response
        body = None if response.is_redirect else response.content
        await response.aclose()
        return self._refused(request, asked, refusal, max(response.status_code, 400), body)

    def _refused(
        self, request: httpx2.Request, asked: Any, refusal: Refusal, status: int, body: bytes | None
    ) -> httpx2.Response:
        self.refusal = refusal
        error = _error_in(body) or {"code": INTERNAL_ERROR, "message": str(refusal)}
        data = error["data"] if isinstance(error.get("data"), dict) else {}
        error = error | {"data": data | {FACTS: asdict(refusal)}}
        return httpx2.Response(status, json={"jsonrpc": "2.0", "id": asked, "error": error}, request=request)


def _asked(request: httpx2.Request) -> Any:
    """The id of the JSON-RPC request that this is; None for anything else."""
    if request.method != "POST":
        return None
    try:
        message = json.loads(request.content)
    except (ValueError, httpx2.RequestNotRead):
        return None
    return message.get("id") if isinstance(message, dict) and "method" in message else None


def _is_json(response: httpx2.Response) -> bool:
    return bool(response.headers.get("content-type", "").lower().startswith("application/json"))


def _refusal(request: httpx2.Request, response: httpx2.Response, *, session: bool) -> Refusal:
    if response.is_redirect:
        return _redirect(request, response)
    challenge = response.headers.get("www-authenticate", "").lower()
    said = "" if _error_in(response.content) else " ".join(response.text.split())[:SAID]
    return Refusal(
        status=response.status_code,
        retry_after=_seconds(response.headers.get("retry-after")),
        said="" if said.startswith("<") else said,
        signs_in="resource_metadata" in challenge or "authorization_uri" in challenge,
        session=session,
    )


def _redirect(request: httpx2.Request, response: httpx2.Response) -> Refusal:
    """Followed is one within the origin that keeps what is sent: it has no `location`."""
    target = request.url.join(response.headers.get("location", ""))
    same = (target.scheme, target.host, target.port) == (request.url.scheme, request.url.host, request.url.port)
    if same and (response.status_code in (307, 308) or request.method == "GET"):
        return Refusal(status=response.status_code)
    place = str(target.copy_with(userinfo=b"", query=None, fragment=None))
    return Refusal(status=response.status_code, location=place, elsewhere=not same)


def _error_in(body: bytes | None) -> dict[str, Any] | None:
    """The JSON-RPC error that a body is."""
    try:
        message = json.loads(body or b"")
    except ValueError:
        return None
    error = message.get("error") if isinstance(message, dict) else None
    known = isinstance(error, dict) and isinstance(error.get("code"), int) and isinstance(error.get("message"), str)
    return error if known else None


def _seconds(text: str | None) -> float | None:
    """Of a Retry-After header: a number of seconds, or a date."""
    if not text:
        return None
    try:
        seconds = float(text) if text.strip().isdigit() else parsedate_to_datetime(text).timestamp() - time.time()
        return min(max(0.0, seconds), LONGEST_RETRY)
    except ValueError:
        return None
