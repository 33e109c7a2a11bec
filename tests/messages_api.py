"""What the Messages API sends: messages as server-sent events, and APIs on loopback that send them.

One follows a script; the other answers by what it is asked, fails as it is told to, and keeps a ledger.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeAlias

MODEL = "claude-test-1"


def message(*content: dict[str, Any], stop_reason: str | None = None, **more: Any) -> dict[str, Any]:
    """One answer; its stop reason follows from its content unless it is given."""
    called = any(block["type"] == "tool_use" for block in content)
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": MODEL,
        "content": list(content),
        "stop_reason": stop_reason or ("tool_use" if called else "end_turn"),
        "usage": {"input_tokens": 10, "output_tokens": 5, "cache_read_input_tokens": 3},
        **more,
    }


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def call(name: str, arguments: dict[str, Any], id: str = "toolu_1") -> dict[str, Any]:
    return {"type": "tool_use", "id": id, "name": name, "input": arguments}


def events(said: dict[str, Any]) -> list[dict[str, Any]]:
    """The stream of one message, every block in two deltas."""
    start = {**said, "content": [], "stop_reason": None, "usage": {**said["usage"], "output_tokens": 1}}
    found: list[dict[str, Any]] = [{"type": "message_start", "message": start}, {"type": "ping"}]
    for index, block in enumerate(said["content"]):
        empty, deltas = _deltas(block)
        found.append({"type": "content_block_start", "index": index, "content_block": empty})
        found += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
        found.append({"type": "content_block_stop", "index": index})
    delta = {"stop_reason": said["stop_reason"], "stop_sequence": None, "stop_details": said.get("stop_details")}
    usage = {"output_tokens": said["usage"]["output_tokens"]}
    return [*found, {"type": "message_delta", "delta": delta, "usage": usage}, {"type": "message_stop"}]


def _deltas(block: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    match block["type"]:
        case "text":
            return {**block, "text": ""}, [{"type": "text_delta", "text": part} for part in _halves(block["text"])]
        case "tool_use":
            parts = _halves(json.dumps(block["input"]))
            return {**block, "input": {}}, [{"type": "input_json_delta", "partial_json": part} for part in parts]
        case "thinking":
            thoughts = [{"type": "thinking_delta", "thinking": part} for part in _halves(block["thinking"])]
            signature = {"type": "signature_delta", "signature": block["signature"]}
            return {**block, "thinking": "", "signature": ""}, [*thoughts, signature]
        case _:
            return block, []


def _halves(words: str) -> list[str]:
    return [words[: len(words) // 2], words[len(words) // 2 :]]


def stream(said: dict[str, Any] | list[dict[str, Any]]) -> bytes:
    """A message, or events of your own, as the body of a streamed answer."""
    listed = said if isinstance(said, list) else events(said)
    return b"".join(f"event: {each['type']}\ndata: {json.dumps(each)}\n\n".encode() for each in listed)


def error_body(kind: str, words: str = "not now") -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": words}, "request_id": "req_1"}


@dataclass
class ScriptedAPI:
    """Answers one request after the other from `script`: messages, or pairs of a status and an error body.

    `requests` holds what was asked.
    """

    script: list[dict[str, Any] | tuple[int, dict[str, Any]]]
    requests: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""

    def answer(self, body: dict[str, Any]) -> tuple[int, str, bytes]:
        self.requests.append(body)
        if len(self.requests) > len(self.script):
            return 400, "application/json", json.dumps(error_body("invalid_request_error", "off script")).encode()
        step = self.script[len(self.requests) - 1]
        if isinstance(step, tuple):
            return step[0], "application/json", json.dumps(step[1]).encode()
        return 200, "text/event-stream", stream(step)


@contextmanager
def scripted_api(*script: dict[str, Any] | tuple[int, dict[str, Any]]) -> Iterator[ScriptedAPI]:
    """A Messages API on a real socket. Every answer of the script has to be asked for."""
    api = ScriptedAPI(list(script))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            status, kind, content = api.answer(body)
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    with _serving(Handler) as api.url:
        yield api
        assert len(api.requests) == len(api.script), f"{len(api.requests)} requests for {len(api.script)} answers"


Key: TypeAlias = tuple[str, int]
"""The question, and which turn of its conversation is asked for: 1, 2, …"""


@dataclass(frozen=True)
class Reply:
    """What is sent before the connection is closed: nothing at all when `status` is 0.

    `paid`: it is a whole message. `missing`: bytes that the headers announce and that never come.
    """

    content: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    paid: bool = False
    missing: int = 0


HUNG_UP = Reply(b"", status=0)


def whole(said: dict[str, Any]) -> Reply:
    return Reply(stream(said), headers={"content-type": "text/event-stream"}, paid=True)


def cut(said: dict[str, Any], *, announced: bool) -> Reply:
    """Half of a stream; `announced` tells whether the reader can know by HTTP that there was more."""
    content = stream(said)
    half = len(content) // 2
    return Reply(content[:half], headers={"content-type": "text/event-stream"}, missing=half if announced else 0)


def fails_within(said: dict[str, Any], kind: str = "overloaded_error") -> Reply:
    """A stream that begins well and ends in an error event."""
    return Reply(stream([*events(said)[:3], error_body(kind)]), headers={"content-type": "text/event-stream"})


def refusal(status: int, kind: str, **headers: str) -> Reply:
    said = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(json.dumps(error_body(kind)).encode(), status, {"content-type": "application/json", **said})


@dataclass
class LedgerAPI:
    """Sends what `reply` says to a request's key and to how often it was asked for before.

    `asked` counts requests, `paid` those that were answered to the end. While `held`, no request is answered.
    """

    reply: Callable[[Key, int], Reply]
    asked: Counter[Key] = field(default_factory=Counter)
    paid: Counter[Key] = field(default_factory=Counter)
    url: str = ""
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _held: bool = False
    _under_way: int = 0

    def take(self, body: dict[str, Any]) -> tuple[Key, Reply]:
        messages = body["messages"]
        key = messages[0]["content"][0]["text"], 1 + sum(each["role"] == "assistant" for each in messages)
        with self._changed:
            before = self.asked[key]
            self.asked[key] += 1
            self._under_way += 1
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._held)
        return key, self.reply(key, before)

    def sent(self, key: Key, paid: bool) -> None:
        with self._changed:
            if paid:
                self.paid[key] += 1
            self._under_way -= 1
            self._changed.notify_all()

    @contextmanager
    def held(self) -> Iterator[None]:
        self._held = True
        try:
            yield
        finally:
            with self._changed:
                self._held = False
                self._changed.notify_all()

    def settle(self) -> None:
        """Until all that came in are answered, also those of clients that died."""
        with self._changed:
            assert self._changed.wait_for(lambda: not self._under_way, timeout=60)

    def wait_for(self, requests: int) -> None:
        """Until that many came in all."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.asked.total() >= requests, timeout=60), self.asked


@contextmanager
def ledger_api(reply: Callable[[Key, int], Reply]) -> Iterator[LedgerAPI]:
    """A Messages API on a real socket, for clients that may die at any moment."""
    api = LedgerAPI(reply)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            with suppress(json.JSONDecodeError):  # who asks may die before all is said
                key, reply = api.take(json.loads(body))
                api.sent(key, self._is_sent(reply) and reply.paid)

        def _is_sent(self, reply: Reply) -> bool:
            """To its end, as far as anybody can know here."""
            if not reply.status:
                return False
            try:
                self.send_response(reply.status)
                self.send_header("content-length", str(len(reply.content) + reply.missing))
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(reply.content)
            except ConnectionError:
                return False
            return True

        def log_message(self, *_: Any) -> None:
            pass

    with _serving(Handler) as api.url:
        yield api


class _Server(ThreadingHTTPServer):
    request_queue_size = 128
    """A connection that finds the queue full is tried again after a second."""


@contextmanager
def _serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Its URL, for as long as it serves."""
    server = _Server(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
