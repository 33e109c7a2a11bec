"""What a server over HTTP may do about a request, in place of answering well."""

from __future__ import annotations

import json

from tests.faults.http_server import PLACE, Exchange, Step, reply_to, well
from tests.faults.stdio_server import QUESTION

LONGEST = 60
"""Seconds for which silence lasts at the most."""


def as_event(exchange: Exchange) -> None:
    """Well, and as an event in place of JSON."""
    body = b"event: message\ndata: " + exchange.encoded(reply_to(exchange)) + b"\n\n"
    exchange.send(200, body, content_type="text/event-stream")


def asks(exchange: Exchange) -> None:
    """In the old way: the question as an event, and another with the result when its answer has come."""
    exchange.close_connection = True
    exchange.send_response(200)
    exchange.send_header("content-type", "text/event-stream")
    exchange.end_headers()
    question = {"jsonrpc": "2.0", "id": "q", "method": "elicitation/create", "params": QUESTION}
    exchange.wfile.write(b"data: " + json.dumps(question).encode() + b"\n\n")
    while "result" not in (said := exchange.owner.replies.get(timeout=LONGEST)):
        pass
    result = {"content": [{"type": "text", "text": json.dumps(said["result"])}]}
    exchange.wfile.write(b"data: " + exchange.encoded({"result": result}) + b"\n\n")


def refuse(status: int, body: str = "", **headers: str) -> Step:
    return lambda exchange: exchange.send(status, body.encode(), **headers)


def redirect(status: int, location: str) -> Step:
    return refuse(status, location=location)


def content(body: bytes, kind: str = "application/json") -> Step:
    """Anything, as an answer."""
    return lambda exchange: exchange.send(200, body, content_type=kind)


def drip(pause: float) -> Step:
    """The right answer, a byte at a time."""

    def step(exchange: Exchange) -> None:
        body = exchange.encoded(reply_to(exchange))
        exchange.head(200, len(body), {"content-type": "application/json"})
        for byte in body:
            if exchange.owner.stopping.wait(pause):
                return
            exchange.wfile.write(bytes([byte]))

    return step


def late(seconds: float) -> Step:
    """The right answer, after so long."""

    def step(exchange: Exchange) -> None:
        if not exchange.owner.stopping.wait(seconds):
            well(exchange)

    return step


def silent(exchange: Exchange) -> None:
    """No answer for as long as the server runs."""
    exchange.close_connection = True
    exchange.owner.stopping.wait(LONGEST)


def hang_up(exchange: Exchange) -> None:
    """Before a word of an answer, and before the call is carried out."""
    exchange.cut()


def cut_within(exchange: Exchange) -> None:
    """The call is carried out, and half of its result is sent."""
    body = exchange.encoded(reply_to(exchange))
    exchange.head(200, len(body), {"content-type": "application/json"})
    exchange.wfile.write(body[: len(body) // 2])
    exchange.cut()


def event_cut_short(exchange: Exchange) -> None:
    """The call is carried out, and the stream of its events ends without its result."""
    reply_to(exchange)
    exchange.send(200, b": wait for it\n\n", content_type="text/event-stream")


def place(url: str) -> Step:
    """Of the older transport: a stream that names that place to post to, and nothing when it is empty, and ends."""
    return content(PLACE % url.encode() if url else b": hello\n\n", "text/event-stream")


def end_stream(exchange: Exchange) -> None:
    """Of the older transport: it ends in place of the result that was to come."""
    exchange.send(202)
    if exchange.stream:
        exchange.stream.put(None)


def forget(exchange: Exchange) -> None:
    """All sessions, this request's among them."""
    exchange.owner.sessions.clear()
    well(exchange)
