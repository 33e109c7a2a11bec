"""The conversation so far, folded from events: the live loop, a resumed run and a replay build the same request.

Nothing else decides what a model is sent, so a log alone is enough to rebuild any request in it.
"""

from __future__ import annotations

from typing import Any

from agent.events import (
    AnswerChecked,
    AnswerDue,
    CallPlace,
    ContentStored,
    Event,
    ModelAnswered,
    QuestionAsked,
    RunStarted,
    ToolAnswered,
    ToolsOffered,
)
from agent.model.base import Request, longer, says_something


class Transcript:
    """Fold events in with `apply`; `request` is what the model would be asked next."""

    def __init__(self) -> None:
        self._contents: dict[str, Any] = {}
        self._started: RunStarted | None = None
        self._tools: list[dict[str, Any]] = []
        self._answers: dict[CallPlace, ToolAnswered] = {}
        """By turn and call: models exist that use a call's id again in a later turn."""
        self._said: list[ModelAnswered | AnswerChecked | AnswerDue | QuestionAsked] = []
        self._parameters: dict[str, Any] = {}

    def apply(self, event: Event) -> None:
        match event:
            case ContentStored():
                self._contents[event.hash] = event.content
            case RunStarted():
                self._started, self._parameters = event, event.model
            case ToolsOffered():
                self._tools = [self._contents[tool["definition"]] for tool in event.tools]
            case ModelAnswered(stop_reason="max_tokens"):
                self._parameters = longer(self._parameters) or self._parameters
            case AnswerDue():
                self._parameters = {**self._parameters, "tool_choice": "none"}
                self._said.append(event)
            case QuestionAsked() if self._started:
                self._parameters = self._started.model
                self._said.append(event)
            case ModelAnswered() | AnswerChecked():
                self._said.append(event)
            case ToolAnswered():
                self._answers[event.place] = event

    def request(self) -> Request:
        if self._started is None:
            raise ValueError("a run begins with run.started")
        return Request(
            system=self._contents[self._started.prompt],
            tools=self._tools,
            messages=self._messages(self._contents[self._started.opening]),
            schema=self._contents[self._started.schema],
            parameters=self._parameters,
        )

    def _messages(self, opening: list[str]) -> list[dict[str, Any]]:
        messages: list[dict[str, Any]] = [_user([{"type": "text", "text": text} for text in opening])]
        for said in self._said:
            if isinstance(said, ModelAnswered):
                if says_something(said.content) or (said.content and said.stop_reason == "pause_turn"):
                    messages.append({"role": "assistant", "content": said.content})
                    messages += self._results(said)
            elif isinstance(said, QuestionAsked):
                _tell(messages, *said.message)
            elif said.reply is not None:
                _tell(messages, said.reply)
        return messages

    def _results(self, said: ModelAnswered) -> list[dict[str, Any]]:
        """All results of one turn in one user message, in the model's order."""
        calls = [block["id"] for block in said.content if block.get("type") == "tool_use"]
        answered = [self._answers.get((said.turn, call)) for call in calls]
        blocks = [
            {"type": "tool_result", "tool_use_id": each.call, "content": self._shown(each), "is_error": each.is_error}
            for each in answered
            if each is not None
        ]
        return [_user(blocks)] if blocks else []

    def _shown(self, answered: ToolAnswered) -> str | list[dict[str, Any]]:
        """The text, and after it the images that the result holds."""
        if not answered.images:
            return answered.shown
        result = self._contents[answered.result["stored"]] if "stored" in answered.result else answered.result
        blocks = [result["content"][at] for at in answered.images]
        sources = [{"type": "base64", "media_type": block["mimeType"], "data": block["data"]} for block in blocks]
        return [{"type": "text", "text": answered.shown}, *({"type": "image", "source": each} for each in sources)]


def _tell(messages: list[dict[str, Any]], *words: str) -> None:
    """In the newest message, where that is the user's: some servers take no two of them in a row."""
    blocks = [{"type": "text", "text": text} for text in words]
    if messages[-1]["role"] == "user":
        messages[-1] = _user([*messages[-1]["content"], *blocks])
    else:
        messages.append(_user(blocks))


def _user(content: list[dict[str, Any]]) -> dict[str, Any]:
    return {"role": "user", "content": content}
