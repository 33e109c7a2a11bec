"""advisor check: an agent file alone, and what it was understood to say."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from agent.cli import echo_json, failures
from agent.cli.options import DEFAULT_AGENT, format_option
from agent.errors import SpecError

if TYPE_CHECKING:
    from agent.agentfile import AgentFile
    from agent.spec import AgentSpec


@click.command()
@click.argument("file", default=DEFAULT_AGENT)
@click.option("--schema", is_flag=True, help="Print the JSON Schema of agent files instead.")
@format_option("text", "json")
def command(file: str, schema: bool, form: str) -> None:
    """Check the agent FILE, by path or by the name of a shipped one; exit 2 with every problem's line and column.

    A file that is fine is told as it was understood.
    """
    from agent import agentfile
    from agent.spec import json_schema

    if schema:
        echo_json(json_schema())
        return
    with failures(as_json=form == "json"):
        loaded = agentfile.load(file)
        _require_price(loaded)
        about = _understood(loaded.spec)
    if form == "json":
        echo_json({"ok": True, "file": loaded.source.name, **about})
        return
    click.echo(f"{loaded.source.name}: fine")
    for name, says in _lines(loaded.spec, about).items():
        click.echo(f"  {name:<9} {says}")


def _understood(spec: AgentSpec) -> dict[str, Any]:
    """What a script reads of a file that is fine. Raises SpecError for a table of prices that cannot be used."""
    from agent import prices

    taxonomy, model = spec.taxonomy, spec.model.name
    price = prices.price_of(model)
    return {
        "agent_name": spec.agent_name,
        "objective": spec.objective,
        "tools": [tool.tool_name for tool in spec.tools] if spec.tools is not None else None,
        "figures": {
            tool.tool_name: list(dict.fromkeys(metric for table in tool.tables for metric in table.metrics))
            for tool in spec.tools or []
            if tool.tables
        },
        "sectors": taxonomy and {"count": len(taxonomy.sectors), "tickers": _tickers(spec)},
        "universe": spec.universe,
        "language": spec.language,
        "horizon": spec.horizon,
        "benchmark": spec.benchmark,
        "servers": list(spec.servers),
        "model": model,
        "price": price and {"as_of": prices.as_of().isoformat(), "unit": prices.UNIT, **asdict(price)},
        "retires": prices.retires_on(model),
        "budget": spec.budget.model_dump(),
        "timeouts": spec.timeouts.model_dump(),
        "strict": spec.strict,
    }


def _lines(spec: AgentSpec, about: dict[str, Any]) -> dict[str, str]:
    """The same for people."""
    from agent.report.terminal import count_of, one_line

    universe = "all sectors" if spec.universe == "all" else f"{count_of(len(spec.universe), 'sector')}, each answered"
    embedded = " (embedded, simulated data)" if spec.mcpServers is None else ""
    at = f", at {spec.model.base_url}" if spec.model.base_url else ""
    ends = f", retires on {about['retires']}" if about["retires"] else ""
    lines = {
        "agent": spec.agent_name,
        "question": one_line(spec.objective or "none: say it with each run, or as `objective` in the file"),
        "tools": "all that the servers offer" if spec.tools is None else ", ".join(about["tools"]),
        "figures": "; ".join(f"{tool}: {', '.join(metrics)}" for tool, metrics in about["figures"].items()),
        "sectors": f"{count_of(len(spec.taxonomy.sectors), 'sector')} with {count_of(_tickers(spec), 'ticker')}"
        if spec.taxonomy
        else "",
        "universe": universe if spec.recommends_sectors else "",
        "language": {"en": "English", "vi": "Vietnamese"}[spec.language],
        "horizon": spec.horizon if spec.recommends_sectors else "",
        "benchmark": spec.benchmark or "",
        "servers": (", ".join(spec.servers) or "none") + embedded,
        "model": spec.model.name + at + ends,
        "price": _price(about["price"]),
        "budget": _budget(spec),
        "timeouts": _timeouts(spec),
        "answers": "read strictly: every declared property required, no other allowed" if spec.strict else "",
    }
    return {name: says for name, says in lines.items() if says}


def _tickers(spec: AgentSpec) -> int:
    return sum(len(sector.tickers) for sector in spec.taxonomy.sectors.values()) if spec.taxonomy else 0


def _price(price: dict[str, Any] | None) -> str:
    from agent import prices

    if price is None:
        return f"not known, which is not free; a table of your own, named in {prices.FILE}, can say it"
    rates = f"{price['input']:g} in, {price['output']:g} out"
    cache = f"{price['cache_write']:g} written to a cache, {price['cache_read']:g} read from it"
    return f"{price['unit']}: {rates}, {cache} (as of {price['as_of']})"


def _timeouts(spec: AgentSpec) -> str:
    limits = spec.timeouts
    servers = f"{limits.start:g} s for a server to start, {limits.list:g} s to list, {limits.call:g} s for a call"
    return f"{servers}, {limits.answer:g} s for an answer, {limits.idle:g} s of silence in it"


def _budget(spec: AgentSpec) -> str:
    from agent.report.terminal import count_of

    budget = spec.budget
    limits = [
        count_of(budget.turns, "turn"),
        count_of(budget.tool_calls, "tool call"),
        f"{budget.tokens:,} tokens",
        f"{budget.usd:g} USD" if budget.usd is not None else "",
        f"{budget.seconds:g} s",
        count_of(budget.repairs, "repair"),
    ]
    return ", ".join(limit for limit in limits if limit)


def _require_price(file: AgentFile) -> None:
    """Raises SpecError for a budget in USD that cannot be kept."""
    from agent import prices

    model, where = file.spec.model.name, file.source.where(("budget", "usd"))
    if file.spec.budget.usd is not None and prices.price_of(model) is None:
        hint = f"limit budget.tokens instead, or name a table with its price in {prices.FILE}"
        raise SpecError([f"{where}: budget.usd: {model} has no price, so it cannot be kept"], where=where, hint=hint)
