"""Question → events → ending: the only place that loops.

It knows protocols only. Every step is an event in the journal, which writes it down before the next step is
taken; the request that a model gets is what the journal's transcript says.
"""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, Protocol

from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt

from agent import data
from agent.answer import NO_TOOL_CALL, AnswerCheck
from agent.breaker import Breaker
from agent.budget import Budget
from agent.errors import AdvisorError, CredentialsError, ModelError, SimulatedDataError
from agent.events import AnswerDue, Event, ModelAnswered, ModelAsked, ModelFailed, Status, ToolAnswered, ToolAsked
from agent.gate import Gate, failure
from agent.model.base import Model, Request, ToolCall, Turn, Usage, well_formed
from agent.position import Position
from agent.underway import Streamed

ATTEMPTS = 4


class Journal(Protocol):
    """Where events go: appended to the log, folded into the transcript, the budget and the check, told to listeners."""

    @property
    def listen(self) -> Callable[[Event], None] | None: ...
    def emit(self, event: Event) -> None: ...
    def tell(self, event: Event) -> None:
        """To listeners alone."""

    async def sync(self) -> None:
        """Return when all events are on the disk."""

    def request(self) -> Request: ...


class PreparedCall(Protocol):
    @property
    def asked(self) -> ToolAsked: ...
    @property
    def repeatable(self) -> bool:
        """Whether the call may be made twice without harm."""


class Tools(Protocol):
    def prepare(self, call: ToolCall, turn: int) -> PreparedCall: ...
    def refuse(self, prepared: Any, words: str) -> PreparedCall:
        """In place of a call: the model is told what the prompt of that name says."""

    async def admit(self, prepared: Any) -> PreparedCall:
        """Return when the call may be made, or with a refusal in its place."""

    async def call(self, prepared: Any) -> list[Event]:
        """What came of it: contents that the last event names, and that event, `tool.answered`."""

    async def renew(self, turn: int) -> list[Event]:
        """Before a turn: what is offered from here on, when that is not what it was."""


@dataclass(frozen=True)
class Ending:
    status: Status
    stop_reason: str
    answer: Any = None


