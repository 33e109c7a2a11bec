"""The keyless model: rules in place of a language model, over the same tools, loop, checks and report.

It reads the offered tools and the question, gathers macro, heatmap, flow, whale and statement data as far as they are
offered, and whatever the agent file has `figures` for, ranks the sectors by `scorecard`, and is as sure as
`calibration` says, or one half where the evidence is thin. The first rationale states both. The economy is told and not
weighed: when growth slowed while unemployment rose, low volatility did not rank US industries better than in other
months (`docs/planner.md`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any

from agent.figures import Figure, FigureReader
from agent.model.base import Request, Turn
from agent.model.calibration import Calibration, calibration
from agent.model.conversation import Conversation, sectors_named
from agent.model.phrases import ENGLISH, VIETNAMESE, Phrases
from agent.model.scorecard import COUNTED, METRICS, MONTH, NAMED, RISK, VERSION, YEAR, Scored, ranked
from agent.model.sought import Asked, asked
from agent.model.wording import Ground, Wording
from agent.spec import DEFAULT_HORIZON, HORIZON_DAYS
from agent.taxonomy import KnownSectors, Taxonomy, as_customary
from agent.tools.content import readable, unframed

MAIN = (YEAR, MONTH, "seasonality")
"""The measures of full weight, which there is a record of."""
FEWEST = 5
"""Sectors without which no rank is worth a stated chance."""
FACTS = re.compile(r"^(As-of date|Horizon|Language of the rationales): (.+)$", re.MULTILINE)
"""What the first message says below the question."""
SPOKEN: Mapping[str | None, Phrases] = {"Vietnamese": VIETNAMESE}
"""By the language that the first message asks for; all else is answered in English."""
FIRST = ("macro", "heatmap", "rotation")
"""What is called in the first turn; the rest follows in the second."""
ROLES = {
    "macro": re.compile("macro"),
    "heatmap": re.compile("heatmap|sector_(rotation|performance)"),
    "rotation": re.compile("relative_rotation"),
    "flow": re.compile("flow"),
    "whales": re.compile("whale"),
    "statements": re.compile("financial|statement"),
}
"""Tools by their names."""
DECLARED = "declared"
"""The role of any other tool whose figures the agent file knows."""
CALLED = (
    "tools with `figures` in the agent file, and those named for macro, heatmap, sector rotation or performance, "
    "relative rotation, flow, whale, financials or statements"
)
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
        conversation = Conversation.of(request.messages)
        about = asked(conversation.questions)
        if not _asks_for_sectors(request.schema):
            return self._refuse("the offline planner answers in the form of sector recommendations only")
        made = _made(request.messages)
        worth_asking = calls(request.tools, self._reader.knows, conversation.lookbacks)
        open_calls = [call for call in worth_asking if (call[1], call[2]) not in made]
        first = [call for call in open_calls if call[0] in FIRST]
        if open_calls and not request.answer_only:
            return self._call(len(made), first or open_calls)
        facts = dict(FACTS.findall(conversation.about))
        taxonomy, universe = self._reader.taxonomy, _universe(request.schema)
        figures = _figures(request.messages, self._reader)
        known, strangers = _sorted_out(figures, universe, taxonomy)
        scored = ranked(known, shelter=about.shelter)
        if not scored:
            return self._refuse(_without_scores(request, known, strangers))
        ground = _ground(scored, about)
        calibrated = _calibrated(facts, about.shelter) if ground.suffices else Calibration()
        wording = Wording(SPOKEN.get(facts.get("Language of the rationales"), ENGLISH), taxonomy)
        sectors = taxonomy or as_customary([each.sector for each in scored])
        names = universe or _names(scored, sectors_named(conversation.question, sectors), only=conversation.follows)
        as_asked = partial(wording.as_asked, figures=known, lookbacks=conversation.lookbacks)
        rows = _rows(scored, names, calibrated, wording, taxonomy, as_asked)
        rows[0]["rationale"] += f" {wording.preface(scored, calibrated, ground, figures, about)}"
        return self._turn([{"type": "text", "text": _answer(rows, request.schema)}])

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


def calls(
    tools: list[dict[str, Any]], knows: Callable[[str], bool] = lambda _: False, more: Sequence[str] = ()
) -> Iterable[tuple[str, str, dict[str, Any]]]:
    """(role, tool, arguments) of everything worth asking, also of tools that an agent file `knows`; a heatmap once for
    each lookback, and for those in `more` that it takes. What two roles of a tool would ask alike is asked once.
    """
    asked_for: list[tuple[str, dict[str, Any]]] = []
    for role, tool in _roles(tools, knows):
        arguments = _arguments(tool["input_schema"])
        if arguments is None:
            continue
        lookbacks: Iterable[str | None] = [None]
        if role in ("heatmap", DECLARED) and "lookback_period" in arguments:
            allowed = tool["input_schema"]["properties"]["lookback_period"].get("enum") or more
            lookbacks = dict.fromkeys([*LOOKBACKS, *(each for each in more if each in allowed)])
        for lookback in lookbacks:
            call = tool["name"], arguments | ({"lookback_period": lookback} if lookback else {})
            if call not in asked_for:
                asked_for.append(call)
                yield role, *call


def _roles(tools: list[dict[str, Any]], knows: Callable[[str], bool]) -> Iterable[tuple[str, dict[str, Any]]]:
    for role, pattern in ROLES.items():
        yield from ((role, tool) for tool in tools if pattern.search(tool["name"].lower()))
    named = [tool for tool in tools if any(pattern.search(tool["name"].lower()) for pattern in ROLES.values())]
    yield from ((DECLARED, tool) for tool in tools if tool not in named and knows(tool["name"]))


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


def _without_scores(request: Request, known: list[Figure], strangers: list[str]) -> str:
    """Why nothing can be ranked."""
    by_sector = [figure for figure in known if figure.sector and figure.value is not None]
    if by_sector:
        metrics, sectors = _some(each.metric for each in by_sector), _some(each.sector or "" for each in by_sector)
        came = f"tools returned figures by sector ({metrics}; of {sectors})"
        return f"{came}, and none is one that the scorecard counts: {COUNTED}"
    if strangers:
        return f"the sectors that tools gave figures for are in no entry of `sectors`: {', '.join(strangers)}"
    if not _made(request.messages):
        return f"no offered tool is one that the offline planner calls: {CALLED}"
    why = _last_error(request.messages) or f"the offline planner calls {CALLED}"
    return f"no tool returned figures by sector; {why}"


def _some(names: Iterable[str]) -> str:
    distinct = list(dict.fromkeys(names))
    more = f" and {len(distinct) - 3} more" if len(distinct) > 3 else ""
    return ", ".join(distinct[:3]) + more


def _last_error(messages: list[dict[str, Any]]) -> str:
    errors = [
        _said(block)
        for message in messages[1:]
        for block in message["content"]
        if block.get("type") == "tool_result" and block["is_error"]
    ]
    return f"the last error was: {errors[-1]}" if errors else ""


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


def _calibrated(facts: dict[str, str], shelter: bool) -> Calibration:
    """For the as-of date and the horizon that the first message names."""
    count, unit = facts.get("Horizon", DEFAULT_HORIZON).split()
    as_of = date.fromisoformat(facts["As-of date"]) if "As-of date" in facts else None
    return calibration(as_of, int(count) * HORIZON_DAYS[unit.removesuffix("s")], shelter=shelter)


def _universe(schema: dict[str, Any]) -> list[str]:
    """The sectors that each have to be answered."""
    declared = schema["properties"]["sector_recommendations"]["items"]["properties"]
    return list(declared.get("sector_name", {}).get("enum") or [])


def _sorted_out(
    figures: list[Figure], universe: list[str], taxonomy: Taxonomy | None
) -> tuple[list[Figure], list[str]]:
    """Figures of sectors that an answer may name, and the names of the others."""
    if taxonomy is None:
        return figures, []
    asked = KnownSectors(universe, taxonomy)
    names = dict.fromkeys(figure.sector for figure in figures if figure.sector)
    strangers = [name for name in names if taxonomy.canonical(name) is None and asked.own_name(name) is None]
    return [figure for figure in figures if figure.sector not in strangers], strangers


def _ground(scored: list[Scored], about: Asked) -> Ground:
    """Enough are five sectors with the return over a year, or with two of the main measures."""
    there = {each.measure for sector in scored for each in sector.evidence}
    main = (*MAIN, RISK) if about.shelter else MAIN
    enough = YEAR in there or len(there.intersection(main)) > 1
    return Ground([measure for measure in main if measure not in there], len(scored) >= FEWEST and enough)


def _names(scored: list[Scored], asked: list[str], *, only: bool) -> list[str]:
    """The best and the worst that stand out, or without any the first few; then those that are `asked` about, or these
    alone.
    """
    if only and asked:
        return asked
    best = [each.sector for each in scored[:NAMED] if each.action == "overweight"]
    worst = [each.sector for each in scored[-NAMED:] if each.action == "underweight"]
    first = best + worst or [each.sector for each in scored[:NAMED]]
    return list(dict.fromkeys([*first, *asked]))


def _rows(
    scored: list[Scored],
    names: list[str],
    calibrated: Calibration,
    wording: Wording,
    taxonomy: Taxonomy | None,
    as_asked: Callable[[str], str],
) -> list[dict[str, Any]]:
    """A recommendation for each name; neutral where no tool gave its figures."""
    known = taxonomy or Taxonomy({})
    by_key = {known.key(each.sector): each for each in scored}
    rows = []
    for name in names:
        found = by_key.get(known.key(name))
        sector = found.sector if found else known.canonical(name) or name
        action, score = (found.action, found.score) if found else ("neutral", 0.0)
        why = wording.rationale(found) if found else wording.without_figures(sector)
        rows.append(
            {
                "sector_name": name,
                "action": action,
                "rationale": f"{as_asked(sector)} {why}".lstrip(),
                "confidence_score": calibrated.confidence(action, score),
            }
        )
    return rows


def _answer(rows: list[dict[str, Any]], schema: dict[str, Any]) -> str:
    """In the article's form, as far as the schema declares it; `heatmap_url` is left to the orchestrator."""
    declared = schema["properties"]["sector_recommendations"]["items"]["properties"]
    answer = {
        "sector_recommendations": [{key: row[key] for key in row if key in declared} for row in rows],
        **({"heatmap_url": ""} if "heatmap_url" in schema["properties"] else {}),
    }
    return json.dumps(answer, ensure_ascii=False)
