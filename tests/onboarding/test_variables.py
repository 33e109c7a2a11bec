"""Secrets that stand in clear become variables; what is no secret stays as it is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from agent.onboarding.adopted import adopt
from agent.onboarding.configured import in_file
from tests.onboarding.files import adopted, write

RANDOM = "mK7dQ2xV9pLr4TzB8wNc1JfY6sHg3aEu"


def stdio(*args: str, **env: Any) -> dict[str, Any]:
    return {"command": "x", "args": list(args), "env": env}


def taken(folder: Path, entry: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str | None]]:
    """One server `desk`, taken over; and the variables that it needs."""
    found = adopted(folder, desk=entry)
    return found.servers["desk"], found.variables.values


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("API_KEY", "x"),
        ("GITHUB_TOKEN", "short"),
        ("DB_PASSWORD", "hunter2"),
        ("GITLAB_PAT", "abc"),
        ("NOTE", RANDOM),
        ("NOTE", "ghp_abcdefgh12345678"),
        ("NOTE", "0123456789abcdef0123456789abcdef"),
        ("DATABASE_URL", "postgres://user:pw@db.example/x"),
        ("EXTRA", '{"Authorization": "Bearer abc", "Version": "2022"}'),
    ],
)
def test_secret_of_the_environment_is_named_and_not_copied(name: str, value: str, tmp_path: Path) -> None:
    server, variables = taken(tmp_path, stdio(**{name: value}))
    assert server["env"] == {name: f"${{{name}}}"}
    assert variables == {name: value}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LOG_LEVEL", "debug"),
        ("NO", "NO"),
        ("API_KEY", ""),
        ("BASE_URL", "https://auth.example:8443/v1"),
        ("PACKAGE", "server-sequential-thinking"),
        ("IMAGE", "ghcr.io/acme/mcp-auth:latest"),
        ("LEVEL", "${LEVEL:-info}"),
    ],
)
def test_other_values_of_the_environment_are_copied(name: str, value: str, tmp_path: Path) -> None:
    server, variables = taken(tmp_path, stdio(**{name: value}))
    assert (server["env"], variables) == ({name: value}, {})


@pytest.mark.parametrize(
    ("header", "value", "becomes", "variable"),
    [
        ("Authorization", "Bearer abc", "Bearer ${DESK_TOKEN}", "DESK_TOKEN"),
        ("authorization", "abc", "${DESK_TOKEN}", "DESK_TOKEN"),
        ("X-Api-Key", "abc", "${DESK_API_KEY}", "DESK_API_KEY"),
        ("Cookie", "abc", "${DESK_COOKIE}", "DESK_COOKIE"),
    ],
)
def test_secret_header_keeps_the_word_for_its_scheme(
    header: str, value: str, becomes: str, variable: str, tmp_path: Path
) -> None:
    entry = {"url": "https://x.example/mcp", "headers": {header: value, "X-Tenant": "acme"}}
    server, variables = taken(tmp_path, entry)
    assert server["headers"] == {header: becomes, "X-Tenant": "acme"}
    assert variables == {variable: "abc"}


@pytest.mark.parametrize(
    ("args", "become"),
    [
        (["--api-key", "abc"], ["--api-key", "${DESK_API_KEY}"]),
        (["--api-key=abc"], ["--api-key=${DESK_API_KEY}"]),
        (["-e", "SOME_TOKEN=abc"], ["-e", "SOME_TOKEN=${DESK_SOME_TOKEN}"]),
        (["--header", "Authorization: Bearer abc"], ["--header", "Authorization: Bearer ${DESK_TOKEN}"]),
        (["--header=Authorization: Bearer abc"], ["--header=Authorization: Bearer ${DESK_TOKEN}"]),
        (["postgres://user:abc@db.example/x"], ["postgres://${DESK_PASSWORD}@db.example/x"]),
        (["Server=db;Password=abc;"], ["Server=db;Password=${DESK_PASSWORD};"]),
        (["--who", RANDOM], ["--who", "${DESK_TOKEN}"]),
    ],
)
def test_secret_in_an_argument_is_replaced_and_the_rest_is_kept(
    args: list[str], become: list[str], tmp_path: Path
) -> None:
    server, variables = taken(tmp_path, stdio(*args))
    assert server["args"] == become
    assert len(variables) == 1


@pytest.mark.parametrize(
    "args",
    [
        ["-y", "@modelcontextprotocol/server-filesystem@2025.1.14", "/data"],
        ["--max-tokens=4000", "--auth-provider", "acme", "--use-key", "true"],
        ["--key-file", "./key.pem", "--token", "--verbose"],
        ["--from", "git+https://git@code.example/a/b@0123456789abcdef0123456789abcdef01234567", "b"],
        ["run", "-i", "acme/mcp-auth:latest", "auth:1.2.3", "x@sha256:" + "0a" * 32],
        ["--token", "${OTHER}", "https://auth.example:8443/sse?page=2"],
    ],
)
def test_arguments_without_a_secret_are_copied(args: list[str], tmp_path: Path) -> None:
    server, variables = taken(tmp_path, stdio(*args))
    assert server["args"] == args
    assert set(variables) <= {"OTHER"}


def test_secret_in_a_url_is_replaced_and_the_rest_is_kept(tmp_path: Path) -> None:
    url = f"https://x.example/s/{RANDOM}/mcp?a=1&apiKey=abc"
    server, variables = taken(tmp_path, {"url": url})
    assert server["url"] == "https://x.example/s/${DESK_TOKEN}/mcp?a=1&apiKey=${DESK_APIKEY}"
    assert variables == {"DESK_APIKEY": "abc", "DESK_TOKEN": RANDOM}


def test_notations_of_editors_become_variables_and_folders(tmp_path: Path) -> None:
    env = {"A": "${input:my-key}", "B": "${env:TEAM}", "C": "${workspaceFolder}/x", "D": "${command:pick}"}
    found = adopted(tmp_path, desk=stdio(**env) | {"cwd": "${workspaceFolder}"})
    server = found.servers["desk"]
    assert server["env"] == {"A": "${MY_KEY}", "B": "${TEAM}", "C": f"{tmp_path}/x", "D": "${command:pick}"}
    assert server["cwd"] == str(tmp_path)
    assert found.variables.values == {"MY_KEY": None, "TEAM": None}
    assert found.notes == ["mcpServers.desk.env.D: ${command:pick} is nothing that an agent file fills in"]


def test_workspace_of_an_editors_file_is_the_folder_around_its_own(tmp_path: Path) -> None:
    servers = {"a": {"command": "x", "args": ["${workspaceFolder}"]}}
    found = adopt(in_file(write(tmp_path / ".vscode" / "mcp.json", {"servers": servers})))
    assert found.servers["a"]["args"] == [str(tmp_path)]


def test_folder_that_a_variable_names_is_told_since_nothing_fills_it_in(tmp_path: Path) -> None:
    found = adopted(tmp_path, desk=stdio() | {"cwd": "${DATA}/x"})
    assert found.variables.values == {}
    assert found.notes == ["mcpServers.desk.cwd: an agent file fills in nothing here; write the folder's name"]


def test_default_that_is_a_secret_is_not_copied(tmp_path: Path) -> None:
    server, variables = taken(tmp_path, stdio(API_KEY="${KEY:-abc}", NOTE=f"${{N:-{RANDOM}}}"))
    assert server["env"] == {"API_KEY": "${KEY}", "NOTE": "${N}"}
    assert variables == {"KEY": "abc", "N": RANDOM}


def test_secret_beside_a_variable_is_replaced(tmp_path: Path) -> None:
    server, variables = taken(tmp_path, stdio(DB="postgres://user:abc@${HOST}/x"))
    assert server["env"] == {"DB": "postgres://${DESK_PASSWORD}@${HOST}/x"}
    assert variables == {"HOST": None, "DESK_PASSWORD": "user:abc"}


def test_two_secrets_of_one_name_get_two_variables_and_one_value_gets_one(tmp_path: Path) -> None:
    found = adopted(
        tmp_path, a=stdio(API_KEY="first"), b=stdio(API_KEY="second"), c=stdio(API_KEY="first"), d=stdio("${API_KEYS}")
    )
    assert [found.servers[name]["env"]["API_KEY"] for name in "abc"] == ["${API_KEY}", "${B_API_KEY}", "${API_KEY}"]
    assert found.variables.places["API_KEY"] == ["mcpServers.a.env.API_KEY", "mcpServers.c.env.API_KEY"]


def test_secret_does_not_take_the_name_of_a_variable_that_another_server_refers_to(tmp_path: Path) -> None:
    found = adopted(tmp_path, a=stdio(API_KEY="first"), b=stdio(OTHER="${API_KEY}"))
    assert found.servers["a"]["env"] == {"API_KEY": "${A_API_KEY}"}
    assert found.variables.values == {"A_API_KEY": "first", "API_KEY": None}


def test_variables_have_names_that_a_shell_can_export(tmp_path: Path) -> None:
    found = adopted(tmp_path, **{"7.x": stdio("--api-key=abc", **{"my.key": "abcd"})})
    assert found.variables.values == {"MCP_7_X_API_KEY": "abc", "my_key": "abcd"}


def test_variables_are_filled_where_the_environment_has_none_and_gone_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ONBOARDING_B_KEY", "of the shell")
    env = {"ONBOARDING_A_KEY": "a", "ONBOARDING_B_KEY": "b", "REST": "${ONBOARDING_C}"}
    variables = adopted(tmp_path, desk=stdio(**env)).variables
    assert variables.missing == ["ONBOARDING_A_KEY", "ONBOARDING_C"]
    assert variables.other == ["ONBOARDING_B_KEY"]
    with variables.filled():
        assert os.environ["ONBOARDING_A_KEY"] == "a"
        assert os.environ["ONBOARDING_B_KEY"] == "of the shell"
        assert "ONBOARDING_C" not in os.environ
    assert "ONBOARDING_A_KEY" not in os.environ
