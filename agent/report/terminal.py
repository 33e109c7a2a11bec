"""Events and results → the terminal: progress on stderr, results on stdout."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol, TypeAlias

from rich import box
from rich.console import Console
from rich.json import JSON as RichJSON
from rich.padding import Padding
from rich.status import Status
from rich.table import Table
from rich.text import Text

from agent.foreign import printable
from agent.model.base import Usage
from agent.report import footnotes
from agent.result import ADVICE, Call, RunResult, TurnSpent
from agent.runs import store
from agent.tools.content import unframed

WIDE = 110
"""Columns from which on a rationale stands in the table; below, the rationales follow it."""
SPEND_COLUMNS = ("Turn", "Ended with", "Tries", "Calls", "Uncached", "Written", "Cached", "Out", "Time", "USD")
"""Tokens by how they are billed: input that no cache had, what was written to it and read from it, and output."""
ACTIONS = {
    "overweight": ("▲", "rgb(67,147,195)"),
    "underweight": ("▼", "rgb(224,130,20)"),
    "neutral": ("●", "default"),
}
"""Glyph and colour of each action."""


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Rich would end the process; whether that is right is not for a display to say."""
        raise BrokenPipeError


def new_console(*, err: bool = False) -> Console:
    """On stdout or stderr; texts are never read as markup."""
    return _Console(stderr=err, highlight=False, markup=False, emoji=False)


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """A spinner on a terminal, nothing elsewhere."""
    console = new_console(err=True)
    if not console.is_terminal:
        yield
        return
    with _spinning(console, what):
        yield


Tell: TypeAlias = Callable[[str], None]


@contextmanager
def telling() -> Iterator[Tell]:
    """A spinner on a terminal that says what it is told, nothing elsewhere."""
    console = new_console(err=True)
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


def arguments_text(arguments: Any) -> str:
    pairs = arguments.items() if isinstance(arguments, dict) else []
    inside = ", ".join(f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in pairs)
    return f"({short(inside, 120)})"


def outcome(shown: str, is_error: bool) -> str:
    return f"error: {short(unframed(shown), 160)}" if is_error else f"{len(shown):,} characters"


def one_line(text: object) -> str:
    """Printable, its line breaks and runs of blanks made single blanks."""
    return " ".join(printable(text).split())


def short(text: str, length: int) -> str:
    """One printable line of at most `length` characters."""
    text = one_line(text)
    return text if len(text) <= length else text[: length - 1] + "…"


def show_result(result: RunResult, *, calls: bool = False) -> None:
    """The answer as a table with its labels, page, warnings and spend; a failed run with what went wrong."""
    console = new_console()
    show_labels(console, result.labels)
    console.print(Text(short(result.question, 300), style="bold"))
    about = [
        f"as of {result.as_of}" if result.as_of else "",
        f"data {' to '.join(dict.fromkeys(result.observed))}" if result.observed else "",
        f"horizon {result.horizon}" if result.horizon else "",
        f"model {result.model}",
        f"run {result.run_id}",
        f"follows {result.earlier[-1].run_id}" if result.earlier else "",
    ]
    console.print(Text(" · ".join(part for part in about if part), style="dim"))
    if result.ok:
        _answer(console, result, every_number=calls)
    else:
        _failure(console, result)
    if calls:
        _calls(console, result.calls)
        _by_turn(console, result)
    for warning in result.warnings:
        console.print(Text(f"warning: {printable(warning)}", style="yellow"))
    if result.page:
        console.print(Text.assemble(("heatmap  ", "dim"), result.page.absolute().as_uri()), soft_wrap=True)
    console.print(Text.assemble(("spent    ", "dim"), spend_text(result.spend())))
    show_labels(console, result.labels)
    console.print(Text(ADVICE, style="dim"))


def tell_failure(result: RunResult) -> None:
    _failure(new_console(err=True), result)


