"""Jobs files for tests, and agent files beside them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent.batch.jobs import Batch, Defaults, Job, load
from agent.errors import SpecError

AGENT = """agent_name: {name}
description: D
response_format: {{type: object, properties: {{x: {{type: string}}}}}}
{more}
"""


def write(folder: Path, text: str, name: str = "jobs.yaml") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def write_agent(folder: Path, name: str = "desk", more: str = "") -> Path:
    return write(folder, AGENT.format(name=name, more=more), f"{name}.yaml")


def batch_of(folder: Path, text: str, name: str = "jobs.yaml", **defaults: Any) -> Batch:
    return load(write(folder, text, name), Defaults(**defaults))


def jobs_of(folder: Path, text: str, name: str = "jobs.yaml", **defaults: Any) -> list[Job]:
    return batch_of(folder, text, name, **defaults).jobs()


def problems_of(folder: Path, text: str, name: str = "jobs.yaml", **defaults: Any) -> list[str]:
    """What loading is refused with, without the folder's name."""
    with pytest.raises(SpecError) as caught:
        batch_of(folder, text, name, **defaults)
    problems = caught.value.problems
    assert caught.value.exit_code == 2 and "again" in str(caught.value.hint)
    assert problems[0].startswith(str(caught.value.where))
    assert len(set(problems)) == len(problems)
    return [problem.replace(f"{folder}/", "") for problem in problems]
