"""One sitting of a run: from its first event, or from where its log stops, to an end or an interruption."""

from __future__ import annotations

import asyncio
import datetime
import platform
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, closing, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal

from agent import __version__, prices
from agent.agentfile import AgentFile
from agent.answer import RULES_TAG, AnswerCheck
from agent.beginning import first_events, require_same
from agent.breaker import Breaker
from agent.budget import Budget
from agent.company import BorrowedModel, Unhurried
from agent.days import next_weekday
from agent.doubts import doubts
from agent.errors import AdvisorError, DecisionError, LogError, PutOff, ServerError
from agent.events import RunCompared, RunFinished, RunResumed, Status, ToolsVouched
from agent.evidence.shown import shown
from agent.gate import Gate
from agent.gathering import ended
from agent.journal import Journal, Listener, Log
from agent.loop import Ending, Loop
from agent.model.base import Model
from agent.offer import Opening, offer, open_servers
from agent.place import Place
from agent.predecessor import by_store
from agent.prices import Terms
from agent.result import RunResult, page_address
from agent.runs import store
from agent.tools.pool import ServerPool
from agent.tools.ports import Lender, Person
from agent.tools.process import begun
from agent.tools.toolbox import Toolbox
from agent.tracing import invocation
from agent.underway import Underway
from agent.vouching import Vouch, by_lock

VERSIONS = {"sector-advisor": __version__, "python": platform.python_version()}


