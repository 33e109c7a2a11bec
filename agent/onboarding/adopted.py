"""Other programs' servers → the `mcpServers` block of an agent file: what it knows, without secrets."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn, get_args
from urllib.parse import urlsplit

from pydantic import ValidationError

from agent.errors import SpecError, UsageError
from agent.foreign import texts_in
from agent.onboarding.configured import BY_HAND, Configured
from agent.onboarding.variables import Hiding, Variables, referred
from agent.problems import problems_of
from agent.server_spec import SERVER_NAME, HttpServer, StdioServer
from agent.source import Address, Source, path_text

OTHERS = {"disabled", "autoApprove", "alwaysAllow"}
"""Keys that say something to other programs only."""
LEFT_OUT = "mend it there, or leave the server out: --only NAME takes the others"


@dataclass
class Adopted:
    """`servers`: name → what stands under `mcpServers`."""

    servers: dict[str, dict[str, Any]] = field(default_factory=dict)
    variables: Variables = field(default_factory=Variables)
    notes: list[str] = field(default_factory=list)


def adopt(found: Sequence[Configured]) -> Adopted:
    """Raises SpecError for what cannot be read as a server, at its place, and UsageError when no server is left."""
    adopted = Adopted()
    for each in found:
        adopted.variables.referred |= {name for text in texts_in(each.entry) for name in referred(text)}
    for each in found:
        entry = each.entry
        if not isinstance(entry, dict):
            _refuse(each.source, each.address, "has to be a mapping of keys")
        if ("command" in entry) == ("url" in entry):
            adopted.notes.append(f"{each.where}: {each.name} has not one of command and url, and is left out")
            continue
        name = _legal(each.name, adopted.servers)
        if name != each.name:
            adopted.notes.append(f"{each.where}: {each.name} is called {name} in the agent file")
        adopted.servers[name] = _Adoption(each, name, adopted).server()
    if not adopted.servers:
        raise UsageError("no server is left", hint=BY_HAND)
    adopted.notes = list(dict.fromkeys(adopted.notes))
    return adopted


def _legal(name: str, taken: dict[str, Any]) -> str:
    """A name as an agent file may have it, which no other server has."""
    legal = name if re.fullmatch(SERVER_NAME, name) else re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip("-")[:40]
    legal, number = legal or "server", 1
    unique = legal
    while unique in taken:
        number += 1
        unique = f"{legal[:36]}-{number}"
    return unique


def _refuse(text: Source, address: Address, problem: str) -> NoReturn:
    """Without the value: it may be a secret."""
    where = text.where(address)
    raise SpecError([f"{where}: {path_text(address)}: {problem}"], where=where, hint=LEFT_OUT)


class _Adoption:
    """One server, taken over key by key."""

    def __init__(self, given: Configured, name: str, adopted: Adopted) -> None:
        self._given = given
        self._entry: dict[str, Any] = given.entry
        self._place = f"mcpServers.{name}"
        self._notes = adopted.notes
        self._kind = StdioServer if "command" in self._entry else HttpServer
        self._hiding = Hiding(adopted.variables, name, _workspace(given.source), adopted.notes)

    def server(self) -> dict[str, Any]:
        known = [key for key in self._kind.model_fields if key in self._entry and key not in OTHERS]
        server = {key: taken for key in known if (taken := self._taken(key)) not in (None, [], {})}
        dropped = [key for key in self._entry if key not in (*known, "disabled")]
        if dropped:
            self._notes.append(
                f"{self._given.where}: {self._given.name}: not taken over, since it has no meaning in an agent file: "
                + ", ".join(dropped)
            )
        if self._kind is HttpServer and not {"type", "transport"} & server.keys() and _is_sse(server["url"]):
            server["type"] = "sse"
        self._check(server)
        return server

    def _taken(self, key: str) -> Any:
        value = self._entry[key]
        match key:
            case "command" | "url":
                return self._hiding.argument(self._text(value, key), f"{self._place}.{key}")
            case "cwd":
                return self._hiding.folder_name(self._text(value, key), f"{self._place}.cwd")
            case "args":
                return self._arguments(value)
            case "env" | "headers":
                return self._values(value, key)
            case "type" | "transport":
                return self._transport(value, key)
            case _:
                return value

    def _arguments(self, value: Any) -> list[str]:
        if not isinstance(value, list):
            _refuse(self._given.source, (*self._given.address, "args"), "has to be a list of texts")
        texts = [self._text(each, "args", at) for at, each in enumerate(value)]
        return [
            self._hiding.argument(text, f"{self._place}.args.{at}", before)
            for at, (before, text) in enumerate(zip(["", *texts], texts, strict=False))
        ]

    def _values(self, value: Any, key: str) -> dict[str, str]:
        if not isinstance(value, dict):
            _refuse(self._given.source, (*self._given.address, key), "has to be a mapping of names to texts")
        return {
            name: self._hiding.value(
                name, self._text(each, key, name), f"{self._place}.{key}.{name}", header=key == "headers"
            )
            for name, each in value.items()
            if each is not None
        }

    def _transport(self, value: Any, key: str) -> str | None:
        """None for a word that an agent file does not have: the command, or the URL, says enough."""
        words = [word for each in get_args(self._kind.model_fields[key].annotation) for word in get_args(each)]
        if value in words:
            return str(value)
        self._notes.append(f"{self._given.where}: {self._given.name}: the {key} is unknown, and not taken over")
        return None

    def _text(self, value: Any, *at: str | int) -> str:
        """Numbers and switches as they are written."""
        if isinstance(value, str):
            return value
        if not isinstance(value, bool | int | float):
            _refuse(self._given.source, (*self._given.address, *at), "has to be a text")
        return json.dumps(value)

    def _check(self, server: dict[str, Any]) -> None:
        try:
            self._kind.model_validate(server)
        except ValidationError as error:
            text, address = self._given.source, self._given.address
            inside = Source(text.name, server, _below(text.positions, address), _below(text.keys, address))
            problems = problems_of(error, inside, self._kind)
            raise SpecError(problems, where=text.where(address), hint=LEFT_OUT) from None


def _below(positions: dict[Address, Any], address: Address) -> dict[Address, Any]:
    """The positions of what lies within a value."""
    length = len(address)
    return {each[length:]: at for each, at in positions.items() if each[:length] == address}


def _workspace(text: Source) -> Path:
    """The folder that a file is about: editors keep theirs in a hidden one."""
    if not text.positions:
        return Path.cwd()
    folder = Path(text.name).absolute().parent
    return folder.parent if folder.name in (".vscode", ".cursor") else folder


def _is_sse(url: str) -> bool:
    return urlsplit(url).path.rstrip("/").endswith("/sse")
