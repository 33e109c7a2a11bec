"""One number against the figures: what it rests on, or what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property

from agent.evidence import derived, words
from agent.evidence.cells import WHOLE_MARKET, Cell, Figures, Reading
from agent.evidence.context import Context
from agent.evidence.mentions import Mention
from agent.evidence.number import Status
from agent.evidence.periods import is_over

NEAR = 0.1
"""The share of a round number by which a figure may be above or below it, where words say so."""
SHOWN = 3
"""Figures that a number may be said to rest on, where several are equal."""


@dataclass(frozen=True)
class Verdict:
    status: Status
    cells: tuple[Cell, ...] = ()
    derivation: str | None = None
    why: str | None = None


@dataclass(frozen=True)
class Claim:
    """A number, what the words around it say, and the sector whose rationale it stands in."""

    mention: Mention
    context: Context
    recommended: str | None
    written_as: str
    """The name of that sector, as the answer has it."""
    figures: Figures = field(repr=False)

    @cached_property
    def queries(self) -> list[tuple[str, float]]:
        """Kinds in which its value may be looked up, and how much of the kind's own unit one of its units is."""
        unit = self.mention.unit
        if unit.kind == "money":
            counts = [("count", unit.factor)] if unit.currency is None else []
            return [("money", unit.factor), ("bare", 1.0), *counts]
        if unit.kind == "index":
            return [("plain", 1.0), ("points", 1.0)]
        return [(unit.kind, unit.factor)]

    @cached_property
    def scope(self) -> list[str]:
        """Entities whose figures it may be, the likeliest first; the whole market is always one."""
        if self.context.of_market:
            return [*self.figures.benchmarks, WHOLE_MARKET]
        if self.context.subject is not None:
            return [self.context.subject, WHOLE_MARKET]
        own = [self.recommended] if self.recommended else []
        return list(dict.fromkeys([*own, *self.context.sectors, WHOLE_MARKET]))

    @cached_property
    def _wanted(self) -> int:
        """How many of the clause's topics the metric must have, of those that any sector in scope has figures for.

        -1 where the nearest is of no figure: then only metrics of which no word is known may be meant.
        """
        return max(map(self._overlap, self.scope), default=-1)

    def _overlap(self, entity: str) -> int:
        return self.figures.overlap(entity, self.context.topics, self.context.nearest)

    def is_named(self, cell: Cell) -> bool:
        """Whether the clause names no metric, or this one; or one that no sector in scope has figures of, and this is
        of a kind that has no name here."""
        topics, context = cell.measure.topics, self.context
        if not context.nearest:
            return True
        if not (context.nearest & words.SPECIFIC <= topics):
            return False
        if self._wanted < 0:
            return not cell.measure.known
        return bool(topics & context.nearest) and len(topics & context.topics) >= self._wanted

    def is_comparable(self, cell: Cell) -> bool:
        """Whether the cell may be compared here: of what the clause names, else of what was spoken of before."""
        earlier = self.context.earlier
        if not self.context.nearest and cell.entity in self._of_earlier:
            return bool(cell.measure.topics & earlier)
        return self.is_named(cell)

    @cached_property
    def _of_earlier(self) -> frozenset[str]:
        """Entities that have figures of what was spoken of before, which may be written as this number is."""
        kinds = derived.KINDS.get(self.mention.unit.kind, ("plain",))
        readings = (
            (each for kind in kinds for each in self.figures.in_order(None, kind)) if self.context.earlier else ()
        )
        return frozenset(each.cell.entity for each in readings if each.cell.measure.topics & self.context.earlier)

    def is_of(self, cell: Cell) -> bool:
        """Whether the number may be a figure of that metric."""
        measure, context = cell.measure, self.context
        if not (self.is_over(cell) and self._is_meant(cell)):
            return False
        if self.mention.unit.kind == "multiple":
            return "valuation" in measure.topics or self.is_named(cell)
        if context.by and "relative_strength" not in measure.topics:
            return False
        if context.nearest:
            return self.is_named(cell)
        if context.moved:
            return bool(measure.topics & (self._moved | context.earlier)) or not measure.known
        if cell.entity == WHOLE_MARKET:
            return bool(measure.topics & context.earlier) or not (context.earlier or context.sectors)
        return True

    def is_over(self, cell: Cell) -> bool:
        """Whether the figure is over a period that the text names. Growth of accounts is on the year before."""
        of_accounts = "growth" in cell.measure.topics
        return is_over(cell.figure.lookback, self.context.lookbacks) or (of_accounts and 365 in self.context.lookbacks)

    def _is_meant(self, cell: Cell) -> bool:
        """Whether the words beside the number leave it open to be such a figure at all."""
        measure, context = cell.measure, self.context
        if (measure.past and not context.past) or (cell.old and not (context.past or context.dated)):
            return False
        if (measure.changed and not context.changed) or (measure.side and context.net):
            return False
        if context.norm and measure.known and not measure.topics & {"trend", "z"}:
            return False
        if context.forecast and not words.FORECAST.search(cell.figure.metric.replace("_", " ")):
            return False
        return not (context.abroad and self.figures.currencies == words.HOME and measure.topics & words.MARKET_WIDE)

    @cached_property
    def _moved(self) -> frozenset[str]:
        """What may be said to have moved: momentum only without returns, relative strength only compared."""
        topics = {topic for entity in self.scope for topic in self.figures.topics_of(entity)}
        relative = self.context.by or self.context.compared is not None
        others = {"momentum"} if relative else {"momentum", "excess"}
        return words.MOVED - (others if "performance" in topics else set())

    def has_sign(self, reading: Reading) -> bool:
        """Whether text and figure point the same way. Words of direction say nothing of a measure of size."""
        value, measure = reading.value, reading.cell.measure
        if self.figures.move(reading.cell) * self.context.toward < 0:
            return False
        if value == 0 or self.mention.value == 0:
            return True
        if self.mention.signed:
            lost = self.mention.value > 0 > self.context.direction
            return not lost and (self.mention.value < 0) == (value < 0)
        if measure.unsigned:
            return True
        if measure.side:
            return self.context.direction * measure.side * value >= 0
        if self.context.direction:
            return self.context.direction * value > 0
        return value > 0 or self.context.allowed * value > 0

    def _is_written_so(self, reading: Reading) -> bool:
        """Whether a number without a unit says enough to be that figure, and a currency is the figure's own."""
        unit, own = self.mention.unit, reading.cell.measure.unit
        if unit.currency and own and own.currency and unit.currency != own.currency:
            return False
        if unit.kind != "plain" or own is None or own.kind in ("count", "plain", "index"):
            return True
        return self.mention.decimals > 0 or bool(reading.cell.measure.topics & self.context.nearest)

    def window(self, size: float) -> tuple[float, float]:
        """From which size to which a figure may be, in the number's unit, for the number to be of this size."""
        least, most, bound = size - self.mention.tolerance, size + self.mention.tolerance, self.context.bound
        return (
            min(least, size * (1 - NEAR)) if bound < 0 else least,
            max(most, size * (1 + NEAR)) if bound > 0 else most,
        )

    def _is_exact(self, reading: Reading) -> bool:
        return any(
            abs(reading.size / factor - abs(self.mention.value)) <= self.mention.tolerance for _, factor in self.queries
        )

    def readings(self, entity: str | None) -> Iterator[Reading]:
        """Figures of the entity, None for any, that have this size, whatever their sign and their metric."""
        for kind, factor in self.queries:
            least, most = self.window(abs(self.mention.value))
            yield from filter(self._is_written_so, self.figures.between(entity, kind, least * factor, most * factor))

    def verdict(self) -> Verdict:
        fitting = [each for entity in self.scope for each in self.readings(entity) if self.is_of(each.cell)]
        signed = [reading for reading in fitting if self.has_sign(reading)]
        if exact := [reading for reading in signed if self._is_exact(reading)]:
            return Verdict("grounded", tuple(dict.fromkeys(reading.cell for reading in exact))[:SHOWN])
        if signed:
            side = "above" if self.context.bound > 0 else "below"
            bound = self.as_written(abs(self.mention.value), self.mention.unit.name)
            return Verdict("derived", (signed[0].cell,), f"{self.described(signed[0], 1)} is {side} {bound}")
        found = derived.derivation(self)
        if found is not None and found.fits:
            return Verdict("derived", found.cells, found.said())
        if fitting and not any(self.has_sign(reading) for reading in fitting):
            moved = self.figures.move(fitting[0].cell) * self.context.toward < 0
            why = "it moved the other way" if moved else "the sign is another"
            return Verdict("wrong_sign", why=f"{self.described(fitting[0])}: {why}")
        if found is not None:
            return Verdict("wrong_sign", why=f"{found.said()}: it is the other way round")
        if (own := next(self._otherwise(), None)) is not None:
            return Verdict("ungrounded", why=f"{self.described(own)}, not what the text says")
        if (other := self._elsewhere()) is not None:
            return Verdict("wrong_sector", why=f"{self.described(other)} fits, but the text is about {self.about}")
        return Verdict("ungrounded", why=self._nearest())

    def accepted(self) -> list[float]:
        """Sizes that would pass in place of the number's own, in its unit, ordered."""
        sizes = [
            reading.size / factor
            for entity in self.scope
            for kind, factor in self.queries
            for reading in self.figures.in_order(entity, kind)
            if self._is_written_so(reading) and self.is_of(reading.cell) and self.has_sign(reading)
        ]
        return sorted(sizes + [abs(each.value) for each in derived.derivations(self) if each.fits])

    def _otherwise(self) -> Iterator[Reading]:
        """Figures in scope with this value that the text does not mean: over another period, a reading before."""
        for entity in self.scope:
            for reading in self.readings(entity):
                if self.is_of(reading.cell) or (self.context.nearest and self.is_named(reading.cell)):
                    yield reading

    def _elsewhere(self) -> Reading | None:
        """The figure of another sector that would have fitted."""
        if self.context.by:
            return None
        for reading in self.readings(None):
            topics = reading.cell.measure.topics
            named = topics & self.context.nearest if self.context.nearest else self.is_of(reading.cell)
            meant = named and self.is_over(reading.cell) and self._is_meant(reading.cell)
            if meant and reading.cell.entity not in self.scope and self.has_sign(reading):
                return reading
        return None

    @property
    def about(self) -> str:
        return self.written_as if self.scope[0] == self.recommended else self.name(self.scope[0]) or "the whole market"

    def name(self, entity: str) -> str:
        return self.figures.shown.get(entity, entity)

    def described(self, reading: Reading, decimals: int = 0) -> str:
        """Energy's volatility 27.1 % (63D), with as many decimals as the number, or at least so many; of an earlier
        date with that date."""
        cell = reading.cell
        owner = self.name(cell.entity)
        owner = f"{owner}' " if owner.endswith("s") else f"{owner}'s " if owner else ""
        value = self.as_written(reading.value / self.queries[0][1], self.mention.unit.name, decimals)
        beside = ", ".join(filter(None, [cell.figure.lookback, cell.figure.observed_at if cell.old else None]))
        return f"{owner}{cell.figure.metric.replace('_', ' ')} {value}" + (f" ({beside})" if beside else "")

    def figure_written(self, cell: Cell) -> str:
        return written(cell.value, 1, cell.figure.unit)

    def as_written(self, value: float, unit: str | None, decimals: int = 0) -> str:
        """A value in the number's own unit, with as many decimals, or at least so many."""
        return written(value, max(self.mention.decimals, decimals), unit)

    def _nearest(self) -> str:
        """What the figures have in place of it."""
        kinds = {kind for kind, _ in self.queries}
        named = (
            reading
            for entity in self.scope
            for kind in kinds
            for reading in self.figures.in_order(entity, kind)
            if self.context.nearest & reading.cell.measure.topics and self.is_of(reading.cell)
        )
        size = abs(self.mention.value) * self.queries[0][1]
        nearest = min(named, key=lambda reading: abs(reading.size - size), default=None)
        return "no figure fits" + (f"; {self.described(nearest)} comes nearest" if nearest else "")


def written(value: float, decimals: int, unit: str | None) -> str:
    """7.3 %, rounded half away from zero as people do, with a minus sign that is none of a hyphen's."""
    exact = Decimal(repr(value)) if abs(value) < 1e18 else Decimal(value)
    step = Decimal(1).scaleb(-min(decimals, 12))
    rounded = exact.quantize(step, ROUND_HALF_UP) if abs(exact) < Decimal("1e15") else exact
    text = f"{rounded:,f}".replace("-", "\N{MINUS SIGN}")
    return f"{text} {unit}" if unit else text
