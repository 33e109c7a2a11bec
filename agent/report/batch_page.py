"""A batch as one HTML page: what was recommended for each sector on each date, and which jobs are not done.

Like the page of a run it loads nothing, escapes whatever others said, and has the same bytes for the same batch; its
links lead to files beside it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple
from urllib.parse import quote

from agent.comparison import probability, recommendations_of
from agent.report.heatmap import NO_FIGURE, label, number_text
from agent.report.markup import GLYPHS, asset, cleaned, template
from agent.report.palettes import STEPS
from agent.result import SIMULATED
from agent.taxonomy import folded

LIMIT = 500_000
"""Bytes of the largest page."""
GROUPS = 12
DATES = 40
ROOMY = 12
"""Dates up to which a cell has room for one line of glyph and number."""

_BALANCE = {"overweight": 1, "underweight": -1}
_SHADES = {"overweight": "u", "underweight": "d"}


class Advice(NamedTuple):
    """`confidence` is None when what was answered is no probability."""

    sector: str
    action: str
    confidence: float | None


@dataclass(frozen=True)
class Column:
    """What one job recommends: sector key → advice."""

    run: str
    as_of: str | None
    advice: dict[str, Advice]

    @property
    def age(self) -> tuple[bool, str]:
        """Sorts the oldest first; no date means now."""
        return self.as_of is None, self.as_of or ""


@dataclass
class Group:
    """The jobs of one agent, question and model: the newest DATES of them, and how many `older` ones there were."""

    agent: str
    question: str
    model: str
    columns: list[Column] = field(default_factory=list)
    older: int = 0

    def add(self, column: Column) -> None:
        self.columns.append(column)
        self.columns.sort(key=lambda each: each.age)
        if len(self.columns) > DATES:
            del self.columns[0]
            self.older += 1


class Matrix:
    """The recommendations of done jobs, added one after the other; holds as much as the page shows, and counts the
    rest."""

    def __init__(self) -> None:
        self.groups: dict[tuple[str, str, str], Group] = {}
        self.others: list[str] = []
        """Runs whose answers have another form."""
        self._left_out: set[tuple[str, str, str]] = set()

    def add(self, envelope: Mapping[str, Any]) -> None:
        """`envelope` as of RunResult.envelope, of a run with a valid answer."""
        given = recommendations_of(envelope.get("answer"))
        if given is None:
            self.others.append(str(envelope.get("run")))
            return
        key = (str(envelope.get("agent")), str(envelope.get("question")), str(envelope.get("model")))
        if key not in self.groups and len(self.groups) == GROUPS:
            self._left_out.add(key)
            return
        advice = [
            Advice(str(each.get("sector_name")), str(each.get("action")), probability(each.get("confidence_score")))
            for each in given
        ]
        column = Column(str(envelope.get("run")), envelope.get("as_of"), {folded(each.sector): each for each in advice})
        self.groups.setdefault(key, Group(*key)).add(column)

    @property
    def left_out(self) -> int:
        """Groups beyond the first GROUPS."""
        return len(self._left_out)


@dataclass(frozen=True)
class _Room:
    """How much one page shows: groups, dates and sectors of each, entries of a list, characters of a text."""

    groups: int
    dates: int
    sectors: int
    entries: int
    text: int


# The first that keeps the page within LIMIT is used: old dates go first, groups last.
_ROOMS = (
    _Room(GROUPS, DATES, 100, 200, 400),
    _Room(GROUPS, 30, 60, 200, 300),
    _Room(GROUPS, 20, 40, 200, 200),
    _Room(GROUPS, 12, 40, 100, 120),
    _Room(8, 8, 30, 40, 80),
    _Room(4, 6, 20, 10, 40),
)


def render(summary: Mapping[str, Any], matrix: Matrix) -> str:
    """The page of a batch, done or not: at most LIMIT bytes of UTF-8. `summary` as of batch.outputs.summary."""
    page_of, page = template("batch.html", style=asset("batch.css")), ""
    for room in _ROOMS:
        page = page_of.render(notice=summary["notice"], summary=summary, view=_View(summary, matrix, room))
        if len(page.encode()) <= LIMIT:
            break
    return page


class _View:
    """What the template shows of a batch: texts that are clean and cut, and not yet escaped."""

    def __init__(self, summary: Mapping[str, Any], matrix: Matrix, room: _Room) -> None:
        self._summary, self._matrix, self._room = summary, matrix, room
        self.simulated = SIMULATED in summary["labels"]
        self.labels = [self.short(label) for label in summary["labels"][:10]]
        self.groups = [_GroupView(group, room) for group in [*matrix.groups.values()][: room.groups]]
        self.more_groups = len(matrix.groups) - len(self.groups) + matrix.left_out
        self.others = [(self.short(run), page_of_run(run)) for run in matrix.others[: room.entries]]
        self.more_others = len(matrix.others) - len(self.others)

    def text(self, value: Any, limit: int | None = None) -> str:
        return _cut(value, min(limit or self._room.text, self._room.text))

    def short(self, value: Any) -> str:
        """A name, a date; a dash for nothing."""
        return _cut(NO_FIGURE if value in (None, "") else value, 80)

    @property
    def status(self) -> str:
        jobs, done = self._summary["jobs"], self._summary["states"].get("done", 0)
        if done == jobs:
            return "✓ Every job is done"
        return f"✕ {_number(jobs - done)} of {_number(jobs)} jobs {'is' if jobs - done == 1 else 'are'} not done"

    @property
    def facts(self) -> list[tuple[str, str]]:
        states = [(label(state), _number(count)) for state, count in self._summary["states"].items()]
        slot = [(label(str(key)), self.short(value)) for key, value in (self._summary["schedule"] or {}).items()]
        return [("Jobs", _number(self._summary["jobs"])), *states, *slot]

    @property
    def spend(self) -> list[tuple[str, str]]:
        spend, tokens = self._summary["spend"], self._summary["spend"]["tokens"]
        counts = {
            "Turns": spend["turns"],
            "Requests": spend["requests"],
            "Tool calls": spend["tool_calls"],
            "Repairs": spend["repairs"],
            "Tokens in": tokens["input"],
            "Cache writes": tokens["cache_write"],
            "Cache reads": tokens["cache_read"],
            "Tokens out": tokens["output"],
        }
        rare = {"Runs without a price": spend["unpriced"], "Possibly paid twice": spend["possibly_paid_twice"]}
        counts |= {name: count for name, count in rare.items() if count}
        return [("USD", number_text(spend["usd"], 2, plus=False)), *((name, _number(n)) for name, n in counts.items())]

    @property
    def warnings(self) -> list[tuple[str, str]]:
        return [
            (self.text(each["warning"]), f"{_number(each['jobs'])} job{'' if each['jobs'] == 1 else 's'}")
            for each in self._summary["warnings"][: self._room.entries]
        ]

    @cached_property
    def _unfinished(self) -> list[Mapping[str, Any]]:
        return [each for each in self._summary["results"] if each["state"] != "done"]

    @property
    def unfinished(self) -> Iterator[dict[str, str | None]]:
        for each in self._unfinished[: self._room.entries]:
            yield {
                "id": self.short(each["id"]),
                "page": page_of_run(each["id"]) if each["page"] else None,
                "state": self.short(each["state"].replace("_", " ")),
                "as_of": self.short(each["as_of"]),
                "reason": self.text(each["reason"]),
                "where": self.short(each["where"]),
            }

    @property
    def more_unfinished(self) -> int:
        return max(len(self._unfinished) - self._room.entries, 0)


class _GroupView:
    """One matrix: the sectors that were most often overweight come first, those most often underweight last."""

    def __init__(self, group: Group, room: _Room) -> None:
        self.question = _cut(group.question.strip() or "No question", room.text)
        self.about = " · ".join(_cut(name, 80) for name in (group.agent, group.model) if name)
        self._columns = group.columns[-room.dates :]
        self.older = group.older + len(group.columns) - len(self._columns)
        self.roomy = len(self._columns) <= ROOMY
        self._names, balance = dict[str, str](), Counter[str]()
        for column in self._columns:
            for key, advice in column.advice.items():
                self._names.setdefault(key, advice.sector)
                balance[key] += _BALANCE.get(advice.action, 0)
        keys = sorted(self._names, key=lambda key: (-balance[key], self._names[key]))
        self._keys, self.more_sectors = keys[: room.sectors], max(len(keys) - room.sectors, 0)

    @property
    def dates(self) -> list[str]:
        return [_cut(column.as_of or "now", 10) for column in self._columns]

    @property
    def rows(self) -> Iterator[tuple[str, list[dict[str, str] | None]]]:
        """Sector, and a cell for each date; None where nothing was recommended."""
        for key in self._keys:
            yield _cut(self._names[key], 80), [_cell(column, column.advice.get(key)) for column in self._columns]


def _cell(column: Column, advice: Advice | None) -> dict[str, str] | None:
    if advice is None:
        return None
    share = "" if advice.confidence is None else f"{advice.confidence:.2f}"
    return {
        "shade": _shade(advice),
        "glyph": GLYPHS.get(advice.action, "◇"),
        "number": share.removeprefix("0"),
        "label": f"{_cut(advice.action, 24)} {share}".strip(),
        "page": page_of_run(column.run),
    }


def _shade(advice: Advice) -> str:
    """A key of `Colours.fills`: the surer, the stronger; the middle for what points neither up nor down."""
    kind = _SHADES.get(advice.action)
    return f"{kind}{max(1, round((advice.confidence or 0) * STEPS))}" if kind else "n0"


def page_of_run(run: str) -> str:
    """The address of a run's page beside the batch's own; all attempts of a job have one page."""
    return f"{quote(run.partition('~')[0], safe='', errors='replace')}.html"


def _cut(value: Any, limit: int) -> str:
    text = cleaned(str(value))
    return text if len(text) <= limit else f"{text[:limit]}…"


def _number(count: float) -> str:
    return number_text(count, 0, plus=False)
