"""Load an agent file: every problem is named with file:line:column, the key's path and the nearest known key."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, get_args

from pydantic import ValidationError

from agent import data, source
from agent.encoding import digest
from agent.errors import SpecError, UsageError
from agent.source import Address, Source, path_text
from agent.spec import AgentSpec, BudgetSpec, HttpServer, Schema, Section, StdioServer, is_whole_schema

_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")
_TELLING = re.compile("key|token|secret|passw|auth|credential", re.IGNORECASE)
"""Names of environment variables whose literal values are secrets too."""
_NAMED = re.compile(r"\$\{\w+(:-)?\}")
"""A value that is a variable's name, and no literal default."""
_WORDS = {
    "int_type": "has to be a whole number",
    "int_from_float": "has to be a whole number",
    "float_type": "has to be a number",
    "float_parsing": "has to be a number",
    "bool_type": "has to be true or false",
    "string_type": "has to be a text",
    "string_too_short": "must not be empty",
    "too_short": "must not be empty",
    "list_type": "has to be a list",
    "dict_type": "has to be a mapping of keys",
    "model_type": "has to be a mapping of keys",
}
"""Findings of the validator in our own words; the others keep its own."""
_FORMS = {
    "horizon": "has to be a number and a unit, such as '63 sessions' or '1 quarter'",
    "url": "has to be an http:// or https:// URL",
    "at": "has to be a time of the day, such as '17:30'",
    "max_age": "has to be a number and a unit, such as '5 days'",
    "base_url": "has to be an http:// or https:// URL without a user, a query or a fragment",
    "key_variable": "has to be the name of an environment variable",
    "pages_url": "has to be an http:// or https:// URL without a slash at its end",
}


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
        """The file's content as the log keeps it: literal values of env and headers are left out."""
        content = dict(self.source.value)
        if isinstance(content.get("mcpServers"), dict):
            content["mcpServers"] = {name: _masked(server) for name, server in content["mcpServers"].items()}
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


def problems_of(error: ValidationError, text: Source, root: type[Section]) -> list[str]:
    """What the validator of a `root` found in `text`, in the order of the file.

    Alternatives of one value are one finding; what lies inside a value says more.
    """
    found = [(_address(each, text.value), each) for each in map(dict[str, Any], error.errors())]
    around = {address[:length] for address, _ in found for length in range(len(address))}
    told = dict(
        _problem(each, address, text, root)
        for address, each in reversed(found)
        if address not in around or each["loc"][-1] == "[key]"
    )
    return [told[at] for at in sorted(told, key=lambda at: (*at[:2], path_text(at[2])))]


def _problem(
    error: dict[str, Any], address: Address, text: Source, root: type[Section]
) -> tuple[tuple[int, int, Address], str]:
    """One finding in our words, under its position and path."""
    match error["type"]:
        case "extra_forbidden" if address[:1] == ("mcpServers",) and address[-1] == "command":
            where, says = text.where(address, key=True), "a server has either a command or a url, and this one has both"
        case "extra_forbidden":
            where, says = text.where(address, key=True), "unknown key" + _did_you_mean(address, root)
        case "missing":
            where, says = text.where(address[:-1]), "this key is required"
        case _:
            where, says = text.where(address, key="[key]" in error["loc"][-1:]), _said(error, address)
    line, column = where.rsplit(":", 2)[1:]
    return (int(line), int(column), address), f"{where}: {path_text(address)}: {says}"


def _said(error: dict[str, Any], address: Address) -> str:
    given = error["input"]
    shown = f", not {given!r}" if isinstance(given, str | int | float | bool | None) else ""
    if address == ("universe",):
        return "has to be 'all' or a list of sectors" + shown
    if address == ("policy", "on_drift"):
        return "has to be 'error', 'warn', 'ignore', or a mapping with 'missing' and 'changed'" + shown
    if error["type"] == "string_pattern_mismatch":
        return _FORMS.get(str(address[-1]), "may hold letters, digits, '_', '-' and '.', at most 40") + shown
    return _WORDS.get(error["type"], str(error["msg"]).replace("Input should be", "has to be")) + shown


def _address(error: dict[str, Any], value: Any) -> Address:
    """Without what the validator adds to a location: tags of server kinds, and names of alternatives."""
    kept: list[str | int] = []
    for part in error["loc"]:
        if (isinstance(value, dict) and part in value) or (isinstance(value, list) and isinstance(part, int)):
            value = value[part]
            kept.append(part)
    return (*kept, error["loc"][-1]) if error["type"] == "missing" else tuple(kept)


def _did_you_mean(address: Address, root: type[Section]) -> str:
    known = [key for key in _known_keys(address[:-1], root) if key != address[-1]]
    near = difflib.get_close_matches(str(address[-1]), known, n=1, cutoff=0.6)
    return f" - did you mean {near[0]!r}?" if near else ""


def _known_keys(address: Address, root: type[Section]) -> list[str]:
    """The keys of the sections that may stand there; a part that is no key of ours is a name, or a place in a list."""
    sections = [root]
    for part in map(str, address):
        fields = [fields[part] for fields in map(_fields, sections) if part in fields]
        sections = [inner for each in fields for inner in _sections(each)] or sections
    return [key for section in sections for key in _fields(section)]


def _fields(section: type[Section]) -> dict[str, Any]:
    """A section's keys, as they are written, with their types."""
    return {field.alias or name: field.annotation for name, field in section.model_fields.items()}


def _sections(annotation: Any) -> list[type[Section]]:
    """The sections that a type speaks of, be it a list, a map or alternatives of them."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return [annotation]
    return [section for part in get_args(annotation) for section in _sections(part)]


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
