"""What an agent file names: schemas, a prompt, variables, secrets."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent import agentfile
from agent.errors import SpecError
from agent.server_spec import HttpServer, StdioServer
from agent.spec import ToolSpec
from tests.test_agentfile import ROOT, parse, problems


@pytest.mark.parametrize(
    ("more", "place", "says"),
    [
        ("tools: [{tool_name: x, parameters: {a: string}}]", "4:40", "tools.0.parameters.a"),
        ("tools: [{tool_name: x, parameters: {a: {type: strng}}}]", "4:47", "tools.0.parameters.a.type"),
        ("tools: [{tool_name: x, parameters: {type: object, properties: {a: {enum: 3}}}}]", "4:74",
         "tools.0.parameters.properties.a.enum"),
        ("tools: [{tool_name: x, parameters: {type: object, required: a}}]", "4:61", "tools.0.parameters.required"),
    ],
)  # fmt: skip
def test_parameters_that_are_no_schema_are_refused_at_their_place(more: str, place: str, says: str) -> None:
    (only,) = problems(more)
    assert only.startswith(f"f.yaml:{place}: {says}: not a JSON Schema: ")


def response_problems(response_format: str) -> list[str]:
    from agent.source import read_text

    text = f"agent_name: A\ndescription: D\nresponse_format: {response_format}\n"
    with pytest.raises(SpecError) as caught:
        agentfile.parse(read_text(text, "f.yaml"))
    return caught.value.problems


def test_a_response_format_that_is_no_schema_is_refused_at_its_place() -> None:
    assert response_problems("{type: object, properties: {x: {type: strng}}}") == [
        "f.yaml:3:56: response_format.properties.x.type: not a JSON Schema: "
        "'strng' is not valid under any of the given schemas"
    ]


@pytest.mark.parametrize("response_format", ["{}", "{type: array}", "{type: [object, 'null']}", "{$ref: '#/$defs/a'}"])
def test_an_answer_has_to_be_an_object(response_format: str) -> None:
    assert 'f.yaml:3:18: response_format: its type has to be "object"' in response_problems(response_format)


@pytest.mark.parametrize(
    "inside",
    [
        "{properties: {x: {type: string, pattern: '('}}, type: object}",
        "{properties: {x: {$ref: '#/$defs/gone'}}, type: object}",
        "{properties: {x: {$ref: 'https://example.invalid/schema.json'}}, type: object}",
    ],
)
def test_a_schema_that_no_answer_could_be_checked_against_is_refused_before_a_run_is_paid(inside: str) -> None:
    (only,) = response_problems(inside)
    assert only.startswith("f.yaml:3:")
    assert "response_format.properties.x" in only


@pytest.mark.parametrize(
    ("parameters", "names"),
    [
        (None, []),
        ({}, []),
        ({"a": {"type": "string"}}, ["a"]),
        ({"type": "object", "properties": {"a": {}, "b": True}}, ["a", "b"]),
        ({"type": "object"}, []),
        ({"$schema": "https://json-schema.org/draft/2020-12/schema", "properties": {"a": {}}}, ["a"]),
        ({"type": {"type": "string"}, "properties": {"type": "object"}}, ["type", "properties"]),
    ],
)
def test_parameters_are_a_property_map_or_a_whole_schema(
    parameters: dict[str, object] | None, names: list[str]
) -> None:
    assert list(ToolSpec(tool_name="x", parameters=parameters).properties) == names


def test_a_parameter_may_be_called_type() -> None:
    assert list(
        (parse("tools: [{tool_name: x, parameters: {type: {type: string}}}]").spec.tools or [])[0].properties
    ) == ["type"]


def write(folder: Path, more: str) -> Path:
    path = folder / "agent.yaml"
    path.write_text(ROOT + more, encoding="utf-8")
    return path


def test_a_prompt_is_found_beside_its_file_and_loses_its_heading(tmp_path: Path) -> None:
    (tmp_path / "p.md").write_text("<!-- p, version 1 -->\nBe brief. ${NAME} stays.\n", encoding="utf-8")
    assert agentfile.load(write(tmp_path, "prompt: p.md")).system == "You are A. D\n\nBe brief. ${NAME} stays."


def test_a_prompt_is_found_in_the_package_too(tmp_path: Path) -> None:
    assert "# Your task" in agentfile.load(write(tmp_path, "prompt: prompts/research.md")).system


def test_a_prompt_that_is_nowhere_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "prompt: nowhere.md")
    with pytest.raises(SpecError) as caught:
        agentfile.load(path)
    assert caught.value.problems == [
        f"{path}:4:9: prompt: there is no file 'nowhere.md', neither beside this file nor in the package"
    ]


def test_a_prompt_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "p.md").write_bytes(b"\xff\xfe")
    path = write(tmp_path, "prompt: p.md")
    with pytest.raises(SpecError) as caught:
        agentfile.load(path)
    assert caught.value.problems[0].startswith(f"{path}:4:9: prompt: ")


def test_sector_advice_and_research_get_their_own_prompts() -> None:
    assert "one recommendation for each sector" not in parse("").system
    sectors = "{type: object, properties: {sector_recommendations: {type: array}}}"
    from agent.source import read_text

    text = f"agent_name: A\ndescription: D\nresponse_format: {sectors}\n"
    assert "one recommendation for each sector" in agentfile.parse(read_text(text, "f.yaml")).system


DESK = """mcpServers:
  desk:
    command: ${RUNNER:-npx}
    args: ["--key=${DESK_KEY}", plain]
    env: {TOKEN: "${DESK_KEY}", MODE: fast, URL: "${DESK_URL:-}"}
  web:
    url: ${DESK_HOST}/mcp
    headers: {Authorization: "Bearer ${DESK_KEY}"}
