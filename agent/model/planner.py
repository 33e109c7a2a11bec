"""The keyless model: rules in place of a language model, over the same tools, loop, checks and report.

It reads the offered tools and the question, gathers macro, heatmap, flow, whale and statement data as far as they are
offered, ranks the sectors by `scorecard`, and is as sure as `calibration` says. The first rationale states both. The
economy is told and not weighed: when growth slowed while unemployment rose, low volatility did not rank US industries
better than in other months (`docs/planner.md`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from agent.figures import Figure, FigureReader
from agent.model.base import Request, Turn
from agent.model.calibration import Calibration, calibration
from agent.model.conversation import Asked
from agent.model.scorecard import METRICS, NAMED, RISK, VERSION, Evidence, Scored, ranked, weights_for
from agent.spec import DEFAULT_HORIZON, HORIZON_DAYS
from agent.tools.content import readable, unframed

NAMES = {"share_of_turnover": "net foreign flow as a share of turnover", "net_value": "net value of large trades"}
"""Metric → words, where its own name says too little."""
FLOW = "net foreign flow"
"""The same for a net value that a tool of foreign flow tells."""
SHARES = {1.5: "one and a half times", 1.0: "in full", 0.5: "by half", 0.25: "by a quarter", 0.125: "by an eighth"}
"""Weight → words: a number in a rationale would have to be some figure's."""
SHELTER = re.compile("downturn|recession|defensi|hold up|shelter|risk.?off|crash|suy thoái|phòng thủ", re.IGNORECASE)
FACTS = re.compile(r"^(As-of date|Horizon): (.+)$", re.MULTILINE)
"""What the first message says below the question."""
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
"""Arguments by the parameter's name."""
PERIODS = ("1M", "quarterly")


class Planner:
    name = "planner"
    paid = False
    label = "OFFLINE PLANNER"

    def __init__(self, reader: FigureReader | None = None) -> None:
        self.parameters: dict[str, Any] = {"scorecard": VERSION}
        self._reader = reader or FigureReader()

    async def answer(self, request: Request) -> Turn:
        asked = Asked.of(request.messages)
        if not _asks_for_sectors(request.schema):
            return self._refuse("the offline planner answers in the form of sector recommendations only")
        made = _made(request.messages)
        open_calls = [call for call in calls(request.tools, asked.lookbacks) if (call[1], call[2]) not in made]
        first = [call for call in open_calls if call[0] in FIRST]
        if open_calls and not request.answer_only:
            return self._call(len(made), first or open_calls)
        figures = _figures(request.messages, self._reader)
        shelter = SHELTER.search(asked.question) is not None
        known = [each for each in figures if each.sector is None or self._reader.has_sector(each.sector)]
        scored = ranked(known, shelter=shelter)
        if not scored:
            return self._refuse("no tool returned figures by sector" + _last_error(request.messages))
        calibrated = _calibrated(asked.about, shelter)
        named = asked.sectors([each.sector for each in scored], self._reader.canonical)
        advice = _advice(scored, _preface(scored, calibrated, figures, shelter), calibrated, request.schema, named)
        _tell_lookbacks(advice, known, asked.lookbacks)
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


def calls(tools: list[dict[str, Any]], more: Sequence[str] = ()) -> Iterable[tuple[str, str, dict[str, Any]]]:
    """(role, tool, arguments) of everything worth asking; a heatmap once for each lookback, and for those in `more`
    that it takes.
    """
    for role, pattern in ROLES.items():
        for tool in tools:
            if not pattern.search(tool["name"].lower()):
                continue
            arguments = _arguments(tool["input_schema"])
            if arguments is None:
                continue
            lookbacks: list[str | None] = [None]
            if role == "heatmap" and "lookback_period" in arguments:
                allowed = tool["input_schema"]["properties"]["lookback_period"].get("enum") or more
                lookbacks = list(dict.fromkeys([*LOOKBACKS, *(each for each in more if each in allowed)]))
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
            filled[name] = _chosen(items, about.get("default"))
        elif name == "period":
            filled[name] = next((each for each in PERIODS if not allowed or each in allowed), PERIODS[0])
        elif name in PREFERRED and (not allowed or PREFERRED[name] in allowed):
            filled[name] = PREFERRED[name]
    return filled if set(schema.get("required", [])) <= set(filled) else None


def _chosen(items: list[Any], usual: Any) -> list[Any]:
    """Of a list's allowed values the METRICS among them, else the default ones, else all."""
    return (
        [each for each in items if each in METRICS]
        or [each for each in items if isinstance(usual, list) and each in usual]
        or items
    )


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
                data = readable({"content": [{"type": "text", "text": _said(block)}]})
                read = reader.read(data, offered_as=tools[block["tool_use_id"]], call=block["tool_use_id"])
                figures += [figure for figure in read if figure.ticker is None]
    return figures


def _calibrated(about: str, shelter: bool) -> Calibration:
    """For the as-of date and the horizon that the first message names."""
    facts = dict(FACTS.findall(about))
    count, unit = facts.get("Horizon", DEFAULT_HORIZON).split()
    as_of = date.fromisoformat(facts["As-of date"]) if "As-of date" in facts else None
    return calibration(as_of, int(count) * HORIZON_DAYS[unit.removesuffix("s")], shelter=shelter)


