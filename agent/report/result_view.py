"""A run's result in a terminal: what is recommended first, then the heatmap, then why."""

from __future__ import annotations

import json

from rich.console import Console
from rich.highlighter import JSONHighlighter
from rich.text import Text

from agent.comparison import recommendations_of
from agent.foreign import json_text, printable
from agent.model.base import Usage
from agent.report import answer_table, footnotes
from agent.report.about import gaps, horizon_text, moment
from agent.report.heat_table import show_heatmap
from agent.report.heatmap import Heatmap, heatmap_of
from agent.report.names import SectorNames
from agent.report.terminal import (
    ARGUMENTS,
    ENGLISH,
    PlainConsole,
    arguments_text,
    hanging,
    natural_size,
    new_table,
    one_line,
    outcome,
    parted,
    short,
    show_labels,
    spend_text,
)
from agent.report.words import Words, words
from agent.result import ADVICE, Call, RunResult, TurnSpent
from agent.runs import store

SPEND_COLUMNS = ("Turn", "Ended with", "Tries", "Calls", "Uncached", "Written", "Cached", "Out", "Time", "USD")
"""Tokens by how they are billed: input that no cache had, what was written to it and read from it, and output."""


def show_result(result: RunResult, *, calls: bool = False) -> None:
    """The answer as a table with its labels, heatmap, page, warnings and spend; a failed run with what went wrong."""
    console, say = PlainConsole(), words(result.language)
    table = heatmap_of(result.figures, result.taxonomy.key)
    labels = [say(label) for label in result.labels]
    show_labels(console, labels)
    console.print(Text(short(result.question, 300), style="bold"))
    for line in parted(_facts(result, say), console.width):
        console.print(Text(line, style="dim"))
    if result.ok:
        _answer(console, result, table, say, every_number=calls)
    else:
        _failure(console, result, say)
    if calls:
        _calls(console, result.calls, say)
        _by_turn(console, result)
    for warning in result.warnings:
        told = Text.assemble((f"{say('warning')}: ", "bold yellow"), one_line(warning))
        console.print(hanging(console, told))
    if _data_are_new(result) or calls:
        for number, gap in enumerate(gaps(result, table, say, beside=result.warnings)):
            _told(console, "" if number else say("gaps"), gap)
    if result.page:
        _told(console, say("page"), result.page.absolute().as_uri())
    _told(console, say("spent"), spend_text(result.spend(), say))
    show_labels(console, labels)
    console.print(Text(say(ADVICE), style="dim"))


def _facts(result: RunResult, say: Words) -> list[str]:
    observed = say(" to ").join(dict.fromkeys(result.observed or ()))
    facts = [
        say("as of {day}", day=result.as_of) if result.as_of else "",
        say("data {days}", days=observed) if observed else "",
        say("horizon {length}", length=horizon_text(result, say)) if result.horizon else "",
        say("model {name}", name=result.model),
        say("run {name}", name=result.run_id),
        say("follows {name}", name=result.earlier[-1].run_id) if result.earlier else "",
    ]
    return [one_line(fact) for fact in facts if fact]


def _told(console: Console, what: str, text: str) -> None:
    """A line that begins with what it tells; an address stays whole, so that it can be opened."""
    line = Text.assemble((f"{what:<9}", "dim"), one_line(text))
    console.print(line if "://" in text else hanging(console, line, 9), soft_wrap="://" in text)


def tell_failure(result: RunResult) -> None:
    """On stderr, in English as all that goes there."""
    _failure(PlainConsole(err=True), result, ENGLISH)


def tell_warnings(result: RunResult) -> None:
    """On stderr, for whoever reads the answer's JSON."""
    for warning in result.warnings:
        PlainConsole(err=True).print(Text(f"warning: {printable(warning)}"), soft_wrap=True)


