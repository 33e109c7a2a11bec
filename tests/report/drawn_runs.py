"""A run with everything that a drawing shows."""

from __future__ import annotations

from agent.result import RULES, SIMULATED, RunResult
from tests.report.runs_and_pages import advice, figure, result

STRENGTHS = {"Ngân hàng": (5.0, 2.5), "Bán lẻ": (-4.0, -1.5), "Ô tô & phụ tùng": (-1.0, 3.0), "Điện, nước": (2.0, -0.5)}


def drawn_run(**other: object) -> RunResult:
    figures = [
        figure(sector, value, "relative_strength", lookback=lookback, pointer=f"/rows/{at}/{lookback}")
        for at, (sector, pair) in enumerate(STRENGTHS.items())
        for lookback, value in zip(("3M", "1M"), pair, strict=True)
    ]
    figures += [
        figure("Ngân hàng", 18.25, "volatility"),
        figure("Bán lẻ", 1210.0, "volatility", unit="VND_bn", tool="flow"),
    ]
    given = [
        advice("Ngân hàng", "overweight", 0.71),
        advice("Bán lẻ", "underweight", 0.6),
        advice("Điện, nước", "neutral", 0.5),
        advice("Ô tô & phụ tùng", "hold", "rather high"),
    ]
    about = {
        "question": "Nhóm ngành nào dẫn dắt thị trường?",
        "answer": {"sector_recommendations": given, "heatmap_url": "artifact:page.html"},
        "labels": [SIMULATED, RULES],
        "figures": figures,
        "horizon": "63 sessions",
        "agent_name": "Tester",
    }
    return result(**about | other)
