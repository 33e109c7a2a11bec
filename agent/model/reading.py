"""An answer of the Messages API, put together: from the events of its stream, or from a message in one piece."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from agent.errors import ModelError
from agent.model.base import Hear, Turn, Usage

PASSING = {"overloaded_error", "api_error", "rate_limit_error", "timeout_error"}
"""Errors inside a stream that began well and may go well next time."""


def _float(text: str) -> float | None:
    return number if math.isfinite(number := float(text)) else None


_DECODER = json.JSONDecoder(parse_float=_float, parse_constant=lambda _: None)


def decoded(text: str) -> Any:
    """JSON, with null for numbers that it does not have: nobody could send them back. Raises ValueError."""
    return _DECODER.decode(text)


@dataclass
class Answer:
    """Takes events with `add` until `whole`; `usage` is what was told so far. `hear` is told the pieces.

    Raises ModelError for an error among the events; what a stranger's JSON may raise for events of another form.
    """

    name: str
    hear: Hear
    whole: bool = False
    blocks: dict[int, dict[str, Any]] = field(default_factory=dict)
    _inputs: dict[int, list[str]] = field(default_factory=dict)
    _texts: dict[tuple[int, str], list[str]] = field(default_factory=dict)
    _said: dict[str, Any] = field(default_factory=dict)
    _usage: dict[str, Any] = field(default_factory=dict)

    @property
    def usage(self) -> Usage:
        return usage_of(self._usage)

    @property
    def used(self) -> dict[str, int]:
        """The same for the log; empty when nothing was told."""
        return asdict(self.usage) if self.usage.counted else {}

    def add(self, event: dict[str, Any]) -> None:
        match event["type"]:
            case "content_block_delta":
                self._add(event["delta"], event["index"])
            case "content_block_start":
                block = self.blocks[event["index"]] = dict(event["content_block"])
                if block["type"] == "tool_use":
                    self.hear("call", str(block.get("name")))
            case "message_start":
                self._begin(event["message"])
            case "message_delta":
                self._said |= event["delta"]
                self._count(event.get("usage"))
            case "message_stop":
                self.whole = True
            case "error":
                raise _told(event["error"])

    def take(self, message: dict[str, Any]) -> None:
        """A message in one piece."""
        if message.get("type") == "error":
            raise _told(message["error"])
        self._begin(message)
        self.blocks = {index: dict(block.items()) for index, block in enumerate(message["content"])}
        self.whole = True

    def turn(self) -> Turn:
        """Raises ModelError when the answer ended early, or holds half a tool call."""
        stop_reason = self._said.get("stop_reason")
        if not self.whole or stop_reason is None:
            raise ModelError("the answer ended early", kind="truncated", retryable=True)
        for (index, key), pieces in self._texts.items():
            block = self.blocks[index]
            block[key] = (block.get(key) or "") + "".join(pieces)
        for index, pieces in self._inputs.items():
            if text := "".join(pieces):  # else they came with the block's beginning
                self.blocks[index]["input"] = _arguments(text, stop_reason)
        return Turn(
            content=[self.blocks[index] for index in sorted(self.blocks)],
            stop_reason=stop_reason,
            stop_details=self._said.get("stop_details"),
            model=self._said.get("model") or self.name,
            request_id=self._said.get("id"),
            usage=self.usage,
        )

    def _begin(self, message: dict[str, Any]) -> None:
        self._said |= {key: message.get(key) for key in ("id", "model", "stop_reason", "stop_details")}
        self._count(message.get("usage"))

    def _count(self, told: Mapping[str, Any] | None) -> None:
        """Counts are of the whole message so far: they replace each other."""
        self._usage |= {key: value for key, value in (told or {}).items() if value is not None}

    def _add(self, delta: dict[str, Any], index: int) -> None:
        block = self.blocks[index]
        match delta["type"]:
            case "text_delta":
                self._texts.setdefault((index, "text"), []).append(delta["text"])
                self.hear("text", delta["text"])
            case "input_json_delta":
                self._inputs.setdefault(index, []).append(delta["partial_json"])
                self.hear("call", delta["partial_json"])
            case "thinking_delta":
                self._texts.setdefault((index, "thinking"), []).append(delta["thinking"])
                self.hear("thinking", delta["thinking"])
            case "signature_delta":
                block["signature"] = delta["signature"]
            case "citations_delta":
                block["citations"] = [*(block.get("citations") or []), delta["citation"]]


def usage_of(told: Mapping[str, Any]) -> Usage:
    """Counts that a server leaves out are zero."""

    def count(kind: str) -> int:
        value = told.get(f"{kind}_tokens")
        return int(value) if isinstance(value, int | float) and value > 0 else 0

    return Usage(
        input=count("input"),
        cache_write=count("cache_creation_input"),
        cache_read=count("cache_read_input"),
        output=count("output"),
    )


def _told(error: Mapping[str, Any]) -> ModelError:
    """An error whose status was 200, since the answer had begun."""
    kind = str(error.get("type"))
    message = f"the Messages API broke its answer off: {kind}: {error.get('message')}"
    return ModelError(message, kind=kind, retryable=kind in PASSING)


def _arguments(text: str, stop_reason: str) -> Any:
    """A tool call's input. Half of one is a fault, except where the answer was cut or refused: it is never run."""
    try:
        return decoded(text)
    except ValueError:
        if stop_reason not in ("tool_use", "end_turn", "stop_sequence", "pause_turn"):
            return {}
        raise ModelError("a tool call arrived in part", kind="truncated", retryable=True) from None
