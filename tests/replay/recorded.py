"""What the embedded market lists and answers, as a log would hold it; plain results; and ways to change both."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import anyio
from mcp import Client

from agent.events import ServerOpened
from agent.figures import FigureReader
from agent.market.server import build
from agent.replay.changes import Change, apply_answer
from agent.replay.recording import RecordedServer
from agent.tools.content import data_of
from agent.tools.listed import ListedTool

AS_OF = "2025-06-30"
FLOW, WHALES, HEATMAP, MACRO = "get_foreign_flow", "get_whale_activity", "get_sector_heatmap", "get_macro_indicators"


@cache
def market() -> RecordedServer:
    async def listed() -> tuple[ListedTool, ...]:
        async with Client(build("vn-sim")) as client:
            tools = (await client.list_tools()).tools
        return tuple(ListedTool.of(tool, "market", lambda value: value) for tool in tools)

    opened = ServerOpened("market", "in-process", "2026-07-28", "market", "1")
    return RecordedServer(opened, "Ask for one date only.", anyio.run(listed), ())


@cache
def _answered(tool: str, arguments: str) -> str:
    async def called() -> Any:
        async with Client(build("vn-sim")) as client:
            return await client.call_tool(tool, json.loads(arguments) | {"as_of": AS_OF})

    sent = anyio.run(called).model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"result_type", "meta"})
    return json.dumps(sent)


def answered(tool: str, **arguments: Any) -> dict[str, Any]:
    """The MCP result of one call, a copy of its own."""
    result: dict[str, Any] = json.loads(_answered(tool, json.dumps(arguments)))
    return result


def told(text: str, **more: Any) -> dict[str, Any]:
    """A result that is text only."""
    return {"content": [{"type": "text", "text": text}], **more}


def with_text_only(result: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in result.items() if key != "structuredContent"}


def change(result: dict[str, Any], *changes: dict[str, Any], tool: str = FLOW, **call: Any) -> dict[str, Any]:
    """The result after changes which have to touch it."""
    changed, touched = changed_or_not(result, *changes, tool=tool, **call)
    assert touched
    return changed


def changed_or_not(
    result: dict[str, Any], *changes: dict[str, Any], tool: str = FLOW, ordinal: int = 1, **arguments: Any
) -> tuple[dict[str, Any], bool]:
    return apply_answer([Change.model_validate(each) for each in changes], tool, arguments, ordinal, result)


def figures(result: dict[str, Any]) -> dict[tuple[str | None, str], tuple[float | None, str | None]]:
    """(Sector, metric) → value and unit, as the host reads them."""
    read = FigureReader().read(data_of(result), offered_as="", call="")
    return {(each.sector, each.metric): (each.value, each.unit) for each in read}


def rows(result: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = data_of(result)["rows"]
    return found


def name(each: dict[str, Any]) -> str:
    return next(iter(each))
