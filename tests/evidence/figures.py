"""What three kinds of server show: fractions, the embedded market's columns, and daily rows."""

from __future__ import annotations

from typing import Any

from agent.figures import Figure, FigureReader

ALIASES = {
    "Banks": ["Ngân hàng", "Banking"],
    "Energy": ["Năng lượng", "Dầu khí"],
    "Technology": ["Công nghệ", "Tech"],
    "Utilities": ["Tiện ích"],
    "Real Estate": ["Bất động sản"],
    "Food and Beverage": ["Thực phẩm và đồ uống"],
}


def _table(
    metrics: dict[str, tuple[str | None, str | None]], rows: dict[str, tuple[float | None, ...]], **around: Any
) -> Any:
    """`metrics`: name → unit and lookback, each None where the server says nothing of it."""
    columns = {
        name: {key: value for key, value in (("unit", unit), ("lookback", lookback)) if value}
        for name, (unit, lookback) in metrics.items()
        if unit or lookback
    }
    listed = [{"sector": sector, **dict(zip(metrics, row, strict=True))} for sector, row in rows.items()]
    return {**around, "columns": columns, "rows": listed}


def _macro(**values: tuple[float, float]) -> Any:
    """Indicator → its value and the one before."""
    rows = [
        {
            "indicator": name,
            "value": value,
            "previous": previous,
            "change": round(value - previous, 2),
            "unit": "percent",
            "observed_at": "2025-05-31",
        }
        for name, (value, previous) in values.items()
    ]
    return {"columns": {"change": {"unit": "percentage points"}}, "rows": rows}


def fractions() -> list[Figure]:
    """Performance and volatility as fractions, momentum and strength as plain numbers, flows in VND bn."""
    heatmap = _table(
        {
            "performance": ("fraction", "3M"),
            "momentum": (None, "12-1M"),
            "volatility": ("fraction", "3M"),
            "relative_strength": ("index", "3M"),
        },
        {
            "Banks": (0.0734, 1.82, 0.1921, 104.6),
            "Energy": (-0.0312, -0.94, 0.2710, 93.1),
            "Technology": (0.1185, 2.41, 0.2483, 111.9),
            "Utilities": (0.0127, 0.15, 0.1104, 99.2),
        },
    )
    flow = _table(
        {"net_foreign_flow": ("VND bn", "1M")},
        {"Banks": (1240.6,), "Energy": (-310.25,), "Technology": (2875.0,), "Utilities": (-12.4,)},
    )
    macro = [("gdp_growth", 7.43), ("cpi", 3.38), ("policy_rate", 4.5), ("unemployment", 2.22)]
    rows = {"rows": [{"indicator": name, "value": value, "unit": "percent"} for name, value in macro]}
    return _of(get_heatmap=heatmap, get_flow=flow, get_macro=rows)


