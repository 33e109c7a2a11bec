from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from agent import agentfile
from agent.answer import compile_strict
from tests.cli.advisor import ADVISOR, AGENT, advisor, write
from tests.messages_api import call, error_body, message, scripted_api, text
from tests.scripted import ANSWER
from tests.tools.raw import PROGRAM, alive

ARTICLE = Path(__file__).parent.parent.parent.parent / "shared" / "article_agent.json5"
KEY = {"ANTHROPIC_API_KEY": "sk-test-key-1"}


def test_piped_answer_is_exactly_the_response_format_and_the_rest_goes_to_stderr() -> None:
    done = advisor("ask", "--offline", "Which sectors are poised for growth next quarter?")
    assert done.returncode == 0
    answer = json.loads(done.stdout)
    jsonschema.validate(answer, compile_strict(agentfile.load("dynamic_sector_advisor").spec))
    assert Path(answer["heatmap_url"].removeprefix("file://")).is_file()
    assert "tool get_sector_heatmap: " in done.stderr and "\x1b" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("agent", "tools"),
    [
        ("sector_pro", ["get_macro_indicators", "get_sector_heatmap", "get_foreign_flow", "get_financial_statements"]),
        ("rate_shock", ["get_macro_indicators", "get_sector_heatmap", "get_financial_statements", "get_foreign_flow"]),
    ],
)
def test_shipped_agents_of_the_embedded_market_answer_their_own_question(agent: str, tools: list[str]) -> None:
    done = advisor("ask", "--offline", "-q", "-c", agent, "--as-of", "2025-06-30", "--format", "envelope")
    envelope = json.loads(done.stdout)
    spec = agentfile.load(agent).spec
    assert (done.returncode, envelope["status"], envelope["question"]) == (0, "ok", spec.objective)
    jsonschema.validate(envelope["answer"], compile_strict(spec))
    called = [call["offered_as"] for call in envelope["calls"]]
    assert sorted(set(called)) == sorted(tools) and called[0] == tools[0]
    advised = [each["sector_name"] for each in envelope["answer"]["sector_recommendations"]]
    assert advised == (spec.universe_sectors or advised) and spec.taxonomy
    assert [spec.taxonomy.canonical(name) for name in advised] == advised


def test_table_says_what_the_result_rests_on() -> None:
    done = advisor("ask", "--offline", "--format", "table", "-q", "Which sectors?", env={"COLUMNS": "80"})
    assert done.stdout.count("[SIMULATED DATA / OFFLINE PLANNER]") == 2
    assert "Research, not investment advice" in done.stdout and "page.html" in done.stdout
    assert done.stderr == ""
    assert max(len(line) for line in done.stdout.splitlines() if "file://" not in line) <= 80


def test_terminal_gets_progress_and_a_table_in_colour() -> None:
    controller, terminal = pty.openpty()
    command = [*ADVISOR, "ask", "--offline", "Which sectors?"]
    env = os.environ | {"TERM": "xterm-256color", "COLUMNS": "120"}
    env.pop("NO_COLOR", None)
    with subprocess.Popen(command, stdout=terminal, stderr=terminal, env=env) as process:
        os.close(terminal)
        shown = b""
        while True:
            try:
                shown += os.read(controller, 65536)
            except OSError:
                break
    os.close(controller)
    text = shown.decode()
    assert process.returncode == 0
    assert "▲ overweight" in re.sub(r"\x1b\[[0-9;]*m", "", text) and "\x1b[38;5;" in text
    assert "tool get_sector_heatmap: " in text and "opening the servers" in text


def test_envelope_holds_the_answer_with_calls_spend_labels_and_paths() -> None:
    done = advisor("ask", "--offline", "--format", "envelope", "-q", "-", input="Which sectors?")
    envelope = json.loads(done.stdout)
    assert (envelope["ok"], envelope["status"], envelope["question"]) == (True, "ok", "Which sectors?")
    assert envelope["labels"] == ["SIMULATED DATA", "OFFLINE PLANNER"]
    assert envelope["spend"]["tool_calls"] == len(envelope["calls"]) > 3
    assert {call["kind"] for call in envelope["calls"]} == {"simulated"}
    assert Path(envelope["paths"]["page"]).is_file()


