"""An MCP tool result without what is later than the run's as-of date: what a model and the figures get of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agent.asof import Gate, Withheld
from agent.encoding import JSON
from agent.shapes import GONE, Steps
from agent.tools.content import texts_of, wrapped_text

EMPTY_TEXT = {"type": "text", "text": ""}


def timely(result: Mapping[str, Any], as_of: str, places: Sequence[Steps] = ()) -> tuple[dict[str, JSON], Withheld]:
    """The result as it may be read, each block in its place, and what was withheld of it.

    `places`: steps to dates in its data that no key shows. Images and sound cannot be looked at, and stay.
    """
    gate, is_error = Gate(as_of, places), bool(result.get("isError"))
    structured, wrapped = result.get("structuredContent"), wrapped_text(result)
    kept: dict[str, JSON] = dict(result)
    if wrapped is not None:
        kept["structuredContent"] = {"result": gate.text(wrapped, is_error=is_error)}
    elif structured is not None:
        data = gate.data(structured)
        kept["structuredContent"] = {} if data is GONE else data
    elif len(texts := texts_of(result)) > 1:  # one may date the next, and figures are read from all of them together
        left = gate.text("\n\n".join(texts), is_error=is_error)
        return (kept | {"content": [{"type": "text", "text": left}]} if gate.withheld.rows else kept), gate.withheld
    repeated = Gate(as_of, places) if structured is not None else gate  # texts beside data say the same again
    kept["content"] = [_block(block, gate, repeated, is_error) for block in result.get("content") or []]
    if is_error and not gate.withheld.rows:
        return kept, repeated.withheld
    return kept, gate.withheld


def _block(block: dict[str, Any], gate: Gate, repeated: Gate, is_error: bool) -> dict[str, JSON]:
    match block.get("type"):
        case "text":
            return block | {"text": repeated.text(str(block.get("text", "")), is_error=is_error)}
        case "resource" if "text" in block.get("resource", {}):
            resource = block["resource"]
            return block | {"resource": resource | {"text": gate.text(str(resource["text"]))}}
        case "resource_link":
            said = "\n".join(str(block[key]) for key in ("uri", "name", "title") if block.get(key))
            return block if gate.text(said) == said else EMPTY_TEXT
    return block
