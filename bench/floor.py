"""The same job by hand: a loop over the two SDKs, as a competent engineer writes it for one purpose.

    python bench/floor.py [--plain] QUESTION

One MCP session, its tools listed once, the calls of a turn made together, the answer checked against its schema.
There is no log, no budget, no repair, no check of arguments, and nothing for a server that fails.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from anthropic import AsyncAnthropic
from job import DESCRIPTION, MODEL, QUESTION, SCHEMA
from jsonschema import Draft202012Validator
from mcp import Client, StdioServerParameters

SERVER = Path(__file__).with_name("server.py")


class Floor:
    """Made by `floor`; `run` asks one question."""

    def __init__(self, model: AsyncAnthropic, client: Client, tools: list[dict[str, Any]], *, stream: bool) -> None:
        self._create: Any = model.messages.create
        self._client = client
        self._answered = self._streamed if stream else self._plain
        self._validator = Draft202012Validator(SCHEMA)
        self._request: dict[str, Any] = {
            "model": MODEL,
            "max_tokens": 16_000,
            "system": DESCRIPTION,
            "tools": tools,
            "output_config": {"format": {"type": "json_schema", "schema": SCHEMA}},
        }

    async def run(self, question: str) -> Any:
        messages: list[dict[str, Any]] = [{"role": "user", "content": question}]
        while True:
            content = await self._answered(messages)
            messages.append({"role": "assistant", "content": content})
            calls = [block for block in content if block["type"] == "tool_use"]
            if not calls:
                answer = json.loads("".join(block["text"] for block in content if block["type"] == "text"))
                self._validator.validate(answer)
                return answer
            messages.append({"role": "user", "content": await asyncio.gather(*map(self._call, calls))})

    async def _streamed(self, messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
        blocks: list[dict[str, Any]] = []
        inputs: dict[int, list[str]] = {}
        stop_reason = None
        async for event in await self._create(**self._request, messages=messages, stream=True):
            if event.type == "content_block_start":
                blocks.append(event.content_block.to_dict())
            elif event.type == "content_block_delta" and event.delta.type == "text_delta":
                blocks[event.index]["text"] += event.delta.text
            elif event.type == "content_block_delta" and event.delta.type == "input_json_delta":
                inputs.setdefault(event.index, []).append(event.delta.partial_json)
            elif event.type == "message_delta":
                stop_reason = event.delta.stop_reason
        if stop_reason not in ("tool_use", "end_turn"):
            raise RuntimeError(f"the answer stopped: {stop_reason}")
        for index, pieces in inputs.items():
            blocks[index]["input"] = json.loads("".join(pieces) or "{}")
        return blocks

    async def _plain(self, messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
        answer = await self._create(**self._request, messages=messages)
        if answer.stop_reason not in ("tool_use", "end_turn"):
            raise RuntimeError(f"the answer stopped: {answer.stop_reason}")
        return [block.to_dict() for block in answer.content]

    async def _call(self, call: dict[str, Any]) -> dict[str, Any]:
        result = await self._client.call_tool(call["name"], call["input"])
        text = "\n".join(block.text for block in result.content if block.type == "text")
        return {"type": "tool_result", "tool_use_id": call["id"], "content": text, "is_error": bool(result.is_error)}


@asynccontextmanager
async def floor(*, stream: bool) -> AsyncIterator[Floor]:
    """Ready to be asked: the server runs, and its tools are known."""
    server = StdioServerParameters(command=sys.executable, args=[str(SERVER)])
    async with AsyncAnthropic(max_retries=0) as model, Client(server) as client:
        listed = (await client.list_tools()).tools
        tools = [
            {"name": tool.name, "description": tool.description or "", "input_schema": tool.input_schema}
            for tool in listed
        ]
        yield Floor(model, client, tools, stream=stream)


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("question", nargs="?", default=QUESTION)
    parser.add_argument("--plain", action="store_true", help="answers that come in one")
    given = parser.parse_args()
    async with floor(stream=not given.plain) as asked:
        print(json.dumps(await asked.run(given.question), ensure_ascii=False, indent=2))


if __name__ == "__main__":
    asyncio.run(main())
