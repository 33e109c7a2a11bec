"""Random numbers that are the same to the bit on every machine and under every numpy.

Only the raw words of PCG64 are used, never the methods of numpy's Generator, whose streams may change. A
normal is a sum of twelve 16-bit uniforms (Irwin-Hall), added up as integers, so that no order of additions
and no instruction set can matter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from agent.market.pack import Floats, Integers

_STREAMS = (
    "regimes Vietnam",
    "regimes Global",
    "leadership",
    "tickers",
    "market",
    "sectors",
    "returns",
    "jumps",
    "close",
    "turnover",
    "whales",
    "foreign sectors",
    "foreign tickers",
    "put-through",
    "room",
    "macro Vietnam",
    "macro Global",
    "revisions Vietnam",
    "revisions Global",
    "accounts",
    "accounts restated",
    "filing",
    "restated",
)
_LOW_HALVES = np.uint64(0x0000_FFFF_0000_FFFF)


def _words(seed: int, stream: str, count: int) -> NDArray[np.uint64]:
    return np.random.PCG64(np.random.SeedSequence([seed, _STREAMS.index(stream)])).random_raw(count)


def uniforms(seed: int, stream: str, *shape: int) -> Floats:
    """In [0, 1), from 53 random bits each."""
    words = _words(seed, stream, int(np.prod(shape))) >> np.uint64(11)
    numbers: Floats = words.astype(np.float64).reshape(shape) * 2.0**-53
    return numbers


def normals(seed: int, stream: str, *shape: int) -> Floats:
    """Mean 0, variance 1, within 6 of 0, in steps of 2⁻¹⁶."""
    words = _words(seed, stream, 3 * int(np.prod(shape))).reshape(3, -1)
    pairs = (words & _LOW_HALVES) + ((words >> np.uint64(16)) & _LOW_HALVES)  # two lanes of 32 bits in each word
    lanes = pairs[0] + pairs[1] + pairs[2]
    total = (lanes & np.uint64(0xFFFF_FFFF)) + (lanes >> np.uint64(32))
    numbers: Floats = (total.astype(np.float64) - 12 * 32_767.5).reshape(shape) * 2.0**-16
    return numbers


def places(numbers: Floats, size: int) -> Integers:
    """Uniforms as whole numbers from 0 to size - 1."""
    return (numbers * size).astype(np.int64)
