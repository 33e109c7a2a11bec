"""A question on a run that was answered: what was seen stays, and the conversation goes on in a run of its own.

```python
import asyncio
from agent.follow import follow_up
from agent.run import run

first = asyncio.run(run("us_sector_rotation", "Which sectors lead?", as_of="2008-09-30", offline=True))
second = asyncio.run(follow_up(first, "And which hold up in a downturn?"))
print(second.status, second.spend()["tool_calls"])
```
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent import data
from agent.agentfile import AgentFile
from agent.beginning import require_same
from agent.errors import LogBusy, UsageError
from agent.events import ArtifactWritten, Event, QuestionAsked, RunCompared, RunFinished, RunStarted
from agent.foreign import whole
from agent.gathering import result_of
from agent.journal import Listener, require_rebuilt
from agent.model.base import Model
from agent.offer import ASK_ANEW, require_no_state
from agent.place import Place
from agent.result import RunResult
from agent.run import beginning, file_of, going_on, sit
from agent.runs import log, store
from agent.runs.log import Line
from agent.spec import AgentSpec
from agent.tools import trust
from agent.tools.pool import ServerPool
from agent.tools.ports import Person
from agent.transcript import Transcript

if TYPE_CHECKING:
    from agent.tools.servers import InMemoryServer

AT_ITS_END = (RunCompared, ArtifactWritten, RunFinished)
"""What a run's end adds to its log: a run that follows has an end of its own."""


async def follow_up(
    run: RunResult | str | Path,
    question: str,
    *,
    agent: AgentFile | Mapping[str, Any] | str | Path | None = None,
    model: Model | None = None,
    servers: Mapping[str, InMemoryServer] | None = None,
    pool: ServerPool | None = None,
    person_for: Callable[[AgentSpec], Person | None] = lambda _: None,
    trusted: bool = True,
    listen: Listener | None = None,
) -> RunResult:
    """Ask a question on a run that has a valid answer, and return what came of it; that run stays as it is.

    `run`: a result, or the folder of a run. The model is asked with the whole conversation, has the same tools, as-of
    date and budget, and may answer from what it was shown before. `pool` is as in `run.run`, and all else as in
    `run.resume`.

    Raises UsageError for a run without a valid answer, LogBusy for one that is under way; TrustNeeded; DecisionError
    when what the run began with, or was offered, has changed; and what `run.run` raises.
    """
    folder = _folder_of(run)
    lines = log.read(folder / log.FILE)
    events = [line.event for line in lines]
    started = require_answer(events, folder)
    asked = str(whole(question.strip()))
    if not asked:
        raise UsageError("there is no question")
    _require_rebuilt(lines, folder)
    file = file_of(started, events, agent)
    if agent is None and servers is None:
        trust.require(file.spec, folder, trusted=trusted)
    require_no_state(file, result_of(events, folder), ASK_ANEW)
    place = Place(store.folder(store.new_id()))
    sitting = going_on(started, file, place, model, servers, person_for(file.spec))
    require_same(sitting, started)
    event = QuestionAsked(
        run_id=place.folder.name,
        question=asked,
        follows={"run": started.run_id, "root": _root(lines)},
        message=[asked, data.prompt("followup")],
        files=place.files,
        attended=sitting.person is not None,
    )
    log.begin(place.folder, [line for line in lines if not isinstance(line.event, AT_ITS_END)], event)
    return await sit(replace(sitting, question=asked, pool=pool, listen=listen))


def _folder_of(run: RunResult | str | Path) -> Path:
    folder = run.folder if isinstance(run, RunResult) else Path(run)
    if folder is None:
        raise UsageError("the run lies nowhere, so there is nothing to go on with")
    return folder.absolute()


def require_answer(events: Sequence[Event], folder: Path) -> RunStarted:
    """How the run began. Raises UsageError unless it has a valid answer to ask about, LogBusy while it is under way."""
    started, result = beginning(events, folder), result_of(events, folder)
    if result.ok:
        return started
    name = store.name_of(folder)
    if not result.resumable:
        raise UsageError(
            f"{name} has no valid answer to ask about: {result.status}: {result.stop_reason}",
            hint="ask it anew, or ask about another run; see `advisor runs`",
        )
    if log.is_held(folder):
        raise LogBusy(f"another process is at this run: {name}", hint="ask about it when it has ended")
    raise UsageError(
        f"{name} stopped before it was answered: {result.stop_reason}",
        hint=f"advisor ask --resume {name} goes on with it; ask about it then",
    )


def _require_rebuilt(lines: Sequence[Line], folder: Path) -> None:
    transcript = Transcript()
    for line in lines:
        require_rebuilt(transcript, line.event, folder)
        transcript.apply(line.event)


def _root(lines: Sequence[Line]) -> str:
    return next(line.event.root for line in reversed(lines) if isinstance(line.event, RunFinished))
