"""Consoles, and what is written to all of them alike: progress on stderr, results on stdout."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import RLock
from typing import Any, Protocol, Self, TypeAlias

from rich import box
from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.measure import Measurement
from rich.status import Status
from rich.table import Table
from rich.text import Text

from agent.foreign import printable
from agent.model.base import Usage
from agent.report.words import Words, words
from agent.result import RunResult
from agent.tools.content import unframed

ENGLISH = words("en")
ACTIONS = {
    "overweight": ("▲", "rgb(67,147,195)"),
    "underweight": ("▼", "rgb(224,130,20)"),
    "neutral": ("●", "default"),
}
"""Glyph and colour of each action."""


ARGUMENTS = 2000
"""Characters of a call's arguments at most."""
NAME = 20
"""Cells of a name at least, where it has as many."""
NATURAL = 1000
"""Columns in which any table is as wide as it wants to be."""


class PlainConsole(Console):
    """On stdout or stderr; texts are never read as markup."""

    def __init__(self, *, err: bool = False) -> None:
        super().__init__(stderr=err, highlight=False, markup=False, emoji=False)

    def on_broken_pipe(self) -> None:
        """Rich would end the process; whether that is right is not for a display to say."""
        raise BrokenPipeError


class SharedConsole(PlainConsole):
    """One that threads write to one after the other, each text from its drawing to its end; `lock` keeps it for longer.

    No display may move on it in Rich's own thread, which has the display's lock before it wants this one.
    """

    def __init__(self, *, err: bool = False) -> None:
        super().__init__(err=err)
        self.lock = RLock()

    def __enter__(self) -> Self:
        self.lock.acquire()
        super().__enter__()
        return self

    def __exit__(self, *raised: Any) -> None:
        try:
            super().__exit__(*raised)
        finally:
            self.lock.release()


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """A spinner on a terminal, nothing elsewhere."""
    console = PlainConsole(err=True)
    if not console.is_terminal:
        yield
        return
    with _spinning(console, what):
        yield


Tell: TypeAlias = Callable[[str], None]


@contextmanager
def telling() -> Iterator[Tell]:
    """A spinner on a terminal that says what it is told, nothing elsewhere."""
    console = PlainConsole(err=True)
    if not console.is_terminal:
        yield lambda _: None
        return
    with _spinning(console, "looking") as status:
        yield lambda text: status.update(printable(text))


class Moving(Protocol):
    """A spinner, or another display that moves by itself."""

    def start(self) -> None: ...
    def stop(self) -> None: ...


_moving: list[Moving] = []
"""Those that move just now."""


@contextmanager
def moving(display: Moving) -> Iterator[None]:
    """Shown until the end, but for the time in which somebody is asked."""
    _moving.append(display)
    try:
        display.start()
        yield
    finally:
        _moving.remove(display)
        display.stop()


@contextmanager
def _spinning(console: Console, what: str) -> Iterator[Status]:
    status = console.status(what)
    with moving(status):
        yield status


@contextmanager
def paused() -> Iterator[None]:
    """Nothing moves while somebody is asked."""
    for display in _moving:
        display.stop()
    try:
        yield
    finally:
        for display in _moving:
            display.start()


def arguments_text(arguments: Any, length: int = 120) -> str:
    pairs = arguments.items() if isinstance(arguments, dict) else []
    inside = ", ".join(f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in pairs)
    return f"({short(inside, length)})"


def outcome(shown: str | None, is_error: bool, say: Words = ENGLISH) -> str:
    if shown is None:
        return say("no answer")
    if is_error:
        return f"{say('error')}: {short(unframed(shown), 160)}"
    return say("{count} characters", count=f"{len(shown):,}")


def one_line(text: object) -> str:
    """Printable, its line breaks and runs of blanks made single blanks."""
    return " ".join(printable(text).split())


def short(text: str, length: int) -> str:
    """One printable line of at most `length` characters."""
    text = one_line(text)
    return text if len(text) <= length else text[: length - 1] + "…"


def fitted(text: str, width: int) -> str:
    """The beginning of a text, in at most `width` cells of one printable line."""
    text = one_line(text)
    return text if cell_len(text) <= width else set_cell_size(text, max(width - 1, 0)).rstrip() + "…"


def hanging(console: Console, text: Text, indent: int = 2) -> Text:
    """As many lines as the console's width needs, those after the first indented."""
    lines = text.wrap(console, max(console.width - indent, 1))
    for line in lines:
        line.rstrip()
    return Text("\n" + " " * indent, end="").join(lines)


