"""The floors of the house: imports run downward, files and functions stay small, heavy imports stay lazy."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

AGENT = Path(__file__).parent.parent / "agent"
FLOORS = [
    {
        "errors",
        "encoding",
        "events",
        "data",
        "foreign",
        "heads",
        "numerals",
        "pointers",
        "schemas",
        "source",
        "underway",
    }
    | {"asof", "cubes", "dated_lines", "days", "envelopes", "glance", "lookbacks", "shapes", "text_tables"},
    {"as_of_date", "section", "mapping", "taxonomy", "server_spec", "spec", "problems", "agentfile", "readings"}
    | {"tabular", "budget", "figures", "unfound", "model.base", "prices", "tools.naming"},
    {
        "answer",
        "breaker",
        "doubts",
        "endings",
        "evidence",
        "gate",
        "gathering",
        "guards",
        "position",
        "result",
        "tracing",
    }
    | {"transcript"}
    | {"model", "runs", "tools"}
    | {"report.about", "report.heatmap", "report.names", "report.palettes", "report.words"},
    {"loop", "journal"},
    {"run", "beginning", "follow", "place", "offer", "opening", "sitting", "company", "vouching", "report"}
    | {"comparison", "predecessor", "diff"},
    {"replay"},
    {"scoring", "evals"},
    {"batch", "doctor", "onboarding", "preview", "report.preview", "serving"},
    {"cli", "pytest_plugin"},
    {"__main__"},
]
LONGEST_FILE = 350
LONGEST_FUNCTION = 50


def modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(AGENT.rglob("*.py")):
        name = ".".join(path.relative_to(AGENT).with_suffix("").parts).removesuffix(".__init__")
        if name != "__init__":
            yield name, ast.parse(path.read_text(encoding="utf-8"))


def imported(tree: ast.Module) -> set[str]:
    """Modules below `agent` that are imported anywhere in the tree, functions included."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            submodules = {alias.name for alias in node.names if exists(f"{node.module}.{alias.name}")}
            found |= {f"{node.module}.{name}" for name in submodules} or {node.module}
    return {name.removeprefix("agent.") for name in found if name.startswith("agent.")}


def exists(module: str) -> bool:
    path = AGENT.parent.joinpath(*module.split("."))
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


def floor(module: str) -> int:
    """The floor of the longest matching prefix, so that model.base may lie below model."""
    parts = module.split(".")
    for length in range(len(parts), 0, -1):
        for height, names in enumerate(FLOORS):
            if ".".join(parts[:length]) in names:
                return height
    raise AssertionError(f"{module} stands on no floor: add it to FLOORS and to the table in AGENTS.md")


def test_imports_run_downward() -> None:
    upward = [
        f"{module} imports {target}"
        for module, tree in modules()
        if not module.startswith("market")
        for target in imported(tree)
        if not target.startswith("market") and floor(target) > floor(module)
    ]
    assert upward == []


def test_market_imports_nothing_of_the_rest_and_only_its_command_and_our_other_app_import_it() -> None:
    out = [name for module, tree in modules() if module.startswith("market") for name in imported(tree)]
    into = [module for module, tree in modules() if any(name.startswith("market") for name in imported(tree))]
    assert [name for name in out if not name.startswith("market")] == []
    assert [module for module in into if not module.startswith("market")] == ["cli.market", "serving.pages"]


def test_the_loop_knows_protocols_only() -> None:
    tree = dict(modules())["loop"]
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not {name.split(".")[0] for name in names} & {"anthropic", "mcp", "rich"}
    assert not {name for name in names if name.startswith(("agent.tools", "agent.model.claude", "agent.report"))}


def test_no_file_and_no_function_is_two_things() -> None:
    long = [
        f"{path.relative_to(AGENT)}: {lines} lines"
        for path in sorted(AGENT.rglob("*.py"))
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > LONGEST_FILE
    ]
    long += [
        f"{module}.{node.name}: {length} lines"
        for module, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if (length := (node.end_lineno or node.lineno) - node.lineno + 1) > LONGEST_FUNCTION
    ]
    assert long == []


@pytest.mark.parametrize(
    "arguments", [["--help"], ["check"], ["check", "--schema"], ["runs"], ["runs", "--format", "json"]]
)
def test_light_commands_import_neither_sdk(arguments: list[str], tmp_path: Path) -> None:
    check_light(arguments, tmp_path)


def test_replay_of_a_recorded_run_imports_neither_sdk(planned: Path, tmp_path: Path) -> None:
    check_light(["runs", "replay", str(planned), "-q", "--format", "envelope"], tmp_path)


@pytest.mark.parametrize("export", ["--html", "--svg", "--csv"])
def test_exports_that_are_no_pictures_import_no_sdk_either(export: str, planned: Path, tmp_path: Path) -> None:
    check_light(["runs", "show", str(planned), export, "-o", str(tmp_path / "out")], tmp_path)


def check_light(arguments: list[str], home: Path) -> None:
    program = (
        "import sys, agent.cli\n"
        f"sys.argv[1:] = {arguments!r}\n"
        "try:\n    agent.cli.main()\n"
        "except SystemExit as end:\n    assert end.code == 0, end.code\n"
        "heavy = sorted({'anthropic', 'mcp', 'numpy', 'resvg_py'} & set(sys.modules))\n"
        "sys.exit(f'imported: {heavy}' if heavy else 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env={"ADVISOR_HOME": str(home), "PATH": "", "PYTHONPATH": str(AGENT.parent)},
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
