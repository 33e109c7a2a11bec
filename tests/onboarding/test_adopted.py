"""What of another program's server stands in an agent file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent.errors import SpecError, UsageError
from agent.onboarding.adopted import adopt
from agent.onboarding.configured import by_hand
from tests.onboarding.files import adopted


def test_known_keys_are_taken_over_and_the_others_told(tmp_path: Path) -> None:
    entry = {"command": "x", "args": [], "trust": True, "disabled": False, "autoApprove": ["a"], "required": False}
    found = adopted(tmp_path, desk=entry)
    assert found.servers == {"desk": {"command": "x", "required": False}}
    [note] = found.notes
    assert note.startswith(f"{tmp_path}/.mcp.json:3:3: desk: not taken over") and note.endswith(": trust, autoApprove")


def test_numbers_and_switches_become_texts(tmp_path: Path) -> None:
    entry = {"command": "x", "args": ["--port", 80], "env": {"PORT": 3000, "ON": True, "OFF": None}}
    server = adopted(tmp_path, desk=entry).servers["desk"]
    assert server == {"command": "x", "args": ["--port", "80"], "env": {"PORT": "3000", "ON": "true"}}


@pytest.mark.parametrize(
    ("entry", "kept"),
    [
        ({"url": "https://x.example/sse"}, "sse"),
        ({"url": "https://x.example/sse/?a=1"}, "sse"),
        ({"url": "https://x.example/mcp"}, None),
        ({"url": "https://x.example/sse", "type": "http"}, "http"),
        ({"url": "https://x.example/mcp", "type": "streamable_http"}, None),
        ({"command": "x", "type": "stdio"}, "stdio"),
        ({"command": "x", "type": "local"}, None),
    ],
)
def test_transport_is_what_the_file_says_or_what_the_url_ends_in(
    entry: dict[str, Any], kept: str | None, tmp_path: Path
) -> None:
    found = adopted(tmp_path, desk=entry)
    assert found.servers["desk"].get("type") == kept
    assert [note.endswith("the type is unknown, and not taken over") for note in found.notes] == (
        [True] if kept is None and "type" in entry else []
    )


def test_names_are_made_legal_and_stay_different(tmp_path: Path) -> None:
    entry = {"command": "x"}
    found = adopted(tmp_path, **{"my server": entry, "my/server": entry, "ổ": entry, "n" * 50: entry, "a.b-c": entry})
    assert list(found.servers) == ["my-server", "my-server-2", "server", "n" * 40, "a.b-c"]
    assert len(found.notes) == 4 and "my/server is called my-server-2 in the agent file" in found.notes[1]


@pytest.mark.parametrize("entry", [{}, {"command": "x", "url": "https://x.example/mcp"}])
def test_server_without_one_way_to_reach_it_is_left_out(entry: dict[str, Any], tmp_path: Path) -> None:
    found = adopted(tmp_path, odd=entry, desk={"command": "x"})
    assert list(found.servers) == ["desk"]
    assert found.notes == [
        f"{tmp_path}/.mcp.json:3:3: odd has not one of command and url, and is left out",
    ]


def test_no_server_left_is_refused_with_the_way_to_name_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no server is left") as caught:
        adopted(tmp_path, odd={})
    assert "--server NAME=COMMAND" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("entry", "line", "problem"),
    [
        ("secret-word", 3, "mcpServers.desk: has to be a mapping of keys"),
        ({"command": ["secret-word"]}, 4, "mcpServers.desk.command: has to be a text"),
        ({"command": "x", "args": "secret-word"}, 5, "mcpServers.desk.args: has to be a list of texts"),
        ({"command": "x", "args": ["a", {}]}, 7, "mcpServers.desk.args.1: has to be a text"),
        ({"command": "x", "env": "secret-word"}, 5, "mcpServers.desk.env: has to be a mapping of names to texts"),
        ({"command": "x", "env": {"A": ["secret-word"]}}, 6, "mcpServers.desk.env.A: has to be a text"),
        ({"command": ""}, 4, "command: must not be empty, not ''"),
        ({"url": "ftp://x"}, 4, "url: has to be an http:// or https:// URL, not 'ftp://x'"),
        ({"command": "x", "timeouts": {"stat": 1}}, 6, "timeouts.stat: unknown key - did you mean 'start'?"),
    ],
)
def test_server_that_cannot_be_read_is_refused_at_its_place_without_its_values(
    entry: Any, line: int, problem: str, tmp_path: Path
) -> None:
    with pytest.raises(SpecError) as caught:
        adopted(tmp_path, desk=entry)
    [said] = caught.value.problems
    assert said.startswith(f"{tmp_path}/.mcp.json:{line}:") and said.endswith(f": {problem}")
    assert "secret-word" not in said and "--only" in str(caught.value.hint)


def test_server_by_hand_is_cleaned_as_any_other() -> None:
    found = adopt([by_hand("vimo=uvx vimo --api-key abc"), by_hand("desk=https://desk.example/sse")])
    assert found.servers == {
        "vimo": {"command": "uvx", "args": ["vimo", "--api-key", "${VIMO_API_KEY}"]},
        "desk": {"url": "https://desk.example/sse", "type": "sse"},
    }
    assert found.notes == []
