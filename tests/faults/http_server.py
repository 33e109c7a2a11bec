"""An MCP server over HTTP, of threads and no SDK, that does as it is scripted: streamable HTTP and the older SSE.

`/mcp` takes messages and answers each in its own reply, under a session; `/sse` is a stream of events, and
`/messages` the place to post to for it. It speaks the protocol of 2025-06-18.
"""

from __future__ import annotations

import json
import queue
import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count, repeat
from typing import Any, TypeAlias
from urllib.parse import parse_qs, urlsplit

from tests.faults.stdio_server import TOOLS, result_of

Step: TypeAlias = "Callable[[Exchange], None]"
"""What is done about one request."""
ANY = "*"
PLACE = b"event: endpoint\ndata: %b\n\n"


class FaultyHttp:
    """Enter it; then `script` says what is done about the next requests of a method, in place of answering well."""

    def __init__(self) -> None:
        self._script: dict[str, Iterator[Step]] = {}
        self.numbers = count(1)
        self._listener: _Listener | None = None
        self._port = 0
        self.sessions: set[str] = set()
        self.streams: dict[str, queue.Queue[bytes | None]] = {}
        self.replies: queue.Queue[dict[str, Any]] = queue.Queue()
        """Notifications, and answers to what was asked."""
        self.stopping = threading.Event()
        self.heard: list[str] = []
        """Methods in the order in which they came; those of HTTP where there is no message."""
        self.headers: list[dict[str, str]] = []
        self.calls: list[str] = []
        """Tools whose calls were carried out."""
        self.bugs: list[BaseException | None] = []

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def url(self) -> str:
        return f"{self.origin}/mcp"

    @property
    def sse_url(self) -> str:
        return f"{self.origin}/sse"

    def __enter__(self) -> FaultyHttp:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        assert not self.bugs, self.bugs

    def start(self) -> None:
        self.stopping = threading.Event()
        self._listener = _Listener(self, self._port)
        self._port = self._listener.server_port
        self._thread = threading.Thread(target=self._listener.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def stop(self) -> None:
        """With every connection, session and thread."""
        if self._listener is None:
            return
        listener, self._listener = self._listener, None
        self.stopping.set()
        self.sessions.clear()
        self.replies.put({"result": None})
        while self.streams:
            self.streams.popitem()[1].put(None)
        listener.shutdown()
        self._thread.join()
        listener.hang_up()
        listener.server_close()

    def restart(self) -> None:
        """On the same port, with no memory of any session."""
        self.stop()
        self.start()

    def script(self, method: str, *steps: Step) -> None:
        """For the next requests of a method, or of ANY."""
        self._script[method] = iter(steps)

    def always(self, method: str, step: Step) -> None:
        self._script[method] = repeat(step)

    def step_for(self, method: str) -> Step:
        for key in (ANY, method):
            if step := next(self._script.get(key, iter(())), None):
                return step
        return well

    def new_session(self) -> str:
        session = f"session-{next(self.numbers)}"
        self.sessions.add(session)
        return session


class _Listener(ThreadingHTTPServer):
    daemon_threads = False

    def __init__(self, owner: FaultyHttp, port: int) -> None:
        super().__init__(("127.0.0.1", port), Exchange)
        self.owner = owner
        self._open: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, *_: object) -> None:
        """A client may go away at any moment; what else goes wrong is a fault of the tests."""
        if not isinstance(error := sys.exception(), ConnectionError):
            self.owner.bugs.append(error)


class Exchange(BaseHTTPRequestHandler):
    """One request; steps answer it with what is here."""

    protocol_version = "HTTP/1.1"
    server: _Listener

    def do_POST(self) -> None:
        self.message = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self._take(self.message.get("method", "a reply"))

    def do_GET(self) -> None:
        self.message = {}
        self._take("GET")

    def do_DELETE(self) -> None:
        self.message = {}
        self._take("DELETE")

    def _take(self, method: str) -> None:
        self.owner.heard.append(method)
        self.owner.headers.append({name.lower(): value for name, value in self.headers.items()})
        self.owner.step_for(method)(self)

    @property
    def owner(self) -> FaultyHttp:
        return self.server.owner

    @property
    def route(self) -> str:
        return urlsplit(self.path).path

    @property
    def stream(self) -> queue.Queue[bytes | None] | None:
        """Of the older transport: where answers go; None when it is not known here."""
        return self.owner.streams.get(parse_qs(urlsplit(self.path).query)["stream"][0])

    def head(self, status: int, length: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"content-length": str(length), **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def send(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.head(status, len(body), {name.replace("_", "-"): value for name, value in headers.items()})
        self.wfile.write(body)

    def reply(self, reply: dict[str, Any], **headers: str) -> None:
        """In the way of the transport."""
        body = self.encoded(reply)
        if self.route == "/messages":
            if self.stream:
                self.stream.put(body)
            self.send(202)
        else:
            self.send(200, body, content_type="application/json", **headers)

    def encoded(self, reply: dict[str, Any]) -> bytes:
        return json.dumps({"jsonrpc": "2.0", "id": self.message["id"], **reply}).encode()

    def cut(self) -> None:
        """End the connection with a reset."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def log_message(self, *_: object) -> None:
        pass


def well(exchange: Exchange) -> None:
    """As a server should."""
    message, owner = exchange.message, exchange.owner
    if not message:
        _stream(exchange) if exchange.route == "/sse" else exchange.send(200 if exchange.command == "DELETE" else 405)
    elif "id" not in message or "method" not in message:
        owner.replies.put(message)
        exchange.send(202)
    elif message["method"] == "initialize":
        info = {"name": "faulty", "version": "1"}
        result = {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": info}
        exchange.reply({"result": result}, mcp_session_id=owner.new_session())
    elif exchange.route == "/messages" and exchange.stream is None:
        exchange.send(404, b"Could not find session")
    elif exchange.route == "/messages" or _knows_session(exchange):
        exchange.reply(reply_to(exchange))


def _knows_session(exchange: Exchange) -> bool:
    session = exchange.headers.get("mcp-session-id")
    if session in exchange.owner.sessions:
        return True
    status, code, words = (404, -32001, "Session not found") if session else (400, -32000, "Server not initialized")
    error = {"jsonrpc": "2.0", "id": None, "error": {"code": code, "message": words}}
    exchange.send(status, json.dumps(error).encode(), content_type="application/json")
    return False


def reply_to(exchange: Exchange) -> dict[str, Any]:
    """The call is carried out."""
    match exchange.message["method"], exchange.message.get("params") or {}:
        case "tools/list", _:
            return {"result": {"tools": TOOLS}}
        case "tools/call", {"name": name, "arguments": {"n": n}}:
            exchange.owner.calls.append(name)
            return {"result": result_of(name, n)}
        case method, _:
            return {"error": {"code": -32601, "message": f"unknown method {method}"}}


def _stream(exchange: Exchange) -> None:
    """The older transport: events for as long as the client, or the server, stays."""
    name = str(next(exchange.owner.numbers))
    events = exchange.owner.streams[name] = queue.Queue()
    exchange.close_connection = True
    exchange.send_response(200)
    exchange.send_header("content-type", "text/event-stream")
    exchange.end_headers()
    exchange.wfile.write(PLACE % f"/messages?stream={name}".encode())
    while (event := events.get()) is not None:
        exchange.wfile.write(b"event: message\ndata: " + event + b"\n\n")
