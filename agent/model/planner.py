"""The keyless model: rules in place of a language model, over the same tools, loop, checks and report.

It reads the offered tools and the question, gathers macro, heatmap, flow, whale and statement data as far as
they are offered, and scores the sectors by this scorecard:

    score(sector) = sum(weight × z) / sum(|weight|), over the metrics below that any sector has figures for

where z is the sector's distance from the mean of all sectors of that tool in standard deviations, limited to ±3, and
0 where the sector has no figure. A metric that came over several lookbacks shares its weight among them. When the
question asks for shelter, or growth slows while unemployment rises, the weights in the second column count.

Its confidence is 0.5 + 0.05 × min(|score|, 2) for overweight and underweight, and 0.2 for neutral (the share of
a normal distribution within a quarter of a standard deviation). It is not calibrated on outcomes.
"""

from __future__ import annotations

import json
import re
import statistics
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from agent.figures import Figure, FigureReader
from agent.model.base import Request, Turn
from agent.tools.content import data_of, unframed

WEIGHTS: dict[str, tuple[float, float]] = {
    "momentum": (1.0, 0.5),
    "relative_strength": (1.0, 0.5),
    "volatility": (-0.5, -1.5),
    "share_of_turnover": (0.5, 0.5),
    "net_value": (0.25, 0.25),
    "profit_growth": (0.5, 0.5),
}
"""Metric → weight usually, weight when shelter is sought."""
NAMES = {"share_of_turnover": "net foreign flow as a share of turnover", "net_value": "net value of large trades"}
"""Metric → words, where its own name says too little."""
NAMED = 3
"""Sectors to overweight, and to underweight, when no universe asks for all."""
THRESHOLD = 0.25
NEUTRAL = 0.2
"""The share of a normal distribution within a quarter of a standard deviation of its mean."""
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
"""Arguments by the parameter's name; of a list of an enum's values the default is asked for, or the whole."""
PERIODS = ("1M", "quarterly")


class Planner:
    name = "planner"
    paid = False
    label = "OFFLINE PLANNER"

    def __init__(self, reader: FigureReader | None = None) -> None:
        self.parameters: dict[str, Any] = {"scorecard": 1}
        self._reader = reader or FigureReader()

    async def answer(self, request: Request) -> Turn:
        question = str(request.messages[0]["content"][0]["text"])  # the rest of the message is about the form
        if not _asks_for_sectors(request.schema):
            return self._refuse("the offline planner answers in the form of sector recommendations only")
        made = _made(request.messages)
        open_calls = [call for call in _calls(request.tools) if (call[1], call[2]) not in made]
        first = [call for call in open_calls if call[0] in FIRST]
        if open_calls and not request.answer_only:
            return self._call(len(made), first or open_calls)
        figures = _figures(request.messages, self._reader)
        shelter = _reason_for_shelter(question, figures)
        ranked = _ranked(figures, shelter is not None)
        if not ranked:
            return self._refuse("no tool returned figures by sector" + _last_error(request.messages))
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
            usual = about.get("default")
            whole = not isinstance(usual, list) or not usual or any(each not in items for each in usual)
            filled[name] = items if whole else usual
        elif name == "period":
            filled[name] = next((each for each in PERIODS if not allowed or each in allowed), PERIODS[0])
        elif name in PREFERRED and (not allowed or PREFERRED[name] in allowed):
            filled[name] = PREFERRED[name]
    return filled if set(schema.get("required", [])) <= set(filled) else None


def _said(block: dict[str, Any]) -> str:
    """The text of a tool result, without its frame and its images."""
    content = block["content"]
    return unframed(content if isinstance(content, str) else content[0]["text"])


def _last_error(messages: list[dict[str, Any]]) -> str:
    errors = [
        _said(block)
        for message in messages[1:]
        for block in message["content"]
        if block.get("type") == "tool_result" and block["is_error"]
    ]
    return f"; the last error was: {errors[-1]}" if errors else ""


def _figures(messages: list[dict[str, Any]], reader: FigureReader) -> list[Figure]:
    """From all results that are JSON, as they were shown; not those of single securities."""
    figures: list[Figure] = []
    tools = {block["id"]: block["name"] for message in messages for block in message["content"] if "name" in block}
    for message in messages[1:]:
        for block in message["content"]:
            if block.get("type") == "tool_result" and not block["is_error"]:
                data = data_of({"content": [{"type": "text", "text": _said(block)}]})
                read = reader.read(data, offered_as=tools[block["tool_use_id"]], call=block["tool_use_id"])
                figures += [figure for figure in read if figure.ticker is None]
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
class _Evidence:
    """One figure of a sector: what it adds to the score, and its rank among the sectors, the highest first."""

    figure: Figure
    part: float
    rank: int
    of: int


@dataclass(frozen=True)
class _Scored:
    """`evidence` strongest first; `metrics`: of how many metrics the sector has figures, and of how many any has."""

    sector: str
    score: float
    rank: int
    of: int
    evidence: list[_Evidence]
    metrics: tuple[int, int]


