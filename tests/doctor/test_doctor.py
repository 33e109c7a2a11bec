"""advisor doctor: each thing that a run needs, well or not, with what to do about it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from agent import agentfile
from agent.doctor import surroundings
from agent.doctor.finding import Finding, exit_code
from agent.doctor.servers import server_findings
from agent.source import Source
from agent.spec import ModelSpec
from tests.cli.advisor import AGENT, advisor, write
from tests.scripted import agent_file
from tests.tools.raw import PROGRAM


def raw(behaviour: str = "well", **more: Any) -> dict[str, Any]:
    return {"command": sys.executable, "args": [str(PROGRAM), behaviour], **more}


async def found(servers: dict[str, Any], **keys: Any) -> list[Finding]:
    file = agentfile.parse(Source("agent.yaml", agent_file(mcpServers=servers, **keys)))
    return await server_findings(file, lambda _: None)


def of(findings: list[Finding], severity: str) -> list[str]:
    return [f"{each.about}: {each.says}" for each in findings if each.severity == severity]


async def test_server_that_is_well_is_told_with_its_start_protocol_and_tools() -> None:
    findings = await found({"raw": raw()})
    [opened] = findings
    assert opened.severity == "ok" and exit_code(findings) == 0
    assert opened.says.endswith("s: raw 1, stdio, 2025-06-18, 1 tools") and opened.says.startswith("open in 0.")


@pytest.mark.parametrize(("required", "severity", "code"), [(True, "error", 5), (False, "warning", 0)])
async def test_server_that_is_down_is_told_with_its_last_words(required: bool, severity: str, code: int) -> None:
    findings = await found({"raw": raw("exits", required=required)})
    [down] = findings
    assert (down.severity, exit_code(findings)) == (severity, code)
    assert "exited with 1" in down.says and "DB password missing" in down.says and down.fix


@pytest.mark.parametrize(
    ("command", "fix"), [("npx-is-not-here", "install it"), ("/nowhere/npx", "install Node.js, which brings npx")]
)
async def test_program_that_is_missing_is_named_once_with_how_to_get_it(command: str, fix: str) -> None:
    findings = await found({"odd": {"command": command}})
    [missing] = findings
    assert missing.says == f"there is no program {command!r}" and str(missing.fix).startswith(fix)
    assert exit_code(findings) == 5


async def test_tools_that_cannot_be_used_differ_or_are_missing_are_each_a_finding() -> None:
    tools = [{"tool_name": "double", "parameters": {"m": {"type": "integer"}}}, {"tool_name": "triple"}]
    findings = await found({"raw": raw("malformed-tool")}, tools=tools)
    assert of(findings, "warning")[:3] == [
        "server raw: tool 'a tool without a name' is not offered: the tool: Input should be a valid dictionary or "
        "instance of Tool",
        "server raw: tool 'bad' is not offered: its input schema is not of type \"object\"",
        "server raw: tool 'double': parameters.m: the server does not know this parameter",
    ]
    [missing] = of(findings, "error")
    assert missing.startswith("agent file: triple: no server offers this tool") and exit_code(findings) == 5


@pytest.mark.parametrize(
    ("policy", "severity", "code"), [("error", "error", 5), ("warn", "warning", 0), ("ignore", "ok", 0)]
)
async def test_differences_weigh_what_the_file_says_that_they_weigh(policy: str, severity: str, code: int) -> None:
    tools = [{"tool_name": "double", "parameters": {"m": {"type": "integer"}}}, {"tool_name": "triple"}]
    findings = await found({"raw": raw()}, tools=tools, policy={"on_drift": policy})
    assert {each.severity for each in findings if "m: the server" in each.says} <= {severity}
    assert exit_code(findings) == code
    assert bool(of(findings, "ok")[1:]) is False


async def test_variables_that_are_not_set_are_told_together_and_the_other_servers_are_looked_at() -> None:
    findings = await found({"raw": raw(env={"KEY": "${UNSET_A}", "ID": "${UNSET_B}"}), "well": raw()})
    [unset] = [each for each in findings if each.severity == "error"]
    assert "UNSET_A is not set" in unset.says and "UNSET_B is not set" in unset.says
    assert str(unset.fix).startswith("export UNSET_A=… UNSET_B=…") and exit_code(findings) == 5
    assert any(each.about == "server well" and each.severity == "ok" for each in findings)


COMPLAINS = '''
import sys
sys.stderr.write("all is prepared\\nWARNING: the cache is stale\\nDeprecated: use v2\\n")
from mcp.server.mcpserver import MCPServer
from mcp_types import ToolAnnotations
server = MCPServer("complains")

@server.tool(annotations=ToolAnnotations(read_only_hint=True))
def look(fail: bool = {fail}) -> str:
    """Looks."""
    if fail:
        raise RuntimeError("no data today")
    return "seen"

@server.tool(annotations=ToolAnnotations(read_only_hint=True))
def needs(sector: str) -> str:
    """Needs an argument."""
    raise AssertionError

@server.tool()
def writes() -> str:
    """May write."""
    raise AssertionError

server.run("stdio")
'''


@pytest.mark.parametrize(("fail", "severity", "says"), [(False, "ok", "took "), (True, "warning", "failed: ")])
async def test_one_harmless_call_is_made_and_complaints_on_stderr_are_told(
    fail: bool, severity: str, says: str, tmp_path: Path
) -> None:
    (tmp_path / "complains.py").write_text(COMPLAINS.replace("{fail}", str(fail)), encoding="utf-8")
    findings = await found({"c": {"command": sys.executable, "args": [str(tmp_path / "complains.py")]}})
    assert any(each.startswith(f"server c: a call of 'look' {says}") for each in of(findings, severity))
    assert "server c: it complains on stderr, in 2 lines: WARNING: the cache is stale" in of(findings, "warning")
    assert not any("'needs'" in each.says for each in findings)


@contextmanager
def service(status: int, body: dict[str, Any]) -> Iterator[str]:
    """Answers whatever it is asked."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    web = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=web.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{web.server_port}"
    finally:
        web.shutdown()
        web.server_close()
        thread.join()


