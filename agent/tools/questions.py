"""What a server may ask back: a form to fill in, the folders it may know. A run that nobody watches never waits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from mcp_types import (
    INTERNAL_ERROR,
    INVALID_REQUEST,
    CreateMessageRequestParams,
    CreateMessageResult,
    ElicitRequestFormParams,
    ElicitResult,
    ErrorData,
    ListRootsResult,
    Root,
    TextContent,
)

from agent import schemas
from agent.errors import AdvisorError, ModelError
from agent.foreign import visible
from agent.model.base import Usage
from agent.spec import PolicySpec
from agent.tools.ports import Form, Lender, Person

LONGEST_QUESTION = 500


@dataclass
class Questions:
    """Answers one server's questions by the policy; `notes` tells what was asked and answered, for people."""

    server: str
    policy: PolicySpec = field(default_factory=PolicySpec)
    person: Person | None = None
    lender: Lender | None = None
    paused: Callable[[bool], None] = lambda _: None
    """Called with True when a person is asked, and with False when they have answered."""
    notes: list[str] = field(default_factory=list)
    sampled: Usage = field(default_factory=Usage)
    """What the model has written for the server, and nobody was told of yet."""

    @property
    def lends(self) -> bool:
        return self.policy.sampling == "allow" and self.lender is not None

    def told(self) -> tuple[list[str], Usage]:
        """The notes and the usage since they were told last."""
        told, self.notes, self.sampled = (self.notes, self.sampled), [], Usage()
        return told

    async def elicit(self, _: Any, params: Any) -> ElicitResult:
        """Never raises: what a callback raises would end the client."""
        message = visible(str(params.message))[0][:LONGEST_QUESTION]
        content = await self._content(message, params) if isinstance(params, ElicitRequestFormParams) else None
        action: Literal["accept", "decline"] = "decline" if content is None else "accept"
        how = {"defaults": "with the form's defaults", "ask": "at the terminal"}.get(self.policy.elicitation, "")
        answered = f"accepted {how}" if content is not None else "declined"
        self.notes.append(f"server {self.server!r} asked: {message!r}; it was {answered} (policy.elicitation)")
        return ElicitResult(action=action, content=content)

    async def _content(self, message: str, params: ElicitRequestFormParams) -> Form:
        schema = dict(params.requested_schema)
        if self.policy.elicitation == "defaults":
            content: Form = defaults_of(schema)
        elif self.policy.elicitation == "ask" and self.person:
            self.paused(True)
            try:
                content = await self.person.fill(self.server, message, schema)
            finally:
                self.paused(False)
        else:
            return None
        fits = content is not None and not schemas.problem(schema) and schemas.validator(schema).is_valid(content)
        return content if fits else None

    async def sample(self, _: Any, params: CreateMessageRequestParams) -> CreateMessageResult | ErrorData:
        """A text that the run's model writes for the server, as the only thing it is asked. Never raises."""
        blocks = [(each.role, block) for each in params.messages for block in each.content_as_list]
        if self.lender is None or not all(isinstance(block, TextContent) for _, block in blocks):
            return ErrorData(code=INVALID_REQUEST, message="only texts are written here")
        messages = [
            {"role": role, "content": [{"type": "text", "text": block.text}]}
            for role, block in blocks
            if isinstance(block, TextContent)
        ]
        try:
            turn = await self.lender.write(params.system_prompt or "", messages)
        except AdvisorError as error:
            if isinstance(error, ModelError):
                self.sampled += Usage.of(error.usage)
            return ErrorData(code=INTERNAL_ERROR, message=error.message)
        self.sampled += turn.usage
        self.notes.append(f"server {self.server!r} had the model write a text (policy.sampling)")
        written = TextContent(type="text", text=turn.text)
        return CreateMessageResult(role="assistant", content=written, model=turn.model, stop_reason="endTurn")

    async def roots(self, _: Any) -> ListRootsResult:
        folders = [Path(folder).expanduser().absolute() for folder in self.policy.roots or []]
        return ListRootsResult(roots=[Root(uri=folder.as_uri(), name=folder.name) for folder in folders])  # type: ignore[arg-type]


def defaults_of(schema: dict[str, Any]) -> dict[str, Any]:
    """A form's declared defaults, and yes where a yes or no is required."""
    properties = schema.get("properties")
    required = schema.get("required") or []
    content = {}
    for name, about in properties.items() if isinstance(properties, dict) else ():
        if not isinstance(about, dict):
            continue
        if "default" in about:
            content[name] = about["default"]
        elif about.get("type") == "boolean" and name in required:
            content[name] = True
    return content
