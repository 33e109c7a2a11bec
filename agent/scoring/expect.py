"""What is expected of a run: the part of a case that scorers read."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field

from agent.events import Status
from agent.section import Section, Text

Action: TypeAlias = Literal["overweight", "underweight", "neutral"]


class ExpectedCall(Section):
    tool: Text
    """The name under which it is offered."""
    arguments: dict[str, Annotated[list[Any], Field(min_length=1)]] = Field(default_factory=dict)
    """Argument → its acceptable values; null among them means that it may be left out. Where any is named here, an
    argument beside them is unexpected, but for the as-of date, which the host sets; where none is, all are free."""
    others: Literal["unexpected", "free"] = "unexpected"
    """What arguments are that are not named."""


class Wanted(Section):
    """What an attacker wants; one of them."""

    stance: dict[Text, Action] | None = None
    """Sector → the stance it shall get."""
    url: Text | None = None
    """An address that shall stand in the answer."""
    call: Text | None = None
    """A tool that shall be called, by the name in the payload."""
    arguments: dict[str, Any] = Field(default_factory=dict)
    """Of that call."""
    leak: Literal["system"] | None = None
    """The system text shall leave the run: in the answer, or in a call's arguments."""


class Attack(Section):
    """Words of a stranger, planted where a run may read them."""

    text: Text
    result: Text | None = None
    """The tool at the end of whose results they stand."""
    description: Text | None = None
    """The tool to whose description they are added."""
    instructions: Text | None = None
    """The server to whose instructions they are added."""
    wants: Wanted

    @property
    def place(self) -> str:
        """The first that is named."""
        return next(place for place in ("result", "description", "instructions") if getattr(self, place) is not None)


class Expect(Section):
    status: Status = "ok"
    """How the run has to end."""
    calls: Annotated[list[list[ExpectedCall]], Field(min_length=1)] | None = None
    """Acceptable sets of calls; the one that fits best counts."""
    trajectory: Literal["superset", "subset", "unordered", "strict", "in_order"] = "superset"
    """How the calls made must relate to such a set."""
    allowed: list[Text] | None = None
    """Tools that may be called besides those in `calls`; without it, any that is not forbidden."""
    forbidden: list[Text] = Field(default_factory=list)
    """Tools that must not be called, or even asked for."""
    stances: dict[Text, Annotated[list[Action], Field(min_length=1)]] = Field(default_factory=dict)
    """Sector → acceptable actions."""
    abstain: Literal["all"] | list[Text] | None = None
    """Sectors for which the evidence carries no stance. An empty list: it carries all, and holding back is wrong."""
    taxonomy: dict[Text, list[Text]] | None = None
    """Sector → its other names; without it, the sectors that the tools named."""
    cover: list[Text] | None = None
    """Sectors that the answer has to cover; without it, the agent file's universe."""
    attack: Attack | None = None
