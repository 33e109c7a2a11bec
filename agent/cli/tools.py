"""advisor tools: what the servers offer, against what the agent file declares; one call; a change accepted."""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Callable
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import click

from agent.cli import echo_json, failures, interruptible, load, tell
from agent.cli.options import as_of_option, config_option, format_option, trust_option
from agent.errors import DriftError, UsageError
from agent.foreign import printable

if TYPE_CHECKING:
    from agent.agentfile import AgentFile
    from agent.events import ToolAnswered, ToolAsked
    from agent.figures import Figure
    from agent.tools.lock import Change
    from agent.tools.survey import Row, Survey

LONGEST_WORDS = 300
"""How much is shown of what a server says of itself."""

form_option = format_option("table", "json")
again_option = click.option("-c", "--config", metavar="FILE", help="The agent file, where it is not named before.")


@click.group(invoke_without_command=True)
@config_option
@trust_option
@form_option
@click.pass_context
def command(context: click.Context, config: str, trust: bool, form: str) -> None:
    """List every tool of every server, the name it is offered under, and its differences.

    Servers that are down are told, and the others are listed all the same.
    """
    context.obj = config, trust
    if context.invoked_subcommand is not None:
        return
    with failures(as_json=form == "json"):
        survey, changes = _surveyed(load(config, trust=trust), _changes)
    rows = [_row(each, [change for change in changes if _is_about(change, each)]) for each in survey.rows()]
    if form == "json":
        echo_json(rows)
    else:
        from agent.report import tool_table

        tool_table.show_tools(rows)
        for server in survey.servers:
            if server.instructions:
                said = textwrap.shorten(printable(server.instructions), LONGEST_WORDS, placeholder=" …")
                click.echo(f"{server.name} says of itself: {said}", err=True)
    for error in survey.down:
        tell(error, "error" if error.failure.server in survey.required else "warning")
    for note in survey.box.notes:
        click.echo(f"warning: {printable(note)}", err=True)
    sys.exit(survey.exit_code)


@command.command()
@click.argument("name")
@click.argument("arguments", default="{}")
@again_option
@as_of_option
@trust_option
@form_option
@click.pass_context
def call(
    context: click.Context, name: str, arguments: str, config: str | None, as_of: str | None, trust: bool, form: str
) -> None:
    """Call the tool that is offered as NAME with ARGUMENTS, a JSON object, as a run would; print what comes back.

    What a run reads of it is told on stderr. With `--format json`, all that the server sent, and its figures.
    """
    given, trusted = context.obj
    with failures(as_json=form == "json"):
        try:
            asked = json.loads(arguments)
        except ValueError as error:
            raise UsageError(f"the arguments are not JSON: {error}", hint="""such as '{"sector": "Banks"}'""") from None
        if not isinstance(asked, dict):
            raise UsageError("the arguments are no JSON object", hint="""such as '{"sector": "Banks"}'""")
        file = load(config or given, trust=trust or trusted)
        made, answered, sent = interruptible(_call(file, name, asked, as_of))
    figures, unread = _read(file, made, answered, sent, as_of)
    if form == "json":
        echo_json(
            {"ok": not answered.is_error, "result": sent, "notes": answered.notes, "seconds": answered.seconds}
            | {"withheld": answered.withheld, "figures": [each._asdict() for each in figures], "unread": unread}
        )
    else:
        from agent.report import terminal, tool_table
        from agent.tools.content import unframed

        terminal.show_text(unframed(answered.shown))
        if not answered.is_error:
            tool_table.tell_figures(figures)
        for words in unread:
            click.echo(f"warning: {printable(words)}", err=True)
        for note in answered.notes:
            click.echo(f"warning: {printable(note)}", err=True)
        if answered.withheld:
            rows, latest = answered.withheld["rows"], answered.withheld["latest"]
            click.echo(f"warning: {rows:,} withheld as later than {as_of}, the latest of {latest}", err=True)
    sys.exit(1 if answered.is_error else 0)


@command.command()
@again_option
@trust_option
@form_option
@click.pass_context
def accept(context: click.Context, config: str | None, trust: bool, form: str) -> None:
    """Take the tools of the servers as they are now: writes what `advisor.lock` says of this agent file anew."""
    from agent.tools import lock

    given, trusted = context.obj
    with failures(as_json=form == "json"):
        file = load(config or given, trust=trust or trusted)
        known = lock.is_known(file)
        survey, changes = _surveyed(file, lambda survey: lock.accept(file, survey.box, survey.opened))
        if survey.exit_code:
            raise survey.down[0]
    if form == "json":
        echo_json({"ok": True, "lock": str(lock.path_of(file)), "changes": [change.to_json() for change in changes]})
        return
    for change in changes:
        click.echo(str(change))
    place = lock.path_of(file)
    said = "accepted" if changes else "locked" if place and not known else "nothing has changed"
    click.echo(f"{said}: {place or 'there is no lock'}")
    for error in survey.down:
        tell(error)


