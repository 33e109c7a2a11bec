"""The Model protocol: a request goes in, a turn comes out. One attempt each; retries are the loop's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cached_property
from typing import Any, Literal, Protocol, TypeAlias

from agent.encoding import digest, shallow
from agent.errors import ModelError
from agent.events import ModelAnswered
from agent.foreign import whole
from agent.spec import LONGEST_ANSWER

Hear: TypeAlias = Callable[[Literal["thinking", "text", "call"], str], None]
"""Is told an answer piece by piece: what is thought, what is said, a call's name and then its arguments."""


def _unheard(kind: str, piece: str) -> None:
    """Nobody listens."""


@dataclass(frozen=True)
class Request:
    """`messages` and `tools` in the form of the Messages API; `schema` is what the final answer must satisfy.

    `parameters` are the model's own, as they are for this request: with `tool_choice` "none" no tool may be called.
    `hear` is told the answer as it comes, by models that have it piece by piece.
    """

    system: str
    tools: list[dict[str, Any]]
    messages: list[dict[str, Any]]
    schema: dict[str, Any]
    parameters: dict[str, Any]
    hear: Hear = field(default=_unheard, compare=False, repr=False)

    @property
    def answer_only(self) -> bool:
        return self.parameters.get("tool_choice") == "none"

    @cached_property
    def hash(self) -> str:
        return digest(
            {
                "system": self.system,
                "tools": self.tools,
                "messages": self.messages,
                "schema": self.schema,
                "parameters": self.parameters,
            }
        )


@dataclass(frozen=True)
class ToolCall:
    id: str
    name: str
    arguments: Any


@dataclass(frozen=True)
class Usage:
    """Tokens of one answer, by how they are billed."""

    input: int = 0
    cache_write: int = 0
    cache_read: int = 0
    output: int = 0

    @classmethod
    def of(cls, counts: Mapping[str, int]) -> Usage:
        """From an event; kinds of a later version are left out."""
        return cls(**{each.name: counts.get(each.name, 0) for each in fields(cls)})

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input + other.input,
            self.cache_write + other.cache_write,
            self.cache_read + other.cache_read,
            self.output + other.output,
        )

    @property
    def read(self) -> int:
        """All that the model read, cached or not."""
        return self.input + self.cache_write + self.cache_read

    @property
    def counted(self) -> int:
        """What counts against a token budget: everything but cache reads."""
        return self.input + self.cache_write + self.output


@dataclass(frozen=True)
class Remaining:
    """One of a service's limits a minute, and what was left of it; None where an answer did not say."""

    limit: float | None = None
    remaining: float | None = None


@dataclass(frozen=True)
class RateLimits:
    """What an answer's headers say of the service's limits."""

    requests: Remaining = Remaining()
    input_tokens: Remaining = Remaining()
    output_tokens: Remaining = Remaining()


@dataclass(frozen=True)
class Turn:
    """One answer of a model; `content` holds its blocks exactly as they came."""

    content: list[dict[str, Any]]
    stop_reason: str | None
    model: str
    usage: Usage = field(default_factory=Usage)
    stop_details: Any = None
    request_id: str | None = None
    limits: RateLimits = RateLimits()
    seconds: float | None = None
    """How long it took, where that is known from elsewhere."""

    @classmethod
    def of(cls, event: ModelAnswered) -> Turn:
        """As the log holds it."""
        return cls(
            content=event.content,
            stop_reason=event.stop_reason,
            model=event.model,
            usage=Usage.of(event.usage),
            stop_details=event.stop_details,
            request_id=event.request_id,
            seconds=event.seconds,
        )

    @property
    def calls(self) -> list[ToolCall]:
        return [
            ToolCall(id=block["id"], name=block["name"], arguments=block.get("input"))
            for block in self.content
            if block.get("type") == "tool_use"
        ]

    @property
    def text(self) -> str:
        return text_of(self.content)

    @property
    def may_go_on(self) -> bool:
        """Whether its calls may be made and its text be judged; every other reason to stop ends a run."""
        return self.stop_reason in ("tool_use", "end_turn", "stop_sequence", "pause_turn")

    @property
    def wants_calls(self) -> bool:
        return self.may_go_on and bool(self.calls)


def longer(parameters: Mapping[str, Any]) -> dict[str, Any] | None:
    """The parameters of a request whose answer was cut at its longest; None where no longer one can be asked for."""
    cap = parameters.get("max_tokens")
    if not isinstance(cap, int) or cap >= LONGEST_ANSWER:
        return None
    return {**parameters, "max_tokens": min(2 * cap, LONGEST_ANSWER)}


def text_of(content: list[dict[str, Any]]) -> str:
    return "".join(block.get("text", "") for block in content if block.get("type") == "text")


def says_something(content: list[dict[str, Any]]) -> bool:
    """Whether a turn holds a call or any text but blanks; one that does not is no message to send back."""
    return any(block.get("type") == "tool_use" for block in content) or bool(text_of(content).strip())


def well_formed(turn: Turn) -> Turn:
    """The turn with texts that can be written. Raises ModelError for one that cannot be answered."""
    try:
        content = whole(shallow(turn.content))
    except ValueError as error:
        raise _malformed(turn, f"the answer is {error}") from None
    calls = [block for block in content if block.get("type") == "tool_use"]
    texts = [block.get("text") for block in content if block.get("type") == "text"]
    ids = [block.get("id") for block in calls]
    named = all(isinstance(block.get(key), str) for block in calls for key in ("id", "name"))
    if not (named and len(set(ids)) == len(ids) and all(isinstance(text, str) for text in texts)):
        raise _malformed(turn, "the answer has calls without a name or id of their own")
    return replace(turn, content=content)


def _malformed(turn: Turn, what: str) -> ModelError:
    """Which has to be paid for all the same."""
    return ModelError(what, kind="malformed", retryable=True, usage=asdict(turn.usage))


class Model(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def parameters(self) -> dict[str, Any]:
        """Everything but the conversation that shapes an answer; part of each request's hash."""

    @property
    def paid(self) -> bool: ...
    @property
    def label(self) -> str | None:
        """What every result of this model says about it, such as OFFLINE PLANNER."""

    async def answer(self, request: Request) -> Turn:
        """One attempt. Raises ModelError, or CredentialsError when the key is not accepted."""

    async def close(self) -> None: ...
