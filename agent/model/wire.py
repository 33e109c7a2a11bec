"""A request as the Messages API takes it: what may be cached, the answer's form, and nothing that the server lacks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from agent.model.base import Request
from agent.model.format import api_format, subset
from agent.spec import FeaturesSpec, ModelSpec

MARK = {"type": "ephemeral"}
SPAN = 18
"""Blocks after which a wider turn gets a mark of its own: a cache looks back over 20 of them for what it knows."""
MARKS = 2
"""How many such marks there may be: the service takes four in all, one is the system text's and one moves by itself."""
MARKABLE = {"text", "image", "tool_use", "tool_result"}


def parameters(spec: ModelSpec) -> dict[str, Any]:
    """What shapes every answer, for the log: thinking and features only where they are not as they come."""
    usual = FeaturesSpec().model_dump()
    unusual = {key: value for key, value in spec.features.model_dump().items() if value != usual[key]}
    told = {"thinking": spec.thinking, "features": unusual or None}
    return {
        "max_tokens": spec.max_tokens,
        "effort": spec.effort,
        **{key: value for key, value in told.items() if value is not None},
    }


def body(request: Request, spec: ModelSpec, model_id: str, features: FeaturesSpec) -> dict[str, Any]:
    """The keys that the request needs and the server takes."""
    cache = {"cache_control": MARK} if features.cache else {}
    format = api_format(request.schema) if features.format and request.schema else None
    output = {"effort": spec.effort if features.effort else None, "format": format}
    made = {
        "model": model_id,
        "max_tokens": request.parameters.get("max_tokens", spec.max_tokens),
        "system": [{"type": "text", "text": request.system, **cache}] if request.system else None,
        "messages": marked(request.messages) if features.cache else request.messages,
        "tools": [_strict(tool) for tool in request.tools] if features.strict else request.tools,
        "tool_choice": {"type": "none"} if request.answer_only and request.tools and features.tool_choice else None,
        "thinking": _thinking(spec) if features.thinking else None,
        "output_config": {key: value for key, value in output.items() if value is not None},
        **cache,
    }
    return {key: value for key, value in made.items() if value}


def marked(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """With marks inside the newest wide turns, so that what was written before them is found again."""
    places: dict[int, list[tuple[int, int]]] = {}
    for answer, place in _places(messages):
        places.setdefault(answer, []).append(place)
    newest = [place for turn in places.values() for place in turn[:MARKS]][-MARKS:]
    if not newest:
        return messages
    made = list(messages)
    for at, block in newest:
        content = list(made[at]["content"])
        content[block] = {**content[block], "cache_control": MARK}
        made[at] = {**made[at], "content": content}
    return made


def _places(messages: list[dict[str, Any]]) -> Iterator[tuple[int, tuple[int, int]]]:
    """Message and block of every mark that a wide turn wants, with where the turn begins: with the model's answer."""
    answer, passed, last = 0, 0, None
    for at, message in enumerate(messages):
        if message["role"] == "assistant":
            answer, passed, last = at, 0, None
        for block, each in enumerate(message["content"]):
            if passed >= SPAN and last and at > 0:
                yield answer, last
                passed, last = 0, None
            passed += 1
            last = (at, block) if each.get("type") in MARKABLE else last


def _strict(tool: dict[str, Any]) -> dict[str, Any]:
    """Undeclared arguments are refused here in any case."""
    schema = subset(tool["input_schema"], closing=True)
    return tool if schema is None else {**tool, "input_schema": schema, "strict": True}


def _thinking(spec: ModelSpec) -> dict[str, Any] | None:
    if isinstance(spec.thinking, int):
        return {"type": "enabled", "budget_tokens": spec.thinking}
    return {"type": spec.thinking} if spec.thinking else None
