"""A model that follows a script, and an in-memory market of three sectors, for runs without sockets."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from mcp.server.mcpserver import MCPServer
from mcp_types import ToolAnnotations

from agent.model.base import Request, Turn, Usage
from tests.messages_api import call, text

READ_ONLY = ToolAnnotations(read_only_hint=True)
ANSWER = {
    "sector_recommendations": [
        {"sector_name": "Banks", "action": "overweight", "rationale": "It rose the most.", "confidence_score": 0.6},
        {"sector_name": "Energy", "action": "underweight", "rationale": "It fell the most.", "confidence_score": 0.55},
    ],
    "heatmap_url": "",
}
LOOK = call("get_sector_heatmap", {"lookback_period": "3M"})
SECTOR_FORM = {
    "type": "object",
    "properties": {
        "sector_recommendations": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "sector_name": {"type": "string"},
                    "action": {"type": "string", "enum": ["overweight", "underweight", "neutral"]},
                    "rationale": {"type": "string"},
                    "confidence_score": {"type": "number"},
                },
            },
        },
        "heatmap_url": {"type": "string"},
    },
}


def agent_file(**keys: Any) -> dict[str, Any]:
    return {"agent_name": "Tester", "description": "You test.", "response_format": SECTOR_FORM, **keys}


def said(*content: dict[str, Any], stop_reason: str | None = None, **more: Any) -> Turn:
    called = any(block["type"] == "tool_use" for block in content)
    return Turn(
        content=list(content),
        stop_reason=stop_reason or ("tool_use" if called else "end_turn"),
        model="scripted",
        usage=Usage(input=100, output=10),
        **more,
    )


def answer(value: Any = ANSWER) -> Turn:
    return said(text(value if isinstance(value, str) else json.dumps(value)))


class Scripted:
    """Each step is a turn, an exception to raise, or a function of the request; the script has to be used up."""

    name = "scripted"
    label = None

    def __init__(self, *steps: Turn | Exception | Callable[[Request], Any], paid: bool = True) -> None:
        self.steps = list(steps)
        self.paid = paid
        self.parameters: dict[str, Any] = {}
        self.requests: list[Request] = []
        self.closed = False

    async def answer(self, request: Request) -> Turn:
        assert len(self.requests) < len(self.steps), "the model was asked more often than the script says"
        self.requests.append(request)
        step = self.steps[len(self.requests) - 1]
        if isinstance(step, Exception):
            raise step
        if isinstance(step, Turn):
            return step
        outcome = step(request)
        turn = await outcome if hasattr(outcome, "__await__") else outcome
        assert isinstance(turn, Turn)
        return turn

    async def close(self) -> None:
        self.closed = True


def market(kind: str = "real", **extra_tools: Callable[..., Any]) -> MCPServer[Any]:
    server: MCPServer[Any] = MCPServer("small-market")

    @server.tool(annotations=READ_ONLY)
    def get_sector_heatmap(lookback_period: str = "3M", as_of: str = "2020-01-31") -> dict[str, Any]:
        """Performance by sector."""
        rows = [{"sector": "Banks", "performance": 4.2}, {"sector": "Energy", "performance": -3.1}]
        columns = {"performance": {"unit": "percent", "lookback": lookback_period}}
        return {"kind": kind, "as_of": as_of, "observed_at": as_of, "columns": columns, "rows": rows}

    for name, function in extra_tools.items():
        server.add_tool(function, name=name, annotations=READ_ONLY)
    return server
