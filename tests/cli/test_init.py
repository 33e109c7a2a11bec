"""advisor init, as a user runs it: in a folder of its own, on a machine of which only the test's files are known."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agent import agentfile
from tests.cli.advisor import advisor
from tests.onboarding.files import write
from tests.onboarding.terminal import Terminal
from tests.tools.raw import PROGRAM, alive

SECRET = "do-not-copy-this-value"


def raw(behaviour: str = "well", *more: str, **env: str) -> dict[str, Any]:
    return {"command": sys.executable, "args": [str(PROGRAM), behaviour, *more], "env": env}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder."""
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    for name in ("XDG_CONFIG_HOME", "APPDATA"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    return tmp_path / "project"


def configured(folder: Path, **servers: Any) -> None:
    write(folder / ".mcp.json", {"mcpServers": servers})


def init(*arguments: str, code: int = 0, **options: Any) -> subprocess.CompletedProcess[str]:
    done = advisor("init", *arguments, stdin=subprocess.DEVNULL, cwd=Path.cwd(), **options)
    assert done.returncode == code, done.stderr
    assert SECRET not in done.stdout + done.stderr
    return done


def tools_of(path: Path) -> list[str] | None:
    """What a written file declares. `advisor check` passes it, and no secret is in it."""
    assert advisor("check", str(path)).returncode == 0
    assert SECRET not in path.read_text(encoding="utf-8")
    tools = agentfile.load(path).spec.tools
    return None if tools is None else [tool.tool_name for tool in tools]


def test_servers_of_the_usual_places_become_an_agent_file_without_opening_any(folder: Path, tmp_path: Path) -> None:
    configured(folder, desk=raw("exits"))
    claude = {"mcpServers": {"market": {"command": "advisor", "args": ["market"]}}}
    write(tmp_path / "user" / ".claude.json", claude)
    done = init()
    assert done.stdout.splitlines() == [
        "written: agent.yaml",
        "next: advisor doctor -c agent.yaml",
        "      advisor tools -c agent.yaml",
        "      advisor ask -c agent.yaml",
    ]
    assert f"found {folder}/.mcp.json: desk\n" in done.stderr
    assert f"found {tmp_path}/user/.claude.json: market\n" in done.stderr
    assert tools_of(folder / "agent.yaml") is None
    assert list(agentfile.load(folder / "agent.yaml").spec.servers) == ["desk", "market"]


def test_an_agent_that_nobody_names_is_called_after_its_only_server_else_after_its_folder(folder: Path) -> None:
    desk, market = ("--server", "desk=python desk.py"), ("--server", "market=advisor market")
    init("one.yaml", *desk)
    init("two.yaml", *desk, *market)
    called = [agentfile.load(name).spec.agent_name for name in ("one.yaml", "two.yaml")]
    assert called == ["desk advisor", f"{folder.name} advisor"]


def test_written_file_answers_a_question_at_once(folder: Path) -> None:
    init("--server", "market=advisor market", "--tools", "get_*", "--name", "Desk: 1", "--description", "You look.")
    assert agentfile.load("agent.yaml").spec.agent_name == "Desk: 1"
    rows = json.loads(advisor("tools", "-c", "agent.yaml", "--format", "json").stdout)
    assert len(rows) > 3 and all(row["offered_as"] == row["name"] and row["differences"] == [] for row in rows)
    done = advisor("ask", "-c", "agent.yaml", "--offline", "-q")
    assert done.returncode == 0 and json.loads(done.stdout)["sector_recommendations"]


def test_no_server_anywhere_is_exit_2_and_tells_how_to_name_one(folder: Path, tmp_path: Path) -> None:
    assert "--server NAME=COMMAND" in init(code=2).stderr
    write(tmp_path / "user" / ".claude.json", {"numStartups": 3})
    done = init(code=2)
    assert "found" in done.stderr and "no servers" in done.stderr and "--server NAME=COMMAND" in done.stderr
    assert list(folder.iterdir()) == []


def test_secrets_stay_where_they_are_and_their_variables_are_told(folder: Path) -> None:
    headers = {"Authorization": f"Bearer {SECRET}"}
    configured(
        folder,
        raw=raw("well", "--api-key", SECRET, DESK_KEY=SECRET, LEVEL="info"),
        desk={"url": f"https://desk.example/mcp?token={SECRET}", "headers": headers},
    )
    done = init("--format", "json", env={"DESK_KEY": "of the shell"})
    servers = agentfile.load("agent.yaml").spec.servers
    assert servers["raw"].model_dump()["env"] == {"DESK_KEY": "${DESK_KEY}", "LEVEL": "info"}
    assert servers["desk"].model_dump()["headers"] == {"Authorization": "Bearer ${DESK_TOKEN}"}
    assert tools_of(folder / "agent.yaml") is None
    about = json.loads(done.stdout)
    assert about["variables"] == [
        {"name": "RAW_API_KEY", "used_by": ["mcpServers.raw.args.3"], "set": False},
        {"name": "DESK_KEY", "used_by": ["mcpServers.raw.env.DESK_KEY"], "set": True},
        {
            "name": "DESK_TOKEN",
            "used_by": ["mcpServers.desk.url", "mcpServers.desk.headers.Authorization"],
            "set": False,
        },
    ]
    assert about["notes"] == ["DESK_KEY is set here to another value than the one that was found"]
    assert "export RAW_API_KEY=…   # mcpServers.raw.args.3; its value was not copied" in done.stderr
    assert "export DESK_KEY" not in done.stderr


def test_servers_are_opened_with_the_secrets_that_the_file_leaves_out(folder: Path) -> None:
    program = (
        "import os, runpy, sys\n"
        f"if os.environ.get('DESK_KEY') != {SECRET!r}:\n    sys.exit('no key')\n"
        f"sys.argv[:] = [{str(PROGRAM)!r}, 'well']\nrunpy.run_path({str(PROGRAM)!r}, run_name='__main__')\n"
    )
    server = write(folder / "server.py", program)
    configured(folder, desk={"command": sys.executable, "args": [str(server)], "env": {"DESK_KEY": SECRET}})
    init("--tools", "*")
    assert tools_of(folder / "agent.yaml") == ["double"]


def test_secret_is_not_told_when_its_server_fails(folder: Path) -> None:
    configured(folder, desk=raw("exits", "--api-key", SECRET))
    done = init("--tools", "*", code=5)
    assert "DB password missing" in done.stderr and "[redacted]" in done.stderr
    assert not (folder / "agent.yaml").exists()


def test_tools_are_declared_by_pattern_and_what_may_write_is_told(folder: Path) -> None:
    configured(folder, a=raw("writes"), b=raw("pages"), c=raw("odd-names"))
    done = init("--tools", "double", "--tools", "wipe", "--tools", "c.*", "--tools", "!ddd*", "--format", "json")
    about = json.loads(done.stdout)
    assert (about["ok"], about["file"], about["servers"]) == (True, "agent.yaml", ["a", "b", "c"])
    assert about["tools"] == ["a__double", "wipe", "b__double", "market.double it"] == tools_of(folder / "agent.yaml")
    assert about["notes"] == ["a.wipe may change something: policy.writes says whether it is offered"]
    rows = json.loads(advisor("tools", "-c", "agent.yaml", "--format", "json").stdout)
    offered = {(row["server"], row["name"]): row["offered_as"] for row in rows}
    assert offered[("a", "double")] == "a__double" and offered[("b", "double")] == "b__double"
    assert offered[("a", "wipe")] is None and offered[("b", "echo")] is None
    assert [row["name"] for row in rows if row["differences"]] == ["wipe"]


def test_pattern_that_means_no_tool_is_exit_2_and_lists_those_that_there_are(folder: Path) -> None:
    configured(folder, a=raw("pages"))
    done = init("--tools", "tripel", code=2)
    assert "no tool matches tripel" in done.stderr and "there are a.double, a.echo" in done.stderr
    assert not (folder / "agent.yaml").exists()


def test_idle_pattern_and_unusable_tool_are_noted(folder: Path) -> None:
    configured(folder, a=raw("malformed-tool"))
    notes = json.loads(init("--tools", "double", "--tools", "nothing", "--format", "json").stdout)["notes"]
    assert "no tool matches nothing" in notes
    assert any(note.startswith("a.bad cannot be used: ") for note in notes)


def test_server_that_is_down_fails_only_where_its_tools_are_wanted(folder: Path) -> None:
    configured(folder, up=raw(), down=raw("exits"))
    done = init("--tools", "up.*")
    assert "server 'down'" in done.stderr and "DB password missing" in done.stderr
    assert tools_of(folder / "agent.yaml") == ["double"]
    assert list(agentfile.load("agent.yaml").spec.servers) == ["up", "down"]
    failed = init("other.yaml", "--tools", "double", "--format", "json", code=5)
    assert json.loads(failed.stdout)["error"]["where"] == "down" and not (folder / "other.yaml").exists()


def test_variable_that_is_not_set_keeps_its_server_down(folder: Path) -> None:
    configured(folder, up=raw(), down=raw(TEAM="${ONBOARDING_TEAM}"))
    done = init("--tools", "up.*")
    assert "server 'down'" in done.stderr and "ONBOARDING_TEAM is not set" in done.stderr
    assert "export ONBOARDING_TEAM=…   # mcpServers.down.env.TEAM\n" in done.stderr
    again = init("other.yaml", "--tools", "*", env={"ONBOARDING_TEAM": "1"})
    assert again.stderr == f"found {folder}/.mcp.json: up, down\n"


def test_existing_file_is_written_over_only_when_forced(folder: Path) -> None:
    write(folder / "agent.yaml", "mine")
    done = init("--server", "m=advisor market", code=2)
    assert "exists already" in done.stderr and "--force" in done.stderr
    assert (folder / "agent.yaml").read_text() == "mine"
    init("--server", "m=advisor market", "--force")
    assert tools_of(folder / "agent.yaml") is None
    assert [path.name for path in folder.iterdir()] == ["agent.yaml"]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["agent.json"], "what is written is YAML"),
        (["nowhere/agent.yaml"], "there is no folder 'nowhere'"),
        (["--no-open", "--tools", "*"], "--no-open forbids it"),
        (["--name", " "], "--name must not be empty"),
        (["--from", "nothing.json"], "nothing.json: there is no such file"),
        (["--only", "desk"], "no server is called 'desk'"),
        (["--server", "uvx x"], "--server takes NAME=COMMAND or NAME=URL"),
        (["--server", "a=ht!tp://localhost/mcp"], "--server a: it is neither a program nor an http:// or https:// URL"),
    ],
)
def test_wrong_usage_is_exit_2_and_writes_nothing(arguments: list[str], problem: str, folder: Path) -> None:
    given = [] if "--from" in arguments else ["--server", "m=advisor market"]
    done = init(*given, *arguments, code=2)
    assert problem in done.stderr and list(folder.iterdir()) == []