def embedded() -> list[Figure]:
    """The reference server's shape: percent and VND bn, over several lookbacks."""
    heat = {"performance": "percent", "relative_strength": "percent"}
    by_lookback = {
        "1M": {
            "Utilities": (5.64, 12.81), "Banks": (-6.05, -4.11), "Technology": (1.37, 3.92),
            "Real Estate": (-19.02, -15.33), "Food and Beverage": (-0.58, 2.26),
        },
        "3M": {
            "Utilities": (5.43, 21.74), "Banks": (-23.41, -11.52), "Technology": (-1.46, 13.81),
            "Real Estate": (-32.37, -21.96), "Food and Beverage": (-3.83, 11.08),
        },
        "1Y": {
            "Utilities": (8.92, 12.27), "Banks": (-4.76, -1.83), "Technology": (-12.64, -9.95),
            "Real Estate": (-49.85, -48.31), "Food and Beverage": (2.11, 5.25),
        },
    }  # fmt: skip
    tables = {
        f"get_sector_heatmap_{lookback}": _table({name: (unit, lookback) for name, unit in heat.items()}, rows)
        for lookback, rows in by_lookback.items()
    }
    windows = _table(
        {"momentum": ("percent", "12-1M"), "volatility": ("percent", "504D")},
        {
            "Utilities": (-0.24, 12.97), "Banks": (-1.28, 24.55), "Technology": (-10.87, 27.36),
            "Real Estate": (-42.93, 33.04), "Food and Beverage": (5.02, 19.43),
        },
    )  # fmt: skip
    flow = _table(
        {"net_buy_sell": ("VND bn", "1M"), "share_of_turnover": ("percent", "1M")},
        {
            "Utilities": (723.52, 1.58), "Banks": (-3276.84, -1.29), "Technology": (-189.43, -0.74),
            "Real Estate": (-897.31, -2.47), "Food and Beverage": (289.79, 0.61),
        },
    )  # fmt: skip
    whales = _table(
        {
            "net_value": ("VND bn", "20D"),
            "buy_value": ("VND bn", "20D"),
            "sell_value": ("VND bn", "20D"),
            "trades": ("count", "20D"),
        },
        {
            "Utilities": (1169.74, 2051.3, 881.56, 17), "Banks": (-2638.8, 5120.4, 7759.2, 41),
            "Technology": (-48.12, 910.05, 958.17, 9), "Real Estate": (343.02, 1610.7, 1267.68, 23),
            "Food and Beverage": (896.71, 1433.6, 536.89, 12),
        },
    )  # fmt: skip
    accounts = _table(
        {
            "revenue": ("VND bn", "3M"),
            "net_profit": ("VND bn", "3M"),
            "profit_growth": ("percent", "3M"),
            "net_margin": ("percent", "3M"),
        },
        {
            "Utilities": (48210.0, 6231.0, 17.14, 12.92), "Banks": (71330.0, 20375.0, 29.34, 28.56),
            "Technology": (33150.0, 4957.0, 24.08, 14.95), "Real Estate": (26480.0, 2294.0, -22.28, 8.66),
            "Food and Beverage": (52940.0, 6966.0, 32.11, 13.16),
        },
    )  # fmt: skip
    macro = _macro(
        gdp_growth=(6.36, 6.62), inflation=(3.91, 3.82), interest_rates=(5.73, 5.19), unemployment_rate=(2.42, 2.3)
    )
    return _of(
        **tables,
        get_sector_heatmap=windows,
        get_foreign_flow=flow,
        get_whale_activity=whales,
        get_financial_statements=accounts,
        get_macro_indicators=macro,
    )


def daily() -> list[Figure]:
    """A stranger's rows: one day's change and value without units, a macro snapshot, tickers, and a mapping's units."""
    rotation = {
        "date": "2026-11-27",
        "data": [
            {"sector": "Banks", "change_pct": 1.24, "net_value": 120.5, "rsi": 61.7, "pe": 9.8},
            {"sector": "Real Estate", "change_pct": -0.83, "net_value": -88.6, "rsi": 38.2, "pe": 14.3},
            {"sector": "Technology", "change_pct": 2.05, "net_value": 43.9, "rsi": 70.4, "pe": 21.6},
        ],
    }
    macro = {"vietnam": [{"indicator": "cpi_yoy", "value": 3.4}, {"indicator": "usd_vnd", "value": 25412.0}]}
    said = ("percent", "1 session")
    mapped = [
        Figure(sector, "perf_1d", value, *said, day, "get_history", "c_history", f"/{at}/change", ticker)
        for at, (sector, ticker, day, value) in enumerate(
            [
                ("Energy", None, "2026-11-26", -0.42), ("Energy", None, "2026-11-27", -1.96),
                ("Energy", "PVD", "2026-11-27", -3.17), ("Energy", "GAS", "2026-11-27", 0.74),
            ]
        )
    ]  # fmt: skip
    return _of(get_sector_rotation=rotation, get_macro_snapshot=macro) + mapped


def _of(**results: Any) -> list[Figure]:
    return [
        figure
        for tool, data in results.items()
        for figure in FigureReader().read(data, offered_as=tool, call=f"c_{tool}")
    ]


SERVERS = {"fractions": fractions(), "embedded": embedded(), "daily": daily()}
