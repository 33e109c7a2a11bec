"""Between a transport and its client: tools that cannot be used are taken out of a server's list, and named.

The SDK refuses a whole page for one malformed tool, and throws a result away that does not fit the tool's output
schema; so bad tools are removed before it sees them, and odd schemas put where it does not look.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

import anyio
from mcp.shared.message import SessionMessage
from mcp_types import JSONRPCResponse, Tool
from pydantic import ValidationError

from agent.tools.listed import INPUT_SCHEMA, OUTPUT_SCHEMA


@dataclass
class Sieve:
    """`set_aside`: name and problem of each tool that was taken out; `ended`: whether nothing more will come."""

    set_aside: list[dict[str, str]] = field(default_factory=list)
    ended: bool = False

    def sift(self, item: SessionMessage | Exception) -> SessionMessage | Exception:
        message = item.message if isinstance(item, SessionMessage) else None
        result = message.result if isinstance(message, JSONRPCResponse) else None
        if isinstance(result, dict) and isinstance(result.get("tools"), list):
            result["tools"] = [tool for tool in result["tools"] if self._usable(tool)]
        return item

    def _usable(self, tool: Any) -> bool:
        kept = {OUTPUT_SCHEMA: tool.pop("outputSchema")} if _has(tool, "outputSchema") else {}
        if _has(tool, "inputSchema") and _is_odd(tool["inputSchema"]):
            kept[INPUT_SCHEMA], tool["inputSchema"] = tool["inputSchema"], {"type": "object"}
        problem = problem_of(tool)
        if problem is None:
            if kept:
                tool["_meta"] = (tool.get("_meta") or {}) | kept
            return True
        name = tool.get("name") if isinstance(tool, dict) else None
        self.set_aside.append({"tool": str(name or "a tool without a name"), "problem": problem})
        return False


def _has(tool: Any, key: str) -> bool:
    return isinstance(tool, dict) and isinstance(tool.get(key), dict)


def _is_odd(schema: dict[str, Any]) -> bool:
    """Whether the SDK refuses what is still a schema: of an earlier draft, or without the type of an object."""
    required, properties = schema.get("required", []), schema.get("properties", {})
    names = isinstance(required, list) and all(isinstance(name, str) for name in required)
    forms = isinstance(properties, dict) and all(isinstance(each, dict) for each in properties.values())
    return "type" not in schema or (schema["type"] == "object" and not (names and forms))


def problem_of(tool: Any) -> str | None:
    """Why the SDK would refuse a listed tool, and its whole page; None when it would not."""
    try:
        kind = Tool.model_validate(tool).input_schema.get("type")
    except ValidationError as error:
        first = error.errors()[0]
        return f"{'.'.join(str(part) for part in first['loc']) or 'the tool'}: {first['msg']}"
    return None if kind == "object" else 'its input schema is not of type "object"'


class SiftedStream:
    """A transport's read stream, of whatever kind, whose messages have passed the sieve."""

    def __init__(self, inner: Any, sieve: Sieve) -> None:
        self._inner = inner
        self._sieve = sieve

    @property
    def last_context(self) -> Any:
        return getattr(self._inner, "last_context", None)

    async def receive(self) -> SessionMessage | Exception:
        try:
            return self._sieve.sift(await self._inner.receive())
        except anyio.EndOfStream:
            self._sieve.ended = True
            raise

    async def aclose(self) -> None:
        await self._inner.aclose()

    def __aiter__(self) -> SiftedStream:
        return self

    async def __anext__(self) -> SessionMessage | Exception:
        try:
            return self._sieve.sift(await self._inner.__anext__())
        except StopAsyncIteration:
            self._sieve.ended = True
            raise

    async def __aenter__(self) -> SiftedStream:
        await self._inner.__aenter__()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> bool | None:
        ended: bool | None = await self._inner.__aexit__(exc_type, exc_val, exc_tb)
        return ended
