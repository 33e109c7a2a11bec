"""What a run leaves open, for people to know: rows that were withheld, old data, evidence that looks back too little,
sectors that two servers name alike, tickers of no sector, results of another form than was said, a model near its end,
a cache that was idle."""

from __future__ import annotations

from datetime import date

from agent import prices
from agent.evidence import UNBORNE
from agent.evidence.longest import longest
from agent.figures import FigureReader, is_error
from agent.result import Call, RunResult
from agent.spec import AgentSpec
from agent.unfound import Result, numbers_by_call, unfound

WITHHELD, OLD = "later than the as-of date", "the newest figure was observed on"
"""Of the warnings that say so."""
SHOWN_NAMES, SHOWN_NUMBERS, SHOWN_PLACES = 10, 6, 5
UNREADABLE = "no result is JSON, a list of JSON objects or a text with a table, so nothing is read"
CACHED_FROM = 4_096
"""Tokens from which on every model's requests are cached, where they are cached at all."""


def doubts(result: RunResult, spec: AgentSpec, today: date) -> list[str]:
    """Warnings, each a sentence. A run without an as-of date is judged against `today`."""
    found = (
        _unborne(result),
        _old_data(result, spec, today),
        _short_evidence(result, spec),
        _shared_sectors(result),
        *of_reading(result, spec),
        _retiring(result, today),
        _uncached(result),
    )
    return [*_withheld(result), *(each for each in found if each)]


def of_reading(result: RunResult, spec: AgentSpec) -> list[str]:
    """What the agent file's `figures` and `sectors` leave unread of the results."""
    found = (_left_out(result, spec), _unknown_sectors(result, spec))
    return [*(each for each in found if each), *_mapped_in_vain(result, spec)]


def _withheld(result: RunResult) -> list[str]:
    """One for each tool."""
    by_tool: dict[str, list[Call]] = {}
    for call in result.calls:
        if call.withheld:
            by_tool.setdefault(call.offered_as, []).append(call)
    warnings = []
    for tool, calls in by_tool.items():
        rows, latest = sum(call.rows_withheld for call in calls), max(call.withheld["latest"] for call in calls)
        what = f"1 row {WITHHELD} was" if rows == 1 else f"{rows:,} rows {WITHHELD} were"
        warnings.append(f"{what} withheld: from {tool}, the latest of {latest}")
    return warnings


def _old_data(result: RunResult, spec: AgentSpec, today: date) -> str | None:
    if result.observed is None:
        return None
    newest = date.fromisoformat(result.observed[1])
    asked = date.fromisoformat(result.as_of) if result.as_of else today
    if (asked - newest).days <= spec.horizon_days:
        return None
    when = f"the as-of date, {asked}" if result.as_of else f"today, {asked}"
    return f"{OLD} {newest}, more than the horizon of {spec.horizon} before {when}"


def _short_evidence(result: RunResult, spec: AgentSpec) -> str | None:
    """Advice for months that rests on returns and flows of a few days."""
    if result.answer is None or not spec.recommends_sectors:
        return None
    cited = {(each["call"], each["pointer"]) for number in result.evidence for each in number["figures"]}
    found = longest(cited, result.figures)
    if found is None or found.fit(spec.horizon_days) == 1:
        return None
    return (
        f"the returns and flows behind the advice look back {found.lookback} at most, far less than the horizon of "
        f"{spec.horizon}"
    )


def _shared_sectors(result: RunResult) -> str | None:
    server_of = {call.id: call.server for call in result.calls}
    names: dict[str, str] = {}
    servers: dict[str, set[str | None]] = {}
    for sector, call in dict.fromkeys((figure.sector, figure.call) for figure in result.figures):
        if sector is not None:
            name = names.setdefault(result.taxonomy.key(sector), sector)
            servers.setdefault(name, set()).add(server_of.get(call))
    shared = [sector for sector, theirs in servers.items() if len(theirs) > 1]
    return f"two servers have figures for {', '.join(shared)}: they may mean different markets" if shared else None


def _unborne(result: RunResult) -> str | None:
    """Numbers that no result bears out: one sentence for all of them."""
    left = [number for number in result.evidence if number["status"] in UNBORNE]
    if not left:
        return None
    told = ", ".join(f"{number['text']} ({number['status'].replace('_', ' ')})" for number in left[:SHOWN_NUMBERS])
    more = f" and {len(left) - SHOWN_NUMBERS} more" if len(left) > SHOWN_NUMBERS else ""
    counted = sum(result.counted.values())
    return f"{len(left)} of {counted} numbers in the rationales are borne out by no tool result: {told}{more}"


