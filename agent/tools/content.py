"""An MCP tool result, as JSON → its data, and the text that the model is shown."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from agent import data

EMPTY = "(empty)"


def data_of(result: Mapping[str, Any]) -> Any:
    """The machine-readable part: structured content, else a lone text block that is JSON, else None."""
    if result.get("structuredContent") is not None:
        return result["structuredContent"]
    content = result.get("content") or []
    if len(content) == 1 and content[0].get("type") == "text":
        try:
            return json.loads(content[0]["text"], parse_constant=lambda _: None, parse_float=_finite)
        except (ValueError, RecursionError):
            return None
    return None


def _finite(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


def text_of(result: Mapping[str, Any]) -> str:
    """What the model reads. An error is told in the server's own words; other results prefer structured content."""
    blocks = [_block_text(block) for block in result.get("content") or []]
    text = "\n".join(each for each in blocks if each)
    structured = result.get("structuredContent")
    if structured is None or (result.get("isError") and text.strip()):
        return text if text.strip() else EMPTY
    unread = [_block_text(block) for block in result.get("content") or [] if block.get("type") != "text"]
    return "\n".join([json.dumps(structured, ensure_ascii=False, separators=(",", ":")), *unread])


def _block_text(block: Mapping[str, Any]) -> str:
    """Text as it is; what a text cannot hold is named with its kind, type and size."""
    match block.get("type"):
        case "text":
            return str(block.get("text", ""))
        case "image" | "audio" as kind:
            size = len(block.get("data", "")) * 3 // 4
            return f"[{kind}, {block.get('mimeType', 'unknown type')}, about {size} bytes, not shown]"
        case "resource_link":
            return f"[resource {block.get('uri')}: {block.get('title') or block.get('name') or 'no title'}, not read]"
        case "resource":
            resource = block.get("resource", {})
            if "text" in resource:
                return str(resource["text"])
            return f"[resource {resource.get('uri')}, {resource.get('mimeType', 'unknown type')}, not shown]"
        case kind:
            return f"[content of kind {kind!r}, not shown]"


def cut(text: str, limit: int) -> str:
    """`text` within `limit` characters: head, notice, tail. The notice says how much is missing."""
    if len(text) <= limit:
        return text
    longest = len(_notice(len(text), len(text)))
    room = max(limit - longest, 0)
    head = room * 3 // 4
    return text[:head] + _notice(len(text) - room, len(text)) + text[len(text) - (room - head) :]


def _notice(missing: int, everything: int) -> str:
    return f"\n{data.words('cut', missing=missing, all=everything)}\n"
