"""One run as one HTML page: nothing to load, nothing to install, the same bytes for the same result.

Whatever a tool, a server or a model said is text here, never markup: it is escaped, the content security
policy lets only our own script run and lets nothing be fetched, and characters that could hide or reorder
text are replaced.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

from markupsafe import Markup, escape

from agent.comparison import probability, recommendations_of
from agent.figures import Figure
from agent.report import footnotes, heatmap
from agent.report.heatmap import NO_FIGURE, Cell, Column, Heatmap
from agent.report.markup import GLYPHS, asset, cleaned, template
from agent.report.palettes import CVD, Palette
from agent.result import ADVICE, RULES, SIMULATED, Call, RunResult
from agent.tools.content import unframed

LIMIT = 100_000
"""Bytes of the largest page."""

T = TypeVar("T")

_STATUS: dict[str, str] = {
    "ok": "Valid answer",
    "invalid": "The answer does not satisfy its response format",
    "unsupported": "The answer rests on no tool call",
    "refused": "The run was refused",
    "budget": "A budget ran out before there was a valid answer",
    "interrupted": "The run was interrupted",
    "failed": "The run failed",
    "needs_decision": "A person has to decide before the run goes on",
}


@dataclass(frozen=True)
class _Room:
    """How much one page shows: characters of a text and of a call's result, entries of a list, columns."""

    text: int
    preview: int
    entries: int
    columns: int


# The first that keeps the page within LIMIT is used: previews go first, the answer last.
_ROOMS = (
    _Room(text=2000, preview=300, entries=60, columns=30),
    _Room(text=2000, preview=120, entries=60, columns=30),
    _Room(text=800, preview=60, entries=40, columns=25),
    _Room(text=200, preview=40, entries=20, columns=15),
    _Room(text=60, preview=20, entries=10, columns=8),
    _Room(text=24, preview=16, entries=8, columns=6),
)


def render(result: RunResult, palette: Palette = CVD) -> str:
    """The page of a run, finished or not: at most LIMIT bytes of UTF-8, the same for equal results."""
    page_of = template("page.html", script=asset("page.js"), palette=palette)
    table = heatmap.heatmap_of(result.figures)
    page = ""
    for room in _ROOMS:
        page = page_of.render(notice=ADVICE, view=_View(result, table, room))
        if len(page.encode()) <= LIMIT:
            break
    return page


