"""advisor check: an agent file alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from agent.cli import DEFAULT_AGENT, echo_json, failures
from agent.errors import SpecError

if TYPE_CHECKING:
    from agent.agentfile import AgentFile


@click.command()
@click.argument("file", default=DEFAULT_AGENT)
@click.option("--schema", is_flag=True, help="Print the JSON Schema of agent files instead.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(file: str, schema: bool, form: str) -> None:
    """Check the agent FILE, by path or by the name of a shipped one; exit 2 with every problem's line and column."""
    from agent import agentfile
    from agent.spec import json_schema

    if schema:
        echo_json(json_schema())
        return
    with failures(as_json=form == "json"):
        loaded = agentfile.load(file)
    spec = loaded.spec
    tools = [tool.tool_name for tool in spec.tools] if spec.tools is not None else None
    about = {
        "ok": True,
        "file": loaded.source.name,
        "agent_name": spec.agent_name,
        "tools": tools,
        "servers": list(spec.servers),
        "strict": spec.strict,
    }
    with failures(as_json=form == "json"):
        _require_price(loaded)
    if form == "json":
        echo_json(about)
        return
    embedded = " (embedded, simulated data)" if spec.mcpServers is None else ""
    click.echo(f"{loaded.source.name}: fine")
    click.echo(f"  agent    {spec.agent_name}")
    click.echo(f"  tools    {'all that the servers offer' if tools is None else ', '.join(tools)}")
    click.echo(f"  servers  {', '.join(spec.servers) or 'none'}{embedded}")
    if spec.strict:
        click.echo("  answers  read strictly: every declared property required, no other allowed")


def _require_price(file: AgentFile) -> None:
    """Raises SpecError for a budget in USD that cannot be kept."""
    from agent import prices

    model, where = file.spec.model.name, file.source.where(("budget", "usd"))
    if file.spec.budget.usd is not None and prices.price_of(model) is None:
        hint = f"limit budget.tokens instead, or name a table with its price in {prices.FILE}"
        raise SpecError([f"{where}: budget.usd: {model} has no price, so it cannot be kept"], where=where, hint=hint)
