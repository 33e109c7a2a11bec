"""advisor init: an agent file from servers that other programs of this machine know."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agent.cli import echo_json, failures, interruptible, is_terminal, tell
from agent.cli.options import format_option, trust_option
from agent.errors import AdvisorError, Interrupted, LogError, ServerError, UsageError
from agent.foreign import printable, whole

if TYPE_CHECKING:
    from agent.onboarding.adopted import Adopted
    from agent.onboarding.choosing import Declared
    from agent.onboarding.compose import Draft
    from agent.onboarding.configured import Configured
    from agent.tools.listed import ListedTool
    from agent.tools.survey import Row

DESCRIPTION = "You advise on sector rotation, from what the tools of these servers say."
SHOWN = 100
"""Characters of a tool's description in the list to choose from."""


@dataclass(frozen=True)
class Wanted:
    """What the command line asks for."""

    file: Path
    origin: Path | None
    given: Sequence[str]
    only: Sequence[str]
    patterns: Sequence[str]
    opens: bool
    trust: bool


@click.command()
@click.argument("file", default="agent.yaml")
@click.option("--from", "origin", metavar="PATH", help="A file with an mcpServers block. Default: the usual places.")
@click.option("--server", "given", multiple=True, metavar="NAME=COMMAND-or-URL", help="A server by hand; repeatable.")
@click.option("--only", multiple=True, metavar="NAME", help="Of the servers that are found, this one; repeatable.")
@click.option(
    "--tools", "patterns", multiple=True, metavar="PATTERN", help="Tools by name or server.name; !PATTERN excludes."
)
@click.option("--no-open", is_flag=True, help="Open no server, and declare no tools.")
@click.option(
    "--name",
    "agent_name",
    show_default="after its only server, else after FILE's folder",
    help="What the agent is called.",
)
@click.option("--description", default=DESCRIPTION, show_default=True, help="Who the agent is.")
@click.option("--force", is_flag=True, help="Write over a FILE that exists.")
@trust_option
@format_option("text", "json")
def command(
    file: str,
    origin: str | None,
    given: tuple[str, ...],
    only: tuple[str, ...],
    patterns: tuple[str, ...],
    no_open: bool,
    agent_name: str | None,
    description: str,
    force: bool,
    trust: bool,
    form: str,
) -> None:
    """Write an agent FILE from the servers that Claude Desktop, Claude Code or an editor has, or from --server.

    Secrets are not copied: the file names variables in their place. Without --tools, tools are asked for on a terminal;
    elsewhere, and with --no-open, the file declares none, and all that are known to only read are offered.
    """
    from agent.onboarding.compose import Draft

    with failures(as_json=form == "json"):
        if patterns and no_open:
            raise UsageError("--tools opens the servers, and --no-open forbids it", hint="leave out one of them")
        path = _free(file, force)
        opens = not no_open and (bool(patterns) or is_terminal(sys.stdin, sys.stderr))
        wanted = Wanted(path, Path(origin) if origin else None, given, only, patterns, opens, trust)
        adopted = _adopted(wanted)
        name = _name(path, list(adopted.servers)) if agent_name is None else _filled(agent_name, "--name")
        draft = Draft(name, _filled(description, "--description"), adopted.servers)
        if opens:
            draft = replace(draft, tools=_declared(draft, adopted, wanted))
        _write(draft, path)
    _tell(draft, adopted, path, form)


def _name(path: Path, servers: list[str]) -> str:
    """Of an agent that nobody named: runs are compared with the last one of their agent, so that two have two names."""
    made_from = servers[0] if len(servers) == 1 else path.absolute().parent.name
    return str(whole(f"{made_from} advisor".strip()))


def _filled(text: str, option: str) -> str:
    if not text.strip():
        raise UsageError(f"{option} must not be empty")
    return str(whole(text))


def _free(file: str, force: bool) -> Path:
    path = Path(file)
    if path.suffix not in (".yaml", ".yml"):
        raise UsageError(f"{file}: what is written is YAML", hint="end the name in .yaml")
    if path.is_dir():
        raise UsageError(f"{file}: this is a folder")
    if os.path.lexists(path) and not force:
        raise UsageError(f"{file}: this file exists already", hint="name another one, or write over it with --force")
    if not path.parent.is_dir():
        raise UsageError(f"{file}: there is no folder {str(path.parent)!r}")
    return path


def _adopted(wanted: Wanted) -> Adopted:
    from agent.onboarding import configured
    from agent.onboarding.adopted import adopt

    found = [configured.by_hand(whole(each)) for each in wanted.given]
    if wanted.origin:
        found += _read(wanted.origin)
    elif not wanted.given:
        for place in filter(os.path.isfile, configured.usual_places()):
            found += _read(place)
    if not found:
        where = f"{wanted.origin} names no servers" if wanted.origin else "no program of this machine has servers"
        raise UsageError(where, hint=configured.BY_HAND)
    servers, doubled = configured.merged(found)
    chosen, disabled = configured.chosen(servers, wanted.only)
    adopted = adopt(chosen)
    adopted.notes[:0] = [*doubled, *disabled]
    for note in adopted.notes:
        _note(note)
    return adopted


def _read(place: Path) -> list[Configured]:
    from agent.onboarding import configured

    servers = configured.in_file(place)
    names = ", ".join(each.name for each in servers) or "no servers"
    click.echo(f"found {printable(place)}: {printable(names)}", err=True)
    return servers


