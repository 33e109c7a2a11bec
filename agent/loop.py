"""Question → events → ending: the only place that loops.

It knows protocols only. Every step is an event in the journal, which writes it down before the next step is
taken; the request that a model gets is what the journal's transcript says.
"""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt, wait_random_exponential

from agent.answer import NO_TOOL_CALL, AnswerCheck
from agent.budget import Budget
from agent.errors import AdvisorError, CredentialsError, ModelError, SimulatedDataError
from agent.events import ContentStored, Event, ModelAnswered, ModelAsked, ModelFailed, Status, ToolAnswered, ToolAsked
from agent.model.base import Model, Request, ToolCall, Turn, well_formed

ATTEMPTS = 4
LONGEST_WAIT = 60.0


class Journal(Protocol):
    """Where events go: appended to the log, folded into the transcript, the budget and the check, told to listeners."""

    def emit(self, event: Event) -> None: ...
    async def sync(self) -> None:
        """Return when all events are on the disk."""

    def request(self) -> Request: ...


class PreparedCall(Protocol):
    @property
    def asked(self) -> ToolAsked: ...


class Tools(Protocol):
    def prepare(self, call: ToolCall, turn: int) -> PreparedCall: ...
    async def call(self, prepared: Any) -> tuple[list[ContentStored], ToolAnswered]: ...


@dataclass(frozen=True)
class Ending:
    status: Status
    stop_reason: str
    answer: Any = None


@dataclass
class Loop:
    model: Model
    tools: Tools
    check: AnswerCheck
    budget: Budget
    journal: Journal
    simulated_allowed: bool

    async def run(self) -> Ending:
        """Until an answer is valid, or something ends the run. Raises AdvisorError for what is no outcome."""
        empty_before = False
        while True:
            if limit := self.budget.exhausted():
                return Ending("budget", limit)
            turn = await self._ask()
            match turn.stop_reason:
                case "pause_turn" if not turn.calls:
                    continue
                case "tool_use" | "end_turn" | "stop_sequence" | "pause_turn":
                    pass
                case "refusal":
                    return Ending("refused", _refusal(turn))
                case "max_tokens":
                    return Ending("failed", "max_tokens: the model's answer was cut at its longest allowed length")
                case "model_context_window_exceeded":
                    return Ending("failed", "model_context_window_exceeded: the conversation is too long for the model")
                case other:
                    return Ending("failed", f"unknown stop reason {other!r}")
            if turn.calls:
                empty_before = False
                if limit := self.budget.exhausted(calls=len(turn.calls)):
                    return Ending("budget", limit)
                await self._call(turn.calls)
            elif turn.text.strip():
                if ending := self._judge(turn.text):
                    return ending
            elif empty_before:
                return Ending("failed", "the model ended its turn twice without saying anything")
            else:
                empty_before = True

    async def _ask(self) -> Turn:
        """One turn, over as many attempts as can help; each attempt is an event before it leaves."""
        request = self.journal.request()
        request_hash = request.hash
        number = self.budget.turns + 1
        attempts = AsyncRetrying(
            retry=retry_if_exception(lambda error: isinstance(error, ModelError) and error.retryable),
            stop=stop_after_attempt(ATTEMPTS),
            wait=_wait,
            before_sleep=lambda state: self._failed(number, state.attempt_number, _error(state), state.upcoming_sleep),
            reraise=True,
        )
        try:
            async for attempt in attempts:
                with attempt:
                    tries = attempt.retry_state.attempt_number
                    self.journal.emit(ModelAsked(number, tries, request_hash))
                    await self.journal.sync()
                    turn = well_formed(await self.model.answer(request))
        except (ModelError, CredentialsError) as error:
            self._failed(number, tries, error, None)
            raise
        self.journal.emit(
            ModelAnswered(
                turn=number,
                content=turn.content,
                stop_reason=turn.stop_reason,
                stop_details=turn.stop_details,
                usage=asdict(turn.usage),
                request_id=turn.request_id,
                model=turn.model,
            )
        )
        return turn

    def _failed(self, turn: int, attempt: int, error: BaseException | None, wait: float | None) -> None:
        if isinstance(error, AdvisorError):
            self.journal.emit(ModelFailed(turn, attempt, error.where or error.code, error.message, wait))

    async def _call(self, calls: list[ToolCall]) -> None:
        """All calls of a turn together; every result that came is logged before anything is raised."""
        prepared = [self.tools.prepare(call, self.budget.turns) for call in calls]
        for each in prepared:
            self.journal.emit(each.asked)
        await self.journal.sync()
        outcomes = await asyncio.gather(*(self._answered(each) for each in prepared), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome

    async def _answered(self, prepared: PreparedCall) -> None:
        stored, answered = await self.tools.call(prepared)
        for content in stored:
            self.journal.emit(content)
        self.journal.emit(answered)
        if answered.simulated and self.model.paid and not self.simulated_allowed:
            asked = prepared.asked
            raise SimulatedDataError(f"tool {asked.offered_as!r} of {asked.server!r} answered with simulated data")

    def _judge(self, text: str) -> Ending | None:
        checked = self.check.check(text)
        self.journal.emit(checked)
        if checked.valid:
            return Ending("ok", "end_turn", checked.answer)
        if checked.reply is not None:
            return None
        first = checked.errors[0]
        if first["code"] == NO_TOOL_CALL:
            return Ending("unsupported", first["message"])
        where = first["pointer"] or "the whole answer"
        return Ending("invalid", f"attempt {checked.attempt} still breaks the schema: {where}: {first['message']}")


def _refusal(turn: Turn) -> str:
    details = turn.stop_details if isinstance(turn.stop_details, dict) else {}
    said = [str(details[key]) for key in ("category", "explanation") if details.get(key)]
    return ": ".join(["the model refused", *said])


def _error(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None


def _wait(state: RetryCallState) -> float:
    """What the service asked for, within a minute; else jittered and exponential."""
    error = _error(state)
    if isinstance(error, ModelError) and error.retry_after is not None:
        return min(error.retry_after, LONGEST_WAIT)
    return float(wait_random_exponential(multiplier=0.5, max=LONGEST_WAIT)(state))
