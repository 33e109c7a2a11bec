"""What a run's page says of its answer: each recommendation with what it rests on, what changed and what would."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from types import SimpleNamespace
from typing import Any

from markupsafe import Markup, escape

from agent.comparison import Change, confidence_text, probability, recommendations_of
from agent.report import behind, changed, footnotes
from agent.report.heatmap import Heatmap
from agent.report.markup import GLYPHS
from agent.report.page.texts import Texts
from agent.report.turning import Turning, turning_points, turning_text
from agent.result import RunResult

_KNOWN = ("sector_name", "action", "rationale", "confidence_score")


class Advice:
    def __init__(self, result: RunResult, cells: Heatmap, evidence: Sequence[footnotes.Number], texts: Texts) -> None:
        self._result, self._cells, self._evidence = result, cells, evidence
        self._texts, self._say = texts, texts.say
        self._columns = changed.columns_of(cells)
        self._changes = changed.changes_of(result)
        self._behind = behind.largest(result.figures, cells.key_of)

    @cached_property
    def given(self) -> list[Mapping[str, Any]] | None:
        return recommendations_of(self._result.answer)

    @cached_property
    def cards(self) -> list[SimpleNamespace]:
        """One for each recommendation there is room for."""
        shown = self._texts.some(self.given or [])
        turnings = turning_points(self._result, self._cells, shown)
        return [self._card(at, *each) for at, each in enumerate(zip(shown, turnings, strict=True))]

    @property
    def weighed(self) -> list[SimpleNamespace]:
        """The cards that some figure speaks against, or would past the middle of all sectors."""
        return [card for card in self.cards if card.against or card.turning]

    @cached_property
    def at_a_glance(self) -> list[tuple[SimpleNamespace, list[SimpleNamespace]]]:
        """Each action with its sectors: first what to overweight, then what to underweight."""
        calls = [
            SimpleNamespace(
                **self._call(each), confidence=self._texts.short(confidence_text(each.get("confidence_score")))
            )
            for each in self._texts.some(self.given or [])
        ]
        by_action: dict[str, list[SimpleNamespace]] = {}
        for call in sorted(calls, key=lambda call: {"overweight": 0, "underweight": 1}.get(call.kind, 2)):
            by_action.setdefault(call.action, []).append(call)
        return [(sectors[0], sectors) for sectors in by_action.values()]

    def _card(self, at: int, given: Mapping[str, Any], turnings: Sequence[Turning]) -> SimpleNamespace:
        """`share` is its confidence in percent, None when that is no probability."""
        confidence, key = given.get("confidence_score"), self._key(given)
        share = probability(confidence)
        extra = {key: value for key, value in given.items() if key not in _KNOWN}
        return SimpleNamespace(
            **self._call(given),
            mark=self._texts.mark(key),
            share=None if share is None else f"{100 * share:.0f}",
            confidence=self._texts.short(confidence_text(confidence)),
            rationale=self._rationale(given.get("rationale", ""), at),
            change=self._change(key),
            against=self._turnings([each for each in turnings if each.margin < 0]),
            turning=self._turnings([each for each in turnings if each.margin >= 0]),
            behind=self._texts.text(behind.behind_text(of_sector, self._say), 120)
            if (of_sector := self._behind.get(key))
            else "",
            extra=self._texts.entries(extra) if extra else [],
        )

    def _key(self, given: Mapping[str, Any]) -> str:
        return self._cells.key_of(str(given.get("sector_name")))

    def _call(self, given: Mapping[str, Any]) -> dict[str, str]:
        action = given.get("action")
        known = isinstance(action, str) and action in GLYPHS
        return {
            "sector": self._texts.sector(given.get("sector_name")),
            "action": self._texts.short(self._say(str(action)) if known else action),
            "kind": str(action) if known else "other",
            "glyph": GLYPHS.get(str(action), "◇"),
        }

    @cached_property
    def calls(self) -> dict[str, SimpleNamespace]:
        """Sector key → its sector, action, kind of action and glyph."""
        return {self._key(each): SimpleNamespace(**self._call(each)) for each in self.given or []}

    def _rationale(self, text: Any, at: int) -> Markup:
        if not isinstance(text, str):
            return escape(self._texts.text(text))
        pointer = footnotes.pointer_of(at)
        texts = self._texts
        return footnotes.marked(text, self._evidence, pointer, texts.numbers, texts.text, texts.room.text, self._say)

    def _turnings(self, found: Sequence[Turning]) -> list[str]:
        return [self._texts.text(turning_text(each, self._say), 200) for each in found]

    # What changed since the last comparable run

    @cached_property
    def since(self) -> str:
        return self._texts.text(changed.headline(self._result, self._say), 300)

    @cached_property
    def gone(self) -> list[str]:
        """Sectors that are no longer recommended."""
        gone = [each for each in self._changes if each.kind == "gone"]
        return [
            f"{self._texts.sector(each.sector)} ({self._texts.short(changed.change_text(each, self._say))})"
            for each in self._texts.some(gone)
        ]

    @property
    def moved(self) -> bool:
        """Whether a figure is named that moved."""
        return any(each.figures for each in self._changes)

    def _change(self, key: str) -> SimpleNamespace | None:
        found = next((each for each in self._changes if self._cells.key_of(each.sector) == key), None)
        return None if found is None else self._told(found)

    def _told(self, change: Change) -> SimpleNamespace:
        return SimpleNamespace(
            kind=change.kind.replace(" ", "-"),
            text=self._texts.short(changed.change_text(change, self._say)),
            place=changed.place_text(change, self._say),
            moved=[
                self._texts.text(changed.moved_text(change, each, self._say, self._columns), 160)
                for each in change.figures
            ],
        )

    # What else there is to an answer

    @cached_property
    def borne_out(self) -> str:
        return footnotes.counted_text(self._result.counted, self._say)

    @cached_property
    def rest(self) -> list[tuple[str, str, bool]]:
        """What an answer holds beside its recommendations, and beside the URL of this page."""
        if self.given is None:
            return self._texts.entries(self._result.answer)
        answer = {key: value for key, value in self._result.answer.items() if key != "sector_recommendations"}
        own = self._result.pages_url or "file:"
        if str(answer.get("heatmap_url", own)).startswith((own, "artifact:")):
            answer.pop("heatmap_url", None)
        return self._texts.entries(answer)

    @property
    def attempt(self) -> list[tuple[str, str, bool]]:
        return self._texts.entries(self._result.best_attempt)
