"""Numbers that come of a few figures: differences, ratios, sums and means, where words say so."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from math import fsum, isfinite
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from agent.evidence.cells import WHOLE_MARKET, Cell

if TYPE_CHECKING:
    from agent.evidence.matching import Claim

MOST_CELLS = 12
"""Cells of one metric that may be combined; only a sum or a mean over a whole column may take more."""
KINDS = {
    "percent": ("percent",),
    "points": ("percent", "points"),
    "money": ("money", "bare"),
    "plain": ("plain",),
    "index": ("plain",),
}
"""Kind of a number → kinds of the figures whose difference, sum or mean it may be."""


class Derivation(NamedTuple):
    value: float
    """In the unit of the number, with its sign."""
    cells: tuple[Cell, ...]
    way: int
    """The direction that the text says it has, 0 for none."""
    said: Callable[[], str]
    """How it comes of the cells, in one line."""

    @property
    def fits(self) -> bool:
        """Whether it points where the text does; else it is the other way round."""
        return self.way * self.value >= 0


class _Term(NamedTuple):
    cell: Cell
    value: float
    """In the unit of the number."""


_Series: TypeAlias = "tuple[tuple[str, str | None, str], str]"
_Terms: TypeAlias = "dict[_Series, list[_Term]]"


def derivation(claim: Claim) -> Derivation | None:
    """The first way in which the number comes of figures that its sentence speaks of, those that fit before others."""
    found = [
        each
        for each in derivations(claim)
        if abs(abs(each.value) - abs(claim.mention.value)) <= claim.mention.tolerance
    ]
    return next((each for each in found if each.fits), found[0] if found else None)


def derivations(claim: Claim) -> Iterator[Derivation]:
    """All that the words of the sentence allow, whatever the number is."""
    cues = claim.context.cues
    if claim.mention.unit.kind == "multiple":
        yield from _ratios(claim)
        return
    if claim.mention.unit.kind not in KINDS:
        return
    if "compare" in cues:
        yield from _differences(claim)
    if "change" in cues or "move" in cues:
        yield from _changes(claim)
    if "side" in cues:
        yield from _balances(claim)
    if "share" in cues and claim.mention.unit.kind == "percent":
        yield from _shares(claim)
    if "sum" in cues or ("whole" in cues and claim.mention.unit.kind == "money"):
        yield from _combined(claim, "sum")
    if "mean" in cues:
        yield from _combined(claim, "mean")


def _differences(claim: Claim) -> Iterator[Derivation]:
    """One sector less another, of one metric over one lookback."""
    for one, other in _pairs(claim):
        yield from _difference(claim, _terms(claim, one), _terms(claim, other), claim.context.compared or 0)


def _pairs(claim: Claim) -> list[tuple[str, str]]:
    """Who is compared to whom: the sector that is spoken of, or the first that is named, to those named after it."""
    named = [each for each in claim.context.sectors if each in claim.figures.by_entity][:MOST_CELLS]
    if "market" in claim.context.cues:
        named += [each for each in claim.figures.benchmarks if each not in named]
    subject = claim.context.subject or claim.recommended
    pairs = [(subject, other) for other in named if subject and other != subject]
    pairs += [(one, other) for at, one in enumerate(named[:2]) for other in named[at + 1 :]]
    return list(dict.fromkeys(pairs))


def _difference(claim: Claim, minuends: _Terms, subtrahends: _Terms, direction: int) -> Iterator[Derivation]:
    for series in [each for each in minuends if each in subtrahends]:
        one, other = minuends[series][-1], subtrahends[series][-1]
        way = _way(claim, direction)
        if not way and one.value < other.value and one.cell.entity != other.cell.entity:
            one, other = other, one
        if one.cell is not other.cell:
            yield Derivation(
                one.value - other.value,
                (one.cell, other.cell),
                way,
                partial(_difference_said, claim, one, other),
            )


def _difference_said(claim: Claim, one: _Term, other: _Term) -> str:
    unit = "pp" if claim.mention.unit.kind in ("percent", "points") else claim.mention.unit.name
    result = claim.as_written(one.value - other.value, unit)
    return f"{_said(claim, one, other)} − {_said(claim, other, one)} = {result}"


def _way(claim: Claim, direction: int) -> int:
    if claim.mention.signed:
        return -1 if claim.mention.value < 0 else 1
    return direction


def _changes(claim: Claim) -> Iterator[Derivation]:
    """One metric of one sector, at its newest date less an earlier one."""
    direction = claim.context.direction or claim.context.compared or 0
    for entity in claim.scope:
        for series, terms in _terms(claim, entity, any_period=True).items():
            dated = sorted((each for each in terms if each.cell.figure.observed_at), key=_date)[-MOST_CELLS:]
            for earlier in dated[:-1]:
                if _date(earlier) < _date(dated[-1]):
                    yield from _difference(claim, {series: [dated[-1]]}, {series: [earlier]}, direction)


def _balances(claim: Claim) -> Iterator[Derivation]:
    """What was bought less what was sold, of one sector over one lookback."""
    for entity in (each for each in claim.scope if each in claim.figures.sided):
        sides: dict[_Series, dict[int, _Term]] = defaultdict(dict)
        for (series, kind), terms in _terms(claim, entity).items():
            side = terms[-1].cell.measure.side
            sides[("", *series[1:]), kind][side] = terms[-1]
        for same, both in sides.items():
            if 1 in both and -1 in both:
                yield from _difference(claim, {same: [both[1]]}, {same: [both[-1]]}, claim.context.direction)


def _ratios(claim: Claim) -> Iterator[Derivation]:
    for one, other in _pairs(claim):
        terms, others = _terms(claim, one), _terms(claim, other)
        for series in [each for each in terms if each in others]:
            above, below = terms[series][-1], others[series][-1]
            if below.value and isfinite(ratio := above.value / below.value):
                yield Derivation(ratio, (above.cell, below.cell), 1, partial(_ratio_said, claim, above, below))


def _ratio_said(claim: Claim, above: _Term, below: _Term) -> str:
    return f"{_said(claim, above)} / {_said(claim, below)} = {claim.as_written(above.value / below.value, 'x')}"


def _shares(claim: Claim) -> Iterator[Derivation]:
    """An amount of one sector in that of the whole market, in percent."""
    totals = {reading.cell.figure.metric: reading.cell for reading in claim.figures.in_order(WHOLE_MARKET, "money")}
    for entity in filter(None, claim.scope):
        for reading in claim.figures.in_order(entity, "money"):
            whole = totals.get(f"total {reading.cell.figure.metric}")
            if whole and whole.value and whole.figure.tool == reading.cell.figure.tool and not reading.cell.old:
                share = 100 * reading.cell.value / whole.value
                yield Derivation(
                    share, (reading.cell, whole), 1, partial(_share_said, claim, reading.cell, whole, share)
                )


def _share_said(claim: Claim, part: Cell, whole: Cell, share: float) -> str:
    amounts = (claim.figure_written(cell) for cell in (part, whole))
    return f"{claim.name(part.entity)} {' / total '.join(amounts)} = {claim.as_written(share, '%')}"


def _combined(claim: Claim, how: str) -> Iterator[Derivation]:
    """Over the sectors that are named, over all of them, or over the dates of one."""
    named = list(dict.fromkeys([*filter(None, [claim.recommended]), *claim.context.sectors]))
    groups = [named, list(claim.context.sectors)] if len(claim.context.sectors) <= MOST_CELLS else []
    if "whole" in claim.context.cues or "market" in claim.context.cues or how == "mean":
        groups.append(claim.figures.sectors)
    columns: list[Sequence[_Term]] = []
    for group in groups:
        gathered: _Terms = defaultdict(list)
        for entity in group:
            for series, terms in _terms(claim, entity).items():
                gathered[series].append(terms[-1])
        columns += [
            column for column in gathered.values() if len(column) == len(group) or group is claim.figures.sectors
        ]
    for entity in claim.scope:
        columns += [terms for terms in _terms(claim, entity).values() if len(terms) <= MOST_CELLS]
    for column in columns:
        if len(column) < 2:
            continue
        total = fsum(term.value for term in column) / (len(column) if how == "mean" else 1)
        cells = tuple(term.cell for term in column)
        way = _way(claim, claim.context.direction or 1)
        yield Derivation(total, cells, way, partial(_combined_said, claim, column, how, total))


def _combined_said(claim: Claim, column: Sequence[_Term], how: str, total: float) -> str:
    result = claim.as_written(total, claim.mention.unit.name)
    if len(column) > MOST_CELLS:
        return f"{how} of {column[0].cell.figure.metric.replace('_', ' ')} over {len(column)} sectors = {result}"
    listed = [_said(claim, term) for term in column]
    terms = f"mean of {', '.join(listed)}" if how == "mean" else " + ".join(listed)
    return f"{terms} = {result}"


def _terms(claim: Claim, entity: str, any_period: bool = False) -> _Terms:
    """Series → its cells of that entity, the newest last, in the number's unit. Only of metrics that the clause may
    speak of, over a period that it names."""
    found: _Terms = defaultdict(list)
    kinds = KINDS.get(claim.mention.unit.kind, ("plain",))
    for kind in kinds:
        factor = dict(claim.queries).get(kind, claim.mention.unit.factor if kind != "bare" else 1.0)
        for reading in claim.figures.in_order(entity, kind):
            if claim.is_comparable(reading.cell) and (any_period or claim.is_over(reading.cell)):
                found[reading.cell.series, kind].append(_Term(reading.cell, reading.value / factor))
    for terms in found.values():
        terms.sort(key=_date)
    return found


def _date(term: _Term) -> str:
    return term.cell.figure.observed_at or ""


def _said(claim: Claim, term: _Term, beside: _Term | None = None) -> str:
    """Banks 7.3 %; with its metric or its date where that is what tells it from the other."""
    kind = claim.mention.unit.kind
    unit = {"points": "%", "multiple": None}.get(kind, claim.mention.unit.name)
    metric = term.cell.figure.metric.replace("_", " ")
    owner, date = claim.name(term.cell.entity) or metric, ""
    if beside is not None and beside.cell.entity == term.cell.entity:
        if beside.cell.figure.metric != term.cell.figure.metric:
            owner = f"{owner} {metric}"
        else:
            date = f" ({_date(term)})"
    return f"{owner} {claim.as_written(term.value, unit)}{date}"
