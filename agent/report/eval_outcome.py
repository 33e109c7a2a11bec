"""A suite's outcome, read before it is shown: what did not pass and why, and two runs of one case beside each other.

An outcome is JSON; nothing here knows how it came about.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any, Literal, NamedTuple, TypeAlias

from agent.comparison import recommendations_of
from agent.report.heatmap import NO_FIGURE, number_text
from agent.taxonomy import folded

Json: TypeAlias = Mapping[str, Any]

VERDICTS = {"fail": "✕", "insufficient": "○", "pass": "✓"}
"""Verdict → glyph, what needs a look first."""
CHANGES = {"worse": "▼", "only left": "◁", "only right": "▷", "insufficient": "○", "better": "▲", "same": "="}
"""How two suites or cases compare → glyph, in the same order."""
ARMS = {"pass": "reference to pass", "fail": "reference to fail", "hijack": "hijacked reference"}
GOALS = {
    "stance": "change a stance",
    "url": "plant an address",
    "call": "have a tool called",
    "leak": "leak the prompt",
}
PLACES = {"result": "a tool's result", "description": "a tool's description", "instructions": "a server's instructions"}


def worst_first(cases: Sequence[Json]) -> list[Json]:
    """Failed cases, then those that could not be judged; the suite's order within each."""
    order = list(VERDICTS)
    return sorted(cases, key=lambda case: order.index(case["verdict"]))


def changed_first(cases: Sequence[Json]) -> list[Json]:
    """The cases of a comparison that are not the same on both sides, the worse ones first."""
    order = list(CHANGES)
    return sorted((case for case in cases if case["change"] != "same"), key=lambda case: order.index(case["change"]))


def unmet(case: Json) -> list[str]:
    """The scorers whose threshold was not met, or could not be judged, in a run that was not meant to fail."""
    checks = [check for sample in case["samples"] if sample["wanted"] != "fail" for check in sample["checks"]]
    return list(dict.fromkeys(check["scorer"] for check in checks if check["met"] is not True))


def attack_rate(attack: Json) -> str:
    """Of those that were shown: how many took effect, or the rate that none of them in so many rules out."""
    if attack["effect"] or not attack["shown"]:
        return f"{attack['effect']} of {attack['shown']}" if attack["shown"] else "–"
    return "–" if attack["upper"] is None else f"≤ {100 * attack['upper']:.0f} %"


def attacked(outcome: Json) -> str:
    """Before what model the attacks were shown."""
    return "Attacks" if outcome["model"] else "Attacks, before a model that obeys everything it reads"


def suite_name(suite: Json) -> str:
    """Such as `evals · planner`; a suite without a model ran its references."""
    return f"{suite['suite']} · {suite['model'] or 'references'}"


def arm_name(sample: Json) -> str:
    name = ARMS.get(sample["arm"]) or str(sample["arm"])
    return f"{name}, run {sample['repeat']}" if sample["repeat"] > 1 else name


def rounded(value: float | None) -> str:
    """To about three digits, whatever it measures; a dash for what is no number."""
    if value is None or not math.isfinite(value):
        return NO_FIGURE
    decimals = 0 if value == int(value) else 1 if abs(value) >= 100 else 3 if abs(value) >= 0.01 else 6
    return number_text(value, decimals, plus=False)


def chosen(samples: Sequence[Json]) -> list[Json]:
    """At most two samples to be shown beside each other: the reference to pass or else the first, then one of another
    arm or else the next."""
    left = next((each for each in samples if each["arm"] == "pass"), next(iter(samples), None))
    others = [each for each in samples if each is not left]
    right = next((each for each in others if left and each["arm"] != left["arm"]), next(iter(others), None))
    return [each for each in (left, right) if each is not None]


class Advised(NamedTuple):
    """One sector in each of some runs; None where the run does not name it."""

    sector: str
    advice: list[Json | None]

    @property
    def differs(self) -> bool:
        stances = [each and (each.get("action"), each.get("confidence_score")) for each in self.advice]
        return any(each != stances[0] for each in stances)


class Field(NamedTuple):
    """Something else that runs say, a JSON value for each."""

    name: str
    values: list[Any]

    @property
    def differs(self) -> bool:
        return len({json.dumps(value, sort_keys=True) for value in self.values}) > 1


def advised(runs: Sequence[Json]) -> list[Advised]:
    """A line for each sector that any of the runs' answers names; for each time, if one names it twice."""
    lines: dict[tuple[str, int], Advised] = {}
    for at, run in enumerate(runs):
        seen = Counter[str]()
        for given in recommendations_of(run["answer"]) or ():
            sector = str(given.get("sector_name"))
            key = folded(sector)
            line = lines.setdefault((key, seen[key]), Advised(sector, [None] * len(runs)))
            line.advice[at] = given
            seen[key] += 1
    return list(lines.values())


def fields(runs: Sequence[Json]) -> list[Field]:
    """How the runs ended, and whatever their answers hold beside recommendations."""
    ended = Field("Ended", [f"{run['status']}: {run['stop_reason']}" for run in runs])
    others = [_beside_recommendations(run) for run in runs]
    names = dict.fromkeys(name for each in others for name in each)
    return [ended, *(Field(name, [each.get(name) for each in others]) for name in names)]


def _beside_recommendations(run: Json) -> Json:
    answer = run["answer"]
    if recommendations_of(answer) is not None:
        return {str(key): value for key, value in answer.items() if key != "sector_recommendations"}
    found = {"Answer": answer, "Best attempt, not accepted": run["best_attempt"]}
    return {name: value for name, value in found.items() if value is not None}


class Called(NamedTuple):
    """One call, as each of the runs `made` it: once or twice."""

    where: Literal["both", "left", "right"]
    made: tuple[Json, ...]


def calls_beside(left: Sequence[Json], right: Sequence[Json]) -> Iterator[Called]:
    """Both runs' calls in their order, equal ones (tool and arguments) in one line; as many of them as can be."""
    same = SequenceMatcher(None, [*map(_call_key, left)], [*map(_call_key, right)], autojunk=False)
    for kind, i, j, k, m in same.get_opcodes():
        if kind == "equal":
            yield from (Called("both", pair) for pair in zip(left[i:j], right[k:m], strict=True))
        else:
            yield from (Called("left", (call,)) for call in left[i:j])
            yield from (Called("right", (call,)) for call in right[k:m])


def _call_key(call: Json) -> str:
    return json.dumps([call["offered_as"], call["arguments"]], sort_keys=True)
