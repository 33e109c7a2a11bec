"""`advisor serve` among the MCP servers of an agent file: our own program is the client."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from agent.runs import store
from tests.cli.advisor import AGENT, advisor, write
from tests.messages_api import call, message, scripted_api, text
from tests.serving.client import KEY

INNER = "dynamic_sector_advisor"
QUESTION = "Which sectors lead?"


@pytest.fixture
def outer(tmp_path: Path) -> str:
    home = os.environ["ADVISOR_HOME"]
    servers = f"mcpServers:\n  advisor: {{command: advisor, args: [serve, --offline], env: {{ADVISOR_HOME: {home}}}}}\n"
    return write(tmp_path, AGENT + servers)


def test_it_is_listed_as_a_tool_that_reads(outer: str) -> None:
    listed = json.loads(advisor("tools", "-c", outer, "--format", "json").stdout)
    [tool] = listed
    assert (tool["name"], tool["parameters"], tool["read_only"]) == (INNER, ["as_of", "question"], True)
    assert tool["differences"] == []


def test_a_call_is_asked_as_of_the_day_and_keeps_what_its_schema_promises(outer: str) -> None:
    asked = json.dumps({"question": QUESTION})
    done = advisor("tools", "call", INNER, asked, "-c", outer, "--as-of", "2025-06-30", "--format", "json")
    called = json.loads(done.stdout)
    given = called["result"]["structuredContent"]
    assert (called["ok"], called["notes"], called["withheld"]) == (True, [], {})
    assert (given["as_of"], given["status"], given["kind"]) == ("2025-06-30", "ok", "simulated")


def test_a_run_over_it_knows_that_its_data_are_simulated(outer: str) -> None:
    answer = {"sector_recommendations": [], "heatmap_url": ""}
    advice = {"sector_name": "Banks", "action": "neutral", "rationale": "So it was said.", "confidence_score": 0.5}
    answer["sector_recommendations"] = [advice]  # type: ignore[list-item]
    script = message(call(INNER, {"question": QUESTION})), message(text(json.dumps(answer)))
    with scripted_api(*script) as api:
        env = KEY | {"ANTHROPIC_BASE_URL": api.url}
        done = advisor("ask", "-c", outer, "--simulated", "--format", "envelope", "-q", QUESTION, env=env)
    envelope = json.loads(done.stdout)
    assert done.returncode == 0 and envelope["labels"] == ["SIMULATED DATA"]
    [called] = envelope["calls"]
    assert (called["server"], called["tool"], called["kind"], called["is_error"]) == (
        "advisor",
        INNER,
        "simulated",
        False,
    )
    assert envelope["answer"]["sector_recommendations"][0]["rationale"].startswith("[SIMULATED]")
    assert len(store.all_runs()) == 2, "the outer run, and the inner one"
