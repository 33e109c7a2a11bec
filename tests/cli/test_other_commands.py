from __future__ import annotations

import json
import shutil
import socket
import sys
from pathlib import Path

import pytest
from filelock import FileLock

from agent import data
from agent.cli import COMMANDS
from agent.events import ContentStored, Event, ToolAsked
from tests.cli.advisor import AGENT, advisor, write
from tests.resuming import copy_without
from tests.tools.raw import PROGRAM


def test_help_names_every_command() -> None:
    done = advisor("--help")
    assert done.returncode == 0
    assert all(f"  {name} " in done.stdout for name in COMMANDS)


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_explains_itself(command: str) -> None:
    done = advisor(command, "--help")
    assert done.returncode == 0 and done.stdout.startswith("Usage: ")


@pytest.mark.parametrize("agent", data.shipped_agents())
def test_shipped_agents_pass_the_check(agent: str) -> None:
    done = advisor("check", agent)
    assert done.returncode == 0 and f"{agent}.yaml: fine" in done.stdout


def test_check_tells_every_problem_with_its_place(tmp_path: Path) -> None:
    file = write(tmp_path, AGENT + "budgets: {}\npolicy: {writes: maybe}\n")
    done = advisor("check", file)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{file}:16:1: budgets: unknown key - did you mean 'budget'?" in done.stderr
    assert f"{file}:17:18: policy.writes: has to be 'refuse', 'ask' or 'allow', not 'maybe'" in done.stderr
    as_json = json.loads(advisor("check", file, "--format", "json").stdout)
    assert as_json["ok"] is False and as_json["error"]["code"] == "agent_file"


def test_check_as_json_and_the_schema() -> None:
    about = json.loads(advisor("check", "--format", "json").stdout)
    assert about["agent_name"] == "DynamicSectorAdvisor" and about["servers"] == ["market"]
    assert json.loads(advisor("check", "--schema").stdout)["required"] == [
        "agent_name",
        "description",
        "response_format",
    ]


UNDERSTOOD = """\
language: vi
model: {name: claude-haiku-4-5}
budget: {turns: 1, tool_calls: 5}
sectors: {Banks: {tickers: [VCB, BID]}}
tools:
  - tool_name: flow
    figures: {rows: $, metrics: {net: {at: a}, gross: {at: b, lookback: 3M}}}
  - {tool_name: macro}
"""


def test_check_tells_what_was_understood(tmp_path: Path) -> None:
    file = write(tmp_path, AGENT + UNDERSTOOD)
    about = json.loads(advisor("check", file, "--format", "json").stdout)
    assert about["tools"] == ["flow", "macro"] and about["figures"] == {"flow": ["net", "gross"]}
    assert about["sectors"] == {"count": 1, "tickers": 2} and about["objective"] is None
    assert (about["language"], about["model"], about["budget"]["tool_calls"]) == ("vi", "claude-haiku-4-5", 5)
    lines = [" ".join(line.split()) for line in advisor("check", file).stdout.splitlines()]
    assert {
        "question none: say it with each run, or as `objective` in the file",
        "figures flow: net, gross",
        "sectors 1 sector with 2 tickers",
        "language Vietnamese",
        "model claude-haiku-4-5",
        "price not known, which is not free; a table of your own, named in ADVISOR_PRICES, can say it",
        "budget 1 turn, 5 tool calls, 200,000 tokens, 300 s, 2 repairs",
        "timeouts 90 s for a server to start, 30 s to list, 60 s for a call, 180 s for an answer, "
        "60 s of silence in it",
    } <= set(lines)
    assert (about["price"], about["retires"], about["timeouts"]["call"]) == (None, None, 60)


def test_check_tells_what_the_model_costs_and_until_when_it_works(tmp_path: Path) -> None:
    rates = {"input": 2.0, "cache_write": 2.5, "cache_read": 0.2, "output": 10.0}
    table = {"as_of": "2026-01-31", "unit": "USD for a million tokens", "models": {"model-a": rates}}
    prices = write(tmp_path, json.dumps(table | {"retires": {"model-a": "2099-06-30"}}), "prices.json")
    file = write(tmp_path, AGENT + "model: {name: model-a}\nbudget: {usd: 0.5}\n")
    env = {"ADVISOR_PRICES": prices}
    about = json.loads(advisor("check", file, "--format", "json", env=env).stdout)
    assert about["price"] == {"as_of": "2026-01-31", "unit": "USD for a million tokens", **rates}
    assert (about["retires"], about["budget"]["usd"]) == ("2099-06-30", 0.5)
    lines = [" ".join(line.split()) for line in advisor("check", file, env=env).stdout.splitlines()]
    assert "model model-a, retires on 2099-06-30" in lines
    told = "2 in, 10 out, 2.5 written to a cache, 0.2 read from it (as of 2026-01-31)"
    assert f"price USD for a million tokens: {told}" in lines
    broken = advisor("check", file, env={"ADVISOR_PRICES": write(tmp_path, "{}", "broken.json")})
    assert broken.returncode == 2 and "broken.json" in broken.stderr


