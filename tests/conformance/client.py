"""The client that the conformance suite runs: `advisor ask` over the scenario's server, with a scripted model.

    python -m tests.conformance.client URL

The suite judges what goes over the wire. The model only decides what is called: each offered tool once, with the
smallest arguments that its schema allows, or the calls that the scenario asks for; then it answers.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeAlias

from tests.messages_api import MODEL, call, message, stream, text

Plan: TypeAlias = list[tuple[str, dict[str, Any]]]
"""Tools by name, with arguments, in the order in which they are called."""

ANSWER = json.dumps({"ok": True})


def agent(url: str) -> dict[str, Any]:
    """The agent file of one scenario. Calls are not required of a run, since some scenarios' servers have no tool."""
    return {
        "agent_name": "Conformance",
        "description": "You call every tool once.",
        "objective": "Call every tool once, then say that all is well.",
        "response_format": {"type": "object", "properties": {"ok": {"type": "boolean"}}},
        "strict": True,
        "mcpServers": {"s": {"url": url}},
        "policy": {"elicitation": "defaults", "writes": "allow", "require_calls": False},
        "model": {"name": MODEL},
    }


def plan_of(context: str | None) -> Plan | None:
    """The calls that a scenario asks for, if it does, from what the suite says of it."""
    asked = json.loads(context or "{}").get("toolCalls")
    return None if asked is None else [(each["name"], each["arguments"]) for each in asked]


def next_message(request: dict[str, Any], plan: Plan | None) -> dict[str, Any]:
    """What the model says next: the first call of the plan that has not been made, else the answer.

    It keeps nothing in mind: what has been called stands in the request.
    """
    tools = {tool["name"]: tool["input_schema"] for tool in request.get("tools", [])}
    calls = [(name, smallest(schema)) for name, schema in tools.items()] if plan is None else plan
    calls = [each for each in calls if each[0] in tools]
    made = sum(
        block["type"] == "tool_use"
        for said in request["messages"]
        if said["role"] == "assistant"
        for block in said["content"]
    )
    if made >= len(calls):
        return message(text(ANSWER))
    name, arguments = calls[made]
    return message(call(name, arguments, id=f"toolu_{made + 1}"))


def smallest(schema: dict[str, Any]) -> Any:
    """The smallest value that a plain schema allows."""
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][0]
    kind = schema.get("type", "string")
    match kind if isinstance(kind, str) else kind[0]:
        case "object":
            properties = schema.get("properties", {})
            return {name: smallest(properties.get(name, {})) for name in schema.get("required", [])}
        case "array":
            return [smallest(schema.get("items", {})) for _ in range(schema.get("minItems", 0))]
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return True
        case "null":
            return None
        case _:
            return "x" * max(1, schema.get("minLength", 1))


@contextmanager
def scripted_model(plan: Plan | None) -> Iterator[str]:
    """The URL of a Messages API on loopback that follows the plan."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["content-length"])))
            content = stream(next_message(request, plan))
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def main(url: str) -> int:
    """One run over the server at `url`; its exit code. The suite keeps what it prints."""
    plan = plan_of(os.environ.get("MCP_CONFORMANCE_CONTEXT"))
    with tempfile.TemporaryDirectory() as folder, scripted_model(plan) as model:
        Path(folder, "agent.json").write_text(json.dumps(agent(url)), encoding="utf-8")
        command = [sys.executable, "-m", "agent", "ask", "-c", "agent.json", "--format", "envelope"]
        settings = {"ANTHROPIC_BASE_URL": model, "ANTHROPIC_API_KEY": "test", "ADVISOR_HOME": folder}
        return subprocess.run(command, cwd=folder, env=os.environ | settings, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
