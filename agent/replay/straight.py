"""A log of several sittings → the events of a run that went through in one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from agent.errors import ServerError
from agent.events import (
    ArtifactWritten,
    Event,
    ModelAnswered,
    ModelAsked,
    ModelFailed,
    RunCompared,
    RunFinished,
    RunResumed,
    ServerFailed,
    ServerOpened,
    ToolAnswered,
    ToolAsked,
    ToolsListed,
    ToolsOffered,
    Warned,
)


def straightened(events: Iterable[Event]) -> list[Event]:
    """The events of a run as they would be, had it never stopped.

    A resumed run has several ends, servers that were opened again, and requests that were made again.
    """
    events = list(events)
    if not any(isinstance(event, RunResumed) for event in events):
        return events
    straight: list[Event] = []
    opening = False
    for event in events:
        opening = opening and not isinstance(event, ModelAsked | ToolAsked | ToolAnswered)
        if isinstance(event, RunResumed):
            straight, opening = _without_loose_ends(straight), True
        elif not (isinstance(event, ServerOpened | ToolsListed) and opening and _stands_in(straight, event)):
            straight.append(event)
    failures = [event for event in events if isinstance(event, ServerFailed)]
    past = {ServerError(event).message for event in failures if event not in straight}
    return [
        _without_warnings(event, past) for event in straight if not (isinstance(event, Warned) and event.text in past)
    ]


def _stands_in(events: list[Event], event: ServerOpened | ToolsListed) -> bool:
    """Whether it is known already what came of opening that server, or what it listed."""
    kinds = (type(event), ServerFailed)
    return any(isinstance(each, kinds) and each.server == event.server for each in events)


def _without_loose_ends(events: list[Event]) -> list[Event]:
    """Without what a stop left: the end of that sitting, its page, servers that it lost, requests that got no answer
    and their attempts. What was opened for the first request stays: the run goes on with what it was offered then.
    """
    offered = next((at for at, event in enumerate(events) if isinstance(event, ToolsOffered)), -1)
    asked = any(isinstance(event, ModelAsked) for event in events)
    answered = max((at for at, event in enumerate(events) if isinstance(event, ModelAnswered)), default=-1)

    def stays(at: int, event: Event) -> bool:
        match event:
            case RunFinished() | RunCompared() | ArtifactWritten():
                return False
            case ServerFailed():
                return asked and at < offered
            case ModelAsked() | ModelFailed():
                return at < answered
        return True

    return [event for at, event in enumerate(events) if stays(at, event)]


def _without_warnings(event: Event, past: set[str]) -> Event:
    if not isinstance(event, RunFinished):
        return event
    return replace(event, warnings=[text for text in event.warnings if text not in past])
