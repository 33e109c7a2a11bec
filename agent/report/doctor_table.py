"""What a doctor found → the terminal: a line a finding, and under it what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from agent.foreign import printable
from agent.report.terminal import PlainConsole, count_of

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
    """Wrapped by words on a terminal, a line each in a pipe."""
    console = PlainConsole()
    for each in findings:
        glyph, word, colour = _MARKS[each.severity]
        mark = f"{glyph} " if console.is_terminal else f"{word}  "
        first, *more = printable_lines(each.says)
        _print(console, Text.assemble((mark, colour), (f"{each.about}: ", "bold"), first), indent=0)
        for line in more:
            _print(console, Text(line), indent=4)
        if each.fix:
            _print(console, Text(f"→ {printable(each.fix)}", style="dim"), indent=4)
    counts = Counter(each.severity for each in findings)
    told = [count_of(counts[kind], kind) for kind in ("error", "warning") if counts[kind]]
    console.print(Text(", ".join(told) or "all is well", style="bold"))


def _print(console: Console, text: Text, indent: int) -> None:
    if console.is_terminal:
        console.print(Padding(text, (0, 0, 0, indent), expand=False))
    else:
        console.print(Text(" " * indent) + text, soft_wrap=True)


def printable_lines(text: str) -> list[str]:
    return [printable(line) for line in text.splitlines()] or [""]
