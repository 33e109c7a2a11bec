"""Where prompts/ and configs/ lie: in the wheel, else at the repository's root."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from string import Template

_PACKAGE = Path(__file__).parent


def root() -> Path:
    packed = _PACKAGE / "_data"
    return packed if packed.is_dir() else _PACKAGE.parent


@cache
def prompt(name: str) -> str:
    """The text of prompts/NAME.md without its heading comment, which holds its version."""
    return without_heading((root() / "prompts" / f"{name}.md").read_text(encoding="utf-8"))


def words(file: str, **values: object) -> str:
    """The text of prompts/FILE.md with its $places filled."""
    return Template(prompt(file)).substitute(values)


def without_heading(text: str) -> str:
    if text.startswith("<!--"):
        text = text.partition("-->")[2]
    return text.strip()


def find(name: str, beside: Path | None = None) -> Path | None:
    """A file that another names: beside that one, then in the package's data."""
    for folder in (beside, root()):
        if folder is not None and (folder / name).is_file():
            return folder / name
    return None


def shipped_agents() -> list[str]:
    """Names that `-c NAME` knows without a path."""
    return sorted(path.stem for path in (root() / "configs").glob("*.yaml"))
