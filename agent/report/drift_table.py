"""Recorded calls against live servers → the terminal: what is not as it was, and how much is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from rich.text import Text

from agent.report.terminal import PlainConsole, new_table, short

EXCERPT = 80
"""Characters of each side of a difference."""


def show_drift(rows: list[dict[str, Any]]) -> None:
    """Each row that is not the same as it was, and the count of each verdict; `rows` as Drift.to_json gives them."""
    console = PlainConsole()
    table = new_table(console, "Verdict", "Server", "Tool", "What", "Recorded → now")
    for row in rows:
        if row["verdict"] != "same":
            cells = row["verdict"], row["server"], row["tool"] or "–", row["kind"].replace("_", " ")
            table.add_row(*(Text(short(cell, EXCERPT)) for cell in cells), Text("\n".join(_lines(row))))
    if table.row_count:
        console.print(table)
    counts = Counter(row["verdict"] for row in rows)
    console.print(Text(" · ".join(f"{count:,} {verdict}" for verdict, count in counts.items()) or "nothing to compare"))


def _lines(row: Mapping[str, Any]) -> Iterable[str]:
    """The call's arguments, then each place with both of its sides."""
    if row["at"]:
        yield short(row["at"], EXCERPT)
    recorded, now = row["recorded"], row["now"]
    if isinstance(recorded, dict) and isinstance(now, dict):
        for pointer in dict.fromkeys([*recorded, *now]):
            place = f"{short(pointer, EXCERPT)}: " if pointer else ""
            yield place + _change(recorded.get(pointer), now.get(pointer))
    elif recorded or now:
        yield _change(recorded, now) if recorded else short(now, 2 * EXCERPT)


def _change(recorded: str | None, now: str | None) -> str:
    return " → ".join("nothing" if side is None else short(side, EXCERPT) for side in (recorded, now))
