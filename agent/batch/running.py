"""A batch under way: every job is one run, and all runs share servers, models, rate limits and caps."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from agent import prices
from agent.batch.executor import Executor, LocalExecutor
from agent.batch.folder import BatchFolder, begun_in, row_of, row_of_envelope
from agent.batch.jobs import Batch, Job
from agent.batch.limits import Caps, Limits, LimitsSpec
from agent.batch.outputs import Row, State
from agent.errors import (
    AdvisorError,
    CredentialsError,
    DecisionError,
    LogBusy,
    LogDamaged,
    LogError,
    ModelError,
    PutOff,
    ServerError,
    Stale,
    UsageError,
)
from agent.model.base import Model, Usage
from agent.place import Place
from agent.run import OFFLINE, choose_model
from agent.sitting import Sitting

if TYPE_CHECKING:
    from agent.tools.pool import ServerPool

STOPPING = "the batch is being stopped"


@dataclass
class Running:
    """`run` does what is left of the jobs; `stop` lets the requests under way come to their answers, and no more.

    `live_until`: when the session that the batch is about has passed; `now` gives the time.
    """

    batch: Batch
    folder: BatchFolder
    jobs: Sequence[Job]
    live_until: datetime | None = None
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    new_attempt: bool = False
    fatal: AdvisorError | None = None
    """What stopped the batch."""
    busy: LogBusy | None = None
    """Another process runs one of the jobs."""

    def __post_init__(self) -> None:
        """Raises UsageError for a job that another's files stand for, or a cap in USD over a model without a price."""
        self.rows = {job.id: self.folder.row(job) for job in self.jobs}
        self.left = [job for job in self.jobs if self._is_left(self.rows[job.id])]
        self._anew = {job.id for job in self.left if self.new_attempt and self.rows[job.id].status != "interrupted"}
        self._caps = Caps(usd=self.batch.spec.budget.usd, tokens=self.batch.spec.budget.tokens)
        self._check_prices()
        for row in self.rows.values():
            self._count(row)
        self._models: dict[str, Model] = {}
        self._gates: dict[str, Limits] = {}
        self._stopped: str | None = None

    async def run(self, tell: Callable[[Row], None], executor: Executor | None = None) -> None:
        """Do what is left; `tell` hears the row of each job that ended. `fatal` is for the caller to raise."""
        if not self.left:
            return
        from agent.tools.pool import ServerPool

        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._close_models)
            pool = await stack.enter_async_context(ServerPool())
            work = executor or LocalExecutor(self.batch.spec.limits.concurrency)
            await work.work(self.left, lambda job, last: self._run_one(job, pool, tell, last))

    def stop(self, reason: str = STOPPING) -> None:
        """No request is made any more; runs under way end at their next one, and go on another time."""
        self._stopped = reason
        for gate in self._gates.values():
            gate.stop(reason)

    @property
    def waiting(self) -> str | None:
        """What everybody waits for, if anything."""
        held = max((gate.held for gate in self._gates.values()), default=0.0)
        slowed = max((gate.slowed for gate in self._gates.values()), default=0.0)
        if held:
            return f"the service asked to wait, {held:.0f} s more"
        return f"the limits a minute let the next request leave in {slowed:.0f} s" if slowed > 1 else None

    def _is_left(self, row: Row) -> bool:
        return not row.complete or (self.new_attempt and row.state != "done")

    def _check_prices(self) -> None:
        limited = [job for job in self.left if (self._caps.usd, job.file.spec.budget.usd) != (None, None)]
        names = {self.rows[job.id].model for job in limited} - {OFFLINE}
        if unpriced := sorted(name for name in names if prices.price_of(name) is None):
            raise UsageError(
                f"a limit in USD needs prices, and there is none for {', '.join(unpriced)}",
                hint=f"add it to the price table ({prices.FILE} names one of your own), or cap tokens instead",
            )

    def _count(self, row: Row) -> None:
        """What earlier commands spent counts against the caps too."""
        if row.spend:
            usage = Usage(**row.spend["tokens"])
            self._caps.spend(row.spend["usd"] or 0.0, usage.counted)

    async def _run_one(self, job: Job, pool: ServerPool, tell: Callable[[Row], None], last: bool) -> bool:
        """Whether there is no more to be done for the job in this command."""
        if self._stopped:
            return True
        place = self.folder.place(job, new_attempt=job.id in self._anew)
        try:
            again = await self._try(job, place, pool)
        except asyncio.CancelledError:
            self._put(row_of(job, "interrupted", STOPPING, begun_in(place.folder)), place)
            raise
        if again and not last and not self._stopped:
            return False
        with suppress(Exception):  # who listens may have gone; the batch goes on
            tell(self.rows[job.id])
        return True

    async def _try(self, job: Job, place: Place, pool: ServerPool) -> bool:
        """One sitting of the job's run. Whether another try may end otherwise."""
        again = False
        try:
            with self.folder.job_held(place):
                result = await self._sitting(job, place, pool).run()
            row = row_of_envelope(job, result.envelope())
        except AdvisorError as error:
            again = self._heed(job, error)
            row = row_of(
                job, self._state(error), _reason(error), begun_in(place.folder), complete=isinstance(error, Stale)
            )
        except Exception as error:
            row = row_of(job, "failed", f"{type(error).__name__}: {error}", begun_in(place.folder))
        self._put(row, place)
        return again

    def _put(self, row: Row, place: Place) -> None:
        self.rows[row.id] = self.folder.with_earlier(place.folder, row)

    def _heed(self, job: Job, error: AdvisorError) -> bool:
        """Whether another try may help; what is in the way of every job stops the batch."""
        match error:
            case LogBusy():
                self.busy = error
            case LogDamaged():
                pass
            case UsageError() | CredentialsError() | LogError():
                self.fatal = self.fatal or error
                self.stop(error.message)
            case ServerError():
                return True
            case ModelError():
                return error.retryable
            case DecisionError() if self.new_attempt and job.id not in self._anew:
                self._anew.add(job.id)
                return True
        return False

    def _state(self, error: AdvisorError) -> State:
        """Put off, or to be decided, is not failed."""
        match error:
            case Stale():
                return "stale"
            case PutOff():
                return "interrupted" if self._stopped and not self.fatal else "deferred"
            case LogBusy():
                return "deferred"
            case DecisionError():
                return "needs_decision"
            case ModelError() if error.retryable:
                return "deferred"
            case _:
                return "failed"

    def _sitting(self, job: Job, place: Place, pool: ServerPool) -> Sitting:
        """Raises CredentialsError when a paid model has no key, PutOff when its first request would not leave."""
        model = self._model(job)
        gate = self._gate(model)
        if not place.folder.exists():
            gate.check()
        simulated = self.batch.simulated or job.file.spec.simulated
        return Sitting(
            job.file,
            job.question,
            job.as_of,
            model,
            simulated=simulated,
            real_data_only=not simulated,
            place=place,
            opening=pool.of,
            gate=gate,
            live_until=self.live_until,
            allow_live=self.batch.allow_live,
            now=self.now,
        )

    def _model(self, job: Job) -> Model:
        key = f"{job.model} {job.file.spec.model.model_dump_json()} {job.file.spec.timeouts.model_dump_json()}"
        if key not in self._models:
            self._models[key] = choose_model(job.file, job.model, offline=False)
        return self._models[key]

    def _gate(self, model: Model) -> Limits:
        spec = self.batch.spec.limits
        if model.name not in self._gates:
            rates = spec if model.paid else LimitsSpec(concurrency=spec.concurrency)
            self._gates[model.name] = Limits(rates, caps=self._caps, price=prices.terms_for(model).price)
            if self._stopped:
                self._gates[model.name].stop(self._stopped)
        return self._gates[model.name]

    async def _close_models(self) -> None:
        await asyncio.gather(*(model.close() for model in self._models.values()))


def _reason(error: AdvisorError) -> str:
    """One line, with what to do about it."""
    what = " ".join(error.message.split())
    return f"{what}; {error.hint}" if error.hint else what
