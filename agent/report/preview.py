"""What a run would ask, before it is asked: on stdout, for people."""

from __future__ import annotations

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from agent.foreign import printable
from agent.preview import Preview
from agent.report.terminal import PlainConsole, count_of, new_table, short, show_labels
from agent.result import ADVICE

SHOWN = 12
"""Lines of the system text and of the first message."""


def show_preview(preview: Preview) -> None:
    console, run = PlainConsole(), preview.run
    show_labels(console, run.labels)
    console.print(Text(short(run.question, 300), style="bold"))
    about = [f"as of {run.as_of}" if run.as_of else "", f"agent {run.agent_name}", f"model {run.model}", "DRY RUN"]
    console.print(Text(" · ".join(part for part in about if part), style="dim"))
    _text(console, "system text", preview.request.system)
    said = "\n\n".join(block["text"] for message in preview.request.messages for block in message["content"])
    _text(console, "first message", said)
    _tools(console, preview)
    _money(console, preview)
    for warning in run.warnings:
        console.print(Text(f"warning: {printable(warning)}", style="yellow"))
    console.print(Text(ADVICE, style="dim"))


def _text(console: Console, title: str, text: str) -> None:
    lines = [printable(line) for line in text.splitlines()]
    console.print(Text(f"\n{title}, {len(text):,} characters", style="bold"))
    console.print(Padding(Text("\n".join(lines[:SHOWN])), (0, 0, 0, 2), expand=False))
    if len(lines) > SHOWN:
        console.print(Text(f"  … {len(lines) - SHOWN} more lines: --format envelope has them all", style="dim"))


def _tools(console: Console, preview: Preview) -> None:
    descriptions = {tool["name"]: tool.get("description", "") for tool in preview.request.tools}
    console.print(Text(f"\ntools, {len(descriptions)}", style="bold"))
    table = new_table(console, "Tool", "Server", "Description")
    for tool in preview.run.offered.tools:
        name = str(tool["name"])
        table.add_row(Text(printable(name)), Text(str(tool["server"])), Text(short(descriptions.get(name, ""), 120)))
    console.print(table)


def _money(console: Console, preview: Preview) -> None:
    budget = dict(preview.budget)
    usd = budget.pop("usd")
    limits = [count_of(value, name.replace("_", " ").removesuffix("s")) for name, value in budget.items()]
    limits += [f"{usd:g} USD"] if usd is not None else []
    counted = "counted by the service" if preview.counted else "by its length"
    first = "" if not preview.first_usd else f", {preview.first_usd:.4f} USD"
    if preview.ceiling is None:
        ceiling = f"unpriced: there is no price for {preview.run.model}"
    else:
        ceiling = f"at most about {preview.ceiling:.2f} USD" if preview.ceiling else "free"
    console.print(Text("\nbudget", style="bold"))
    console.print(Text(f"  limits         {', '.join(limits)}"))
    console.print(Text(f"  first request  {preview.tokens:,} tokens {counted}{first}"))
    console.print(Text(f"  whole run      {ceiling}"))
    if usd is not None and preview.first_usd and preview.first_usd >= usd:
        console.print(Text("warning: the first request alone reaches the limit in USD", style="yellow"))