"""


def test_variables_are_filled_from_the_environment_and_remembered_as_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESK_KEY", "s3cret")
    monkeypatch.setenv("DESK_HOST", "https://desk.example")
    file = parse(DESK)
    desk, secrets = agentfile.expand(file.spec.servers["desk"], "desk", file.source)
    assert isinstance(desk, StdioServer)
    assert (desk.command, desk.args) == ("npx", ["--key=s3cret", "plain"])
    assert desk.env == {"TOKEN": "s3cret", "MODE": "fast", "URL": ""}
    assert set(secrets) == {"s3cret"}
    web, secrets = agentfile.expand(file.spec.servers["web"], "web", file.source)
    assert isinstance(web, HttpServer)
    assert (web.url, web.headers) == ("https://desk.example/mcp", {"Authorization": "Bearer s3cret"})
    assert {"s3cret", "Bearer s3cret"} <= set(secrets)


@pytest.mark.parametrize(
    ("server", "problems", "exports"),
    [
        ("desk", ["7:12: mcpServers.desk.args.0: the environment variable DESK_KEY is not set"], "DESK_KEY=…"),
        (
            "web",
            [
                "10:10: mcpServers.web.url: the environment variable DESK_HOST is not set",
                "11:30: mcpServers.web.headers.Authorization: the environment variable DESK_KEY is not set",
            ],
            "DESK_HOST=… DESK_KEY=…",
        ),
    ],
)
def test_each_variable_that_is_not_set_is_named_where_it_first_stands(
    server: str, problems: list[str], exports: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DESK_KEY", "DESK_HOST", "RUNNER"):
        monkeypatch.delenv(name, raising=False)
    file = parse(DESK)
    with pytest.raises(SpecError) as caught:
        agentfile.expand(file.spec.servers[server], server, file.source)
    assert caught.value.problems == [f"f.yaml:{problem}" for problem in problems]
    first = exports.partition("=")[0]
    assert caught.value.hint == f"export {exports}, or give a default: ${{{first}:-value}}"
    assert caught.value.exit_code == 2


def test_variables_are_filled_in_servers_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OBJ", "x")
    assert parse("objective: buy ${OBJ}?").spec.objective == "buy ${OBJ}?"


def test_what_the_log_keeps_of_a_file_has_no_secret_in_it() -> None:
    file = parse(
        """mcpServers:
  a: {command: npx, env: {A: sk-literal, B: "${B}", C: "${C:-sk-default}", D: "x${D}"}}
  b: {url: "https://x/mcp", headers: {Authorization: Bearer sk-header, X-Plain: "${X}"}}
"""
    )
    servers = file.public["mcpServers"]
    assert (servers["a"]["env"]["A"], servers["a"]["env"]["B"]) == ("[redacted]", "${B}")
    assert servers["b"]["headers"] == {"Authorization": "[redacted]", "X-Plain": "${X}"}
    assert "sk-" not in repr(file.public)
    assert file.source.value["mcpServers"]["a"]["env"]["A"] == "sk-literal"
    assert {key: value for key, value in file.public.items() if key != "mcpServers"} == {
        key: value for key, value in file.source.value.items() if key != "mcpServers"
    }