def _surveyed(file: AgentFile, look: Callable[[Survey], list[Change]]) -> tuple[Survey, list[Change]]:
    from agent.report import terminal
    from agent.tools.survey import surveyed

    async def survey() -> tuple[Survey, list[Change]]:
        async with surveyed(file, attended=True) as found:
            return found, look(found)

    with terminal.waiting("opening the servers"):
        return interruptible(survey())


def _changes(survey: Survey) -> list[Change]:
    from agent.tools import lock

    return lock.changes(survey.file, survey.box, survey.opened)


async def _call(file: AgentFile, name: str, arguments: Any, as_of: str | None) -> tuple[ToolAsked, ToolAnswered, Any]:
    """What was asked and answered, and all that was sent.

    Raises DriftError for a tool that is not offered, ServerError for a server that is down.
    """
    from agent.as_of_date import as_of_day
    from agent.cli.asking import person_for
    from agent.events import ContentStored, ToolAnswered
    from agent.model.base import ToolCall
    from agent.report import terminal
    from agent.tools import lock
    from agent.tools.survey import surveyed

    person = person_for(file.spec)
    day = as_of_day(as_of)
    with terminal.waiting("opening the servers") if person is None else nullcontext():
        async with surveyed(file, person, day) as survey:
            if name not in survey.box.tools:
                problems = "; ".join(row.problem for row in survey.rows() if row.name == name and row.problem)
                if survey.down and not problems:
                    raise survey.down[0]
                raise DriftError(
                    f"no tool is offered as {name!r}" + (f": {problems}" if problems else ""),
                    hint=f"offered are {', '.join(survey.box.tools) or 'none'}",
                )
            for change in lock.changes(file, survey.box, survey.opened) if lock.is_known(file) else ():
                click.echo(f"warning: {change}", err=True)
            prepared = await survey.box.admit(survey.box.prepare(ToolCall("call", name, arguments), 1))
            *stored, answered = await survey.box.call(prepared)
    assert isinstance(answered, ToolAnswered)
    contents = [each.content for each in stored if isinstance(each, ContentStored)]
    return prepared.asked, answered, contents[0] if contents else answered.result


def _read(
    file: AgentFile, asked: ToolAsked, answered: ToolAnswered, sent: Any, as_of: str | None
) -> tuple[list[Figure], list[str]]:
    """What a run reads of a result, and what the agent file leaves unread of it."""
    from agent.doubts import of_reading
    from agent.figures import FigureReader
    from agent.gathering import figures_of
    from agent.result import Call, RunResult

    call = Call(asked.call, asked.turn, asked.offered_as, asked.server, asked.tool, asked.arguments)
    call.shown, call.withheld = answered.shown, answered.withheld
    if answered.is_error or not isinstance(sent, dict):
        return [], []
    figures = figures_of(call, sent, FigureReader(file.spec), as_of)
    return figures, of_reading(RunResult(calls=[call], figures=figures), file.spec)


def _is_about(change: Change, row: Row) -> bool:
    return change.server == row.server and change.tool == row.name


def _row(row: Row, changes: list[Change]) -> dict[str, Any]:
    """What a script reads of one tool."""
    listed, tool = row.listed, row.tool
    more = [
        _difference("unusable", "tool", row.problem) if row.problem else None,
        *(_difference("rewritten", "schema", each) for each in (tool.rewritten if tool else ())),
        *(_difference("locked", change.what, str(change)) for change in changes),
    ]
    return {
        "server": row.server,
        "name": row.name,
        "offered_as": row.offered_as,
        "parameters": _parameters(row),
        "read_only": None if listed is None else listed.read_only,
        "tokens": None if listed is None else listed.tokens,
        "differences": row.differences + [each for each in more if each],
    }


def _parameters(row: Row) -> list[str]:
    """What a tool may be asked for, a * at what has to be given."""
    if row.listed is None:
        return []
    constants = row.tool.constants if row.tool else {}
    required = row.listed.schema.get("required")
    needed = required if isinstance(required, list) else ()
    return [f"{name}{'*' * (name in needed)}" for name in sorted(set(row.listed.parameters or ()) - set(constants))]


def _difference(kind: str, at: str, hint: str) -> dict[str, Any]:
    return {"kind": kind, "at": at, "declared": None, "offered": None, "hint": hint}
