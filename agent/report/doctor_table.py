"""What a doctor found → the terminal: a line a finding, and under it what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from rich.padding import Padding
from rich.text import Text

from agent.foreign import printable
from agent.report.terminal import count_of, new_console

_MARKS = {"ok": ("✓", "ok     ", "green"), "warning": ("!", "warning", "yellow"), "error": ("✗", "error  ", "red")}


class Found(Protocol):
    @property
    def about(self) -> str: ...
    @property
    def severity(self) -> str: ...
    @property
    def says(self) -> str: ...
    @property
    def fix(self) -> str | None: ...


def show(findings: Sequence[Found]) -> None:
    console = new_console()
    for each in findings:
        glyph, word, colour = _MARKS[each.severity]
        mark = f"{glyph} " if console.is_terminal else f"{word}  "
        first, *more = printable_lines(each.says)
        console.print(Text.assemble((mark, colour), (f"{each.about}: ", "bold"), first))
        for line in more:
            console.print(Padding(Text(line), (0, 0, 0, 4), expand=False))
        if each.fix:
            console.print(Padding(Text(f"→ {printable(each.fix)}", style="dim"), (0, 0, 0, 4), expand=False))
    counts = Counter(each.severity for each in findings)
    told = [count_of(counts[kind], kind) for kind in ("error", "warning") if counts[kind]]
    console.print(Text(", ".join(told) or "all is well", style="bold"))


def printable_lines(text: str) -> list[str]:
    return [printable(line) for line in text.splitlines()] or [""]
