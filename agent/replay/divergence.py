"""The first thing in which a replayed run is not the recorded one, named so that a person can go and look."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from agent.encoding import canonical
from agent.errors import Diverged
from agent.events import AnswerChecked, Event, ModelAsked, RunFinished, ToolAnswered, ToolAsked
from agent.model.base import Request
from agent.replay.recording import Recording
from agent.transcript import Transcript

EXCERPT = 300
"""Characters of each side of a difference."""


def rebuilt(recording: Recording, at: int) -> Request:
    """The request that the log leads to before its event number `at`."""
    transcript = Transcript()
    for event in recording.events[:at]:
        transcript.apply(event)
    return transcript.request()


def request_divergence(recorded: Request, now: Request, asked: ModelAsked) -> Diverged:
    """Where two requests begin to differ: prompt, parameters, tools, schema, or the first message that is another."""
    turn = f"turn {asked.turn}"
    if recorded.hash != asked.request:
        return Diverged(f"{turn}: this version builds another request from the same events", what="requests")
    for what, before, after in _parts(recorded, now):
        if not _same(before, after):
            left, right = excerpts(before, after)
            return Diverged(f"{turn}: another {what}", what=what, recorded=left, now=right)
    return Diverged(f"{turn}: another request", what="requests")


def _parts(recorded: Request, now: Request) -> Iterator[tuple[str, Any, Any]]:
    yield "prompt", recorded.system, now.system
    yield "parameters", recorded.parameters, now.parameters
    names = [tool["name"] for tool in recorded.tools], [tool["name"] for tool in now.tools]
    yield "tools", *names
    for before, after in zip(recorded.tools, now.tools, strict=True):
        yield f"tools: {before['name']}", before, after
    yield "schema", recorded.schema, now.schema
    for number in range(max(len(recorded.messages), len(now.messages))):
        yield f"message {number + 1}", *(_at(request.messages, number) for request in (recorded, now))


def _at(messages: list[dict[str, Any]], number: int) -> Any:
    return messages[number] if number < len(messages) else None


def log_divergence(recorded: Recording, now: Recording) -> Diverged | None:
    """The first call, result, check or end that is another; None when the runs are the same in all of them."""
    before, after = (_facts(events, spend=not recorded.resumed) for events in (recorded.events, now.events))
    for number in range(max(len(before), len(after))):
        (what, left), (other, right) = (
            each[number] if number < len(each) else ("nothing more", None) for each in (before, after)
        )
        if what != other or not _same(left, right):
            shown = excerpts(left, right)
            message = f"another {what}" if what == other else f"{other} in place of {what}"
            return Diverged(message, what=what, recorded=shown[0], now=shown[1])
    return None


def _same(left: Any, right: Any) -> bool:
    """As JSON: 1 is not 1.0, nor true."""
    return repr(left) == repr(right) or canonical(left) == canonical(right)


def _facts(events: tuple[Event, ...], *, spend: bool) -> list[tuple[str, Any]]:
    """What has to be the same, results in the order of their calls: servers may answer in any. With `spend` also what
    it cost: a run that was resumed asked for some of it twice."""
    answers = {event.place: event for event in events if isinstance(event, ToolAnswered)}
    facts: list[tuple[str, Any]] = []
    for event in events:
        match event:
            case ToolAsked():
                facts.append((f"call {event.call}", [event.offered_as, event.server, event.tool, event.arguments]))
                if answered := answers.get(event.place):
                    facts.append((f"result of call {event.call}", answered.shown))
                    facts.append((f"kind of the result of call {event.call}", [answered.is_error, answered.kind]))
            case AnswerChecked():
                checked = [event.valid, event.answer, event.errors, event.reply, event.notes]
                facts.append((f"check {event.attempt}", checked))
            case RunFinished():
                facts.append(("end", [event.status, event.stop_reason]))
                facts.append(("answer", event.answer))
                facts.append(("warnings", event.warnings))
                spent = {key: value for key, value in event.totals.items() if key != "usd"}  # prices change
                facts += [("spend", spent)] if spend else []
    return facts


def excerpts(recorded: Any, now: Any) -> tuple[str, str]:
    """Both sides around the first place where they differ."""
    left, right = (value if isinstance(value, str) else _text(value) for value in (recorded, now))
    at = next((i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right)))
    begin = max(at - EXCERPT // 3, 0)
    return tuple(("…" if begin else "") + text[begin : begin + EXCERPT] for text in (left, right))  # type: ignore[return-value]


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
