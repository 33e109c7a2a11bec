"""The keyless model: rules in place of a language model, over the same tools, loop, checks and report.

It reads the offered tools and the question, gathers macro, heatmap, flow, whale and statement data as far as
they are offered, and scores the sectors by this scorecard:

    score(sector) = sum(weight × z) / sum(|weight|), over the metrics below that have figures

where z is the sector's distance from the mean of all sectors in standard deviations, limited to ±3. When the
question asks for shelter, or growth slows while unemployment rises, the weights in the second column count.

Its confidence is 0.5 + 0.05 × min(|score|, 2) for overweight and underweight, and 0.2 for neutral (the share of
a normal distribution within a quarter of a standard deviation). It is not calibrated on outcomes.
"""

from __future__ import annotations

import json
import math
import re
import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from agent.figures import Figure, figures_of
from agent.model.base import Request, Turn
from agent.tools.content import data_of

WEIGHTS: dict[str, tuple[float, float]] = {
    "momentum": (1.0, 0.5),
    "relative_strength": (1.0, 0.5),
    "volatility": (-0.5, -1.5),
    "share_of_turnover": (0.5, 0.5),
    "net_value": (0.25, 0.25),
    "profit_growth": (0.5, 0.5),
}
"""Metric → weight usually, weight when shelter is sought."""
NAMES = {"share_of_turnover": "net foreign flow of turnover", "net_value": "net value of large trades"}
"""Metric → words, where its own name says too little."""
NAMED = 3
"""Sectors to overweight, and to underweight, when no universe asks for all."""
THRESHOLD = 0.25
ABSURD = 1e15
"""A number of this size is no measure of a sector."""
SHELTER = re.compile("downturn|recession|defensi|hold up|shelter|risk.?off|crash|suy thoái|phòng thủ", re.IGNORECASE)
FIRST = ("macro", "heatmap")
"""What is called in the first turn; the rest follows in the second."""
ROLES = {
    "macro": re.compile("macro"),
    "heatmap": re.compile("heatmap|sector_(rotation|performance)"),
    "flow": re.compile("flow"),
    "whales": re.compile("whale"),
    "statements": re.compile("financial|statement"),
}
LOOKBACKS = ("1M", "3M", "1Y")
PREFERRED: dict[str, Any] = {
    "granularity": "monthly",
    "flow_type": "net_buy_sell",
    "sector": "all",
    "lookback_days": 20,
    "lookback_period": "3M",
}
"""Arguments by the parameter's name; a list of an enum's values is asked for whole."""
PERIODS = ("1M", "quarterly")


class Planner:
    name = "planner"
    paid = False
    label = "OFFLINE PLANNER"

    def __init__(self) -> None:
        self.parameters: dict[str, Any] = {"scorecard": 1}

    async def answer(self, request: Request) -> Turn:
        question = str(request.messages[0]["content"][0]["text"])
        if not _asks_for_sectors(request.schema):
            return self._refuse("the offline planner answers in the form of sector recommendations only")
        made = _made(request.messages)
        open_calls = [call for call in _calls(request.tools) if (call[1], call[2]) not in made]
        first = [call for call in open_calls if call[0] in FIRST]
        if first or open_calls:
            return self._call(len(made), first or open_calls)
        figures = _figures(request.messages)
        shelter = _reason_for_shelter(question, figures)
        ranked = _ranked(figures, shelter is not None)
        if not ranked:
            return self._refuse("no tool returned figures by sector")
        advice = _advice(ranked, shelter, request.schema)
        return self._turn([{"type": "text", "text": json.dumps(advice, ensure_ascii=False)}])

    async def close(self) -> None:
        pass

    def _call(self, made: int, calls: list[tuple[str, str, dict[str, Any]]]) -> Turn:
        content = [
            {"type": "tool_use", "id": f"plan_{number}", "name": name, "input": arguments}
            for number, (_, name, arguments) in enumerate(calls, made + 1)
        ]
        return self._turn(content, "tool_use")

    def _refuse(self, why: str) -> Turn:
        return self._turn([], "refusal", {"explanation": why})

    def _turn(self, content: list[dict[str, Any]], stop_reason: str = "end_turn", details: Any = None) -> Turn:
        return Turn(content=content, stop_reason=stop_reason, stop_details=details, model=self.name)