@dataclass
class Sitting:
    """`run` begins the run, or goes on with it when the log in its place has begun.

    `opening`: how its servers are opened; without it, the agent file's are, in `pool`, else for this run alone.
    `live_until`: when a tool that takes no date would tell of a later session than the run's; without it, when the next
    weekday after the as-of date begins here. `allow_live` lets such tools answer at any time, and so does `recorded`:
    they tell what they told. `vetted`: what is later than the as-of date is withheld, and numbers of answers are looked
    up; not so in a run from before there was that. `real_data_only` refuses simulated data. `replay_of`: the run or
    case whose recorded tools `opening` opens. `person`: who is asked what servers ask, and about calls that may change
    something. `vouch`: who says whether tools are what they were. `predecessor`: what its recommendations are compared
    with.
    """

    file: AgentFile
    question: str
    as_of: str | None
    model: Model
    simulated: bool
    real_data_only: bool
    place: Place
    opening: Opening | None = None
    pool: ServerPool | None = None
    gate: Gate = field(default_factory=Gate)
    live_until: datetime.datetime | None = None
    allow_live: bool = False
    recorded: bool = False
    vetted: bool = True
    now: Callable[[], datetime.datetime] = lambda: datetime.datetime.now(datetime.UTC)
    in_flight: Literal["repeat", "skip"] | None = None
    listen: Listener | None = None
    person: Person | None = None
    vouch: Vouch = by_lock
    replay_of: str | None = None
    predecessor: Callable[[RunResult], RunCompared | None] = by_store
    versions: Mapping[str, str] = field(default_factory=lambda: dict(VERSIONS))
    terms_for: Callable[[Model], Terms] = prices.terms_for

    async def run(self) -> RunResult:
        """Raises LogBusy, LogDamaged, LogError; DecisionError when the log began with something else; AdvisorError for
        what is no outcome. But for a log that cannot be written, each of them is the end that the log then has.
        """
        with closing(self.place.open_log()) as log:
            journal = self._recalled(log)
            if not journal.result.resumable:
                return await self.place.hand_out(journal.result)
            agent, resumed = self.file.spec.agent_name, journal.goes_on
            with invocation(agent, self.model.name, lambda: journal.result, resumed=resumed):
                try:
                    return await self._sit(journal)
                except asyncio.CancelledError:
                    self._seal(journal, "interrupted", "the run was interrupted")
                    raise
                except AdvisorError as error:
                    error.run_id = store.name_of(self.place.folder)
                    if not isinstance(error, LogError):
                        self._seal(journal, _status(error), f"{error.code}: {error.message}")
                    raise
                except Exception as error:
                    self._seal(journal, "failed", f"{type(error).__name__}: {error}")
                    raise

    def _recalled(self, log: Log) -> Journal:
        """Raises DecisionError, and leaves the log as it is, when the run cannot go on with what it began with."""
        try:
            journal = Journal(log, self.listen)
            if journal.started:
                require_same(self, journal.started)
        except DecisionError as error:
            error.run_id = store.name_of(self.place.folder)
            raise
        return journal

    async def _sit(self, journal: Journal) -> RunResult:
        if journal.started is None:
            for event in first_events(self):
                journal.emit(event)
            check = self._follow(journal)
        else:
            check = self._follow(journal)
            journal.tell(journal.started)
            if journal.goes_on:
                journal.emit(RunResumed(self.in_flight))
        return await self._finish(journal, await self._within_seconds(journal, *check))

    def _follow(self, journal: Journal) -> tuple[Budget, AnswerCheck]:
        spec, place, request = self.file.spec, self.place, journal.request()
        check = AnswerCheck(
            spec,
            request.schema,
            page_address(place.folder, place.page, spec.pages_url),
            RULES_TAG if self.model.label else None,
            request.system,
            lambda: shown(journal.result),
            journal.result.vetted,
        )
        budget = Budget(spec.budget, journal.result.price)
        journal.follow(budget, check)
        return budget, check

    async def _within_seconds(self, journal: Journal, budget: Budget, check: AnswerCheck) -> Ending:
        try:
            async with asyncio.timeout(budget.seconds_left) as budget.clock:
                return await self._converse(journal, budget, check)
        except TimeoutError:
            if not budget.clock or not budget.clock.expired():
                raise
            return Ending("budget", budget.out_of_seconds())

    async def _converse(self, journal: Journal, budget: Budget, check: AnswerCheck) -> Ending:
        spec = self.file.spec
        breaker = Breaker()
        journal.follow(breaker)
        loop = Loop(
            self.model, check, budget, breaker, journal.position, journal, self.gate, self.real_data_only, self.now
        )
        if ending := loop.conclude():
            return ending
        async with AsyncExitStack() as stack:
            box = await self._open(journal, budget, stack)
            if box.names and not box.tools and spec.policy.require_calls:
                return Ending("unsupported", "no tool could be offered, so no answer could be supported")
            try:
                return await loop.run(box)
            finally:
                for _, error in sorted(box.lost.items()):
                    journal.emit(error.failure)
                    journal.warn(error.message)
                words = box.words | {server.name: server.stderr for server in box.servers.values()}
                for name, printed in words.items():
                    await self.place.keep_words(name, printed)

    async def _open(self, journal: Journal, budget: Budget, stack: AsyncExitStack) -> Toolbox:
        """The tools of this sitting. Raises what forbids it to begin with them."""
        person = Unhurried(self.person, budget) if self.person else None
        lender = BorrowedModel(self.model, budget)
        opening = await self._begin(person, lender, stack)
        try:
            box = await open_servers(opening, self.file, self.as_of, journal, stack, attended=person is not None)
        except ServerError as error:
            await self.place.keep_words(error.failure.server, error.stderr)
            raise
        box.now, box.person = self.now, person
        box.gated = journal.result.vetted
        anew = not journal.result.turns and not journal.result.requests
        warnings = await self._vouched_at_first(box, journal) if anew else []
        offer(box, journal)
        journal.warn(*warnings, *self._admitted(box, journal))
        box.choose_again = partial(self._choose_again, box, journal)
        return box

    def _admitted(self, box: Toolbox, journal: Journal) -> list[str]:
        from agent.tools.admission import admit

        return admit(
            box,
            self.file.spec,
            servers_failed=bool(journal.result.failed_servers),
            real_data_only=self.real_data_only,
            dated_only=self._dated_only(journal.result),
        )

    def _choose_again(self, box: Toolbox, journal: Journal) -> list[str]:
        """When a server's list has changed in the middle of the run."""
        from agent.tools.collecting import choose

        choose(box)
        return self._vouched_again(box, journal) + self._admitted(box, journal)

    async def _vouched_at_first(self, box: Toolbox, journal: Journal) -> list[str]:
        """Raises ToolsChanged. Another process may hold the lock for a while."""
        vouch = partial(self.vouch, self.file, box, journal.result.servers, turn=1, first=True)
        return self._heed(await asyncio.to_thread(vouch), box, journal)

    def _vouched_again(self, box: Toolbox, journal: Journal) -> list[str]:
        """Raises ToolsChanged."""
        turn = journal.result.turns + 1
        return self._heed(self.vouch(self.file, box, journal.result.servers, turn=turn, first=False), box, journal)

    def _heed(self, vouched: ToolsVouched, box: Toolbox, journal: Journal) -> list[str]:
        """Leave out of the offer what is held back; the warnings."""
        for name in vouched.held:
            box.tools.pop(name, None)
        if vouched.warnings or vouched.held:
            journal.emit(vouched)
        return vouched.warnings

    async def _begin(self, person: Person | None, lender: Lender, stack: AsyncExitStack) -> Opening:
        """How the servers are opened: the first of a pool boot while the SDKs are imported."""
        from agent.model.claude import Claude

        pool = self.pool or ServerPool()
        early = self.opening is None and pool.empty
        processes = await stack.enter_async_context(begun(self.file)) if early else {}
        if isinstance(self.model, Claude):
            self.model.load()
        if self.opening:
            return self.opening
        if pool is not self.pool:
            await stack.enter_async_context(pool)

        def tell(names: list[str]) -> None:
            if self.listen:
                self.listen(Underway(f"opening the servers: waiting for {', '.join(names)}"))

        return partial(pool.of, person=person, lender=lender, tell=tell, begun=processes)

    def _dated_only(self, result: RunResult) -> Literal["past", "missed"] | None:
        """Whether tools that take no date would tell of a later one: than a missed slot's, or any other past date."""
        if self.as_of is None or self.allow_live or self.recorded or self.replay_of:
            return None
        now = self.now()
        if self.live_until is not None:
            return "missed" if now >= self.live_until else None
        past = now.astimezone().date() >= next_weekday(self.as_of)
        return "past" if past and result.vetted else None

    async def _finish(self, journal: Journal, ending: Ending) -> RunResult:
        """Render the page, end the log, write the answer; each from what stands in the log before it."""
        today = self.now().date()
        answered = replace(journal.result, answer=ending.answer, status=ending.status)
        journal.warn(*journal.result.notes, *doubts(answered, self.file.spec, today))
        if compared := await asyncio.to_thread(self.predecessor, answered):
            journal.emit(compared)
        finished = _finished(journal, ending, resumable=ending.status == "needs_decision")
        journal.emit(await self.place.write_page(ended(journal.result, finished)))
        journal.emit(replace(finished, root=journal.log.root))
        await journal.sync()
        return await self.place.hand_out(journal.result)

    def _seal(self, journal: Journal, status: Status, stop_reason: str) -> None:
        """End this sitting of a run that came to no end. A log that takes no more lines keeps what it has."""
        if journal.result.resumable:
            with suppress(LogError):
                journal.emit(_finished(journal, Ending(status, stop_reason), resumable=True))
                journal.log.sync_now()


def _finished(journal: Journal, ending: Ending, *, resumable: bool) -> RunFinished:
    return RunFinished(
        status=ending.status,
        stop_reason=ending.stop_reason,
        totals=journal.result.spend(),
        answer=ending.answer,
        warnings=journal.result.warnings,
        root=journal.log.root,
        resumable=resumable,
    )


def _status(error: AdvisorError) -> Status:
    """How a sitting ended that such an error ended."""
    if isinstance(error, PutOff):
        return "interrupted"
    return "needs_decision" if isinstance(error, DecisionError) else "failed"