def tell_warnings(result: RunResult) -> None:
    """On stderr, for whoever reads the answer's JSON."""
    for warning in result.warnings:
        new_console(err=True).print(Text(f"warning: {printable(warning)}"), soft_wrap=True)


def show_text(text: str) -> None:
    """A stranger's text, on stdout, line by line."""
    new_console().print(Text("\n".join(printable(line) for line in text.splitlines())), soft_wrap=True)


def show_labels(console: Console, labels: list[str]) -> None:
    if labels:
        console.print(Text(f"[{' / '.join(labels)}]", style="bold reverse"))


def _answer(console: Console, result: RunResult, *, every_number: bool) -> None:
    answer = result.answer
    rows = answer.get("sector_recommendations") if isinstance(answer, dict) else None
    if not (isinstance(rows, list) and all(isinstance(row, dict) for row in rows)):
        console.print(RichJSON.from_data(answer))
        return
    wide = console.width >= WIDE
    rationales, notes = _rationales(result, rows, every_number=every_number)
    table = new_table(console, "Sector", "Action", "Conf.", *(["Rationale"] if wide else []))
    for at, row in enumerate(rows):
        action = str(row.get("action", ""))
        glyph, colour = ACTIONS.get(action, ("", "default"))
        confidence = row.get("confidence_score")
        cells = [
            Text(short(str(row.get("sector_name", "")), 60), style="bold"),
            Text(f"{glyph} {action}" if console.is_terminal else action, style=colour),
            Text(f"{confidence:.2f}" if isinstance(confidence, int | float) else ""),
        ]
        table.add_row(*cells, *([rationales[at]] if wide else []))
    console.print(table)
    for at, row in enumerate(rows if not wide else []):
        console.print(Text(short(str(row.get("sector_name", "")), 60), style="bold"))
        console.print(Padding(rationales[at], (0, 0, 1, 2), expand=False))
    _show_notes(console, notes)
    if borne_out := footnotes.counted_text(result.counted):
        console.print(Text.assemble(("numbers  ", "dim"), borne_out))


def _rationales(
    result: RunResult, rows: list[dict[str, Any]], *, every_number: bool
) -> tuple[list[Text], dict[int, str]]:
    """Rationales with marks after numbers, and what each mark stands for: every one, or those that nothing bears out.
    A number has the same mark in both.
    """
    calls = {call.id: at for at, call in enumerate(result.calls, 1)}
    texts, mark = [], 0
    notes: dict[int, str] = {}
    for at, row in enumerate(rows):
        text = Text()
        for piece, number in footnotes.pieces(str(row.get("rationale", "")), result.evidence, footnotes.pointer_of(at)):
            mark += number is not None
            noted = number is not None and (every_number or footnotes.is_unborne(number))
            text.append(printable(piece), style="bold" if noted else "")
            if number is not None and noted:
                notes[mark] = footnotes.rests_on(number, calls)
                text.append(f"[{mark}]", style="dim")
        texts.append(text)
    return texts, notes


def _show_notes(console: Console, notes: Mapping[int, str]) -> None:
    if notes:
        grid = Table.grid(padding=(0, 1))
        grid.add_column(justify="right", no_wrap=True)
        for mark, note in notes.items():
            grid.add_row(Text(f"[{mark}]"), Text(one_line(note)), style="dim")
        console.print(Text("What the numbers rest on", style="bold"))
        console.print(grid)
        console.print()


def new_table(console: Console, *headings: str) -> Table:
    """Lines on a terminal only."""
    table = Table(*headings, box=box.SIMPLE_HEAD if console.is_terminal else None, pad_edge=False)
    for column in table.columns:
        column.no_wrap = column.header in ("Action", "Conf.", "Run", "Status", "As of", "Model")
    return table


