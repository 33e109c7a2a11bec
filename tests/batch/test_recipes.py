"""The recipes of docs/ as on_finish runs them, against real servers on loopback."""

from __future__ import annotations

import json
import os
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from agent.batch import hook, outputs
from tests.batch.rows_and_envelopes import row

RECIPES = Path(__file__).parent.parent.parent / "docs" / "recipes"


@contextmanager
def serving(server: socketserver.BaseServer) -> Iterator[int]:
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]  # type: ignore[misc]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def said(tmp_path: Path) -> bytes:
    """What on_finish reads of a batch of two jobs, one of which failed."""
    summary = outputs.summary("rotation", [row("a", "failed"), row("b", "deferred")], None)
    outputs.write(tmp_path, summary)
    return json.dumps(hook.message(tmp_path, summary)).encode()


def run(recipe: str, said: bytes, **env: str) -> None:
    done = subprocess.run(
        [sys.executable, str(RECIPES / recipe)], input=said, env=os.environ | env, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_webhook_posts_states_labels_and_what_is_not_done(said: bytes) -> None:
    posted: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with serving(HTTPServer(("127.0.0.1", 0), Handler)) as port:
        run("webhook.py", said, WEBHOOK_URL=f"http://127.0.0.1:{port}/hook")
    (text,) = [json.loads(body)["text"] for body in posted]
    first, *jobs = text.splitlines()
    assert first.startswith("rotation") and "1 failed, 1 deferred" in first and "not investment advice" in first
    assert jobs == ["a: failed: a is failed", "b: deferred: b is deferred"]


def test_mail_carries_the_page_and_the_table(said: bytes) -> None:
    mails: list[bytes] = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 here\r\n")
            for line in self.rfile:
                if line.upper().startswith(b"DATA"):
                    self.wfile.write(b"354 go on\r\n")
                    mails.append(b"".join(iter(self.rfile.readline, b".\r\n")))
                self.wfile.write(b"221 bye\r\n" if line.upper().startswith(b"QUIT") else b"250 fine\r\n")

    with serving(socketserver.TCPServer(("127.0.0.1", 0), Handler)) as port:
        run(
            "mail.py",
            said,
            MAIL_TO="desk@x.example",
            MAIL_FROM="a@x.example",
            SMTP_HOST="127.0.0.1",
            SMTP_PORT=str(port),
        )
    mail = message_from_bytes(mails[0], policy=policy.default)
    assert (mail["Subject"], mail["To"]) == ("rotation: 1 failed, 1 deferred", "desk@x.example")
    parts = {part.get_filename(): part for part in mail.walk()}
    assert set(parts) == {None, "index.html", "recommendations.csv"}
    body = mail.get_body().get_content()  # type: ignore[union-attr]
    assert "a: failed: a is failed" in body and "not investment advice" in body
