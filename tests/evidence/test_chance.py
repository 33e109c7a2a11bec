from __future__ import annotations

import random

from agent.evidence import chance, examine
from agent.figures import Figure

NAMES = ("Alpha", "Beta", "Gamma", "Delta", "Epsilon", "Zeta", "Eta", "Theta", "Iota", "Kappa", "Lambda")
SECTORS = [f"{name} Sector" for name in NAMES]
METRICS = (
    "performance",
    "momentum",
    "volatility",
    "relative_strength",
    "share_of_turnover",
    "profit_growth",
    "net_margin",
)


def eleven_sectors() -> list[Figure]:
    draws = random.Random(11)
    return [
        Figure(sector, metric, round(draws.gauss(0, 15), 2), "percent", lookback, "2025-06-30", "t", "c", f"/{at}")
        for at, (sector, metric, lookback) in enumerate(
            (sector, metric, lookback) for sector in SECTORS for metric in METRICS for lookback in ("1M", "3M")
        )
    ]


def answer(*texts: str) -> dict[str, object]:
    return {
        "sector_recommendations": [
            {"sector_name": SECTORS[at % len(SECTORS)], "rationale": text} for at, text in enumerate(texts)
        ]
    }


def test_a_made_up_number_of_two_decimals_passes_in_less_than_one_of_a_hundred_cases() -> None:
    draws, words = random.Random(7), ("It returned", "Momentum is", "Volatility of", "Profit growth of", "It stands at")
    texts = [f"{draws.choice(words)} {draws.uniform(-30, 30):.2f} %." for _ in range(4_000)]
    found = examine(answer(*texts), eleven_sectors())
    assert len(found) == len(texts)
    assert sum(each.supported for each in found) / len(found) < 0.01


def test_fewer_decimals_pass_by_chance_more_often() -> None:
    exact, rounded, whole = (
        chance(answer(f"Volatility of {number} %."), eleven_sectors()) for number in ("12.34", "12.3", "12")
    )
    assert exact is not None
    assert rounded is not None
    assert whole is not None
    assert exact <= rounded <= whole < 0.2
    assert exact < 0.01 < whole


def test_chance_is_the_same_every_time_and_none_without_a_number() -> None:
    said = answer("Momentum of 12.3 % and volatility of 7 %.")
    assert chance(said, eleven_sectors()) == chance(said, eleven_sectors())
    assert chance(answer("Nothing to count in 2025."), eleven_sectors()) is None
    assert chance(answer("Momentum of 12.3 %."), []) == 0.0
