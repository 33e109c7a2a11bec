"""What a run costs by its size: a scripted Messages API plays the recorded turns of a transcript, and counts.

    python bench/spend.py [TRANSCRIPT] [--model NAME]

It counts a token for every four characters, and caches what is marked as the real service documents it: what an earlier
request wrote is read, what is new is written. The tools are the real ones, the answers the recorded ones.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from agent.events import ModelAnswered
from agent.replay.recording import Recording

TRANSCRIPT = Path(__file__).parent.parent / "evals" / "transcripts" / "frozen_rules_us.jsonl"
CHARACTERS = 4
"""A token's."""


def size(value: Any) -> int:
    return len(json.dumps(value, ensure_ascii=False)) // CHARACTERS


class Service(BaseHTTPRequestHandler):
    """`turns`: content and stop reason of each; `cached`: the tokens that a cache holds."""

    turns: list[ModelAnswered]
    model: str
    cached = 0

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        turn = self.turns[sum(message["role"] == "assistant" for message in asked["messages"])]
        whole = size([asked["tools"], asked["system"], asked["messages"], asked.get("output_config")])
        read, Service.cached = self.cached, whole
        usage = {"input_tokens": 0, "cache_read_input_tokens": read, "cache_creation_input_tokens": whole - read}
        body = "".join(f"event: {each['type']}\ndata: {json.dumps(each)}\n\n" for each in self._events(turn, usage))
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("content-length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def _events(self, turn: ModelAnswered, usage: dict[str, int]) -> list[dict[str, Any]]:
        start = {"id": "msg_1", "type": "message", "role": "assistant", "model": self.model, "content": []}
        stop = {"stop_reason": turn.stop_reason}
        output = {"output_tokens": size(turn.content)}
        return [
            {"type": "message_start", "message": {**start, "stop_reason": None, "usage": usage}},
            *(
                {"type": "content_block_start", "index": index, "content_block": block}
                for index, block in enumerate(turn.content)
            ),
            {"type": "message_delta", "delta": stop, "usage": output},
            {"type": "message_stop"},
        ]

    def log_message(self, *_: Any) -> None:
        """Nothing but the result is printed."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("transcript", type=Path, nargs="?", default=TRANSCRIPT)
    parser.add_argument("--model", default="claude-opus-5-5")
    given = parser.parse_args()
    recording = Recording.read(given.transcript)
    Service.turns = [event for event in recording.events if isinstance(event, ModelAnswered)]
    Service.model = given.model
    service = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    threading.Thread(target=service.serve_forever, daemon=True).start()
    started = recording.started
    with tempfile.TemporaryDirectory() as home:
        url = f"http://127.0.0.1:{service.server_port}"
        told = {"ADVISOR_HOME": home, "ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": "none"}
        asked = ["ask", "-q", "-c", Path(started.agent).stem, "--model", given.model, started.question]
        for arguments in (asked + (["--as-of", started.as_of] if started.as_of else []), ["runs", "show", "last"]):
            done = subprocess.run(
                [sys.executable, "-m", "agent", *arguments], env=os.environ | told, capture_output=True, text=True
            )
            if done.returncode:
                sys.exit(done.stderr)
    print(done.stdout)


if __name__ == "__main__":
    main()
