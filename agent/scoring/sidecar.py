"""Scores beside the log they are about, keyed by its root hash: to score again never touches what happened."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from agent.runs.log import write_whole
from agent.scoring.score import Scores
from agent.scoring.scorers import SCORERS

SUFFIX = ".scores.jsonl"


def path_of(log: Path) -> Path:
    return log.with_name(log.name.removesuffix(".jsonl") + SUFFIX)


def write(log: Path, root: str, case: str, scores: Scores) -> Path:
    """One line a scorer: what these versions say of the run with this root hash. Older lines of it are replaced, those
    of other versions of a scorer or of other cases kept. Raises LogError.
    """
    path = path_of(log)
    new = [
        {"root": root, "case": case, "scorer": name, "version": SCORERS[name].version, **score.to_json()}
        for name, score in scores.items()
    ]
    written = {_key(line) for line in new}
    lines = [line for line in read(path) if _key(line) not in written] + new
    text = "".join(json.dumps(line, ensure_ascii=False, sort_keys=True) + "\n" for line in lines)
    write_whole(path, text.encode())
    return path


def read(path: Path) -> list[dict[str, Any]]:
    """Every line; none of a file that is not there."""
    if not path.is_file():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _key(line: dict[str, Any]) -> tuple[str, ...]:
    return (line["root"], line["case"], line["scorer"], str(line["version"]))
