"""advisor ask: one run."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import click

from agent.cli import config_option, echo_json, failures
from agent.errors import Interrupted, UsageError
from agent.events import Event, RunStarted
from agent.result import RunResult

Listener = Callable[[Event], None]
FORMATS = ["auto", "table", "answer", "envelope"]


@click.command()
@click.argument("question", required=False)
@config_option
@click.option("--as-of", metavar="DATE", help="Ask as of this ISO date; tools that take a date are asked for it.")
@click.option("--offline", is_flag=True, help="Use the keyless, rule-based planner; results say so.")
@click.option("--model", metavar="NAME", help="A model id, or `planner`; wins over the agent file.")
@click.option("--simulated", is_flag=True, help="Allow a paid model to work on simulated data.")
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="auto",
    show_default=True,
    help="auto: a table on a terminal, else the answer's JSON. envelope: JSON with calls, spend, warnings, paths.",
)
@click.option("-q", "--quiet", is_flag=True, help="No progress on stderr.")
def command(
    question: str | None,
    config: str,
    as_of: str | None,
    offline: bool,
    model: str | None,
    simulated: bool,
    form: str,
    quiet: bool,
) -> None:
    """Ask one QUESTION (`-` reads it from standard input; without one, the agent file's objective)."""
    form = form if form != "auto" else "table" if sys.stdout.isatty() else "answer"
    with failures(as_json=form != "table"):
        if offline and model not in (None, "planner"):
            raise UsageError("--offline and --model exclude each other")
        from agent import agentfile
        from agent.report import terminal

        file = agentfile.load(config)
        asked = sys.stdin.read() if question == "-" else question
        if asked is not None and not asked.strip():
            raise UsageError("the question is empty")
        with terminal.progress(quiet=quiet) as listen:
            result = _run(file, asked, as_of=as_of, model=model, offline=offline, simulated=simulated, listen=listen)
    if form == "table":
        terminal.show_result(result)
    else:
        echo_json(result.to_json(form))
        with suppress(BrokenPipeError):  # nobody may be reading stderr; the answer is out
            if not quiet:
                terminal.tell_warnings(result)
            if not result.ok:
                terminal.tell_failure(result)
    sys.exit(result.exit_code)


def _run(file: Any, question: str | None, *, listen: Listener | None, **options: Any) -> RunResult:
    """The run in an event loop of its own. Raises Interrupted after SIGINT or SIGTERM, when the log is sealed."""
    from agent.run import run

    started: list[str] = []
    finished: list[RunResult] = []

    def heard(event: Event) -> None:
        if isinstance(event, RunStarted):
            started.append(event.run_id)
        if listen:
            listen(event)

    async def interruptible() -> None:
        task = asyncio.current_task()
        if task is not None:
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        finished.append(await run(file, question, listen=heard, **options))

    try:
        asyncio.run(interruptible())
    except (KeyboardInterrupt, asyncio.CancelledError):
        if not finished:  # else the signal came too late to interrupt anything
            error = Interrupted("interrupted", hint="what was done is in the log; ask again")
            error.run_id = started[0] if started else None
            raise error from None
    return finished[0]