def test_real_data_of_a_past_day_answer_without_simulated_labels() -> None:
    arguments = ("ask", "--offline", "-c", "us_sector_rotation", "--as-of", "2008-09-30", "--format", "envelope", "-q")
    done = advisor(*arguments, "Which sectors hold up in a downturn?")
    envelope = json.loads(done.stdout)
    assert envelope["labels"] == ["OFFLINE PLANNER"] and envelope["as_of"] == "2008-09-30"
    days = {day for call in envelope["calls"] for day in call["dates"].values()}
    assert days and max(days) == "2008-09-30"
    assert all(each["rationale"].startswith("[RULES] ") for each in envelope["answer"]["sector_recommendations"])


@pytest.mark.skipif(not ARTICLE.exists(), reason="the article's file lies beside the checkout, and not here")
def test_article_file_runs_unchanged_against_the_embedded_server() -> None:
    done = advisor("ask", "--offline", "-c", str(ARTICLE), "-q", "Which sectors are poised for growth?")
    assert done.returncode == 0 and json.loads(done.stdout)["sector_recommendations"]


def test_claude_answers_over_a_real_stdio_server_and_a_real_socket() -> None:
    looks = call("get_sector_heatmap", {"lookback_period": "3M"}), call("get_macro_indicators", {}, id="toolu_2")
    with scripted_api(message(*looks), message(text(json.dumps(ANSWER)))) as api:
        env = KEY | {"ANTHROPIC_BASE_URL": api.url}
        options = ("-c", "us_sector_rotation", "--as-of", "2008-09-30", "--model", "claude-test-1", "-q")
        done = advisor("ask", *options, "Which sectors hold up?", env=env)
    assert done.returncode == 0, done.stderr
    assert [each["sector_name"] for each in json.loads(done.stdout)["sector_recommendations"]] == ["Banks", "Energy"]
    results = api.requests[1]["messages"][-1]["content"]
    assert [block["tool_use_id"] for block in results] == ["toolu_1", "toolu_2"]
    assert '"observed_at":"2008-09-30"' in results[0]["content"] and not results[0]["is_error"]


