"""Folders of CSV files for a test: the examples of the documentation, and ways to write one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agent.market import tools
from agent.market.answers import ANSWERS
from agent.market.folder import Market, load
from agent.market.pack import Pack

DOCS = Path(__file__).parents[2] / "docs" / "data.md"
EXAMPLES: dict[str, dict[str, str]] = {}
for _place, _text in re.findall(r"^```\w+ (\S+)\n(.*?)^```", DOCS.read_text(encoding="utf-8"), re.M | re.S):
    _folder, _file = _place.split("/")
    EXAMPLES.setdefault(_folder, {})[_file] = _text


def write(folder: Path, files: Mapping[str, str | bytes | None]) -> Path:
    """The folder with these files; one that is None is left out."""
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        if text is not None:
            (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def example(folder: Path, name: str, **changed: str | bytes | None) -> Path:
    """One of the documentation, with other files where they are named: `prices="…"` for prices.csv."""
    others = {("market.yaml" if stem == "market" else f"{stem}.csv"): text for stem, text in changed.items()}
    return write(folder, EXAMPLES[name] | others)


def market(folder: Path, name: str, **changed: str | bytes | None) -> Market:
    return load(example(folder, name, **changed))


def answer(pack: Pack, tool: str, **arguments: Any) -> dict[str, Any]:
    return ANSWERS[tool](pack, tools.checked(tools.offered(pack)[tool], pack, arguments))
