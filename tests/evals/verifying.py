"""Runs over servers that are changed afterwards: objects of this process, and a program that doubles."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mcp.server.lowlevel import Server
from mcp.server.mcpserver import MCPServer
from mcp_types import CallToolResult, ListToolsResult, Tool
from mcp_types import ToolAnnotations as Hints

from agent import agentfile
from agent.agentfile import AgentFile
from agent.evals.verify import Drift, verify
from agent.replay.recording import Recording
from agent.run import run
from agent.source import Source
from agent.tools.pool import in_process
from tests.messages_api import call
from tests.scripted import READ_ONLY, Scripted, agent_file, answer, said
from tests.tools.raw import PROGRAM

TOOL = "look"


def parsed(**keys: Any) -> AgentFile:
    return agentfile.parse(Source("agent.yaml", agent_file(**keys)))


def serving(function: Callable[..., Any], hints: Hints | None = READ_ONLY, **about: Any) -> MCPServer[Any]:
    """A server with one tool."""
    server: MCPServer[Any] = MCPServer("desk", **about)
    server.add_tool(function, name=TOOL, description="Looks.", annotations=hints)
    return server


ANYTHING = {"type": "object", "additionalProperties": True}


def sending(result: CallToolResult | dict[str, Any]) -> Server[Any]:
    """A server whose tool always gives the same result; a mapping is its structured content."""

    async def call_tool(context: object, params: object) -> CallToolResult:
        return result if isinstance(result, CallToolResult) else CallToolResult(content=[], structured_content=result)

    async def list_tools(context: object, params: object) -> ListToolsResult:
        return ListToolsResult(tools=[Tool(name=TOOL, input_schema=ANYTHING, annotations=READ_ONLY)])

    return Server("desk", on_list_tools=list_tools, on_call_tool=call_tool)


async def recorded(server: Any, *arguments: dict[str, Any], file: AgentFile | None = None) -> Recording:
    """A run that called the tool once with each of the arguments, one after the other."""
    calls = [call(TOOL, each, id=f"c{at}") for at, each in enumerate(arguments or ({},))]
    model = Scripted(*(said(each) for each in calls), answer())
    result = await run(file or parsed(), "Which sectors?", model=model, servers={"desk": server})
    assert result.folder
    return Recording.read(result.folder)


async def verified(then: Any, now: Any, *arguments: dict[str, Any], file: AgentFile | None = None) -> list[Drift]:
    recording = await recorded(then, *arguments, file=file)
    return await verify(recording, file or parsed(), in_process({"desk": now}))


def stdio(program: Path = PROGRAM, behaviour: str = "well", **more: Any) -> dict[str, Any]:
    return {"command": sys.executable, "args": [str(program), behaviour], **more}


def rewritten(folder: Path, text: str, other: str) -> Path:
    """The program that doubles, with one of its texts replaced."""
    program = PROGRAM.read_text(encoding="utf-8")
    assert text in program
    (folder / "program.py").write_text(program.replace(text, other), encoding="utf-8")
    return folder / "program.py"


async def recorded_twice_of(server: dict[str, Any]) -> Recording:
    """A run over a program that doubles, which called it with 2 and with 3."""
    calls = [call("double", {"n": n}, id=f"c{n}") for n in (2, 3)]
    model = Scripted(said(*calls), answer())
    result = await run(agent_file(mcpServers={"raw": server}), "Which sectors?", model=model)
    assert result.folder
    return Recording.read(result.folder)
