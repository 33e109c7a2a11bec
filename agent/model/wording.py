"""The planner's sentences: a sector's rationale, and what the first rationale says of all of them.

Every number in them is a figure's, a rank, a count or a year.
"""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from math import floor, isclose, log10
from typing import NamedTuple

from agent.figures import Figure, latest
from agent.lookbacks import days_of
from agent.model.calibration import Calibration
from agent.model.phrases import Phrases
from agent.model.scorecard import RISK, Evidence, Scored, return_days, weights_for
from agent.model.sought import Asked
from agent.taxonomy import Taxonomy, folded

RATE = re.compile(
    r"((central|interest|policy|repo|refinancing|discount|deposit|lending|fed|funds|bank)[ _]?)+rates?|lãi[ _]suất.*",
    re.IGNORECASE,
)
"""Metrics that are interest rates: those of exchange and of unemployment are none."""
LOOKBACK = re.compile(r"(\d+(?:-\d+)?)([DWMQY])")
UNITLESS = ("", "ratio", "fraction")
NEAR = 0.25
"""Within this many standard deviations of the mean, a figure speaks for nothing."""


class Ground(NamedTuple):
    """What confidence rests on: main measures that no tool gave, and whether what is left is enough to be sure of."""

    missing: Sequence[str]
    suffices: bool