def _left_out(result: RunResult, spec: AgentSpec) -> str | None:
    """Securities whose figures are in no sector's."""
    unknown = list(dict.fromkeys(each.ticker for each in result.figures if each.ticker and each.sector is None))
    if not unknown:
        return None
    why = "in no sector of the agent file's" if spec.sectors else "without a sector, as the agent file has no"
    count = "1 ticker" if len(unknown) == 1 else f"{len(unknown)} tickers"
    return f"{count} {why} `sectors`, so no sector's figures count them: {_some(unknown)}"


def _unknown_sectors(result: RunResult, spec: AgentSpec) -> str | None:
    """Names of sectors in figures that the taxonomy does not have, so that no answer may name them."""
    if spec.taxonomy is None or spec.universe_sectors:
        return None
    names = dict.fromkeys(each.sector for each in result.figures if each.sector)
    unknown = [name for name in names if spec.taxonomy.canonical(name) is None]
    if not unknown:
        return None
    named = _some(unknown)
    return f"the `sectors` of the agent file have no entry for {named}: their figures are shown, and not advised on"


def _some(names: list[str]) -> str:
    return ", ".join(names[:SHOWN_NAMES]) + (", …" if len(names) > SHOWN_NAMES else "")


def unfound_by_tool(result: RunResult, reader: FigureReader) -> dict[str, list[str]]:
    """Each tool that the file has `figures` of → the places that lead to nothing in all its results, in sentences."""
    numbers = numbers_by_call(result.figures)
    told = {}
    for tool, calls in _mapped(result, reader).items():
        results = [Result(call.data, numbers.get(call.id, ())) for call in calls if not is_error(call.data)]
        mappings = reader.mappings(tool, calls[0].server, calls[0].tool)
        if results and all(each.data is None for each in results):
            told[tool] = [UNREADABLE]
        else:
            with_data = [each for each in results if each.data is not None]
            told[tool] = [each for mapping in mappings for each in unfound(mapping, with_data)]
    return told


def _mapped(result: RunResult, reader: FigureReader) -> dict[str, list[Call]]:
    """The answered calls of each tool that the file has `figures` of; what was withheld as a whole says nothing."""
    by_tool: dict[str, list[Call]] = {}
    for call in result.calls:
        is_answered = call.data is not None or (call.shown is not None and not call.withheld)
        if is_answered and not call.is_error and reader.mappings(call.offered_as, call.server, call.tool):
            by_tool.setdefault(call.offered_as, []).append(call)
    return dict(sorted(by_tool.items()))


def _mapped_in_vain(result: RunResult, spec: AgentSpec) -> list[str]:
    """Where results have another form than the file says: by place, else by tool."""
    reader = FigureReader(spec)
    told, with_figures = unfound_by_tool(result, reader), {figure.call for figure in result.figures}
    warnings = [f"`figures` of {tool}: {each}" for tool, places in told.items() for each in places[:SHOWN_PLACES]]
    calls = {tool: [call.id for call in calls] for tool, calls in _mapped(result, reader).items() if not told[tool]}
    if empty := [tool for tool, ids in calls.items() if not with_figures.issuperset(ids)]:
        warnings.append(f"no number stood where `figures` in the agent file says, in results of {', '.join(empty)}")
    return warnings


def _retiring(result: RunResult, today: date) -> str | None:
    if result.retires is None or not prices.is_near(result.retires, today):
        return None
    verb = "retires" if date.fromisoformat(result.retires) >= today else "was to retire"
    return f"{result.model} {verb} on {result.retires}: name another one, in model.name or with --model"


def _uncached(result: RunResult) -> str | None:
    """The second turn repeats the first, within minutes: that should be read, and not paid for in full again."""
    if len(result.by_turn) < 2 or not result.caches:
        return None
    first, second = (each.usage for each in result.by_turn[:2])
    number = result.by_turn[1].turn
    cacheable = first.cache_write or first.cache_read or first.input >= CACHED_FROM
    if second.cache_read or not cacheable:
        return None
    return f"turn {number} read nothing from the cache: either minutes passed before it, or the server does not cache"