def test_claude_answers_over_a_real_http_server(tmp_path: Path) -> None:
    command = [*ADVISOR, "market", "--pack", "us-real", "--http", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as market:
        assert market.stderr
        url = market.stderr.readline().split()[-1]
        file = write(tmp_path, AGENT + f"mcpServers:\n  desk: {{url: '{url}'}}\n")
        with scripted_api(message(call("get_sector_heatmap", {})), message(text(json.dumps(ANSWER)))) as api:
            done = advisor("ask", "-c", file, "-q", "Which?", env=KEY | {"ANTHROPIC_BASE_URL": api.url})
        market.terminate()
    assert done.returncode == 0, done.stderr


def test_paid_model_and_simulated_data_are_refused_before_any_request_unless_allowed() -> None:
    with scripted_api() as api:
        refused = advisor("ask", "-q", "Which?", env=KEY | {"ANTHROPIC_BASE_URL": api.url})
    assert refused.returncode == 2 and "--simulated" in refused.stderr
    assert json.loads(refused.stdout)["error"]["code"] == "simulated_data"
    with scripted_api(message(call("get_sector_heatmap", {})), message(text(json.dumps(ANSWER)))) as api:
        allowed = advisor("ask", "--simulated", "-q", "Which?", env=KEY | {"ANTHROPIC_BASE_URL": api.url})
    assert allowed.returncode == 0 and "[SIMULATED]" in allowed.stdout


def test_no_key_is_exit_4_with_a_hint_at_offline() -> None:
    done = advisor("ask", "-q", "Which?")
    assert done.returncode == 4 and "--offline" in done.stderr
    assert json.loads(done.stdout) == {
        "ok": False,
        "error": {
            "code": "credentials",
            "message": "no API key for claude-opus-5-5",
            "hint": "export ANTHROPIC_API_KEY=…, or do without one: --offline, or --model planner",
            "where": None,
        },
        "run": None,
    }


def test_invalid_answer_is_exit_1_and_never_an_answer_on_stdout() -> None:
    answers = [message(text("I am sure it is banks.")) for _ in range(3)]
    with scripted_api(message(call("get_sector_heatmap", {})), *answers) as api:
        env = KEY | {"ANTHROPIC_BASE_URL": api.url}
        done = advisor("ask", "-c", "us_sector_rotation", "-q", "Which?", env=env)
    assert done.returncode == 1
    failure = json.loads(done.stdout)
    assert failure["ok"] is False and failure["error"]["code"] == "invalid"
    assert "I am sure it is banks." in done.stderr
    shown = json.loads(advisor("runs", "show", failure["run"], "--format", "envelope").stdout)
    assert shown["best_attempt"] == "I am sure it is banks."


@pytest.mark.parametrize(
    ("extra", "code", "says"),
    [
        ("budget: {turns: none}\n", 2, "agent.yaml:16:17: budget.turns: has to be a whole number, not 'none'"),
        ("mcpServers: {m: {command: no-such-program}}\n", 5, "there is no command 'no-such-program'"),
        ("mcpServers: {m: {command: x, env: {K: '${UNSET}'}}}\n", 2, "UNSET is not set"),
        ("tools: [{tool_name: get_sector_heatmaps}]\n", 5, "the nearest names are get_sector_heatmap"),
    ],
)
def test_mistake_in_the_file_is_one_clear_message(tmp_path: Path, extra: str, code: int, says: str) -> None:
    done = advisor("ask", "--offline", "-q", "-c", write(tmp_path, AGENT + extra), "Which?")
    assert done.returncode == code
    assert says in done.stderr and done.stderr.startswith("error: ")
    assert json.loads(done.stdout)["ok"] is False


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["ask", "--offline", "--model", "claude-x", "Q"], "exclude each other"),
        (["ask", "--offline", "--as-of", "soon", "Q"], "is no date"),
        (["ask", "--offline", "--as-of", "9999-12-31", "Q"], "lies in the future"),
        (["ask", "--offline", "--dry-run", "--as-of", "9999-12-31", "Q"], "lies in the future"),
        (["ask", "--offline", "-c", "no_such_agent", "Q"], "dynamic_sector_advisor"),
        (["ask", "--colour"], "No such option"),
        (["answer"], "No such command"),
    ],
)
def test_wrong_usage_is_exit_2(arguments: list[str], says: str) -> None:
    done = advisor(*arguments)
    assert done.returncode == 2 and says in done.stderr


def test_budget_that_ran_out_is_exit_6(tmp_path: Path) -> None:
    done = advisor("ask", "--offline", "-q", "-c", write(tmp_path, AGENT + "budget: {turns: 1}\n"), "Which?")
    assert done.returncode == 6 and "turns: the limit of 1 is reached" in done.stderr


@pytest.mark.parametrize("signal_sent", [signal.SIGINT, signal.SIGTERM])
def test_interruption_seals_the_log_exits_130_and_leaves_no_server(tmp_path: Path, signal_sent: signal.Signals) -> None:
    marker = str(tmp_path / "raw_server.py")
    Path(marker).write_text(PROGRAM.read_text(encoding="utf-8"), encoding="utf-8")
    server = f"mcpServers: {{raw: {{command: {sys.executable}, args: [{marker}, silent-in-call]}}}}\n"
    file = write(tmp_path, AGENT + server + "tools: [{tool_name: double}]\n")
    with scripted_api(message(call("double", {"n": 1}))) as api:
        env = os.environ | KEY | {"ANTHROPIC_BASE_URL": api.url}
        command = [*ADVISOR, "ask", "-c", file, "--trust", "Which?"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env) as process:
            log = tmp_path / "home" / "runs"
            while "tool.asked" not in "".join(path.read_text() for path in log.glob("*/log.jsonl")):
                assert process.poll() is None
            process.send_signal(signal_sent)
            out, err = process.communicate(timeout=60)
    assert process.returncode == 130 and json.loads(out)["error"]["code"] == "interrupted"
    assert "interrupted" in err and "Traceback" not in err
    assert alive(marker) == []
    shown = json.loads(advisor("runs", "--format", "json").stdout)
    assert [each["status"] for each in shown] == ["interrupted"]