class _View:
    """What the template shows of a result: texts that are clean and cut, and not yet escaped."""

    def __init__(self, result: RunResult, table: Heatmap, room: _Room) -> None:
        self.result, self._heatmap, self._room = result, table, room
        self._hidden = _places(result.folder)
        self._numbers = {call.id: at for at, call in enumerate(result.calls, 1)}
        self.simulated = SIMULATED in result.labels
        self.by_rules = RULES in result.labels

    def text(self, value: Any, limit: int | None = None, *, indent: int | None = None) -> str:
        """Any JSON value, cut to `limit` characters with a note of how many more there are."""
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=indent)
        for place in self._hidden:
            text = text.replace(place, "…")
        limit = self._room.text if limit is None else min(limit, self._room.text)
        shown, more = cleaned(text[:limit]), len(text) - limit
        return shown if more <= 0 else f"{shown}… ({more} characters more)"

    def short(self, value: Any) -> str:
        """A name, a date, a heading; a dash for nothing."""
        return self.text(NO_FIGURE if value in (None, "") else value, 80)

    def some(self, values: Iterable[T]) -> list[T]:
        """The first of them, as many as there is room for."""
        return list(values)[: self._room.entries]

    def more(self, values: Sequence[Any]) -> int:
        """How many `some` leaves out."""
        return max(len(values) - self._room.entries, 0)

    # What was asked, and what came of it

    @property
    def labels(self) -> list[str]:
        return [self.short(label) for label in self.some(self.result.labels)]

    @property
    def title(self) -> str:
        return self.text(self.result.question.strip() or "A run without a question", 600)

    @property
    def status(self) -> str:
        return _STATUS.get(self.result.status) or self.short(self.result.status)

    @property
    def facts(self) -> list[tuple[str, str]]:
        days = dict.fromkeys(self.result.observed or ())
        facts = {
            "Agent": self.result.agent_name,
            "As of": self.result.as_of or "not set",
            "Data observed": " to ".join(days) or "no dated figures",
            "Horizon": self.result.horizon if self.recommendations is not None else "",
            "Benchmark": self.result.benchmark or next(self._told("benchmark"), ""),
            "Model": self.result.model,
        }
        return [(name, self.short(fact)) for name, fact in facts.items() if fact]

    def _told(self, key: str) -> Iterator[str]:
        """What the tools' results say under a key, each text once."""
        told = [call.data.get(key) for call in self.result.calls if isinstance(call.data, Mapping)]
        texts = [text for each in told for text in (each if isinstance(each, list) else [each])]
        return iter(dict.fromkeys(text for text in texts if isinstance(text, str) and text))

    @cached_property
    def sources(self) -> list[str]:
        """Where the data come from, and what their servers say about them."""
        vintages = [f"Vintage: {vintage}." for vintage in self._told("vintage")]
        return [self.text(each, 400) for each in (*self._told("source"), *vintages, *self._told("notes"))]

    @cached_property
    def recommendations(self) -> list[Mapping[str, Any]] | None:
        return recommendations_of(self.result.answer)

    def advice(self, given: Mapping[str, Any], at: int | None = None) -> SimpleNamespace:
        """One recommendation; `share` is its confidence in percent, None when that is no probability. `at`: its place
        in the answer, with which its rationale says what each number rests on."""
        action, confidence = given.get("action"), given.get("confidence_score")
        share = probability(confidence)
        return SimpleNamespace(
            sector=self.short(given.get("sector_name")),
            action=self.short(action),
            kind=action if isinstance(action, str) and action in GLYPHS else "other",
            glyph=GLYPHS.get(str(action), "◇"),
            share=None if share is None else f"{100 * share:.0f}",
            confidence=self.short(confidence) if share is None else f"{share:.2f}",
            rationale="" if at is None else self._rationale(given.get("rationale", ""), at),
        )

    def _rationale(self, text: Any, at: int) -> Markup:
        if not isinstance(text, str):
            return escape(self.text(text))
        pointer, room = footnotes.pointer_of(at), self._room.text
        return footnotes.marked(text, self.result.evidence, pointer, self._numbers, self.text, room)

    @property
    def borne_out(self) -> str:
        return footnotes.counted_text(self.result.counted)

    @property
    def rest(self) -> list[tuple[str, str, bool]]:
        """What an answer holds beside its recommendations, and beside the URL of this page."""
        if self.recommendations is None:
            return self._entries(self.result.answer)
        answer = {key: value for key, value in self.result.answer.items() if key != "sector_recommendations"}
        own = self.result.pages_url or "file:"
        if str(answer.get("heatmap_url", own)).startswith((own, "artifact:")):
            answer.pop("heatmap_url", None)
        return self._entries(answer)

    @property
    def attempt(self) -> list[tuple[str, str, bool]]:
        return self._entries(self.result.best_attempt)

    def _entries(self, value: Any) -> list[tuple[str, str, bool]]:
        """Any JSON value as names and texts; the last says whether the text is JSON."""
        named = value if isinstance(value, Mapping) else {"": value}
        return [
            (self.text(str(name), 80), self.text(each, indent=2), isinstance(each, Mapping | list))
            for name, each in self.some(named.items())
        ]

    # What it rests on

    @property
    def warnings(self) -> list[str]:
        return [self.text(warning) for warning in self.some(self.result.warnings)]

    @property
    def columns(self) -> tuple[Column, ...]:
        return self._heatmap.columns[: self._room.columns]

    @property
    def heads(self) -> list[tuple[str, str]]:
        """Name and detail of each column."""
        return [
            (self.short(each.label), self.short(detail) if (detail := each.detail) else "") for each in self.columns
        ]

    @property
    def groups(self) -> list[tuple[str, int]]:
        """Neighbouring columns of one tool: its name and how many they are."""
        tools = groupby(column.tool for column in self.columns)
        return [(self.short(tool), len([*columns])) for tool, columns in tools]

    @cached_property
    def rows(self) -> list[tuple[str, Mapping[str, Any] | None, Markup]]:
        """Sector, what is recommended for it, cells."""
        advised = {heatmap.sector_key(str(each.get("sector_name"))): each for each in self.recommendations or ()}
        return [
            (self.short(row.sector), advised.get(row.key), self._cells(row.cells[: self._room.columns]))
            for row in self.some(self._heatmap.rows)
        ]

    def _cells(self, cells: Iterable[Cell]) -> Markup:
        """Written here, since a template takes several times as long for hundreds of them."""
        lines = []
        for cell in cells:
            number = f' class="{cell.shade}" data-v="{cell.value}"' if cell.shade else ""
            # What is not escaped is our own: shades, numbers and how they are printed.
            lines.append(f'<td{number} title="{escape(self._origin(cell))}">{cell.text}</td>')
        return Markup("\n".join(lines))

    def _origin(self, cell: Cell) -> str:
        """Where its number stood."""
        if cell.value is None or cell.source is None:
            return "no figure"
        call = self._numbers.get(cell.source.call, "?")
        return f"{self._days[cell.source.observed_at]} · call {call} {self.text(cell.source.pointer, 60)}"

    @cached_property
    def _days(self) -> dict[str | None, str]:
        """When figures were observed: a few texts for hundreds of cells."""
        return {said: self.short(said) for said in {figure.observed_at for figure in self.result.figures}}

    @property
    def left_out(self) -> str:
        rows, columns = self.more(self._heatmap.rows), len(self._heatmap.columns) - len(self.columns)
        return " and ".join(f"{n} more {what}" for n, what in ((rows, "rows"), (columns, "columns")) if n)

    @cached_property
    def market(self) -> list[SimpleNamespace]:
        """Figures of no sector, the newest of each; what stood in one object is one line."""
        loose = [figure for figure in self.result.figures if figure.sector is None and figure.ticker is None]
        newest = heatmap.latest(loose, heatmap.column_key).values()
        objects = groupby(newest, lambda each: (each.call, each.pointer.rpartition("/")[0]))
        return [self._market_line(*group) for _, group in objects]

    def _market_line(self, first: Figure, *others: Figure) -> SimpleNamespace:
        further = []
        for each in others:
            name = each.metric.removeprefix(first.metric).strip()
            unit = heatmap.unit_label(each.unit) if each.unit != first.unit else ""
            further.append(f"{name} {_value(each, plus=name == 'change')} {unit}".strip())
        return SimpleNamespace(
            name=self.short(heatmap.label(first.metric)),
            value=self.short(f"{_value(first)} {heatmap.unit_label(first.unit)}".strip()),
            lookback=self.short(first.lookback) if first.lookback else "",
            further=self.text(" · ".join(further), 200),
            observed=self.short(first.observed_at),
            tool=self.short(first.tool),
        )

    def call(self, call: Call) -> SimpleNamespace:
        waiting = call.shown is None
        return SimpleNamespace(
            number=self._numbers[call.id],
            turn=call.turn,
            name=self.short(call.offered_as),
            server=self.short(call.server) if call.server else "not offered",
            tool=self.short(call.tool) if call.tool not in (None, call.offered_as) else "",
            arguments=self.text(call.arguments, self._room.preview),
            seconds=NO_FIGURE if call.seconds is None else f"{call.seconds:.2f} s",
            state="no result" if waiting else "error" if call.is_error else "ok",
            kind=self.short(call.kind) if call.kind else "",
            retrieved=f"retrieved {self.short(call.retrieved_at)}" if self.result.gated and call.was_sent else "",
            withheld=f"{call.rows_withheld:,} withheld" if call.rows_withheld else "",
            cited=[self.text(each, 120) for each in self.some(footnotes.cited(self.result.evidence, call.id))],
            preview=self.text(unframed(call.shown or ""), self._room.preview),
        )

    def records(self, given: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[list[str]]]:
        """Objects as a table: the keys that any of them has, and a line of texts for each."""
        keys = list(dict.fromkeys(key for each in given for key in each))[:8]
        lines = [[self.text(each.get(key, NO_FIGURE), 200) for key in keys] for each in self.some(given)]
        return [self.short(heatmap.label(key)) for key in keys], lines

    @property
    def spend(self) -> list[tuple[str, str]]:
        result, usage = self.result, self.result.usage
        counts = {
            "Turns": result.own_turns,
            "Requests": result.requests,
            "Tool calls": len(result.own_calls),
            "Repairs": result.repairs,
            "Uncached tokens": usage.input,
            "Cache writes": usage.cache_write,
            "Cache reads": usage.cache_read,
            "Tokens out": usage.output,
        }
        if result.possibly_paid_twice:
            counts["Possibly paid twice"] = result.possibly_paid_twice
        lines = [(name, heatmap.number_text(count, 0, plus=False)) for name, count in counts.items()]
        return [*lines, ("USD", heatmap.number_text(result.usd, 4, plus=False))] if result.usd else lines


def _value(figure: Figure, *, plus: bool = False) -> str:
    value = heatmap.finite(figure)
    if value is None:
        return NO_FIGURE
    return heatmap.number_text(value, 0 if abs(value) >= 1000 else 2, plus=plus)


def _places(folder: Path | None) -> list[str]:
    """How a run's folder may be written in texts; pages say nothing about the machine they were made on."""
    if folder is None or len(folder.parts) < 2:
        return []
    return list(dict.fromkeys([folder.absolute().as_uri(), str(folder.absolute()), str(folder)]))
