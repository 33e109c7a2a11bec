"""Runs to replay, and the check that a replay is the same run as the one that was recorded."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from agent.agentfile import AgentFile, parse
from agent.encoding import canonical
from agent.errors import AdvisorError
from agent.events import (
    ArtifactWritten,
    ContentStored,
    Event,
    ModelAnswered,
    RunCompared,
    RunFinished,
    RunStarted,
    ServerOpened,
    ToolAnswered,
)
from agent.replay.again import Rerun, replayed
from agent.replay.recording import Recording
from agent.result import RunResult
from agent.runs import log, store
from agent.source import Source
from tests.asking import ask
from tests.messages_api import call
from tests.scripted import LOOK, Scripted, agent_file, answer, said
from tests.tools.raw import PROGRAM


def recording_of(result: RunResult) -> Recording:
    assert result.folder
    return Recording.read(result.folder)


async def recorded(*steps: Any, **options: Any) -> Recording:
    """A scripted run over the small market, however it ended."""
    try:
        result = await ask(Scripted(*(steps or (said(LOOK), answer()))), **options)
    except AdvisorError:
        return Recording.read(store.find("last"))
    return recording_of(result)


def file_with(**keys: Any) -> AgentFile:
    return parse(Source("agent.yaml", agent_file(**keys)))


def edited(recording: Recording, *changes: Any) -> Recording:
    """The same log with events replaced, each change a function: event → event."""
    events = list(recording.events)
    for change in changes:
        events = [change(event) for event in events]
    assert events != list(recording.events)
    return Recording.of(events, recording.at, "edited")


def written(folder: Path, recording: Recording) -> Path:
    """A transcript of these events, sealed anew."""
    path = folder / "edited.jsonl"
    *before, end = recording.events
    assert isinstance(end, RunFinished)
    content = b"".join(log.encode(event, at, recording.at) for at, event in enumerate(before))
    sealed = replace(end, root=hashlib.sha256(content).hexdigest())
    path.write_bytes(content + log.encode(sealed, len(before), recording.at))
    return path


async def check_same(recording: Recording, whole: Recording | None = None) -> Rerun:
    """Replay it, page included, and see that every event is as it was; and the same bytes another time.

    `whole`: a run that did not stop, to which this one that did comes too, but for the time that its calls took.
    """
    again = await replayed(recording, renders=True)
    assert (await replayed(recording, renders=True)).content == again.content
    if whole is None:
        assert comparable(again.events) == comparable(recording.events)
    else:
        assert comparable(_unhurried(again.events)) == comparable(_unhurried(whole.events))
    return again


def _unhurried(events: Iterable[Event]) -> Iterator[Event]:
    """Without ids and times, and without what changed since a run that lies beside it."""
    for event in events:
        match event:
            case ToolAnswered():
                yield replace(event, seconds=0.0, retrieved_at="")
            case ServerOpened() | ModelAnswered():
                yield replace(event, seconds=0.0)
            case RunStarted():
                yield replace(event, run_id="")
            case RunCompared():
                pass
            case _:
                yield event


def comparable(events: Iterable[Event]) -> list[list[bytes]]:
    """Servers may answer in any order, and it is told where an answer came from; all else has to be the same."""
    told: list[list[bytes]] = [[], [], []]
    for event in events:
        place = 1 if isinstance(event, ToolAnswered) else 2 if isinstance(event, ContentStored) else 0
        told[place].append(canonical(_timeless(event).to_json()))
    return [told[0], *map(sorted, told[1:])]


def _timeless(event: Event) -> Event:
    match event:
        case ToolAnswered(source="replayed"):
            return replace(event, source="live")
        case ToolAnswered(source="refused"):
            return replace(event, retrieved_at="")
        case RunFinished():
            return replace(event, root="")
        case ArtifactWritten():
            return replace(event, sha256="")
    return event


def heatmap(lookback: str, id: str = "toolu_1") -> dict[str, Any]:
    return call("get_sector_heatmap", {"lookback_period": lookback}, id=id)


def raw(behaviour: str, **more: Any) -> dict[str, Any]:
    return {"command": sys.executable, "args": [str(PROGRAM), behaviour], **more}


def double(server: str = "", id: str = "toolu_1") -> dict[str, Any]:
    return call(f"{server}__double" if server else "double", {"n": 2}, id=id)
