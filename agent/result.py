"""RunResult: what a run's log says, gathered for people. The live run, `runs show` and the page use this one view."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from agent.answer import PAGE_URL
from agent.events import (
    AnswerChecked,
    ArtifactWritten,
    ContentStored,
    Event,
    ModelAnswered,
    ModelAsked,
    RunFinished,
    RunStarted,
    ServerFailed,
    ServerOpened,
    Status,
    ToolAnswered,
    ToolAsked,
    ToolsOffered,
)
from agent.figures import Figure, figures_of
from agent.model.base import Usage, text_of
from agent.tools.content import data_of

SIMULATED = "SIMULATED DATA"
ADVICE = "Research, not investment advice. Nothing here trades."

EXIT_CODES: dict[Status, int] = {
    "ok": 0,
    "invalid": 1,
    "unsupported": 1,
    "refused": 1,
    "failed": 1,
    "budget": 6,
    "needs_decision": 7,
    "interrupted": 130,
}


@dataclass
class Call:
    """One tool call; `data` is the machine-readable part of what the server sent, or None."""

    id: str
    turn: int
    offered_as: str
    server: str | None
    tool: str | None
    arguments: Any
    shown: str | None = None
    data: Any = None
    is_error: bool = False
    seconds: float | None = None
    kind: str | None = None
    dates: dict[str, str] = field(default_factory=dict)


@dataclass
class RunResult:
    """`answer` is None unless `status` is "ok"; `best_attempt` is the last text or object that was not accepted.

    A run whose log has no end has the status "interrupted".
    """

    run_id: str = ""
    status: Status = "interrupted"
    stop_reason: str = "the log has no end"
    question: str = ""
    as_of: str | None = None
    model: str = ""
    answer: Any = None
    best_attempt: Any = None
    errors: list[dict[str, str]] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    servers: list[ServerOpened] = field(default_factory=list)
    failed_servers: list[ServerFailed] = field(default_factory=list)
    offered: ToolsOffered = field(default_factory=lambda: ToolsOffered(tools=[]))
    usage: Usage = field(default_factory=Usage)
    turns: int = 0
    requests: int = 0
    repairs: int = 0
    artifacts: dict[str, str] = field(default_factory=dict)
    """Kind → path within the run's folder."""
    pages_url: str | None = None
    folder: Path | None = None

    @property
    def ok(self) -> bool:
        return self.status == "ok"

    @property
    def exit_code(self) -> int:
        return EXIT_CODES[self.status]

    @property
    def page(self) -> Path | None:
        """The run's HTML page, when it has one."""
        return self.folder / self.artifacts["page"] if self.folder and "page" in self.artifacts else None

    def spend(self) -> dict[str, Any]:
        """Turns, requests (attempts included), tool calls, repairs, and tokens by how they are billed."""
        return {
            "turns": self.turns,
            "requests": self.requests,
            "tool_calls": len(self.calls),
            "repairs": self.repairs,
            "tokens": asdict(self.usage),
        }

    def failure(self) -> dict[str, Any]:
        """What a script reads in place of the answer of a run that has none."""
        first = self.errors[0]["pointer"] if self.errors else None
        error = {"code": self.status, "message": self.stop_reason, "hint": None, "where": first}
        return {"ok": False, "error": error, "run": self.run_id}

    def envelope(self) -> dict[str, Any]:
        """The answer with everything a script may want to know about it."""
        return {
            "ok": self.ok,
            "run": self.run_id,
            "status": self.status,
            "stop_reason": self.stop_reason,
            "question": self.question,
            "as_of": self.as_of,
            "model": self.model,
            "labels": self.labels,
            "warnings": self.warnings,
            "answer": self.answer,
            "errors": self.errors,
            "best_attempt": self.best_attempt,
            "calls": [
                {
                    "id": call.id,
                    "turn": call.turn,
                    "server": call.server,
                    "tool": call.tool,
                    "arguments": call.arguments,
                    "is_error": call.is_error,
                    "kind": call.kind,
                    "dates": call.dates,
                    "seconds": call.seconds,
                }
                for call in self.calls
            ],
            "spend": self.spend(),
            "paths": {
                "folder": str(self.folder) if self.folder else None,
                "page": str(self.page) if self.page else None,
            },
            "notice": ADVICE,
        }


def result_of(events: Iterable[Event], folder: Path | None = None) -> RunResult:
    """Gather a whole or unfinished log."""
    result = RunResult(folder=folder)
    contents: dict[str, Any] = {}
    calls: dict[str, Call] = {}
    for event in events:
        match event:
            case ContentStored():
                contents[event.hash] = event.content
            case RunStarted():
                result.run_id, result.question, result.as_of = event.run_id, event.question, event.as_of
                result.model, result.labels = str(event.model.get("name")), list(event.labels)
                result.pages_url = contents[event.spec].get("pages_url")
            case ServerOpened():
                result.servers.append(event)
            case ServerFailed():
                result.failed_servers.append(event)
            case ToolsOffered():
                result.offered = event
            case ModelAsked():
                result.requests += 1
            case ModelAnswered():
                result.turns = event.turn
                result.usage += Usage(
                    **{kind: event.usage.get(kind, 0) for kind in ("input", "cache_write", "cache_read", "output")}
                )
                result.best_attempt = text_of(event.content) or result.best_attempt
            case ToolAsked():
                call = Call(event.call, result.turns, event.offered_as, event.server, event.tool, event.arguments)
                calls[event.call] = call
                result.calls.append(call)
            case ToolAnswered():
                _answered(result, calls[event.call], event, contents)
            case AnswerChecked():
                result.errors = event.errors
                result.best_attempt = event.answer if event.answer is not None else result.best_attempt
                result.repairs += event.reply is not None
            case ArtifactWritten():
                result.artifacts[event.kind] = event.path
            case RunFinished():
                result.status, result.stop_reason = event.status, event.stop_reason
                result.answer, result.warnings = event.answer, event.warnings
    if result.ok:
        result.best_attempt = None
        result.answer = _with_page(result)
    return result


def _with_page(result: RunResult) -> Any:
    """The answer with the address of the run's page, where its log has a stand-in for it."""
    answer, page = result.answer, result.page
    if not (isinstance(answer, dict) and answer.get("heatmap_url") == PAGE_URL and page):
        return answer
    published = f"{result.pages_url}/{result.run_id}/{page.name}" if result.pages_url else page.absolute().as_uri()
    return answer | {"heatmap_url": published}


def _answered(result: RunResult, call: Call, event: ToolAnswered, contents: dict[str, Any]) -> None:
    sent = event.result
    if isinstance(sent, dict) and set(sent) == {"stored"}:
        sent = contents[sent["stored"]]
    call.shown, call.is_error, call.seconds = event.shown, event.is_error, event.seconds
    call.kind, call.dates = event.kind, event.dates
    if event.is_error or not isinstance(sent, dict):
        return
    call.data = data_of(sent)
    result.figures += figures_of(call.data, tool=call.offered_as, call=call.id)
    if event.kind == "simulated" and SIMULATED not in result.labels:
        result.labels.insert(0, SIMULATED)
