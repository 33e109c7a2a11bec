"""What the Messages API sends: messages as server-sent events, and a scripted API on loopback that sends them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

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

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    api.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield api
        assert len(api.requests) == len(api.script), f"{len(api.requests)} requests for {len(api.script)} answers"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
