"""Servers as other programs have them configured, and as a command line names them; nothing is changed yet."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from agent import source
from agent.errors import SpecError, UsageError
from agent.source import Address, Source

DESKTOP = "claude_desktop_config.json"
BY_HAND = "name servers by hand: --server NAME=COMMAND or --server NAME=URL"


@dataclass(frozen=True)
class Configured:
    """A server under the name, and with the keys, that the other program has; `source` and `address` say where."""

    name: str
    entry: Any
    source: Source
    address: Address

    @property
    def where(self) -> str:
        return self.source.where(self.address, key=True) if self.source.positions else self.source.name


def usual_places() -> list[Path]:
    """Where other programs keep their servers, on any system; the current folder's first, since they win."""
    home, here = Path.home(), Path.cwd()
    settings = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    places = [
        here / ".mcp.json",
        here / ".cursor" / "mcp.json",
        here / ".vscode" / "mcp.json",
        home / ".claude.json",
        home / "Library" / "Application Support" / "Claude" / DESKTOP,
        settings / "Claude" / DESKTOP,
    ]
    if roaming := os.environ.get("APPDATA"):
        places.append(Path(roaming) / "Claude" / DESKTOP)
    return list(dict.fromkeys(places))


def in_file(path: Path) -> list[Configured]:
    """Every server of a file that is meant for this folder; none when it has no block of them. Raises SpecError."""
    try:
        text = source.read(path)
        return [server for address in _blocks(text) for server in _block(text, address)]
    except SpecError as error:
        hint = "--from FILE names the one file that is to be read; " + BY_HAND
        raise SpecError(error.problems, where=error.where, hint=hint) from None


def _blocks(text: Source) -> Iterator[Address]:
    """Where servers stand: what a project of Claude Code has for itself comes before what all of them have."""
    if not isinstance(text.value, dict):
        _refuse(text, (), "this is no mapping of keys")
    projects = text.value.get("projects")
    for folder, project in projects.items() if isinstance(projects, dict) else ():
        if Path(folder) == Path.cwd() and isinstance(project, dict) and "mcpServers" in project:
            yield ("projects", folder, "mcpServers")
    for key in ("mcpServers", "servers"):
        if key in text.value:
            yield (key,)


def _block(text: Source, address: Address) -> Iterator[Configured]:
    block = text.value
    for part in address:
        block = block[part]
    if not isinstance(block, dict):
        _refuse(text, address, "has to be a mapping of names to servers")
    for name, entry in block.items():
        yield Configured(name, entry, text, (*address, name))


def _refuse(text: Source, address: Address, problem: str) -> NoReturn:
    where = text.where(address)
    raise SpecError([f"{where}: {source.path_text(address)}: {problem}"], where=where)


def by_hand(given: str) -> Configured:
    """From NAME=COMMAND or NAME=URL. Raises UsageError, which repeats no value: it may hold a secret."""
    name, _, value = (part.strip() for part in given.partition("="))
    if not name or not value:
        raise UsageError("--server takes NAME=COMMAND or NAME=URL", hint="such as --server 'market=uvx some-server'")
    if value.lower().startswith(("http://", "https://")):
        entry: dict[str, Any] = {"url": value}
        if any(character.isspace() for character in value):
            raise UsageError(f"--server {name}: there is a blank in the URL")
    else:
        try:
            command, *args = shlex.split(value)
        except ValueError as error:
            raise UsageError(f"--server {name}: the command cannot be split: {error}") from None
        if "://" in command:
            raise UsageError(f"--server {name}: it is neither a program nor an http:// or https:// URL")
        entry = {"command": command, "args": args}
    return Configured(name, entry, Source(f"--server {name}", {name: entry}), (name,))


def merged(found: Sequence[Configured]) -> tuple[list[Configured], list[str]]:
    """One server of each name, the first; and notes about others that are different."""
    kept: dict[str, Configured] = {}
    notes = []
    for each in found:
        first = kept.setdefault(each.name, each)
        if first.entry != each.entry:
            notes.append(f"{each.where}: {each.name} is left out, since {first.where} has another of that name")
    return list(kept.values()), notes


def chosen(found: Sequence[Configured], only: Sequence[str]) -> tuple[list[Configured], list[str]]:
    """Those that are wanted and not switched off. Raises UsageError for a name that nothing has, and for none left."""
    names = [each.name for each in found]
    if unknown := [name for name in only if name not in names]:
        raise UsageError(
            f"no server is called {', '.join(map(repr, unknown))}", hint=f"found are {', '.join(names) or 'none'}"
        )
    wanted = [each for each in found if not only or each.name in only]
    off = [each for each in wanted if isinstance(each.entry, dict) and each.entry.get("disabled") is True]
    notes = [f"{each.where}: {each.name} is disabled there, and left out" for each in off]
    return [each for each in wanted if each not in off], notes
