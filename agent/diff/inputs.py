"""What two runs saw: the calls that they made, what came of these, and the figures in their results."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from agent.comparison import sector_key_of
from agent.encoding import canonical
from agent.figures import Figure, latest
from agent.report.heatmap import finite
from agent.result import Call, RunResult
from agent.taxonomy import SectorKey

Outcome: TypeAlias = Literal[
    "same result",
    "same figures",
    "other figures",
    "other result",
    "failed before",
    "failed after",
    "only before",
    "only after",
]


@dataclass(frozen=True)
class CallPair:
    """One call as both runs made it; `before` and `after`: its place among the run's calls, from 1 on, None where it
    was not made. `outcome`: "same figures" are those of results that differ elsewhere, "other result" has none; a call
    "failed before" or "failed after" that brought an error, or no answer, in that run alone.
    """

    tool: str
    arguments: Any
    """Without the as-of date, where it is the run's own."""
    outcome: Outcome
    before: int | None
    after: int | None


@dataclass(frozen=True)
class Inputs:
    """How many figures each run had, the newest of each; `equal`: whether all that were shown, older ones included, are
    the same in both.
    """

    before: int
    after: int
    same: int
    moved: int
    only_before: int
    only_after: int
    equal: bool

    @property
    def some(self) -> bool:
        return bool(self.before or self.after)


def inputs(before: RunResult, after: RunResult) -> Inputs:
    key_of = sector_key_of(before, after)
    was, now = (_newest(run.figures, key_of) for run in (before, after))
    both = [key for key in was if key in now]
    same = sum(was[key] == now[key] for key in both)
    return Inputs(
        before=len(was),
        after=len(now),
        same=same,
        moved=len(both) - same,
        only_before=len(was) - len(both),
        only_after=len(now) - len(both),
        equal=bool(was or now) and _facts(before.figures, key_of) == _facts(after.figures, key_of),
    )


_Key: TypeAlias = tuple[str | None, ...]


def _key(figure: Figure, key_of: SectorKey) -> _Key:
    """What a figure is of, whichever tool brought it."""
    sector = key_of(figure.sector) if figure.sector else None
    return sector, figure.ticker, figure.metric, figure.unit, figure.lookback


def _newest(figures: Iterable[Figure], key_of: SectorKey) -> dict[_Key, float]:
    newest = latest(figures, lambda each: _key(each, key_of))
    return {key: value for key, figure in newest.items() if (value := finite(figure)) is not None}


def _facts(figures: Iterable[Figure], key_of: SectorKey) -> set[tuple[Any, ...]]:
    return {(*_key(each, key_of), each.observed_at, each.value) for each in figures if finite(each) is not None}


def call_pairs(before: RunResult, after: RunResult) -> list[CallPair]:
    """Equal calls of both runs, in the order of the later one's; a call that one made more often stands alone then."""
    waiting: dict[bytes, list[int]] = defaultdict(list)
    for at, call in enumerate(before.calls):
        waiting[_call_key(before, call)].append(at)
    brought = [_by_call(run.figures) for run in (before, after)]
    pairs = []
    for at, call in enumerate(after.calls):
        name, given = _name(call), _arguments(after, call)
        if places := waiting[_call_key(after, call)]:
            earlier = before.calls[(was := places.pop(0))]
            figures = [brought[0].get(earlier.id, []), brought[1].get(call.id, [])]
            pairs.append(CallPair(name, given, _outcome(earlier, call, figures), was + 1, at + 1))
        else:
            pairs.append(CallPair(name, given, "only after", None, at + 1))
    for at in sorted(place for places in waiting.values() for place in places):
        call = before.calls[at]
        pairs.append(CallPair(_name(call), _arguments(before, call), "only before", at + 1, None))
    return pairs


def _name(call: Call) -> str:
    """The server's own name of the tool, since a model may have been offered it under another."""
    return call.tool or call.offered_as


def _arguments(run: RunResult, call: Call) -> Any:
    if not isinstance(call.arguments, dict):
        return call.arguments
    as_of = run.spec.get("as_of_argument", "as_of")
    return {
        name: value
        for name, value in call.arguments.items()
        if not (name == as_of and value == run.as_of and run.as_of is not None)
    }


def _call_key(run: RunResult, call: Call) -> bytes:
    return canonical([_name(call), _arguments(run, call)])


def _by_call(figures: Iterable[Figure]) -> dict[str, list[Figure]]:
    found: dict[str, list[Figure]] = defaultdict(list)
    for figure in figures:
        found[figure.call].append(figure)
    return found


def _outcome(before: Call, after: Call, figures: Sequence[Sequence[Figure]]) -> Outcome:
    if _said(before) == _said(after):
        return "same result"
    if _failed(before) != _failed(after):
        return "failed before" if _failed(before) else "failed after"
    was, now = ({(*each[:6], each.ticker) for each in side} for side in figures)
    if not was and not now:
        return "other result"
    return "same figures" if was == now else "other figures"


def _failed(call: Call) -> bool:
    return call.is_error or call.shown is None


def _said(call: Call) -> bytes:
    return canonical([call.is_error, call.shown if call.data is None else call.data])
