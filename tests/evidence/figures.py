"""What three kinds of server show: the appendix's fractions, the embedded market's columns, daily rows without units."""

from __future__ import annotations

from typing import Any

from agent.figures import Figure, figures_of


def fractions() -> list[Figure]:
    """Performance and volatility as fractions, momentum and strength as plain numbers, flows in VND bn."""
    values = {
        "Banks": (0.0734, 1.82, 0.1921, 104.6, 1240.6),
        "Energy": (-0.0312, -0.94, 0.2710, 93.1, -310.25),
        "Technology": (0.1185, 2.41, 0.2483, 111.9, 2875.0),
        "Utilities": (0.0127, 0.15, 0.1104, 99.2, -12.4),
    }
    names = ("performance", "momentum", "volatility", "relative_strength")
    units = {"performance": "fraction", "volatility": "fraction", "relative_strength": "index"}
    heatmap = {
        "lookback_period": "3M",
        "columns": {name: {"unit": unit} for name, unit in units.items()},
        "rows": [{"sector": s, **dict(zip(names, row[:4], strict=True))} for s, row in values.items()],
    }
    flow = {
        "columns": {"net_foreign_flow": {"unit": "VND bn", "lookback": "1M"}},
        "rows": [{"sector": s, "net_foreign_flow": row[4]} for s, row in values.items()],
    }
    macro = {
        "rows": [
            {"indicator": name, "value": value, "unit": "percent"}
            for name, value in (("gdp_growth", 7.43), ("cpi", 3.38), ("policy_rate", 4.5), ("unemployment", 2.22))
        ]
    }
    return _of(get_heatmap=heatmap, get_flow=flow, get_macro=macro)


def _of(**results: Any) -> list[Figure]:
    return [figure for tool, data in results.items() for figure in figures_of(data, tool=tool, call=f"c_{tool}")]
