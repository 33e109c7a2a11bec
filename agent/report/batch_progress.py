"""A batch on the terminal: its progress on stderr, its summary on stdout."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn
from rich.text import Text

from agent.foreign import printable
from agent.report.terminal import PlainConsole, count_of, new_table, short, show_labels, spend_text

EVERY = 10.0
"""Seconds between two lines of counts where there is no terminal."""
WINDOW = 30
"""Jobs over which the rate is taken."""
LISTED = 20
"""Jobs that are not done, as many as a summary names."""


class EndedJob(Protocol):
    """What is told of a job: the part of batch.outputs.Row that is shown."""

    @property
    def id(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def where(self) -> str: ...
    @property
    def spend(self) -> dict[str, Any] | None: ...


class BatchProgress:
    """Counts the jobs that end. This one shows nothing; the others show the same on a terminal and elsewhere."""

    def __init__(self, total: int, done: int, clock: Callable[[], float]) -> None:
        self._total, self._states, self._clock = total, Counter(done=done), clock
        self._usd, self._unpriced, self._waiting = 0.0, 0, ""
        self._ends = deque([clock()], maxlen=WINDOW + 1)

    def tell(self, job: EndedJob) -> None:
        """A job has ended, or is put off."""
        self._states[job.state] += 1
        self._ends.append(self._clock())
        self._waiting = ""
        if job.spend:
            self._spent(job.spend)
        if job.state != "done":
            state = job.state.replace("_", " ")
            self._say(f"job {printable(job.id)}: {state}: {short(job.reason, 300)} ({printable(job.where)})")
        self._update()

    def tell_waiting(self, why: str) -> None:
        """Nothing can go on for a while, and why; until the next job ends."""
        self._waiting = short(why, 200)
        self._update()

    def counts(self) -> str:
        """Such as `120/2,000 · 3 failed · 4.20 USD · 38/min · 49 min left`."""
        others = [f"{count:,} {state.replace('_', ' ')}" for state, count in self._states.items() if state != "done"]
        pace = f"waiting: {self._waiting}" if self._waiting else self._pace()
        parts = [f"{self._states.total():,}/{self._total:,}", *others, self._money(), pace]
        return " · ".join(part for part in parts if part)

    def _say(self, line: str) -> None:
        """One line that stays."""

    def _update(self) -> None:
        """The counts have changed."""

    def _spent(self, spend: dict[str, Any]) -> None:
        if spend.get("usd") is not None:
            self._usd += spend["usd"]
        else:
            self._unpriced += sum(spend["tokens"][kind] for kind in ("input", "cache_write", "output"))

    def _money(self) -> str:
        usd = f"{self._usd:.2f} USD" if self._usd else ""
        tokens = f"{self._unpriced:,} tokens" if self._unpriced else ""
        return " + ".join(part for part in (usd, tokens) if part)

    def _pace(self) -> str:
        seconds = self._ends[-1] - self._ends[0]
        if seconds <= 0:
            return ""
        rate = (len(self._ends) - 1) / seconds
        left = max(self._total - self._states.total(), 0) / rate
        return f"{60 * rate:,.0f}/min · {_duration(left)} left" if left else f"{60 * rate:,.0f}/min"


class _Lines(BatchProgress):
    """Where there is no terminal: a line for each job that is not done, and now and then one of counts."""

    def __init__(self, console: Console, *about: Any) -> None:
        super().__init__(*about)
        self._console, self._shown_at = console, self._clock()

    def _say(self, line: str) -> None:
        self._console.print(line, soft_wrap=True)

    def _update(self) -> None:
        if self._clock() - self._shown_at >= EVERY:
            self._shown_at = self._clock()
            self._say(self.counts())


class _Bar(BatchProgress):
    """On a terminal: one live line, and above it a line for each job that is not done."""

    def __init__(self, bar: Progress, *about: Any) -> None:
        super().__init__(*about)
        self._bar = bar
        self._task = bar.add_task(self.counts(), total=self._total, completed=self._states.total())

    def _say(self, line: str) -> None:
        self._bar.console.print(Text(line), no_wrap=True, overflow="ellipsis")

    def _update(self) -> None:
        self._bar.update(self._task, completed=self._states.total(), description=self.counts())


@contextmanager
def batch_progress(
    total: int, done: int, *, quiet: bool, clock: Callable[[], float] = time.monotonic
) -> Iterator[BatchProgress]:
    """Whom to tell of `total` jobs, of which `done` were done before; `clock` counts seconds."""
    console = PlainConsole(err=True)
    if quiet:
        yield BatchProgress(total, done, clock)
    elif console.is_terminal:
        columns = SpinnerColumn(), BarColumn(12), TextColumn("{task.description}", markup=False)
        with Progress(*columns, console=console, transient=True) as bar:
            yield _Bar(bar, total, done, clock)
    else:
        lines = _Lines(console, total, done, clock)
        try:
            yield lines
        finally:
            with suppress(OSError):  # nobody may be reading; the batch has ended all the same
                console.print(lines.counts(), soft_wrap=True)


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"


def show_summary(summary: dict[str, Any], folder: Path) -> None:
    """What came of a batch, as of batch.outputs.summary: counts, the jobs that are not done, spend, files, labels."""
    console = PlainConsole()
    show_labels(console, summary["labels"])
    counts = [f"{count:,} {state.replace('_', ' ')}" for state, count in summary["states"].items()]
    heading = f"{short(summary['batch'], 60)}: {count_of(summary['jobs'], 'job')}"
    console.print(Text(" · ".join([heading, *counts]), style="bold"))
    if slot := summary["schedule"]:
        parts = [f"{name} {value}".replace("_", " ") for name, value in slot.items()]
        console.print(Text(printable(" · ".join(parts)), style="dim"))
    _unfinished(console, [each for each in summary["results"] if each["state"] not in ("done", "waiting")])
    for each in summary["warnings"]:
        jobs = count_of(each["jobs"], "job")
        console.print(Text(f"warning: {short(each['warning'], 300)} ({jobs})", style="yellow"))
    console.print(Text.assemble(("spent    ", "dim"), spend_text(summary["spend"])))
    console.print(Text.assemble(("page     ", "dim"), (folder.absolute() / "index.html").as_uri()), soft_wrap=True)
    console.print(Text.assemble(("files    ", "dim"), str(folder.absolute())), soft_wrap=True)
    show_labels(console, summary["labels"])
    console.print(Text(summary["notice"], style="dim"))


def _unfinished(console: Console, jobs: list[dict[str, Any]]) -> None:
    if not jobs:
        return
    table = new_table(console, "Job", "State", "Reason")
    for column, width in zip(table.columns, (32, 14), strict=False):
        column.max_width, column.overflow = width, "fold"
    for each in jobs[:LISTED]:
        cells = printable(each["id"]), each["state"].replace("_", " "), short(each["reason"], 200)
        table.add_row(*map(Text, cells))
    console.print(table)
    if len(jobs) > LISTED:
        console.print(Text(f"and {len(jobs) - LISTED:,} more, see summary.json"))
