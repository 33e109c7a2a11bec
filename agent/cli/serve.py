"""advisor serve: agent files as tools for chat clients."""

from __future__ import annotations

import click

from agent.cli import failures, load, warn
from agent.cli.options import DEFAULT_AGENT, require_one_model, trust_option, undated_options
from agent.errors import UsageError
from agent.foreign import printable
from agent.tracing import exporting


@click.command()
@click.option(
    "-c",
    "--config",
    "configs",
    multiple=True,
    default=[DEFAULT_AGENT],
    show_default=DEFAULT_AGENT,
    metavar="FILE",
    help="An agent file, or the name of one that ships with the package; each -c is a tool.",
)
@click.option("--http", "port", type=click.IntRange(0, 65535), metavar="PORT", help="Serve over HTTP; 0: a free port.")
@undated_options
@trust_option
@click.pass_context
def command(
    context: click.Context,
    configs: tuple[str, ...],
    port: int | None,
    offline: bool,
    model: str | None,
    simulated: bool,
    allow_live: bool,
    trust: bool,
) -> None:
    """Serve agent files over MCP, as tools of a chat client: on standard input and output, or over HTTP."""
    with failures(as_json=False):
        require_one_model(offline=offline, model=model)
        context.with_resource(exporting(warn))
        from agent.serving.desk import Desk
        from agent.serving.offered import tools_of
        from agent.serving.server import serve

        tools = tools_of(load(config, trust=trust) for config in configs)
        desk = Desk(offline, model, simulated, allow_live)
        try:
            serve(tools, desk, _say, port, end=context.close)
        except OSError as error:
            hint = "choose another port; 0 picks a free one"
            raise UsageError(f"port {port} cannot be used: {error.strerror}", hint=hint) from None


def _say(text: str) -> None:
    click.echo(" ".join(printable(text).split()), err=True)
