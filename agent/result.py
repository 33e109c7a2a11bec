"""RunResult: what a run's log says, gathered for people. The live run, `runs show` and the page use this one view."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, Literal

from agent.answer import PAGE_URL, resolve
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
    Warned,
)
from agent.figures import Figure, figures_of
from agent.model.base import Usage, text_of
from agent.spec import DEFAULT_HORIZON as HORIZON
from agent.tools.content import data_of

PAGE = "page.html"
SIMULATED = "SIMULATED DATA"
RULES = "OFFLINE PLANNER"
ADVICE = "Research, not investment advice. Nothing here trades."

UNFINISHED: Status = "interrupted"
NO_END = "the process ended without sealing the log"

EXIT_CODES: dict[str, int] = {
    "ok": 0,
    "invalid": 1,
    "unsupported": 1,
    "refused": 1,
    "failed": 1,
    "budget": 6,
    "needs_decision": 7,
    "interrupted": 130,
}


HINTS: dict[str, str] = {
    "invalid": "the best attempt is in the run's log; a larger budget.repairs or another model may help",
    "unsupported": "the model called no tool; another model may, or set policy.require_calls: false",
    "refused": "ask it another way, or ask another model",
    "failed": "see the run's log; after max_tokens, raise model.max_tokens",
    "budget": "raise the limit under `budget` in the agent file, or ask for less",
    "interrupted": "ask again; what was done is in the run's log",
}
"""What to do about a run that came to no valid answer."""


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

    A run whose log has no end has the status "interrupted"; who reads it may know that it is still "running".
    """

    run_id: str = ""
    status: Status | Literal["running"] = UNFINISHED
    stop_reason: str = NO_END
    question: str = ""
    as_of: str | None = None
    model: str = ""
    agent_name: str = ""
    horizon: str = ""
    benchmark: str | None = None
    answer: Any = None
    best_attempt: Any = None
    errors: list[dict[str, str]] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What was changed in the newest answer."""
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
        return EXIT_CODES.get(self.status, 1)

    @property
    def observed(self) -> tuple[str, str] | None:
        """The first and the last day on which a figure of this run was observed."""
        days = sorted(day for figure in self.figures if (day := iso_day(figure.observed_at)))
        return (days[0], days[-1]) if days else None

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
        error = {"code": self.status, "message": self.stop_reason, "hint": HINTS.get(self.status), "where": first}
        return {"ok": False, "error": error, "run": self.run_id}

    def to_json(self, form: str) -> Any:
        """What a script reads: the `envelope`, or the answer alone, or why there is none."""
        if form == "envelope":
            return self.envelope()
        return self.answer if self.ok else self.failure()

    def envelope(self) -> dict[str, Any]:
        """The answer with everything a script may want to know about it."""
        return {
            "ok": self.ok,
            "run": self.run_id,
            "status": self.status,
            "stop_reason": self.stop_reason,
            "question": self.question,
            "as_of": self.as_of,
            "observed": self.observed,
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


def iso_day(text: str | None) -> str | None:
    """The day that a text begins with, or None: servers write dates in many ways."""
    try:
        return date.fromisoformat((text or "")[:10]).isoformat()
    except ValueError:
        return None


def page_address(folder: Path, run_id: str, pages_url: str | None) -> str:
    """Where a run's page is opened: below `pages_url` where its runs are published, else as a file."""
    return f"{pages_url}/{run_id}/{PAGE}" if pages_url else (folder.absolute() / PAGE).as_uri()


def result_of(events: Iterable[Event], folder: Path | None = None) -> RunResult:
    """Gather a whole or unfinished log."""
    gathering = Gathering(folder)
    for event in events:
        gathering.apply(event)
    return gathering.result


def ended(result: RunResult, event: RunFinished) -> RunResult:
    """The result with how its run ended."""
    ok = event.status == "ok"
    address = page_address(result.page.parent, result.run_id, result.pages_url) if result.page else PAGE_URL
    return replace(
        result,
        status=event.status,
        stop_reason=event.stop_reason,
        answer=resolve(event.answer, address),
        best_attempt=None if ok else resolve(result.best_attempt, address),
        warnings=event.warnings,
    )


class Gathering:
    """Events, one after the other → `result`."""

    def __init__(self, folder: Path | None = None) -> None:
        self.result = RunResult(run_id=folder.name if folder else "", folder=folder)
        self._contents: dict[str, Any] = {}
        self._calls: dict[tuple[int, str], Call] = {}

    def apply(self, event: Event) -> None:
        result = self.result
        match event:
            case ContentStored():
                self._contents[event.hash] = event.content
            case RunStarted():
                self._started(event)
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
                result.usage += Usage.of(event.usage)
                result.best_attempt = text_of(event.content) or result.best_attempt
            case ToolAsked():
                call = Call(event.call, event.turn, event.offered_as, event.server, event.tool, event.arguments)
                self._calls[event.turn, event.call] = call
                result.calls.append(call)
            case ToolAnswered():
                self._answered(self._calls[event.turn, event.call], event)
            case AnswerChecked():
                result.errors, result.notes = event.errors, event.notes
                result.best_attempt = event.answer if event.answer is not None else result.best_attempt
                result.repairs += event.reply is not None
            case ArtifactWritten():
                result.artifacts[event.kind] = event.path
            case Warned():
                result.warnings.append(event.text)
            case RunFinished():
                self.result = ended(result, event)

    def _started(self, event: RunStarted) -> None:
        result = self.result
        result.run_id, result.question, result.as_of = event.run_id, event.question, event.as_of
        result.model, result.labels = str(event.model.get("name")), list(event.labels)
        spec = self._contents[event.spec]
        result.pages_url, result.agent_name = spec.get("pages_url"), spec.get("agent_name", "")
        result.horizon, result.benchmark = spec.get("horizon", HORIZON), spec.get("benchmark")

    def _answered(self, call: Call, event: ToolAnswered) -> None:
        sent = event.result
        if isinstance(sent, dict) and set(sent) == {"stored"}:
            sent = self._contents[sent["stored"]]
        call.shown, call.is_error, call.seconds = event.shown, event.is_error, event.seconds
        call.kind, call.dates = event.kind, event.dates
        if event.is_error or not isinstance(sent, dict):
            return
        call.data = data_of(sent)
        self.result.figures += figures_of(call.data, tool=call.offered_as, call=call.id)
        if event.simulated and SIMULATED not in self.result.labels:
            self.result.labels.insert(0, SIMULATED)
