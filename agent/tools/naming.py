"""What a tool is called towards a model: its own name where nothing else has it, in letters that the API takes."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence

LENGTH = 64


def names_for(tools: Sequence[tuple[str, str]]) -> list[str | None]:
    """For each (server, name): the name where it is unique, else server__name; None for one that was named before."""
    plain = Counter(safe_name(name) for _, name in tools)
    full = Counter(safe_name(f"{server}__{name}") for server, name in tools)
    taken: set[str] = set()
    names: list[str | None] = []
    for server, own in tools:
        name, long = safe_name(own), safe_name(f"{server}__{own}")
        if plain[name] > 1:
            name = long if full[long] == 1 else safe_name(long, of=f"{server}\0{own}")
        names.append(None if name in taken else name)
        taken.add(name)
    return names


def names_of(tool: str, servers: Iterable[str]) -> set[str]:
    """All names under which a tool of any of these servers may be offered."""
    long = {safe_name(f"{server}__{tool}", of) for server in servers for of in (None, f"{server}\0{tool}")}
    return {safe_name(tool), *long}


def safe_name(name: str, of: str | None = None) -> str:
    """Letters, digits, '_' and '-', at most 64. A cut name ends in a hash of the whole, any name in one of `of`."""
    safe = re.sub(r"[^A-Za-z0-9_-]", "_", name) or "_"
    if len(safe) <= LENGTH and of is None:
        return safe
    return f"{safe[: LENGTH - 9]}_{hashlib.sha256((of or name).encode()).hexdigest()[:8]}"
