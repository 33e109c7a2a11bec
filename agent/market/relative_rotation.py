"""Relative rotation: where each sector stands against the benchmark, and where it is heading.

An open formula with its parameters exposed. Other programs publish other formulas, or none, and differ from
this one in numbers and at times in the quadrant.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

if TYPE_CHECKING:
    from agent.market.pack import Floats

QUADRANTS = {
    (True, True): "leading",
    (True, False): "weakening",
    (False, False): "lagging",
    (False, True): "improving",
}
"""(ratio >= 100, momentum >= 100) → name. Sectors tend to pass them clockwise, in this order."""
FLAT = 1e-9
"""A deviation below this share of its mean is rounding, not movement."""


@dataclass(frozen=True)
class Rotation:
    """One number or word for each sector, NaN and None where it did not move against the benchmark.

    `ratio` and `momentum` are points around 100; `heading` is the direction of the last step in degrees,
    counterclockwise from "ratio grows"; `length` is that step in points. `tail`: ratio and momentum at earlier samples,
    the oldest first, shape (samples, sectors, 2).
    """

    ratio: Floats
    momentum: Floats
    heading: Floats
    length: Floats
    quadrant: tuple[str | None, ...]
    tail: Floats


def minimum(window: int, lag: int) -> int:
    """Samples needed: a window for the ratio, its change, a window for the momentum, and one step for the heading."""
    return 2 * window + lag


def relative_rotation(
    returns: Floats, benchmark: Floats, step: int, window: int, smoothing: int, lag: int, tail: int = 0
) -> Rotation | None:
    """`rotation(window, smoothing, lag)` from total returns (T, S) and (T,), in points around 100.

    RS       = P of the sector / P of the benchmark, one sample every `step` observations back from the newest
    ratio    = EMA(100 + (RS - mean of RS) / deviation of RS)
    change   = ratio[t] / ratio[t - lag] - 1
    momentum = EMA(100 + (change - mean of change) / deviation of change)

    Means and deviations (ddof 1) are over `window` samples, the newest included. The EMA has the factor
    2 / (smoothing + 1) and begins with its first value; smoothing 1 is none.
    Source: an open approximation of relative rotation charts. Minimum: 2 x window + lag samples, else None.

    `tail` earlier samples are told, or as many as have that minimum behind them. Each is what the returns up to its own
    observation give, since these are sampled at the same places; up to an observation between two samples they are not.
    """
    samples = len(returns) // step
    if samples < minimum(window, lag):
        return None
    earlier = min(tail, samples - minimum(window, lag))
    relative: Floats = ((1 + returns) / (1 + benchmark[:, None]))[len(returns) - samples * step :]
    levels = np.asarray(np.cumprod(relative, axis=0)[step - 1 :: step], dtype=np.float64)
    ratio = _smoothed(100 + _standardised(levels, window), smoothing)
    change: Floats = ratio[lag:] / ratio[:-lag] - 1
    momentum = _smoothed(100 + _standardised(change, window), smoothing)
    right, up = ratio[-1] - ratio[-2], momentum[-1] - momentum[-2]
    return Rotation(
        ratio=ratio[-1],
        momentum=momentum[-1],
        heading=np.degrees(np.arctan2(up, right)),
        length=np.hypot(right, up),
        quadrant=tuple(map(_quadrant, ratio[-1], momentum[-1])),
        tail=np.stack([each[len(each) - 1 - earlier : -1] for each in (ratio, momentum)], axis=-1),
    )


def _standardised(values: Floats, window: int) -> Floats:
    """Each value's distance from the mean of the `window` that ends with it, in deviations; the first window - 1 go."""
    windows = sliding_window_view(values, window, axis=0)
    mean, deviation = windows.mean(axis=-1), windows.std(axis=-1, ddof=1)
    moved = deviation > FLAT * np.maximum(np.abs(mean), FLAT)
    scores: Floats = np.divide(values[window - 1 :] - mean, deviation, out=np.full_like(mean, np.nan), where=moved)
    return scores


def _smoothed(values: Floats, span: int) -> Floats:
    """Exponential mean along time; after a NaN it begins anew."""
    weight = 2 / (span + 1)
    smooth = values.copy()
    for t in range(1, len(values)):
        going_on = smooth[t - 1] + weight * (values[t] - smooth[t - 1])
        smooth[t] = np.where(np.isnan(smooth[t - 1]), values[t], going_on)
    return smooth


def _quadrant(ratio: Any, momentum: Any) -> str | None:
    if np.isnan(ratio) or np.isnan(momentum):
        return None
    return QUADRANTS[bool(ratio >= 100), bool(momentum >= 100)]
