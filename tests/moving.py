"""A market whose figures are others on another date, and runs over it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from mcp.server.mcpserver import MCPServer

from agent.result import RunResult
from tests.asking import ask
from tests.messages_api import call
from tests.scripted import READ_ONLY, Scripted, answer, said

JUNE, SEPTEMBER = "2020-06-30", "2020-09-30"
FIGURES = {JUNE: (4.2, -3.1, 0.5), SEPTEMBER: (-6.0, -3.1, 5.0)}
"""Performance of Banks, Energy and Media by date; of any other date it is that of June."""
HEATMAP = call("get_sector_heatmap", {"lookback_period": "3M"})


def moving_market(
    kind: str = "real", figures: Mapping[str, tuple[float, ...]] = FIGURES, **tools: Callable[..., Any]
) -> MCPServer[Any]:
    server: MCPServer[Any] = MCPServer("moving-market")

    @server.tool(annotations=READ_ONLY)
    def get_sector_heatmap(lookback_period: str = "3M", as_of: str = JUNE) -> dict[str, Any]:
        """Performance by sector."""
        values = zip(("Banks", "Energy", "Media"), figures.get(as_of, figures[JUNE]), strict=True)
        rows = [{"sector": sector, "performance": value} for sector, value in values]
        columns = {"performance": {"unit": "percent", "lookback": lookback_period}}
        return {"kind": kind, "as_of": as_of, "observed_at": as_of, "columns": columns, "rows": rows}

    for name, function in tools.items():
        server.add_tool(function, name=name, annotations=READ_ONLY)
    return server


def advised(banks: str = "overweight", confidence: float = 0.6, why: str = "It moved the most.") -> dict[str, Any]:
    given = [("Banks", banks, confidence), ("Energy", "underweight", 0.55)]
    return {
        "sector_recommendations": [
            {"sector_name": sector, "action": action, "rationale": why, "confidence_score": sure}
            for sector, action, sure in given
        ],
        "heatmap_url": "",
    }


async def moving_run(
    as_of: str | None = JUNE, given: Any = None, *, looks: tuple[dict[str, Any], ...] = (HEATMAP,), **options: Any
) -> RunResult:
    """A run that looks, and then answers what is `given`."""
    turns = [said(*looks)] if looks else []
    model = Scripted(*turns, answer(json.dumps(given if given is not None else advised())))
    model.name = options.pop("model_name", "scripted")
    model.parameters = options.pop("parameters", {})
    options.setdefault("servers", {"market": moving_market()})
    options.setdefault("allow_live", True)
    return await ask(model, as_of=as_of, **options)
