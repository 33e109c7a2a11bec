"""The arguments of one call against what was expected of them, and which call was meant by which expectation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from agent.result import Call
from agent.scoring.expect import ExpectedCall
from agent.scoring.matching import assign
from agent.scoring.values import same

MISSING_CALL = "missing_call"
MISSING = "missing_required"
UNEXPECTED = "unexpected_param"
WRONG = "value_error"


@dataclass(frozen=True)
class Match:
    """An expected call, and how the call that was found for it fits. `errors`: code and argument of each."""

    tool: str
    right: int
    errors: Sequence[dict[str, str]]

    @property
    def value(self) -> Fraction:
        """right / (right + errors); 1 where nothing is asked of the arguments, 0 for a call that was not made."""
        judged = self.right + len(self.errors)
        return Fraction(self.right, judged) if judged else Fraction(1)

    def to_json(self) -> dict[str, Any]:
        return {"tool": self.tool, "value": float(self.value), "errors": list(self.errors)}


def compare(expected: ExpectedCall, arguments: Any, free: str) -> Match:
    """`free`: an argument that the host sets, judged only where it is named. Null is as good as left out."""
    named = expected.arguments
    given = arguments if isinstance(arguments, dict) else {}
    given = {name: value for name, value in given.items() if value is not None}
    errors = [
        {"code": WRONG if name in given else MISSING, "argument": name}
        for name, acceptable in named.items()
        if not any(same(given.get(name), each) for each in acceptable)
    ]
    right = len(named) - len(errors)
    if named and expected.others == "unexpected":
        errors += [{"code": UNEXPECTED, "argument": name} for name in given if name not in named and name != free]
    return Match(expected.tool, right, errors)


def matched(expected: Iterable[ExpectedCall], calls: Sequence[Call], free: str) -> list[Match]:
    """A match for each expected call: calls of its tool are assigned so that the sum of their values is greatest."""
    by_tool: dict[str, list[ExpectedCall]] = {}
    for each in expected:
        by_tool.setdefault(each.tool, []).append(each)
    found: list[Match] = []
    for tool, wanted in by_tool.items():
        made = [call for call in calls if call.offered_as == tool]
        pairs = [[compare(each, call.arguments, free) for call in made] for each in wanted]
        columns = assign([[match.value for match in row] for row in pairs])
        missing = Match(tool, 0, [{"code": MISSING_CALL, "argument": ""}])
        found += [missing if at is None else row[at] for row, at in zip(pairs, columns, strict=True)]
    return found
