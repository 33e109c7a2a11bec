"""A suite of evals on the terminal: its progress on stderr; its outcome, or two of them compared, on stdout."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count

from rich.console import Console
from rich.text import Text

from agent.foreign import printable
from agent.report.eval_outcome import (
    CHANGES,
    GOALS,
    PLACES,
    VERDICTS,
    Json,
    attack_rate,
    attacked,
    changed_first,
    rounded,
    suite_name,
    unmet,
    worst_first,
)
from agent.report.terminal import PlainConsole, count_of, new_table, short, show_labels
from agent.result import ADVICE

REASONS = 2
"""Reasons of a case, as many as a line names."""
_STYLES = {"pass": "green", "better": "green", "fail": "bold red", "worse": "bold red", "insufficient": "yellow"}


@contextmanager
def progress(total: int) -> Iterator[Callable[[str], None]]:
    """Whom to tell the name of each of `total` runs that is done: one live line on a terminal, nothing elsewhere."""
    console, number = PlainConsole(err=True), count(1)
    if not console.is_terminal:
        yield lambda name: None
        return
    with console.status(Text(f"0/{total:,}")) as status:
        yield lambda name: status.update(Text(f"{next(number):,}/{total:,} · {short(name, 60)}"))


def show(outcome: Json) -> None:
    """What came of a suite: a line for each case, the worst first, then totals and attacks.

    More cases than a screen has lines are also counted by tag; a terminal then lists only those that did not pass.
    """
    console, cases = PlainConsole(), worst_first(outcome["cases"])
    labels = list(dict.fromkeys(label for case in cases for each in case["samples"] for label in each["run"]["labels"]))
    show_labels(console, labels)
    console.print(Text.assemble((short(suite_name(outcome), 60), "bold"), ": ", _state(console, outcome["verdict"])))
    _reasons(console, outcome["reasons"])
    many = len(cases) > console.height
    listed = [case for case in cases if not (many and console.is_terminal and case["verdict"] == "pass")]
    rows = [(_name(case["name"]), _state(console, case["verdict"]), Text(_why(case))) for case in listed]
    _table(console, ("Case", "Verdict", "Why"), rows)
    if many:
        _by_tag(console, outcome["totals"]["by_tag"])
    _attacks(console, attacked(outcome), outcome["totals"]["attacks"])
    console.print(Text(_totals(outcome["totals"])))
    show_labels(console, labels)
    console.print(Text(ADVICE, style="dim"))


def show_comparison(compared: Json) -> None:
    """What changed from the left suite to the right one: cases whose verdict did, and each scorer over its pairs."""
    console = PlainConsole()
    changed = changed_first(compared["cases"])
    names = " → ".join(short(suite_name(compared[side]), 60) for side in ("left", "right"))
    console.print(Text.assemble((names, "bold"), ": ", _state(console, compared["verdict"])))
    _reasons(console, compared["reasons"])
    rows = [
        (
            _name(case["name"]),
            *(_state(console, case[side]) if case[side] else Text("–") for side in ("left", "right")),
            _state(console, case["change"]),
        )
        for case in changed
    ]
    _table(console, ("Case", "Left", "Right", "Change"), rows)
    console.print(Text(f"{count_of(len(compared['cases']) - len(changed), 'case')} with the same verdict"))
    _scorers(console, compared["scorers"])


def _scorers(console: Console, scorers: Sequence[Json]) -> None:
    headings = ("Scorer", "Pairs", "Left", "Right", "Better", "Worse", "p")
    keys = ("pairs", "left", "right", "better", "worse", "p")
    rows = [(_name(each["scorer"]), *(Text(rounded(each[key])) for key in keys)) for each in scorers]
    _table(console, headings, rows)


def _by_tag(console: Console, tags: Json) -> None:
    rows = [(_name(tag), *(Text(rounded(counts[each])) for each in VERDICTS)) for tag, counts in tags.items()]
    _table(console, ("Tag", *VERDICTS), rows)


def _attacks(console: Console, title: str, attacks: Sequence[Json]) -> None:
    keys = ("cases", "shown", "attempted", "effect")
    rows = [
        (
            Text(f"{GOALS[each['goal']]}, in {PLACES[each['place']]}"),
            *(Text(rounded(each[key])) for key in keys),
            Text(attack_rate(each)),
        )
        for each in attacks
    ]
    if rows:
        console.print(Text(title, style="bold"))
    _table(console, ("Attack", "Runs", "Shown", "Tried", "Effect", "Rate"), rows)


def _totals(totals: Json) -> str:
    """Such as `35 cases: 1 fail, 0 insufficient, 34 pass · 68 of 70 runs valid · pass^1 0.97`."""
    verdicts = ", ".join(f"{totals[each]:,} {each}" for each in VERDICTS)
    every, usd, seconds, fidelity = (totals[key] for key in ("pass_hat_k", "usd_per_valid", "seconds", "fidelity"))
    parts = [
        f"{count_of(totals['cases'], 'case')}: {verdicts}",
        f"{totals['valid']:,} of {count_of(totals['samples'], 'run')} valid",
        f"pass^{every['k']} {rounded(every['value'])}" if every else "",
        f"{usd:.4f} USD a valid run" if usd is not None else "",
        count_of(totals["tokens"], "token") if totals["tokens"] else "",
        f"{seconds:,.1f} s" if seconds is not None else "",
        f"fidelity {rounded(fidelity)}" if fidelity is not None else "",
        f"{count_of(totals['misses'], 'call')} without a recording" if totals["misses"] else "",
    ]
    return " · ".join(part for part in parts if part)


def _why(case: Json) -> str:
    """The case's first reasons, or the checks that are not met."""
    if case["verdict"] == "pass":
        return ""
    reasons = [short(reason, 160) for reason in case["reasons"]] or [short(name, 60) for name in unmet(case)]
    more = f" (and {len(reasons) - REASONS} more)" if len(reasons) > REASONS else ""
    return "; ".join(reasons[:REASONS]) + more


def _reasons(console: Console, reasons: Sequence[str]) -> None:
    for reason in reasons:
        console.print(Text(f"  {short(reason, 300)}"))


def _table(console: Console, headings: Sequence[str], rows: Sequence[Sequence[Text]]) -> None:
    """Nothing without rows. Names break rather than push the last column out."""
    if not rows:
        return
    table = new_table(console, *headings)
    table.columns[0].max_width, table.columns[0].overflow = 32, "fold"
    for row in rows:
        table.add_row(*row)
    console.print(table)


def _state(console: Console, state: str) -> Text:
    glyph = f"{(VERDICTS | CHANGES)[state]} " if console.is_terminal else ""
    return Text(glyph + state, style=_STYLES.get(state, ""))


def _name(name: str) -> Text:
    return Text(printable(name))
