"""What tools may bring into an answer, and what an answer may not repeat: addresses, and the system text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from agent.tools import content

LEAK = 80
"""Consecutive characters of the system text that are no coincidence."""
Place: TypeAlias = tuple[str | int, ...]
"""Names and indices that lead to a value within a JSON value."""
_WHOLE = re.compile(r"https?://[^\s\x00-\x1f\x7f\"<>\\]+", re.IGNORECASE)
_ENDS = r"\s\"'`<>\\)\]}|”’»…"
_WITHIN = re.compile(rf"https?://[^{_ENDS}]*[^{_ENDS}.,;:!?*_]", re.IGNORECASE)


def returned_urls(result: Mapping[str, Any], shown: str, arguments: Any) -> set[str]:
    """The http and https addresses that a tool's result gives as such, as far as the model was shown them.

    Such an address is the whole of a string in the result's data or of a block of text, or the target of a
    `resource_link`. One within a longer text is somebody's words, and one that the call's arguments hold is an echo.
    """
    if "http" not in shown.lower():
        return set()  # most results: their data need not be searched
    found = {value.strip() for value in _values(result) if _WHOLE.fullmatch(value.strip())}
    uncut = shown == content.text_of(result)
    said = [text for _, text in texts(arguments)]
    return {url for url in found if (uncut or url in shown) and not any(url in each for each in said)}


def _values(result: Mapping[str, Any]) -> Iterator[str]:
    """The strings of a result that can be an address and nothing else."""
    yield from (value for _, value in _nodes(content.data_of(result)) if isinstance(value, str))
    wrapped = content.wrapped_text(result)
    yield from () if wrapped is None else [wrapped]
    for block in result.get("content") or []:
        match block:
            case {"type": "text", "text": str(text)} if result.get("structuredContent") is None:
                yield text
            case {"type": "resource_link", "uri": str(uri)}:
                yield uri


def urls_in(text: str) -> list[str]:
    """The http and https addresses within a text, without what follows them, in order."""
    return list(dict.fromkeys(_WITHIN.findall(text))) if "://" in text else []


def foreign_urls(text: str, returned: set[str]) -> list[str]:
    """The addresses within a text that tools did not return."""
    found = urls_in(text)
    # A returned address is cut where a text would end it, so that both are read alike.
    known = {within for url in returned for within in urls_in(url)[:1]} if found else set()
    return [url for url in found if url not in known]


def leads_to(url: str, hosts: Sequence[str] | None) -> bool:
    """Whether an address leads to one of the hosts or below it; None stands for every host."""
    if hosts is None:
        return True
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    return any(f".{host}".endswith(f".{each.lower()}") for each in hosts)


def repeats(text: str, system: str, length: int = LEAK) -> bool:
    """Whether a text holds `length` consecutive characters of the system text, blanks and case aside."""
    said = plain(text)
    # Of any `length` characters in a row, one half begins at a multiple of its own length: few have to be looked up.
    half = max(length // 2, 1)
    if _pieces(system, half).isdisjoint(_windows(said, half, half)):
        return False
    return not _pieces(system, length).isdisjoint(_windows(said, length))


@lru_cache(maxsize=16)
def _pieces(system: str, length: int) -> frozenset[str]:
    return frozenset(_windows(plain(system), length))


def _windows(text: str, length: int, step: int = 1) -> Iterator[str]:
    return (text[at : at + length] for at in range(0, len(text) - length + 1, step))


def plain(text: str) -> str:
    """With single blanks, in one case."""
    return " ".join(text.split()).casefold()


def texts(value: Any) -> Iterator[tuple[Place, str]]:
    """Every string in a JSON value, and every member's name, with its place, in order."""
    for place, each in _nodes(value):
        if place and isinstance(place[-1], str):
            yield place, place[-1]
        if isinstance(each, str):
            yield place, each


def _nodes(value: Any) -> Iterator[tuple[Place, Any]]:
    """Every value within a JSON value. Without recursion: a stranger's may be deep."""
    left: list[tuple[Place, Any]] = [((), value)]
    while left:
        place, each = left.pop()
        yield place, each
        members = each.items() if isinstance(each, dict) else enumerate(each) if isinstance(each, list) else ()
        left += reversed([((*place, key), item) for key, item in members])
