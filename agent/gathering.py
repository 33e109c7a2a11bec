"""Events → RunResult: what the log of a run says, gathered line by line, live and when it is read again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from agent.encoding import digest
from agent.endings import NO_END, UNFINISHED
from agent.errors import DEBUG, LogError
from agent.events import (
    PAGE_URL,
    AnswerChecked,
    AnswerDue,
    ArtifactWritten,
    CallPlace,
    ContentStored,
    Event,
    ModelAnswered,
    ModelAsked,
    ModelFailed,
    QuestionAsked,
    RunCompared,
    RunFinished,
    RunResumed,
    RunStarted,
    ServerFailed,
    ServerOpened,
    ToolAnswered,
    ToolAsked,
    ToolsOffered,
    Warned,
    resolve,
)
from agent.figures import Figure, FigureReader
from agent.model.base import Usage, text_of
from agent.prices import FREE, Price
from agent.readings import day_of
from agent.result import SIMULATED, Call, Earlier, RunResult, TurnSpent, page_address
from agent.runs import log
from agent.spec import DEFAULT_HORIZON, AgentSpec
from agent.tools.content import links_of, readable, texts_of
from agent.tools.timely import timely

UNREADABLE = (LogError, LookupError, TypeError, ValueError, AttributeError)
"""What comes of a log that another version or another program wrote."""


def read_run(folder: Path) -> RunResult:
    """What the log in a run's folder says. Raises LogError, also for one that is whole and makes no sense here."""
    path = folder / log.FILE
    lines = log.read(path)
    try:
        return result_of((line.event for line in lines), folder)
    except UNREADABLE as error:
        raise LogError(
            f"{path}: its events do not fit together: {type(error).__name__}: {error}",
            hint=f"another version or another program may have written it; {DEBUG}=1 shows where it was noticed",
        ) from error


def current(result: RunResult) -> RunResult:
    """The same, but "running" where its log has no end because another process is at it."""
    unfinished = result.status == UNFINISHED and result.stop_reason == NO_END
    if unfinished and result.folder and log.is_held(result.folder):
        return replace(result, status="running", stop_reason="another process is at it")
    return result


def result_of(events: Iterable[Event], folder: Path | None = None) -> RunResult:
    """Gather a whole or unfinished log."""
    gathering = Gathering(folder)
    for event in events:
        gathering.apply(event)
    return gathering.result


def ended(result: RunResult, event: RunFinished) -> RunResult:
    """The result with how its run ended."""
    ok = event.status == "ok"
    address = PAGE_URL
    if result.folder and "page" in result.artifacts:
        address = page_address(result.folder, result.artifacts["page"], result.pages_url)
    return replace(
        result,
        status=event.status,
        stop_reason=event.stop_reason,
        answer=resolve(event.answer, address),
        best_attempt=None if ok else resolve(result.best_attempt, address),
        warnings=event.warnings,
        resumable=event.resumable,
    )


def reader_of(content: Mapping[str, Any]) -> FigureReader:
    """What reads figures by an agent file's content, which is looked at only where it says something of figures.

    What another version wrote and this one does not take is read as if it said nothing.
    """
    if content.get("sectors") or any("figures" in tool for tool in content.get("tools") or []):
        try:
            return FigureReader(AgentSpec.model_validate(content))
        except ValidationError:
            pass
    return FigureReader()


def figures_of(call: Call, sent: Mapping[str, Any], reader: FigureReader, as_of: str | None) -> list[Figure]:
    """What is read of a call's result, whose data the call keeps: without what was withheld.

    What was withheld of a text may have dated what is left of it, so that only what names its own day is read then.
    """
    is_held = bool(as_of and call.withheld)
    if as_of and is_held:
        sent = timely(sent, as_of, reader.dates(call.offered_as, call.server, call.tool))[0]
    call.data, call.links = readable(sent), bool(links_of(sent))
    figures = reader.read(call.data, offered_as=call.offered_as, call=call.id, server=call.server, tool=call.tool)
    if is_held and texts_of(sent):
        return [each for each in figures if each.observed_at or day_of(each.metric)]
    return figures


