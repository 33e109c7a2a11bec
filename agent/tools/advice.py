"""What to do about a server that failed, and why it failed at its start, in a sentence each."""

from __future__ import annotations

from pathlib import Path

from agent.server_spec import StdioServer
from agent.spec import TimeoutSpec
from agent.tools.connection import Connection, ServerSpec
from agent.tools.faults import innermost, reason, refusal_of

TOKEN = 'headers: {Authorization: "Bearer ${TOKEN}"}'
PROGRAMS = {
    "node": "install Node.js",
    "npx": "install Node.js, which brings npx",
    "npm": "install Node.js, which brings npm",
    "uv": "install uv",
    "uvx": "install uv, which brings uvx",
    "docker": "install Docker, and start it",
}


def for_missing(program: str) -> str:
    return PROGRAMS.get(Path(program).name, "install it, or write its whole path")


def in_general(spec: ServerSpec) -> str:
    if isinstance(spec, StdioServer):
        return "run the command by hand to see why"
    return "check the URL, and whether the server runs"


def of_start(error: Exception, connection: Connection | None, timeouts: TimeoutSpec) -> tuple[str, str | None]:
    """Why a server did not start, and what to do about it, where that is known."""
    inner = innermost(error)
    process = connection.process if connection else None
    if process and process.endless:
        return "it sent a line that did not end", None
    if isinstance(inner, TimeoutError) and connection:
        did = "did not answer" if connection.step == "start" else "did not list its tools"
        hint = f"raise timeouts.{connection.step}"
        if process and process.noise:
            hint += ", if it is an MCP server at all: those print nothing else on stdout"
        return f"it {did} within {getattr(timeouts, connection.step):g} s", hint
    if isinstance(inner, FileNotFoundError) and inner.filename:
        return reason(error), for_missing(str(inner.filename))
    last = connection.refusal if connection else None
    refusal = refusal_of(inner, last)
    if refusal and (refusal.signs_in or refusal.status in (401, 403)):
        wants = "a token" if refusal.signs_in else "credentials"
        return reason(error, last), f"the server wants {wants}: set its headers, such as {TOKEN}"
    return reason(error, last), None
