"""advisor runs: what ran, and one run again."""

from __future__ import annotations

from pathlib import Path

import click

from agent.cli import echo_json, failures
from agent.errors import LogError
from agent.gathering import read_run
from agent.result import NO_END, UNFINISHED, RunResult
from agent.runs import log, store

FORMATS = ["table", "answer", "envelope"]


@click.group(invoke_without_command=True)
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
@click.option("-n", "--number", type=click.IntRange(1), default=20, show_default=True, help="How many, newest first.")
@click.option("--batch", type=click.Path(path_type=Path), help="The runs in the output folder of a batch instead.")
@click.pass_context
def command(context: click.Context, form: str, number: int, batch: Path | None) -> None:
    """List what ran, newest first."""
    if context.invoked_subcommand is not None:
        return
    from agent.report import terminal

    with failures(as_json=form == "json"):
        folders = store.runs_of_batch(batch) if batch else store.all_runs()
        results = [_listed(folder) for folder in folders[:number]]
    if form == "json":
        echo_json([_summary(result) for result in results])
    else:
        terminal.show_runs(results)


def _result(folder: Path) -> RunResult:
    result = read_run(folder)
    if result.status == UNFINISHED and result.stop_reason == NO_END and log.is_held(folder):
        result.status, result.stop_reason = "running", "another process is at it"
    return result


def _listed(folder: Path) -> RunResult:
    """One that cannot be read is listed all the same."""
    try:
        return _result(folder)
    except LogError as error:
        return RunResult(run_id=folder.name, status="failed", stop_reason=error.message, folder=folder)


def _summary(result: RunResult) -> dict[str, object]:
    envelope = result.envelope()
    keys = ("run", "status", "stop_reason", "question", "as_of", "model", "labels", "spend", "paths")
    return {key: envelope[key] for key in keys}


@command.command()
@click.argument("run")
@click.option("--format", "form", type=click.Choice(FORMATS), default=FORMATS[0], show_default=True)
def show(run: str, form: str) -> None:
    """Show one RUN again from its log: an id, the beginning or end of one, its folder, or `last`."""
    from agent.report import terminal

    with failures(as_json=form != "table"):
        result = _result(store.find(run))
    if form == "table":
        terminal.show_result(result, calls=True)
    else:
        echo_json(result.to_json(form))
