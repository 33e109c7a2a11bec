"""The head of a run's page: what it is about, how old its data are and what they lack, and what came of it."""

from __future__ import annotations

from functools import cached_property
from types import SimpleNamespace

from agent.report import about
from agent.report.heatmap import Heatmap
from agent.report.page.texts import Texts
from agent.result import RULES, SIMULATED, RunResult


class Head:
    def __init__(self, result: RunResult, cells: Heatmap, texts: Texts) -> None:
        self._result, self._cells, self._texts = result, cells, texts
        self.simulated, self.by_rules = SIMULATED in result.labels, RULES in result.labels

    @property
    def labels(self) -> list[str]:
        return [self._texts.short(self._texts.say(label)) for label in self._texts.some(self._result.labels)]

    @property
    def title(self) -> str:
        return self._texts.text(self._result.question.strip() or self._texts.say("A run without a question"), 600)

    @cached_property
    def status(self) -> str:
        return self._texts.text(about.status_text(self._result, self._texts.say))

    @property
    def reason(self) -> str:
        return self._texts.text(about.reason_text(self._result, self._texts.say))

    @property
    def facts(self) -> list[tuple[str, str]]:
        told = about.facts(self._result, self._cells, self._texts.say)
        return [(name, self._texts.text(fact, 160)) for name, fact in told]

    @cached_property
    def sources(self) -> list[SimpleNamespace]:
        """A line for each tool."""
        return [
            SimpleNamespace(
                tool=self._texts.short(each.tool),
                server=self._texts.short(each.server),
                kind=self._texts.short(self._texts.say(each.kind)) if each.kind else "",
                observed=self._texts.short(about.span_text(each.observed, self._texts.say)),
                age="" if each.age is None else f"{each.age:,}",
                retrieved=self._texts.short(about.moment(each.retrieved_at)),
            )
            for each in self._texts.some(about.sources(self._result))
        ]

    @cached_property
    def gaps(self) -> list[str]:
        told = about.gaps(self._result, self._cells, self._texts.say)
        return [self._texts.text(each, 300) for each in self._texts.some(told)]

    @cached_property
    def said_of_data(self) -> list[str]:
        """Where the data come from, and what their servers say about them."""
        source, vintages, notes = (about.told_by_tools(self._result, key) for key in ("source", "vintage", "notes"))
        told = [*source, *(self._texts.say("Vintage: {vintage}.", vintage=each) for each in vintages), *notes]
        return [self._texts.text(each, 400) for each in told]
