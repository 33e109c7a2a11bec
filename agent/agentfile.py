"""Load an agent file: every problem is named with file:line:column, the key's path and the nearest known key."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from agent import data, source
from agent.encoding import digest
from agent.errors import SpecError, UsageError
from agent.problems import problems_of
from agent.server_spec import HttpServer, StdioServer
from agent.source import Address, Source, path_text
from agent.spec import AgentSpec, BudgetSpec, Schema, is_whole_schema
from agent.taxonomy import Sectors, SectorSpec, conflicts

_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")
_TELLING = re.compile("key|token|secret|passw|auth|credential", re.IGNORECASE)
"""Names of environment variables whose literal values are secrets too."""
_NAMED = re.compile(r"\$\{\w+(:-)?\}")
"""A value that is a variable's name, and no literal default."""


@dataclass(frozen=True)
class AgentFile:
    """An agent file with what it names: its system text, and its positions for later messages.

    `path` is None for one that lies in no file: a mapping of this process, or what a log keeps.
    """

    spec: AgentSpec
    source: Source
    system: str
    path: Path | None = None

    @property
    def public(self) -> dict[str, Any]:
        """The file's content as the log keeps it: with its taxonomy, and without literal values of env and headers."""
        content = dict(self.source.value)
        if isinstance(content.get("mcpServers"), dict):
            content["mcpServers"] = {name: _masked(server) for name, server in content["mcpServers"].items()}
        if isinstance(self.spec.sectors, dict):
            content["sectors"] = {name: each.model_dump(exclude_unset=True) for name, each in self.spec.sectors.items()}
        return content

    def within(self, limits: Mapping[str, Any]) -> AgentFile:
        """With these limits in place of its budget's own. Raises UsageError."""
        try:
            budget = BudgetSpec.model_validate({**self.spec.budget.model_dump(), **limits})
        except ValidationError as error:
            first = error.errors()[0]
            words = first["msg"].replace("Input should be", "has to be")
            raise UsageError(f"budget.{'.'.join(map(str, first['loc']))}: {words}") from None
        return replace(self, spec=self.spec.model_copy(update={"budget": budget}))

    @cached_property
    def hashes(self) -> tuple[str, str]:
        """Of its public content and of its system text, as a run's log has them."""
        return digest(self.public), digest(self.system)


def _masked(server: dict[str, Any]) -> dict[str, Any]:
    return server | {
        part: {key: text if _NAMED.fullmatch(text) else "[redacted]" for key, text in server[part].items()}
        for part in ("env", "headers")
        if part in server
    }


def load(name: str | Path) -> AgentFile:
    """An agent file by path, or by the name of one that ships with the package. Raises SpecError."""
    path = Path(name)
    if not path.suffix and not _exists(path):
        shipped = data.root() / "configs" / f"{name}.yaml"
        if not shipped.is_file():
            known = ", ".join(data.shipped_agents())
            raise SpecError([f"{name}: there is no such file, nor an agent of that name"], hint=f"shipped: {known}")
        path = shipped
    return replace(parse(source.read(path), folder=path.parent), path=path)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return False


def parse(text: Source, folder: Path | None = None) -> AgentFile:
    """Check what was read. Raises SpecError with every problem found."""
    if not isinstance(text.value, dict):
        raise SpecError([f"{text.where(())}: an agent file is a mapping of keys"], where=text.where(()))
    try:
        spec = AgentSpec.model_validate(text.value)
    except ValidationError as error:
        raise _refused(problems_of(error, text, AgentSpec)) from None
    problems = _semantic_problems(spec, text)
    if isinstance(spec.sectors, str):
        spec = spec.model_copy(update={"sectors": _taxonomy(spec.sectors, text, folder)})
    elif spec.sectors:
        problems += _taken_twice(spec.sectors, text, ("sectors",))
    system, missing = _system_text(spec, text, folder)
    if missing:
        problems.append(missing)
    if problems:
        raise _refused(problems)
    return AgentFile(spec=spec, source=text, system=system)


def in_todays_words(file: AgentFile) -> AgentFile:
    """With the system text that this version would give it; with the one it has, where that is a file of its own."""
    if file.spec.prompt and not data.find(file.spec.prompt):
        return file
    return replace(file, system=_system_text(file.spec, file.source, None)[0])


def _refused(problems: list[str]) -> SpecError:
    """At the place of the first problem."""
    return SpecError(problems, where=problems[0].partition(": ")[0])


def _system_text(spec: AgentSpec, text: Source, folder: Path | None) -> tuple[str, str | None]:
    if spec.prompt is None:
        body = data.prompt("sector_rotation" if spec.recommends_sectors else "research")
    elif path := data.find(spec.prompt, folder):
        try:
            body = data.without_heading(path.read_text(encoding="utf-8-sig"))
        except (OSError, UnicodeDecodeError) as error:
            return "", f"{text.where(('prompt',))}: prompt: {spec.prompt!r} cannot be read: {error}"
    else:
        where = text.where(("prompt",))
        return "", f"{where}: prompt: there is no file {spec.prompt!r}, neither beside this file nor in the package"
    return data.words("role", name=spec.agent_name, description=spec.description) + "\n\n" + body, None