def parted(parts: Iterable[str], width: int, separator: str = " · ") -> list[str]:
    """Parts on lines that break between them; one that is wider than a line is left to wrap."""
    lines: list[str] = []
    for part in parts:
        if lines and cell_len(lines[-1] + separator + part) <= width:
            lines[-1] += separator + part
        else:
            lines.append(part)
    return lines


def show_text(text: str) -> None:
    """A stranger's text, on stdout, line by line."""
    PlainConsole().print(Text("\n".join(printable(line) for line in text.splitlines())), soft_wrap=True)


def show_labels(console: Console, labels: list[str]) -> None:
    if labels:
        console.print(Text(f"[{' / '.join(labels)}]", style="bold reverse"))


def natural_size(console: Console, table: Table) -> Measurement:
    """The least and the most columns that a table can do with, however many there are."""
    return console.measure(table, options=console.options.update_width(NATURAL))


def new_table(console: Console, *headings: str) -> Table:
    """Lines on a terminal only."""
    table = Table(*headings, box=box.SIMPLE_HEAD if console.is_terminal else None, pad_edge=False)
    for column in table.columns:
        column.no_wrap = column.header in ("Action", "Conf.", "Run", "Status", "As of", "Model")
    return table


def named_table(console: Console, headings: Sequence[str], rows: Sequence[Sequence[Text]], fixed: int) -> Table:
    """Names first, which may wrap but keep what they need to be read; the `fixed` columns after them never wrap."""
    table = new_table(console, *headings)
    for at, column in enumerate(table.columns[: fixed + 1]):
        longest = max((cell_len(headings[at]), *(cells[at].cell_len for cells in rows)))
        column.no_wrap = at > 0
        column.min_width = longest if column.no_wrap else min(longest, NAME)
    for cells in rows:
        table.add_row(*cells)
    return table


def show_named(console: Console, headings: Sequence[str], rows: Sequence[Sequence[Text]], fixed: int) -> None:
    """Such a table where no word of it is cut, else a line for each row that wraps between words."""
    table = named_table(console, headings, rows, fixed)
    size = natural_size(console, table)
    if size.minimum > console.width:
        for cells in rows:
            parts = (cell[len(cell) - len(cell.plain.lstrip()) :] for cell in cells if cell.plain.strip())
            console.print(hanging(console, Text(" · ").join(parts)))
        return
    if size.maximum > console.width and len(headings) > fixed + 1:
        table.columns[0].width = table.columns[0].min_width  # so that the columns that wrap have the rest
    console.print(table)


def spend_text(spend: Mapping[str, Any], say: Words = ENGLISH) -> str:
    """What a run spent, or many: as in an envelope, or in a batch's summary."""
    tokens, usd = spend["tokens"], spend["usd"]
    parts = [usd_text(usd)] if usd else []
    parts += [say("unpriced")] if usd is None and any(tokens.values()) and "unpriced" not in spend else []
    parts += [count_of(spend["turns"], "turn", say), count_of(spend["tool_calls"], "tool call", say)]
    if any(tokens.values()):
        counts = {"read": Usage.of(tokens).read, "cached": tokens["cache_read"], "out": tokens["output"]}
        parts.append(say("{read:,} tokens in ({cached:,} cached), {out:,} out", **counts))
    if spend["repairs"]:
        parts.append(count_of(spend["repairs"], "repair", say))
    if spend.get("unpriced"):
        parts.append(say("{runs} without a price", runs=count_of(spend["unpriced"], "run", say)))
    if spend["possibly_paid_twice"]:
        requests = count_of(spend["possibly_paid_twice"], "request", say)
        parts.append(say("{requests} possibly paid twice", requests=requests))
    return ", ".join(parts)


def usd_text(usd: float) -> str:
    return f"{usd:.2f} USD" if usd >= 1 else f"{usd:.4f} USD"


def count_of(number: int, what: str, say: Words = ENGLISH) -> str:
    counted = what if number == 1 else f"{what}s"
    return f"{number:,} {say(counted)}"


def show_runs(results: list[RunResult]) -> None:
    """Two lines for each, so that its question has room in any terminal: when and how it ran, and what it was asked."""
    console = PlainConsole()
    if not results:
        console.print(Text("nothing has run yet"))
    for result in results:
        how = (result.run_id, result.status, f"as of {result.as_of}" if result.as_of else "", result.model)
        labels = f" [{'/'.join(result.labels)}]" if result.labels else ""
        asked = fitted(result.question or result.stop_reason, max(console.width - len(labels) - 2, 20))
        console.print(Text(one_line(" · ".join(filter(None, how))), style="bold"))
        console.print(Text(f"  {asked}{labels}"))
