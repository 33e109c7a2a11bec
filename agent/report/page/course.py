"""What a run's page says of how the run went: turns and calls by the time they took, what to read with care, spend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from agent.report import footnotes
from agent.report.about import moment
from agent.report.heatmap import NO_FIGURE, label, number_text
from agent.report.page.texts import Texts
from agent.result import Call, RunResult
from agent.tools.content import unframed


@dataclass(frozen=True)
class Bar:
    """Where something lies in the time of a run, in percent of it."""

    start: str
    width: str


class Course:
    def __init__(self, result: RunResult, evidence: Sequence[footnotes.Number], texts: Texts) -> None:
        self._result, self._evidence, self._texts, self._say = result, evidence, texts, texts.say

    @property
    def warnings(self) -> list[str]:
        return [self._texts.text(warning) for warning in self._texts.some(self._result.warnings)]

    @property
    def turns(self) -> list[SimpleNamespace]:
        """Each turn with its calls. The log has how long each took, and not when it began: the model's answer comes
        first, then all of its calls at once, then the next turn.
        """
        spent = {each.turn: each.seconds for each in self._result.by_turn}
        shown = self._texts.some(self._result.calls)
        clock, laid = 0.0, []
        for turn in sorted({*spent, *(call.turn for call in shown)}):
            calls, seconds = [call for call in shown if call.turn == turn], spent.get(turn, 0.0)
            laid.append((turn, clock, seconds, calls))
            clock += seconds + max((call.seconds or 0.0 for call in calls), default=0.0)
        return [
            SimpleNamespace(
                turn=turn,
                seconds=_seconds(seconds),
                bar=_bar(start, seconds, clock),
                calls=[self._call(call, _bar(start + seconds, call.seconds or 0.0, clock)) for call in calls],
            )
            for turn, start, seconds, calls in laid
        ]

    def _call(self, call: Call, bar: Bar | None) -> SimpleNamespace:
        waiting, texts, say = call.shown is None, self._texts, self._say
        retrieved = say("retrieved {when}", when=texts.short(moment(call.retrieved_at)))
        about = [
            texts.short(call.server) if call.server else say("not offered"),
            texts.short(call.tool) if call.tool not in (None, call.offered_as) else "",
            NO_FIGURE if call.seconds is None else _seconds(call.seconds),
            texts.short(say(call.kind)) if call.kind else "",
            retrieved if self._result.gated and call.was_sent else "",
            say("{count} withheld", count=f"{call.rows_withheld:,}") if call.rows_withheld else "",
        ]
        return SimpleNamespace(
            number=texts.numbers[call.id],
            name=texts.short(call.offered_as),
            about=" · ".join(part for part in about if part),
            arguments=texts.text(call.arguments, texts.room.preview),
            state=say("no result") if waiting else say("error") if call.is_error else say("ok"),
            failed=waiting or call.is_error,
            cited=[texts.text(each, 120) for each in texts.some(footnotes.cited(self._evidence, call.id, say))],
            preview=texts.text(unframed(call.shown or ""), texts.room.preview),
            bar=bar,
        )

    def records(self, given: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[list[str]]]:
        """Objects as a table: the keys that any of them has, and a line of texts for each."""
        keys = list(dict.fromkeys(key for each in given for key in each))[:8]
        lines = [[self._texts.text(each.get(key, NO_FIGURE), 200) for key in keys] for each in self._texts.some(given)]
        return [self._texts.short(self._say(label(key))) for key in keys], lines

    @property
    def spend(self) -> list[tuple[str, str]]:
        result, usage, say = self._result, self._result.usage, self._say
        counts = {
            say("Turns"): result.own_turns,
            say("Requests"): result.requests,
            say("Tool calls"): len(result.own_calls),
            say("Repairs"): result.repairs,
            say("Uncached tokens"): usage.input,
            say("Cache writes"): usage.cache_write,
            say("Cache reads"): usage.cache_read,
            say("Tokens out"): usage.output,
        }
        if result.possibly_paid_twice:
            counts[say("Possibly paid twice")] = result.possibly_paid_twice
        lines = [(name, number_text(count, 0, plus=False)) for name, count in counts.items()]
        return [*lines, ("USD", number_text(result.usd, 4, plus=False))] if result.usd else lines


def _bar(start: float, seconds: float, whole: float) -> Bar | None:
    """None where the log has no times."""
    return Bar(f"{100 * start / whole:.1f}", f"{100 * seconds / whole:.1f}") if whole > 0 else None


def _seconds(seconds: float) -> str:
    return f"{number_text(seconds, 2, plus=False)} s"