def _taxonomy(name: str, text: Source, folder: Path | None) -> dict[str, SectorSpec]:
    """The taxonomy that lies in a file. Raises SpecError."""
    where = text.where(("sectors",))
    path = data.find(name, folder) or data.find(f"configs/{name}")
    if path is None:
        raise _refused([f"{where}: sectors: there is no file {name!r}, neither beside this file nor in the package"])
    found = source.read(path)
    if not isinstance(found.value, dict):
        raise _refused([f"{found.where(())}: a taxonomy is a mapping of sectors"])
    try:
        sectors = TypeAdapter(Sectors).validate_python(found.value)
    except ValidationError as error:
        raise _refused(problems_of(error, found, SectorSpec)) from None
    if problems := _taken_twice(sectors, found, ()):
        raise _refused(problems)
    return sectors


def _taken_twice(sectors: Mapping[str, SectorSpec], text: Source, at: Address) -> list[str]:
    """The names and tickers that two sectors have."""
    return [
        f"{text.where((*at, *second), key=len(second) == 1)}: {path_text((*at, *second))}: {claimed!r} is one of "
        f"{first[0]} already, at {text.where((*at, *first), key=len(first) == 1)}"
        for second, first, claimed in conflicts(sectors)
    ]


def _semantic_problems(spec: AgentSpec, text: Source) -> list[str]:
    problems = []
    seen: set[str] = set()
    for at, tool in enumerate(spec.tools or []):
        if tool.tool_name in seen:
            where = text.where(("tools", at, "tool_name"))
            problems.append(f"{where}: tools.{at}.tool_name: {tool.tool_name!r} is declared twice")
        seen.add(tool.tool_name)
        if tool.parameters is not None:
            whole = is_whole_schema(tool.parameters)
            schema = tool.parameters if whole else {"type": "object", "properties": tool.parameters}
            problems += _schema_problems(schema, ("tools", at, "parameters"), text, skip=0 if whole else 1)
    for at, sector in enumerate(spec.universe_sectors):
        if sector.strip().casefold() in {other.strip().casefold() for other in spec.universe_sectors[:at]}:
            problems.append(f"{text.where(('universe', at))}: universe.{at}: {sector!r} stands twice")
    if isinstance(spec.model.thinking, int) and spec.model.thinking >= spec.model.max_tokens:
        where = text.where(("model", "thinking"))
        problems.append(f"{where}: model.thinking: has to be below model.max_tokens, {spec.model.max_tokens}")
    problems += _schema_problems(spec.response_format, ("response_format",), text)
    if spec.response_format.get("type") != "object":
        problems.append(f'{text.where(("response_format",))}: response_format: its type has to be "object"')
    return problems


def _schema_problems(schema: Schema, address: Address, text: Source, skip: int = 0) -> list[str]:
    """Where `schema` is not a JSON Schema; `skip` leading parts of a pointer are not in the file."""
    from agent import schemas

    found = schemas.problem(schema)
    if found is None:
        return []
    at = (*address, *found[0][skip:])
    return [f"{text.where(at)}: {path_text(at)}: {found[1]}"]


def expand(server: StdioServer | HttpServer, name: str, text: Source) -> tuple[StdioServer | HttpServer, list[str]]:
    """Fill ${VAR} from the environment; also the values that must never be shown.

    Raises SpecError naming the position of every variable that is not set and has no default.
    """
    secrets: list[str] = []
    unset: dict[str, str] = {}

    def filled(value: Any, address: Address) -> Any:
        if isinstance(value, dict):
            return {key: filled(item, (*address, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [filled(item, (*address, at)) for at, item in enumerate(value)]
        return _VARIABLE.sub(lambda found: lookup(found, address), value) if isinstance(value, str) else value

    def lookup(found: re.Match[str], address: Address) -> str:
        variable, default = found[1], found[2]
        value = os.environ.get(variable, default)
        if value is None:
            where = text.where(address)
            said = f"{where}: {path_text(address)}: the environment variable {variable} is not set"
            unset.setdefault(variable, said)
            return ""
        if variable in os.environ:
            secrets.append(value)
        return value

    places = {key: getattr(server, key) for key in ("command", "args", "env", "url", "headers") if hasattr(server, key)}
    changes = {key: filled(value, ("mcpServers", name, key)) for key, value in places.items()}
    if unset:
        exports = " ".join(f"{variable}=…" for variable in unset)
        hint = f"export {exports}, or give a default: ${{{next(iter(unset))}:-value}}"
        raise SpecError(list(unset.values()), where=next(iter(unset.values())).partition(": ")[0], hint=hint)
    for header, value in changes.get("headers", {}).items():
        if not re.fullmatch(r"[\t\x20-\x7e\x80-\xff]*", value):
            where = text.where(("mcpServers", name, "headers", header))
            raise SpecError([f"{where}: mcpServers.{name}.headers.{header}: holds a line break or control character"])
        secrets += [value] if _TELLING.search(header) or header.lower() == "cookie" else []
    secrets += [value for key, value in changes.get("env", {}).items() if _TELLING.search(key)]
    return server.model_copy(update=changes), secrets
