"""Two runs compared, as one HTML page: nothing to load, the same bytes for the same two logs.

Whatever others said is text here, cleaned and escaped, as on the page of a run.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from agent.comparison import recommendations_of, sector_key_of
from agent.diff.values import Difference
from agent.diff.whole import Comparison, Side
from agent.report import diff_text
from agent.report.markup import GLYPHS, asset, cleaned, template
from agent.report.terminal import spend_text
from agent.report.words import Words
from agent.result import ADVICE, SIMULATED

LIMIT = 150_000
"""Bytes of the largest page."""
WHOLE = 400
"""Characters of a value from which on a mapping or list is told by the parts that differ."""
MARKS = {"+": "came", "-": "went", "@": "place"}
"""How a line of a difference is shown, by its first character."""


@dataclass(frozen=True)
class _Room:
    """How much a page shows: characters of a text, entries of a list, lines of a difference."""

    text: int
    entries: int
    lines: int


# The first that keeps the page within LIMIT is used.
_ROOMS = (_Room(2000, 100, 300), _Room(800, 60, 120), _Room(200, 40, 60), _Room(60, 20, 20), _Room(24, 10, 10))


def render(comparison: Comparison, say: Words) -> str:
    """At most LIMIT bytes of UTF-8."""
    page_of, page = template("diff.html", style=asset("diff.css")), ""
    for room in _ROOMS:
        page = page_of.render(notice=say(ADVICE), say=say, view=_View(comparison, say, room))
        if len(page.encode()) <= LIMIT:
            break
    return page


class _View:
    """What the template shows: texts that are clean and cut, and not yet escaped."""

    def __init__(self, comparison: Comparison, say: Words, room: _Room) -> None:
        self._comparison, self._say, self._room = comparison, say, room
        self._sides = (comparison.before, comparison.after)
        self.simulated = SIMULATED in comparison.labels
        self.labels = [self.text(say(label), 80) for label in comparison.labels[:10]]
        self.is_one = comparison.is_one

    def text(self, value: str, limit: int | None = None) -> str:
        limit = min(limit or self._room.text, self._room.text)
        return cleaned(value if len(value) <= limit else f"{value[:limit]}…")

    def short(self, value: str) -> str:
        """A name, a date."""
        return self.text(value, 80)

    def more(self, found: Sequence[Any]) -> int:
        """How many entries of a list there is no room for."""
        return max(len(found) - self._room.entries, 0)

    def _some(self, found: Iterable[Any]) -> list[Any]:
        return list(found)[: self._room.entries]

    @property
    def title(self) -> str:
        return self.text(self._comparison.after.result.question.strip() or self._say("Two runs"), 400)

    @property
    def verdict(self) -> list[str]:
        return [self.text(each, 1200) for each in diff_text.verdict(self._comparison, self._say)]

    @property
    def facts(self) -> list[tuple[str, str]]:
        names = (self._say("Before"), self._say("After"))
        return [(name, self._about(side)) for name, side in zip(names, self._sides, strict=True)]

    def _about(self, side: Side) -> str:
        return " · ".join(self.short(each) for each in (side.result.run_id, *diff_text.about(side, self._say)))

    @property
    def rows(self) -> list[SimpleNamespace]:
        """Recommendations, the gravest change first."""
        found = diff_text.change_rows(self._comparison, self._say)
        key_of = sector_key_of(*(side.result for side in self._sides))
        said = [
            {key_of(str(each.get("sector_name") or "")): each for each in recommendations_of(side.result.answer) or ()}
            for side in self._sides
        ]
        return [
            SimpleNamespace(
                sector=self.short(row.name),
                kind=row.kind.replace(" ", "-"),
                change=self._say(row.kind),
                advice=[
                    (action or "none", self.short(f"{GLYPHS.get(action, '◇')} {text}" if action else text))
                    for action, text in zip(row.action, (row.before, row.after), strict=True)
                ],
                place=row.place,
                figures=[(self.text(text, 200), cited) for text, cited in zip(row.figures, row.cited, strict=True)],
                rationales=[self.text(str(side.get(key_of(row.sector), {}).get("rationale") or "")) for side in said],
            )
            for row in self._some(found)
        ]

    @property
    def more_rows(self) -> int:
        return self.more(self._comparison.changes or ())

    @property
    def differences(self) -> list[tuple[str, list[tuple[str, ...]], int]]:
        """Sections of keys with both values, without empty ones; and how many more there are."""
        say, compared = self._say, self._comparison
        sections: dict[str, Sequence[Difference]] = {
            say("Else in the answers"): compared.answer,
            say("What was asked, and how"): compared.facts,
            say("Agent file"): compared.file,
        }
        told = {title: diff_text.short_rows(found, WHOLE) for title, found in sections.items() if found}
        return [
            (title, [tuple(map(self.text, row)) for row in self._some(rows)], self.more(rows))
            for title, rows in told.items()
        ]

    @property
    def texts(self) -> list[tuple[str, list[tuple[str, str]], int]]:
        """Texts for the model as lines that came and went, and how many more there are."""
        say, most = self._say, self._room.lines
        sections = {say("Prompt"): self._comparison.prompt, say("First message"): self._comparison.opening}
        return [
            (title, [(MARKS.get(line[:1], "stayed"), self.text(line)) for line in lines[:most]],
             max(len(lines) - most, 0))
            for title, lines in sections.items()
            if lines
        ]  # fmt: skip

    @property
    def tools(self) -> list[tuple[str, ...]]:
        rows = diff_text.tool_rows(self._comparison, self._say)
        return [tuple(map(self.text, row)) for row in self._some(rows)]

    @property
    def calls(self) -> list[tuple[str, str, str, str]]:
        """What came of each call, its place in both runs, and the call."""
        return [
            (self._say(pair.outcome), str(pair.before or "–"), str(pair.after or "–"),
             self.text(diff_text.call_text(pair)))
            for pair in self._some(self._comparison.calls)
        ]  # fmt: skip

    @property
    def counted_calls(self) -> str:
        return diff_text.calls_text(self._comparison.calls, self._say)

    @property
    def spend(self) -> list[tuple[str, str]]:
        names = (self._say("Before"), self._say("After"))
        return [
            (name, spend_text(side.result.spend(), self._say)) for name, side in zip(names, self._sides, strict=True)
        ]
