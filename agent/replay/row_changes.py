"""Counterfactual rows: gone, renamed, in another order, among others, or many times as many."""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from agent.encoding import JSON, digest
from agent.replay.result_changes import DataChange, Lacking, lacking
from agent.replay.rows import (
    GONE,
    Row,
    is_number,
    name_key,
    name_of,
    names,
    objects,
    replaced,
    respelled,
    stands_in_list,
    tables,
)
from agent.section import Text


def _different(names: list[str]) -> list[str]:
    if len(set(names)) < len(names):
        raise PydanticCustomError("unique", "has to name two sectors")
    return names


class DropSector(DataChange):
    """The rows of a sector are missing; in a total that is of this sector alone, their numbers are null."""

    name: ClassVar[str] = "drop_sector"
    sector: Text

    def transformed(self, data: JSON) -> JSON:
        about = {path: each for path, each, name in objects(data) if name == self.sector}
        rows = {path: each for path, each in about.items() if stands_in_list(path) and name_of(each) == self.sector}
        if not rows:
            raise lacking("row of", self.sector, names(data))
        fields = {field for row in rows.values() for field in row}
        nulls = {
            (*path, field): None
            for path, each in about.items()
            for field, value in each.items()
            if field in fields and is_number(value)
        }
        return replaced(data, nulls | dict.fromkeys(rows, GONE))


class Swap(DataChange):
    """Two sectors exchange their names, wherever a whole text or key is one of them."""

    name: ClassVar[str] = "swap"
    sectors: Annotated[list[Text], Field(min_length=2, max_length=2), AfterValidator(_different)]

    def transformed(self, data: JSON) -> JSON:
        absent = [name for name in self.sectors if name not in names(data)]
        if len(absent) == 1:
            raise Lacking(f"row of {absent[0]!r} for the exchange", partly=True)
        if absent:
            raise lacking("row of", absent[0], names(data))
        other = dict(zip(self.sectors, reversed(self.sectors), strict=True))
        return respelled(data, lambda text: other.get(text, text))


class _TableChange(DataChange):
    """Of all rows of a result; rows are the objects in a list."""

    def transformed(self, data: JSON) -> JSON:
        found = dict(tables(data))
        if not found:
            raise Lacking("rows")
        return replaced(data, {path: self.arranged(rows) for path, rows in found.items()})

    @abstractmethod
    def arranged(self, rows: list[Row]) -> list[Row]: ...


class Empty(_TableChange):
    """No rows; everything around them stays."""

    name: ClassVar[str] = "empty"

    def arranged(self, rows: list[Row]) -> list[Row]:
        return []


class Permute(_TableChange):
    """The rows in another order: one for each seed and number of rows."""

    name: ClassVar[str] = "permute"
    seed: int = 0

    def arranged(self, rows: list[Row]) -> list[Row]:
        return [rows[at] for at in sorted(range(len(rows)), key=lambda at: digest([self.seed, at]))]


class Distract(_TableChange):
    """More rows, after the others."""

    name: ClassVar[str] = "distract"
    rows: Annotated[list[dict[str, Any]], Field(min_length=1)]

    def arranged(self, rows: list[Row]) -> list[Row]:
        return [*rows, *self.rows]


class Repeat(_TableChange):
    """The rows many times, under numbered names from the second time on: Banks, …, Banks 2, …, Banks 3."""

    name: ClassVar[str] = "repeat"
    times: Annotated[int, Field(ge=2, le=10_000)]

    def arranged(self, rows: list[Row]) -> list[Row]:
        return [*rows, *(_numbered(row, number) for number in range(2, self.times + 1) for row in rows)]


def _numbered(row: Row, number: int) -> Row:
    key = name_key(row)
    return row | {key: f"{row[key]} {number}"} if key else row
