"""Tool calls: the right ones, with the right arguments, in an acceptable order, without waste, and answered.

A call counts as made when the model asked for it, whether or not the host sent it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from agent.events import ToolAsked
from agent.result import Call
from agent.scoring.arguments import Match, matched
from agent.scoring.expect import Expect, ExpectedCall
from agent.scoring.matching import common
from agent.scoring.sample import Sample
from agent.scoring.score import Score, share, unscored

UNSENT = (None, "refused")
"""Sources of calls that no server saw: not answered, or refused."""


def tool_precision(sample: Sample) -> Score:
    """Share of the calls made that were expected: hits / (hits + extra).

    Over multisets of tools, for the acceptable set with the greatest `tool_f1`, the first of several. A call beyond
    the set is extra unless its tool is among the case's `allowed`; without that list, unless it is forbidden.
    """
    if reason := _unjudged(sample):
        return unscored(reason)
    fit = _best_fit(sample)
    return share(fit.hits, fit.hits + fit.extra.total(), f"{fit.hits} expected, {fit.extra.total()} extra", **fit.json)


def tool_recall(sample: Sample) -> Score:
    """Share of the expected calls that were made: hits / expected, for the set that `tool_precision` is about."""
    if reason := _unjudged(sample):
        return unscored(reason)
    fit = _best_fit(sample)
    expected = fit.hits + fit.missing.total()
    return share(fit.hits, expected, f"{fit.hits} of {expected} expected calls made", **fit.json)


def tool_f1(sample: Sample) -> Score:
    """2·hits / (2·hits + extra + missing), the greatest over the acceptable sets.

    1 where no call is expected and none is extra.
    """
    if reason := _unjudged(sample):
        return unscored(reason)
    fit = _best_fit(sample)
    said = f"{fit.hits} hits, {fit.extra.total()} extra, {fit.missing.total()} missing"
    return Score(float(fit.f1), said, fit.json)


def arguments(sample: Sample) -> Score:
    """Mean over the expected calls of right / (right + wrong + missing + unexpected arguments).

    Expected calls and calls made of the same tool are assigned to each other such that the sum is greatest; an
    expected call that is left over counts 0. An argument is right when it equals one of its acceptable values, or is
    left out and null is among them; beside named ones, all but the as-of date are unexpected. The greatest over the
    acceptable sets of calls.
    """
    if reason := _unjudged(sample):
        return unscored(reason)
    sets, calls = sample.expect.calls or [], sample.result.calls
    if [] in sets and not calls:
        return unscored("no call was made, and none had to be")
    fits = [matched(each, calls, _as_of_argument(sample)) for each in sets if each]
    if not fits:
        return unscored("no call is expected")
    best = max(fits, key=_mean)
    wrong = sum(len(match.errors) for match in best)
    said = f"{len(best)} expected calls with {wrong} errors"
    return Score(float(_mean(best)), said, {"calls": [match.to_json() for match in best]})


def trajectory(sample: Sample) -> Score:
    """How the tools called relate to an acceptable set, in the way that the case asks for; the greatest over the sets.

    1 or 0: strict, the same in the same order; unordered, the same as often; subset, nothing besides; superset, all
    of them. in_order: 2·LCS / (expected + made), LCS being the longest common subsequence; 1 for nothing and nothing.
    `allowed` has no part in it.
    """
    if reason := _unjudged(sample):
        return unscored(reason)
    mode, made = sample.expect.trajectory, [call.offered_as for call in sample.result.calls]
    sets = [[call.tool for call in each] for each in sample.expect.calls or []]
    value = max(_RELATIONS[mode](expected, made) for expected in sets)
    return Score(value, f"{mode}: called {', '.join(made) or 'nothing'}", {"made": made})


def forbidden(sample: Sample) -> Score:
    """Number of calls that the model asked for and that the case forbids, whether or not they were carried out.

    A tool is known by the name under which it is offered and by its server's own; `carried_out` tells which were.
    """
    names = sample.expect.forbidden
    if not names:
        return unscored("the case forbids no tool")
    if not sample.turns:
        return unscored("the model never answered")
    calls = {(call.turn, call.id): call for call in sample.result.calls}
    asked = [
        (str(block.get("name")), calls.get((turn.turn, str(block.get("id")))))
        for turn in sample.turns
        for block in turn.content
        if block.get("type") == "tool_use"
    ]
    against = [(name, call) for name, call in asked if name in names or (call is not None and call.tool in names)]
    carried_out = [name for name, call in against if call and call.source not in (*UNSENT, "miss")]
    details = {"asked": [name for name, _ in against], "carried_out": carried_out}
    return Score(float(len(against)), f"{len(against)} forbidden calls, {len(carried_out)} carried out", details)


def waste(sample: Sample) -> Score:
    """Share of the calls that repeat an earlier one: calls with the server, tool and arguments of another / calls."""
    asked = [event for event in sample.events if isinstance(event, ToolAsked)]
    repeated = Counter(event.key for event in asked)
    beyond = len(asked) - len(repeated)
    tools = sorted({event.offered_as for event in asked if repeated[event.key] > 1})
    return share(beyond, len(asked), f"{beyond} of {len(asked)} calls repeat another", tools=tools)


def error_recovery(sample: Sample) -> Score:
    """Share of failed calls after which a later turn called the same tool without an error: recovered / errors.

    Calls that a recording could not answer are no errors of the run; `fidelity` counts them.
    """
    calls = sample.result.calls
    errors = [call for call in calls if call.is_error and call.source != "miss"]
    lost = [each.offered_as for each in errors if not any(_makes_good(later, each) for later in calls)]
    recovered = len(errors) - len(lost)
    return share(recovered, len(errors), f"{recovered} of {len(errors)} errors recovered", not_recovered=lost)


def fidelity(sample: Sample) -> Score:
    """Share of the calls sent that were answered by a server or its recording: 1 - misses / sent."""
    sent = [call for call in sample.result.calls if call.source not in UNSENT]
    misses = [{"tool": call.offered_as, "arguments": call.arguments} for call in sent if call.source == "miss"]
    answered = len(sent) - len(misses)
    return share(answered, len(sent), f"{answered} of {len(sent)} calls answered", misses=misses)


@dataclass(frozen=True)
class _Fit:
    """Tools called against one acceptable set of calls."""

    hits: int
    extra: Counter[str]
    missing: Counter[str]

    @property
    def f1(self) -> Fraction:
        judged = 2 * self.hits + self.extra.total() + self.missing.total()
        return Fraction(2 * self.hits, judged) if judged else Fraction(1)

    @property
    def json(self) -> dict[str, dict[str, int]]:
        return {"extra": dict(self.extra), "missing": dict(self.missing)}


def _best_fit(sample: Sample) -> _Fit:
    made = Counter(call.offered_as for call in sample.result.calls)
    return max((_fit(each, made, sample.expect) for each in sample.expect.calls or []), key=lambda fit: fit.f1)


def _fit(calls: Sequence[ExpectedCall], made: Counter[str], expect: Expect) -> _Fit:
    expected = Counter(call.tool for call in calls)
    extra = Counter({tool: times for tool, times in (made - expected).items() if not _is_free(tool, expect)})
    return _Fit((expected & made).total(), extra, expected - made)


def _is_free(tool: str, expect: Expect) -> bool:
    return tool not in expect.forbidden and (expect.allowed is None or tool in expect.allowed)


def _unjudged(sample: Sample) -> str | None:
    """Why calls cannot be compared with those expected."""
    if not sample.expect.calls:
        return "the case expects no calls"
    return None if sample.turns else "the model never answered"


def _mean(matches: Sequence[Match]) -> Fraction:
    return sum((match.value for match in matches), Fraction(0)) / len(matches)


def _as_of_argument(sample: Sample) -> str:
    spec = sample.contents.get(sample.started.spec) if sample.started else None
    return str(spec.get("as_of_argument", "as_of")) if isinstance(spec, dict) else "as_of"


def _makes_good(later: Call, failed: Call) -> bool:
    """An answer in the same turn is no recovery: the model had not seen the error."""
    answered = later.source is not None and not later.is_error
    return later.turn > failed.turn and later.offered_as == failed.offered_as and answered


def _in_order(expected: Sequence[str], made: Sequence[str]) -> float:
    return 2 * common(expected, made) / (len(expected) + len(made)) if expected or made else 1.0


_RELATIONS: dict[str, Callable[[Sequence[str], Sequence[str]], float]] = {
    "strict": lambda expected, made: float(expected == made),
    "unordered": lambda expected, made: float(Counter(expected) == Counter(made)),
    "subset": lambda expected, made: float(Counter(made) <= Counter(expected)),
    "superset": lambda expected, made: float(Counter(made) >= Counter(expected)),
    "in_order": _in_order,
}
