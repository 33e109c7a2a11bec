"""The public door: `await run(agent, question)` puts the parts together and returns a RunResult.

```python
import asyncio
from agent.run import run

result = asyncio.run(run("dynamic_sector_advisor", "Which sectors lead?", offline=True))
print(result.status, result.answer)
```
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import ValidationError

from agent import agentfile, prices
from agent.agentfile import AgentFile
from agent.as_of_date import as_of_day
from agent.errors import DecisionError, SpecError, UsageError
from agent.events import ContentStored, Event, ModelAsked, QuestionAsked, RunStarted, beginning_of
from agent.figures import FigureReader
from agent.foreign import REDACTED, whole
from agent.gathering import result_of
from agent.journal import Listener
from agent.model.base import Model
from agent.offer import Opening
from agent.place import Place
from agent.result import RunResult
from agent.runs import log, store
from agent.server_spec import StdioServer
from agent.sitting import Sitting
from agent.source import Source
from agent.spec import AgentSpec
from agent.tools import trust
from agent.tools.pool import ServerPool, in_process
from agent.tools.ports import Person

if TYPE_CHECKING:
    from agent.tools.servers import InMemoryServer

OFFLINE = "planner"


async def run(
    agent: AgentFile | Mapping[str, Any] | str | Path,
    question: str | None = None,
    *,
    as_of: str | datetime.date | None = None,
    model: Model | str | None = None,
    offline: bool = False,
    simulated: bool = False,
    allow_live: bool = False,
    budget: Mapping[str, float] | None = None,
    servers: Mapping[str, InMemoryServer] | None = None,
    pool: ServerPool | None = None,
    person: Person | None = None,
    listen: Listener | None = None,
) -> RunResult:
    """Ask one question and return what came of it; the whole run is in the log of `RunResult.folder`.

    `agent`: a loaded agent file, its path, the name of a shipped one, or its content as a mapping. `question`
    defaults to the file's `objective`. `as_of`: the ISO date of a day that has begun, which every tool that takes one
    is asked for, and whose future no model is shown; `allow_live` asks tools that take none for a past date, too.
    `model`: a model id, `planner`, or an object of your own. `offline` is `model="planner"`. `simulated` allows
    a paid model to see simulated data. `budget`: limits in place of the file's, such as {"usd": 0.5}. `servers`: MCP
    server objects of this process, instead of the file's. `pool`: where the file's servers stay open for the runs that
    follow, one at a time. `person`: who is asked, where the file's policy says `ask`.

    Raises SpecError, UsageError, CredentialsError, ServerError, DriftError, ModelError or LogError. The log is
    sealed in each case, also when the task is cancelled.
    """
    file = _loaded(agent).within(budget or {})
    asked = question_of(file, question)
    day = as_of_day(as_of)
    place = Place(store.folder(store.new_id()))
    simulated = simulated or file.spec.simulated
    chosen = choose_model(file, model, offline)
    real_data_only = chosen.paid and not simulated
    prices.require(prices.terms_for(chosen), chosen.name, file.spec.budget)
    opening = _in_process(servers, person)
    sitting = Sitting(file, asked, day, chosen, simulated, real_data_only, place, opening, pool)
    return await sit(replace(sitting, allow_live=allow_live, listen=listen, person=person))


async def resume(
    folder: Path,
    *,
    agent: AgentFile | Mapping[str, Any] | str | Path | None = None,
    in_flight: Literal["repeat", "skip"] | None = None,
    new_attempt: bool = False,
    model: Model | None = None,
    servers: Mapping[str, InMemoryServer] | None = None,
    person_for: Callable[[AgentSpec], Person | None] = lambda _: None,
    trusted: bool = True,
    listen: Listener | None = None,
) -> RunResult:
    """Go on with the run whose log lies in `folder`, at the first thing that has no result; or give the result it has.

    `agent` is needed only where the log keeps no values of the file's (literal `env` and `headers`). `in_flight` says
    what to do about a call that may have been carried out when it stopped. `new_attempt` begins it again instead.
    `person_for`: who is asked, where the policy says `ask`. `trusted`: whether a log from anywhere may start programs.

    Raises TrustNeeded; DecisionError when what the run began with has changed; and what `run` raises.
    """
    lines = log.read(folder / log.FILE)
    events = [line.event for line in lines]
    started = beginning(events, folder)
    if not (result := result_of(events, folder)).resumable and not new_attempt:
        return await Place.recorded(folder.absolute(), started.files).hand_out(result)
    question = newest_question(events)
    file = file_of(started, events, agent)
    if agent is None and servers is None:
        trust.require(file.spec, folder, trusted=trusted)
        anew = new_attempt and question is None
        if anew or not any(isinstance(event, ModelAsked) for event in events):
            _require_no_lock(file.spec, started)
    if new_attempt and "envelope" in started.files:
        raise UsageError(f"{folder.name} is a job of a batch", hint="advisor batch … --new-attempt begins it again")
    place = Place(store.folder(store.new_id())) if new_attempt else Place.recorded(folder.absolute(), started.files)
    sitting = going_on(started, file, place, model, servers, person_for(file.spec))
    if new_attempt and question is not None:
        attended = sitting.person is not None
        asked = replace(question, run_id=place.folder.name, files=place.files, attended=attended)
        log.begin(place.folder, lines[: events.index(question)], asked)
    vetted = started.vetted or new_attempt
    return await sit(replace(sitting, vetted=vetted, in_flight=in_flight, listen=listen))


def going_on(
    started: RunStarted,
    file: AgentFile,
    place: Place,
    model: Model | None,
    servers: Mapping[str, InMemoryServer] | None,
    person: Person | None,
) -> Sitting:
    """A sitting with what a run began with. Raises CredentialsError when a paid model has no key."""
    return Sitting(
        file,
        started.question,
        started.as_of,
        model or choose_model(file, str(started.model["name"]), offline=False),
        started.simulated,
        started.real_data_only,
        place,
        _in_process(servers, person),
        live_until=datetime.datetime.fromisoformat(started.live_until) if started.live_until else None,
        allow_live=started.allow_live,
        vetted=started.vetted,
        person=person,
    )


def beginning(events: Iterable[Event], folder: Path) -> RunStarted:
    """Of a run that can go on. Raises UsageError for one that cannot."""
    started = beginning_of(events)
    if started is None:
        raise UsageError(f"{folder.name} stopped before it began: there is nothing to go on with", hint="ask again")
    if started.replay_of:
        raise UsageError(
            f"{folder.name} is a replay, and does not go on: its tools only tell what was recorded",
            hint="advisor runs replay makes it again",
        )
    return started


def newest_question(events: Iterable[Event]) -> QuestionAsked | None:
    """The one that the run is about; None for a run that follows no other."""
    return next((event for event in reversed(list(events)) if isinstance(event, QuestionAsked)), None)


def file_of(
    started: RunStarted, events: Iterable[Event], agent: AgentFile | Mapping[str, Any] | str | Path | None
) -> AgentFile:
    """The agent file that a run goes on with: the one that is given, else the one in its log. Raises what `as_logged`
    raises, and SpecError.
    """
    return as_logged(started, _contents(events)) if agent is None else _loaded(agent).within(started.budget)


def _contents(events: Iterable[Event]) -> dict[str, Any]:
    return {event.hash: event.content for event in events if isinstance(event, ContentStored)}


def _require_no_lock(spec: AgentSpec, started: RunStarted) -> None:
    """For a run that is still to be offered its tools, which its agent file's lock has to know. Raises UsageError."""
    foreign = [name for name, each in spec.servers.items() if not (isinstance(each, StdioServer) and each.is_embedded)]
    lies_somewhere = bool(Path(started.agent).suffix)  # else it is a mapping, which has no lock
    if foreign and lies_somewhere:
        raise UsageError(
            f"the tools of {', '.join(foreign)} have to be compared with the agent file's lock, and the log does not "
            "say where the file lies",
            hint=f"name it: -c {started.agent}",
        )


