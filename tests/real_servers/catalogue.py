"""Which servers are tried, how each is installed below a folder and started, and the call that is made."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from tests.conformance import npm

HERE = Path(__file__).parent
EVERYTHING = "@modelcontextprotocol/server-everything"
FILES = "@modelcontextprotocol/server-filesystem"


class Unusable(Exception):
    """What an installer, or a server that was to listen, said last."""


@dataclass(frozen=True)
class Candidate:
    """`packages`: what is installed, the server's own first. `run`: the script or program in it, and its arguments;
    `{folder}` is a folder with one file in it, `{here}` the one of this module.
    """

    name: str
    registry: Literal["npm", "pypi"]
    packages: list[str]
    run: list[str]
    tool: str
    arguments: dict[str, Any]
    env: dict[str, str] = field(default_factory=dict)
    transport: Literal["stdio", "http", "sse"] = "stdio"

    def installed(self, cache: Path) -> str:
        """Install it where it is not; its version. Raises Unusable."""
        if self.registry == "npm":
            return npm.version_of(npm.package(cache / "npm", self.packages[0]))
        place = self._venv(cache)
        python = place / "bin" / "python"
        asked = [str(python), "-c", f"from importlib.metadata import version; print(version({self.packages[0]!r}))"]
        said = subprocess.run(asked, capture_output=True, text=True, check=False) if python.exists() else None
        if said is None or said.returncode:
            _run([sys.executable, "-m", "venv", str(place)])
            _run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *self.packages])
            said = subprocess.run(asked, capture_output=True, text=True, check=True)
        return said.stdout.strip()

    @contextmanager
    def block(self, cache: Path, folder: Path) -> Iterator[dict[str, Any]]:
        """What stands under mcpServers, for as long as a server that is reached by a URL runs. Raises Unusable."""
        program, *arguments = [each.format(folder=folder, here=HERE) for each in self.run]
        if self.registry == "npm":
            command = [npm.node(), str(cache / "npm" / "node_modules" / self.packages[0] / program), *arguments]
        else:
            command = [str(self._venv(cache) / "bin" / program), *arguments]
        if self.transport == "stdio":
            yield {"command": command[0], "args": command[1:], "env": self.env}
            return
        with _listening(command) as port:
            path = {"http": "mcp", "sse": "sse"}[self.transport]
            yield {"url": f"http://127.0.0.1:{port}/{path}", "type": self.transport}

    def _venv(self, cache: Path) -> Path:
        return cache / "pypi" / self.packages[0]


CANDIDATES = [
    Candidate(
        "everything", "npm", [EVERYTHING], ["dist/index.js"], "get-structured-content", {"location": "New York"}
    ),
    Candidate(
        "everything-http", "npm", [EVERYTHING], ["dist/index.js", "streamableHttp"], "trigger-elicitation-request", {},
        transport="http",
    ),
    Candidate(
        "everything-sse", "npm", [EVERYTHING], ["dist/index.js", "sse"], "trigger-long-running-operation",
        {"duration": 1, "steps": 2}, transport="sse",
    ),
    Candidate("filesystem", "npm", [FILES], ["dist/index.js", "{folder}"], "list_directory", {"path": "{folder}"}),
    Candidate("fastmcp", "pypi", ["fastmcp"], ["python", "{here}/tiny_fastmcp.py"], "average", {"values": [1, 2, 6]}),
    Candidate(
        "yahoo-finance", "pypi", ["mcp-yahoo-finance"], ["mcp-yahoo-finance"], "get_current_stock_price",
        {"symbol": "XLK"},
    ),
    Candidate("vnstock", "pypi", ["vnstock-mcp"], ["vnstock-mcp"], "get_company_info", {"symbol": "VCB"}),
    Candidate(
        "sec-edgar", "pypi", ["sec-edgar-mcp"], ["sec-edgar-mcp"], "get_cik_by_ticker", {"ticker": "MSFT"},
        env={"SEC_EDGAR_USER_AGENT": "Sector Advisor (tests@example.com)"},
    ),
    Candidate(
        "openbb", "pypi", ["openbb-mcp-server", "openbb-federal-reserve"], ["openbb-mcp", "--transport", "stdio"],
        "federal_reserve_yield_curve", {},
    ),
]  # fmt: skip


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unusable((done.stderr or done.stdout).strip().splitlines()[-1])


@contextmanager
def _listening(command: list[str]) -> Iterator[int]:
    """The port of a server that is told one by the variable PORT, and says on stderr when it listens there."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = os.environ | {"PORT": str(port)}
    with subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        try:
            if not any(str(port) in line for line in process.stderr):
                raise Unusable(f"it ended with {process.wait()} before it listened")
            yield port
        finally:
            process.terminate()


def agent_file(candidate: Candidate, block: dict[str, Any]) -> str:
    """As JSON; its answer is never asked for."""
    said = {
        "agent_name": candidate.name,
        "description": "You try a server.",
        "response_format": {"type": "object", "properties": {"ok": {"type": "boolean"}}},
        "policy": {"writes": "allow", "elicitation": "defaults"},
        "mcpServers": {candidate.name: block},
    }
    return json.dumps(said)
