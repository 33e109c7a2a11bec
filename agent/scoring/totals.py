"""Totals: what many scores say together, and how two configurations compare. Pure, and without a silent zero.

Sums are exact before they are rounded: versions of Python differ in how `sum` adds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, comb, fsum
from typing import Literal

from agent.scoring.score import Score, unscored

UNCERTAINTY = 0.05
"""Share of intervals and bounds that may miss what they are about."""


def pass_hat_k(passes: int, runs: int, k: int) -> float | None:
    """Probability that k of the runs, drawn without putting back, all pass: C(passes, k) / C(runs, k).

    None with fewer than k runs.
    """
    return comb(passes, k) / comb(runs, k) if runs >= k else None


def mean_pass_hat_k(counts: Sequence[tuple[int, int]], k: int) -> Score:
    """Mean of `pass_hat_k` over cases. `counts`: passes and runs of each; cases with fewer than k runs are left out,
    and told."""
    values = [value for passes, runs in counts if (value := pass_hat_k(passes, runs, k)) is not None]
    said, left_out = f"{len(values)} of {len(counts)} cases have {k} runs", len(counts) - len(values)
    if not values:
        return unscored(said, left_out=left_out)
    return Score(fsum(values) / len(values), said, {"left_out": left_out})


def usd_per_valid(usds: Sequence[float | None], valid: int) -> Score:
    """USD of all runs / number of those with a valid answer: what an answer costs, failures included."""
    if unpriced := usds.count(None):
        return unscored(f"{unpriced} of {len(usds)} runs have no price")
    if not valid:
        return unscored(f"none of {len(usds)} runs has a valid answer")
    total = fsum(usd for usd in usds if usd is not None)
    return Score(total / valid, f"{total:.6f} USD for {valid} valid answers of {len(usds)} runs")


def quantile(values: Sequence[float], q: float) -> float | None:
    """By nearest rank: the smallest value that at least the share `q` (0..1) of the values does not exceed.

    None without values.
    """
    # As a decimal: 0.07 · 100 in binary is more than 7.
    rank = ceil(Fraction(str(q)) * len(values))
    return sorted(values)[max(rank, 1) - 1] if values else None


def upper_bound(successes: int, n: int) -> float | None:
    """A rate that n trials without a success do not exceed, with about 95 % confidence: 3 / n, the rule of three.

    None with a success, for which the rule says nothing, and without trials.
    """
    return min(1.0, 3 / n) if n and not successes else None


@dataclass(frozen=True)
class Paired:
    """Two scores of the same things, pair by pair. Pairs count as independent: one per case and date."""

    n: int
    """Pairs of which both are scored."""
    better: int
    worse: int
    equal: int
    unscored: int
    mean_difference: float | None
    """Second minus first; None without a pair."""
    interval: tuple[float, float] | None
    """In which the median difference lies, with a confidence of at least 95 %; None where so few pairs cannot say."""
    p: float
    """Of a split as uneven as this one, were better and worse equally likely (two-sided sign test, ties left out)."""


def paired(
    a: Sequence[float | None], b: Sequence[float | None], better: Literal["higher", "lower"] = "higher"
) -> Paired:
    """`b` against `a`, which have their items in the same order. Raises ValueError when one has more of them."""
    pairs = [(one, other) for one, other in zip(a, b, strict=True) if one is not None and other is not None]
    differences = sorted(other - one for one, other in pairs)
    up, down = sum(each > 0 for each in differences), sum(each < 0 for each in differences)
    n = len(differences)
    return Paired(
        n=n,
        better=up if better == "higher" else down,
        worse=down if better == "higher" else up,
        equal=n - up - down,
        unscored=len(a) - n,
        mean_difference=fsum(differences) / n if n else None,
        interval=_interval(differences),
        p=float(min(Fraction(1), 2 * _tail(min(up, down), up + down))),
    )


def _tail(k: int, n: int) -> Fraction:
    """P(X ≤ k) of a fair coin thrown n times."""
    return Fraction(sum(comb(n, each) for each in range(k + 1)), 2**n)


def _interval(ordered: Sequence[float]) -> tuple[float, float] | None:
    """The sign test turned around: as many of the outermost differences are cut off at each end as it allows."""
    n = len(ordered)
    cut = sum(2 * _tail(k, n) <= UNCERTAINTY for k in range(n // 2))
    return (ordered[cut - 1], ordered[n - cut]) if cut else None