class Gathering:
    """Events, one after the other → `result`."""

    def __init__(self, folder: Path | None = None) -> None:
        self.result = RunResult(run_id=folder.name if folder else "", folder=folder)
        self._contents: dict[str, Any] = {}
        self._calls: dict[CallPlace, Call] = {}
        self._figures: dict[CallPlace, list[Figure]] = {}
        """By call: they are told in the order in which the calls were asked, whatever server answers first."""
        self._reader = FigureReader()
        self._said_of_results: list[str] = []
        """What people have to know of results, which are there for the questions that come after them, too."""
        self._begun: RunStarted | None = None
        self._open_request = False
        self._attempts = 0

    def apply(self, event: Event) -> None:
        result = self.result
        match event:
            case ContentStored():
                self._contents[event.hash] = event.content
            case RunStarted() | QuestionAsked():
                self._begin(event)
            case RunResumed():
                result.status, result.stop_reason, result.resumable = UNFINISHED, NO_END, True
            case ServerOpened() | ServerFailed():
                self._server(event)
            case ToolsOffered():
                result.offered = event
            case ModelAsked():
                result.requests += 1
                self._attempts += 1
                result.possibly_paid_twice += self._open_request and result.price != FREE
                self._open_request = True
            case ModelFailed():
                self._open_request = event.may_have_cost
                result.broken_off += Usage.of(event.usage)
                result.usage += Usage.of(event.usage)
            case ModelAnswered():
                self._turn(event)
            case ToolAsked():
                call = Call(event.call, event.turn, event.offered_as, event.server, event.tool, event.arguments)
                self._calls[event.place] = call
                result.calls.append(call)
            case ToolAnswered():
                self._answered(self._calls[event.place], event)
            case AnswerChecked():
                result.errors, result.notes, result.evidence = event.errors, event.notes, event.evidence or []
                result.best_attempt = event.answer if event.answer is not None else result.best_attempt
                result.repairs += event.reply is not None
            case RunCompared():
                result.compared = event
            case ArtifactWritten():
                result.artifacts[event.kind] = event.path
            case AnswerDue() | Warned():
                result.warnings.append(event.warning)
            case RunFinished():
                self.result = ended(result, event)

    def _begin(self, event: RunStarted | QuestionAsked) -> None:
        if isinstance(event, RunStarted):
            self._started(event)
        elif self._begun is not None:
            self._ask_again(event, self._begun)

    def _ask_again(self, event: QuestionAsked, begun: RunStarted) -> None:
        """What was seen stays; what was answered, and what that took, begins anew."""
        before = self.result
        earlier = Earlier(before.run_id, before.question, before.spend())
        self.result = RunResult(
            folder=before.folder,
            earlier=[*before.earlier, earlier],
            calls=before.calls,
            figures=before.figures,
            servers=before.servers,
            failed_servers=before.failed_servers,
            offered=before.offered,
            turns=before.turns,
            earlier_turns=before.turns,
            warnings=[*self._said_of_results],
        )
        self._open_request, self._attempts = False, 0
        self._started(event.begins(begun))
        self.result.key = digest([before.key, event.question])
        self.result.labels = before.labels

    def _started(self, event: RunStarted) -> None:
        self._begun, result = event, self.result
        result.run_id, result.question, result.as_of = event.run_id, event.question, event.as_of
        result.model, result.labels = str(event.model.get("name")), list(event.labels)
        result.key, result.prompt = event.key, event.prompt
        result.vetted, result.allow_live = event.vetted, event.allow_live
        result.price, result.retires = Price(**event.price) if event.price else None, event.retires
        features = event.model.get("features")
        asked = features.get("cache", True) if isinstance(features, dict) else True
        result.caches = bool(asked) and result.price != FREE
        result.spec = spec = self._contents[event.spec]
        result.pages_url, result.agent_name = spec.get("pages_url"), spec.get("agent_name", "")
        self._reader = reader_of(spec)
        result.horizon, result.benchmark = spec.get("horizon", DEFAULT_HORIZON), spec.get("benchmark")

    def _turn(self, event: ModelAnswered) -> None:
        result, usage = self.result, Usage.of(event.usage)
        self._open_request = False
        result.turns = event.turn
        result.usage += usage
        result.best_attempt = text_of(event.content) or result.best_attempt
        calls = sum(block.get("type") == "tool_use" for block in event.content)
        result.by_turn.append(
            TurnSpent(
                turn=event.turn,
                attempts=self._attempts,
                usage=usage,
                broken_off=result.broken_off,
                seconds=event.seconds,
                stop_reason=event.stop_reason,
                calls=calls,
                model=event.model,
            )
        )
        self._attempts, result.broken_off = 0, Usage()

    def _server(self, event: ServerOpened | ServerFailed) -> None:
        """What came of it last: a run that goes on opens its servers again."""
        result = self.result
        result.servers = [each for each in result.servers if each.server != event.server]
        result.failed_servers = [each for each in result.failed_servers if each.server != event.server]
        if isinstance(event, ServerOpened):
            result.servers.append(event)
        else:
            result.failed_servers.append(event)

    def _answered(self, call: Call, event: ToolAnswered) -> None:
        sent = event.result
        if isinstance(sent, dict) and set(sent) == {"stored"}:
            sent = self._contents[sent["stored"]]
        call.shown, call.is_error, call.seconds = event.shown, event.is_error, event.seconds
        call.kind, call.dates, call.source = event.kind, event.dates, event.source
        call.retrieved_at, call.withheld = event.retrieved_at, event.withheld
        self.result.usage += Usage.of(event.sampled)
        self._said_of_results += [note for note in event.notes if note not in self._said_of_results]
        self.result.warnings += [note for note in event.notes if note not in self.result.warnings]
        if event.is_error or not isinstance(sent, dict):
            return
        self._figures[event.place] = figures_of(call, sent, self._reader, self.result.as_of)
        self.result.figures = [each for key in self._calls for each in self._figures.get(key, [])]
        if event.simulated and SIMULATED not in self.result.labels:
            self.result.labels.insert(0, SIMULATED)
