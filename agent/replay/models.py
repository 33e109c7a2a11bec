"""Models that only say what stands somewhere: in a recording, strictly, or in a list of turns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tenacity import RetryCallState

from agent.errors import CredentialsError, Diverged, ModelError
from agent.events import ModelAnswered, ModelAsked, ModelFailed
from agent.gate import Gate
from agent.model.base import Request, Turn
from agent.replay.divergence import rebuilt, request_divergence
from agent.replay.recording import Recording
from agent.result import REPLAYED

REFUSED = 400
"""An HTTP status of requests that cost nothing; the log does not keep which one it was."""


class RecordedModel:
    """Gives the recorded turns and failures, as long as each request is the recorded one. Raises Diverged."""

    paid = False

    def __init__(self, recording: Recording) -> None:
        started = recording.started
        self.name = str(started.model["name"])
        self.parameters = {key: value for key, value in started.model.items() if key != "name"}
        self.label = next((label for label in started.labels if label != REPLAYED), None)
        self._recording = recording
        self._steps = _steps(recording)
        self._next = 0

    async def answer(self, request: Request) -> Turn:
        if self._next == len(self._steps):
            raise Diverged(f"the model is asked a {self._next + 1}. time, which was not recorded", what="requests")
        step = self._steps[self._next]
        self._next += 1
        if request.hash != step.asked.request:
            raise request_divergence(rebuilt(self._recording, step.at), request, step.asked)
        if isinstance(step.outcome, ModelAnswered):
            return Turn.of(step.outcome)
        if step.outcome is None:
            raise Diverged("the recorded run stopped during this request", what="requests")
        if step.outcome.kind == CredentialsError.code:
            raise CredentialsError(step.outcome.message)
        raise _again(step.outcome)

    async def close(self) -> None:
        pass


@dataclass(frozen=True)
class _Step:
    """A recorded request, where it stands in the log, and what came of it."""

    at: int
    asked: ModelAsked
    outcome: ModelAnswered | ModelFailed | None


def _again(failed: ModelFailed) -> ModelError:
    status = None if failed.may_have_cost else REFUSED
    return ModelError(
        failed.message, kind=failed.kind, retryable=failed.wait is not None, status=status, usage=failed.usage
    )


def _steps(recording: Recording) -> list[_Step]:
    steps: list[_Step] = []
    for at, event in enumerate(recording.own, recording.begins):
        if isinstance(event, ModelAsked):
            steps.append(_Step(at, event, None))
        elif isinstance(event, ModelAnswered | ModelFailed) and steps and steps[-1].outcome is None:
            steps[-1] = _Step(steps[-1].at, steps[-1].asked, event)
    return steps


class ReplayGate(Gate):
    """Failed attempts are repeated after the recorded pauses, which nobody waits for."""

    def __init__(self, recording: Recording) -> None:
        failed = [event for event in recording.own if isinstance(event, ModelFailed)]
        self._waits = [event.wait for event in failed if event.wait is not None]

    def pause(self, state: RetryCallState) -> float:
        return self._waits.pop(0) if self._waits else 0.0

    async def rest(self, seconds: float) -> None:
        pass


class Script:
    """Says the given turns, whatever it is asked; after the last one it refuses, or `insists` on it."""

    paid = False
    label = None
    parameters: dict[str, Any] = {}  # noqa: RUF012

    def __init__(self, turns: Sequence[Turn], name: str = "script", *, insists: bool = False) -> None:
        self.name = name
        self._insists = insists
        self._turns = list(turns)

    async def answer(self, request: Request) -> Turn:
        if self._turns:
            return self._turns[0] if self._insists and len(self._turns) == 1 else self._turns.pop(0)
        return Turn([], "refusal", self.name, stop_details={"explanation": "the script has no further turn"})

    async def close(self) -> None:
        pass
