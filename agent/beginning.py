"""How a run begins: the first events of its log, and whether one that goes on began with the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent import answer, prices
from agent.errors import DecisionError
from agent.events import ContentStored, Event, RunStarted
from agent.offer import ASK_ANEW, NEW_ATTEMPT
from agent.opening import opening_texts
from agent.result import REPLAYED

if TYPE_CHECKING:
    from agent.sitting import Sitting


def first_events(sitting: Sitting) -> Iterator[Event]:
    """What the run is about, and its start. Raises UsageError when a limit in USD meets a model without a price."""
    file, place = sitting.file, sitting.place
    schema = answer.compile_strict(file.spec)
    opening = opening_texts(file, sitting.question, sitting.as_of, schema)
    contents = [ContentStored.of(each) for each in (file.public, file.system, opening, schema)]
    yield from contents
    agent_hash, prompt, opening_hash, schema_hash = (content.hash for content in contents)
    terms = sitting.terms_for(sitting.model)
    prices.require(terms, sitting.model.name, file.spec.budget)
    yield RunStarted(
        run_id=place.folder.name,
        question=sitting.question,
        as_of=sitting.as_of,
        agent=Path(file.source.name).name,
        spec=agent_hash,
        prompt=prompt,
        opening=opening_hash,
        schema=schema_hash,
        model=_model(sitting),
        versions=dict(sitting.versions),
        budget=file.spec.budget.model_dump(),
        labels=[label for label in (sitting.model.label, REPLAYED if sitting.replay_of else None) if label],
        simulated=sitting.simulated,
        price=asdict(terms.price) if terms.price else None,
        retires=terms.retires,
        files=place.files,
        real_data_only=sitting.real_data_only,
        live_until=sitting.live_until.isoformat() if sitting.live_until else None,
        replay_of=sitting.replay_of,
        attended=sitting.person is not None,
        vetted=sitting.vetted,
        allow_live=sitting.allow_live,
    )


def require_same(sitting: Sitting, started: RunStarted) -> None:
    """Raises DecisionError when the run did not begin with what it would go on with."""
    now = {
        "agent file": sitting.file.hashes[0],
        "system text": sitting.file.hashes[1],
        "question": sitting.question,
        "as-of date": sitting.as_of,
        "model": _model(sitting),
    }
    then = (started.spec, started.prompt, started.question, started.as_of, started.model)
    changed = [what for (what, value), before in zip(now.items(), then, strict=True) if value != before]
    if changed:
        follows = sitting.place.folder.name != started.run_id
        raise DecisionError(
            f"{started.run_id} began with another {' and another '.join(changed)}",
            hint=f"go on with what it began with; {ASK_ANEW if follows else NEW_ATTEMPT}",
        )


def _model(sitting: Sitting) -> dict[str, Any]:
    return {"name": sitting.model.name} | sitting.model.parameters
