"""A run while it runs, on stderr: a line for each step, and on a terminal below them what is under way."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import ceil
from threading import Event as Flag
from threading import Thread
from typing import Any

from pydantic_core import from_json
from rich.cells import cell_len, set_cell_size
from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from agent.events import (
    AnswerChecked,
    CallPlace,
    Event,
    ModelAnswered,
    ModelAsked,
    ModelFailed,
    ToolAnswered,
    ToolAsked,
)
from agent.report.steps import Line, Spent, Steps
from agent.report.terminal import ACTIONS, SharedConsole, arguments_text, count_of, fitted, hanging, moving, one_line
from agent.underway import Streamed, Underway

Listen = Callable[[Event], None]
A_SECOND = 8
"""How often what is under way is drawn anew."""
ROWS = 10
"""Below the status line, at most."""
NARROW = 60
"""Columns below which the spend has a line of its own."""
MARGIN = 2
"""Columns at the right that stay free: a terminal writes `^C` there, and must not break the line for it."""
NAME = 22
PIECE = 1000
"""Characters of a paragraph without a break; only its last few hundred are wrapped."""
_RECOMMENDATIONS = re.compile(r'"sector_recommendations"\s*:\s*(?=\[)')


@contextmanager
def progress(
    *, quiet: bool, verbose: bool = False, clock: Callable[[], float] = time.monotonic
) -> Iterator[Listen | None]:
    """A listener that tells each step on stderr as one line; on a terminal, what is under way moves below them.

    `verbose` tells requests, attempts, waits and the use of the cache too; `clock` counts seconds.
    """
    if quiet:
        yield None
        return
    console, steps = SharedConsole(err=True), Steps(verbose)
    if not console.is_terminal or console.is_dumb_terminal:

        def tell(event: Event) -> None:
            for line in steps.apply(event):
                console.print(line.text, soft_wrap=True)

        yield tell
        return
    view = _View(console, steps, _Region(steps.spent, clock))
    with moving(view):
        yield view.tell


@dataclass
class _View:
    """The lines of a run, and its region below them; lines wait while the display is stopped.

    Whatever changes or draws the region holds the console's lock: a display that is drawn anew while a line is printed
    above it has another height than was erased, and leaves a part of itself among the lines. What other threads write
    to stderr goes through the console meanwhile; with a lock of the region beside it they would wait for each other.
    """

    console: SharedConsole
    steps: Steps
    region: _Region
    _live: Live | None = None
    _stopped: Flag = field(default_factory=Flag)
    _held: list[Line] = field(default_factory=list)

    def start(self) -> None:
        """With a new display: one that is started again would erase as many lines as it had before."""
        self._live = Live(
            self.region,
            console=self.console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            vertical_overflow="crop",
        )
        with self.console.lock:
            self._live.start(refresh=True)
            self._print()
        self._stopped = Flag()
        Thread(target=self._draw, args=(self._live, self._stopped), daemon=True).start()

    def stop(self) -> None:
        with self.console.lock:
            self._stopped.set()
            if self._live:
                self._live.stop()
            self._live = None

    def tell(self, event: Event) -> None:
        with self.console.lock:
            self._held += self.steps.apply(event)
            self.region.apply(event)
            if self._live:
                self._print()

    def _draw(self, live: Live, stopped: Flag) -> None:
        while not stopped.wait(1 / A_SECOND):
            with self.console.lock:
                if not stopped.is_set():
                    live.refresh()

    def _print(self) -> None:
        """Each on one line, cut where the terminal ends; but what went wrong is told whole, as `verbose` tells all."""
        lines, self._held = self._held, []
        for line in lines:
            text = Text(line.text, style="yellow" if line.bad else "dim")
            if line.bad or self.steps.verbose:
                self.console.print(hanging(self.console, text))
            else:
                self.console.print(text, no_wrap=True, overflow="ellipsis")


@dataclass
class _Region:
    """What is under way, drawn by a thread of its own: pieces of an answer are read only when they are shown."""

    spent: Spent
    clock: Callable[[], float]
    _doing: str = "opening the servers"
    """Empty while calls are, and they say it."""
    _turn: str = ""
    _since: float | None = None
    """When the model was asked."""
    _until: float = 0.0
    """When a wait ends, after which `_next` is made."""
    _next: int | None = None
    _calls: dict[CallPlace, tuple[ToolAsked, float]] = field(default_factory=dict)
    _kind: str = ""
    _pieces: dict[str, list[str]] = field(default_factory=dict)
    _spinner: Spinner = field(default_factory=lambda: Spinner("dots", style="status.spinner", speed=A_SECOND * 0.08))

    def apply(self, event: Event) -> None:
        match event:
            case Underway():
                self._do(one_line(event.text))
            case ModelAsked():
                again = f", attempt {event.attempt}" if event.attempt > 1 else ""
                self._do("asking the model", f"turn {event.turn}{again}", self.clock())
            case Streamed():
                self._kind = event.kind
                self._pieces.setdefault(event.kind, []).append(event.text)
            case ModelAnswered():
                self._do("reading the answer", self._turn)
            case ModelFailed():
                self._do("giving up", f"turn {event.turn}")
                if event.wait is not None:
                    self._until, self._next = self.clock() + event.wait, event.attempt + 1
            case ToolAsked():
                self._do("", f"turn {event.turn}")
                self._calls[event.place] = event, self.clock()
            case ToolAnswered():
                self._calls.pop(event.place, None)
                if not self._calls:
                    self._do("asking the model")
            case AnswerChecked():
                self._do("writing the page" if event.valid else "asking the model")

    def _do(self, what: str, turn: str = "", since: float | None = None) -> None:
        """Something new, which ends what was streamed."""
        self._doing, self._turn, self._since, self._next = what, turn, since, None
        self._kind, self._pieces = "", {}

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = max(options.max_width - MARGIN, 1)
        below = list(self._below(console, width, max(min(ROWS, console.height - 3), 0)))
        above = self._above(console, width)
        for line in (*above, *below):
            line.truncate(width, overflow="ellipsis")
            yield line

    def _above(self, console: Console, width: int) -> list[Text]:
        """The status, and what was spent: at its right, or in a second line."""
        spinner, spent = self._spinner.render(console.get_time()), Text(self.spent.text(), style="dim")
        status = Text.assemble(spinner if isinstance(spinner, Text) else "", " ", self._status())
        if not spent:
            return [status]
        if width < NARROW:
            return [status, Text("  ") + spent]
        status.truncate(width - spent.cell_len - 2, overflow="ellipsis", pad=True)
        return [status + Text("  ") + spent]

    def _status(self) -> str:
        now = self.clock()
        if self._next is not None:
            what = f"waiting {max(ceil(self._until - now), 0)} s, then attempt {self._next}"
        elif self._kind:
            writing = "writing the answer" if self._rows() else "writing"
            what = {"thinking": "thinking", "text": writing}.get(self._kind, "asking for tools")
        else:
            what = self._doing or self._calling()
        return " · ".join(part for part in (self._turn, what, _seconds(now, self._since)) if part)

    def _calling(self) -> str:
        names = [one_line(call.offered_as) for call, _ in self._calls.values()]
        return f"calling {names[0] if len(names) == 1 else count_of(len(names), 'tool')}"

    def _below(self, console: Console, width: int, most: int) -> Iterable[Text]:
        if self._calls:
            return self._running(most)
        streamed = "".join(self._pieces.get(self._kind, ()))
        if self._kind == "text" and (rows := self._rows()):
            return _recommendations(console, rows, width, most)
        lines = min(most, 3 if self._kind == "text" else 1)
        return [Text(f"  {line}", style="dim") for line in _newest(console, streamed, width - 2, lines)]

    def _running(self, most: int) -> Iterator[Text]:
        """One line for each call."""
        now = self.clock()
        shown = list(self._calls.values())[: most if len(self._calls) <= most else most - 1]
        longest = max((cell_len(fitted(call.offered_as, NAME * 2)) for call, _ in shown), default=0)
        for call, since in shown:
            name = set_cell_size(fitted(call.offered_as, NAME * 2), longest)
            given = arguments_text(call.arguments) if call.arguments else ""
            yield Text.assemble(f"  {name}  ", (f"{_seconds(now, since) or '0 s':>5}  {given}", "dim"))
        if more := len(self._calls) - len(shown):
            yield Text(f"  and {more:,} more", style="dim")

    def _rows(self) -> list[dict[str, Any]]:
        """The recommendations in the text so far; none when it is another text."""
        text = "".join(self._pieces.get("text", ()))
        found = _RECOMMENDATIONS.search(text)
        try:
            rows = from_json(text[found.end() :], allow_partial="trailing-strings") if found else []
        except ValueError:
            return []
        return [row for row in rows if isinstance(row, dict)]


def _recommendations(console: Console, rows: list[dict[str, Any]], width: int, most: int) -> Iterator[Text]:
    """Of each its action, name, confidence and rationale: where that begins, or where it is being written."""
    first = max(len(rows) - most, 0)
    if first:
        first += 1
        yield Text(f"  {first:,} before these", style="dim")
    name_width = min(NAME, width // 3)
    room = width - name_width - 12
    for at, row in enumerate(rows[first:], first):
        glyph, colour = ACTIONS.get(str(row.get("action")), (" ", "default"))
        name = set_cell_size(fitted(str(row.get("sector_name", "")), name_width), name_width)
        score = row.get("confidence_score")
        confidence = f"{score:.2f}" if isinstance(score, int | float) and 0 <= score <= 1 else ""
        rationale = str(row.get("rationale", ""))
        if at == len(rows) - 1:
            rationale = "".join(_newest(console, rationale, room, 1))
        yield Text.assemble(
            ("  " + glyph, colour), " ", (name, "bold"), f"  {confidence:4}  ", (fitted(rationale, room), "dim")
        )


def _seconds(now: float, since: float | None) -> str:
    """How long ago, in whole seconds; empty in the first one."""
    return "" if since is None or now - since < 1 else f"{int(now - since)} s"


def _newest(console: Console, text: str, width: int, most: int) -> list[str]:
    """The last lines of a text that is wrapped from where it began, so that words stay where they were written."""
    if width < 1 or most < 1:
        return []
    lines = [line for line in map(one_line, text.splitlines()[-PIECE:]) if line]
    wrapped = []
    for line in lines[-most:]:
        start = max(len(line) // PIECE - 1, 0) * PIECE
        wrapped += [part.plain.rstrip() for part in Text(line[start:]).wrap(console, width)]
    return wrapped[-most:]
