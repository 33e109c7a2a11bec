"""The client that the conformance suite runs, over a real server: what it reports is what the suite can rely on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from agent.market import tools, us_real
from tests.cli.advisor import ADVISOR
from tests.conformance.client import next_message, smallest

ROOT = Path(__file__).parent.parent.parent


def ran(url: str, **env: str) -> dict[str, Any]:
    """The envelope of one run of the client."""
    command = [sys.executable, "-m", "tests.conformance.client", url]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    envelope: dict[str, Any] = json.loads(done.stdout)
    return envelope


@contextmanager
def market() -> Iterator[str]:
    """The URL of a server with a few tools."""
    command = [*ADVISOR, "market", "--pack", "us-real", "--http", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        try:
            yield process.stderr.readline().split()[-1]
        finally:
            process.terminate()


def test_each_tool_is_called_once_through_ask_itself_or_just_what_the_scenario_asks_for() -> None:
    asked = [{"name": "get_macro_indicators", "arguments": {"region": None}}]
    with market() as url:
        whole = ran(url)
        named = ran(url, MCP_CONFORMANCE_CONTEXT=json.dumps({"name": "tools_call", "toolCalls": asked}))
    offered = sorted(tools.offered(us_real.PACK))
    assert sorted(each["tool"] for each in whole["calls"]) == offered
    assert (whole["answer"], whole["spend"]["turns"]) == ({"ok": True}, len(offered) + 1)
    assert [(each["tool"], each["arguments"]) for each in named["calls"]] == [("get_macro_indicators", {})]


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"a": {"type": "number", "minimum": 4}, "b": {}}, "required": ["a"]},
        {"type": "array", "items": {"enum": ["day", "week"]}, "minItems": 2},
        {"type": ["string", "null"], "minLength": 3},
        {"type": "boolean", "const": False},
        {"type": "null"},
    ],
)
def test_smallest_arguments_are_valid(schema: dict[str, Any]) -> None:
    jsonschema.validate(smallest(schema), schema)


def test_planned_call_of_a_tool_that_is_not_offered_is_left_out() -> None:
    offered = [{"name": "there", "input_schema": {"type": "object"}}]
    said = next_message({"tools": offered, "messages": []}, [("gone", {}), ("there", {"a": 1})])
    assert [(block["name"], block["input"]) for block in said["content"]] == [("there", {"a": 1})]
