"""advisor tools: what the servers offer, against what the agent file declares."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from agent.cli import config_option, echo_json, failures, interruptible, tell

if TYPE_CHECKING:
    from agent.agentfile import AgentFile
    from agent.tools.survey import Row, Survey


@click.group(invoke_without_command=True)
@config_option
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
@click.pass_context
def command(context: click.Context, config: str, form: str) -> None:
    """List every tool of every server, the name it is offered under, and its differences."""
    if context.invoked_subcommand is not None:
        return
    from agent import agentfile
    from agent.report import terminal

    with failures(as_json=form == "json"), terminal.waiting("opening the servers"):
        survey = interruptible(_survey(agentfile.load(config)))
    rows = [_row(each) for each in survey.rows()]
    if form == "json":
        echo_json(rows)
    else:
        terminal.show_tools(rows)
    for error in survey.down:
        tell(error)
    sys.exit(survey.exit_code)


async def _survey(file: AgentFile) -> Survey:
    from agent.tools.survey import surveyed

    async with surveyed(file) as survey:
        return survey


def _row(row: Row) -> dict[str, Any]:
    """What a script reads of one tool."""
    unusable = {"kind": "unusable", "at": "tool", "declared": None, "offered": None, "hint": row.problem}
    return {
        "server": row.server,
        "name": row.name,
        "offered_as": row.offered_as,
        "differences": row.differences + ([unusable] if row.problem else []),
    }
