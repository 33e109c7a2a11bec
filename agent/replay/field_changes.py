"""Counterfactual values: fields of rows and totals with another sign, size, unit or value."""

from __future__ import annotations

from abc import abstractmethod
from decimal import Decimal
from typing import Annotated, Any, ClassVar

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from agent.encoding import JSON
from agent.replay.result_changes import DataChange, lacking
from agent.replay.rows import Path, is_number, names, objects, replaced
from agent.section import Text

ROW_UNIT = "see row"
"""What a column says whose unit differs from row to row."""


class FieldChange(DataChange):
    field: Text
    sector: Text | None = None
    """Only where it is about this sector; without it, wherever the field stands, totals included."""

    def transformed(self, data: JSON) -> JSON:
        return replaced(data, {path: self.value_for(value) for path, value in self.found(data).items()})

    def found(self, data: JSON) -> dict[Path, Any]:
        """The field's values that can be changed, by path. Raises Lacking when there is none."""
        about = [(path, each) for path, each, name in objects(data) if self.sector in (None, name)]
        if not about:
            raise lacking("row of", str(self.sector), names(data))
        values = {
            (*path, self.field): each[self.field]
            for path, each in about
            if self.field in each and self.changes(each[self.field])
        }
        if not values:
            fields = {field for _, each in about for field, value in each.items() if self.changes(value)}
            raise lacking("value to change in", self.field, fields)
        return values

    def changes(self, value: Any) -> bool:
        """Whether it is a value that this changes."""
        return is_number(value)

    @abstractmethod
    def value_for(self, value: Any) -> Any: ...


class Flip(FieldChange):
    """A number has the other sign."""

    name: ClassVar[str] = "flip"

    def value_for(self, value: Any) -> Any:
        return 0 - value


class Scale(FieldChange):
    """A number is multiplied: another fact, or with its unit changed too, the same one."""

    name: ClassVar[str] = "scale"
    by: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    unit: Text | None = None
    """What its column, or else each row, names as its unit from now on."""

    @model_validator(mode="after")
    def _unit_is_of_all(self) -> Scale:
        if self.unit is not None and self.sector is not None:
            raise PydanticCustomError("unit", "a unit is that of all sectors: `unit` and `sector` exclude each other")
        return self

    def value_for(self, value: Any) -> Any:
        """The exact product, and no more digits than it has; a whole number stays one where it can."""
        product = Decimal(value if isinstance(value, int) else repr(value)) * Decimal(repr(self.by))
        return int(product) if isinstance(value, int) and product == product.to_integral_value() else float(product)

    def transformed(self, data: JSON) -> JSON:
        return replaced(super().transformed(data), self._units(data))

    def _units(self, data: JSON) -> dict[Path, str]:
        if self.unit is None:
            return {}
        named = {path: each for path, each, _ in objects(data) if isinstance(each.get("unit"), str)}
        units = [path for path, each in named.items() if path[-2:] == ("columns", self.field)]
        if not units or any(named[path]["unit"] == ROW_UNIT for path in units):
            units = [path for path, each in named.items() if is_number(each.get(self.field))]
        if not units:
            raise lacking("unit of", self.field, ())
        return {(*path, "unit"): self.unit for path in units}


class Set(FieldChange):
    """A field has another value, as where two tools shall contradict each other."""

    name: ClassVar[str] = "set"
    value: Any

    def changes(self, value: Any) -> bool:
        return not isinstance(value, dict | list)

    def value_for(self, value: Any) -> Any:
        return self.value
