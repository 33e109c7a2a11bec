"""Two runs compared, on the terminal."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from agent.diff.values import Difference
from agent.diff.whole import Comparison
from agent.foreign import printable
from agent.report import diff_text
from agent.report.terminal import (
    ACTIONS,
    ARGUMENTS,
    PlainConsole,
    hanging,
    named_table,
    new_table,
    one_line,
    parted,
    short,
    show_labels,
    show_named,
    spend_text,
)
from agent.report.words import Words
from agent.result import ADVICE

ROOMY = 150
"""Columns from which on figures stand in the table; below, they follow it."""
LINES = 40
"""Of a difference at most."""
CALL = 160
"""Characters of a call that is told whole."""
LONGEST = 60
"""Characters of a value."""
_NAMES = re.compile(r"[^.]*\.|[^.]+")
"""Those in a path of keys, each with the dot after it: lines end between them."""
COLOURS = {"+": "rgb(67,147,195)", "-": "rgb(224,130,20)", "@": "dim"}
"""Of lines that came and went."""


def show(comparison: Comparison, say: Words) -> None:
    console = PlainConsole()
    sides = (comparison.before, comparison.after)
    show_labels(console, [say(label) for label in comparison.labels])
    for sentence in diff_text.verdict(comparison, say):
        console.print(Text(one_line(sentence), style="bold"))
    names = (say("before"), say("after"))
    width = max(map(len, names))
    for name, side in zip(names, sides, strict=True):
        about = [side.result.run_id, *diff_text.about(side, say)]
        console.print(Text(f"{name:{width}}  {' · '.join(map(one_line, about))}", style="dim"))
    if comparison.is_one:
        return
    _changes(console, comparison, say)
    _differences(console, comparison.answer, say("Else in the answers"), say)
    _differences(console, comparison.facts, say("What was asked, and how"), say)
    _differences(console, comparison.file, say("Agent file"), say)
    _lines(console, comparison.prompt, say("Prompt"), say)
    _lines(console, comparison.opening, say("First message"), say)
    _tools(console, comparison, say)
    _calls(console, comparison, say)
    for name, side in zip(names, sides, strict=True):
        spent = spend_text(side.result.spend(), say)
        console.print(Text.assemble((f"{say('spent')} {name:{width}}  ", "dim"), spent))
    console.print(Text(say(ADVICE), style="dim"))


def _changes(console: Console, comparison: Comparison, say: Words) -> None:
    if not comparison.changes:
        return
    wide = console.width >= ROOMY
    headings = [say("Sector"), say("Change"), say("Before"), say("After"), say("Place")]
    rows = diff_text.change_rows(comparison, say)
    cells = [
        [
            Text(short(row.name, LONGEST), style="bold"),
            Text(say(row.kind), style="" if row.kind == "same" else "bold"),
            *(_advice(console, action, said) for action, said in zip(row.action, (row.before, row.after), strict=True)),
            Text(row.place),
        ]
        for row in rows
    ]
    if wide:
        cells = [[*each, _figures(row)] for each, row in zip(cells, rows, strict=True)]
        console.print(named_table(console, [*headings, say("Figures that moved")], cells, len(headings) - 1))
    else:
        show_named(console, headings, cells, len(headings) - 1)
    for row in rows if not wide else []:
        if row.figures and row.kind != "same":
            console.print(Text(short(row.name, LONGEST), style="bold"))
            console.print(Padding(_figures(row), (0, 0, 0, 2), expand=False))
    if any(any(row.cited) for row in rows):
        legend = say(
            "* a rationale rests on it; σ: change of the distance from the sectors' mean, in standard deviations"
        )
        console.print(hanging(console, Text(legend, style="dim")))


def _advice(console: Console, action: str | None, said: str) -> Text:
    glyph, colour = ACTIONS.get(str(action), ("", "default"))
    return Text(one_line(f"{glyph} {said}" if console.is_terminal else said), style=colour)


def _figures(row: diff_text.ChangeRow) -> Text:
    lines = [f"{one_line(text)}{'*' * cited}" for text, cited in zip(row.figures, row.cited, strict=True)]
    return Text("\n".join(lines))


def _differences(console: Console, found: Sequence[Difference], title: str, say: Words) -> None:
    if not found:
        return
    console.print(Text(f"\n{title}", style="bold"))
    rows = [
        (_NAMES.findall(one_line(key)), short(was, LONGEST), short(now, LONGEST))
        for key, was, now in diff_text.short_rows(found, LONGEST)
    ]
    longest = max((cell_len(name) for names, *_ in rows[:LINES] for name in names), default=0)
    if longest <= console.width // 2:
        table = new_table(console, say("Key"), say("Before"), say("After"))
        table.columns[0].no_wrap = True
        for column in table.columns[1:]:
            column.overflow = "fold"
        for names, was, now in rows[:LINES]:
            table.add_row(Text("\n".join(parted(names, console.width // 3, ""))), Text(was), Text(now))
        console.print(table)
    else:
        for names, was, now in rows[:LINES]:
            path = "\n".join(parted(names, console.width - 2, ""))
            console.print(hanging(console, Text(f"{path}: {was} → {now}")))
    _tell_more(console, len(rows), say)


def _lines(console: Console, lines: Sequence[str], title: str, say: Words) -> None:
    if not lines:
        return
    console.print(Text(f"\n{title}", style="bold"))
    for line in lines[:LINES]:
        console.print(Text(printable(line), style=COLOURS.get(line[:1], "dim")))
    _tell_more(console, len(lines), say)


def _tell_more(console: Console, lines: int, say: Words) -> None:
    if lines > LINES:
        console.print(Text(say("{count} more lines", count=lines - LINES), style="dim"))


def _tools(console: Console, comparison: Comparison, say: Words) -> None:
    if not comparison.tools:
        return
    console.print(Text(f"\n{say('Tools offered')}", style="bold"))
    for row in diff_text.tool_rows(comparison, say):
        console.print(Text("  ".join(short(each, 120) for each in row if each)))


def _calls(console: Console, comparison: Comparison, say: Words) -> None:
    console.print(Text(f"\n{say('Calls')}", style="bold"))
    console.print(Text(diff_text.calls_text(comparison.calls, say) or say("none"), style="dim"))
    for line in diff_text.call_lines(comparison.calls, CALL, say):
        console.print(hanging(console, Text(short(line, ARGUMENTS), style="dim")))