def _failure(console: Console, result: RunResult) -> None:
    console.print(Text(f"no valid answer: {result.status}: {printable(result.stop_reason)}", style="bold"))
    for error in result.errors[1:]:  # the first is in the reason
        console.print(Text(f"  {error['pointer'] or 'the answer'}: {short(error['message'], 300)}"))
    if result.best_attempt:
        attempt = result.best_attempt
        text = attempt if isinstance(attempt, str) else json.dumps(attempt, ensure_ascii=False)
        console.print(Text(f"  the best attempt, not accepted: {short(text, 400)}", style="dim"))
    if hint := result.hint:
        console.print(Text(f"  hint: {hint}"))
    name = store.name_of(result.folder) if result.folder else result.run_id
    console.print(Text(f"  log: advisor runs show {name}", style="dim"), soft_wrap=True)


def _calls(console: Console, calls: list[Call]) -> None:
    for number, call in enumerate(calls, 1):
        said = outcome(call.shown or "", call.is_error)
        said += f", {call.rows_withheld:,} withheld" if call.rows_withheld else ""
        said += f", retrieved {printable(call.retrieved_at)}" if call.was_sent else ""
        given = arguments_text(call.arguments)
        console.print(
            Text(f"call {number}  turn {call.turn}  {printable(call.offered_as)}{given}: {said}", style="dim")
        )


def _by_turn(console: Console, result: RunResult) -> None:
    """What each answer of the model used, with what its requests used that broke off."""
    spent = [(each, each.usage + each.broken_off) for each in result.by_turn]
    if result.broken_off.counted:
        never = TurnSpent(result.turns + 1, 0, Usage(), result.broken_off, 0.0, "broken off", 0, result.model)
        spent.append((never, result.broken_off))
    if not any(used.counted for _, used in spent):
        return
    table = new_table(console, *SPEND_COLUMNS)
    for column in table.columns[2:]:
        column.justify = "right"
    for each, used in spent:
        counts = (used.input, used.cache_write, used.cache_read, used.output)
        about = [str(each.turn), short(str(each.stop_reason), 14), str(each.attempts), str(each.calls)]
        usd = "unpriced" if result.price is None else f"{result.price.usd(used):.4f}"
        table.add_row(*map(Text, [*about, *(f"{count:,}" for count in counts), f"{each.seconds:.1f} s", usd]))
    console.print(table)


def spend_text(spend: Mapping[str, Any]) -> str:
    """What a run spent, or many: as in an envelope, or in a batch's summary."""
    tokens, usd = spend["tokens"], spend["usd"]
    parts = [usd_text(usd)] if usd else []
    parts += ["unpriced"] if usd is None and any(tokens.values()) and "unpriced" not in spend else []
    parts += [count_of(spend["turns"], "turn"), count_of(spend["tool_calls"], "tool call")]
    if any(tokens.values()):
        parts.append(f"{Usage.of(tokens).read:,} tokens in ({tokens['cache_read']:,} cached), {tokens['output']:,} out")
    if spend["repairs"]:
        parts.append(count_of(spend["repairs"], "repair"))
    if spend.get("unpriced"):
        parts.append(f"{count_of(spend['unpriced'], 'run')} without a price")
    if spend["possibly_paid_twice"]:
        parts.append(f"{count_of(spend['possibly_paid_twice'], 'request')} possibly paid twice")
    return ", ".join(parts)


def usd_text(usd: float) -> str:
    return f"{usd:.2f} USD" if usd >= 1 else f"{usd:.4f} USD"


def count_of(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def show_runs(results: list[RunResult]) -> None:
    console = new_console()
    if not results:
        console.print(Text("nothing has run yet"))
        return
    table = new_table(console, "Run", "Status", "As of", "Model", "Question")
    for result in results:
        labels = f" [{'/'.join(result.labels)}]" if result.labels else ""
        question = short(result.question, 100) + labels
        table.add_row(
            *(Text(part) for part in (result.run_id, result.status, result.as_of or "", result.model, question))
        )
    console.print(table)
