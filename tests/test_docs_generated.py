"""Parts of the documentation follow from the code."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

from agent import events
from agent.spec import json_schema

GENERATE = runpy.run_path(str(Path(__file__).parent.parent / "docs" / "generate.py"))


def test_reference_of_agent_files_and_table_of_events_are_up_to_date() -> None:
    old = [path.name for path, text in GENERATE["generated"]().items() if path.read_text(encoding="utf-8") != text]
    assert old == [], "python docs/generate.py writes them"


def test_every_key_of_an_agent_file_is_described() -> None:
    def bare(where: str, part: dict[str, Any]) -> list[str]:
        return [f"{where}.{key}" for key, about in part["properties"].items() if not about.get("description")]

    schema = json_schema()
    assert [key for name, part in [("file", schema), *schema["$defs"].items()] for key in bare(name, part)] == []


def test_every_event_stands_in_the_table() -> None:
    table = GENERATE["event_table"]()
    assert [kind.name for kind in events.KINDS if f"| `{kind.name}` |" not in table] == []