def _ranked(figures: list[Figure], shelter: bool) -> list[_Scored]:
    """All sectors, best first; ties in the order in which the tools name them."""
    columns: dict[tuple[str, str, str | None], dict[str, Figure]] = {}
    for figure in figures:
        known = figure.value is not None and abs(figure.value) < ABSURD
        if figure.sector is not None and known and figure.metric in WEIGHTS:
            columns.setdefault((figure.metric, figure.tool, figure.lookback), {})[figure.sector] = figure
    evidence: dict[str, list[_Evidence]] = {}
    lookbacks = Counter(metric for metric, _, _ in columns)
    for (metric, _, _), column in columns.items():
        weight = WEIGHTS[metric][shelter] / lookbacks[metric]
        values = {sector: figure.value or 0.0 for sector, figure in column.items()}
        order = sorted(values, key=lambda sector: -values[sector])
        for sector, z in _z_scores(values).items():
            each = _Evidence(column[sector], weight * z, order.index(sector) + 1, len(order))
            evidence.setdefault(sector, []).append(each)
    whole = sum(abs(WEIGHTS[metric][shelter]) for metric in lookbacks)
    scores = {sector: sum(each.part for each in found) / whole for sector, found in evidence.items()}
    return [
        _Scored(
            sector=sector,
            score=scores[sector],
            rank=rank,
            of=len(scores),
            evidence=sorted(evidence[sector], key=lambda each: -abs(each.part)),
            metrics=(len({each.figure.metric for each in evidence[sector]}), len(lookbacks)),
        )
        for rank, sector in enumerate(sorted(scores, key=lambda sector: -scores[sector]), 1)
    ]


def _z_scores(values: dict[str, float]) -> dict[str, float]:
    mean, spread = statistics.fmean(values.values()), statistics.pstdev(values.values())
    return {key: max(-3.0, min(3.0, (value - mean) / spread)) if spread else 0.0 for key, value in values.items()}


def _advice(ranked: list[_Scored], shelter: str | None, schema: dict[str, Any]) -> dict[str, Any]:
    """The answer in the article's form; `heatmap_url` is left to the orchestrator."""
    declared = schema["properties"]["sector_recommendations"]["items"]["properties"]
    names = declared.get("sector_name", {}).get("enum")
    known = {each.sector: each for each in ranked}
    chosen = [known.get(name, name) for name in names] if names else _named(ranked)
    rows = [_without_figures(each) if isinstance(each, str) else _recommendation(each, shelter) for each in chosen]
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


def _without_figures(sector: str) -> dict[str, Any]:
    rationale = "No tool returned figures for this sector, so nothing speaks for or against it."
    return {"sector_name": sector, "action": "neutral", "rationale": rationale, "confidence_score": NEUTRAL}


def _recommendation(scored: _Scored, shelter: str | None) -> dict[str, Any]:
    action = _action(scored)
    confidence = NEUTRAL if action == "neutral" else round(0.5 + 0.05 * min(abs(scored.score), 2.0), 2)
    above = [_phrase(each) for each in scored.evidence if each.part > 0]
    below = [_phrase(each) for each in scored.evidence if each.part < 0]
    first, second = (below, above) if action == "underweight" else (above, below)
    have, any_has = scored.metrics
    uses_volatility = any(each.figure.metric == "volatility" for each in scored.evidence)
    sentences = [
        f"Ranks {scored.rank} of {scored.of} on the scorecard.",
        f"Among the sectors, what speaks for this call: {', '.join(first[:3])}." if first else "",
        f"Against it: {', '.join(second[:2])}." if second else "",
        f"Only {have} of {any_has} measures have figures for it." if have < any_has else "",
        shelter if shelter and uses_volatility else "",
    ]
    return {
        "sector_name": scored.sector,
        "action": action,
        "rationale": " ".join(sentence for sentence in sentences if sentence),
        "confidence_score": confidence,
    }


def _phrase(each: _Evidence) -> str:
    """One figure with one decimal, its unit, its period and its place: momentum +12.3 % (12-1M, 2nd highest of 12)."""
    figure = each.figure
    signed = "" if figure.metric == "volatility" else "+"
    value = f"{figure.value:{signed}.1f}".replace("-", "\N{MINUS SIGN}")
    unit = "%" if figure.unit == "percent" else figure.unit or ""
    words = [NAMES.get(figure.metric, figure.metric.replace("_", " ")), value, unit]
    from_below = each.of - each.rank + 1
    high = each.rank <= from_below
    place = f"{_ordinal(each.rank if high else from_below)}{'highest' if high else 'lowest'} of {each.of}"
    return (
        " ".join(word for word in words if word) + f" ({', '.join(part for part in (figure.lookback, place) if part)})"
    )


def _ordinal(number: int) -> str:
    """Empty for the first: the highest, the 2nd highest."""
    suffix = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return "" if number == 1 else f"{number}{suffix} "
