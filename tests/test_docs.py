"""What the documentation shows is what the program does."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from mcp import Client, StdioServerParameters

from agent import agentfile
from agent.batch import jobs
from agent.cli import COMMANDS, cli
from agent.evals import suite as suites
from agent.evals.runner import run_references
from agent.scoring.scorers import SCORERS
from agent.source import Source, read_text
from tests.cli.advisor import ADVISOR
from tests.scripted import Scripted, agent_file, answer

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "AGENTS.md"]


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


YAML = [each for page in PAGES for each in blocks(page, "yaml")]
AGENTS = [each for each in YAML if "agent_name:" in each]
CASES = [each for each in YAML if "reference:" in each]
SUITES = [each for each in YAML if "pass_rate:" in each]
MODELS = [each for each in YAML if each.startswith("model:\n")]
TAXONOMIES = [each for each in YAML if "tickers:" in each and "agent_name:" not in each]
PYTHON = [each for page in PAGES for each in blocks(page, "python")]
TESTS = [each for each in PYTHON if each.startswith("def test_")]


@pytest.mark.parametrize("block", AGENTS)
def test_every_agent_file_in_the_documentation_loads(block: str) -> None:
    assert agentfile.parse(read_text(block, "documentation.yaml")).spec.agent_name


@pytest.mark.parametrize("block", TAXONOMIES)
def test_every_taxonomy_in_the_documentation_loads(block: str) -> None:
    sectors = read_text(block, "documentation.yaml").value
    assert agentfile.parse(Source("a mapping", agent_file(sectors=sectors))).spec.taxonomy


@pytest.mark.parametrize("block", CASES)
async def test_every_case_in_the_documentation_does_what_it_says(block: str, tmp_path: Path) -> None:
    for name in ("containment.yaml", "transcripts"):
        (tmp_path / name).symlink_to(ROOT / "evals" / name)
    (tmp_path / "suite.yaml").write_text(SUITES[0], encoding="utf-8")
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "shown.yaml").write_text(block, encoding="utf-8")
    [outcome] = (await run_references(suites.load(tmp_path))).cases
    assert (outcome.verdict, outcome.reasons) == ("pass", [])


@pytest.mark.parametrize("block", TESTS)
def test_every_test_in_the_documentation_passes(block: str, tmp_path: Path) -> None:
    (tmp_path / "evals").symlink_to(ROOT / "evals")
    (tmp_path / "test_shown.py").write_text(block, encoding="utf-8")
    run = [sys.executable, "-m", "pytest", "-q", "--rootdir", ".", "-p", "no:cacheprovider", "test_shown.py"]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_documentation_has_every_scorer_with_what_it_says() -> None:
    text = (ROOT / "docs" / "evals.md").read_text(encoding="utf-8")
    rows = {
        f"| `{name}` | " + scorer.about.replace("|", r"\|") + f" | {scorer.better} |"
        for name, scorer in SCORERS.items()
    }
    assert rows == {line for line in text.splitlines() if line.startswith("| `") and line.endswith("er |")}


@pytest.mark.parametrize("block", MODELS)
def test_every_model_section_in_the_documentation_is_one(block: str) -> None:
    keys = read_text(block, "documentation.yaml").value
    file = agentfile.parse(Source("an agent file", agent_file(**keys)))
    assert file.spec.model.name == keys["model"]["name"]


@pytest.mark.parametrize("block", [each for each in YAML if each not in AGENTS + CASES + SUITES + MODELS + TAXONOMIES])
def test_every_batch_in_the_documentation_has_jobs(block: str, tmp_path: Path) -> None:
    (tmp_path / "jobs.yaml").write_text(block, encoding="utf-8")
    assert jobs.load(tmp_path / "jobs.yaml", jobs.Defaults()).jobs()


@pytest.mark.parametrize("block", [each for each in PYTHON if each not in TESTS])
def test_every_python_example_in_the_documentation_runs(block: str, tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", block], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("ok ['SIMULATED DATA', 'OFFLINE PLANNER']\n")


def test_example_of_the_public_door_runs(capsys: pytest.CaptureFixture[str]) -> None:
    from agent import run as door

    [example] = re.findall(r"```python\n(.*?)```", door.__doc__ or "", re.DOTALL)
    exec(compile(example, "example", "exec"), {})
    assert capsys.readouterr().out.startswith("ok {'sector_recommendations': [")


def options_of(command: click.Command) -> set[str]:
    """Its own, and those of its subcommands."""
    own = {option for parameter in command.params for option in parameter.opts}
    return own.union(*map(options_of, getattr(command, "commands", {}).values()))


def test_every_command_and_option_in_the_readme_exists() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"advisor ([a-z]+)", readme)) == set(COMMANDS)
    context = cli.make_context("advisor", ["check"])
    options = {each for name in COMMANDS for each in options_of(cli.get_command(context, name) or cli)} | {"--help"}
    shown = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", readme))
    assert shown - options == set()


SERVERS = [
    server
    for page in PAGES
    for block in blocks(page, "json")
    for server in json.loads(block).get("mcpServers", {}).values()
]


@pytest.mark.parametrize("server", SERVERS)
async def test_every_configuration_of_a_chat_client_in_the_documentation_starts(server: dict[str, Any]) -> None:
    assert server["command"] == "advisor"
    command, *arguments = [*ADVISOR, *server["args"]]
    parameters = StdioServerParameters(command=command, args=arguments, env=server.get("env"))
    async with Client(parameters) as client:
        assert [tool.name for tool in (await client.list_tools()).tools]


def test_every_command_line_of_serve_in_the_documentation_is_one() -> None:
    lines = [line for page in PAGES for block in blocks(page, "sh") for line in block.splitlines()]
    served = [shlex.split(line, comments=True)[2:] for line in lines if line.startswith("advisor serve")]
    command = cli.get_command(cli.make_context("advisor", ["check"]), "serve")
    assert command and len(served) == 2
    for arguments in served:
        files = command.make_context("serve", arguments).params["configs"]
        assert all(agentfile.load(file) for file in files)


def test_every_local_link_leads_somewhere() -> None:
    broken = [
        f"{page.name}: {target}"
        for page in PAGES
        for target in re.findall(r"\]\((?!https?://)([^)#]+)\)", page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]
    assert broken == []


EXPORTS = [line for line in "".join(blocks(ROOT / "docs" / "pages.md", "sh")).splitlines() if "--open" not in line]


@pytest.mark.parametrize("line", EXPORTS)
def test_every_export_of_the_documentation_is_made(line: str, planned: Path, tmp_path: Path) -> None:
    program = f"{shlex.quote(sys.executable)} -m agent"
    command = line.partition("#")[0].replace("advisor", program)
    home = {"ADVISOR_HOME": str(planned.parent.parent), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, shell=True, cwd=tmp_path, env=os.environ | home, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    [made] = tmp_path.iterdir()
    assert made.stat().st_size > 1000


def test_every_dependency_is_justified_and_no_other() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = {re.split(r"[<>=]", each)[0] for each in project["dependencies"]}
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8").partition("| for development")[0]
    assert set(re.findall(r"^\| `([\w-]+)`", page, re.MULTILINE)) == needed


def test_scripted_model_of_the_tests_fails_on_a_call_too_many() -> None:
    model = Scripted(answer())
    asyncio.run(model.answer(None))  # type: ignore[arg-type]
    with pytest.raises(AssertionError, match="more often than the script says"):
        asyncio.run(model.answer(None))  # type: ignore[arg-type]