class Wording:
    """Writes in the language of its phrases, in which the taxonomy may have names for sectors."""

    def __init__(self, phrases: Phrases, taxonomy: Taxonomy | None) -> None:
        self._phrases, self._taxonomy = phrases, taxonomy or Taxonomy({})

    def rationale(self, scored: Scored) -> str:
        """One sector's rank, and the figures that make it, the strongest first."""
        say = self._phrases
        telling = [each for each in scored.evidence if abs(each.z) >= NEAR]
        above = [self._phrase(each) for each in telling if each.part > 0]
        below = [self._phrase(each) for each in telling if each.part < 0]
        first, second = (below, above) if scored.action == "underweight" else (above, below)
        neutral = scored.action == "neutral"
        leading, following = (say.raises, say.lowers) if neutral else (say.supports, say.opposes)
        have, any_has = scored.measures
        near = "" if telling else say.near_the_mean.format(figure=self._phrase(scored.evidence[0]))
        return _joined(
            say.rank[scored.action].format(sector=self._sector(scored.sector), rank=scored.rank, of=scored.of),
            leading.format(figures=", ".join(first[:3])) if first else "",
            following.format(figures=", ".join(second[:2])) if second else "",
            near,
            say.few_measures.format(have=have, of=any_has) if have < any_has else "",
        )

    def as_asked(self, sector: str, figures: Sequence[Figure], lookbacks: Sequence[str]) -> str:
        """How it performed over the lookbacks that were asked for, and for which of them no tool said it."""
        known = [figure for figure in figures if figure.sector is not None and figure.value is not None]
        own = [figure for figure in known if folded(figure.sector or "") == folded(sector)]
        newest = latest(own, lambda each: (each.tool, each.metric, each.unit, each.lookback)).values()
        returns = [(figure, days) for figure in newest if (days := return_days(figure))]
        reached = {days for _, days in returns}
        told = {lookback: _as_long(days_of(lookback) or 0, reached) for lookback in lookbacks}
        found = [self._returned(figure) for figure, days in returns if days in set().union(*told.values())]
        missing = [self._span(lookback) for lookback, spans in told.items() if not spans]
        none = self._phrases.not_returned.format(lookbacks=_listed(missing, self._phrases.any_of)) if missing else ""
        said = "; ".join(filter(None, (", ".join(found), none)))
        return self._phrases.as_asked.format(figures=said) if said else ""

    def without_figures(self, sector: str) -> str:
        return self._phrases.without_figures.format(sector=self._sector(sector))

    def preface(
        self, scored: list[Scored], calibrated: Calibration, ground: Ground, figures: list[Figure], asked: Asked
    ) -> str:
        """What the first rationale says of all of them: the scorecard, where confidence is from, the economy."""
        say = self._phrases
        weighed = {each.measure: each.figure for sector in scored for each in sector.evidence}
        missing = _listed([say.measures.get(each, each) for each in ground.missing], say.any_of)
        return _joined(
            self._counts(weighed, weights_for(shelter=asked.shelter)),
            say.missing.format(measures=missing) if missing else "",
            (say.shelter_before if asked.before else say.shelter) if asked.shelter and RISK in weighed else "",
            self._sureness(calibrated, ground),
            say.slowdown if _slows(figures) else "",
            self._rates(figures) if asked.rates else "",
        )

    def _counts(self, weighed: dict[str, Figure], weights: dict[str, float]) -> str:
        """The measures by weight, the heaviest first."""
        say = self._phrases
        by_share: dict[float, list[str]] = {}
        for measure in sorted(weighed, key=lambda measure: (-abs(weights[measure]), list(weights).index(measure))):
            name = self._name(weighed[measure])
            by_share.setdefault(abs(weights[measure]), []).append(
                say.low.format(measure=name) if weights[measure] < 0 else name
            )
        shares = (
            say.share.format(measures=_listed(names, say.all_of), share=say.shares[share])
            for share, names in by_share.items()
        )
        return say.counts.format(shares="; ".join(shares))

    def _sureness(self, calibrated: Calibration, ground: Ground) -> str:
        if not ground.suffices:
            return self._phrases.too_thin
        if calibrated.until is None:
            return self._phrases.too_early
        return self._phrases.calibrated.format(year=calibrated.until.year)

    def _rates(self, figures: list[Figure]) -> str:
        """The first interest rate that a tool gave, and how it changed."""
        market = _of_market(figures)
        rate = next((figure for metric, figure in market.items() if RATE.fullmatch(metric)), None)
        if rate is None:
            return self._phrases.no_rate
        name, value = self._metric(rate), self._value(rate, signed="")
        change = market.get(f"{rate.metric} change")
        said = self._phrases.rate_changed if change else self._phrases.rate
        return said.format(
            rate=name[:1].upper() + name[1:], value=value, change=self._value(change) if change else None
        )

    def _phrase(self, each: Evidence) -> str:
        """One figure, its period and its place: momentum +12.3 % (12-1M, 2nd highest of 12)."""
        say = self._phrases
        value = self._value(each.figure, signed="" if each.measure == RISK else "+")
        from_below = each.of - each.rank + 1
        high = each.z > 0 or (each.z == 0 and each.rank <= from_below)
        nth = each.rank if high else from_below
        first, later = (say.highest, say.nth_highest) if high else (say.lowest, say.nth_lowest)
        place = (first if nth == 1 else later).format(nth=say.ordinal(nth), of=each.of)
        return f"{self._metric(each.figure)} {value} ({', '.join(filter(None, (self._lookback(each.figure), place)))})"

    def _returned(self, figure: Figure) -> str:
        """A return alone: performance −12.4 % (6M)."""
        over = f" ({self._lookback(figure)})" if figure.lookback else ""
        return f"{self._metric(figure)} {self._value(figure)}{over}"

    def _value(self, figure: Figure, signed: str = "+") -> str:
        """With its unit."""
        thousands, point = self._phrases.separators
        marks = str.maketrans({",": thousands, ".": point, "-": "\N{MINUS SIGN}"})
        value, unit = figure.value or 0.0, figure.unit or ""
        decimals = _decimals(value, enough=1.0 if unit in UNITLESS else 0.1)
        rounded = round(value, decimals) + 0.0
        text = f"{rounded:{signed if rounded else ''},.{decimals}f}".translate(marks)
        return f"{text}{self._phrases.units.get(unit, f' {unit}')}".strip()

    def _metric(self, figure: Figure) -> str:
        for (word, metric), name in self._phrases.metrics_of.items():
            if metric == figure.metric and word in figure.tool.lower():
                return name
        return self._phrases.metrics.get(figure.metric, figure.metric.replace("_", " "))

    def _name(self, figure: Figure) -> str:
        return f"{self._metric(figure)} ({self._lookback(figure)})" if figure.lookback else self._metric(figure)

    def _lookback(self, figure: Figure) -> str:
        return self._span(figure.lookback or "")

    def _span(self, lookback: str) -> str:
        found = LOOKBACK.fullmatch(lookback)
        if found is None or found[2] not in self._phrases.spans:
            return lookback
        return f"{found[1]} {self._phrases.spans[found[2]]}"

    def _sector(self, name: str) -> str:
        return self._taxonomy.display(name, self._phrases.language)


def _decimals(value: float, enough: float) -> int:
    """One; of what is smaller than `enough`, as many more as it is places smaller: 0.05 %, a ratio of 0.024."""
    size = abs(value) / enough
    return 1 - floor(log10(size)) if 1e-6 < size < 1 else 1


def _as_long(days: int, others: Set[int]) -> set[int]:
    """The same number among the others, or else those within 2 %: 52 weeks are a year."""
    return {days} if days in others else {each for each in others if isclose(days, each, rel_tol=0.02)}


def _joined(*sentences: str) -> str:
    return " ".join(filter(None, sentences))


def _listed(names: list[str], last: str) -> str:
    """`last` stands between the last two."""
    return last.join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def _slows(figures: list[Figure]) -> bool:
    """Growth falls while unemployment rises."""
    changes = {metric: figure.value or 0.0 for metric, figure in _of_market(figures).items()}
    return changes.get("gdp_growth change", 0) < 0 < changes.get("unemployment_rate change", 0)


def _of_market(figures: Sequence[Figure]) -> dict[str, Figure]:
    """The newest figure of each metric of the whole market."""
    return latest(
        (figure for figure in figures if figure.sector is None and figure.value is not None),
        lambda each: each.metric,
    )
