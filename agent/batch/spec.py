"""BatchSpec: what a batch file says, key by key."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, StringConstraints, Tag, model_validator
from pydantic_core import PydanticCustomError

from agent.as_of_date import Day
from agent.batch.limits import LimitsSpec
from agent.batch.schedule import ScheduleSpec
from agent.section import Section, Text
from agent.server_spec import Count

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_OUR_FILES = {"summary", "index", "recommendations", "runs", "lock", "on_finish"}
_OUR_ENDINGS = (".envelope", ".tmp")


def _id(text: str) -> str:
    if not _ID.fullmatch(text):
        raise PydanticCustomError(
            "id", "may hold letters, digits, '.', '_' and '-', begins with a letter or digit, and has at most 100"
        )
    if text.casefold() in _OUR_FILES or text.casefold().endswith(_OUR_ENDINGS):
        raise PydanticCustomError("id", "has to be another name than those of the batch's own files")
    return text


def _text_or_number(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float) or not str(value).strip():
        raise PydanticCustomError("var", "has to be a text or a number")
    return str(value).strip()


Words: TypeAlias = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Var: TypeAlias = Annotated[str, BeforeValidator(_text_or_number)]


class JobSpec(Section):
    """One listed job; what it leaves out is said by the command line, the batch file or the agent file."""

    id: Annotated[str, AfterValidator(_id)] | None = None
    """The name of its files; without it, made of its date and content."""
    question: Words | None = None
    as_of: Day | None = None
    agent: Text | None = None
    model: Text | None = None
    vars: dict[str, Var] | None = None
    """What stands for `{name}` in the question."""


class DateRange(Section):
    """Dates from `from` to `to`, both included: every seventh day, or the last days of months, quarters or years."""

    first: Day = Field(alias="from")
    last: Day = Field(alias="to")
    every: Literal["week", "month", "quarter", "year"]

    @property
    def days(self) -> list[str]:
        """ISO dates, oldest first."""
        first, last = date.fromisoformat(self.first), date.fromisoformat(self.last)
        if self.every == "week":
            return [(first + timedelta(days=past)).isoformat() for past in range(0, (last - first).days + 1, 7)]
        step = {"month": 1, "quarter": 3, "year": 12}[self.every]
        return [end.isoformat() for end in _month_ends(first, last, step) if first <= end <= last]

    @model_validator(mode="after")
    def _holds_a_date(self) -> Self:
        if not self.days:
            raise PydanticCustomError("range", "holds no date: is `from` after `to`, or the range too short?")
        return self


def _month_ends(first: date, last: date, step: int) -> Iterator[date]:
    """The last days of the months, quarters or years in which the days from `first` to `last` lie."""
    for year in range(first.year, last.year + 1):
        for month in range(step, 13, step):
            yield date(year, month, calendar.monthrange(year, month)[1])


def _dates_tag(value: Any) -> str:
    return "range" if isinstance(value, Mapping | DateRange) else "list"


Dates: TypeAlias = Annotated[
    Annotated[list[Day], Field(min_length=1), Tag("list")] | Annotated[DateRange, Tag("range")],
    Discriminator(_dates_tag),
]


class GridSpec(Section):
    """Every combination of one value from each list."""

    as_of: Dates | None = None
    question: Annotated[list[Words], Field(min_length=1)] | None = None
    model: Annotated[list[Text], Field(min_length=1)] | None = None
    agent: Annotated[list[Text], Field(min_length=1)] | None = None
    vars: dict[str, Annotated[list[Var], Field(min_length=1)]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _has_a_list(self) -> Self:
        if not self.dimensions:
            raise PydanticCustomError("grid", "needs a list of dates, questions, models, agents or vars")
        return self

    @property
    def dimensions(self) -> dict[tuple[str, ...], list[str]]:
        """The address of a list below this key, such as ("model",) or ("vars", "region") → its values."""
        days = self.as_of.days if isinstance(self.as_of, DateRange) else self.as_of
        lists: dict[tuple[str, ...], list[str] | None] = {
            ("as_of",): days,
            ("question",): self.question,
            ("model",): self.model,
            ("agent",): self.agent,
            **{("vars", name): values for name, values in self.vars.items()},
        }
        return {address: values for address, values in lists.items() if values}


class CapSpec(Section):
    """What may be spent over the whole batch."""

    usd: Annotated[float, Field(gt=0)] | None = None
    tokens: Count | None = None
    """Uncached input, cache writes and output."""


class BatchSpec(Section):
    agent: Text | None = None
    """The agent file of jobs that name none: a path, or a shipped name."""
    model: Text | None = None
    """The model of jobs that name none: a model id, or `planner`."""
    question: Words | None = None
    """The question of jobs that have none."""
    as_of: Day | None = None
    """The date of jobs that have none."""
    simulated: bool = False
    """Whether simulated data are wanted."""
    jobs: list[JobSpec] = Field(default_factory=list)
    """Listed jobs."""
    grid: GridSpec | None = None
    """More jobs: every combination of these lists."""
    budget: CapSpec = CapSpec()
    limits: LimitsSpec = LimitsSpec()
    schedule: ScheduleSpec | None = None
    """When the jobs are due, and as of which date."""
    on_finish: Annotated[list[Text], Field(min_length=1)] | None = None
    """A program and its arguments, started when the batch has ended."""
