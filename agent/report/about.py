"""What stands above an answer: what a run is about, how old its data are, and what they lack.

Pure, and a function of the run's log: no clock is asked. Texts hold strangers' words as they came; whoever shows them
cleans them.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import chain
from typing import Literal, TypeAlias

from agent.doubts import OLD, WITHHELD, unfound_by_tool
from agent.events import ServerFailed
from agent.gathering import reader_of
from agent.report.heatmap import Heatmap
from agent.report.words import Words
from agent.result import Call, RunResult, iso_day
from agent.spec import HORIZON_DAYS
from agent.tools.listed import READ_RESOURCE

SHOWN = 6
"""Names that are told of a list."""
Since: TypeAlias = Literal["as of", "observed", "retrieved"]
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True)
class Horizon:
    """What advice is about, from the day `begins` to the day `ends`. `since`: what the beginning is, see `asked_as_of`.
    `about`: sessions are no calendar days, so the end is not exact.
    """

    text: str
    begins: date
    ends: date
    since: Since
    about: bool


@dataclass(frozen=True)
class Source:
    """One tool of one server, as it was asked in this run.

    `observed`: first and last day of its figures; `age`: days from the last of them to the day as of which was asked,
    None where either is unknown; `retrieved_at`: when its last answer came; `kind`: real, simulated or what it says.
    """

    server: str
    tool: str
    calls: int
    failed: int
    kind: str
    observed: tuple[str, str] | None
    retrieved_at: str | None
    age: int | None


def status_text(run: RunResult, say: Words) -> str:
    """How it ended, in words."""
    told = {
        "ok": say("Valid answer"),
        "invalid": say("The answer does not satisfy its response format"),
        "unsupported": say("The answer rests on no tool call"),
        "refused": say("The run was refused"),
        "budget": say("A budget ran out before there was a valid answer"),
        "interrupted": say("The run was interrupted"),
        "failed": say("The run failed"),
        "needs_decision": say("A person has to decide before the run goes on"),
    }
    return told.get(run.status, run.status)


def reason_text(run: RunResult, say: Words) -> str:
    """How a run without a valid answer ended, and why; strangers' reasons come with and without a full stop."""
    return f"{': '.join(filter(None, (status_text(run, say), run.stop_reason.rstrip(' .'))))}."


def facts(run: RunResult, table: Heatmap, say: Words) -> list[tuple[str, str]]:
    """Heading and text of what the run is about; `table`: the heatmap of its figures."""
    told = {
        "Universe": universe_text(run, table, say),
        "Taxonomy": taxonomy_text(run, say),
        "Benchmark": run.benchmark or next(told_by_tools(run, "benchmark"), ""),
        "Horizon": horizon_text(run, say),
        "As of": run.as_of or say("not set"),
        "Data observed": span_text(run.observed, say) or say("no dated figures"),
        "Model": run.model,
        "Agent": run.agent_name,
        "Asked on": f"{run.earlier[-1].run_id}: {run.earlier[-1].question}" if run.earlier else "",
    }
    return [(say(name), text) for name, text in told.items() if text]


def span_text(days: tuple[str, str] | None, say: Words) -> str:
    """From one day to another, or the one day; empty for None."""
    if days is None:
        return ""
    first, last = days
    return first if first == last else say("{first} to {last}", first=first, last=last)


def told_by_tools(run: RunResult, key: str) -> Iterator[str]:
    """What the tools' results say under a key, each text once."""
    told = [call.data.get(key) for call in run.calls if isinstance(call.data, Mapping)]
    texts = [text for each in told for text in (each if isinstance(each, list) else [each])]
    return iter(dict.fromkeys(text for text in texts if isinstance(text, str) and text))


def taxonomy_text(run: RunResult, say: Words) -> str:
    """What the tools call their sectors, and the agent file's taxonomy."""
    told = list(told_by_tools(run, "taxonomy"))
    if own := run.taxonomy.sectors:
        tickers = sum(len(each.tickers) for each in own.values())
        told.append(say("the agent file's {count} sectors, {tickers} tickers", count=len(own), tickers=tickers))
    return "; ".join(told[:SHOWN])


def universe_of(run: RunResult) -> list[str]:
    """The sectors that the agent file names, in its universe, else in its taxonomy; none where it leaves that open."""
    named = run.spec.get("universe", "all")
    if isinstance(named, Sequence) and not isinstance(named, str):
        return [str(name) for name in named]
    return list(run.taxonomy.sectors)


