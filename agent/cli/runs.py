"""advisor runs: what ran, and one run again."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agent.cli import diff, echo_json, failures, show
from agent.cli.options import format_option, quiet_option, simulated_option
from agent.cli.show import FORMATS
from agent.errors import LogError, UsageError
from agent.gathering import current, read_run, result_of
from agent.result import RunResult
from agent.runs import store

if TYPE_CHECKING:
    from agent.agentfile import AgentFile
    from agent.journal import Listener
    from agent.replay.recording import Recording


@click.group(invoke_without_command=True)
@format_option("table", "json")
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


command.add_command(show.command)
command.add_command(diff.command)


def _listed(folder: Path) -> RunResult:
    """One that cannot be read is listed all the same."""
    try:
        return current(read_run(folder))
    except LogError as error:
        return RunResult(run_id=folder.name, status="failed", stop_reason=error.message, folder=folder)


def _summary(result: RunResult) -> dict[str, object]:
    envelope = result.envelope()
    keys = ("run", "status", "stop_reason", "question", "as_of", "model", "labels", "spend", "paths")
    return {key: envelope[key] for key in keys}


@command.command()
@click.argument("run")
def path(run: str) -> None:
    """Say where a RUN lies: the folder of its log, its page and its answer."""
    with failures(as_json=False):
        folder = store.find(run)
    click.echo(folder)


@command.command()
@click.argument("run")
@click.option("--model", metavar="NAME", help="Ask this model, live, over the recorded tools; `planner` needs no key.")
@click.option("-c", "--config", metavar="FILE", help="Under this agent file, instead of the recorded one.")
@simulated_option
@format_option(*FORMATS)
@quiet_option
def replay(run: str, model: str | None, config: str | None, simulated: bool, form: str, quiet: bool) -> None:
    """Make a RUN again from its log: the same model turns and tool results, byte for byte, or the first divergence.

    RUN is an id, the beginning or end of one, its folder, `last`, or a transcript.
    """
    from agent.report import live, result_view

    with failures(as_json=form != "table"):
        from agent import agentfile
        from agent.replay.recording import Recording

        place = Path(run) if Path(run).is_file() else store.find(run)
        recording = Recording.read(place)
        file = agentfile.load(config) if config else None
        if model is None:
            if simulated:
                raise UsageError("--simulated is about a paid model", hint="name it: --model NAME")
            result, told = _again(recording, file, None if place.is_file() else place)
        else:
            with live.progress(quiet=quiet) as listen:
                result, told = _anew(recording, file, model, simulated, listen)
    if form == "table":
        result_view.show_result(result)
    else:
        echo_json(result.to_json(form))
    if not quiet:
        click.echo(told, err=True)
    sys.exit(0 if model is None else result.exit_code)


def _again(recording: Recording, file: AgentFile | None, folder: Path | None) -> tuple[RunResult, str]:
    """Raises Diverged."""
    from agent.replay.again import replayed
    from agent.report.terminal import count_of

    again = asyncio.run(replayed(recording, file, renders=True))
    counted = f"{count_of(again.result.requests, 'request')}, {count_of(len(again.result.calls), 'call')}"
    same = "answer and page are the recorded ones" if recording.has_page else "the answer is the recorded one"
    return result_of(recording.events, folder), f"replayed: {counted}; {same}, byte for byte"


def _anew(
    recording: Recording, file: AgentFile | None, model: str, simulated: bool, listen: Listener | None
) -> tuple[RunResult, str]:
    from agent.place import Place
    from agent.replay.retool import retool
    from agent.run import choose_model

    under = file or recording.file
    place = Place(store.folder(store.new_id()))
    chosen = choose_model(under, model, offline=False)
    done = asyncio.run(retool(recording, chosen, place, file=file, simulated=simulated, listen=listen))
    found = ", ".join(f"{number} {tier}" for tier, number in sorted(done.found.items())) or "no calls"
    share = "" if done.fidelity is None else f" (fidelity {done.fidelity:.0%})"
    return done.result, f"tools answered from the recording: {found}{share}"