def test_folder_of_that_name_is_exit_2(folder: Path) -> None:
    (folder / "agent.yaml").mkdir()
    assert "this is a folder" in init("--server", "m=advisor market", "--force", code=2).stderr


def test_file_that_cannot_be_written_is_exit_1_with_what_to_do(folder: Path) -> None:
    (folder / ".agent.yaml.tmp").mkdir()
    done = init("--server", "m=advisor market", code=1)
    assert "agent.yaml cannot be written: Is a directory" in done.stderr and "name a FILE in a folder" in done.stderr
    assert "next:" not in done.stdout and not (folder / "agent.yaml").exists()


def test_broken_configuration_is_told_with_its_place(folder: Path) -> None:
    write(folder / ".mcp.json", '{"mcpServers": {"desk": {"command": "x", "args": {}}}}')
    assert f"{folder}/.mcp.json:1:50: mcpServers.desk.args: has to be a list of texts" in init(code=2).stderr


def test_named_file_is_the_only_one_that_is_read_and_a_server_by_hand_wins(folder: Path) -> None:
    configured(folder, other=raw())
    write(folder / "mine.json", {"servers": {"desk": raw(), "market": {"command": "x"}}})
    done = init("--from", "mine.json", "--server", "market=advisor market", "--only", "market")
    assert agentfile.load("agent.yaml").spec.servers["market"].model_dump()["command"] == "advisor"
    assert "market is left out, since --server market has another of that name" in done.stderr


