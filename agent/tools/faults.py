"""What can go wrong with a server, told apart: in a call, as a `CallFault`; at its start, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx2
from mcp import MCPError
from mcp_types import PARSE_ERROR
from pydantic import ValidationError

from agent.tools.guarded_http import Refusal

CONNECTION_CLOSED = -32000
NO_BACK_CHANNEL = "no back-channel for server-initiated requests"
"""The SDK's words where a server asks back in the old way over a new connection."""
FOREIGN_FORM = "it is not in the form of the protocol"
STATUS_ENDS = (500, 502, 503, 504)
"""Statuses of a server or gateway that may do better the next time."""


@dataclass
class CallFault(Exception):
    """A call that brought no result.

    `says`: the words of the server, or ours; `lost`: the connection is of no more use; `timed_out`: after that many
    seconds; `unreadable`: there was an answer; `refusal`: what HTTP said.
    """

    says: str
    lost: bool = False
    timed_out: float | None = None
    unreadable: bool = False
    refusal: Refusal | None = None

    @property
    def unsent(self) -> bool:
        """Whether the server has done nothing for the call."""
        return self.refusal is not None and self.refusal.unsent

    @property
    def needs_old_way(self) -> bool:
        return NO_BACK_CHANNEL in self.says

    @property
    def may_pass(self) -> bool:
        """Whether the same call may go well, had it not been carried out."""
        if self.refusal is None:
            return self.lost
        return self.refusal.failure is not None or self.refusal.status in (*STATUS_ENDS, 429) or self.refusal.forgotten


def fault_of(error: Exception, *, closed: bool) -> CallFault:
    """`closed`: whether the connection has ended."""
    if isinstance(error, ValidationError):
        return CallFault(FOREIGN_FORM, lost=closed, unreadable=not closed)
    if not isinstance(error, MCPError):
        return CallFault(f"{type(error).__name__}: {' '.join(str(error).split())}", lost=closed, unreadable=not closed)
    if error.code == PARSE_ERROR and error.message.startswith("Failed to parse "):
        return CallFault(FOREIGN_FORM, unreadable=True)
    refusal = Refusal.of(error.error.data)
    if refusal:
        return CallFault(str(refusal), lost=refusal.forgotten, refusal=refusal)
    if error.code == CONNECTION_CLOSED and error.message.startswith("SSE stream"):
        return CallFault(error.message, refusal=Refusal(failure="StreamEnded", said=error.message))
    # A living server may use the same code for errors of its own.
    if closed or (error.code == CONNECTION_CLOSED and error.message == "Connection closed"):
        return CallFault("the connection was lost", lost=True)
    return CallFault(error.message)


def asks_in_the_old_way(result: dict[str, Any]) -> bool:
    """Whether it is the error of a tool that could not ask back."""
    return bool(result.get("isError")) and NO_BACK_CHANNEL in str(result.get("content"))


def innermost(error: BaseException) -> BaseException:
    """What lies inside nested exception groups."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def died(error: BaseException) -> bool:
    """Whether a server ended, or hung up, while it was being connected to."""
    inner = innermost(error)
    closed = isinstance(inner, MCPError) and inner.code == CONNECTION_CLOSED
    return isinstance(inner, EOFError) or (closed and Refusal.of(_data(inner)) is None)


def refusal_of(error: BaseException, last: Refusal | None = None) -> Refusal | None:
    """What HTTP said, where that ended the start of a server; `last`: what it said last, if that was no."""
    inner = innermost(error)
    return last if isinstance(inner, httpx2.HTTPStatusError) else Refusal.of(_data(inner))


def _data(error: BaseException) -> Any:
    return error.error.data if isinstance(error, MCPError) else None


def reason(error: BaseException, last: Refusal | None = None) -> str:
    """Why a server could not be connected to, in one sentence. `last`: what HTTP said last, if that was no."""
    inner = innermost(error)
    if isinstance(inner, FileNotFoundError):
        return f"there is no command {inner.filename!r}"
    if died(inner):
        return "it ended before it was ready"
    if refusal := refusal_of(inner, last):
        return _sign_in() if refusal.signs_in else str(refusal)
    if isinstance(inner, ValidationError):
        return "it answered in a form that this version of the protocol does not have"
    if isinstance(inner, httpx2.HTTPStatusError):
        return f"HTTP {inner.response.status_code} {inner.response.reason_phrase}"
    if isinstance(inner, httpx2.TransportError):
        return str(Refusal(failure=type(inner).__name__, said=str(inner)))
    if isinstance(inner, MCPError | ValueError | OSError):
        return str(inner)
    return f"{type(inner).__name__}: {inner}" if str(inner) else type(inner).__name__


def _sign_in() -> str:
    return "it asks for a sign-in in a browser (OAuth), which is not supported yet"
