"""The public door: `await run(agent, question)` puts the parts together and returns a RunResult.

```python
import asyncio
from agent.run import run

result = asyncio.run(run("dynamic_sector_advisor", "Which sectors lead?", offline=True))
print(result.status, result.answer)
```
"""

from __future__ import annotations

import asyncio
import datetime
import hashlib
import json
import platform
import re
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent import __version__, agentfile, answer, data
from agent.agentfile import AgentFile
from agent.answer import RULES_TAG, AnswerCheck
from agent.budget import Budget
from agent.doubts import doubts
from agent.errors import (
    AdvisorError,
    LogError,
    ServerError,
    SpecError,
    UsageError,
)
from agent.events import (
    ArtifactWritten,
    ContentStored,
    RunFinished,
    RunStarted,
    ServerOpened,
)
from agent.foreign import whole
from agent.journal import Journal, Listener
from agent.loop import Ending, Loop
from agent.model.base import Model
from agent.result import PAGE, RunResult, ended, page_address
from agent.runs import store
from agent.runs.log import RunLog, write_whole
from agent.source import Source

if TYPE_CHECKING:
    from agent.tools.servers import InMemoryServer
    from agent.tools.toolbox import Toolbox

ANSWER = "answer.json"
OFFLINE = "planner"


async def run(
    agent: AgentFile | Mapping[str, Any] | str | Path,
    question: str | None = None,
    *,
    as_of: str | datetime.date | None = None,
    model: Model | str | None = None,
    offline: bool = False,
    simulated: bool = False,
    servers: Mapping[str, InMemoryServer] | None = None,
    listen: Listener | None = None,
) -> RunResult:
    """Ask one question and return what came of it; the whole run is in the log of `RunResult.folder`.

    `agent`: a loaded agent file, its path, the name of a shipped one, or its content as a mapping. `question`
    defaults to the file's `objective`. `as_of`: an ISO date that every tool which takes one is asked for.
    `model`: a model id, `planner`, or an object of your own. `offline` is `model="planner"`. `simulated` allows
    a paid model to see simulated data. `servers`: MCP server objects of this process, instead of the file's.

    Raises SpecError, UsageError, CredentialsError, ServerError, DriftError, ModelError or LogError. The log is
    sealed in each case, also when the task is cancelled.
    """
    file = _loaded(agent)
    asked = whole((question or file.spec.objective or "").strip())
    if not asked:
        raise UsageError("there is no question", hint='advisor ask "Which sectors …?", or an `objective` in the file')
    day = iso_day(as_of)
    chosen = choose_model(file, model, offline)
    return await _Run(file, asked, day, chosen, simulated or file.spec.simulated, servers, listen).run()


def _loaded(agent: AgentFile | Mapping[str, Any] | str | Path) -> AgentFile:
    if isinstance(agent, AgentFile):
        return agent
    if not isinstance(agent, Mapping):
        return agentfile.load(agent)
    try:
        return agentfile.parse(Source("the agent mapping", json.loads(json.dumps(agent))))
    except TypeError as error:
        raise SpecError([f"the agent mapping is not JSON: {error}"]) from None


def iso_day(day: str | datetime.date | None) -> str | None:
    """Raises UsageError unless it is None, a date, or one written as 2008-09-30."""
    if day is None or isinstance(day, datetime.date):
        return day.isoformat()[:10] if day else None
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", day):
            return datetime.date.fromisoformat(day).isoformat()
    except ValueError:
        pass
    raise UsageError(f"--as-of {day!r} is no date", hint="write it as 2008-09-30") from None


def choose_model(file: AgentFile, model: Model | str | None, offline: bool) -> Model:
    """Raises CredentialsError when a paid model has no key."""
    if model is not None and not isinstance(model, str):
        return model
    if offline or model == OFFLINE:
        from agent.model.planner import Planner

        return Planner()
    from agent.model.claude import Claude

    return Claude(file.spec.model if model is None else file.spec.model.model_copy(update={"name": model}))


