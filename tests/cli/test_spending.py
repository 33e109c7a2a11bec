"""What a run may cost and what it did cost, as a user asks for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.advisor import AGENT, advisor, write
from tests.messages_api import call, error_body, message, scripted_api, text
from tests.scripted import ANSWER

KEY = {"ANTHROPIC_API_KEY": "sk-test-key-1"}
US = ("-c", "us_sector_rotation", "--as-of", "2008-09-30")
LOOK = call("get_sector_heatmap", {"lookback_period": "3M"})
WELL = (message(LOOK), message(text(json.dumps(ANSWER))))
PRICED = ("--model", "claude-opus-5-5")


def ask(api_url: str, *options: str, **more: Any) -> Any:
    return advisor("ask", *US, *options, "Which?", env=KEY | {"ANTHROPIC_BASE_URL": api_url}, **more)


@pytest.mark.parametrize(
    ("option", "value", "named"),
    [
        ("--max-turns", "1", "turns: the limit of 1"),
        ("--max-tokens", "15", "tokens: the limit of 15"),
        ("--max-usd", "0.0001", "usd: the limit of 0.0001"),
    ],
)
def test_limit_that_is_given_ends_the_run_with_its_name_and_exit_6(option: str, value: str, named: str) -> None:
    with scripted_api(WELL[0]) as api:
        done = ask(api.url, "-q", option, value, *PRICED)
    error = json.loads(done.stdout)["error"]
    assert (done.returncode, error["code"]) == (6, "budget")
    assert error["message"] == f"{named} is reached"


def test_limit_of_calls_leaves_a_last_request_whose_answer_is_a_warned_one() -> None:
    with scripted_api(*WELL) as api:
        done = ask(api.url, "--max-calls", "1", *PRICED)
    assert done.returncode == 0 and json.loads(done.stdout)["sector_recommendations"]
    assert "warning: tool_calls: the limit of 1 is reached" in done.stderr
    assert [request.get("tool_choice") for request in api.requests] == [None, {"type": "none"}]
    assert api.requests[0]["tools"] == api.requests[1]["tools"]


def test_limit_in_usd_for_a_model_without_a_price_is_a_usage_error_before_any_request() -> None:
    with scripted_api() as api:
        done = ask(api.url, "--max-usd", "1", "--model", "claude-test-1")
    assert done.returncode == 2 and "claude-test-1 has no price" in done.stderr


@pytest.mark.parametrize("option", [("--max-turns", "0"), ("--max-usd", "-1"), ("--max-seconds", "0")])
def test_limit_that_is_none_is_a_usage_error(option: tuple[str, str]) -> None:
    done = advisor("ask", "--offline", *option, "Which?")
    assert done.returncode == 2 and f"error: {option[0]}: has to be greater than " in done.stderr


@pytest.mark.parametrize("value", ["inf", "nan", "1e400"])
def test_limit_that_no_json_can_say_is_a_usage_error(value: str) -> None:
    done = advisor("ask", "--dry-run", "--offline", "--max-usd", value, "Which?")
    assert done.returncode == 2 and "error: --max-usd: has to be a finite number" in done.stderr


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("", "--model '' names no model"),
        ("two words", "--model 'two words' names no model"),
        ("ollama/", "ollama/ names no model"),
        ("olama/qwen3:8b", "there is no block of keys named 'olama'; did you mean ollama/?"),
    ],
)
def test_name_that_is_no_models_is_a_usage_error(name: str, says: str) -> None:
    done = advisor("ask", *US, "--model", name, "Which?", env=KEY)
    assert done.returncode == 2 and says in done.stderr


def test_limits_have_no_place_beside_resume() -> None:
    done = advisor("ask", "--resume", "last", "--max-turns", "3")
    assert done.returncode == 2 and "--max-turns has no place beside --resume" in done.stderr


def test_run_that_was_limited_is_replayed_to_the_same_end() -> None:
    with scripted_api(*WELL) as api:
        assert ask(api.url, "-q", "--max-calls", "1", *PRICED).returncode == 0
    done = advisor("runs", "replay", "last")
    assert done.returncode == 0, done.stderr


def test_dry_run_asks_no_model_and_tells_prompt_tools_budget_and_the_highest_cost() -> None:
    with scripted_api((404, error_body("not_found_error"))) as api:
        done = ask(api.url, "--dry-run", "--max-usd", "0.5", *PRICED)
    assert "max_tokens" not in api.requests[0], "its tokens are asked for, and not its answer"
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["ok"] and told["question"] == "Which?" and told["system"].startswith("You are ")
    assert {tool["name"] for tool in told["tools"]} >= {"get_sector_heatmap", "get_macro_indicators"}
    assert told["budget"]["usd"] == 0.5 and 0.5 < told["ceiling_usd"] < 5
    assert 500 < told["first_request"]["tokens"] < 20_000 and not told["first_request"]["counted"]
    assert advisor("runs", "--format", "json").stdout == "[]\n", "a dry run leaves no run"


def test_dry_run_needs_no_key_and_says_what_it_is() -> None:
    done = advisor("ask", "--dry-run", *US, *PRICED, "--format", "table", "Which?", env={"COLUMNS": "80"})
    assert done.returncode == 0, done.stderr
    assert "DRY RUN" in done.stdout and "at most about 7.90 USD" in done.stdout
    assert "Research, not investment advice" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_dry_run_of_a_model_without_a_price_says_unpriced() -> None:
    done = advisor("ask", "--dry-run", *US, "--model", "ollama/qwen3:8b", "--format", "table", "-q", "Which?")
    assert done.returncode == 0 and "whole run      unpriced" in done.stdout


def test_dry_run_refuses_what_a_run_would_refuse() -> None:
    done = advisor("ask", "--dry-run", "Which?", env=KEY)
    assert done.returncode == 2 and "--simulated" in done.stderr


def test_runs_show_tells_what_each_turn_used_with_its_attempts() -> None:
    busy = (529, error_body("overloaded_error"))
    with scripted_api(WELL[0], busy, WELL[1]) as api:
        assert ask(api.url, "-q", *PRICED).returncode == 0
    shown = advisor("runs", "show", "last", env={"COLUMNS": "80"}).stdout
    rows = [line.split() for line in shown.splitlines()]
    header = next(at for at, row in enumerate(rows) if row[:1] == ["Turn"])
    assert rows[header] == [
        "Turn",
        "Ended",
        "with",
        "Tries",
        "Calls",
        "Uncached",
        "Written",
        "Cached",
        "Out",
        "Time",
        "USD",
    ]
    assert rows[header + 1][:8] == ["1", "tool_use", "1", "1", "10", "0", "3", "5"]
    assert rows[header + 2][:8] == ["2", "end_turn", "2", "0", "10", "0", "3", "5"]
    envelope = json.loads(advisor("runs", "show", "last", "--format", "envelope").stdout)
    assert [each["attempts"] for each in envelope["spend"]["by_turn"]] == [1, 2]
    assert sum(each["usd"] for each in envelope["spend"]["by_turn"]) == pytest.approx(
        envelope["spend"]["usd"], abs=2e-6
    )


def test_verbose_run_tells_requests_attempts_waits_and_cache_use() -> None:
    busy = (529, error_body("overloaded_error"))
    with scripted_api(WELL[0], busy, WELL[1]) as api:
        told = ask(api.url, "-v", *PRICED).stderr
    for words in ("turn 2, attempt 1: asked", "waiting", "before attempt 2", "3 read"):
        assert words in told


def test_model_near_its_end_is_warned_of(tmp_path: Path) -> None:
    price = {"input": 1.0, "cache_write": 1.0, "cache_read": 1.0, "output": 1.0}
    table = {"as_of": "2026-01-31", "unit": "USD for a million tokens", "models": {"claude-test-1": price}}
    prices = write(tmp_path, json.dumps(table | {"retires": {"claude-test-1": "2020-01-31"}}), "prices.json")
    with scripted_api(*WELL) as api:
        env = KEY | {"ANTHROPIC_BASE_URL": api.url, "ADVISOR_PRICES": prices}
        done = advisor("ask", *US, "--model", "claude-test-1", "Which?", env=env)
    assert "warning: claude-test-1 was to retire on 2020-01-31" in done.stderr


def test_check_refuses_a_budget_in_usd_that_cannot_be_kept(tmp_path: Path) -> None:
    file = write(tmp_path, AGENT + "model: {name: ollama/qwen3:8b}\nbudget:\n  usd: 1\n")
    done = advisor("check", file)
    assert done.returncode == 2
    assert "agent.yaml:18:8: budget.usd: ollama/qwen3:8b has no price" in done.stderr


def test_file_from_elsewhere_that_names_a_server_for_its_model_has_to_be_trusted(tmp_path: Path) -> None:
    file = write(tmp_path, AGENT + "model: {name: m, base_url: 'https://elsewhere.example'}\n")
    elsewhere = tmp_path / "here"
    elsewhere.mkdir()
    done = advisor("ask", "-c", file, "-q", "Which?", cwd=elsewhere, env=KEY)
    assert done.returncode == 7 and "model: https://elsewhere.example" in done.stderr
