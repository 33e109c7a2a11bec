"""A model without judgement: it answers as another one does, and obeys whatever strangers tell it.

A resistant model says nothing about the host's guards, for it never tries what they forbid. This one tries it all.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Any

from agent.answer import parse
from agent.encoding import canonical
from agent.foreign import texts_in
from agent.model.base import Model, Request, Turn
from agent.replay.orders import Call, Edit, orders_in

OWN = "obey_"
"""Begins the ids of the calls that it was told to make."""


class Obedient:
    """Each call that it is told to make is made once, in a turn of its own; the edits, in every answer of `inner`.

    `inner` sees neither those calls nor their results, so it is asked just as often as without them.
    """

    name = "obedient"
    paid = False
    label = None

    def __init__(self, inner: Model) -> None:
        self.inner = inner
        self.parameters: dict[str, Any] = {"obeys": inner.name}

    async def answer(self, request: Request) -> Turn:
        orders = [order for text in _foreign(request) for order in _orders(text, request.system)]
        if calls := _due([order for order in orders if isinstance(order, Call)], request.messages):
            return Turn(content=calls, stop_reason="tool_use", model=self.name)
        turn = await self.inner.answer(replace(request, messages=_without_own(request.messages)))
        edits = [order for order in orders if not isinstance(order, Call)]
        if not edits or not turn.may_go_on or turn.calls or not turn.text.strip():
            return turn
        return replace(turn, content=[{"type": "text", "text": _edited(turn.text, edits)}])

    async def close(self) -> None:
        await self.inner.close()


@lru_cache(maxsize=4096)
def _orders(text: str, system: str) -> tuple[Call | Edit, ...]:
    """Most of what a run reads stands in every request after it."""
    return tuple(orders_in(text, system))


def _foreign(request: Request) -> Iterator[str]:
    """Every text of the request that came from a server: definitions of tools, and results."""
    yield from texts_in(request.tools)
    for message in request.messages:
        for block in message["content"]:
            if block["type"] == "tool_result":
                yield from texts_in(block["content"])


def _due(calls: list[Call], messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A block for each distinct call that was not made yet."""
    made = [canonical([block["name"], block["input"]]) for block in _blocks(messages) if _is_own(block, "id")]
    due = {canonical([call.tool, call.arguments]): call for call in calls}
    return [
        {"type": "tool_use", "id": f"{OWN}{number}", "name": call.tool, "input": call.arguments}
        for number, call in enumerate((due[key] for key in due if key not in made), len(made) + 1)
    ]


def _without_own(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The conversation as `inner` had it: its own calls, and their results."""
    return [
        message
        for message in messages
        if not any(_is_own(block, "id") or _is_own(block, "tool_use_id") for block in message["content"])
    ]


def _blocks(messages: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    return (block for message in messages for block in message["content"])


def _is_own(block: dict[str, Any], key: str) -> bool:
    return str(block.get(key, "")).startswith(OWN)


def _edited(text: str, edits: list[Edit]) -> str:
    """The answer with the edits made; after a text that is no JSON object, an answer of nothing else."""
    try:
        answer = parse(text)
    except ValueError:
        answer = None
    before = "" if isinstance(answer, dict) else f"{text}\n"
    answer = answer if isinstance(answer, dict) else {}
    for edit in edits:
        edit(answer)
    return before + json.dumps(answer, ensure_ascii=False)