@dataclass
class Loop:
    model: Model
    check: AnswerCheck
    budget: Budget
    breaker: Breaker
    position: Position
    journal: Journal
    gate: Gate
    real_data_only: bool
    now: Callable[[], datetime.datetime]

    async def run(self, tools: Tools) -> Ending:
        """Until an answer is valid, or something ends the run. Raises AdvisorError for what is no outcome."""
        while True:
            if turn := self.position.turn:
                ending = await self._call(turn.calls, tools) if turn.wants_calls else self._conclude(turn)
                if ending:
                    return ending
            elif ending := self._out_of_means() or self._withhold_tools() or await self._ask(tools):
                return ending

    def conclude(self) -> Ending | None:
        """The end of a run whose newest turn needs no tool: of one that stopped just before it, for instance."""
        turn = self.position.turn
        return None if turn is None or turn.wants_calls else self._conclude(turn)

    def _conclude(self, turn: Turn) -> Ending | None:
        if not turn.may_go_on:
            return _stopped(turn)
        if turn.text.strip():
            return self._judge(turn.text)
        return Ending("failed", "the model ended its turn twice without saying anything")

    def _out_of_means(self) -> Ending | None:
        limit, due = self.budget.exhausted(), self.position.due
        if limit is None:
            return None
        return Ending("failed", due.because) if due and due.ends_as == "failed" else Ending("budget", limit)

    def _withhold_tools(self) -> Ending | None:
        """When no more calls are to be made, the model is asked for its answer, if it has anything to go by."""
        tripped = self.breaker.tripped if self.budget.calls_left else None  # calls beyond the limit failed, too
        because = tripped or self.budget.nearly_exhausted()
        if because is None or self.position.due:
            return None
        status: Literal["failed", "budget"] = "failed" if tripped else "budget"
        if self.check.has_results:
            self.journal.emit(AnswerDue(because, status, data.prompt("answer_due")))
        elif tripped or not self.budget.calls_left:
            return Ending(status, because)
        return None

    async def _ask(self, tools: Tools) -> Ending | None:
        """One turn, over as many attempts as can help; the end where those that broke off used the budget up."""
        for event in await tools.renew(self._number):
            self.journal.emit(event)
        if self.real_data_only and self.check.simulated:  # a result from before the run stopped
            raise SimulatedDataError("a tool of this run answered with simulated data")
        request = self.journal.request()
        if self.journal.listen:
            request = replace(request, hear=self._heard)
        attempts = AsyncRetrying(
            retry=retry_if_exception(self._may_try_again),
            stop=stop_after_attempt(ATTEMPTS),
            wait=self.gate.pause,
            sleep=self._rest,
            before_sleep=lambda state: self._failed(failure(state), state.upcoming_sleep),
            reraise=True,
        )
        try:
            answered: tuple[Turn, float] = await attempts(self._attempt, request)
        except (ModelError, CredentialsError) as error:
            self._failed(error, None)
            if limit := self.budget.used_up():
                return Ending("budget", limit)
            raise
        turn, seconds = answered
        self.journal.emit(
            ModelAnswered(
                turn=self._number,
                content=turn.content,
                stop_reason=turn.stop_reason,
                stop_details=turn.stop_details,
                usage=asdict(turn.usage),
                request_id=turn.request_id,
                model=turn.model,
                seconds=seconds,
            )
        )
        return None

    def _may_try_again(self, error: BaseException) -> bool:
        return (
            isinstance(error, ModelError)
            and error.retryable
            and self.budget.used_up(more=Usage.of(error.usage)) is None
        )

    def _heard(self, kind: Literal["thinking", "text", "call"], piece: str) -> None:
        self.journal.tell(Streamed(self._number, kind, piece))

    async def _rest(self, seconds: float) -> None:
        with self.budget.waiting():
            await self.gate.rest(seconds)

    async def _attempt(self, request: Request) -> tuple[Turn, float]:
        """Wait for permission; then each attempt is an event on the disk before it leaves. The answer, and its time."""
        with self.budget.waiting():
            ticket = await self.gate.admit(request)
        with ticket:
            self.journal.emit(ModelAsked(self._number, self.position.attempts + 1, request.hash))
            await self.journal.sync()
            began = self.now()
            turn = await self._answer(request)
            ticket.settle(turn)
        seconds = max(0.0, (self.now() - began).total_seconds())
        return turn, round(seconds, 3) if turn.seconds is None else turn.seconds

    async def _answer(self, request: Request) -> Turn:
        try:
            return well_formed(await self.model.answer(request))
        except asyncio.CancelledError as stopped:
            used = getattr(stopped, "usage", {})  # what the model knows of that; the answer will not come any more
            what = "the run was stopped while the answer came"
            self._failed(ModelError(what, kind="stopped", usage=used), None)
            raise

    @property
    def _number(self) -> int:
        """Of the turn that is to come."""
        return self.budget.turns + 1

    def _failed(self, error: BaseException | None, wait: float | None) -> None:
        if isinstance(error, ModelError):
            costs, usage = error.may_have_cost, error.usage
        else:
            costs, usage = False, {}
        if isinstance(error, AdvisorError):
            kind, attempt = error.where or error.code, self.position.attempts
            self.journal.emit(ModelFailed(self._number, attempt, kind, error.message, wait, costs, usage))

    async def _call(self, calls: list[ToolCall], tools: Tools) -> Ending | None:
        """All calls of a turn together; every result that came is logged before anything is raised."""
        at = self.position
        if at.due:
            return Ending(at.due.ends_as, f"{at.due.because}; the model went on calling tools")
        if not at.asked and (limit := self.budget.exhausted()):
            return Ending("budget", limit)
        prepared = [tools.prepare(call, self.budget.turns) for call in calls if call.id not in at.answered]
        unknown = [each for each in prepared if each.asked.call in at.asked and not each.repeatable]
        if unknown and at.in_flight is None:
            return Ending("needs_decision", _question(unknown[0].asked))
        for each in prepared:
            if each.asked.call not in at.asked:
                self.journal.emit(each.asked)
        await self.journal.sync()
        refused = dict.fromkeys(self.breaker.stopped, "repeated_call")
        refused |= dict.fromkeys(self.budget.refused, "no_calls_left")
        if at.in_flight == "skip":
            refused |= dict.fromkeys((each.asked.place for each in unknown), "unknown_outcome")
        made = [
            tools.refuse(each, refused[each.asked.place]) if each.asked.place in refused else each for each in prepared
        ]
        answers = (self._answered(each, tools) for each in made)
        for outcome in await asyncio.gather(*answers, return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome
        return None

    async def _answered(self, prepared: PreparedCall, tools: Tools) -> None:
        with self.budget.waiting():
            prepared = await tools.admit(prepared)
        for event in await tools.call(prepared):
            self.journal.emit(event)
        if isinstance(event, ToolAnswered) and event.simulated and self.real_data_only:
            asked = prepared.asked
            raise SimulatedDataError(f"tool {asked.offered_as!r} of {asked.server!r} answered with simulated data")

    def _judge(self, text: str) -> Ending | None:
        checked = self.position.checked
        if checked is None:
            last = self.position.due is not None or self.budget.nearly_exhausted() is not None
            checked = self.check.check(text, last=last)
            self.journal.emit(checked)
        if checked.valid:
            return Ending("ok", "end_turn", checked.answer)
        if checked.reply is not None:
            return None
        if due := self.position.due:
            return Ending(due.ends_as, f"{due.because}; the last answer breaks the schema")
        first = checked.errors[0]
        if first["code"] == NO_TOOL_CALL:
            return Ending("unsupported", first["message"])
        where = first["pointer"] or "the whole answer"
        return Ending("invalid", f"attempt {checked.attempt} still breaks the schema: {where}: {first['message']}")


def _stopped(turn: Turn) -> Ending:
    """For every reason to stop after which neither calls are made nor text is judged."""
    match turn.stop_reason:
        case "refusal":
            return Ending("refused", _refusal(turn))
        case "max_tokens":
            return Ending("failed", "max_tokens: the model's answer was cut at its longest allowed length")
        case "model_context_window_exceeded":
            return Ending("failed", "model_context_window_exceeded: the conversation is too long for the model")
        case other:
            return Ending("failed", f"unknown stop reason {other!r}")


def _refusal(turn: Turn) -> str:
    details = turn.stop_details if isinstance(turn.stop_details, dict) else {}
    said = [str(details[key]) for key in ("category", "explanation") if details.get(key)]
    return ": ".join(["the model refused", *said])


def _question(asked: ToolAsked) -> str:
    return (
        f"the run stopped while {asked.offered_as!r} was called, and that tool may change something: "
        "was the call carried out?"
    )