def test_file_from_elsewhere_starts_no_program_unless_it_is_trusted(folder: Path, tmp_path: Path) -> None:
    elsewhere = write(tmp_path / "mail" / "mcp.json", {"mcpServers": {"desk": raw()}})
    done = init("--from", str(elsewhere), "--tools", "*", code=7)
    assert "would start programs" in done.stderr and "--trust" in done.stderr
    init("--from", str(elsewhere), "--no-open")
    init("--from", str(elsewhere), "--tools", "*", "--trust", "--force")
    assert tools_of(folder / "agent.yaml") == ["double"]


def test_file_of_the_users_own_programs_is_trusted(folder: Path, tmp_path: Path) -> None:
    own = write(tmp_path / "user" / ".claude.json", {"mcpServers": {"desk": raw()}})
    init("--from", str(own), "--tools", "*")
    assert tools_of(folder / "agent.yaml") == ["double"]


def test_person_at_the_terminal_chooses_by_numbers_and_patterns(folder: Path) -> None:
    configured(folder, a=raw("writes"), b=raw("pages"), down=raw("exits"))
    terminal = Terminal("--format", "json")
    listing = terminal.asks()
    assert "server 'down'" in listing
    rows = [line.split() for line in listing.splitlines()]
    assert [row[:4] for row in rows if row and row[0] in "1234"] == [
        ["1", "a.double", "reads", "21"],
        ["2", "a.wipe", "writes", "5"],
        ["3", "b.double", "reads", "21"],
        ["4", "b.echo", "unknown", "12"],
    ]
    terminal.type(b"9\n")
    assert "9: the numbers go from 1 to 4" in terminal.asks()
    terminal.type(b"3 ech*\n")
    code, said = terminal.ends()
    assert (code, json.loads(said)["tools"]) == (0, ["double", "echo"])
    assert tools_of(folder / "agent.yaml") == ["double", "echo"]
    assert b"b.echo does not say that it only reads" in terminal.shown


