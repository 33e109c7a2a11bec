"""Which servers have to be spoken to in the old way, as starting them has shown: kept under $ADVISOR_HOME."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from pathlib import Path

from agent.errors import LogError
from agent.runs import store
from agent.runs.log import write_whole

LEGACY = "legacy"


def _file() -> Path:
    return store.home() / "protocols.json"


def _known() -> dict[str, str]:
    try:
        known = json.loads(_file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _key(address: str) -> str:
    """Nothing of an address can be read from it: one may hold secrets."""
    return hashlib.sha256(address.encode()).hexdigest()


def is_legacy(address: str) -> bool:
    return _known().get(_key(address)) == LEGACY


def remember(address: str, *, legacy: bool) -> None:
    """A verdict that cannot be kept is found out again the next time."""
    known = _known()
    if legacy:
        known[_key(address)] = LEGACY
    elif known.pop(_key(address), None) is None:
        return
    with suppress(LogError, OSError):
        _file().parent.mkdir(parents=True, exist_ok=True)
        write_whole(_file(), (json.dumps(known, indent=1, sort_keys=True) + "\n").encode())
