"""A batch under way: every job is one run, and all runs share servers, models, rate limits and caps."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent import prices
from agent.batch.executor import Executor, LocalExecutor
from agent.batch.folder import BatchFolder, row_of, row_of_envelope
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
from agent.run import OFFLINE, choose_model
from agent.sitting import Sitting

if TYPE_CHECKING:
    from agent.tools.pool import ServerPool

STOPPING = "the batch is being stopped"
FATAL = (UsageError, CredentialsError, LogError)
"""What is in the way of one job is in the way of all others."""


@dataclass
class Running:
    """`run` does what is left of the jobs; `stop` lets the requests under way come to their answers, and no more.

    `passed` says whether the session that the batch is about has passed.
    """

    batch: Batch
    folder: BatchFolder
    jobs: Sequence[Job]
    passed: Callable[[], bool] = lambda: False
    new_attempt: bool = False
    fatal: AdvisorError | None = None
    """What stopped the batch."""
    busy: LogBusy | None = None
    """Another process runs one of the jobs."""

    def __post_init__(self) -> None:
        """Raises UsageError for a job that another's files stand for, or a cap in USD over a model without a price."""
        self.rows = {job.id: self.folder.row(job) for job in self.jobs}
        self.left = [job for job in self.jobs if self._is_left(self.rows[job.id])]
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
        seconds = max((gate.held for gate in self._gates.values()), default=0.0)
        return f"the service asked to wait, {seconds:.0f} s more" if seconds > 0 else None

    def _is_left(self, row: Row) -> bool:
        return not row.complete or (self.new_attempt and row.state != "done")

    def _check_prices(self) -> None:
        if self._caps.usd is None:
            return
        names = {self.rows[job.id].model for job in self.left} - {OFFLINE}
        if unpriced := sorted(name for name in names if prices.price_of(name) is None):
            raise UsageError(
                f"a cap in USD needs prices, and there is none for {', '.join(unpriced)}",
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
        row, again = await self._row(job, pool)
        if again and not last and not self._stopped:
            return False
        self.rows[job.id] = row
        tell(row)
        return True

    async def _row(self, job: Job, pool: ServerPool) -> tuple[Row, bool]:
        """What came of the job, and whether another try may end otherwise."""
        try:
            result = await self._sitting(job, pool).run()
            return row_of_envelope(job, result.envelope()), False
        except AdvisorError as error:
            if isinstance(error, FATAL) and not isinstance(error, LogBusy | LogDamaged) and not self.fatal:
                self.fatal = error
                self.stop(error.message)
            if isinstance(error, LogBusy):
                self.busy = error
            passing = isinstance(error, ServerError) or (isinstance(error, ModelError) and error.retryable)
            begun = self.folder.begun(job)
            return row_of(job, self._state(error), error.message, begun, complete=isinstance(error, Stale)), passing
        except Exception as error:
            return row_of(job, "failed", f"{type(error).__name__}: {error}", self.folder.begun(job)), False

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

    def _sitting(self, job: Job, pool: ServerPool) -> Sitting:
        """Raises CredentialsError when a paid model has no key, PutOff when its first request would not leave."""
        model = self._model(job)
        gate = self._gate(model)
        gate.check()
        simulated = self.batch.simulated or job.file.spec.simulated
        return Sitting(
            job.file,
            job.question,
            job.as_of,
            model,
            simulated=simulated,
            real_data_only=not simulated,
            place=self.folder.place(job, new_attempt=self.new_attempt),
            pool=pool,
            gate=gate,
            dated_only=self.passed(),
        )

    def _model(self, job: Job) -> Model:
        key = f"{job.model} {job.file.spec.model.model_dump_json()}"
        if key not in self._models:
            self._models[key] = choose_model(job.file, job.model, offline=False)
        return self._models[key]

    def _gate(self, model: Model) -> Limits:
        spec = self.batch.spec.limits
        if model.name not in self._gates:
            rates = spec if model.paid else LimitsSpec(concurrency=spec.concurrency)
            price = prices.price_of(model.name) if model.paid else prices.FREE
            self._gates[model.name] = Limits(rates, caps=self._caps, price=price)
            if self._stopped:
                self._gates[model.name].stop(self._stopped)
        return self._gates[model.name]

    async def _close_models(self) -> None:
        await asyncio.gather(*(model.close() for model in self._models.values()))
