"""What a validator finds in a file, in our own words: file:line:column, the key's path, the nearest known key."""

from __future__ import annotations

import difflib
from typing import Any, get_args

from pydantic import ValidationError

from agent.section import Section
from agent.source import Address, Source, path_text

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
    "names": "has to be a language of two letters, such as vi",
    "pages_url": "has to be an http:// or https:// URL without a slash at its end",
}


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
    if address == ("sectors",):
        return "has to be the name of a file with sectors, or a mapping of them" + shown
    if address == ("policy", "on_drift"):
        return "has to be 'error', 'warn', 'ignore', or a mapping with 'missing' and 'changed'" + shown
    if error["type"] == "string_pattern_mismatch":
        named = address[-2] if "[key]" in error["loc"][-1:] else address[-1]
        return _FORMS.get(str(named), "may hold letters, digits, '_', '-' and '.', at most 40") + shown
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
