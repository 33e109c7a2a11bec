"""One case of a suite's outcome, as its page shows it: clean, cut texts that the template escapes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, TypeVar
from urllib.parse import quote

from agent.comparison import confidence_text
from agent.report.eval_outcome import (
    CHANGES,
    VERDICTS,
    Advised,
    Json,
    advised,
    arm_name,
    calls_beside,
    chosen,
    fields,
    rounded,
    unmet,
)
from agent.report.heatmap import NO_FIGURE
from agent.report.markup import GLYPHS, cleaned

T = TypeVar("T")

_MET = {True: ("✓", "met", "pass"), False: ("✕", "not met", "fail"), None: ("○", "unscored", "insufficient")}


@dataclass(frozen=True)
class Room:
    """How much one page shows: cases, samples of each, entries of a list, characters of a text, and of the reason for
    a score or a recommendation."""

    cases: int
    samples: int
    entries: int
    text: int
    reason: int


class Mark(NamedTuple):
    """A state told in three ways; `kind` is its class."""

    glyph: str
    word: str
    kind: str


def mark(state: str) -> Mark:
    """Of a verdict, or of how two of them compare."""
    return Mark((VERDICTS | CHANGES)[state], state, state.replace(" ", "-"))


class Texts:
    """Texts that are clean and cut, and not yet escaped."""

    def __init__(self, room: Room) -> None:
        self.room = room

    def text(self, value: Any, limit: int | None = None) -> str:
        """Any JSON value, cut with a note of how many characters more there are."""
        text = cleaned(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
        limit = self.room.text if limit is None else min(limit, self.room.text)
        return text if len(text) <= limit else f"{text[:limit]}… ({len(text) - limit} characters more)"

    def short(self, value: Any) -> str:
        """A name, a date; a dash for nothing."""
        return _cut(cleaned(NO_FIGURE if value in (None, "") else str(value)), min(self.room.text, 80))

    def reason(self, value: Any) -> str:
        """There are many of them, so what is cut is not counted."""
        return _cut(cleaned(str(value)), self.room.reason)

    def reasons(self, values: Iterable[Any]) -> list[str]:
        return [self.reason(value) for value in self.some(values)]

    def some(self, values: Iterable[T]) -> list[T]:
        """The first of them, as many as there is room for."""
        return list(values)[: self.room.entries]


class CaseView(Texts):
    """One case: what was asked, up to two of its runs beside each other, and why each has its verdict."""

    def __init__(self, case: Json, at: int, tags: Sequence[str], room: Room) -> None:
        super().__init__(room)
        self.case, self.id = case, f"case-{at}"
        self._numbers = [number for number, tag in enumerate(tags) if tag in case["tags"]]
        self._runs = [sample["run"] for sample in chosen(case["samples"])]
        self.arms = [self.short(arm_name(sample)) for sample in chosen(case["samples"])]
        self.samples = case["samples"][: room.samples]
        self.more_samples = len(case["samples"]) - len(self.samples)

    @property
    def name(self) -> str:
        return self.short(self.case["name"])

    @property
    def verdict(self) -> Mark:
        return mark(self.case["verdict"])

    @property
    def tag_numbers(self) -> str:
        return " ".join(map(str, self._numbers))

    @property
    def tags(self) -> str:
        return " · ".join(self.short(tag) for tag in self.some(self.case["tags"]))

    @property
    def unmet(self) -> list[str]:
        return [self.short(name) for name in self.some(unmet(self.case))]

    @cached_property
    def _advised(self) -> list[Advised]:
        return self.some(advised(self._runs))

    @property
    def answers(self) -> list[tuple[str, list[dict[str, str]], bool]]:
        """Name, a cell for each run, and whether the runs differ; sectors first."""
        stances = [
            (self.short(line.sector), [self._stance(each) for each in line.advice], line.differs)
            for line in self._advised
        ]
        others = [
            (self.short(line.name), [{"kind": "", "text": self._value(each)} for each in line.values], line.differs)
            for line in self.some(fields(self._runs))
        ]
        return [*others[:1], *stances, *others[1:]]

    def _stance(self, given: Json | None) -> dict[str, str]:
        if given is None:
            return {"kind": "", "text": NO_FIGURE}
        action = given.get("action")
        return {
            "kind": action if isinstance(action, str) and action in GLYPHS else "other",
            "glyph": GLYPHS.get(str(action), "◇"),
            "text": self.short(action),
            "confidence": self.short(confidence_text(given.get("confidence_score"))),
        }

    def _value(self, value: Any) -> str:
        return NO_FIGURE if value is None else self.text(value)

    @property
    def rationales(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """For each run: sector and rationale of each of its recommendations."""
        return [
            (
                arm,
                [
                    (self.short(line.sector), self.reason(each.get("rationale", "")))
                    for line in self._advised
                    if (each := line.advice[at]) is not None
                ],
            )
            for at, arm in enumerate(self.arms)
        ]

    @property
    def calls(self) -> Iterator[dict[str, Any]]:
        """Every call of the runs that are compared, equal ones once; a run without another has them all."""
        left, right = [*(run["calls"] for run in self._runs), [], []][:2]
        for line in self.some(calls_beside(left, right)):
            yield {
                "where": self._where(line.where),
                "differs": line.where != "both" and len(self.arms) > 1,
                "turns": _joined(str(call["turn"]) for call in line.made),
                "tool": self.short(line.made[0]["offered_as"]),
                "arguments": self.text(line.made[0]["arguments"], 400),
                "answered": _joined(self.short(_answered(call)) for call in line.made),
            }

    def _where(self, where: str) -> str:
        if len(self.arms) < 2:
            return NO_FIGURE
        return {"both": "= both", "left": f"◁ only {self.arms[0]}", "right": f"▷ only {self.arms[1]}"}[where]

    def sample(self, sample: Json) -> dict[str, Any]:
        """One run: how it was judged, where it left its replayed path, and every score with its reason."""
        return {
            "arm": self.short(arm_name(sample)),
            "verdict": mark(sample["verdict"]),
            "wanted": sample["wanted"],
            "question": "" if sample["question"] == self.case["question"] else self.text(sample["question"]),
            "reasons": self.reasons(sample["reasons"]),
            "warnings": self.reasons(sample["run"]["warnings"]),
            "divergence": {name: self.text(text) for name, text in (sample["divergence"] or {}).items()},
            "checks": [self._check(each) for each in self.some(sample["checks"])],
            "scores": self._other_scores(sample),
            "root": self.short(sample["root"]),
            "log": sample["log"] and quote(sample["log"].lstrip("/"), errors="replace"),
        }

    def _check(self, check: Json) -> dict[str, Any]:
        return {
            "scorer": self.short(check["scorer"]),
            "value": rounded(check["value"]),
            "wanted": f"{'≥' if check['better'] == 'higher' else '≤'} {rounded(check['threshold'])}",
            "met": Mark(*_MET[check["met"]]),
            "why": self.reason(check["explanation"]),
        }

    def _other_scores(self, sample: Json) -> list[tuple[str, str, str]]:
        """Scorer, value and explanation of what no threshold asks for."""
        checked = {check["scorer"] for check in sample["checks"]}
        scores = [(name, score) for name, score in sample["scores"].items() if name not in checked]
        return [
            (
                self.short(name),
                rounded(score["value"]) if score["status"] == "scored" else "○ unscored",
                self.reason(score["explanation"]),
            )
            for name, score in self.some(scores)
        ]


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[:limit]}…"


def _answered(call: Json) -> str:
    return f"{call['source'] or 'no answer'}{', an error' if call['is_error'] else ''}"


def _joined(texts: Iterable[str]) -> str:
    """Both runs' text, once where it is the same."""
    return " / ".join(dict.fromkeys(texts))
