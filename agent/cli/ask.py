"""advisor ask: one run."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn

import click

from agent.cli import echo_json, failures, interruptible, load, warn
from agent.cli.options import (
    CHOSEN,
    config_option,
    format_option,
    quiet_option,
    require_one_model,
    run_options,
    trust_option,
    typed,
    verbose_option,
)
from agent.cli.stopping import Ask, run_stoppably
from agent.errors import UsageError
from agent.journal import Listener
from agent.result import RunResult
from agent.tracing import exporting

if TYPE_CHECKING:
    from agent.agentfile import AgentFile

FORMATS = ["auto", "table", "answer", "envelope"]
LIMITS = {
    "max_turns": "turns",
    "max_calls": "tool_calls",
    "max_tokens": "tokens",
    "max_usd": "usd",
    "max_seconds": "seconds",
}
"""Options, and the limits of a budget that they set."""


@click.command()
@click.argument("question", required=False)
@config_option
@run_options
@format_option(
    *FORMATS,
    help="auto: a table on a terminal, else the answer's JSON. envelope: JSON with calls, spend, warnings, paths.",
)
@click.option("--resume", metavar="RUN", help="Go on with a run that stopped: an id, its folder, or `last`.")
@click.option("--new-attempt", is_flag=True, help="With --resume: begin the same run again, beside the first.")
@click.option(
    "--in-flight",
    type=click.Choice(["repeat", "skip"]),
    help="With --resume: make a call again that may have been carried out, or go on without it.",
)
@click.option("--max-turns", type=int, metavar="N", help="Most answers of the model; wins over the budget.")
@click.option("--max-calls", type=int, metavar="N", help="Most tool calls.")
@click.option("--max-tokens", type=int, metavar="N", help="Most tokens of the whole run, without cache reads.")
@click.option("--max-usd", type=float, metavar="X", help="Most USD, by the table of prices.")
@click.option("--max-seconds", type=float, metavar="S", help="Longest time.")
@click.option("--dry-run", is_flag=True, help="Show prompt, tools, budget and the highest cost, and ask no model.")
@trust_option
@quiet_option
@verbose_option
@click.pass_context
def command(
    context: click.Context, /, question: str | None, form: str, quiet: bool, verbose: bool, **options: Any
) -> None:
    """Ask one QUESTION (`-` reads it from standard input; without one, the agent file's objective)."""
    with failures(as_json=form != "table"):
        from agent.report import live

        given = typed(context)
        if options["dry_run"]:
            _show_dry_run(options, given, question, form, quiet=quiet)
            return
        context.with_resource(exporting(warn))
        begin = _new if options["resume"] is None else _resume
        ask, run = begin(options, given, question)
        with live.progress(quiet=quiet, verbose=verbose) as listen:
            result = run_stoppably(ask, run, listen)
    _show(result, form, quiet=quiet)


def _show(result: RunResult, form: str, *, quiet: bool) -> NoReturn:
    from agent.report import result_view

    if form == "table":
        result_view.show_result(result)
    else:
        echo_json(result.to_json(form))
        with suppress(OSError):  # nobody may be reading stderr, or it is full; the answer is out
            if not quiet:
                result_view.tell_warnings(result)
            if not result.ok:
                result_view.tell_failure(result)
    sys.exit(result.exit_code)


def _asked(options: dict[str, Any], given: set[str], question: str | None) -> tuple[AgentFile, str | None]:
    """The agent file within the limits that were given, and the question."""
    if given & {"new_attempt", "in_flight"}:
        raise UsageError("--new-attempt and --in-flight are about a run that stopped", hint="name it: --resume RUN")
    require_one_model(offline=options["offline"], model=options["model"])
    file = load(options["config"], trust=options["trust"])
    for option in given & set(LIMITS):
        try:
            file = file.within({LIMITS[option]: options[option]})
        except UsageError as error:
            said = error.message.partition(": ")[2]
            raise UsageError(f"--{option.replace('_', '-')}: {said}") from None
    asked = sys.stdin.read() if question == "-" else question
    if asked is not None and not asked.strip():
        raise UsageError("the question is empty")
    return file, asked


def _show_dry_run(options: dict[str, Any], given: set[str], question: str | None, form: str, *, quiet: bool) -> None:
    from agent.preview import preview
    from agent.report import live
    from agent.report.preview import show_preview

    if "resume" in given:
        raise UsageError("--dry-run is about a run that is still to begin", hint="leave --resume out")
    file, asked = _asked(options, given, question)
    chosen = {name: options[name] for name in CHOSEN}
    with live.progress(quiet=quiet) as listen:
        shown = interruptible(preview(file, asked, listen=listen, **chosen))
    if form == "table":
        show_preview(shown)
    else:
        echo_json(shown.to_json())


def _new(options: dict[str, Any], given: set[str], question: str | None) -> tuple[Ask, None]:
    file, asked = _asked(options, given, question)
    chosen = {name: options[name] for name in CHOSEN}

    async def ask(listen: Listener) -> RunResult:
        from agent.cli.asking import person_for
        from agent.run import run

        return await run(file, asked, listen=listen, person=person_for(file.spec), **chosen)

    return ask, None


def _resume(options: dict[str, Any], given: set[str], question: str | None) -> tuple[Ask, str]:
    misplaced = ["a question"] if question is not None else []
    misplaced += [f"--{name.replace('_', '-')}" for name in sorted(given & {*CHOSEN, *LIMITS})]
    if misplaced:
        what = " and ".join(misplaced)
        raise UsageError(f"a run that goes on keeps what it began with, so that {what} has no place beside --resume")
    from agent.runs import store

    folder = store.find(options["resume"])
    agent = load(options["config"], trust=options["trust"]) if "config" in given else None
    chosen = {name: options[name] for name in ("new_attempt", "in_flight")}

    async def ask(listen: Listener) -> RunResult:
        from agent.cli.asking import person_for
        from agent.run import resume

        return await resume(
            folder, agent=agent, listen=listen, person_for=person_for, trusted=options["trust"], **chosen
        )

    return ask, store.name_of(folder)