def _declared(draft: Draft, adopted: Adopted, wanted: Wanted) -> list[Declared] | None:
    """The chosen tools; None when there are none to choose from. Raises ServerError for a server that --tools needs."""
    from agent.onboarding import choosing

    rows, down = _surveyed(draft, adopted, wanted)
    others = [name for name in draft.servers if name not in {error.failure.server for error in down}]
    for error in down:
        if wanted.patterns and choosing.may_mean(wanted.patterns, error.failure.server, others):
            raise error
        tell(error)
    listed = [row.listed for row in rows if row.listed and not row.listed.schema_problem]
    notes = [
        f"{row.server}.{row.name} cannot be used: {row.problem}"
        for row in rows
        if row.server and (row.listed is None or row.listed.schema_problem)
    ]
    chosen = _chosen(listed, wanted.patterns, notes)
    tools = choosing.declared(chosen, listed)
    notes += [f"{each.listed.server}.{each.listed.name} {each.warning}" for each in tools if each.warning]
    if not tools:
        notes.append("no tool is declared, so that every tool that is known to only read is offered")
    for note in notes:
        _note(note)
    adopted.notes += notes
    return tools or None


def _surveyed(draft: Draft, adopted: Adopted, wanted: Wanted) -> tuple[list[Row], Sequence[ServerError]]:
    """Of the file as it would be written, with the secrets that it leaves out."""
    from agent.onboarding import configured
    from agent.report import terminal
    from agent.tools import trust
    from agent.tools.survey import surveyed

    file = draft.load(wanted.file)
    if wanted.origin and wanted.origin.absolute() not in configured.usual_places():
        trust.require(file.spec, wanted.origin, trusted=wanted.trust)
    optional = {name: each.model_copy(update={"required": False}) for name, each in file.spec.servers.items()}
    file = replace(file, spec=file.spec.model_copy(update={"mcpServers": optional}))

    async def survey() -> tuple[list[Row], Sequence[ServerError]]:
        async with surveyed(file, attended=True) as found:
            return found.rows(), found.down

    with adopted.variables.filled(), terminal.waiting(f"opening {', '.join(draft.servers)}"):
        return interruptible(survey())


def _chosen(listed: list[ListedTool], patterns: Sequence[str], notes: list[str]) -> list[ListedTool]:
    """By the patterns; without any, by somebody at the terminal."""
    from agent.onboarding import choosing

    if patterns:
        chosen, idle = choosing.matching(listed, patterns)
        if not chosen:
            names = ", ".join(f"{tool.server}.{tool.name}" for tool in listed)
            raise UsageError(f"no tool matches {' '.join(patterns)}", hint=f"there are {names or 'no tools at all'}")
        notes += [f"no tool matches {pattern}" for pattern in idle]
        return chosen
    if not listed:
        return []
    _show(listed)
    while True:
        try:
            return choosing.typed(_asked(), listed)
        except UsageError as error:
            click.echo(printable(error.message), err=True)


def _show(listed: Sequence[ListedTool]) -> None:
    from rich.text import Text

    from agent.report.terminal import PlainConsole, new_table, short
    from agent.report.tool_table import READ_ONLY

    console = PlainConsole(err=True)
    table = new_table(console, "#", "Tool", "Effect", "Tokens", "What it says")
    for column in table.columns[:-1]:
        column.no_wrap = True
    for number, tool in enumerate(listed, 1):
        effect = READ_ONLY[False if tool.may_write(declared=True) else tool.read_only]
        cells = (str(number), f"{tool.server}.{tool.name}", effect, f"{tool.tokens:,}", short(tool.description, SHOWN))
        table.add_row(*(Text(printable(cell)) for cell in cells))
    console.print(table)


def _asked() -> str:
    question = "tools to declare: numbers, ranges, patterns, !pattern; nothing for all that only read"
    try:
        return str(click.prompt(question, default="", show_default=False, err=True))
    except click.Abort:
        click.echo(err=True)
        raise Interrupted("interrupted: nothing is written") from None


def _write(draft: Draft, path: Path) -> None:
    from agent.runs.log import write_whole

    draft.load(path)
    try:
        write_whole(path, draft.text().encode())
    except LogError as error:
        raise AdvisorError(error.message, hint="name a FILE in a folder that can be written to") from None


def _note(text: str) -> None:
    click.echo(f"note: {printable(text)}", err=True)


def _tell(draft: Draft, adopted: Adopted, path: Path, form: str) -> None:
    variables = adopted.variables
    for name in variables.missing:
        places = ", ".join(variables.places[name])
        why = "" if variables.values[name] is None else "; its value was not copied"
        click.echo(f"export {name}=…   # {printable(places)}{why}", err=True)
    others = [f"{name} is set here to another value than the one that was found" for name in variables.other]
    for note in others:
        _note(note)
    if form == "json":
        tools = None if draft.tools is None else [each.item["tool_name"] for each in draft.tools]
        about = {"file": str(path), "servers": list(draft.servers), "tools": tools}
        echo_json({"ok": True, **about, "variables": variables.to_json(), "notes": adopted.notes + others})
        return
    click.echo(f"written: {path}")
    click.echo(f"next: advisor doctor -c {path}")
    click.echo(f"      advisor tools -c {path}")
    click.echo(f"      advisor ask -c {path}")