def _in_process(servers: Mapping[str, InMemoryServer] | None, person: Person | None) -> Opening | None:
    return None if servers is None else in_process(servers, person)


async def sit(sitting: Sitting) -> RunResult:
    """Raises what a sitting raises; its model is closed in each case."""
    try:
        return await sitting.run()
    finally:
        await sitting.model.close()


def as_logged(started: RunStarted, contents: Mapping[str, Any], *, connects: bool = True) -> AgentFile:
    """The agent file that a run began with; unless it `connects`, without values of env and headers that stand in it.

    Raises UsageError when the log does not hold all that it takes, DecisionError when it is another version's.
    """
    content = contents[started.spec]
    if connects and REDACTED in json.dumps(content):
        raise UsageError(
            "the log does not keep the values of env and headers that stand in the agent file itself",
            hint=f"name the file that the run began with: -c {started.agent}",
        )
    try:
        spec = AgentSpec.model_validate(content)
    except ValidationError:
        raise DecisionError(
            "the run began with an agent file that this version does not take",
            hint=f"resume it with the version that wrote it: {started.versions.get('sector-advisor')}",
        ) from None
    return AgentFile(spec, Source(started.agent, content), contents[started.prompt]).within(started.budget)


def question_of(file: AgentFile, question: str | None) -> str:
    """The one that is given, else the file's objective. Raises UsageError when there is none."""
    asked = str(whole((question or "").strip() or (file.spec.objective or "").strip()))
    if not asked:
        raise UsageError("there is no question", hint='advisor ask "Which sectors …?", or an `objective` in the file')
    return asked


def _loaded(agent: AgentFile | Mapping[str, Any] | str | Path) -> AgentFile:
    if isinstance(agent, AgentFile):
        return agent
    if not isinstance(agent, Mapping):
        return agentfile.load(agent)
    try:
        return agentfile.parse(Source("the agent mapping", json.loads(json.dumps(agent))))
    except TypeError as error:
        raise SpecError([f"the agent mapping is not JSON: {error}"]) from None


def choose_model(file: AgentFile, model: Model | str | None, offline: bool) -> Model:
    """Raises CredentialsError when a paid model has no key."""
    if model is not None and not isinstance(model, str):
        return model
    if offline or model == OFFLINE:
        from agent.model.planner import Planner

        return Planner(FigureReader(file.spec))
    from agent.model import blocks
    from agent.model.claude import Claude

    return Claude(blocks.chosen(file.spec.model, model), file.spec.timeouts)
