"""A conversation → the terminal: the answer in short, the tools with their calls, what each question took."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from agent.comparison import confidence_text, recommendations_of
from agent.model.base import Usage
from agent.report.answer_table import CONFIDENCE
from agent.report.names import SectorNames
from agent.report.terminal import ACTIONS, count_of, new_table, one_line, short, spend_text
from agent.report.words import words
from agent.result import RunResult


def show_in_short(console: Console, result: RunResult) -> None:
    """The questions, and of each recommendation its action and confidence."""
    say, names = words(result.language), SectorNames.of(result)
    for each in result.earlier:
        console.print(Text(short(each.question, 300), style="dim"))
    console.print(Text(short(result.question, 300), style="bold"))
    about = [say("as of {day}", day=result.as_of)] if result.as_of else []
    about += [say("model {name}", name=result.model), say("run {name}", name=result.run_id), *map(say, result.labels)]
    console.print(Text(" · ".join(about), style="dim"))
    rows = recommendations_of(result.answer)
    if rows is None:
        console.print(Text(short(json.dumps(result.answer, ensure_ascii=False), 400)))
        return
    for row in rows:
        action = str(row.get("action", ""))
        glyph, colour = ACTIONS.get(action, ("", "default"))
        said = short(confidence_text(row.get("confidence_score")), CONFIDENCE)
        marked = f"{glyph} {say(action)}" if console.is_terminal else say(action)
        name = short(names(str(row.get("sector_name"))), 60)
        console.print(Text.assemble("  ", (f"{marked:17}", colour), f" {said:5} ", name))


def show_tools(console: Console, result: RunResult) -> None:
    """What the model is offered, and how often it was called in the whole conversation."""
    table = new_table(console, "Tool", "Server", "Calls", "Failed")
    for tool in result.offered.tools:
        calls = [call for call in result.calls if call.offered_as == tool["name"]]
        failed = sum(call.is_error for call in calls)
        cells = (one_line(tool["name"]), one_line(tool["server"]), str(len(calls) or ""), str(failed or ""))
        table.add_row(*map(Text, cells))
    console.print(table)


def show_cost(console: Console, newest: Mapping[str, Any], all_of_them: Sequence[Mapping[str, Any]]) -> None:
    """What the newest question took, and what the whole conversation did, as `RunResult.spend` says it."""
    console.print(Text.assemble(("this question  ", "dim"), spend_text(newest)))
    told = f"{count_of(len(all_of_them), 'question')}: {spend_text(_sum(all_of_them))}"
    console.print(Text.assemble(("the whole chat ", "dim"), told))


def _sum(spends: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """USD are unknown as soon as one of them is."""
    counts = ("turns", "requests", "tool_calls", "repairs", "possibly_paid_twice")
    usage = sum((Usage.of(each["tokens"]) for each in spends), Usage())
    usd = [each["usd"] for each in spends]
    return {key: sum(each[key] for each in spends) for key in counts} | {
        "tokens": vars(usage),
        "usd": None if None in usd else sum(usd),
    }
