"""Figures, ready to be looked up: by sector, by what they may be written as, and by size."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import isfinite
from typing import NamedTuple

from agent.evidence import words
from agent.evidence.lexicon import VOCABULARY, Lexicon, tokens, vocabulary
from agent.evidence.units import Unit, declared
from agent.figures import Figure
from agent.taxonomy import folded

WHOLE_MARKET = ""
"""The entity of figures that concern no single sector."""


@dataclass(frozen=True)
class Measure:
    """What is known of a metric from its name, its unit and its tool."""

    topics: frozenset[str]
    """Of the vocabulary; the metric's own name, where the vocabulary has none of its words."""
    known: bool
    """Whether the vocabulary has any word of its name."""
    unit: Unit | None
    past: bool
    """Whether it is the reading before the newest."""
    changed: bool
    """Whether it is how much a metric changed that the same tool shows."""
    side: int
    """-1 for what counts only what was sold, 1 for what counts only what was bought, else 0."""
    written: tuple[tuple[str, float], ...]
    """Kinds of unit in which a value may be written, and what it is then multiplied by."""

    @property
    def unsigned(self) -> bool:
        return bool(self.topics & words.UNSIGNED)


class Cell(NamedTuple):
    """A figure with a value. `entity` is its sector, or its ticker, folded."""

    entity: str
    figure: Figure
    value: float
    measure: Measure
    old: bool = False
    """Whether the same has a figure of a later date."""

    @property
    def series(self) -> tuple[str, str | None, str]:
        """The same for cells that may be compared between sectors."""
        return self.figure.metric, self.figure.lookback, self.figure.tool


class Reading(NamedTuple):
    """A cell's value as it may be written, in the own unit of a kind."""

    size: float
    value: float
    cell: Cell


def _metric_lexicon() -> Lexicon:
    lexicon = Lexicon.of(entry for entry in VOCABULARY if entry[1] in ("topic", "side"))
    for topic, phrase in words.METRIC_ONLY.items():
        lexicon.add(phrase.split("|"), "topic", topic)
    return lexicon


_METRICS = _metric_lexicon()
_BENCHMARKS = frozenset(words.BENCHMARKS.split("|"))


def _dated(cells: Iterable[Cell]) -> list[Cell]:
    """In their order, each knowing whether its series has a later one."""
    found = [(cell, _series(cell), cell.figure.observed_at or "") for cell in cells]
    newest = dict[tuple[object, ...], str]()
    for _, series, day in found:
        newest[series] = max(newest.get(series, ""), day)
    return [cell._replace(old=True) if "" < day < newest[series] else cell for cell, series, day in found]


def _parted(metric: str) -> tuple[str, str]:
    """`inflation`, `change` of `inflation change`: a metric's name and its last word."""
    at = max(metric.rfind(" "), metric.rfind("_"))
    return metric[: max(at, 0)], metric[at + 1 :].casefold()


def _series(cell: Cell) -> tuple[object, ...]:
    return cell.entity, cell.figure.ticker, *cell.series


def _size(reading: Reading) -> float:
    return reading.size


def _as_declared(unit: Unit, topics: frozenset[str], *, changed: bool) -> Iterator[tuple[str, float]]:
    yield "plain", 1.0
    if unit.kind in ("percent", "points", "money", "count", "multiple"):
        yield unit.kind, unit.factor
    if unit.kind == "percent" and (changed or "relative_strength" in topics):
        yield "points", unit.factor


def _undeclared(topics: frozenset[str], *, known: bool, greatest: float) -> Iterator[tuple[str, float]]:
    """`greatest`: the size of the metric's greatest value, as shares of one may be written in percent."""
    yield "plain", 1.0
    yield "money", 1.0
    if topics & words.AMOUNTS:
        yield "bare", 1.0
    if "valuation" in topics or not known:
        yield "multiple", 1.0
    in_percent = bool({"pct", "percent"} & {word for topic in topics for word in topic.split()})
    if in_percent or topics & words.RATES:
        yield "percent", 1.0
        if not in_percent and greatest <= 1:
            yield "percent", 100.0