def test_full_disk_under_the_log_is_one_clear_message_and_keeps_what_was_logged(tmp_path: Path) -> None:
    limited = (
        "import resource, sys, agent.cli\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (12_000, 12_000))\n"
        "sys.argv[1:] = ['ask', '--offline', '-q', 'Which?']\n"
        "agent.cli.main()\n"
    )
    env = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    command = [sys.executable, "-c", limited]
    done = subprocess.run(command, capture_output=True, text=True, env=env, timeout=120, check=False)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "log.jsonl cannot be written: File too large" in done.stderr and "ADVISOR_HOME" in done.stderr
    assert json.loads(done.stdout)["error"]["code"] == "log"
    [run] = json.loads(advisor("runs", "--format", "json").stdout)
    assert run["status"] == "interrupted" and run["question"] == "Which?"


def test_reader_of_stderr_that_goes_away_does_not_cost_the_answer() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*ADVISOR, "ask", "--offline", "Which?"], stdout=subprocess.PIPE, stderr=writing, timeout=120, check=False
    )
    os.close(writing)
    assert done.returncode == 0 and json.loads(done.stdout)["sector_recommendations"]


def test_standard_output_that_cannot_be_written_is_told_and_the_run_is_kept() -> None:
    with Path("/dev/full").open("w") as full:
        command = [*ADVISOR, "ask", "--offline", "-q", "Which?"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=120, check=False)
    assert done.returncode == 1 and "standard output cannot be written" in done.stderr
    assert "Traceback" not in done.stderr
    assert [run["status"] for run in json.loads(advisor("runs", "--format", "json").stdout)] == ["ok"]


@pytest.mark.parametrize(("closed", "code"), [(1, 1), (2, 0)])
def test_a_run_whose_standard_output_is_closed_says_so_and_one_without_stderr_answers(closed: int, code: int) -> None:
    command = [*ADVISOR, "ask", "--offline", "Which?"]
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {closed}>&-', "sh", *command], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == code
    if closed == 1:
        assert done.stderr.endswith("error: standard output cannot be written: Bad file descriptor\n")
        assert "Traceback" not in done.stderr
    else:
        assert done.stderr == "" and json.loads(done.stdout)["sector_recommendations"]
    assert [run["status"] for run in json.loads(advisor("runs", "--format", "json").stdout)] == ["ok"]


def test_rejected_key_is_exit_4() -> None:
    with scripted_api((401, error_body("authentication_error", "invalid key"))) as api:
        env = KEY | {"ANTHROPIC_BASE_URL": api.url}
        done = advisor("ask", "-c", "us_sector_rotation", "-q", "Which?", env=env)
    assert done.returncode == 4 and "invalid key" in done.stderr and "ANTHROPIC_API_KEY" in done.stderr
    failure = json.loads(done.stdout)
    assert failure["error"]["code"] == "credentials" and failure["run"]


def test_warnings_reach_stderr_where_the_answer_goes_into_a_pipe() -> None:
    done = advisor("ask", "--offline", "Which?")
    assert "warning: no mcpServers in the agent file" in done.stderr and "warning:" not in done.stdout
    assert "warning:" not in advisor("ask", "--offline", "-q", "Which?").stderr


def test_as_of_outside_the_data_tells_what_there_is() -> None:
    done = advisor("ask", "--offline", "-q", "-c", "us_sector_rotation", "--as-of", "1940-01-31", "Which?")
    error = json.loads(done.stdout)["error"]
    assert done.returncode == 1 and "1949-01-31" in error["message"]
    assert error["hint"].endswith("if the data do not cover 1940-01-31, ask as of another day")


def test_question_that_the_planner_refuses_is_said_to_need_other_tools_or_a_model(tmp_path: Path) -> None:
    file = AGENT.replace("sector_recommendations", "verdicts")
    done = advisor("ask", "--offline", "-q", "-c", write(tmp_path, file), "Which?")
    assert "docs/planner.md" in json.loads(done.stdout)["error"]["hint"]


def test_empty_standard_input_is_no_question() -> None:
    done = advisor("ask", "--offline", "-", input=" \n")
    assert done.returncode == 2 and "the question is empty" in done.stderr