def test_empty_answer_declares_all_that_only_read(folder: Path) -> None:
    configured(folder, a=raw("writes"), b=raw("pages"))
    terminal = Terminal()
    terminal.asks()
    terminal.type(b"\n")
    assert terminal.ends()[0] == 0
    assert tools_of(folder / "agent.yaml") == ["a__double", "b__double"]


def test_choosing_nothing_declares_nothing_and_says_so(folder: Path) -> None:
    configured(folder, a=raw())
    terminal = Terminal()
    terminal.asks()
    terminal.type(b"!*\n")
    assert terminal.ends()[0] == 0
    assert tools_of(folder / "agent.yaml") is None
    assert b"no tool is declared" in terminal.shown


def test_interruption_while_choosing_is_exit_130_and_writes_nothing(folder: Path) -> None:
    configured(folder, a=raw("well", "marker-of-init"))
    terminal = Terminal()
    terminal.asks()
    terminal.interrupt()
    assert terminal.ends() == (130, "")
    assert b"nothing is written" in terminal.shown
    assert not (folder / "agent.yaml").exists() and alive("marker-of-init") == []


def test_terminal_without_any_open_server_gets_a_file_all_the_same(folder: Path) -> None:
    configured(folder, down=raw("exits"))
    terminal = Terminal()
    code, said = terminal.ends()
    assert code == 0 and said.startswith("written: agent.yaml\n")
    assert tools_of(folder / "agent.yaml") is None


def test_no_open_asks_nothing_on_a_terminal(folder: Path) -> None:
    configured(folder, down=raw("exits"))
    terminal = Terminal("--no-open")
    assert terminal.ends()[0] == 0
    assert b"server 'down'" not in terminal.shown
