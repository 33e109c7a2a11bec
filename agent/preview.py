"""A run until its first request would leave: what it would ask, of whom, with which tools, and at what cost at most.

Nothing is asked of any model but, where its service counts tokens and there is a key, how many the first request has.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.agentfile import AgentFile
from agent.as_of_date import as_of_day
from agent.doubts import doubts
from agent.encoding import compact
from agent.errors import AdvisorError, CredentialsError, ModelError, PutOff
from agent.gate import Gate, Ticket
from agent.gathering import result_of
from agent.journal import Listener
from agent.model.base import Model, Request, Turn, Usage
from agent.prices import terms_for
from agent.replay.again import MemoryPlace
from agent.result import ADVICE, RunResult
from agent.run import choose_model, question_of
from agent.sitting import Sitting
from agent.vouching import by_nobody

CHARACTERS = 4
"""A token's, where nobody counts."""


@dataclass(frozen=True)
class Preview:
    """`tokens`: of the first request, as the service `counted` them, or by its length; `ceiling`: USD of the whole run
    at most, None for a model without a price."""

    run: RunResult
    request: Request
    budget: Mapping[str, Any]
    tokens: int
    counted: bool
    first_usd: float | None
    ceiling: float | None

    def to_json(self) -> dict[str, Any]:
        return {
            "ok": True,
            "question": self.run.question,
            "as_of": self.run.as_of,
            "agent": self.run.agent_name,
            "model": self.request.parameters,
            "system": self.request.system,
            "messages": self.request.messages,
            "tools": [
                {"name": tool["name"], "server": tool["server"], "tool": tool["tool"]}
                for tool in self.run.offered.tools
            ],
            "budget": dict(self.budget),
            "first_request": {"tokens": self.tokens, "counted": self.counted, "usd": self.first_usd},
            "ceiling_usd": None if self.ceiling is None else round(self.ceiling, 6),
            "labels": self.run.labels,
            "warnings": self.run.warnings,
            "notice": ADVICE,
        }


@dataclass
class _Closed(Gate):
    """Lets nothing through, and keeps what wanted to leave."""

    request: Request | None = field(default=None)

    async def admit(self, request: Request) -> Ticket:
        self.request = request
        raise PutOff("a dry run ends before its first request")


class _Absent:
    """Stands for a paid model whose key is not there."""

    paid = True
    label = None

    def __init__(self, file: AgentFile, name: str | None) -> None:
        from agent.model import blocks, wire

        spec = blocks.chosen(file.spec.model, name)
        self.name = spec.name
        self.parameters = wire.parameters(blocks.resolved(spec)[0])

    async def answer(self, request: Request) -> Turn:
        raise ModelError(f"there is no key for {self.name}", kind="absent")

    async def close(self) -> None:
        """Nothing was opened."""


async def preview(
    file: AgentFile,
    question: str | None,
    *,
    as_of: str | None = None,
    model: str | None = None,
    offline: bool = False,
    simulated: bool = False,
    allow_live: bool = False,
    listen: Listener | None = None,
) -> Preview:
    """Raises what a run would raise before its first request."""
    asked, day = question_of(file, question), as_of_day(as_of)
    try:
        chosen = choose_model(file, model, offline)
    except CredentialsError:
        chosen = _Absent(file, model)
    gate, place = _Closed(), MemoryPlace(Path("/dry-run"))
    simulated = simulated or file.spec.simulated
    sitting = Sitting(
        file,
        asked,
        day,
        chosen,
        simulated,
        real_data_only=chosen.paid and not simulated,
        place=place,
        gate=gate,
        allow_live=allow_live,
        listen=listen,
        vouch=by_nobody,
    )
    try:
        with suppress(PutOff):
            await sitting.run()
    except AdvisorError as error:
        error.run_id = None  # nothing is kept of it
        raise
    else:
        return await _told(result_of(place.log[-1].events), file, chosen, gate)
    finally:
        await chosen.close()


async def _told(run: RunResult, file: AgentFile, model: Model, gate: _Closed) -> Preview:
    request = gate.request
    if request is None:
        raise ModelError(f"no request would be made: {run.stop_reason}", kind="no_request")
    counted = await _count(model, request)
    size = len(compact([request.system, request.tools, request.messages]))
    tokens = counted if counted is not None else size // CHARACTERS
    run.warnings += doubts(run, file.spec, datetime.date.today())
    price = terms_for(model).price
    longest = request.parameters.get("max_tokens", 0)
    results = file.spec.budget.tool_calls * file.spec.policy.result_chars // CHARACTERS
    return Preview(
        run,
        request,
        file.spec.budget.model_dump(),
        tokens,
        counted is not None,
        first_usd=price.usd(Usage(cache_write=tokens)) if price else None,
        ceiling=price.ceiling(file.spec.budget, longest=longest, results=results) if price else None,
    )


async def _count(model: Model, request: Request) -> int | None:
    from agent.model.claude import Claude

    return await model.count(request) if isinstance(model, Claude) else None