def _asks_for_sectors(schema: dict[str, Any]) -> bool:
    try:
        return "sector_name" in schema["properties"]["sector_recommendations"]["items"]["properties"]
    except (KeyError, TypeError):
        return False


def _made(messages: list[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    """The calls of the turns so far."""
    return [
        (block["name"], block["input"])
        for message in messages
        if message["role"] == "assistant"
        for block in message["content"]
        if block["type"] == "tool_use"
    ]


def _calls(tools: list[dict[str, Any]]) -> Iterable[tuple[str, str, dict[str, Any]]]:
    """(role, tool, arguments) of everything worth asking; a heatmap once for each lookback."""
    for role, pattern in ROLES.items():
        for tool in tools:
            if not pattern.search(tool["name"].lower()):
                continue
            arguments = _arguments(tool["input_schema"])
            if arguments is None:
                continue
            lookbacks = LOOKBACKS if role == "heatmap" and "lookback_period" in arguments else (None,)
            for lookback in lookbacks:
                yield role, tool["name"], arguments | ({"lookback_period": lookback} if lookback else {})


def _arguments(schema: dict[str, Any]) -> dict[str, Any] | None:
    """Arguments that the rules know how to fill; None when a required one is not among them."""
    filled: dict[str, Any] = {}
    for name, about in schema.get("properties", {}).items():
        allowed = about.get("enum") if isinstance(about, dict) else None
        items = about.get("items") if isinstance(about, dict) else None
        items = items.get("enum") if isinstance(items, dict) else None
        if items:
            filled[name] = items
        elif name == "period":
            filled[name] = next((each for each in PERIODS if not allowed or each in allowed), PERIODS[0])
        elif name in PREFERRED and (not allowed or PREFERRED[name] in allowed):
            filled[name] = PREFERRED[name]
    return filled if set(schema.get("required", [])) <= set(filled) else None


def _figures(messages: list[dict[str, Any]]) -> list[Figure]:
    """From all results that are JSON, as they were shown."""
    figures: list[Figure] = []
    for message in messages[1:]:
        for block in message["content"]:
            if block.get("type") == "tool_result" and not block["is_error"]:
                data = data_of({"content": [{"type": "text", "text": block["content"]}]})
                figures += figures_of(data, tool="", call=block["tool_use_id"])
    return figures


def _reason_for_shelter(question: str, figures: list[Figure]) -> str | None:
    """Why the second column of weights counts, as a sentence; None when the first one does."""
    if SHELTER.search(question):
        return "The question asks for shelter, so low volatility counts more."
    market = {figure.metric: figure for figure in figures if figure.sector is None}
    growth, unemployment = market.get("gdp_growth change"), market.get("unemployment_rate change")
    if growth and unemployment and (growth.value or 0) < 0 < (unemployment.value or 0):
        return "Growth slows while unemployment rises, so low volatility counts more."
    return None


@dataclass(frozen=True)
class _Scored:
    sector: str
    score: float
    rank: int
    of: int
    evidence: list[tuple[float, Figure]]
    """Contribution to the score, and the figure, strongest first."""


def _ranked(figures: list[Figure], shelter: bool) -> list[_Scored]:
    """All sectors, best first; ties in the order in which the tools name them."""
    columns: dict[tuple[str, str | None], dict[str, Figure]] = {}
    for figure in figures:
        if figure.sector is not None and abs(figure.value or math.inf) < ABSURD and figure.metric in WEIGHTS:
            columns.setdefault((figure.metric, figure.lookback), {})[figure.sector] = figure
    contributions: dict[str, list[tuple[float, Figure]]] = {}
    weights: dict[str, float] = {}
    for (metric, _), column in columns.items():
        share = sum(metric == other for other, _ in columns)
        weight = WEIGHTS[metric][shelter] / share
        for sector, z in _z_scores({sector: figure.value or 0.0 for sector, figure in column.items()}).items():
            contributions.setdefault(sector, []).append((weight * z, column[sector]))
            weights[sector] = weights.get(sector, 0.0) + abs(weight)
    scores = {sector: sum(part for part, _ in parts) / weights[sector] for sector, parts in contributions.items()}
    order = sorted(scores, key=lambda sector: -scores[sector])
    return [
        _Scored(sector, scores[sector], rank, len(order), sorted(contributions[sector], key=lambda part: -abs(part[0])))
        for rank, sector in enumerate(order, 1)
    ]


def _z_scores(values: dict[str, float]) -> dict[str, float]:
    mean, spread = statistics.fmean(values.values()), statistics.pstdev(values.values())
    return {key: max(-3.0, min(3.0, (value - mean) / spread)) if spread else 0.0 for key, value in values.items()}


def _advice(ranked: list[_Scored], shelter: str | None, schema: dict[str, Any]) -> dict[str, Any]:
    """The answer in the article's form; `heatmap_url` is left to the orchestrator."""
    declared = schema["properties"]["sector_recommendations"]["items"]["properties"]
    names = declared.get("sector_name", {}).get("enum")
    chosen = [each for each in ranked if each.sector in names] if names else _named(ranked)
    rows = [_recommendation(each, shelter) for each in chosen]
    return {
        "sector_recommendations": [{key: row[key] for key in row if key in declared} for row in rows],
        **({"heatmap_url": ""} if "heatmap_url" in schema["properties"] else {}),
    }


def _named(ranked: list[_Scored]) -> list[_Scored]:
    """The best and the worst that stand out; without any, the first few as neutral."""
    best = [each for each in ranked[:NAMED] if _action(each) == "overweight"]
    worst = [each for each in ranked[-NAMED:] if _action(each) == "underweight"]
    return best + worst or ranked[:NAMED]


def _action(scored: _Scored) -> str:
    if scored.score > THRESHOLD and scored.rank <= NAMED:
        return "overweight"
    return "underweight" if scored.score < -THRESHOLD and scored.rank > scored.of - NAMED else "neutral"


def _recommendation(scored: _Scored, shelter: str | None) -> dict[str, Any]:
    action = _action(scored)
    confidence = 0.2 if action == "neutral" else round(0.5 + 0.05 * min(abs(scored.score), 2.0), 2)
    sign = -1 if action == "underweight" else 1
    speaks_for = [_phrase(figure) for part, figure in scored.evidence if part * sign > 0][:3]
    against = [_phrase(figure) for part, figure in scored.evidence if part * sign < 0][:2]
    sentences = [
        f"Ranks {scored.rank} of {scored.of} on the scorecard.",
        f"For this call: {', '.join(speaks_for)}." if speaks_for else "",
        f"Against: {', '.join(against)}." if against else "",
        shelter or "",
    ]
    return {
        "sector_name": scored.sector,
        "action": action,
        "rationale": " ".join(sentence for sentence in sentences if sentence),
        "confidence_score": confidence,
    }


def _phrase(figure: Figure) -> str:
    """One figure with one decimal, its unit and its period: momentum +12.3 % (12M)."""
    signed = "" if figure.metric == "volatility" else "+"
    value = f"{figure.value:{signed}.1f}".replace("-", "\N{MINUS SIGN}")
    unit = "%" if figure.unit == "percent" else figure.unit or ""
    words = [NAMES.get(figure.metric, figure.metric.replace("_", " ")), value, unit]
    return " ".join(word for word in words if word) + (f" ({figure.lookback})" if figure.lookback else "")
