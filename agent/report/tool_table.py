"""What servers offer → the terminal: a table, and under it what is to be said of each tool."""

from __future__ import annotations

from typing import Any

from rich.padding import Padding
from rich.text import Text

from agent.foreign import printable
from agent.report.terminal import count_of, new_console, new_table

READ_ONLY = {True: "reads", False: "writes", None: "unknown"}


def show_tools(rows: list[dict[str, Any]]) -> None:
    """`rows` as `advisor tools --format json` has them."""
    console = new_console()
    table = new_table(console, "Server", "Tool", "Offered as", "Parameters", "Effect", "Tokens", "Differences")
    for heading in ("Effect", "Tokens"):
        next(column for column in table.columns if column.header == heading).no_wrap = True
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in _cells(row)))
    console.print(table)
    for row in rows:
        if row["differences"]:
            console.print(Text(printable(f"{row['server'] or 'no server'}: {row['name']}"), style="bold"))
        for each in row["differences"]:
            console.print(Padding(_difference(each), (0, 0, 0, 2), expand=False))
    tokens = sum(row["tokens"] or 0 for row in rows if row["offered_as"])
    offered = sum(bool(row["offered_as"]) for row in rows)
    console.print(Text(f"{count_of(offered, 'tool')} offered, about {tokens:,} tokens in every request", style="dim"))


def _cells(row: dict[str, Any]) -> list[str]:
    name = "the same" if row["offered_as"] == row["name"] else row["offered_as"] or "–"
    effect = READ_ONLY[row["read_only"]] if row["tokens"] is not None else "–"
    tokens = "–" if row["tokens"] is None else f"{row['tokens']:,}"
    parameters = ", ".join(row["parameters"]) or "–"
    return [row["server"] or "–", row["name"], name, parameters, effect, tokens, str(len(row["differences"]) or "none")]


def _difference(each: dict[str, Any]) -> Text:
    return Text("\n".join(printable(line) for line in f"{each['at']}: {each['hint']}".splitlines()))