def _answer(console: Console, result: RunResult, table: Heatmap, say: Words, *, every_number: bool) -> None:
    rows = recommendations_of(result.answer)
    if rows is None:
        console.print(JSONHighlighter()(json_text(result.answer, indent=2)))
        return
    names = SectorNames.of(result)
    texts, notes = answer_table.rationales(result, rows, say, every_number=every_number)
    wide = answer_table.show_recommendations(console, result, rows, texts, names, say)
    if _data_are_new(result) or every_number:
        show_heatmap(console, result, table, rows, names, say)
    if not wide:
        answer_table.show_rationales(console, rows, texts, names)
    answer_table.show_notes(console, notes, say)
    if borne_out := footnotes.counted_text(result.counted, say):
        _told(console, say("numbers"), borne_out)


def _data_are_new(result: RunResult) -> bool:
    """Whether any of them came for this question: else they stand above, with the answer before."""
    return bool(result.own_calls or not result.earlier)


def _failure(console: Console, result: RunResult, say: Words) -> None:
    reason = f"{say('no valid answer')}: {result.status}: {printable(result.stop_reason)}"
    console.print(Text(reason, style="bold"))
    for error in result.errors[1:]:  # the first is in the reason
        console.print(Text(f"  {one_line(error['pointer']) or 'the answer'}: {short(error['message'], 300)}"))
    if result.best_attempt:
        attempt = result.best_attempt
        text = attempt if isinstance(attempt, str) else json.dumps(attempt, ensure_ascii=False)
        console.print(Text(f"  {say('the best attempt, not accepted')}: {short(text, 400)}", style="dim"))
    if hint := result.hint:
        console.print(hanging(console, Text(f"  {say('hint')}: {hint}"), 4))
    name = store.name_of(result.folder) if result.folder else result.run_id
    console.print(Text(f"  {say('log')}: advisor runs show {name}", style="dim"), soft_wrap=True)


def _calls(console: Console, calls: list[Call], say: Words) -> None:
    for number, call in enumerate(calls, 1):
        said = [outcome(call.shown, call.is_error, say)]
        said += [say("{count} withheld", count=f"{call.rows_withheld:,}")] if call.rows_withheld else []
        said += [say("retrieved {when}", when=printable(moment(call.retrieved_at)))] if call.was_sent else []
        place = f"{say('call {number}', number=number)}  {say('turn')} {call.turn}"
        given = arguments_text(call.arguments, ARGUMENTS)
        line = f"{place}  {printable(call.offered_as)}{given}: {', '.join(said)}"
        console.print(hanging(console, Text(line, style="dim")))


def _by_turn(console: Console, result: RunResult) -> None:
    """What each answer of the model used, with what its requests used that broke off: a table, or a list where that is
    too wide.
    """
    spent = [(each, each.usage + each.broken_off) for each in result.by_turn]
    if result.broken_off.counted:
        never = TurnSpent(result.turns + 1, 0, Usage(), result.broken_off, 0.0, "broken off", 0, result.model)
        spent.append((never, result.broken_off))
    if not any(used.counted for _, used in spent):
        return
    rows = [_spent_cells(result, each, used) for each, used in spent]
    table = new_table(console, *SPEND_COLUMNS)
    for column in table.columns[2:]:
        column.justify = "right"
    for cells in rows:
        table.add_row(*map(Text, cells))
    if natural_size(console, table).maximum <= console.width:
        console.print(table)
        return
    for cells in rows:
        parts = [f"{heading.lower()} {cell}" for heading, cell in zip(SPEND_COLUMNS, cells, strict=True)]
        console.print(Text("\n  ".join(parted(parts, console.width - 2))))


def _spent_cells(result: RunResult, turn: TurnSpent, used: Usage) -> list[str]:
    counts = (used.input, used.cache_write, used.cache_read, used.output)
    about = [str(turn.turn), short(str(turn.stop_reason), 14), str(turn.attempts), str(turn.calls)]
    usd = "unpriced" if result.price is None else f"{result.price.usd(used):.4f}"
    return [*about, *(f"{count:,}" for count in counts), f"{turn.seconds:.1f} s", usd]
