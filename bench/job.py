"""The job that `loop.py` gives to everybody: what is asked, what the tools answer, what the model says in three turns.

Turn 1 calls one tool, turn 2 the three others together, turn 3 answers in the form of the article. The answer's figures
are those of the tools, so that whoever checks them finds them.
"""

from __future__ import annotations

import json
from typing import Any

QUESTION = "Which sectors should be overweighted and underweighted for the next quarter?"
DESCRIPTION = "You advise on sector rotation, from current market data."
MODEL = "claude-opus-5-5"
DAY = "2026-11-27"
SECTORS = [
    "Banks", "Real Estate", "Retail", "Oil & Gas", "Utilities", "Chemicals", "Technology", "Food & Beverage",
    "Insurance", "Health Care", "Media", "Travel", "Telecommunications", "Automobiles", "Construction", "Steel",
    "Brokers", "Logistics", "Fisheries", "Rubber", "Textiles", "Plastics", "Mining", "Airlines", "Paper",
]  # fmt: skip
SERIES = ["gdp_growth", "inflation", "interest_rates", "unemployment_rate"]
CALLS: list[list[tuple[str, dict[str, Any]]]] = [
    [("get_macro_indicators", {"indicators": SERIES, "region": "Vietnam", "period": "quarterly"})],
    [
        ("get_sector_heatmap", {"lookback_period": "3M", "granularity": "daily", "metrics": ["performance"]}),
        ("get_foreign_flow", {"sector": "all", "period": "1M", "flow_type": "net_buy_sell"}),
        ("get_whale_activity", {"sector": "all", "lookback_days": 20}),
    ],
]
"""By turn."""
SAID = ["I look at the economy first, and then at the market.", "Growth holds up. Now the sectors, and who buys them."]
DELTAS = [20, 40, 90]
"""How many pieces the answer of each turn comes in."""
RESULT_BYTES = 4_000
"""The least that a tool answers with."""


def _share(at: int, step: int) -> float:
    """Percent: the same every time, and not the same for every sector."""
    return round((at * step * 7919 % 1999) / 100 - 9.5, 2)


def _dated(rows: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {"kind": "real", "source": "bench", "as_of": DAY, "observed_at": DAY, **more, "rows": rows}


PERFORMANCE = {sector: _share(at, 3) for at, sector in enumerate(SECTORS)}
RESULTS: dict[str, dict[str, Any]] = {
    "get_macro_indicators": _dated(
        [
            {
                "indicator": name,
                "value": _share(at + year, 11),
                "unit": "percent",
                "observed_at": f"{2026 - year}-09-30",
                "known_at": f"{2026 - year}-10-29",
                "revised": False,
            }
            for at, name in enumerate(SERIES)
            for year in range(8)
        ],
        region="Vietnam",
    ),
    "get_sector_heatmap": _dated(
        [
            {
                "sector": sector,
                "performance": PERFORMANCE[sector],
                "momentum": _share(at, 5),
                "volatility": abs(_share(at, 13)),
                "relative_strength": _share(at, 17),
                "volume_change": _share(at, 19),
                "breadth": abs(_share(at, 23)),
                "drawdown": _share(at, 29),
            }
            for at, sector in enumerate(SECTORS)
        ],
        lookback_period="3M",
        columns={"performance": {"unit": "percent"}, "momentum": {"unit": "percent"}},
    ),
    "get_foreign_flow": _dated(
        [
            {
                "sector": sector,
                "net_buy_sell": _share(at, 31),
                "total_buy": abs(_share(at, 37)),
                "total_sell": abs(_share(at, 41)),
                "share_of_turnover": abs(_share(at, 43)),
                "room_left": abs(_share(at, 47)),
                "streak_days": at % 7,
                "unit": "billion VND",
            }
            for at, sector in enumerate(SECTORS)
        ],
        lookback_period="1M",
    ),
    "get_whale_activity": _dated(
        [
            {
                "sector": sector,
                "net_value": _share(at, 53),
                "trades": at * 3 % 11,
                "largest": abs(_share(at, 59)),
                "side": "buy" if at % 2 else "sell",
                "share_of_turnover": abs(_share(at, 61)),
                "median_size": abs(_share(at, 67)),
                "days_ago": at * 5 % 20,
                "unit": "billion VND",
            }
            for at, sector in enumerate(SECTORS)
        ],
        lookback_period="20 sessions",
    ),
}
ANSWER = {
    "sector_recommendations": [
        {
            "sector_name": sector,
            "action": "overweight" if PERFORMANCE[sector] > 0 else "underweight",
            "rationale": f"Its performance over three months was {PERFORMANCE[sector]} percent, and growth holds up.",
            "confidence_score": 0.55,
        }
        for sector in SECTORS[:8]
    ],
    "heatmap_url": "",
}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "sector_recommendations": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "properties": {
                    "sector_name": {"type": "string"},
                    "action": {"type": "string", "enum": ["overweight", "underweight", "neutral"]},
                    "rationale": {"type": "string"},
                    "confidence_score": {"type": "number", "minimum": 0, "maximum": 1},
                },
                "required": ["sector_name", "action", "rationale", "confidence_score"],
                "additionalProperties": False,
            },
        },
        "heatmap_url": {"type": "string"},
    },
    "required": ["sector_recommendations", "heatmap_url"],
    "additionalProperties": False,
}
"""What the answer has to satisfy."""


def said(turn: int) -> list[dict[str, Any]]:
    """The blocks of the model's answer in turn 0, 1 or 2."""
    if turn == len(CALLS):
        return [{"type": "text", "text": json.dumps(ANSWER)}]
    calls = [
        {"type": "tool_use", "id": f"toolu_{turn}_{at}", "name": name, "input": arguments}
        for at, (name, arguments) in enumerate(CALLS[turn])
    ]
    return [{"type": "text", "text": SAID[turn]}, *calls]
