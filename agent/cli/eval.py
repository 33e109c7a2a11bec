"""advisor eval: suites of cases, and what belongs to them."""

from __future__ import annotations

import asyncio
import signal
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agent.cli import echo_json, failures, interruptible, load
from agent.cli.options import format_option, quiet_option, simulated_option, trust_option
from agent.errors import Interrupted, UsageError

if TYPE_CHECKING:
    from agent.evals.case import Case
    from agent.evals.outcome import SuiteOutcome
    from agent.model.base import Model

FOLDER = click.Path(path_type=Path, file_okay=False)
ANY = click.Path(path_type=Path, exists=True)
form_option = format_option("auto", "table", "json")
suite_argument = click.argument("suite", type=FOLDER, default=Path("evals"))


@click.group()
def command() -> None:
    """Score runs against what is expected of them.

    A SUITE is a folder with a suite.yaml and cases; without one, `evals` in the current folder.
    """


@command.command("run")
@suite_argument
@click.option("--model", metavar="NAME", help="Ask this model, live, over the recorded tools; `planner` needs no key.")
@click.option("-k", "--repeats", type=click.IntRange(1), default=1, show_default=True, help="Runs of a model per case.")
@simulated_option
@click.option("--case", "cases", multiple=True, metavar="NAME", help="Only this case; may be given several times.")
@click.option(
    "--tag", "tags", multiple=True, metavar="TAG", help="Only cases with this tag; may be given several times."
)
@click.option("-o", "--out", type=FOLDER, help="Where logs, scores and the page go; default: below ADVISOR_HOME.")
@form_option
@quiet_option
def run(
    suite: Path, model: str | None, repeats: int, simulated: bool, cases: tuple[str, ...], tags: tuple[str, ...],
    out: Path | None, form: str, quiet: bool,
) -> None:  # fmt: skip
    """Run a SUITE: its references against the baseline, without a key; or a model against its thresholds."""
    with failures(as_json=form == "json"):
        from agent.evals import keeping
        from agent.evals import suite as suites
        from agent.report import eval_table
        from agent.runs import store

        if model is None and (repeats > 1 or simulated):
            raise UsageError("-k and --simulated are about a model", hint="add --model NAME")
        loaded = suites.load(suite, cases, tags)
        folder = out or store.home() / "evals" / store.new_id()
        if folder.exists() and any(folder.iterdir()):
            raise UsageError(f"{folder} is not empty", hint="name another folder")
        with nullcontext(lambda name: None) if quiet else eval_table.progress(len(loaded.cases)) as tell:
            try:
                outcome = asyncio.run(_run(loaded, model, repeats, simulated, folder, tell))
            except (KeyboardInterrupt, asyncio.CancelledError):
                hint = f"the logs of what was asked lie in {folder}" if folder.exists() else None
                raise Interrupted("interrupted", hint=hint) from None
        page = keeping.keep(outcome, folder)
    if form == "json":
        echo_json(outcome.to_json())
    else:
        eval_table.show(outcome.to_json())
    if not quiet:
        click.echo(f"page: {page}", err=True)
    sys.exit(0 if outcome.ok else 1)


async def _run(suite: Any, model: str | None, repeats: int, simulated: bool, folder: Path, tell: Any) -> SuiteOutcome:
    from agent.evals import runner
    from agent.evals.keeping import LOGS
    from agent.run import choose_model

    if task := asyncio.current_task():
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    if model is None:
        return await runner.run_references(suite, tell)

    def chosen(case: Case) -> Model:
        return choose_model(case.file, model, offline=False)

    return await runner.run_model(suite, chosen, folder / LOGS, repeats=repeats, simulated=simulated, tell=tell)


@command.command()
@suite_argument
def bless(suite: Path) -> None:
    """Accept what the references of a SUITE do and score now as its baseline; tells what is other than before."""
    with failures(as_json=False):
        from agent.evals import blessing
        from agent.evals import suite as suites

        told = asyncio.run(blessing.bless(suites.load(suite)))
    for line in told:
        click.echo(line)


@command.command()
@click.argument("run")
@suite_argument
@click.option("--name", required=True, help="Of the case.")
@click.option("--replace", is_flag=True, help="Write over a case of that name.")
def freeze(run: str, suite: Path, name: str, replace: bool) -> None:
    """Turn a RUN (an id, its folder, or `last`) into a case of a SUITE: a transcript, and a case file to edit."""
    with failures(as_json=False):
        from agent.evals.freeze import freeze as freeze_run
        from agent.runs import store

        written = freeze_run(store.find(run), suite, name, replace=replace)
    for path in written:
        click.echo(f"written: {path}")
    click.echo(f"edit the case, look at `advisor eval run {suite} --case {name}`, then `advisor eval bless {suite}`")


@command.command()
@click.argument("left", type=ANY)
@click.argument("right", type=ANY)
@form_option
def compare(left: Path, right: Path, form: str) -> None:
    """Set two outcomes of one suite side by side, paired by case: folders that `eval run -o` wrote."""
    with failures(as_json=form == "json"):
        from agent.evals import compare as comparing
        from agent.report import eval_table

        compared = comparing.compare(comparing.read(left), comparing.read(right))
    if form == "json":
        echo_json(compared)
    else:
        eval_table.show_comparison(compared)


@command.command()
@click.argument("recorded", nargs=-1, required=True, type=ANY)
@click.option("-c", "--config", metavar="FILE", help="The agent file with the live servers; default: the recorded one.")
@trust_option
@form_option
def verify(recorded: tuple[Path, ...], config: str | None, trust: bool, form: str) -> None:
    """Make the recorded calls of runs, transcripts or a suite again, against live servers, and tell what drifted."""
    with failures(as_json=form == "json"):
        from agent.evals import verify as verifying
        from agent.report import drift_table, terminal

        file = load(config, trust=trust) if config else None
        with terminal.waiting("asking the servers again"):
            verified = interruptible(verifying.verify_all(recorded, file, trusted=trust))
        if not verified:
            raise UsageError("there is nothing recorded", hint="name a run, a transcript, or a suite that has some")
    if form == "json":
        echo_json([{"recording": name} | drift.to_json() for name, drifts in verified for drift in drifts])
    else:
        for name, drifts in verified:
            click.echo(name)
            drift_table.show_drift([drift.to_json() for drift in drifts])
    sys.exit(max(verifying.exit_code(drifts) for _, drifts in verified))


@command.command()
@click.argument("outcome", type=ANY)
@suite_argument
def score(outcome: Path, suite: Path) -> None:
    """Score the logs of an OUTCOME again, by the scorers of now and what the SUITE expects now.

    Its summary and page are written anew; its logs stay as they are.
    """
    with failures(as_json=False):
        from agent.evals import rescoring
        from agent.evals import suite as suites

        told = asyncio.run(rescoring.rescore(outcome, suites.load(suite)))
    for line in told:
        click.echo(line)


@command.command()
@click.argument("spec", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("-o", "--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The transcript.")
@click.option("--replace", is_flag=True, help="Write over a transcript of that name.")
def pack(spec: Path, out: Path, replace: bool) -> None:
    """Record all the calls that SPEC names, as of its date: a transcript in which any model's calls find an answer."""
    with failures(as_json=False):
        from agent.evals import pack as packing
        from agent.report import terminal

        with terminal.waiting("asking the servers"):
            told = asyncio.run(packing.write(spec, out, replace=replace))
    click.echo(told)
