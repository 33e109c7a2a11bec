"""`figures:` of a tool: where the rows, names, dates and numbers stand in a result of any shape.

A path begins at the whole result, `$`, or at the row, `@` or nothing. Its steps are `.key`, `['key']` and `[0]`; in
`rows` also `[*]` and `.*`, each item of a list or each value of a mapping. `@key` is the key under which a row stands.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias

from pydantic import AfterValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from agent import shapes
from agent.lookbacks import days_of
from agent.section import Section, Text
from agent.shapes import Steps

ROW_KEY = "@key"
_NAME = r"""[^\s.\[\]'"$@*]+"""
_STEP = rf"\.{_NAME}|\['[^'\n]+'\]|\[\d{{1,9}}\]"
_EACH = r"\.\*|\[\*\]"
_PLACE = rf"^({ROW_KEY}|(\$|@|{_NAME}|{_STEP})({_STEP})*)$"
_ROWS = rf"^\$({_STEP}|{_EACH})*$"
_ROOT = re.compile(rf"\$|@|(?={_STEP})|{_NAME}")
_NEXT = re.compile(rf"(?P<each>{_EACH})|\.(?P<name>{_NAME})|\['(?P<quoted>[^'\n]+)'\]|\[(?P<index>\d{{1,9}})\]")


class Path(NamedTuple):
    """`of_row`: whether it begins at the row. A step of None is each item there."""

    of_row: bool
    steps: Steps


class Found(NamedTuple):
    """A value, the steps that lead to it from the whole result, and for a row the key under which it stands."""

    steps: tuple[str | int, ...]
    value: Any

    @property
    def key(self) -> str | int | None:
        return self.steps[-1] if self.steps else None


@cache
def path(text: str) -> Path:
    """Raises PydanticCustomError that says at which character a text stops being a path."""
    root = _ROOT.match(text)
    if not root:
        raise PydanticCustomError("path", "has to be a path, which begins with $, @ or a key of the row")
    of_row = root[0] != "$"
    steps: list[str | int | None] = [] if root[0] in ("$", "@", "") else [root[0]]
    at = root.end()
    while at < len(text):
        step = _NEXT.match(text, at)
        if not step:
            steps_are = "has to be a path of steps such as .key, ['key'] and [0], and stops being one at character {at}"
            raise PydanticCustomError("path", steps_are, {"at": at + 1})
        index, name = step["index"], step["name"] or step["quoted"]
        steps.append(None if step["each"] else name if name is not None else int(index))
        at = step.end()
    return Path(of_row, tuple(steps))


def _place(text: str) -> str:
    if text == ROW_KEY:
        return text
    if None in path(text).steps:
        raise PydanticCustomError("path", "has to lead to one value, without [*] and .*")
    return text


def _rows(text: str) -> str:
    if path(text).of_row:
        raise PydanticCustomError("path", "has to begin at the whole result, with $, such as $.data[*]")
    return text


Place: TypeAlias = Annotated[str, AfterValidator(_place), WithJsonSchema({"type": "string", "pattern": _PLACE})]
Rows: TypeAlias = Annotated[str, AfterValidator(_rows), WithJsonSchema({"type": "string", "pattern": _ROWS})]


def _lookback(text: str) -> str:
    if days_of(text) is None:
        raise PydanticCustomError("lookback", "has to be a time such as '1 session', '20D', '3M', '12-1M' or 'YTD'")
    return text


Lookback: TypeAlias = Annotated[Text, AfterValidator(_lookback)]


class SignSpec(Section):
    """Where a row says whether its amount was bought or sold."""

    at: Place
    """The text that says it, such as a key `side`; where it is missing, nobody knows the number."""
    negative: Annotated[list[Text], Field(min_length=1)]
    """Texts of amounts below 0, such as sell and bán, in small or capital letters."""

    def signed(self, amount: float, said: str | None) -> float | None:
        if said is None:
            return None
        return -abs(amount) if said.casefold() in {each.casefold() for each in self.negative} else amount


class MetricSpec(Section):
    at: Place
    """The number, or a text such as "1,234.5" or "+2.3%"."""
    unit: Text | None = None
    """Such as percent or VND bn; without it, what the text or the row says."""
    lookback: Lookback | None = None
    """The time it is about, such as 1 session or 3M."""
    scale: Annotated[float, Field(allow_inf_nan=False)] = 1.0
    """A factor, such as 100 for a fraction that is to be percent."""
    combine: Literal["sum", "mean"] | None = None
    """How the tickers of a sector add up; without it, amounts are summed and everything else is averaged."""
    sign: SignSpec | None = None
    """For amounts without a sign of their own; each row is then a deal, and those of one ticker add up."""


class FiguresSpec(Section):
    """Where the figures stand in a tool's result; without `sector` and `ticker` they are about the whole market."""

    rows: Rows
    """Each row: $.data[*] for a list, $.sectors.* for a mapping, $ where the result is the only one."""
    sector: Place | None = None
    """The sector's name, in the words of the server."""
    ticker: Place | None = None
    """The security; `sectors` of the agent file says to which sector it belongs."""
    name: Place | None = None
    """What is measured, where each row is another measure; it then begins the metric's name."""
    date: Place | None = None
    """The day on which it was observed; without it, a customary key of the row, else of the whole result."""
    decimal_comma: bool = False
    """Whether texts write 1.234,5: of a mark that could be either, the comma then begins the decimals."""
    metrics: Annotated[dict[Text, MetricSpec], Field(min_length=1)]
    """The name of each measure, and where its number stands."""

    @property
    def dates(self) -> Steps | None:
        """The steps from the whole result to the dates of all its rows."""
        if self.date is None or self.date == ROW_KEY:
            return None
        of_row, steps = path(self.date)
        return (*path(self.rows).steps, *steps) if of_row else steps

    @property
    def unwalked(self) -> tuple[str | int, ...]:
        """The steps to where the rows begin."""
        steps = path(self.rows).steps
        return tuple(step for step in steps[: steps.index(None)] if step is not None) if None in steps else ()


def rows_of(mapping: FiguresSpec, data: Any) -> list[Found]:
    """All rows, in the order in which they stand."""
    return [Found(*each) for each in shapes.found(data, path(mapping.rows).steps)]


def found_at(place: str, row: Found, data: Any) -> Found | None:
    """What stands at a place of a row or of the whole result; None where nothing does."""
    if place == ROW_KEY:
        return Found(row.steps, row.key)
    parsed = path(place)
    start = row if parsed.of_row else Found((), data)
    return next((Found(*each) for each in shapes.found(start.value, parsed.steps, start.steps)), None)


def start_of(mapping: FiguresSpec, data: Any) -> Steps:
    """The steps to where the rows begin, with keys as the result writes them."""
    return next((at for at, _ in shapes.found(data, mapping.unwalked)), mapping.unwalked)


def reached(place: str, row: Found, data: Any) -> Found:
    """The last value on the way to a place: what stands there, or that in which the next step leads nowhere."""
    parsed = path(place)
    found = row if parsed.of_row else Found((), data)
    for step in parsed.steps:
        inner = next(shapes.found(found.value, (step,), found.steps), None)
        if inner is None:
            break
        found = Found(*inner)
    return found
