from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent import data
from agent.errors import TrustNeeded
from agent.spec import AgentSpec
from agent.tools import trust
from tests.tools.raw import spec

PROGRAM = {"command": "npx", "args": ["-y", "thing"]}


def starting(server: dict[str, Any] = PROGRAM) -> AgentSpec:
    return spec(mcpServers={"vimo": server})


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that lies beside the current folder."""
    (tmp_path / "desk").mkdir()
    monkeypatch.chdir(tmp_path / "desk")
    return tmp_path / "mail" / "agent.yaml"


def test_file_from_elsewhere_starts_no_program_and_says_which_it_would(elsewhere: Path) -> None:
    with pytest.raises(TrustNeeded) as caught:
        trust.require(starting(), elsewhere, trusted=False)
    assert caught.value.exit_code == 7
    assert caught.value.message.splitlines()[1] == "  vimo: npx -y thing"
    assert "--trust" in str(caught.value.hint)


def test_file_from_elsewhere_that_is_trusted_may(elsewhere: Path) -> None:
    trust.require(starting(), elsewhere, trusted=True)


@pytest.mark.parametrize(
    "server",
    [
        {"url": "https://example.com/mcp"},
        {"command": "advisor", "args": ["market"]},
        {"command": "npx", "disabled": True},
    ],
    ids=["only called", "this program", "not opened"],
)
def test_file_that_starts_no_foreign_program_needs_no_trust(server: dict[str, Any], elsewhere: Path) -> None:
    trust.require(starting(server), elsewhere, trusted=False)


@pytest.mark.parametrize(
    "more",
    [
        {"args": ["market"], "env": {"PYTHONPATH": "."}},
        {"args": ["market"], "cwd": "."},
        {"args": ["init", "x.yaml", "--server", "a=sh -c true", "--tools", "*"]},
        {"args": ["${WHICH}", "market"]},
        {"args": ["market", "--data", "/home/somebody"]},
        {"args": ["market", "--data=/home/somebody"]},
        {"args": ["market", "${NOTHING:---da}ta", "/home/somebody"]},
        {},
    ],
)
def test_this_program_in_another_environment_or_with_another_command_or_a_folder_is_foreign(
    more: dict[str, Any], elsewhere: Path
) -> None:
    with pytest.raises(TrustNeeded):
        trust.require(starting({"command": "advisor", **more}), elsewhere, trusted=False)


@pytest.mark.parametrize(
    "server",
    [
        {"url": "https://example.com/mcp?k=${ANTHROPIC_API_KEY}"},
        {"url": "https://example.com/mcp", "headers": {"X-Key": "${ANTHROPIC_API_KEY}"}},
    ],
)
def test_file_from_elsewhere_sends_no_variable_away(server: dict[str, Any], elsewhere: Path) -> None:
    with pytest.raises(TrustNeeded, match="send variables of yours away"):
        trust.require(starting(server), elsewhere, trusted=False)


def test_own_places_need_no_trust(elsewhere: Path, home: Path) -> None:
    for place in (Path("agent.yaml"), Path.cwd() / "deep" / "agent.yaml", home / "runs" / "r", data.root() / "c.yaml"):
        trust.require(starting(), place, trusted=False)
    trust.require(starting(), None, trusted=False)


def test_link_in_the_current_folder_lies_where_it_leads(elsewhere: Path) -> None:
    elsewhere.parent.mkdir()
    elsewhere.write_text("{}")
    Path("agent.yaml").symlink_to(elsewhere)
    with pytest.raises(TrustNeeded):
        trust.require(starting(), Path("agent.yaml"), trusted=False)
    with pytest.raises(TrustNeeded):
        trust.require(starting(), Path("..") / "mail" / "agent.yaml", trusted=False)
