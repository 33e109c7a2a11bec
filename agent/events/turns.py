"""Events of turns: what the model was asked and answered, what tools were."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal, TypeAlias

from agent.encoding import JSON
from agent.events.base import Event

SIMULATED_KIND = "simulated"
"""What servers call data that a generator made; the other kind is real."""
CallPlace: TypeAlias = tuple[int, str]
"""A call's turn and id: models exist that use an id again in a later turn."""


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
    """One attempt at an answer that came to none; what was wrong, and whether it will be tried again."""

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
