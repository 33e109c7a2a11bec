"""advisor tools call over a server of the Python SDK whose functions return texts and lists."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.advisor import AGENT, advisor, write

SERVER = '''
import json
from mcp.server import MCPServer
from mcp.types import ToolAnnotations

server = MCPServer("texts")
READS = ToolAnnotations(readOnlyHint=True)
ROWS = [{"group": "Banks", "kz": 20250601, "chg": 5.4}, {"group": "Oil", "kz": 20250801, "chg": -3.0}]
TABLE = """Sectors today

| Group | Kz | Chg |
|---|---|---|
| Banks | 20250601 | **5.4%** |
| Oil | 20250801 | -3.0% |
"""


@server.tool(annotations=READS)
def table() -> str:
    """A table."""
    return TABLE


@server.tool(annotations=READS, structured_output=False)
def plain() -> str:
    """A table."""
    return TABLE


@server.tool(annotations=READS)
def rows() -> str:
    """JSON."""
    return json.dumps(ROWS)


@server.tool(annotations=READS, structured_output=False)
def blocks() -> list[dict]:
    """A block for each row."""
    return ROWS


@server.tool(annotations=READS)
def words() -> str:
    """Words."""
    return "Banks rose by 5.4 %, oil fell."


server.run()
'''
OF_TABLE = {"rows": "$[*]", "sector": "Group", "date": "Kz", "metrics": {"perf": {"at": "Chg", "unit": "percent"}}}
OF_ROWS = {"rows": "$[*]", "sector": "group", "date": "kz", "metrics": {"perf": {"at": "chg", "unit": "percent"}}}
FIGURES = {"table": OF_TABLE, "plain": OF_TABLE, "rows": OF_ROWS, "blocks": OF_ROWS, "words": OF_ROWS}
UNREAD = "`figures` of words: no result is JSON, a list of JSON objects or a text with a table, so nothing is read"


@pytest.fixture
def file(tmp_path: Path) -> str:
    (tmp_path / "texts.py").write_text(SERVER, encoding="utf-8")
    servers = {"texts": {"command": sys.executable, "args": [str(tmp_path / "texts.py")]}}
    tools = [{"tool_name": name, "figures": figures} for name, figures in FIGURES.items()]
    return write(tmp_path, AGENT + f"mcpServers: {json.dumps(servers)}\ntools: {json.dumps(tools)}\n")


def called(file: str, tool: str, *options: str) -> dict[str, Any]:
    done = advisor("tools", "call", tool, "-c", file, "--format", "json", *options)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.mark.parametrize("tool", ["table", "plain", "rows", "blocks"])
def test_texts_and_blocks_are_read_by_a_mapping_and_held_back_by_its_dates(tool: str, file: str) -> None:
    read = [(each["sector"], each["value"], each["observed_at"]) for each in called(file, tool)["figures"]]
    assert read == [("Banks", 5.4, "2025-06-01"), ("Oil", -3.0, "2025-08-01")]
    answer = called(file, tool, "--as-of", "2025-07-01")
    assert [each["sector"] for each in answer["figures"]] == ["Banks"] and answer["unread"] == []
    assert (answer["withheld"]["rows"], answer["withheld"]["latest"]) == (1, "2025-08-01")
    assert "Oil" not in advisor("tools", "call", tool, "-c", file, "--as-of", "2025-07-01").stdout


def test_mapping_over_a_result_without_readable_data_is_told(file: str) -> None:
    done = advisor("tools", "call", "words", "-c", file)
    assert (done.returncode, done.stdout) == (0, "Banks rose by 5.4 %, oil fell.\n")
    assert done.stderr.splitlines() == [f"warning: {UNREAD}"]