MODEL = {"type": "model", "id": "m", "display_name": "M", "created_at": "2026-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("status", "severities", "says"),
    [
        (200, ["ok", "ok"], "m is known"),
        (401, ["error"], "the service rejects it"),
        (404, ["ok"], "this service does not tell which models it has"),
        (529, ["warning"], "the service answered 529"),
    ],
)
async def test_service_is_asked_whether_it_takes_the_key_and_knows_the_model(
    status: int, severities: list[str], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "test-key")
    body = MODEL if status == 200 else {"type": "error", "error": {"type": "x", "message": "no"}}
    with service(status, body) as url:
        findings = await surroundings.model_findings(ModelSpec(name="m", base_url=url))
    assert [each.severity for each in findings] == severities and says in findings[-1].says


async def test_server_of_this_machine_that_cannot_be_reached_and_a_missing_key_are_errors(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    [missing] = await surroundings.model_findings(ModelSpec())
    assert missing.severity == "error" and "--offline" in str(missing.fix)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "test-key")
    [away] = await surroundings.model_findings(ModelSpec(base_url="http://127.0.0.1:9"))
    assert away.severity == "error" and "its service at http://127.0.0.1:9" in away.says


@pytest.mark.parametrize(
    ("model", "today", "severity"),
    [
        ("claude-opus-5-5", date(2026, 12, 1), "ok"),
        ("claude-opus-5-5", date(2028, 1, 1), "warning"),
        ("nobody-knows-it", date(2026, 12, 1), "warning"),
    ],
)
def test_prices_are_told_when_they_are_old_or_missing(model: str, today: date, severity: str) -> None:
    [finding] = surroundings.price_findings(model, today)
    assert finding.severity == severity


def test_price_table_that_cannot_be_read_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADVISOR_PRICES", write(tmp_path, "{}", "prices.json"))
    [finding] = surroundings.price_findings("claude-opus-5-5", date(2026, 12, 1))
    assert finding.severity == "error" and "prices.json" in finding.says


@pytest.mark.parametrize(("free", "severity"), [(1 << 40, "ok"), (100 << 20, "warning"), (1 << 20, "error")])
def test_disk_is_told_with_what_is_free(free: int, severity: str, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = type("Usage", (), {"free": free})
    monkeypatch.setattr(surroundings.shutil, "disk_usage", lambda _: usage)
    [finding] = surroundings.disk_findings()
    assert finding.severity == severity


def test_home_that_is_no_folder_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADVISOR_HOME", write(tmp_path, "", "file"))
    [finding] = surroundings.disk_findings()
    assert finding.severity == "error" and "ADVISOR_HOME" in str(finding.fix)


def test_doctor_prints_a_line_a_finding_and_exits_as_its_gravest_says(tmp_path: Path) -> None:
    file = write(tmp_path, AGENT + f"mcpServers: {json.dumps({'raw': raw(), 'down': raw('exits')})}\n")
    done = advisor("doctor", "--offline", "-c", file)
    assert done.returncode == 5
    said = " ".join(done.stdout.split())
    assert "ok agent file:" in said and "error server down: it ended before it was ready" in said
    as_json = json.loads(advisor("doctor", "--offline", "-c", file, "--format", "json").stdout)
    assert as_json["ok"] is False and {"about", "severity", "says", "fix"} == set(as_json["findings"][0])


def test_doctor_finds_the_shipped_agent_well_but_for_its_simulated_data() -> None:
    done = advisor("doctor", "--offline", "--format", "json")
    findings = json.loads(done.stdout)["findings"]
    assert done.returncode == 0
    assert [each["about"] for each in findings if each["severity"] != "ok"] == ["agent file"]


def test_doctor_tells_every_problem_of_a_file_that_does_not_load(tmp_path: Path) -> None:
    done = advisor("doctor", "-c", write(tmp_path, AGENT + "budgets: {}\nhorizon: soon\n"), "--format", "json")
    errors = [each["says"] for each in json.loads(done.stdout)["findings"] if each["severity"] == "error"]
    assert done.returncode == 1 and ["budgets" in errors[0], "horizon" in errors[1]] == [True, True]


def test_doctor_without_a_key_is_exit_1(tmp_path: Path) -> None:
    done = advisor("doctor", "-c", write(tmp_path, AGENT + f"mcpServers: {json.dumps({'raw': raw()})}\n"))
    assert done.returncode == 1 and "no API key for" in done.stdout
