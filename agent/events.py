"""What can happen in a run: the vocabulary of its log, format `sectorrun/1`.

An event is a frozen record of JSON values. The log adds the line's index, time and checksum; nothing
here knows about files. Content that others refer to by hash is stored by `content.stored` before its
first use.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import ClassVar, Literal, TypeAlias

from agent.encoding import JSON, digest

FORMAT = "sectorrun/1"
SIMULATED_KIND = "simulated"
"""What servers call data that a generator made; the other kind is real."""
CallPlace: TypeAlias = tuple[int, str]
"""A call's turn and id: models exist that use an id again in a later turn."""
Status: TypeAlias = Literal[
    "ok", "invalid", "unsupported", "refused", "budget", "interrupted", "failed", "needs_decision"
]


@dataclass(frozen=True)
class Event:
    name: ClassVar[str]

    def to_json(self) -> dict[str, JSON]:
        return {"event": self.name} | {each.name: getattr(self, each.name) for each in fields(self)}


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
class RunResumed(Event):
    """A run that had stopped goes on. `in_flight`: what a person said about calls whose outcome is unknown."""

    name: ClassVar[str] = "run.resumed"
    in_flight: Literal["repeat", "skip"] | None = None


@dataclass(frozen=True)
class ServerOpened(Event):
    """`seconds`: from the start of the server to its list of tools."""

    name: ClassVar[str] = "server.opened"
    server: str
    transport: str
    protocol: str
    server_name: str | None
    server_version: str | None
    seconds: float = 0.0


@dataclass(frozen=True)
class ServerFailed(Event):
    """`exit` is the exit status of a stdio server, None while it still ran or for other transports."""

    name: ClassVar[str] = "server.failed"
    server: str
    command: str
    exit: int | None
    stderr: str
    reason: str
    required: bool


@dataclass(frozen=True)
class ToolsListed(Event):
    """What a server said when it was opened, before anything was chosen from it.

    `instructions`: hash of its words about itself, which no model is shown; None without any. `tools`: each with its
    name, hashes of its `description` and `schema` (and of its `output_schema`, where it has one), and read_only,
    destructive, idempotent and kind. `set_aside`: entries of its list that are no tools.
    """

    name: ClassVar[str] = "tools.listed"
    server: str
    instructions: str | None
    tools: list[dict[str, JSON]]
    set_aside: list[dict[str, JSON]] = field(default_factory=list)


@dataclass(frozen=True)
class ToolsVouched(Event):
    """What the lock had to say of the tools, at the `first` offer of a sitting or at a later one: `warnings` for
    people, and what is `held` back from the model. Logged when it had something to say.
    """

    name: ClassVar[str] = "tools.vouched"
    first: bool
    warnings: list[str] = field(default_factory=list)
    held: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class ToolsOffered(Event):
    """What the model is offered from here on.

    `tools`: name (as the model sees it), server, tool (the server's own name), hashes of its description,
    of the server's schema and of the definition that the model gets, read_only, takes_as_of, kind; `rewritten`: how
    the schema was changed for the model, where it was.
    `differences` between declaration and offer; `set_aside`: tools that cannot be used, and why.
    """

    name: ClassVar[str] = "tools.offered"
    tools: list[dict[str, JSON]]
    differences: list[dict[str, JSON]] = field(default_factory=list)
    set_aside: list[dict[str, JSON]] = field(default_factory=list)


@dataclass(frozen=True)
class ModelAsked(Event):
    """`request` is the hash of the whole request; it can be rebuilt from the events before this one."""

    name: ClassVar[str] = "model.asked"
    turn: int
    attempt: int
    request: str


@dataclass(frozen=True)
class ModelAnswered(Event):
    """`content` as it came; `usage` in tokens: input (uncached), cache_write, cache_read, output."""

    name: ClassVar[str] = "model.answered"
    turn: int
    content: list[dict[str, JSON]]
    stop_reason: str | None
    stop_details: JSON
    usage: dict[str, int]
    request_id: str | None
    model: str
    seconds: float = 0.0
    """From the request to the end of the answer."""


@dataclass(frozen=True)
class ModelFailed(Event):
    name: ClassVar[str] = "model.failed"
    turn: int
    attempt: int
    kind: str
    message: str
    wait: float | None
    """Seconds until the next attempt; None when there is none."""
    may_have_cost: bool = False
    """Whether the service may have worked on the request."""
    usage: dict[str, int] = field(default_factory=dict)
    """What the service said that it had used, before the answer broke off."""


@dataclass(frozen=True)
class OfCall(Event):
    turn: int
    call: str

    @property
    def place(self) -> CallPlace:
        return self.turn, self.call


@dataclass(frozen=True)
class ToolAsked(OfCall):
    """`server` and `tool` are None for a name that is not offered; `key` identifies equal calls."""

    name: ClassVar[str] = "tool.asked"
    offered_as: str
    server: str | None
    tool: str | None
    arguments: JSON
    key: str


@dataclass(frozen=True)
class ToolAnswered(OfCall):
    """`result`: what the server sent, without invisible characters, or `{"stored": hash}` when large; `shown`: what the
    model reads; `images`: which blocks of the result it is shown as images; `notes`: what people have to know of the
    call; `by_host`: the words are this program's, and not the server's; `sampled`: usage of the model by the server;
    `withheld`: how many `rows` later than the as-of date the model is not shown, the `latest` of their days, the first
    `places`; empty when there are none."""

    name: ClassVar[str] = "tool.answered"
    result: JSON
    shown: str
    is_error: bool
    kind: str | None
    dates: dict[str, str]
    retrieved_at: str
    seconds: float
    source: Literal["live", "replayed", "injected", "miss", "refused"] = "live"
    images: list[int] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    by_host: bool = False
    sampled: dict[str, int] = field(default_factory=dict)
    withheld: dict[str, JSON] = field(default_factory=dict)

    @property
    def simulated(self) -> bool:
        """Whether an answer that rests on this result rests on simulated data."""
        return self.kind == SIMULATED_KIND and not self.is_error


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


@dataclass(frozen=True)
class ArtifactWritten(Event):
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


@dataclass(frozen=True)
class UnknownEvent(Event):
    """An event of a later version: kept as it was read."""

    name: ClassVar[str] = "unknown"
    body: dict[str, JSON]

    def to_json(self) -> dict[str, JSON]:
        return dict(self.body)


_KINDS = [*Event.__subclasses__(), *OfCall.__subclasses__()]
_BY_NAME: dict[str, type[Event]] = {kind.name: kind for kind in _KINDS if kind not in (OfCall, UnknownEvent)}


def from_json(body: Mapping[str, JSON]) -> Event:
    """The event of one log line; keys that this version does not know are dropped from known events.

    Raises TypeError when a known event lacks a field.
    """
    kind = _BY_NAME.get(str(body.get("event")))
    if kind is None:
        return UnknownEvent(body={key: value for key, value in body.items() if key not in ("i", "at", "crc")})
    known = {each.name for each in fields(kind)}
    return kind(**{key: value for key, value in body.items() if key in known})