class Figures:
    """All figures of a run. `aliases`: sector → its other names."""

    def __init__(self, figures: Sequence[Figure], aliases: Mapping[str, Sequence[str]]) -> None:
        self._spelled = {alias: folded(name) for name, others in aliases.items() for alias in others}
        self._canonical = {folded(alias): entity for alias, entity in self._spelled.items()}
        self._canonical |= {folded(name): folded(name) for name in aliases}
        self.shown: dict[str, str] = {folded(name): name for name in aliases}
        self._measures: dict[tuple[str, str | None, str, bool], Measure] = {}
        usable = [figure for figure in figures if figure.value is not None and isfinite(figure.value)]
        self._greatest: dict[str, float] = defaultdict(float)
        for figure in usable:
            self._greatest[figure.metric] = max(self._greatest[figure.metric], abs(figure.value or 0.0))
        self._named = {(figure.metric, figure.tool) for figure in usable}
        self.cells = _dated(self._cells(usable))
        self.currencies = {cell.measure.unit.currency for cell in self.cells if cell.measure.unit} - {None}
        self.by_entity: dict[str, list[Cell]] = defaultdict(list)
        for cell in self.cells:
            self.by_entity[cell.entity].append(cell)
        self.benchmarks = [each for each in self.by_entity if each and " ".join(tokens(each)) in _BENCHMARKS]
        self.sectors = [each for each in self.by_entity if each and each not in self.benchmarks]
        self._ordered = self._kept()
        self._sized = {key: sorted(readings, key=_size) for key, readings in self._ordered.items()}
        self._sizes = {key: [each.size for each in readings] for key, readings in self._sized.items()}
        self._topics: dict[str, set[frozenset[str]]] = defaultdict(set)
        self.sided: set[str] = set()
        """Entities that have figures of one side only, of what was bought or of what was sold."""
        for cell in self.cells:
            self._topics[cell.entity].add(cell.measure.topics)
            if cell.measure.side:
                self.sided.add(cell.entity)
        self._overlaps: dict[tuple[str, frozenset[str], frozenset[str]], int] = {}

    def entity(self, name: object) -> str | None:
        """The key of a sector, by whichever of its names; None for what is no name."""
        own = folded(name) if isinstance(name, str) else ""
        return self._canonical.get(own, own) or None

    def _cells(self, usable: Sequence[Figure]) -> Iterator[Cell]:
        sectors = {name: self.entity(name) or WHOLE_MARKET for name in dict.fromkeys(each.sector for each in usable)}
        for name, sector in sectors.items():
            if sector and name:
                self.shown.setdefault(sector, name)
                self._spelled.setdefault(name, sector)
        of_sectors = {(figure.sector, figure.metric) for figure in usable if figure.ticker is None}
        for figure in usable:
            measure, value = self._measure(figure), figure.value or 0.0
            if figure.ticker is None or (figure.sector, figure.metric) not in of_sectors:
                yield Cell(sectors[figure.sector], figure, value, measure)
            if figure.ticker is not None:
                ticker = folded(figure.ticker)
                self.shown.setdefault(ticker, figure.ticker)
                yield Cell(ticker, figure, value, measure)

    def _measure(self, figure: Figure) -> Measure:
        key = (figure.metric, figure.unit, figure.tool, figure.sector is None)
        if key not in self._measures:
            base = self._changing(figure)
            cues = _METRICS.cues(base or figure.metric)
            topics = {str(cue.value) for cue in cues if cue.kind == "topic"}
            if figure.sector is None and len(topics) > 1:
                topics -= {"performance"}
            if topics <= words.OF_TRADING:
                of_tool = {str(cue.value) for cue in _METRICS.cues(figure.tool) if cue.kind == "topic"}
                topics |= of_tool & words.TRADING
            if topics & {"performance", "relative_strength"}:
                topics |= {"excess"}
            sides = {int(cue.value) for cue in cues if cue.kind == "side"}
            own, unit = " ".join(tokens(base or figure.metric)), declared(figure.unit)
            measured = frozenset(topics or {own})
            self._measures[key] = Measure(
                topics=measured,
                known=bool(topics),
                unit=unit,
                past=not words.PAST_METRICS.isdisjoint(own.split()),
                changed=base is not None,
                side=sides.pop() if len(sides) == 1 and words.NET.isdisjoint(own.split()) else 0,
                written=tuple(
                    _as_declared(unit, measured, changed=base is not None)
                    if unit is not None
                    else _undeclared(measured, known=bool(topics), greatest=self._greatest[figure.metric])
                ),
            )
        return self._measures[key]

    def _changing(self, figure: Figure) -> str | None:
        """The metric whose change it is: `inflation` for `inflation change`, where there is one."""
        base, last = _parted(figure.metric)
        return base if last in words.CHANGE_METRICS and (base, figure.tool) in self._named else None

    @cached_property
    def _moves(self) -> dict[tuple[str, str, str], float]:
        """Entity, metric and tool → how it changed, where a figure says so or one of the reading before."""
        new = (cell for cell in self.cells if not cell.old)
        newest = {(cell.entity, cell.figure.metric, cell.figure.tool): cell.value for cell in new}
        found: dict[tuple[str, str, str], float] = {}
        for (entity, metric, tool), value in newest.items():
            base, last = _parted(metric)
            if (entity, base, tool) in newest and last in words.PAST_METRICS:
                found.setdefault((entity, base, tool), newest[entity, base, tool] - value)
            elif (entity, base, tool) in newest and last in words.CHANGE_METRICS:
                found[entity, base, tool] = value
        return found

    def move(self, cell: Cell) -> float:
        """How the metric of a cell changed, 0 where nothing tells."""
        return 0.0 if cell.old else self._moves.get((cell.entity, cell.figure.metric, cell.figure.tool), 0.0)

    @cached_property
    def lexicon(self) -> Lexicon:
        """The vocabulary, the names of sectors and tickers, and the names of metrics."""
        lexicon = Lexicon(vocabulary())
        for metric, topics in dict.fromkeys((cell.figure.metric, cell.measure.topics) for cell in self.cells):
            if not set(tokens(metric)) <= words.GENERIC:
                for topic in topics - words.TRADING:
                    lexicon.add([metric], "topic", topic)
        indices = {index: folded(index) for index in words.INDICES.split("|")}
        names = {**indices, **self._spelled, **{name: entity for entity, name in self.shown.items()}}
        for name, entity in names.items():
            plural = name[:-1] if name.endswith("s") else f"{name}s"
            lexicon.add([name] if name.isupper() else [name, plural], "entity", entity)
        return lexicon

    def _kept(self) -> dict[tuple[str | None, str], list[Reading]]:
        """(entity or None for all, kind) → readings in the order of the figures."""
        kept: dict[tuple[str | None, str], list[Reading]] = defaultdict(list)
        for cell in self.cells:
            for kind, factor in cell.measure.written:
                value = cell.value * factor
                if isfinite(value):
                    reading = Reading(abs(value), value, cell)
                    kept[cell.entity, kind].append(reading)
                    kept[None, kind].append(reading)
        return dict(kept)

    def between(self, entity: str | None, kind: str, least: float, most: float) -> Sequence[Reading]:
        """Readings of that kind with a size from `least` to `most`. `entity` None: of all."""
        sizes = self._sizes.get((entity, kind), [])
        first, end = bisect_left(sizes, least), bisect_right(sizes, most)
        return self._sized[entity, kind][first:end] if first < end else ()

    def greatest(self, kind: str) -> float:
        """The size of the greatest reading of that kind, 0 without any."""
        return next(iter(self._sizes.get((None, kind), [])[-1:]), 0.0)

    def in_order(self, entity: str | None, kind: str) -> Sequence[Reading]:
        return self._ordered.get((entity, kind), ())

    def topics_of(self, entity: str) -> frozenset[str]:
        return frozenset().union(*self._topics.get(entity, ()))

    def overlap(self, entity: str, topics: frozenset[str], nearest: frozenset[str]) -> int:
        """How many of the topics a metric of that entity has that is of the nearest; -1 where none is."""
        key = (entity, topics, nearest)
        if key not in self._overlaps:
            shared = (len(own & topics) for own in self._topics.get(entity, ()) if own & nearest)
            self._overlaps[key] = max(shared, default=-1)
        return self._overlaps[key]


def ready(figures: Sequence[Figure], aliases: Mapping[str, Sequence[str]]) -> Figures:
    """Figures to look numbers up in; those of the newest answers are kept, as a check, its doubts and its scores all
    look at the same.
    """
    return _ready(tuple(figures), tuple((name, tuple(others)) for name, others in aliases.items()))


@lru_cache(maxsize=8)
def _ready(figures: tuple[Figure, ...], aliases: tuple[tuple[str, tuple[str, ...]], ...]) -> Figures:
    return Figures(figures, dict(aliases))