def test_check_of_a_file_that_says_little_tells_no_empty_lines(tmp_path: Path) -> None:
    lines = advisor("check", write(tmp_path, AGENT + "objective: |\n  Which\n  now?\n")).stdout.splitlines()
    assert "  question  Which now?" in lines and "  tools     all that the servers offer" in lines
    assert not any(line.split()[0] in ("figures", "sectors", "benchmark") for line in lines)


def test_tools_shows_the_default_agent_without_any_difference() -> None:
    rows = json.loads(advisor("tools", "--format", "json").stdout)
    assert {row["name"]: row["offered_as"] for row in rows if row["offered_as"]} == {
        name: name for name in ("get_sector_heatmap", "get_macro_indicators", "get_foreign_flow", "get_whale_activity")
    }
    assert all(row["differences"] == [] for row in rows)


def test_tools_lists_differences_missing_and_unusable_tools_and_servers_that_are_down(tmp_path: Path) -> None:
    servers = {
        "raw": {"command": sys.executable, "args": [str(PROGRAM), "malformed-tool"]},
        "down": {"command": sys.executable, "args": [str(PROGRAM), "exits"]},
    }
    tools = [{"tool_name": "double", "parameters": {"m": {"type": "integer"}}}, {"tool_name": "triple"}]
    file = write(tmp_path, AGENT + f"mcpServers: {json.dumps(servers)}\ntools: {json.dumps(tools)}\n")
    done = advisor("tools", "-c", file, "--format", "json")
    assert done.returncode == 5 and "DB password missing" in done.stderr
    rows = {row["name"]: row for row in json.loads(done.stdout)}
    assert [(each["kind"], each["at"]) for each in rows["double"]["differences"]] == [
        ("changed", "parameters.m"),
        ("changed", "parameters.n"),
    ]
    assert rows["triple"]["offered_as"] is None and rows["triple"]["differences"][0]["kind"] == "missing"
    assert rows["bad"]["differences"][0]["kind"] == "unusable"
    table = advisor("tools", "-c", file).stdout
    assert "triple" in table and "the server does not know this parameter" in " ".join(table.split())


def test_tools_fails_only_for_required_servers(tmp_path: Path) -> None:
    down = {"command": sys.executable, "args": [str(PROGRAM), "exits"], "required": False}
    file = write(tmp_path, AGENT + f"mcpServers: {json.dumps({'down': down})}\n")
    assert advisor("tools", "-c", file).returncode == 0


def test_runs_lists_and_shows_what_ran() -> None:
    assert "nothing has run yet" in advisor("runs").stdout
    advisor("ask", "--offline", "-q", "Which sectors lead?")
    assert "Which sectors lead?" in advisor("runs").stdout
    [row] = json.loads(advisor("runs", "--format", "json").stdout)
    shown = advisor("runs", "show", "last").stdout
    assert row["run"] in shown and "get_sector_heatmap(" in shown and "SIMULATED DATA" in shown
    by_id = json.loads(advisor("runs", "show", row["run"][-6:], "--format", "answer").stdout)
    assert by_id["sector_recommendations"]


def test_path_says_where_a_run_lies() -> None:
    advisor("ask", "--offline", "-q", "Which sectors lead?")
    [row] = json.loads(advisor("runs", "--format", "json").stdout)
    assert advisor("runs", "path", "last").stdout == f"{row['paths']['folder']}\n"


def test_run_that_does_not_exist_is_exit_2() -> None:
    done = advisor("runs", "show", "nothing")
    assert done.returncode == 2 and "no run is called 'nothing'" in done.stderr


def test_damaged_log_is_refused_with_its_line(home: Path) -> None:
    advisor("ask", "--offline", "-q", "Which sectors lead?")
    [log] = home.glob("runs/*/log.jsonl")
    content = log.read_bytes()
    log.write_bytes(content.replace(b"Which sectors lead?", b"Which sectors lag?!", 1))
    done = advisor("runs", "show", "last")
    assert done.returncode == 1 and "log.jsonl:" in done.stderr and "is not what was written" in done.stderr


def test_unknown_pack_is_exit_2() -> None:
    assert advisor("market", "--pack", "mars").returncode == 2


