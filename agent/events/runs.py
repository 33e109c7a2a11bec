"""Events of the run as a whole: its beginning, what is checked and written, its end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal, TypeAlias

from agent.encoding import JSON, digest
from agent.events.base import Event

FORMAT = "sectorrun/1"
PAGE_URL = "artifact:page.html"
"""Stands in a log for the run's own page, so that a log is the same on every machine."""
Status: TypeAlias = Literal[
    "ok", "invalid", "unsupported", "refused", "budget", "interrupted", "failed", "needs_decision"
]


@dataclass(frozen=True)
class ContentStored(Event):
    """Content that other events name by `hash`; a text, or JSON."""

    name: ClassVar[str] = "content.stored"
    hash: str
    content: JSON

    @classmethod
    def of(cls, content: JSON) -> ContentStored:
        return cls(hash=digest(content), content=content)


@dataclass(frozen=True)
class RunStarted(Event):
    """`agent` is the agent file's name; `spec`, `prompt`, `opening` and `schema` are hashes of its content, the system
    text, the texts of the first user message (the question first) and the strict answer schema; `model` holds the
    name and all parameters of its requests; `simulated` says whether a paid model may see simulated data; `price` is
    in USD for a million tokens of each kind of usage, None when the model is unpriced; `retires` is the day on which it
    is switched off, where one is known; `files` says where page, answer and envelope go, relative to the log's folder;
    `real_data_only` refuses simulated data; after the instant `live_until`, tools that cannot be asked as of a date
    would tell of a later session than the run's; `replay_of` names the run or case whose recorded tools answered;
    `attended`: somebody could be asked about calls; `vetted`: what is later than the as-of date is withheld from
    the model, and the numbers of its answers are looked up; `allow_live`: tools that take no date may be asked all the
    same."""

    name: ClassVar[str] = "run.started"
    run_id: str
    question: str
    as_of: str | None
    agent: str
    spec: str
    prompt: str
    opening: str
    schema: str
    model: dict[str, JSON]
    versions: dict[str, str]
    budget: dict[str, JSON]
    labels: list[str]
    simulated: bool = False
    price: dict[str, float] | None = None
    retires: str | None = None
    files: dict[str, str] = field(default_factory=dict)
    real_data_only: bool = False
    live_until: str | None = None
    replay_of: str | None = None
    attended: bool = False
    vetted: bool = False
    allow_live: bool = False
    format: str = FORMAT

    @property
    def key(self) -> str:
        """Equal for runs of the same agent, question, as-of date and model."""
        return run_key(self.spec, self.prompt, self.question, self.as_of, str(self.model.get("name")))


def run_key(spec: str, prompt: str, question: str, as_of: str | None, model: str) -> str:
    """`spec` and `prompt`: hashes of the agent file's public content and of the system text."""
    return digest([spec, prompt, question, as_of, model])


@dataclass(frozen=True)
class QuestionAsked(Event):
    """A question on a run that was answered. The log of its run, `run_id`, begins with the events of that one, which
    `follows` names: by its id (`run`) and the `root` of its sealed log. `message`: the texts of the new user message,
    the question first; `files` and `attended` as in `run.started`. Budget, checks and what is told of a run begin anew
    with it."""

    name: ClassVar[str] = "question.asked"
    run_id: str
    question: str
    follows: dict[str, str]
    message: list[str]
    files: dict[str, str] = field(default_factory=dict)
    attended: bool = False

    def begins(self, started: RunStarted) -> RunStarted:
        """The beginning of this run: that of the first one, with what is its own."""
        return replace(started, run_id=self.run_id, question=self.question, files=self.files, attended=self.attended)


def beginning_of(events: Iterable[Event]) -> RunStarted | None:
    """How the run of a log began: as its newest question says, where it follows another."""
    started: RunStarted | None = None
    for event in events:
        if isinstance(event, RunStarted):
            started = event
        elif isinstance(event, QuestionAsked) and started:
            started = event.begins(started)
    return started


@dataclass(frozen=True)
class RunResumed(Event):
    """A run that had stopped goes on. `in_flight`: what a person said about calls whose outcome is unknown."""

    name: ClassVar[str] = "run.resumed"
    in_flight: Literal["repeat", "skip"] | None = None


@dataclass(frozen=True)
class AnswerChecked(Event):
    """`answer`: the parsed answer with our own fields set, or None; `errors`: pointer, code and message of each;
    `reply`: what the model is told, if anything; `notes`: what was changed in the answer, for people."""

    name: ClassVar[str] = "answer.checked"
    attempt: int
    valid: bool
    answer: JSON
    errors: list[dict[str, str]]
    reply: str | None
    notes: list[str] = field(default_factory=list)
    evidence: JSON = None


@dataclass(frozen=True)
class AnswerDue(Event):
    """From here on no tool may be called: `reply` asks the model for its answer, `because` says what ran out. A run
    that comes to none ends as `ends_as`."""

    name: ClassVar[str] = "answer.due"
    because: str
    ends_as: Literal["budget", "failed"]
    reply: str

    @property
    def warning(self) -> str:
        return f"{self.because}, so the model was asked for its answer without more calls"


@dataclass(frozen=True)
class RunCompared(Event):
    """What changed since the last comparable run: `run` is its id, `changes` are `comparison.Change` as JSON."""

    name: ClassVar[str] = "run.compared"
    run: str
    as_of: str | None
    changes: list[dict[str, JSON]]


@dataclass(frozen=True)
class ArtifactWritten(Event):
    """A file that the run made: `path` is relative to the log's folder, `sha256` is of its bytes."""

    name: ClassVar[str] = "artifact.written"
    kind: str
    path: str
    sha256: str
    media_type: str


@dataclass(frozen=True)
class Warned(Event):
    """Something that people who read the answer have to know."""

    name: ClassVar[str] = "run.warned"
    text: str

    @property
    def warning(self) -> str:
        return self.text


@dataclass(frozen=True)
class RunFinished(Event):
    """`root`: SHA-256 over the bytes of all lines before this one; `resumable`: whether the run may go on after all."""

    name: ClassVar[str] = "run.finished"
    status: Status
    stop_reason: str
    totals: dict[str, JSON]
    answer: JSON
    warnings: list[str]
    root: str
    resumable: bool = False


def resolve(answer: JSON, page_url: str) -> JSON:
    """The answer with the address of the run's page in it."""
    if isinstance(answer, dict) and answer.get("heatmap_url") == PAGE_URL:
        return answer | {"heatmap_url": page_url}
    return answer
