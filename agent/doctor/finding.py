"""What was looked at, and what was found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

Severity: TypeAlias = Literal["ok", "warning", "error"]


@dataclass(frozen=True)
class Finding:
    """`about`: agent file, key, model, prices, disk, terminal, or `server NAME`; `fix`: what to do, None when all is
    well. `down`: a required server that a run could not begin with.
    """

    about: str
    severity: Severity
    says: str
    fix: str | None = None
    down: bool = False

    def to_json(self) -> dict[str, Any]:
        return {key: value for key, value in asdict(self).items() if key != "down"}


def exit_code(findings: Iterable[Finding]) -> int:
    """5 when a required server is down or a tool is missing, 1 for another error, else 0."""
    findings = list(findings)
    if any(each.down for each in findings):
        return 5
    return 1 if any(each.severity == "error" for each in findings) else 0
