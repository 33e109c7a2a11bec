"""What changed since the last comparable run, in words: for the page, the terminal and whoever compares two runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TypeAlias

from agent.comparison import Change, Kind, Moved
from agent.report.heatmap import Column, ColumnKey, Heatmap, column_key, label, number_text, numbers_text, unit_label
from agent.report.words import Words
from agent.result import RunResult

Columns: TypeAlias = Mapping[ColumnKey, Column]
KINDS: tuple[Kind, ...] = ("flipped", "turned", "new", "gone", "surer", "less sure", "same")
"""What weighs most comes first."""


def changes_of(run: RunResult) -> list[Change]:
    """As its log has them; those that this version cannot read are left out, and what is gone where the question was on
    an answer: it may have been on some of its sectors.
    """
    found = []
    for said in run.compared.changes if run.compared else []:
        with suppress(KeyError, TypeError, IndexError):
            found.append(Change.of(said))
    return [each for each in found if not (run.earlier and each.kind == "gone")]


def headline(run: RunResult, say: Words) -> str:
    """`Since RUN as of DATE: 2 flipped, 1 new, 3 unchanged`; empty where no run was comparable."""
    if not (compared := run.compared):
        return ""
    since = (
        say("Since {run} as of {day}", run=compared.run, day=compared.as_of)
        if compared.as_of
        else say("Since {run}", run=compared.run)
    )
    return f"{since}: {counted(changes_of(run), say)}"


def counted(changes: Sequence[Change], say: Words) -> str:
    """How many of each kind there are."""
    of_kind = Counter(change.kind for change in changes)
    texts = {
        "flipped": say("{count} flipped", count=of_kind["flipped"]),
        "turned": say("{count} turned", count=of_kind["turned"]),
        "new": say("{count} new", count=of_kind["new"]),
        "gone": say("{count} gone", count=of_kind["gone"]),
        "surer": say("{count} surer", count=of_kind["surer"]),
        "less sure": say("{count} less sure", count=of_kind["less sure"]),
        "same": say("{count} unchanged", count=of_kind["same"]),
    }
    return ", ".join(texts[kind] for kind in KINDS if of_kind[kind]) or say("nothing to compare")


def change_text(change: Change, say: Words) -> str:
    """What became of one sector: `flipped, was underweight`, `surer by 0.04`."""
    before, by = say(str(change.action[0])), f"{abs(change.surer_by or 0):.2f}"
    match change.kind:
        case "new":
            return say("new")
        case "gone":
            return say("was {action}", action=before)
        case "flipped":
            return say("flipped, was {action}", action=before)
        case "turned":
            return say("turned, was {action}", action=before)
        case "surer":
            return say("surer by {by}", by=by)
        case "less sure":
            return say("less sure by {by}", by=by)
        case "same":
            return say("unchanged")


def place_text(change: Change, say: Words) -> str:
    """Where its place moved: `place 4 → 2`; empty where it did not."""
    before, after = change.rank
    if before is None or after is None or before == after:
        return ""
    return say("place {before} → {after}", before=before, after=after)


def columns_of(table: Heatmap) -> Columns:
    return {column_key(column): column for column in table.columns}


def moved_text(change: Change, moved: Moved, say: Words, columns: Columns) -> str:
    """A figure of both runs, printed as in its column of a heatmap: `Performance 3M +12.8 → +2.4 % (−2.0 σ)`, or
    `(−2.0 σ, against the change)`.
    """
    values, column = (moved.before, moved.after), columns.get((moved.tool, moved.metric, moved.unit, moved.lookback))
    before, after = map(column.text, values) if column else numbers_text(moved.metric, moved.unit, values)
    weight = [f"{number_text(moved.size, 1, plus=True)} σ"] if moved.better is not None else []
    weight += [say("against the change")] if change.speaks(moved) < 0 else []
    parts = (say(label(moved.metric)), moved.lookback, before, "→", after, say(unit_label(moved.unit)))
    return " ".join([*filter(None, parts), *([f"({', '.join(weight)})"] if weight else [])])
