"""The command as a user runs it: a process of its own, in an empty folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ADVISOR = [sys.executable, "-P", "-m", "agent"]


def advisor(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run to the end, in the folder of the first file that is named. `env` is added to the test's environment; `input`
    is its standard input.
    """
    if files := [path for path in map(Path, arguments) if path.is_absolute() and path.is_file()]:
        options.setdefault("cwd", files[0].parent)
    env = os.environ | options.pop("env", {})
    done = subprocess.run(
        [*ADVISOR, *arguments], capture_output=True, text=True, env=env, timeout=120, check=False, **options
    )
    assert "Traceback" not in done.stderr + done.stdout
    return done


def with_broken_heatmap(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """The command, with a defect in what shows the heatmap of a run in the terminal."""
    program = (
        "from agent import cli\nfrom agent.report import result_view\n"
        "def broken(*_):\n    raise LookupError('planted')\n"
        "result_view.show_heatmap = broken\ncli.main()"
    )
    command = [sys.executable, "-P", "-c", program, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, **options)


def write(folder: Path, text: str, name: str = "agent.yaml") -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


AGENT = """\
agent_name: Tester
description: You test.
response_format:
  type: object
  properties:
    sector_recommendations:
      type: array
      items:
        type: object
        properties:
          sector_name: {type: string}
          action: {type: string, enum: [overweight, underweight, neutral]}
          rationale: {type: string}
          confidence_score: {type: number}
    heatmap_url: {type: string}
"""
