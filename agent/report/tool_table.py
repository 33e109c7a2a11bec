"""What servers offer → the terminal: a table, and under it what is to be said of each tool; how a result is read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.padding import Padding
from rich.text import Text

from agent.figures import Figure
from agent.foreign import printable
from agent.report.terminal import PlainConsole, count_of, new_table, short

WIDE = 200
"""Columns where nobody reads it at a terminal."""
READ_ONLY = {True: "reads", False: "writes", None: "unknown"}


def show_tools(rows: list[dict[str, Any]]) -> None:
    """`rows` as `advisor tools --format json` has them. Names are never cut: they are what a person copies."""
    console = PlainConsole()
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


def tell_figures(figures: Sequence[Figure]) -> None:
    """What a result is read as, on stderr: how many numbers of each measure, about whom, and of which days."""
    console = PlainConsole(err=True)
    groups: dict[tuple[str, ...], list[Figure]] = {}
    for figure in figures:
        about = ", ".join(part for part in (figure.unit, figure.lookback) if part)
        whose = "ticker" if figure.ticker else "sector" if figure.sector else "the market"
        groups.setdefault((figure.metric, about, whose), []).append(figure)
    said = f"read as {count_of(len(figures), 'figure')}:" if figures else "nothing in it can be read as figures"
    console.print(Text(said, style="dim"))
    for (metric, about, whose), group in groups.items():
        measure = short(metric, 60) + (f" ({short(about, 60)})" if about else "")
        by = f"of {whose}" if whose == "the market" else f"by {whose}"
        days = sorted({figure.observed_at for figure in group if figure.observed_at})
        dated = " to ".join(dict.fromkeys((days[0], days[-1]))) if days else "undated"
        missing = sum(figure.value is None for figure in group)
        without = f", {missing:,} without a number" if missing else ""
        line = f"  {len(group):,} × {measure} {by}, {short(dated, 60)}{without}"
        console.print(Text(line, style="dim"), soft_wrap=True)


def _cells(row: dict[str, Any]) -> list[str]:
    effect = READ_ONLY[row["read_only"]] if row["tokens"] is not None else "–"
    tokens = "–" if row["tokens"] is None else f"{row['tokens']:,}"
    return [row["server"] or "–", row["name"], row["offered_as"] or "–", effect, tokens]


def _difference(each: dict[str, Any]) -> Text:
    return Text("\n".join(printable(line) for line in f"{each['at']}: {each['hint']}".splitlines()))
