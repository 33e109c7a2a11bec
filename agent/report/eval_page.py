"""The outcome of a suite of evals as one HTML page: which cases passed, and what a person needs to see why not.

Like the other pages it fetches nothing and escapes whatever others said; its links lead to logs beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from agent.report.eval_case import CaseView, Mark, Room, Texts, mark
from agent.report.eval_outcome import (
    GOALS,
    PLACES,
    VERDICTS,
    Json,
    attack_rate,
    attacked,
    changed_first,
    rounded,
    suite_name,
    worst_first,
)
from agent.report.markup import asset, template
from agent.result import ADVICE, SIMULATED

LIMIT = 4_000_000
"""Bytes of the largest page."""

# The first that keeps the page within LIMIT is used: long texts go first, cases last.
_ROOMS = (
    Room(cases=500, samples=30, entries=60, text=2000, reason=800),
    Room(cases=500, samples=10, entries=40, text=600, reason=300),
    Room(cases=500, samples=5, entries=40, text=300, reason=120),
    Room(cases=500, samples=3, entries=30, text=200, reason=60),
    Room(cases=200, samples=2, entries=20, text=60, reason=60),
    Room(cases=60, samples=1, entries=10, text=40, reason=40),
    Room(cases=30, samples=1, entries=6, text=24, reason=24),
)


def render(outcome: Json, compared: Json | None = None) -> str:
    """The page of an outcome, at most LIMIT bytes of UTF-8; the same bytes for equal ones.

    `compared` adds how it stands against another outcome.
    """
    page_of = template("eval.html", style=asset("eval.css"), script=asset("eval.js"))
    pages = (page_of.generate(notice=ADVICE, view=_View(outcome, compared, room)) for room in _ROOMS)
    return next(page for parts in pages if (page := _within_limit(parts)) is not None)


def _within_limit(parts: Iterable[str]) -> str | None:
    """The page, or None as soon as it is too large."""
    page, size = [], 0
    for part in parts:
        page.append(part)
        size += len(part.encode())
        if size > LIMIT:
            return None
    return "".join(page)


class _View(Texts):
    """What the template shows of an outcome."""

    def __init__(self, outcome: Json, compared: Json | None, room: Room) -> None:
        super().__init__(room)
        self.outcome, self.totals = outcome, outcome["totals"]
        cases = worst_first(outcome["cases"])
        self._tags = self.some(dict.fromkeys(tag for case in cases for tag in case["tags"]))
        self.cases = [CaseView(case, at, self._tags, room) for at, case in enumerate(cases[: room.cases], 1)]
        self.more_cases = len(cases) - len(self.cases)
        self.compared = None if compared is None else _ComparedView(compared, room)
        runs = [sample["run"] for case in cases for sample in case["samples"]]
        labels = dict.fromkeys(label for run in runs for label in run["labels"])
        self.labels, self.simulated = [self.short(label) for label in list(labels)[:10]], SIMULATED in labels

    @property
    def name(self) -> str:
        return self.short(self.outcome["suite"])

    @property
    def verdict(self) -> Mark:
        return mark(self.outcome["verdict"])

    @property
    def tags(self) -> list[tuple[int, str]]:
        return [(at, self.short(tag)) for at, tag in enumerate(self._tags)]

    @property
    def verdicts(self) -> list[Mark]:
        return [mark(each) for each in VERDICTS]

    @property
    def facts(self) -> list[tuple[str, str]]:
        totals = self.totals
        facts = {
            "Model": self.outcome["model"] or "none: reference runs",
            "Began": (self.outcome["began"] or "").replace("T", " ").replace("+00:00", " UTC"),
            "Version": self.outcome["version"],
            "Cases": rounded(totals["cases"]),
            "Passed": rounded(totals["pass"]),
            "Failed": rounded(totals["fail"]),
            "Insufficient": rounded(totals["insufficient"]),
            "Valid runs": f"{rounded(totals['valid'])} of {rounded(totals['samples'])}",
        }
        if every := totals["pass_hat_k"]:
            facts[f"Pass^{every['k']}"] = rounded(every["value"])
        facts["Tokens"] = rounded(totals["tokens"])
        rare = {
            "USD per valid run": totals["usd_per_valid"],
            "Seconds": totals["seconds"],
            "Fidelity": totals["fidelity"],
            "Calls without a recording": totals["misses"] or None,
        }
        facts |= {name: rounded(value) for name, value in rare.items() if value is not None}
        return [(name, self.short(fact)) for name, fact in facts.items()]

    @property
    def attacked(self) -> str:
        return attacked(self.outcome)

    @property
    def attacks(self) -> Iterator[list[str]]:
        """Goal, place, runs, shown, attempted, effect, and its rate."""
        for each in self.some(self.totals["attacks"]):
            yield [
                GOALS[each["goal"]],
                PLACES[each["place"]],
                *(rounded(each[key]) for key in ("cases", "shown", "attempted", "effect")),
                attack_rate(each),
            ]

    @property
    def by_tag(self) -> list[tuple[str, list[str]]]:
        tags = self.some(self.totals["by_tag"].items())
        return [(self.short(tag), [rounded(counts[each]) for each in VERDICTS]) for tag, counts in tags]

    @property
    def means(self) -> list[tuple[str, list[str]]]:
        means = self.some(self.totals["means"].items())
        return [
            (self.short(name), [rounded(each[key]) for key in ("mean", "scored", "unscored")]) for name, each in means
        ]

    @property
    def glossary(self) -> list[tuple[str, str, str]]:
        scorers = self.some(self.outcome["scorers"].items())
        return [
            (self.short(name), f"version {each['version']}, {each['better']} is better", self.text(each["about"], 800))
            for name, each in scorers
        ]


class _ComparedView(Texts):
    """Two outcomes, and what changed from the left one to the right one."""

    def __init__(self, compared: Json, room: Room) -> None:
        super().__init__(room)
        changed = changed_first(compared["cases"])
        self._cases, self._compared = self.some(changed), compared
        self.verdict = mark(compared["verdict"])
        self.left, self.right = (self.short(suite_name(compared[side])) for side in ("left", "right"))
        self.same = len(compared["cases"]) - len(changed)
        self.more_cases = len(changed) - len(self._cases)

    @property
    def because(self) -> list[str]:
        return self.reasons(self._compared["reasons"])

    @property
    def cases(self) -> list[tuple[str, list[Mark | None], Mark]]:
        """Name, its verdict on either side where it has one, and the change."""
        return [
            (
                self.short(each["name"]),
                [mark(each[side]) if each[side] else None for side in ("left", "right")],
                mark(each["change"]),
            )
            for each in self._cases
        ]

    @property
    def scorers(self) -> list[tuple[str, list[str]]]:
        keys = ("left", "right", "difference", "better", "worse", "equal", "unpaired", "p")
        scorers = self.some(self._compared["scorers"])
        return [(self.short(each["scorer"]), [rounded(each[key]) for key in keys]) for each in scorers]
