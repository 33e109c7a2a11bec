"""`advisor serve` as a chat client meets it: a process of its own, over stdio or HTTP, in both eras of the protocol."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import jsonschema
import yaml
from mcp import Client, StdioServerParameters, stdio_client
from mcp.client import advertise
from mcp.server.apps import APP_MIME_TYPE, EXTENSION_ID
from mcp_types import CallToolResult, TextContent, TextResourceContents, Tool

from agent import agentfile
from agent.serving.desk import Desk
from agent.serving.offered import tools_of
from agent.serving.server import build
from tests.cli.advisor import ADVISOR, write

ERAS = ("auto", "legacy")
SHOWS_APPS = [advertise(EXTENSION_ID, {"mimeTypes": [APP_MIME_TYPE]})]
KEY = {"ANTHROPIC_API_KEY": "sk-test-key-1"}
NAME = "dynamic_sector_advisor"
ASKED = {"question": "Which sectors lead?", "as_of": "2025-06-30"}
RAW = Path(__file__).parent.parent / "fixtures" / "raw_server.py"


@asynccontextmanager
async def over_stdio(
    *options: str, mode: str = "auto", apps: bool = False, env: dict[str, str] | None = None, errors: Path | None = None
) -> AsyncIterator[Client]:
    """`errors`: where what the server prints on stderr goes."""
    variables = {"ADVISOR_HOME": os.environ["ADVISOR_HOME"], **(env or {})}
    command, *arguments = [*ADVISOR, "serve", *options]
    parameters = StdioServerParameters(command=command, args=arguments, env=variables)
    with (errors or Path(os.devnull)).open("a") as sink:
        transport = stdio_client(parameters, errlog=sink)
        async with Client(transport, mode=mode, extensions=SHOWS_APPS if apps else None) as client:
            yield client


def in_process(
    *agents: str, mode: str = "auto", apps: bool = False, tell: Callable[[str], None] = lambda _: None
) -> Client:
    """Of a server of this process, whose runs are the planner's."""
    tools = tools_of(agentfile.load(name) for name in agents)
    return Client(build(tools, Desk(offline=True), tell), mode=mode, extensions=SHOWS_APPS if apps else None)


@contextmanager
def started(*options: str, env: dict[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
    """The process, killed at the end if it has not ended by itself."""
    streams = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    command = [*ADVISOR, "serve", *options]
    with subprocess.Popen(command, text=True, env=os.environ | (env or {}), **streams) as process:
        try:
            yield process
        finally:
            process.kill()


def address(process: subprocess.Popen[str]) -> str:
    """Of a server that is started with --http."""
    assert process.stderr
    return process.stderr.readline().split()[-1]


def text_of(result: CallToolResult) -> str:
    [block] = result.content
    assert isinstance(block, TextContent)
    return block.text


async def read(client: Client, uri: str) -> TextResourceContents:
    [content] = (await client.read_resource(uri)).contents
    assert isinstance(content, TextResourceContents)
    return content


def raw(behaviour: str = "well") -> dict[str, Any]:
    """An agent file of one tool, `double`, whose server behaves so."""
    return {
        "agent_name": "Waiting",
        "description": "It waits",
        "mcpServers": {"raw": {"command": sys.executable, "args": [str(RAW), behaviour]}},
        "response_format": {"type": "object", "properties": {"summary": {"type": "string"}}},
    }


def silent(folder: Path) -> str:
    """Where an agent file lies whose tool never answers."""
    return write(folder, yaml.safe_dump(raw("silent-in-call")))


def judged(tool: Tool, structured: dict[str, Any] | None) -> dict[str, Any]:
    assert structured is not None and tool.output_schema is not None
    jsonschema.Draft202012Validator.check_schema(tool.output_schema)
    jsonschema.validate(structured, tool.output_schema)
    return structured


async def only_tool(client: Client) -> Tool:
    [tool] = (await client.list_tools()).tools
    return tool