def universe_text(run: RunResult, table: Heatmap, say: Words) -> str:
    named = universe_of(run)
    if named and run.spec.get("universe", "all") != "all":
        return say("{count} sectors, named in the agent file", count=len(named))
    if named:
        return say("all {count} sectors of the taxonomy", count=len(named))
    if len(table.rows) == 1:
        return say("1 sector, as the tools have it")
    return say("{count} sectors, as the tools have them", count=len(table.rows)) if table.rows else ""


def asked_as_of(run: RunResult) -> tuple[date, Since] | None:
    """The day that is a run's today: its as-of date, else the newest observed day, else that of the last retrieval."""
    observed = run.observed
    days: list[tuple[str | None, Since]] = [
        (iso_day(run.as_of), "as of"),
        (observed[1] if observed else None, "observed"),
        (_retrieved_on(run), "retrieved"),
    ]
    return next(((date.fromisoformat(day), since) for day, since in days if day), None)


def horizon_of(run: RunResult) -> Horizon | None:
    """None for a run without a horizon, or without any day at which it could begin."""
    count, _, unit = run.horizon.partition(" ")
    unit, asked = unit.removesuffix("s"), asked_as_of(run)
    if asked is None or not count.isdecimal() or unit not in HORIZON_DAYS:
        return None
    begins, since = asked
    try:
        if unit in _MONTHS:
            ends = _months_later(begins, int(count) * _MONTHS[unit])
        else:
            ends = begins + timedelta(days=round(int(count) * HORIZON_DAYS[unit]))
    except (OverflowError, ValueError):
        return None
    return Horizon(run.horizon, begins, ends, since, about=unit == "session")


def horizon_text(run: RunResult, say: Words) -> str:
    """Such as `3 months, from the as-of date to 2008-12-31`; empty for an answer that recommends no sectors."""
    found = horizon_of(run)
    if found is None:
        return run.horizon
    whence = {
        "as of": say("from the as-of date"),
        "observed": say("from the newest data"),
        "retrieved": say("from the day of retrieval"),
    }[found.since]
    until = say("to about {day}", day=found.ends) if found.about else say("to {day}", day=found.ends)
    return f"{_counted(found.text, say)}, {whence} {until}"


def _counted(horizon: str, say: Words) -> str:
    """`63 sessions`, in the words of the language."""
    count, _, unit = horizon.partition(" ")
    return f"{count} {say(unit)}"


def _months_later(day: date, count: int) -> date:
    """The last day of a month leads to the last day of another."""
    year, month = divmod(day.year * 12 + day.month - 1 + count, 12)
    last = calendar.monthrange(year, month + 1)[1]
    is_last = day.day == calendar.monthrange(day.year, day.month)[1]
    return date(year, month + 1, last if is_last else min(day.day, last))


def sources(run: RunResult) -> list[Source]:
    """Each tool that a server answered, in the order in which they were first asked."""
    by_tool: dict[tuple[str, str], list[Call]] = {}
    for call in run.calls:
        if call.was_sent:
            by_tool.setdefault((call.server or "", call.offered_as), []).append(call)
    return [_source(run, *names, calls) for names, calls in by_tool.items()]


def _source(run: RunResult, server: str, tool: str, calls: Sequence[Call]) -> Source:
    ids, asked = {call.id for call in calls}, _asked_on(run)
    said = {figure.observed_at for figure in run.figures if figure.call in ids and figure.tool == tool}
    said = said or {call.dates.get("observed_at") for call in calls}
    days = sorted(day for each in said if (day := iso_day(each)))
    return Source(
        server,
        tool,
        len(calls),
        sum(call.is_error for call in calls),
        ", ".join(dict.fromkeys(call.kind for call in calls if call.kind)),
        (days[0], days[-1]) if days else None,
        max((call.retrieved_at for call in calls if call.retrieved_at), default=None),
        (asked - date.fromisoformat(days[-1])).days if days and asked else None,
    )


def _asked_on(run: RunResult) -> date | None:
    """The as-of date, else the day on which data were last retrieved: what ages are counted to."""
    day = iso_day(run.as_of) or _retrieved_on(run)
    return date.fromisoformat(day) if day else None


