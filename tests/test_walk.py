"""A newcomer who follows the README sees what it prints."""

from __future__ import annotations

import difflib
import runpy
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_every_step_of_the_readme_prints_what_it_shows() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "```console" in text
    now = runpy.run_path(str(ROOT / "docs" / "walk.py"))["walked"](text, Path(sys.executable).parent)
    assert list(difflib.unified_diff(text.splitlines(), now.splitlines(), lineterm="")) == []
