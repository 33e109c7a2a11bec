"""advisor chat, as a script and as a person use it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agent.runs import store
from tests.cli.advisor import ADVISOR, AGENT, advisor, with_broken_heatmap, write
from tests.cli.terminal import CTRL_C, CTRL_D, UP, Terminal
from tests.messages_api import call, message, scripted_api, text
from tests.scripted import ANSWER
from tests.tools.raw import PROGRAM, alive

KEY = {"ANTHROPIC_API_KEY": "sk-test-key-1"}
US = ("-c", "us_sector_rotation", "--as-of", "2008-09-30")
OFFLINE = ("chat", "--offline", *US)
END = "Nothing here trades.\n> "
"""Of an answer, and the next prompt."""


def typed(*lines: str) -> str:
    return "".join(f"{line}\n" for line in lines)


def told(stdout: str) -> list[Any]:
    return [json.loads(line) for line in stdout.splitlines()]


def test_each_line_of_standard_input_is_asked_on_the_answer_before_it() -> None:
    questions = "Which lead?", "And energy, over the last six months?", "And which hold up in a crash?", "Energy?"
    asked = typed(questions[0], "", *questions[1:])
    done = advisor(*OFFLINE, "-q", "--format", "envelope", input=asked)
    first, energy, crash, again = told(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    assert [each["follows"] for each in (first, energy, crash)] == [None, first["run"], energy["run"]]
    [about] = energy["answer"]["sector_recommendations"]
    assert about["sector_name"] == "Energy" and "As asked: performance −12.4 % (6M)" in about["rationale"]
    assert "for shelter" not in about["rationale"]
    for each, says in ((crash, "The question asks for shelter"), (again, "An earlier question asked for shelter")):
        assert says in each["answer"]["sector_recommendations"][0]["rationale"], "what was sought before is sought on"
    assert [each["spend"]["tool_calls"] for each in (first, energy, crash)] == [5, 1, 0]
    assert {each["as_of"] for each in (first, energy, crash)} == {"2008-09-30"}
    assert energy["evidence"]["counted"].keys() == crash["evidence"]["counted"].keys() == {"grounded"}
    assert [run.name for run in store.all_runs()] == [each["run"] for each in (again, crash, energy, first)]


def test_lookback_asked_for_in_between_changes_nothing_of_what_is_recommended_and_shelter_can_be_left() -> None:
    downturn = "Which hold up in a downturn?"
    questions = downturn, "And energy, over 5 years, and 99Y?", downturn, "Forget the downturn; which sectors lead?"
    chat = ("chat", "--offline", "-c", "us_sector_rotation", "--as-of", "2005-06-30")
    first, energy, again, leading = map(_rows, told(advisor(*chat, "-q", input=typed(*questions)).stdout))
    assert first == again and "low volatility (24M)" in first[0]["rationale"]
    assert [each["sector_name"] for each in energy] == ["Energy"]
    assert "As asked: performance +92.2 % (5Y); no performance came for 99Y." in energy[0]["rationale"]
    assert "shelter" not in leading[0]["rationale"] and "volatility" not in leading[0]["rationale"]


def test_sectors_are_known_by_their_customary_names_where_the_agent_file_has_none() -> None:
    questions = typed("Ngành nào dẫn đầu?", "Còn energy, nửa năm?", "Ngân hàng trong năm năm?")
    first, energy, banks = map(_rows, told(advisor("chat", "--offline", "-q", input=questions).stdout))
    assert len(first) == 6 and [each[0]["sector_name"] for each in (energy, banks)] == ["Oil and Gas", "Banks"]
    assert "% (6M)." in energy[0]["rationale"] and "% (5Y)." in banks[0]["rationale"]


def test_chat_on_a_run_goes_on_with_its_answer_and_the_run_is_replayed() -> None:
    [first] = told(advisor(*OFFLINE, "-q", "--format", "envelope", input="Which lead?\n").stdout)
    done = advisor("chat", "last", "-q", input="And utilities?\n")
    assert done.returncode == 0 and [each["sector_name"] for each in _rows(told(done.stdout)[0])] == ["Utilities"]
    replayed = advisor("runs", "replay", "last", "--format", "envelope")
    again = json.loads(replayed.stdout)
    assert (replayed.returncode, again["question"], again["follows"]) == (0, "And utilities?", first["run"])
    assert "answer and page are the recorded ones, byte for byte" in replayed.stderr
    listed = json.loads(advisor("runs", "--format", "json").stdout)
    assert [each["question"] for each in listed] == ["And utilities?", "Which lead?"]


def _rows(answer: dict[str, Any]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = answer["sector_recommendations"]
    return rows


def test_a_question_that_fails_ends_nothing_and_the_next_follows_the_newest_answer(tmp_path: Path) -> None:
    look, good = message(call("get_sector_heatmap", {})), message(text(json.dumps(ANSWER)))
    bad = [message(text("no JSON"))] * 3
    refused = (400, {"type": "error", "error": {"type": "invalid_request_error", "message": "no"}})
    with scripted_api(look, good, *bad, refused, good) as api:
        lines = typed("First?", "Bad?", "/show", "/save kept.json", "Refused?", "Good?")
        env = KEY | {"ANTHROPIC_BASE_URL": api.url}
        done = advisor("chat", *US, "-q", input=lines, env=env, cwd=tmp_path)
    outcomes = [each.get("error", {}).get("code") for each in told(done.stdout)]
    assert (done.returncode, outcomes) == (1, [None, "invalid", None, "model", None])
    given, _, shown, *_ = told(done.stdout)
    assert shown == given == json.loads((tmp_path / "kept.json").read_text(encoding="utf-8"))["answer"]
    last, first = api.requests[-1]["messages"], api.requests[1]["messages"]
    assert [each["role"] for each in last] == ["user", "assistant", "user", "assistant", "user"]
    assert last[-1]["content"][0]["text"] == "Good?" and len(first) == 3
    assert "no JSON" not in json.dumps(last) and "Traceback" not in done.stderr


def test_defect_in_what_is_shown_costs_neither_the_chat_nor_the_answer() -> None:
    lines = typed("Which lead?", "/show", "/cost", "And energy, over the last six months?")
    done = with_broken_heatmap(*OFFLINE, "-q", "--format", "table", input=lines)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert done.stderr.count("error: LookupError: planted") == 3
    assert "the whole chat 1 question: 2 turns, 5 tool calls" in done.stdout
    _, first = json.loads(advisor("runs", "--format", "json").stdout)
    energy = json.loads(advisor("runs", "show", "last", "--format", "envelope").stdout)
    assert (energy["status"], energy["follows"]) == ("ok", first["run"])


def test_json_of_a_question_does_not_steer_the_terminal_and_says_it_as_it_was() -> None:
    question = "Which lead? \x9b31m\u202e"
    asked = advisor(*OFFLINE, "-q", "--format", "envelope", input=typed(question)).stdout
    listed = advisor("runs", "--format", "json").stdout
    assert [json.loads(asked)["question"], json.loads(listed)[0]["question"]] == [question, question]
    assert not any(each in asked + listed for each in ("\x9b", "\u202e"))


def test_chat_whose_standard_input_is_closed_has_no_question() -> None:
    command = ["sh", "-c", 'exec "$@" <&-', "sh", *ADVISOR, "chat", "--offline"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2 and "error: no question came on standard input" in done.stderr


def test_a_question_that_cannot_be_supported_is_exit_1() -> None:
    lines = typed("Which lead?")
    with scripted_api(message(text("{}")), message(text("{}"))) as api:
        done = advisor("chat", *US, "-q", input=lines, env=KEY | {"ANTHROPIC_BASE_URL": api.url})
    assert done.returncode == 1 and told(done.stdout)[0]["error"]["code"] == "unsupported"


def test_commands_tell_beside_what_a_script_reads(tmp_path: Path) -> None:
    (tmp_path / "there.json").write_text("mine", encoding="utf-8")
    commands = ["/cost", "Which lead?", "/cost", "And energy over six months?", "/tools", "/cost", "/what", "/help"]
    saves = [
        "/save ~nobody-here/a.json",
        "/save zero\0.json",
        "/save all.json",
        "/save page.html",
        "/save notes.txt",
        "/save there.json",
        "/save no/such/folder.json",
    ]
    done = advisor(*OFFLINE, "-q", input=typed(*commands, *saves, "/show", "/quit", "Not asked."), cwd=tmp_path)
    first, second, shown = told(done.stdout)
    assert done.returncode == 0 and shown == second != first
    said = done.stderr
    assert said.startswith("nothing has been asked yet\n")
    assert "the whole chat 1 question: 2 turns, 5 tool calls" in said
    assert "this question  2 turns, 1 tool call\nthe whole chat 2 questions: 4 turns, 6 tool calls" in said
    assert [line.split() for line in said.splitlines() if line.startswith("get_")] == [
        ["get_macro_indicators", "market", "1"],
        ["get_relative_rotation", "market", "1"],
        ["get_sector_heatmap", "market", "4"],
    ]
    assert "/what is no command" in said and "there are /tools, /cost, /show, /save FILE, /help, /quit" in said
    assert json.loads((tmp_path / "all.json").read_text(encoding="utf-8"))["answer"] == second
    newest = store.all_runs()[0] / "page.html"
    assert (tmp_path / "page.html").read_bytes() == newest.read_bytes()
    assert "/save takes a file whose name ends in .json or .html\n" in said
    assert "~nobody-here/a.json cannot be written: Could not determine home" in said and "embedded null byte" in said
    assert "there.json is there already" in said and "folder.json cannot be written: No such file" in said
    assert (tmp_path / "there.json").read_text(encoding="utf-8") == "mine" and not (tmp_path / "notes.txt").exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["chat", "--offline"], "no question came on standard input"),
        (["chat", "--offline", "--model", "claude-x"], "exclude each other"),
        (["chat", "--offline", "--as-of", "soon"], "is no date"),
        (["chat", "--offline", "--as-of", "9999-12-31"], "lies in the future"),
        (["chat", "last"], "no run is called 'last'"),
        (
            ["chat", "last", "--offline", "--as-of", "2008-09-30"],
            "--as-of and --offline cannot be given beside RUN\nhint: ",
        ),
    ],
)
def test_wrong_usage_is_told_before_anything_is_asked(arguments: list[str], says: str) -> None:
    done = advisor(*arguments, input="")
    assert done.returncode == 2 and says in done.stderr and json.loads(done.stdout)["ok"] is False


def test_missing_key_is_told_before_anything_is_asked() -> None:
    done = advisor("chat", *US, input="Which?\n")
    assert done.returncode == 4 and "--offline" in done.stderr


def test_chat_on_a_run_without_an_answer_is_refused(tmp_path: Path) -> None:
    file = write(tmp_path, AGENT + "budget: {turns: 1}\n")
    advisor("ask", "--offline", "-q", "-c", file, "Which?")
    done = advisor("chat", "last", input="And?\n")
    assert done.returncode == 2 and "no valid answer to ask about: budget" in done.stderr


def advised(shown: str) -> str:
    """The table of recommendations, which the heatmap follows."""
    return shown.rpartition("Conf.")[2].partition("Performance")[0]


def test_a_person_asks_at_a_prompt_with_what_was_asked_before_at_the_arrow_keys(tmp_path: Path) -> None:
    with Terminal(*OFFLINE, cwd=tmp_path) as terminal:
        assert "Enter alone asks: Which industries should" in " ".join(terminal.until("> ").split())
        terminal.type("\r")
        assert "tool get_sector_heatmap" in terminal.until(END)
        terminal.type("And energy?\r")
        shown = terminal.until(END)
        assert "tool get_" not in shown and "Energy" in advised(shown) and "Utilities" not in advised(shown)
        terminal.type("half a line")
        terminal.until("half a line")
        terminal.interrupt()
        terminal.until("\n> ")
        terminal.type(f"{UP} And utilities?\r")
        shown = terminal.until(END)
        assert "And energy? And utilities?" in shown and "Utilities" in advised(shown) and "page     file://" in shown
        terminal.type("/cost\r")
        assert "3 questions" in terminal.until("\n> ")
        terminal.type(CTRL_D)
        assert terminal.ends()[0] == 0
    history = store.home() / "chat_history"
    assert history.read_text(encoding="utf-8").splitlines() == ["And energy?", "And energy? And utilities?", "/cost"]
    assert history.stat().st_mode & 0o777 == 0o600
    history.write_text("older\n" * 2000 + history.read_text(encoding="utf-8"), encoding="utf-8")
    with Terminal("chat", "last", cwd=tmp_path) as terminal:
        shown = terminal.until("> ")
        assert "And energy?\nAnd energy? And utilities?\n" in shown and "Utilities" in shown
        terminal.type(f"{UP}{UP}")
        terminal.until("And energy? And utilities?")
        terminal.interrupt()
        terminal.until("\n> ")
        terminal.interrupt()
        assert terminal.ends()[0] == 0
    assert len(history.read_text(encoding="utf-8").splitlines()) == 1000


def test_enter_alone_asks_the_objective_until_there_is_an_answer(tmp_path: Path) -> None:
    with Terminal("chat", "--offline", "-c", "us_sector_rotation", "--as-of", "1900-01-01", cwd=tmp_path) as terminal:
        terminal.until("> ")
        for _ in range(2):
            terminal.type("\r")
            assert "no valid answer" in terminal.until(END)
        terminal.type(CTRL_D)
        assert terminal.ends()[0] == 1
    assert len(store.all_runs()) == 2


def test_objective_does_not_steer_the_terminal(tmp_path: Path) -> None:
    file = write(tmp_path, AGENT + 'objective: "Which \\e]0;owned\\a\\u202esectors\\nlead?"\n')
    with Terminal("chat", "--offline", "-c", file, cwd=tmp_path) as terminal:
        shown = terminal.until("\n> ")
        terminal.type(CTRL_D)
        assert terminal.ends()[0] == 0
    assert "Enter alone asks: Which ]0;ownedsectors lead?\n" in shown


STARTS = """\
import os, runpy, sys
with open("starts", "a") as starts:
    starts.write(f"{os.getpid()}\\n")