def test_a_difficulty_of_real_data_is_exit_2_with_a_hint() -> None:
    done = advisor("market", "--pack", "us-real", "--difficulty", "easy")
    assert done.returncode == 2 and "not of the pack us-real" in done.stderr and "leave it out" in done.stderr
    assert advisor("market", "--difficulty", "hard").returncode == 2


def test_a_difficulty_is_served(home: Path) -> None:
    write(home.parent, AGENT + "mcpServers: {market: {command: advisor, args: [market, --difficulty, easy]}}\n")
    done = advisor("tools", "call", "get_whale_activity", "{}", "-c", str(home.parent / "agent.yaml"))
    assert done.returncode == 0 and "difficulty easy" in done.stdout


def test_taken_port_is_exit_2_with_a_hint() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = advisor("market", "--http", str(taken.getsockname()[1]))
    assert done.returncode == 2 and "Address already in use" in done.stderr and "0 picks a free one" in done.stderr


def test_damaged_log_does_not_hide_the_other_runs(home: Path) -> None:
    for question in ("First?", "Second?"):
        advisor("ask", "--offline", "-q", question)
    log = max(home.glob("runs/*/log.jsonl"))
    log.write_bytes(log.read_bytes().replace(b"Second?", b"Another?"))
    rows = json.loads(advisor("runs", "--format", "json").stdout)
    assert [(row["status"], row["question"]) for row in rows] == [("failed", ""), ("ok", "First?")]
    assert "is not what was written" in rows[0]["stop_reason"] and rows[0]["run"] == log.parent.name


@pytest.mark.parametrize("left_out", [ContentStored, ToolAsked])
def test_log_whose_events_do_not_fit_together_does_not_hide_the_other_runs(
    left_out: type[Event], planned: Path, home: Path
) -> None:
    shutil.copytree(planned, home / "runs" / planned.name)
    strange = copy_without(left_out, planned, home / "runs" / "20000101-000000000-0000")
    rows = json.loads(advisor("runs", "--format", "json").stdout)
    assert [(row["run"], row["status"]) for row in rows] == [(planned.name, "ok"), (strange.name, "failed")]
    assert "its events do not fit together: KeyError" in rows[1]["stop_reason"]
    assert "do not fit together" in " ".join(advisor("runs", env={"COLUMNS": "300"}).stdout.split())
    done = advisor("runs", "show", strange.name)
    assert done.returncode == 1 and "another version or another program may have written it" in done.stderr


def test_tools_tells_why_a_tool_is_not_offered(tmp_path: Path) -> None:
    servers = {"raw": {"command": sys.executable, "args": [str(PROGRAM), "writes"]}}
    done = advisor("tools", "-c", write(tmp_path, AGENT + f"mcpServers: {json.dumps(servers)}\n"), "--format", "json")
    rows = {row["name"]: row for row in json.loads(done.stdout)}
    assert rows["double"]["offered_as"] == "double" and rows["wipe"]["offered_as"] is None
    assert "policy.writes: allow" in rows["wipe"]["differences"][0]["hint"]


def test_what_a_server_prints_does_not_steer_the_terminal(tmp_path: Path) -> None:
    program = "import sys; sys.stderr.write('\\x1b]0;PWNED\\x07 no database'); sys.exit(1)"
    servers = {"odd": {"command": sys.executable, "args": ["-c", program]}}
    done = advisor("ask", "--offline", "-q", "-c", write(tmp_path, AGENT + f"mcpServers: {json.dumps(servers)}\n"), "Q")
    assert done.returncode == 5 and "no database" in done.stderr
    assert "\x1b" not in done.stderr and "\x07" not in done.stderr


def test_run_that_another_process_is_at_is_listed_as_running_and_one_that_was_killed_is_not(home: Path) -> None:
    advisor("ask", "--offline", "-q", "Which?")
    [log] = home.glob("runs/*/log.jsonl")
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join(lines[:6]))
    assert "interrupted" in advisor("runs").stdout
    with FileLock(log.parent / "lock"):
        [row] = json.loads(advisor("runs", "--format", "json").stdout)
        shown = advisor("runs", "show", "last").stdout
    assert row["status"] == "running"
    told = " ".join(shown.split())
    assert "running: another process is at it" in told and "tells its answer once it has ended" in told


def test_home_that_is_no_folder_is_exit_2(tmp_path: Path) -> None:
    done = advisor("runs", env={"ADVISOR_HOME": write(tmp_path, "x", "file")})
    assert done.returncode == 2 and "ADVISOR_HOME is no folder" in done.stderr


def test_long_question_takes_one_line_of_the_list() -> None:
    advisor("ask", "--offline", "-q", "-", input="Which sectors " + "really " * 10_000)
    assert len(advisor("runs").stdout.splitlines()) < 12
    assert len(advisor("runs", "show", "last").stdout) < 20_000
