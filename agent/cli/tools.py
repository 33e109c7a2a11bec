"""advisor tools: what the servers offer, against what the agent file declares."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import asdict
from typing import Any

import click

from agent.cli import config_option, echo_json, failures, tell
from agent.errors import ServerError


@click.command()
@config_option
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
def command(config: str, form: str) -> None:
    """List every tool of every server, the name it is offered under, and its differences."""
    from agent import agentfile
    from agent.report import terminal

    with failures(as_json=form == "json"), terminal.waiting("opening the servers"):
        rows, down, required = asyncio.run(_list(agentfile.load(config)))
    if form == "json":
        echo_json(rows)
    else:
        terminal.show_tools(rows)
    for error in down:
        tell(error)
    sys.exit(max((error.exit_code for error in down if error.failure.server in required), default=0))


async def _list(file: Any) -> tuple[list[dict[str, Any]], list[ServerError], set[str]]:
    """Rows, servers that are down, and the names of those that a run requires."""
    from agent.tools.pool import ServerPool, servers_of
    from agent.tools.toolbox import collect

    servers = servers_of(file)
    required = {server.name for server in servers if server.required}
    for server in servers:
        server.required = False  # a listing goes on without them
    async with ServerPool() as pool, pool.opened(servers) as opened:
        down = [outcome for _, outcome in opened if isinstance(outcome, ServerError)]
        working = [server for server, outcome in opened if not isinstance(outcome, ServerError)]
        box = collect(file.spec, None, working)
    offered = {(tool.listed.server, tool.listed.name): tool.offered_as for tool in box.tools.values()}
    problems = {(aside["server"], aside["tool"]): str(aside["problem"]) for aside in box.set_aside}
    listed = {(server.name, tool.name) for server in working for tool in server.tools} | set(problems)
    rows = [_row(server, name, offered.get((server, name)), box) for server, name in sorted(listed)]
    for row in rows:
        if problem := problems.get((row["server"], row["name"])):
            row["differences"].append(_unusable(problem))
    known = {row["name"] for row in rows}
    rows += [_row(None, each.tool, None, box) for each in box.differences if each.tool not in known]
    return rows, down, required


def _row(server: str | None, name: str, offered_as: str | None, box: Any) -> dict[str, Any]:
    differences = [
        {key: value for key, value in asdict(each).items() if key != "tool"}
        for each in box.differences
        if each.tool == name
    ]
    return {"server": server, "name": name, "offered_as": offered_as, "differences": differences}


def _unusable(problem: str) -> dict[str, Any]:
    return {"kind": "unusable", "at": "tool", "declared": None, "offered": None, "hint": problem}