if len(open("starts").readlines()) in map(int, sys.argv[2:]):
    sys.argv[1] = "silent-in-call"
"""


def counted(folder: Path, *silent: int) -> str:
    """An agent file whose server counts its starts; of those in `silent` the calls are never answered."""
    program = folder / "counted_server.py"
    program.write_text(f"{STARTS}runpy.run_path({str(PROGRAM)!r})\n", encoding="utf-8")
    arguments = [str(program), "well", *map(str, silent)]
    server = {"command": sys.executable, "args": arguments, "cwd": str(folder)}
    file = AGENT + f"mcpServers: {{raw: {json.dumps(server)}}}\ntools: [{{tool_name: double}}]\n"
    return write(folder, file)


def starts(folder: Path) -> list[int]:
    return [int(line) for line in (folder / "starts").read_text().splitlines()]


def test_servers_stay_open_from_one_question_to_the_next(tmp_path: Path) -> None:
    turns = [message(call("double", {"n": 1})), message(text(json.dumps(ANSWER)))] * 3
    with scripted_api(*turns) as api:
        env = KEY | {"ANTHROPIC_BASE_URL": api.url}
        done = advisor("chat", "-c", counted(tmp_path), input=typed("First?", "Second?", "Third?"), env=env)
    assert done.returncode == 0 and len(told(done.stdout)) == 3
    assert len(starts(tmp_path)) == 1 and not alive(str(tmp_path))


def test_signal_at_the_prompt_ends_the_servers_too(tmp_path: Path) -> None:
    with scripted_api(message(call("double", {"n": 1})), message(text(json.dumps(ANSWER)))) as api:
        env = KEY | {"ANTHROPIC_BASE_URL": api.url}
        with Terminal("chat", "-c", counted(tmp_path), cwd=tmp_path, env=env) as terminal:
            terminal.until("> ")
            terminal.type("Which?\r")
            terminal.until(END)
            assert alive(str(tmp_path / "counted_server.py"))
            terminal.terminate()
            code, shown = terminal.ends()
    assert code == 130 and "error: interrupted" in shown
    assert not alive(str(tmp_path / "counted_server.py"))


def test_signal_while_servers_are_closed_ends_those_that_stay(tmp_path: Path) -> None:
    file = counted(tmp_path)
    with (tmp_path / "counted_server.py").open("a", encoding="utf-8") as program:
        program.write("import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nsignal.pause()\n")
    with scripted_api(message(call("double", {"n": 1})), message(text(json.dumps(ANSWER)))) as api:
        env = KEY | {"ANTHROPIC_BASE_URL": api.url}
        with Terminal("chat", "-c", file, cwd=tmp_path, env=env) as terminal:
            terminal.until("> ")
            terminal.type("Which?\r")
            terminal.until(END)
            terminal.type("/quit\r")
            terminal.until("closing the servers")
            terminal.process.terminate()
            assert terminal.ends()[0] == 130
    assert not alive(str(tmp_path / "counted_server.py"))


def test_servers_are_opened_anew_after_a_question_that_was_stopped(tmp_path: Path) -> None:
    look, good = message(call("double", {"n": 1})), message(text(json.dumps(ANSWER)))
    with scripted_api(look, look, good) as api:
        env = KEY | {"ANTHROPIC_BASE_URL": api.url}
        with Terminal("chat", "-c", counted(tmp_path, 1), cwd=tmp_path, env=env) as terminal:
            terminal.until("> ")
            terminal.type("Which?\r")
            terminal.until("calling double")
            terminal.type(CTRL_C)
            terminal.until("\n> ")
            assert not alive(str(tmp_path / "counted_server.py"))
            terminal.type("Which?\r")
            terminal.until(END)
            terminal.type(CTRL_D)
            assert terminal.ends()[0] == 0
    assert len(starts(tmp_path)) == 2 and not alive(str(tmp_path / "counted_server.py"))


def test_ctrl_c_stops_the_run_and_not_the_chat(tmp_path: Path) -> None:
    server = f"mcpServers: {{raw: {{command: {sys.executable}, args: [{PROGRAM}, silent-in-call]}}}}\n"
    file = write(tmp_path, AGENT + server + "tools: [{tool_name: double}]\n")
    with scripted_api(message(call("double", {"n": 1}))) as api:
        env = KEY | {"ANTHROPIC_BASE_URL": api.url}
        with Terminal("chat", "-c", file, cwd=tmp_path, env=env) as terminal:
            terminal.until("> ")
            terminal.type("Which?\r")
            terminal.until("calling double")
            terminal.type(CTRL_C)
            shown = terminal.until("\n> ")
            [run] = store.all_runs()
            assert f"advisor ask --resume {run.name} goes on with it" in " ".join(shown.split())
            terminal.type("/show\r")
            assert "no valid answer: interrupted" in terminal.until("\n> ")
            terminal.type("/quit\r")
            assert terminal.ends()[0] == 130
    assert "run.finished" in (run / "log.jsonl").read_text(encoding="utf-8")