def _retrieved_on(run: RunResult) -> str | None:
    return max((day for call in run.calls if call.was_sent and (day := iso_day(call.retrieved_at))), default=None)


def gaps(run: RunResult, table: Heatmap, say: Words, *, beside: Sequence[str] = ()) -> list[str]:
    """What the data lack, a sentence each: sectors, cells, rows, servers, calls, and days; without what the warnings
    say that these stand `beside`.
    """
    told = "\n".join(beside)
    return [
        *_sectors_without_figures(run, table, say),
        *_empty_cells(table, say),
        *(() if WITHHELD in told else _withheld(run, say)),
        *_failed_servers([each for each in run.failed_servers if each.reason not in told], say),
        *_failed_calls(run, say),
        *_without_numbers(run, say, told),
        *(() if OLD in told else _old(run, say)),
    ]


def _sectors_without_figures(run: RunResult, table: Heatmap, say: Words) -> Iterator[str]:
    filled = {row.key for row in table.rows if any(cell.value is not None for cell in row.cells)}
    without = [name for name in universe_of(run) if table.key_of(name) not in filled]
    if without and table.rows:
        yield say("no figure for {count} sectors: {names}", count=len(without), names=_some(without))


def _empty_cells(table: Heatmap, say: Words) -> Iterator[str]:
    every = len(table.rows) * len(table.columns)
    empty = [
        say(column.label)
        for at, column in enumerate(table.columns)
        for row in table.rows
        if row.cells[at].value is None
    ]
    if empty:
        names = _some([*dict.fromkeys(empty)])
        yield say("{count} of {all} cells are empty: {names}", count=len(empty), all=every, names=names)


def _withheld(run: RunResult, say: Words) -> Iterator[str]:
    if rows := sum(call.rows_withheld for call in run.calls):
        latest = max(str(call.withheld.get("latest", "")) for call in run.calls if call.withheld)
        yield say("{count} rows later than the as-of date withheld, the latest of {day}", count=rows, day=latest)


def _failed_servers(failed: Iterable[ServerFailed], say: Words) -> Iterator[str]:
    for each in failed:
        yield say("server {name} failed: {reason}", name=each.server, reason=each.reason)


def _failed_calls(run: RunResult, say: Words) -> Iterator[str]:
    without = [call.offered_as for call in run.calls if call.is_error or call.shown is None]
    if without:
        names = _some([*dict.fromkeys(without)])
        yield say(
            "{count} of {all} calls brought nothing: {names}", count=len(without), all=len(run.calls), names=names
        )


def _without_numbers(run: RunResult, say: Words, told: str) -> Iterator[str]:
    """Calls that were answered and brought no number, but for links and what they lead to; and places in `figures` at
    which a tool's results have nothing, unless they are told.
    """
    read = {figure.call for figure in run.figures if figure.value is not None}
    answered = [call for call in run.calls if call.was_sent and not call.is_error]
    expected = [call for call in answered if not call.links and call.tool != READ_RESOURCE]
    without = [call.offered_as for call in expected if call.id not in read]
    if without:
        count, names = len(without), _some([*dict.fromkeys(without)])
        yield say("{count} of {all} calls brought no figures: {names}", count=count, all=len(run.calls), names=names)
    places = unfound_by_tool(run, reader_of(run.spec))
    empty = [tool for tool, nothing_at in places.items() if nothing_at and tool not in without]
    if vain := [tool for tool in empty if f"`figures` of {tool}:" not in told]:
        yield say("nothing stands at some places of the agent file's figures: {names}", names=_some(vain))


def _old(run: RunResult, say: Words) -> Iterator[str]:
    """Data that are older than what the advice is about is long, as `doubts` has it."""
    asked, horizon, observed = _asked_on(run), horizon_of(run), run.observed
    if asked is None or horizon is None or observed is None:
        return
    age = (asked - date.fromisoformat(observed[1])).days
    if age > (horizon.ends - horizon.begins).days:
        yield say("the newest figure is {days} days old, more than the horizon", days=age)


def _some(names: Sequence[str]) -> str:
    return ", ".join(chain(names[:SHOWN], ["…"] if len(names) > SHOWN else []))


def moment(retrieved_at: str | None) -> str:
    """A time of a log to the minute, such as `2026-01-31 16:00`; logs have UTC."""
    return (retrieved_at or "")[:16].replace("T", " ")