def _preface(scored: list[Scored], calibrated: Calibration, figures: list[Figure], shelter: bool) -> str:
    """What the first rationale says of all of them: the scorecard, where confidence is from, the economy."""
    weights = weights_for(shelter=shelter)
    weighed = {each.measure: each.figure for sector in scored for each in sector.evidence}
    by_share: dict[float, list[str]] = {}
    for measure in sorted(weighed, key=lambda measure: (-abs(weights[measure]), list(weights).index(measure))):
        words = f"{'low ' if weights[measure] < 0 else ''}{_name(weighed[measure])}"
        by_share.setdefault(abs(weights[measure]), []).append(words)
    shares = "; ".join(f"{' and '.join(names)} {SHARES[share]}" for share, names in by_share.items())
    known = (
        f"Confidence is how often such scores were right on US industries from 1950 to {calibrated.until.year}."
        if calibrated.until
        else "Confidence is not calibrated: no ten years of outcomes lie before the as-of date."
    )
    sought = "The question asks for shelter, so low volatility counts most." if shelter and RISK in weighed else ""
    return " ".join(each for each in (f"The scorecard counts {shares}.", sought, known, _economy(figures)) if each)


def _economy(figures: list[Figure]) -> str:
    market = {figure.metric: figure.value or 0.0 for figure in figures if figure.sector is None}
    if market.get("gdp_growth change", 0) < 0 < market.get("unemployment_rate change", 0):
        return "Growth slows while unemployment rises, which the scorecard does not weigh."
    return ""


def _advice(
    scored: list[Scored], preface: str, calibrated: Calibration, schema: dict[str, Any], asked: list[str]
) -> dict[str, Any]:
    """The answer in the article's form, on the sectors that were `asked` for, if any; `heatmap_url` is left to the
    orchestrator.
    """
    declared = schema["properties"]["sector_recommendations"]["items"]["properties"]
    names = declared.get("sector_name", {}).get("enum")
    known = {each.sector: each for each in scored}
    rows = [
        _recommendation(known[name], calibrated) if name in known else _without_figures(name, calibrated)
        for name in names or asked or [each.sector for each in _named(scored)]
    ]
    rows[0]["rationale"] += f" {preface}"
    return {
        "sector_recommendations": [{key: row[key] for key in row if key in declared} for row in rows],
        **({"heatmap_url": ""} if "heatmap_url" in schema["properties"] else {}),
    }


def _tell_lookbacks(advice: dict[str, Any], figures: list[Figure], lookbacks: list[str]) -> None:
    """In each rationale how its sector performed over the lookbacks that were asked for, as far as a tool said."""
    for row in advice["sector_recommendations"]:
        found = [
            _valued(each)
            for each in figures
            if each.sector == row.get("sector_name") and each.metric == "performance" and each.lookback in lookbacks
        ]
        if found and "rationale" in row:
            row["rationale"] = f"As asked: {', '.join(found)}. {row['rationale']}"


def _named(scored: list[Scored]) -> list[Scored]:
    """The best and the worst that stand out; without any, the first few as neutral."""
    best = [each for each in scored[:NAMED] if each.action == "overweight"]
    worst = [each for each in scored[-NAMED:] if each.action == "underweight"]
    return best + worst or scored[:NAMED]


def _without_figures(sector: str, calibrated: Calibration) -> dict[str, Any]:
    return {
        "sector_name": sector,
        "action": "neutral",
        "rationale": "No tool returned figures for this sector, so nothing speaks for or against it.",
        "confidence_score": calibrated.confidence("neutral", 0.0),
    }


def _recommendation(scored: Scored, calibrated: Calibration) -> dict[str, Any]:
    above = [_phrase(each) for each in scored.evidence if each.part > 0]
    below = [_phrase(each) for each in scored.evidence if each.part < 0]
    first, second = (below, above) if scored.action == "underweight" else (above, below)
    have, any_has = scored.measures
    sentences = [
        f"Ranks {scored.rank} of {scored.of} on the scorecard.",
        f"Among the sectors, what speaks for this call: {', '.join(first[:3])}." if first else "",
        f"Against it: {', '.join(second[:2])}." if second else "",
        f"Only {have} of {any_has} measures have figures for it." if have < any_has else "",
    ]
    return {
        "sector_name": scored.sector,
        "action": scored.action,
        "rationale": " ".join(sentence for sentence in sentences if sentence),
        "confidence_score": calibrated.confidence(scored.action, scored.score),
    }


def _phrase(each: Evidence) -> str:
    """One figure with one decimal, its unit, its period and its place: momentum +12.3 % (12-1M, 2nd highest of 12)."""
    from_below = each.of - each.rank + 1
    high = each.rank <= from_below
    place = f"{_ordinal(each.rank if high else from_below)}{'highest' if high else 'lowest'} of {each.of}"
    return _valued(each.figure, place, signed="" if each.measure == RISK else "+")


def _valued(figure: Figure, place: str = "", signed: str = "+") -> str:
    value = f"{round(figure.value or 0.0, 1) + 0.0:{signed}.1f}".replace("-", "\N{MINUS SIGN}")
    unit = "%" if figure.unit == "percent" else figure.unit or ""
    words = [_metric(figure), value, unit]
    return (
        " ".join(word for word in words if word) + f" ({', '.join(part for part in (figure.lookback, place) if part)})"
    )


def _metric(figure: Figure) -> str:
    if figure.metric == "net_value" and ROLES["flow"].search(figure.tool):
        return FLOW
    return NAMES.get(figure.metric, figure.metric.replace("_", " "))


def _name(figure: Figure) -> str:
    return f"{_metric(figure)} ({figure.lookback})" if figure.lookback else _metric(figure)


def _ordinal(number: int) -> str:
    """Empty for the first: the highest, the 2nd highest."""
    suffix = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return "" if number == 1 else f"{number}{suffix} "
