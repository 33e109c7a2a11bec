"""A stdio MCP server of few lines and no SDK that breaks in one way, and keeps a diary of what it did.

Usage: python stdio_server.py BEHAVIOUR FOLDER

FOLDER gets `starts`, `heard` and `calls`: a line for each process, each request, each call that was carried out.
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

LIFETIME = 300
"""Seconds after which a server ends whatever happens, so that a test that fails leaves nothing behind for long."""
LINE = b"all is well, or so it seems to me today\n"
SPOILT = b'{"jsonrpc": "2.0", "id": %b, "result": {"content": [{"type": "text", "text": "caf\xe9 \xff"}]}}\n'
NUMBER = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
FORM = {
    "type": "object",
    "properties": {"name": {"type": "string", "default": "Ann"}, "sure": {"type": "boolean"}},
    "required": ["name", "sure"],
}
QUESTION = {"message": "Who?", "requestedSchema": FORM}
COMPLETE = {"resultType": "complete", "ttlMs": 0, "cacheScope": "private"}
"""What the protocol of 2026-07-28 wants of a result."""
NEWER = ("knows-no-old-way", "asks-in-rounds", "asks-for-ever")
"""Behaviours of servers that speak the protocol of 2026-07-28."""


def tool(name: str, description: str, *, read_only: bool = True, schema: dict = NUMBER) -> dict:
    hints = {"readOnlyHint": read_only}
    return {"name": name, "description": description, "inputSchema": schema, "annotations": hints}


DOUBLE = tool("double", "Twice n.")
TOOLS = [DOUBLE, tool("sized", "A text of n bytes."), tool("wipe", "Forgets n things.", read_only=False)]
ASK = tool("ask", "Asks who is there.", schema={"type": "object", "properties": {}})
MALFORMED = [{"name": "bad", "inputSchema": {"type": "strin"}}, {"name": "worse"}, 7]
WORDS = tool("double", "Twice a word.", schema={"type": "object", "properties": {"word": {"type": "string"}}})


def result_of(name: str, n: int) -> dict:
    """What a call brings where all is well."""
    if name == "sized":
        return {"content": [{"type": "text", "text": "x" * n}]}
    value = {"doubled": 2 * n} if name == "double" else {name: n}
    return {"content": [{"type": "text", "text": json.dumps(value)}], "structuredContent": value}


class Diary:
    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)

    def write(self, page: str, line: object) -> None:
        with (self._folder / page).open("a") as lines:
            lines.write(f"{line}\n")

    def count(self, page: str) -> int:
        path = self._folder / page
        return len(path.read_text().splitlines()) if path.exists() else 0


class Server:
    def __init__(self, behaviour: str, folder: str) -> None:
        self.behaviour = behaviour
        self.folder = folder
        self.diary = Diary(folder)

    def send(self, message: dict) -> None:
        self.put(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")

    def put(self, raw: bytes) -> None:
        sys.stdout.buffer.write(raw)
        sys.stdout.buffer.flush()

    def serve(self) -> None:
        signal.alarm(LIFETIME)
        self.diary.write("starts", os.getpid())
        self.begin()
        for line in sys.stdin.buffer:
            self.hear(json.loads(line))
        while self.behaviour == "stubborn":
            signal.pause()

    def begin(self) -> None:
        match self.behaviour:
            case "exits":
                die("loading\nDB password missing\n", 1)
            case "killed-at-start":
                os.kill(os.getpid(), signal.SIGKILL)
            case "silent-at-start":
                wait_for_ever()
            case "stubborn":
                ignore_signals()
            case "stubborn-family":
                ignore_signals()
                self.leave_a_child()
            case "garbage":
                self.put(b'Welcome!\n{\n[]\n\n{"jsonrpc": "2.0"}\n\0\x1b[31m\n')
            case "invalid-utf8":
                self.put(b"caf\xe9 \xff\xfe\n")
            case "line-without-end":
                while True:
                    self.put(b"x" * (1 << 16))
            case "floods-stderr":
                sys.stderr.buffer.write(LINE * 100_000)
            case "leaves-a-child":
                self.leave_a_child()

    def leave_a_child(self) -> None:
        """It inherits which signals are ignored, and when to end."""
        program = f"import signal\nsignal.alarm({LIFETIME})\nwhile True: signal.pause()"
        subprocess.Popen([sys.executable, "-c", program, self.folder])

    def hear(self, message: dict) -> None:
        """Requests only; nothing here waits for a notification."""
        if "id" not in message or "method" not in message:
            return
        self.diary.write("heard", message["method"])
        params = message.get("params") or {}
        match message["method"]:
            case "initialize" if self.behaviour == "knows-no-old-way":
                die("what is that?\n", 71)
            case "initialize":
                capabilities = {"tools": {"listChanged": True}}
                info = {"name": "faulty", "version": "1"}
                result = {"protocolVersion": "2025-06-18", "capabilities": capabilities, "serverInfo": info}
                self.send({"id": message["id"], "result": result})
            case "server/discover" if self.behaviour in NEWER:
                known = {"supportedVersions": ["2026-07-28"], "capabilities": {"tools": {}}}
                self.send({"id": message["id"], "result": COMPLETE | known})
            case "tools/list" if self.behaviour == "silent-at-list":
                wait_for_ever()
            case "tools/list" if self.behaviour == "exits-at-list":
                die("the database went away\n", 4)
            case "tools/list":
                form = COMPLETE if self.behaviour in NEWER else {}
                self.send({"id": message["id"], "result": form | self.tools(params.get("cursor"))})
            case "tools/call" if self.behaviour in ("asks-in-rounds", "asks-for-ever"):
                self.send({"id": message["id"], "result": self.round(params.get("inputResponses"))})
            case "tools/call":
                self.call(message["id"], params["name"], params.get("arguments") or {})
            case _ if self.behaviour == "exits-on-unknown-method":
                die("a method that I do not know!\n", 70)
            case _ if self.behaviour == "ignores-unknown-methods":
                pass
            case unknown:
                self.send({"id": message["id"], "error": {"code": -32601, "message": f"unknown method {unknown}"}})

    def tools(self, cursor: str | None) -> dict:
        match self.behaviour:
            case "malformed-tool":
                return {"tools": [MALFORMED[0], *TOOLS, *MALFORMED[1:]]}
            case "endless-pages":
                page = int(cursor or 0)
                return {"tools": [tool(f"tool_{page}", "One of many.")], "nextCursor": str(page + 1)}
            case "same-page-for-ever":
                return {"tools": [] if cursor else TOOLS, "nextCursor": "again"}
            case "list-changes" if self.diary.count("calls"):
                return {"tools": [*TOOLS, tool("triple", "Thrice n.")]}
            case "list-shrinks" if self.diary.count("calls"):
                return {"tools": TOOLS[1:]}
            case "other-tools-when-opened-again" if self.diary.count("starts") > 1:
                return {"tools": [WORDS]}
            case "elicits" | "asks-in-rounds" | "asks-for-ever":
                return {"tools": [*TOOLS, ASK]}
        return {"tools": TOOLS}

    def call(self, id: object, name: str, arguments: dict) -> None:
        """Carry a call out, unless the behaviour is to do something else."""
        before = self.diary.count("calls")
        self.diary.write("calls", name)
        match self.behaviour:
            case "dies-in-every-call":
                die("out of memory\n", 3)
            case "dies-in-first-call" | "other-tools-when-opened-again" if not before:
                die("out of memory\n", 3)
            case "dies-within-a-result":
                self.put(b'{"jsonrpc": "2.0", "id": 3, "resu')
                die("the disk is full\n", 9)
            case "hangs-up-in-first-call" if not before:
                os.close(1)
                wait_for_ever()
            case "silent-in-call" | "stubborn-family":
                wait_for_ever()
            case "garbage":
                self.put(b'oops\n{"jsonrpc": "2.0", "id": 4711, "result": {}}\n"text"\n')
            case "floods-stderr":
                sys.stderr.buffer.write(LINE * 100_000)
            case "list-changes" | "list-shrinks" if not before:
                self.send({"method": "notifications/tools/list_changed"})
        if name == "ask":
            self.ask(id)
        elif self.behaviour == "invalid-utf8":
            self.put(SPOILT % json.dumps(id).encode())
        elif self.behaviour == "no-result":
            self.send({"id": id, "result": {"content": "four"}})
        else:
            form = COMPLETE if self.behaviour in NEWER else {}
            self.send({"id": id, "result": form | result_of(name, arguments["n"])})
        if self.behaviour == "exits-after-call":
            sys.exit(0)

    def round(self, answers: dict | None) -> dict:
        """In the newer way: a result that asks, and the call once more with the answer."""
        if answers is None or self.behaviour == "asks-for-ever":
            question = {"method": "elicitation/create", "params": QUESTION}
            return {"resultType": "input_required", "inputRequests": {"q": question}, "requestState": "asked"}
        self.diary.write("calls", "ask")
        return COMPLETE | {"content": [{"type": "text", "text": json.dumps(answers["q"])}]}

    def ask(self, id: object) -> None:
        """In the old way: a request of the server's own while the call is under way."""
        self.send({"id": "q", "method": "elicitation/create", "params": QUESTION})
        for line in sys.stdin.buffer:
            if (reply := json.loads(line)).get("id") == "q":
                said = reply.get("result") or reply["error"]
                self.send({"id": id, "result": {"content": [{"type": "text", "text": json.dumps(said)}]}})
                return


def ignore_signals() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def die(words: str, status: int) -> None:
    sys.stderr.write(words)
    sys.stderr.flush()
    os._exit(status)


def wait_for_ever() -> None:
    while True:
        signal.pause()


if __name__ == "__main__":
    Server(*sys.argv[1:]).serve()
