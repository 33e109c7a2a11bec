"""What tokens cost, and when models retire: configs/prices.json, or the file that ADVISOR_PRICES names.

A model that has no price there is unpriced, which is not free.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, fields
from datetime import date, timedelta
from functools import cache
from math import fsum
from pathlib import Path
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from agent import data, source
from agent.errors import SpecError, UsageError
from agent.model.base import Model, Usage
from agent.spec import BudgetSpec

FILE = "ADVISOR_PRICES"
"""Environment variable that names another table."""
UNIT = "USD for a million tokens"
NOTICE = timedelta(days=60)
"""How long before its end a model is warned of."""
_DATED = re.compile(r"-\d{8}$")
_Rate: TypeAlias = Annotated[float, Field(ge=0)]


def _day(text: str) -> str:
    """Raises ValueError for a day that no calendar has."""
    return date.fromisoformat(text).isoformat()


_Day: TypeAlias = Annotated[str, AfterValidator(_day)]


@dataclass(frozen=True)
class Price:
    """USD for a million tokens of each kind."""

    input: _Rate
    cache_write: _Rate
    cache_read: _Rate
    output: _Rate

    def usd(self, usage: Usage) -> float:
        return fsum(getattr(self, each.name) * getattr(usage, each.name) for each in fields(self)) / 1_000_000

    def ceiling(self, limits: BudgetSpec, *, longest: int, results: int) -> float:
        """USD that a run within these limits costs at most, with answers of `longest` and results of `results` tokens.

        The limit's tokens at the dearest rate; a last request beyond it, since limits are looked at before a request:
        the whole conversation anew, and an answer of twice the length; and in each turn all of it read from a cache.
        """
        conversation = limits.tokens + results
        reads = limits.turns * conversation * self.cache_read
        last = conversation * max(self.input, self.cache_write) + 2 * longest * self.output
        within = limits.tokens * max(self.input, self.cache_write, self.output) + reads
        if limits.usd is not None:
            within = min(within, limits.usd * 1_000_000)
        return (within + last) / 1_000_000


FREE = Price(0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Terms:
    """On what terms a model works: `price` is None when it is unpriced, `retires` an ISO date, where one is known."""

    price: Price | None
    retires: str | None = None


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid")

    as_of: _Day
    unit: str
    models: dict[str, Price]
    retires: dict[str, _Day] = {}


def terms_for(model: Model) -> Terms:
    """No cost and no end for a model that is not paid, else what the table says. Raises SpecError."""
    return Terms(price_of(model.name), retires_on(model.name)) if model.paid else Terms(FREE)


def require(terms: Terms, model: str, limits: BudgetSpec) -> None:
    """Raises UsageError when a limit in USD cannot be kept."""
    if terms.price is None and limits.usd is not None:
        raise UsageError(
            f"a budget in USD cannot be kept: {model} has no price",
            hint=f"add it to a table of your own and name that in {FILE}, or limit budget.tokens instead",
        )


def price_of(model: str) -> Price | None:
    """The price of a model id, with or without the date at its end; None when it is unpriced. Raises SpecError."""
    models = _table().models
    return models.get(model) or models.get(_DATED.sub("", model))


def retires_on(model: str) -> str | None:
    """The day on which a model, with or without the date at its id's end, is switched off. Raises SpecError."""
    retires = _table().retires
    return retires.get(model) or retires.get(_DATED.sub("", model))


def is_near(retires: str, today: date) -> bool:
    """Whether a model's end is so near, or past, that people have to know."""
    return date.fromisoformat(retires) - today <= NOTICE


def as_of() -> date:
    """The day of which the prices are. Raises SpecError."""
    return date.fromisoformat(_table().as_of)


def _table() -> _Table:
    return _read(Path(os.environ.get(FILE) or data.root() / "configs" / "prices.json"))


@cache
def _read(path: Path) -> _Table:
    hint = f"{FILE} names this table; configs/prices.json shows what one holds"
    try:
        read = source.read(path)
    except SpecError as error:
        raise SpecError(error.problems, where=error.where, hint=hint) from None
    try:
        return _Table.model_validate(read.value)
    except ValidationError as error:
        problems = [f"{read.where(tuple(each['loc']))}: {each['msg']}" for each in error.errors()]
        raise SpecError(problems, where=problems[0].partition(": ")[0], hint=hint) from None
