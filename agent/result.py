"""RunResult: what a run's log says, for people. The live run, `runs show` and the page use this one view."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from os.path import normpath
from pathlib import Path
from textwrap import shorten
from typing import Any, Literal

from agent.endings import (
    ALL_FAILED,
    EXIT_CODES,
    GO_ON,
    HINTS,
    NO_END,
    NOT_COVERED,
    PLANNER_REFUSED,
    UNFINISHED,
)
from agent.events import RunCompared, ServerFailed, ServerOpened, Status, ToolsOffered
from agent.figures import Figure
from agent.foreign import printable
from agent.model.base import Usage
from agent.prices import Price
from agent.taxonomy import Taxonomy
from agent.tools.content import unframed

PAGE = "page.html"
SIMULATED = "SIMULATED DATA"
RULES = "OFFLINE PLANNER"
REPLAYED = "RECORDED TOOLS"
LONGEST_REASON = 200
"""Characters of what a failed call said that are told in a hint."""
ADVICE = "Research, not investment advice. Nothing here trades."


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
    source: str | None = None
    """live, replayed, injected or miss; refused when it was never sent; None while it is not answered."""
    retrieved_at: str | None = None
    withheld: dict[str, Any] = field(default_factory=dict)
    """How many `rows` later than the as-of date the model was not shown, the `latest` of their days, first `places`."""
    links: bool = False
    """Whether what it brought links to more."""

    @property
    def was_sent(self) -> bool:
        """Whether a server answered it, now or when it was recorded."""
        return self.source in ("live", "replayed", "injected")

    @property
    def rows_withheld(self) -> int:
        return int(self.withheld.get("rows", 0))


@dataclass
class TurnSpent:
    """One answer of the model: what it used, and what its requests did that broke off before it."""

    turn: int
    attempts: int
    usage: Usage
    broken_off: Usage
    seconds: float
    stop_reason: str | None
    calls: int
    model: str

    def to_json(self, price: Price | None) -> dict[str, Any]:
        usd = None if price is None else round(price.usd(self.usage + self.broken_off), 6)
        return {**asdict(self), "usd": usd}


@dataclass(frozen=True)
class Earlier:
    """A question that a run follows, which was answered."""

    run_id: str
    question: str
    spend: dict[str, Any]


@dataclass
class RunResult:
    """`answer` is None unless `status` is "ok"; `best_attempt` is the last text or object that was not accepted.

    A run whose log has no end has the status "interrupted"; who reads it may know that it is still "running".
    """

    run_id: str = ""
    key: str = ""
    """Equal for runs of the same agent, question, as-of date and model."""
    status: Status | Literal["running"] = UNFINISHED
    stop_reason: str = NO_END
    question: str = ""
    as_of: str | None = None
    vetted: bool = False
    """Whether what is later than the as-of date was withheld from the model."""
    allow_live: bool = False
    """Whether tools that take no date were allowed all the same."""
    model: str = ""
    agent_name: str = ""
    prompt: str = ""
    """Hash of the system text."""
    horizon: str = ""
    benchmark: str | None = None
    answer: Any = None
    best_attempt: Any = None
    errors: list[dict[str, str]] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    evidence: list[dict[str, Any]] = field(default_factory=list)
    """What each number in the rationales of the newest answer rests on: `evidence.Number` as JSON."""
    notes: list[str] = field(default_factory=list)
    """What was changed in the newest answer."""
    earlier: list[Earlier] = field(default_factory=list)
    """The questions of the conversation before this one, whose calls and figures are in `calls` and `figures`, too."""
    calls: list[Call] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    servers: list[ServerOpened] = field(default_factory=list)
    failed_servers: list[ServerFailed] = field(default_factory=list)
    offered: ToolsOffered = field(default_factory=lambda: ToolsOffered(tools=[]))
    usage: Usage = field(default_factory=Usage)
    by_turn: list[TurnSpent] = field(default_factory=list)
    broken_off: Usage = field(default_factory=Usage)
    """What the requests for a turn that never came used."""
    turns: int = 0
    """The number of the newest turn; those of a conversation are numbered through."""
    earlier_turns: int = 0
    """Turns of the questions before this one."""
    requests: int = 0
    repairs: int = 0
    possibly_paid_twice: int = 0
    """Requests that were made again since the run stopped before their answer came."""
    price: Price | None = None
    retires: str | None = None
    """The day on which the model is switched off, where one is known."""
    caches: bool = False
    """Whether its requests are such that a cache may serve them."""
    resumable: bool = True
    """Whether the run may still go on: it has no end, or one that is not final."""
    compared: RunCompared | None = None
    """What changed since the last comparable run; None without one."""
    spec: Mapping[str, Any] = field(default_factory=dict)
    """The agent file's content, as its log has it."""
    artifacts: dict[str, str] = field(default_factory=dict)
    """Kind → path within the run's folder."""
    pages_url: str | None = None
    folder: Path | None = None

    @property
    def language(self) -> str:
        """Of the answer's texts: en or vi."""
        return str(self.spec.get("language", "en"))

    @property
    def taxonomy(self) -> Taxonomy:
        """Of the agent file, whose `key` tells which names mean one sector."""
        return Taxonomy.logged(self.spec.get("sectors"))

    @property
    def ok(self) -> bool:
        return self.status == "ok"

    @property
    def exit_code(self) -> int:
        return EXIT_CODES.get(self.status, 1)

    @property
    def observed(self) -> tuple[str, str] | None:
        """The first and the last day on which a figure of this run was observed."""
        days = sorted(day for said in {figure.observed_at for figure in self.figures} if (day := iso_day(said)))
        return (days[0], days[-1]) if days else None

    @property
    def gated(self) -> bool:
        """Whether what is later than its as-of date was withheld."""
        return self.vetted and self.as_of is not None

    @property
    def page(self) -> Path | None:
        """The run's HTML page, when it has one."""
        if self.folder is None or "page" not in self.artifacts:
            return None
        return Path(normpath(self.folder / self.artifacts["page"]))

    @property
    def usd(self) -> float | None:
        """What the answers cost; None for a model without a price."""
        return self.price.usd(self.usage) if self.price else None

    def spend(self) -> dict[str, Any]:
        """Turns, requests with all attempts, calls that were made, repairs, tokens by how they are billed, and USD."""
        return {
            "turns": self.own_turns,
            "requests": self.requests,
            "tool_calls": sum(call.source != "refused" for call in self.own_calls),
            "repairs": self.repairs,
            "tokens": asdict(self.usage),
            "usd": None if self.usd is None else round(self.usd, 6),
            "possibly_paid_twice": self.possibly_paid_twice,
        }

    @property
    def own_turns(self) -> int:
        """How many there were for this question."""
        return self.turns - self.earlier_turns

    @property
    def own_calls(self) -> list[Call]:
        """Those that were made for this question."""
        return [call for call in self.calls if call.turn > self.earlier_turns]

    @property
    def counted(self) -> dict[str, int]:
        """How many numbers of the rationales have each status; what is no claim, such as a date, is left out."""
        return dict(Counter(number["status"] for number in self.evidence if number["status"] != "excluded"))

    @property
    def hint(self) -> str | None:
        """What to do about a run that came to no valid answer."""
        if self.stop_reason.startswith("max_tokens"):
            return "raise model.max_tokens"
        words = HINTS.get(self.status, GO_ON if self.resumable and not self.ok else "")
        all_failed = {call.is_error for call in self.calls} == {True}
        if self.status in ("refused", "failed") and not self.resumable and all_failed:
            words = ALL_FAILED + (NOT_COVERED.format(as_of=self.as_of) if self.as_of else "")
        elif self.status == "refused" and RULES in self.labels:
            words = PLANNER_REFUSED
        said = self.calls[-1].shown if self.calls else None
        reason = shorten(printable(unframed(said or "")), LONGEST_REASON, placeholder=" …").rstrip(". ")
        return words.replace("{run}", self.run_id).replace("{said}", reason or "no words") or None

    def failure(self) -> dict[str, Any]:
        """What a script reads in place of the answer of a run that has none."""
        first = self.errors[0]["pointer"] if self.errors else None
        error = {"code": self.status, "message": self.stop_reason, "hint": self.hint, "where": first}
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
            "key": self.key,
            "status": self.status,
            "stop_reason": self.stop_reason,
            "resumable": self.resumable,
            "question": self.question,
            "follows": self.earlier[-1].run_id if self.earlier else None,
            "as_of": self.as_of,
            "as_of_gate": self._as_of_gate(),
            "observed": self.observed,
            "agent": self.agent_name,
            "prompt": self.prompt,
            "model": self.model,
            "labels": self.labels,
            "warnings": self.warnings,
            "data_gaps": self._data_gaps(),
            "answer": self.answer,
            "errors": self.errors,
            "best_attempt": self.best_attempt,
            "changes": asdict(self.compared) if self.compared else None,
            "evidence": {"counted": self.counted, "numbers": self.evidence},
            "calls": [
                {
                    "id": call.id,
                    "turn": call.turn,
                    "offered_as": call.offered_as,
                    "server": call.server,
                    "tool": call.tool,
                    "arguments": call.arguments,
                    "is_error": call.is_error,
                    "kind": call.kind,
                    "dates": call.dates,
                    "retrieved_at": call.retrieved_at,
                    "withheld": call.withheld,
                    "seconds": call.seconds,
                    "source": call.source,
                }
                for call in self.calls
            ],
            "spend": {**self.spend(), "by_turn": [each.to_json(self.price) for each in self.by_turn]},
            "paths": {
                "folder": str(self.folder) if self.folder else None,
                "page": str(self.page) if self.page else None,
            },
            "notice": ADVICE,
        }

    def _data_gaps(self) -> list[str]:
        """What the data lack, a sentence each, as page and terminal tell it."""
        from agent.report.about import gaps
        from agent.report.heatmap import heatmap_of
        from agent.report.words import words

        return gaps(self, heatmap_of(self.figures, self.taxonomy.key), words("en"))

    def _as_of_gate(self) -> dict[str, Any] | None:
        """What was withheld over all calls; None when nothing was looked at."""
        latest = max((call.withheld["latest"] for call in self.calls if call.withheld), default=None)
        rows = sum(call.rows_withheld for call in self.calls)
        return {"withheld": rows, "latest": latest, "allow_live": self.allow_live} if self.gated else None


def iso_day(text: str | None) -> str | None:
    """The day that a text begins with, or None: servers write dates in many ways."""
    try:
        return date.fromisoformat((text or "")[:10]).isoformat()
    except ValueError:
        return None


def page_address(folder: Path, page: str, pages_url: str | None) -> str:
    """Where a run's page is opened: below `pages_url` where it is published, else as a file.

    `page` is its path within the run's folder, or beside or above it as `../NAME`.
    """
    if pages_url is None:
        return Path(normpath(folder.absolute() / page)).as_uri()
    return f"{pages_url}/{Path(normpath(Path(folder.name) / page)).as_posix().removeprefix('../')}"
