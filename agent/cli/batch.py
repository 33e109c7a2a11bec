"""advisor batch: many runs, from a file of jobs into a folder."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from agent.batch import AGAIN
from agent.cli import echo, echo_json, failures, printing, tell, warn
from agent.cli.options import (
    config_option,
    format_option,
    quiet_option,
    require_one_model,
    run_options,
    trust_option,
    typed,
)
from agent.errors import Interrupted, UsageError, gravest
from agent.tracing import exporting

if TYPE_CHECKING:
    from agent.batch.door import Door

GRACE_SECONDS = 25.0
"""How long requests under way may take to come to their answers after the first signal."""
SINGLE = ("due", "only", "print_cron", "print_systemd")
"""Options of which there can be one."""

T = TypeVar("T")


@click.command()
@click.argument("jobs", type=click.Path(path_type=Path))
@click.option("-o", "--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Where results go.")
@config_option
@run_options
@click.option("--only", metavar="ID", help="Run this job alone; exit 0 when it is done, also when it was before.")
@click.option("--new-attempt", is_flag=True, help="Begin again every job that has no valid answer.")
@click.option(
    "--dry-run", is_flag=True, help="Say what there is to do, with --due which slots are due, and do nothing."
)
@click.option("--due", is_flag=True, help="Run the slots of the file's schedule that are due and not finished.")
@click.option("--print-cron", is_flag=True, help="Print crontab lines that wake the schedule up.")
@click.option("--print-systemd", is_flag=True, help="Print systemd units that wake the schedule up.")
@format_option("auto", "table", "json")
@trust_option
@quiet_option
@click.pass_context
def command(context: click.Context, /, jobs: Path, out: Path, form: str, quiet: bool, **options: Any) -> None:
    """Run every job of JOBS (.yaml, .json, .jsonl or .csv) and write one result a job into a folder.

    The same command again goes on where it stopped, and pays for no turn twice. The agent file, date and model that a
    job names win over those that are given here; --offline is for every job.
    """
    with failures(as_json=form == "json"):
        chosen = [f"--{name.replace('_', '-')}" for name in SINGLE if options[name]]
        if len(chosen) > 1:
            raise UsageError(f"{' and '.join(chosen)} exclude each other")
        from agent.batch import jobs as batches
        from agent.batch.door import Door

        require_one_model(offline=options["offline"], model=options["model"])
        defaults = batches.Defaults(
            agent=options["config"] if "config" in typed(context) else None,
            model=options["model"],
            as_of=options["as_of"],
            offline=options["offline"],
            simulated=options["simulated"],
            allow_live=options["allow_live"],
            trusted=options["trust"],
        )
        door = Door(batches.load(jobs, defaults), out, new_attempt=options["new_attempt"], quiet=quiet)
        context.with_resource(exporting(warn))
        sys.exit(_carry_out(door, options, form))


def _carry_out(door: Door, options: dict[str, Any], form: str) -> int:
    if options["print_cron"] or options["print_systemd"]:
        echo(_wake_up(door, systemd=options["print_systemd"]), nl=False)
        return 0
    if options["dry_run"]:
        return _look(door, form, due=options["due"])
    if options["only"]:
        return _only(door, options["only"], form)
    if options["due"]:
        return _due(door, form)
    summary = _run(door, door.run)
    _show(summary, door.out, form)
    return _ended(door, int(summary["exit_code"]))


def _only(door: Door, job: str, form: str) -> int:
    from agent.batch import outputs

    row = _run(door, lambda: door.run_one(job))
    summary = outputs.summary(door.batch.name, [row], None)
    if form == "json":
        echo_json(summary["results"][0])
    else:
        echo(f"{row.id}: {row.state}{': ' if row.reason else ''}{row.reason}")
    return _ended(door, int(summary["exit_code"]))


def _due(door: Door, form: str) -> int:
    summaries = _run(door, door.run_due)
    following = door.next()
    if form == "json":
        echo_json({"due": summaries, "next": following and following.time.isoformat()})
    for summary in summaries if form == "table" else []:
        _show(summary, door.out / summary["schedule"]["session"], form)
    if form == "table" and not summaries:
        echo("nothing is due" + (f"; next: {following.time:%Y-%m-%d %H:%M} UTC" if following else ""))
    if door.stopped and door.due():
        return _ended(door, Interrupted.exit_code)
    return _ended(door, gravest(summary["exit_code"] for summary in summaries))


def _look(door: Door, form: str, *, due: bool) -> int:
    """What there is to do: the slots that are due, or every job that is not done."""
    if due:
        slots = [slot.id for slot in door.due()]
        following = door.next()
        if form == "json":
            echo_json({"due": slots, "next": following and following.time.isoformat()})
        else:
            echo(f"due: {', '.join(slots) or 'nothing'}")
        return 0
    summary = door.look()
    if form == "json":
        echo_json(summary)
        return 0
    for each in summary["results"]:
        if each["state"] != "done":
            echo(f"{each['id']}  {each['state']}: {each['reason']}  ({each['where']})")
    echo(", ".join(f"{count:,} {state}" for state, count in summary["states"].items()))
    return 0


def _ended(door: Door, code: int) -> int:
    for problem in door.problems:
        tell(problem)
        if isinstance(problem, UsageError):
            code = code or problem.exit_code
    if code and door.stopped:
        tell(Interrupted("interrupted", hint=AGAIN))
        return Interrupted.exit_code
    return code


def _show(summary: dict[str, Any], folder: Path, form: str) -> None:
    if form == "json":
        echo_json(summary)
        return
    from agent.report.batch_progress import show_summary

    with printing():
        show_summary(summary, folder)


def _run(door: Door, work: Callable[[], Awaitable[T]]) -> T:
    """In an event loop of its own. Raises Interrupted after SIGINT or SIGTERM, when every log is sealed.

    The first signal lets the requests under way come to their answers, for a while; the second stops them.
    """
    stopped = False
    ended: list[T] = []

    async def interruptible() -> None:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task

        def stop() -> None:
            nonlocal stopped
            if stopped:
                task.cancel()
                return
            stopped = True
            click.echo("stopping when the requests under way have their answers; again to stop at once", err=True)
            door.stop()
            loop.call_later(GRACE_SECONDS, task.cancel)

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop)
        ended.append(await work())

    with contextlib.suppress(asyncio.CancelledError):
        asyncio.run(interruptible())
    if not ended:
        raise Interrupted("interrupted", hint=AGAIN)
    return ended[0]


def _wake_up(door: Door, *, systemd: bool) -> str:
    from agent.batch import wakeups

    words = sys.argv[1:]
    kept = [word for word in words if word not in ("--print-cron", "--print-systemd")]
    program = Path(sys.argv[0]).absolute()
    advisor = [sys.executable, "-P", "-m", "agent"] if program.name == "__main__.py" else [str(program)]
    command = [*advisor, *kept, "--due", "-q"]
    if systemd:
        return wakeups.systemd(door.schedule, command, Path.cwd(), door.batch.name)
    return wakeups.cron(door.schedule, command, Path.cwd(), datetime.now().astimezone())
