"""What servers offer → the terminal: a table, and under it what is to be said of each tool."""

from __future__ import annotations

from typing import Any

from rich.padding import Padding
from rich.text import Text

from agent.foreign import printable
from agent.report.terminal import count_of, new_console, new_table

WIDE = 200
"""Columns where nobody reads it at a terminal."""
READ_ONLY = {True: "reads", False: "writes", None: "unknown"}


def show_tools(rows: list[dict[str, Any]]) -> None:
    """`rows` as `advisor tools --format json` has them. Names are never cut: they are what a person copies."""
    console = new_console()
    if not console.is_terminal:
        console.width = WIDE
    table = new_table(console, "Server", "Tool", "Offered as", "Effect", "Tokens")
    for column in table.columns:
        column.no_wrap, column.overflow = column.header in ("Effect", "Tokens"), "fold"
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in _cells(row)))
    console.print(table)
    for row in rows:
        said = [_difference(each) for each in row["differences"]]
        said += [Text(f"parameters: {printable(', '.join(row['parameters']))}", "dim")] if row["parameters"] else []
        if said:
            console.print(Text(printable(f"{row['server'] or 'no server'}: {row['name']}"), style="bold"))
        for each in said:
            console.print(Padding(each, (0, 0, 0, 2), expand=False))
    tokens = sum(row["tokens"] or 0 for row in rows if row["offered_as"])
    offered = sum(bool(row["offered_as"]) for row in rows)
    required = " (* has to be given)" if any("*" in name for row in rows for name in row["parameters"]) else ""
    console.print(
        Text(f"{count_of(offered, 'tool')} offered, about {tokens:,} tokens in every request{required}", style="dim")
    )


def _cells(row: dict[str, Any]) -> list[str]:
    effect = READ_ONLY[row["read_only"]] if row["tokens"] is not None else "–"
    tokens = "–" if row["tokens"] is None else f"{row['tokens']:,}"
    return [row["server"] or "–", row["name"], row["offered_as"] or "–", effect, tokens]


def _difference(each: dict[str, Any]) -> Text:
    return Text("\n".join(printable(line) for line in f"{each['at']}: {each['hint']}".splitlines()))
