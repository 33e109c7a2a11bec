"""Where other programs keep their servers, and which of them are taken."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent.errors import SpecError, UsageError
from agent.onboarding import configured
from tests.onboarding.files import write

MARKET = {"command": "advisor", "args": ["market"]}
DESK = {"url": "https://desk.example/mcp"}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, on a machine of which nothing else is known."""
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setenv("APPDATA", str(tmp_path / "roaming"))
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    return tmp_path / "project"


def names(path: Path) -> list[str]:
    return [each.name for each in configured.in_file(path)]


@pytest.mark.parametrize(
    "place",
    [
        "project/.mcp.json",
        "project/.cursor/mcp.json",
        "project/.vscode/mcp.json",
        "user/.claude.json",
        "user/Library/Application Support/Claude/claude_desktop_config.json",
        "user/.config/Claude/claude_desktop_config.json",
        "roaming/Claude/claude_desktop_config.json",
    ],
)
def test_usual_places_of_every_system_are_looked_at(place: str, tmp_path: Path) -> None:
    assert tmp_path / place in configured.usual_places()


def test_places_of_the_current_folder_come_first() -> None:
    places = configured.usual_places()
    assert [place.is_relative_to(Path.cwd()) for place in places] == [True] * 3 + [False] * 4


def test_servers_of_an_editor_are_read_with_its_comments(folder: Path) -> None:
    text = '{// mine\n "inputs": [], "servers": {"market": {"type": "stdio", "command": "x"},}}'
    assert names(write(folder / ".vscode/mcp.json", text)) == ["market"]


def test_claude_code_has_servers_for_all_folders_and_more_for_this_one_which_win(folder: Path) -> None:
    elsewhere = {"mcpServers": {"other": MARKET}}
    content = {
        "mcpServers": {"market": MARKET, "desk": {"url": "https://all.example/mcp"}},
        "projects": {"/elsewhere": elsewhere, str(folder): {"mcpServers": {"desk": DESK}}, "/broken": 3},
    }
    found = configured.in_file(write(folder / "claude.json", content))
    kept, notes = configured.merged(found)
    assert {each.name: each.entry for each in kept} == {"desk": DESK, "market": MARKET}
    assert len(notes) == 1 and "desk is left out" in notes[0]


def test_same_server_in_two_files_is_one_without_a_note(folder: Path) -> None:
    found = [
        server for name in ("a", "b") for server in configured.in_file(write(folder / name, {"servers": {"m": 1}}))
    ]
    kept, notes = configured.merged(found)
    assert ([each.where for each in kept], notes) == ([f"{folder}/a:3:3"], [])


@pytest.mark.parametrize("content", [{}, {"projects": {}}, {"mcpServers": {}}, {"projects": []}])
def test_file_without_servers_has_none(content: Any, folder: Path) -> None:
    assert names(write(folder / "x.json", content)) == []


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ('{"mcpServers": {"a": {"command": x}}}', ":1:34: 'x': a text needs quotes here"),
        ('{\n "mcpServers": ["a"]}', ":2:16: mcpServers: has to be a mapping of names to servers"),
        ("[]", ":1:1: the file: this is no mapping of keys"),
        ("", ":1:1: the file is empty"),
    ],
)
def test_file_that_cannot_be_read_is_named_with_the_place(content: str, problem: str, folder: Path) -> None:
    with pytest.raises(SpecError) as caught:
        configured.in_file(write(folder / "x.json", content))
    assert caught.value.problems == [f"{folder}/x.json{problem}"]
    assert "--from" in str(caught.value.hint) and "--server" in str(caught.value.hint)


def test_server_by_hand_is_a_url_or_a_command_as_a_shell_would_read_it() -> None:
    assert configured.by_hand("desk=HTTPS://desk.example/mcp").entry == {"url": "HTTPS://desk.example/mcp"}
    given = configured.by_hand("vimo = uvx 'a server' --mode=fast")
    assert (given.name, given.where) == ("vimo", "--server vimo")
    assert given.entry == {"command": "uvx", "args": ["a server", "--mode=fast"]}


@pytest.mark.parametrize(
    "given", ["secret-word", "=secret-word", "desk=", "desk=uvx 'secret-word", "d=https://x secret-word"]
)
def test_server_by_hand_that_is_none_is_refused_without_repeating_it(given: str) -> None:
    with pytest.raises(UsageError) as caught:
        configured.by_hand(given)
    assert "--server" in caught.value.message and "secret-word" not in caught.value.message + str(caught.value.hint)


def test_only_the_wanted_servers_are_taken_and_no_disabled_one(folder: Path) -> None:
    servers = {"market": MARKET, "desk": DESK, "old": MARKET | {"disabled": True}}
    found = configured.in_file(write(folder / "x.json", {"mcpServers": servers}))
    assert [each.name for each in configured.chosen(found, ["desk"])[0]] == ["desk"]
    kept, notes = configured.chosen(found, [])
    assert [each.name for each in kept] == ["market", "desk"]
    assert len(notes) == 1 and notes[0].endswith("old is disabled there, and left out")


def test_wanted_server_that_nothing_has_is_refused_with_those_that_there_are(folder: Path) -> None:
    found = configured.in_file(write(folder / "x.json", {"mcpServers": {"market": MARKET}}))
    with pytest.raises(UsageError, match="no server is called 'markets'") as caught:
        configured.chosen(found, ["markets"])
    assert caught.value.hint == "found are market"
