"""A run's events → the lines that stay of it, one a step, and what it has spent so far."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from agent.events import (
    AnswerChecked,
    AnswerDue,
    CallPlace,
    Event,
    ModelAnswered,
    ModelAsked,
    ModelFailed,
    RunResumed,
    RunStarted,
    ServerFailed,
    ServerOpened,
    ToolAnswered,
    ToolAsked,
    ToolsOffered,
)
from agent.model.base import Turn, Usage
from agent.prices import FREE, Price
from agent.report.terminal import arguments_text, count_of, one_line, outcome, short, usd_text


@dataclass
class Spent:
    """Tokens of every kind, and their price, as far as the run has told of them."""

    usage: Usage = field(default_factory=Usage)
    price: Price | None = FREE
    """FREE until a run has said what it is: one that goes on does not say it again."""

    def apply(self, event: Event) -> None:
        match event:
            case RunStarted():
                self.price = Price(**event.price) if event.price else None
            case ModelAnswered() | ModelFailed():
                self.usage += Usage.of(event.usage)
            case ToolAnswered():
                self.usage += Usage.of(event.sampled)

    def text(self) -> str:
        """Such as `3,412 tokens · 0.0123 USD`; empty while there is nothing to tell."""
        tokens = self.usage.read + self.usage.output
        return " · ".join([f"{tokens:,} tokens", *self.money(self.usage)]) if tokens else ""

    def money(self, usage: Usage) -> list[str]:
        """What it costs; nothing when it is free."""
        if self.price is None:
            return ["unpriced"]
        usd = self.price.usd(usage)
        return [usd_text(usd)] if usd else []


@dataclass(frozen=True)
class Line:
    text: str
    bad: bool = False
    """Whether it tells of something that went wrong."""


@dataclass
class Steps:
    """`verbose`: each request, attempt and wait has lines too, and so has the use of the cache."""

    verbose: bool = False
    spent: Spent = field(default_factory=Spent)
    _asked: dict[CallPlace, ToolAsked] = field(default_factory=dict)

    def apply(self, event: Event) -> list[Line]:
        """The lines of an event: none, one, or several."""
        self.spent.apply(event)
        if isinstance(event, ToolAsked):
            self._asked[event.place] = event
        return [*self._steps(event), *(self._details(event) if self.verbose else ())]

    def _steps(self, event: Event) -> Iterator[Line]:
        match event:
            case RunResumed():
                yield Line("going on where the run stopped")
            case ServerOpened():
                about = f"{event.transport}, {event.protocol}"
                yield Line(f"server {event.server}: open ({one_line(about)}), {event.seconds:.2f} s")
            case ServerFailed():
                yield Line(f"server {event.server}: down: {one_line(event.reason)}", bad=True)
            case ModelFailed():
                after = f"again in {event.wait:.1f} s" if event.wait is not None else "giving up"
                yield Line(f"turn {event.turn}: {one_line(event.message)}; {after}", bad=True)
            case ModelAnswered():
                yield Line(f"turn {event.turn}: {', '.join(self._turn(event))}")
            case ToolAnswered():
                yield self._call(event)
            case AnswerChecked() if not event.valid:
                sent_back = "sent back" if event.reply else "given up"
                yield Line(f"{_complaint(event, 0)}; {sent_back}", bad=True)
            case AnswerDue():
                yield Line(f"no more calls: {one_line(event.because)}; the answer is asked for", bad=True)

    def _turn(self, event: ModelAnswered) -> Iterator[str]:
        turn = Turn.of(event)
        if not turn.may_go_on:
            yield f"stopped: {one_line(event.stop_reason)}"
        elif turn.calls:
            yield count_of(len(turn.calls), "call")
        else:
            yield "answer" if turn.text.strip() else "nothing said"
        if event.seconds >= 0.05:  # else it would read 0.0
            yield f"{event.seconds:.1f} s"
        if read := turn.usage.read:
            cached = f" ({turn.usage.cache_read:,} cached)" if turn.usage.cache_read else ""
            yield f"{read:,} tokens in{cached}"
            yield f"{turn.usage.output:,} out"
            yield from self.spent.money(turn.usage)

    def _call(self, event: ToolAnswered) -> Line:
        asked = self._asked.pop(event.place, None)  # None: asked before the run stopped
        name = one_line(asked.offered_as if asked else f"of call {event.call}")
        given = f"  {arguments_text(asked.arguments)}" if asked else ""
        source = f", {event.source}" if self.verbose and event.source != "live" else ""
        said = outcome(event.shown, event.is_error)
        withheld = f", {event.withheld['rows']:,} withheld" if event.withheld else ""
        return Line(f"tool {name}: {said}{withheld}, {event.seconds:.2f} s{source}{given}", bad=event.is_error)

    def _details(self, event: Event) -> Iterator[Line]:
        match event:
            case RunStarted():
                yield Line(f"run {event.run_id}: asked of {one_line(event.model.get('name'))}")
            case ToolsOffered():
                yield Line(", ".join(_offer(event)))
            case ModelAsked():
                yield Line(f"turn {event.turn}, attempt {event.attempt}: asked (request {event.request[:8]})")
            case ModelAnswered():
                said = f"answered by {one_line(event.model)}, stop {one_line(event.stop_reason)}"
                by_id = f", request id {one_line(event.request_id)}" if event.request_id else ""
                yield Line(f"turn {event.turn}: {said}{by_id}")
                usage = Usage.of(event.usage)
                if usage.read:
                    written = f"{usage.cache_write:,} written, {usage.input:,} uncached"
                    yield Line(f"cache: {usage.cache_read:,} read, {written}")
            case ModelFailed():
                how = one_line(event.kind) + (", and may have to be paid for" if event.may_have_cost else "")
                yield Line(f"turn {event.turn}, attempt {event.attempt}: failed ({how})", bad=True)
                if event.wait is not None:
                    yield Line(f"waiting {event.wait:.1f} s before attempt {event.attempt + 1}")
            case AnswerChecked(valid=True):
                yield Line(f"answer {event.attempt}: valid")
            case AnswerChecked():
                yield from (Line(_complaint(event, at), bad=True) for at in range(1, len(event.errors)))


def _complaint(checked: AnswerChecked, at: int) -> str:
    error = checked.errors[at]
    return f"answer {checked.attempt}: {one_line(error['pointer'] or 'whole')}: {short(error['message'], 160)}"


def _offer(event: ToolsOffered) -> Iterator[str]:
    yield f"{count_of(len(event.tools), 'tool')} offered"
    if event.differences:
        yield count_of(len(event.differences), "difference")
    if event.set_aside:
        yield f"{len(event.set_aside):,} set aside"
