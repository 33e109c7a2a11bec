"""What a run recommends, in a terminal: a table with what changed, and rationales with what their numbers rest on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from agent.comparison import Change, Kind, confidence_text
from agent.foreign import printable
from agent.report import footnotes
from agent.report.changed import change_text, changes_of, headline, place_text
from agent.report.names import SectorNames
from agent.report.terminal import ACTIONS, fitted, hanging, named_table, natural_size, one_line, show_named
from agent.report.words import Words
from agent.result import RunResult

NAME = 60
"""Cells of a sector's name at most."""
CONFIDENCE = 12
"""Cells of a confidence at most, which may be a word."""
FIXED = 2
"""Columns that never wrap: action and confidence."""
READABLE = 60
"""Columns from which on a rationale stands in the table; with fewer, the rationales follow the heatmap."""
CHANGES: dict[Kind, str] = {"new": "✚", "flipped": "⇄", "turned": "↻", "surer": "↑", "less sure": "↓", "same": " "}
"""What became of a sector that is recommended."""

Rationales: TypeAlias = tuple[list[Text], dict[int, str]]


def show_recommendations(
    console: Console,
    result: RunResult,
    rows: Sequence[Mapping[str, Any]],
    texts: Sequence[Text],
    names: SectorNames,
    say: Words,
) -> bool:
    """Sector, action and confidence in the answer's order, and what changed, where there is an earlier run.

    Rationales, the `texts`, are a last column where they have room to be read there, which is told.
    """
    given = [_row(console, row, names, say) for row in rows]
    headings = [say("Sector"), say("Action"), say("Conf.")]
    if result.compared:
        key_of = names.taxonomy.key
        changes = {key_of(each.sector): each for each in changes_of(result)}
        told = (_change(changes.get(key_of(str(row.get("sector_name", "")))), say) for row in rows)
        given = [[*cells, change] for cells, change in zip(given, told, strict=True)]
        headings.append(say("Changes"))
    wide = natural_size(console, named_table(console, headings, given, FIXED)).maximum + READABLE <= console.width
    if wide:
        given = [[*cells, text] for cells, text in zip(given, texts, strict=True)]
        console.print(named_table(console, [*headings, say("Rationale")], given, FIXED))
    else:
        show_named(console, headings, given, FIXED)
    if result.compared:
        console.print(hanging(console, Text(_since(result, names, say))))
        console.print()
    return wide


def _row(console: Console, row: Mapping[str, Any], names: SectorNames, say: Words) -> list[Text]:
    action = str(row.get("action", ""))
    glyph, colour = ACTIONS.get(action, (" ", ""))
    return [
        Text(fitted(names(str(row.get("sector_name", ""))), NAME), style="bold"),
        Text.assemble((f"{glyph} " if console.is_terminal else "", colour), fitted(say(action), NAME)),
        Text(fitted(confidence_text(row.get("confidence_score")), CONFIDENCE)),
    ]


def _since(result: RunResult, names: SectorNames, say: Words) -> str:
    """With which run it is compared, how many sectors changed how, and which are no longer recommended."""
    told = one_line(headline(result, say))
    gone = [one_line(names(change.sector)) for change in changes_of(result) if change.kind == "gone"]
    return f"{told}. {say('No longer recommended:')} {', '.join(gone)}" if gone else told


def _change(change: Change | None, say: Words) -> Text:
    if change is None:
        return Text()
    said = ", ".join(filter(None, (change_text(change, say), place_text(change, say))))
    return Text(f"{CHANGES[change.kind]} {one_line(said)}", style="dim" if change.kind == "same" else "")


def rationales(result: RunResult, rows: Sequence[Mapping[str, Any]], say: Words, *, every_number: bool) -> Rationales:
    """Rationales with marks after numbers, and what each mark stands for: every one, or those that nothing bears out.
    A number has the same mark in both.
    """
    calls = {call.id: at for at, call in enumerate(result.calls, 1)}
    evidence = footnotes.evidence_of(result)
    texts, mark = [], 0
    notes: dict[int, str] = {}
    for at, row in enumerate(rows):
        text = Text()
        for piece, number in footnotes.pieces(str(row.get("rationale", "")), evidence, footnotes.pointer_of(at)):
            mark += number is not None
            noted = number is not None and (every_number or footnotes.is_unborne(number))
            text.append(printable(piece), style="bold" if noted else "")
            if number is not None and noted:
                notes[mark] = footnotes.rests_on(number, calls, say)
                text.append(f"[{mark}]", style="dim")
        texts.append(text)
    return texts, notes


def show_rationales(
    console: Console, rows: Sequence[Mapping[str, Any]], texts: Sequence[Text], names: SectorNames
) -> None:
    """Each below its sector."""
    for row, text in zip(rows, texts, strict=True):
        console.print(Text(fitted(names(str(row.get("sector_name", ""))), NAME), style="bold"))
        console.print(Padding(text, (0, 0, 1, 2), expand=False))


def show_notes(console: Console, notes: Mapping[int, str], say: Words) -> None:
    if notes:
        grid = Table.grid(padding=(0, 1))
        grid.add_column(justify="right", no_wrap=True)
        for mark, note in notes.items():
            grid.add_row(Text(f"[{mark}]"), Text(one_line(note)), style="dim")
        console.print(Text(say("What the numbers rest on"), style="bold"))
        console.print(grid)
        console.print()
