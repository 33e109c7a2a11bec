"""advisor market: the embedded server."""

from __future__ import annotations

import click

from agent.cli import failures
from agent.errors import UsageError

PACKS = ["vn-sim", "us-real"]


@click.command()
@click.option("--pack", type=click.Choice(PACKS), default=PACKS[0], show_default=True, help="Simulated, or real data.")
@click.option("--http", "port", type=click.IntRange(0, 65535), metavar="PORT", help="Serve over HTTP; 0: a free port.")
def command(pack: str, port: int | None) -> None:
    """Serve market data over MCP, on standard input and output or over HTTP."""
    from agent.market.server import serve

    with failures(as_json=False):
        try:
            serve(pack, port)
        except FileNotFoundError as error:
            raise UsageError(str(error)) from None
        except OSError as error:
            hint = "choose another port; 0 picks a free one"
            raise UsageError(f"port {port} cannot be used: {error.strerror}", hint=hint) from None