@dataclass
class _Run:
    """One run from its first event to its seal."""

    file: AgentFile
    question: str
    as_of: str | None
    model: Model
    simulated: bool
    in_memory: Mapping[str, InMemoryServer] | None
    listen: Listener | None

    async def run(self) -> RunResult:
        run_id = store.new_id()
        try:
            log = RunLog(store.folder(run_id))
        except LogError:
            await self.model.close()
            raise
        journal = Journal(log, self.listen)
        try:
            self._start(journal, run_id)
            try:
                ending = await self._within_seconds(journal)
            finally:
                await self.model.close()
            return self._finish(journal, ending)
        except asyncio.CancelledError:
            self._seal(journal, Ending("interrupted", "the run was interrupted"))
            raise
        except LogError as error:
            error.run_id = run_id
            raise
        except AdvisorError as error:
            error.run_id = run_id
            self._seal(journal, Ending("failed", f"{error.code}: {error.message}"))
            raise
        except Exception as error:
            self._seal(journal, Ending("failed", f"{type(error).__name__}: {error}"))
            raise
        finally:
            log.close()

    def _start(self, journal: Journal, run_id: str) -> None:
        spec = self.file.spec
        schema = answer.compile_strict(spec)
        opening = opening_texts(self.file, self.question, self.as_of, schema)
        contents = [ContentStored.of(each) for each in (self.file.public, self.file.system, opening, schema)]
        for content in contents:
            journal.emit(content)
        agent_hash, prompt, opening_hash, schema_hash = (content.hash for content in contents)
        journal.emit(
            RunStarted(
                run_id=run_id,
                question=self.question,
                as_of=self.as_of,
                agent=Path(self.file.source.name).name,
                spec=agent_hash,
                prompt=prompt,
                opening=opening_hash,
                schema=schema_hash,
                model={"name": self.model.name} | self.model.parameters,
                versions={"sector-advisor": __version__, "python": platform.python_version()},
                budget=spec.budget.model_dump(),
                labels=[self.model.label] if self.model.label else [],
                simulated=self.simulated,
            )
        )

    async def _within_seconds(self, journal: Journal) -> Ending:
        budget = Budget(self.file.spec.budget)
        try:
            async with asyncio.timeout(budget.seconds_left) as clock:
                return await self._converse(journal, budget)
        except TimeoutError:
            if not clock.expired():
                raise
            return Ending("budget", budget.says("seconds"))

    async def _converse(self, journal: Journal, budget: Budget) -> Ending:
        from agent.tools.admission import admit

        spec = self.file.spec
        folder = journal.log.folder
        check = AnswerCheck(
            spec,
            journal.request().schema,
            page_address(folder, folder.name, spec.pages_url),
            RULES_TAG if self.model.label else None,
        )
        journal.follow(budget, check)
        async with AsyncExitStack() as stack:
            box = await self._open(stack, journal)
            failed = bool(journal.result.failed_servers)
            real_data_only = self.model.paid and not self.simulated
            journal.warn(*admit(box, spec, servers_failed=failed, real_data_only=real_data_only))
            if box.names and not box.tools and spec.policy.require_calls:
                return Ending("unsupported", "no tool could be offered, so no answer could be supported")
            loop = Loop(self.model, box, check, budget, journal, self.simulated)
            try:
                return await loop.run()
            finally:
                for error in box.lost.values():
                    journal.emit(error.failure)
                    journal.warn(error.message)

    async def _open(self, stack: AsyncExitStack, journal: Journal) -> Toolbox:
        """Open the servers, and offer what they have. Raises ServerError when a required one failed."""
        from agent.tools import toolbox
        from agent.tools.servers import in_memory, opened, servers_of

        spec = self.file.spec
        servers = servers_of(self.file) if self.in_memory is None else in_memory(self.in_memory, spec.timeouts)
        if self.in_memory is None and spec.mcpServers is None:
            journal.warn("no mcpServers in the agent file: the embedded market server was used, with simulated data")
        try:
            outcomes = await stack.enter_async_context(opened(servers))
        except ServerError as error:
            journal.emit(error.failure)
            raise
        working = []
        for server, outcome in zip(servers, outcomes, strict=True):
            if isinstance(outcome, ServerOpened):
                journal.emit(outcome)
                working.append(server)
            else:
                journal.emit(outcome.failure)
                journal.warn(outcome.message)
        box = toolbox.collect(spec, self.as_of, working)
        box.names = [server.name for server in servers]
        contents, offered = box.manifest()
        for event in (*contents, offered):
            journal.emit(event)
        return box

    def _finish(self, journal: Journal, ending: Ending) -> RunResult:
        """Render the page, end the log, write the answer; each from what stands in the log before it."""
        from agent.report import page

        today = datetime.datetime.now(datetime.UTC).date()
        journal.warn(*journal.result.notes, *doubts(journal.result, self.file.spec, today))
        finished = self._finished(journal, ending)
        seen = ended(replace(journal.result, folder=None), finished)
        content = page.render(seen).encode()
        write_whole(journal.log.folder / PAGE, content)
        sha256 = hashlib.sha256(content).hexdigest()
        journal.emit(ArtifactWritten(kind="page", path=PAGE, sha256=sha256, media_type="text/html"))
        journal.emit(replace(finished, root=journal.log.root))
        journal.log.sync_now()
        result = journal.result
        if result.ok:
            text = json.dumps(result.answer, ensure_ascii=False, indent=2) + "\n"
            write_whole(journal.log.folder / ANSWER, text.encode())
        return result

    def _finished(self, journal: Journal, ending: Ending) -> RunFinished:
        return RunFinished(
            status=ending.status,
            stop_reason=ending.stop_reason,
            totals=journal.result.spend(),
            answer=ending.answer,
            warnings=journal.result.warnings,
            root=journal.log.root,
        )

    def _seal(self, journal: Journal, ending: Ending) -> None:
        """End the log of a run that came to no answer. A log that takes no more lines keeps what it has."""
        with suppress(LogError):
            journal.emit(self._finished(journal, ending))
            journal.log.sync_now()


def opening_texts(file: AgentFile, question: str, as_of: str | None, schema: dict[str, Any]) -> list[str]:
    """The first user message: the question, then what it is about and the form of the answer."""
    spec = file.spec
    facts = [
        f"As-of date: {as_of}" if as_of else "",
        f"Horizon: {spec.horizon}" if spec.recommends_sectors else "",
        f"Benchmark: {spec.benchmark}" if spec.benchmark else "",
        f"Sectors, each of which needs a recommendation: {', '.join(spec.universe_sectors)}"
        if spec.universe_sectors
        else "",
    ]
    context = "\n".join(fact for fact in facts if fact)
    return [question, data.words("opening", context=context, schema=json.dumps(schema, ensure_ascii=False, indent=1))]
