"""A Messages API on loopback that plays the job, for any number of runs at once.

    python bench/stub.py          (prints its address; ends when its standard input does)

Which turn is asked for, the conversation itself says; one that does not hold all results of the turn before is refused.
A streamed answer comes as one HTTP chunk an event, all of them at once: who asks is measured, and not the wait. GET
tells what came in since it was told last, and when (`time.monotonic`, which all processes of a machine share).
"""

from __future__ import annotations

import asyncio
import http.client
import itertools
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from job import CALLS, DELTAS, MODEL, RESULT_BYTES, said

BACKLOG = 1024


@dataclass
class Seen:
    """`calls`: results of tools that were sent to the model. `first`: when the first byte of a request came."""

    requests: int = 0
    streamed: int = 0
    calls: int = 0
    bytes: int = 0
    refused: list[str] = field(default_factory=list)
    first: float | None = None


def message(turn: int) -> dict[str, Any]:
    usage = {"input_tokens": 1_500 * (turn + 1), "output_tokens": 4 * DELTAS[turn], "cache_read_input_tokens": 0}
    return {
        "id": f"msg_{turn}",
        "type": "message",
        "role": "assistant",
        "model": MODEL,
        "content": said(turn),
        "stop_reason": "tool_use" if turn < len(CALLS) else "end_turn",
        "stop_sequence": None,
        "usage": usage,
    }


def events(turn: int) -> list[dict[str, Any]]:
    """The stream of a turn's answer, its deltas shared out among its blocks."""
    whole = message(turn)
    start = {**whole, "content": [], "stop_reason": None, "usage": {**whole["usage"], "output_tokens": 1}}
    found: list[dict[str, Any]] = [{"type": "message_start", "message": start}, {"type": "ping"}]
    blocks = whole["content"]
    for index, block in enumerate(blocks):
        count = DELTAS[turn] // len(blocks) + (index < DELTAS[turn] % len(blocks))
        called = block["type"] == "tool_use"
        empty = {**block, "input": {}} if called else {**block, "text": ""}
        found.append({"type": "content_block_start", "index": index, "content_block": empty})
        for part in parts(json.dumps(block["input"]) if called else block["text"], count):
            piece = (
                {"type": "input_json_delta", "partial_json": part} if called else {"type": "text_delta", "text": part}
            )
            found.append({"type": "content_block_delta", "index": index, "delta": piece})
        found.append({"type": "content_block_stop", "index": index})
    ended = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
    found.append({"type": "message_delta", "delta": ended, "usage": whole["usage"]})
    return [*found, {"type": "message_stop"}]


def parts(text: str, count: int) -> list[str]:
    """A text in so many pieces, which differ by one character at most."""
    edges = [len(text) * at // count for at in range(count + 1)]
    return [text[start:end] for start, end in itertools.pairwise(edges)]


def response(status: str, kind: str, body: bytes, *, chunks: bool = False) -> bytes:
    length = b"transfer-encoding: chunked" if chunks else b"content-length: %d" % len(body)
    lines = [f"HTTP/1.1 {status}".encode(), b"content-type: " + kind.encode(), length, b"request-id: req_1", b"", body]
    return b"\r\n".join(lines)


def streamed(turn: int) -> bytes:
    told = [f"event: {each['type']}\ndata: {json.dumps(each)}\n\n".encode() for each in events(turn)]
    body = b"".join(b"%x\r\n%b\r\n" % (len(each), each) for each in told) + b"0\r\n\r\n"
    return response("200 OK", "text/event-stream; charset=utf-8", body, chunks=True)


STREAMED = [streamed(turn) for turn in range(len(DELTAS))]
WHOLE = [response("200 OK", "application/json", json.dumps(message(turn)).encode()) for turn in range(len(DELTAS))]


class Connection(asyncio.Protocol):
    """One client, whose requests come one after the other."""

    seen = Seen()
    """Of all connections."""

    def __init__(self) -> None:
        self._came = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        now = time.monotonic()
        self._came += data
        head, blank, rest = self._came.partition(b"\r\n\r\n")
        if not blank:
            return
        if head.startswith(b"GET"):
            told, Connection.seen = json.dumps(asdict(self.seen)).encode(), Seen()
            self._came.clear()
            self._transport.write(response("200 OK", "application/json", told))
            return
        self.seen.first = self.seen.first or now
        fields = (line.partition(b":") for line in head.split(b"\r\n")[1:])
        length = next(int(value) for name, _, value in fields if name.lower() == b"content-length")
        if len(rest) >= length:
            self._came.clear()
            self._transport.write(self._answer(bytes(rest)))

    def _answer(self, body: bytes) -> bytes:
        asked = json.loads(body)
        turn: int = sum(each["role"] == "assistant" for each in asked["messages"])
        came = [len(text) for text in results(asked["messages"][-1]["content"])]
        wanted = len(CALLS[turn - 1]) if turn else 0
        if turn >= len(DELTAS) or len(came) != wanted or any(length < RESULT_BYTES for length in came):
            why = f"turn {turn + 1} came with results of {came} characters"
            self.seen.refused.append(why)
            error = {"type": "error", "error": {"type": "invalid_request_error", "message": why}}
            return response("400 Bad Request", "application/json", json.dumps(error).encode())
        stream = asked.get("stream") is True
        self.seen.requests += 1
        self.seen.streamed += stream
        self.seen.calls += wanted
        self.seen.bytes += len(body)
        return (STREAMED if stream else WHOLE)[turn]


def results(content: Any) -> Iterator[str]:
    """The texts of the tool results in a message that went well."""
    for block in content if isinstance(content, list) else []:
        if block["type"] == "tool_result" and not block.get("is_error"):
            told = block["content"]
            yield told if isinstance(told, str) else "".join(each.get("text", "") for each in told)


def ask_seen(url: str) -> Seen:
    """What came in since this was asked last."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"))
    try:
        connection.request("GET", "/")
        return Seen(**json.load(connection.getresponse()))
    finally:
        connection.close()


@contextmanager
def stub() -> Iterator[str]:
    """Its address, for as long as its process runs."""
    process = subprocess.Popen([sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdin and process.stdout
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()


async def main() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Connection, "127.0.0.1", 0, backlog=BACKLOG)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    ended = asyncio.Event()
    loop.add_reader(sys.stdin, ended.set)  # nothing is ever written to it
    await ended.wait()
    server.close()


if __name__ == "__main__":
    asyncio.run(main())
