"""advisor market: the embedded server."""

from __future__ import annotations

import click

from agent.cli import failures
from agent.errors import UsageError
from agent.market.vn_parameters import DIFFICULTIES

PACKS = ["vn-sim", "us-real"]


@click.command()
@click.option("--pack", type=click.Choice(PACKS), default=PACKS[0], show_default=True, help="Simulated, or real data.")
@click.option(
    "--difficulty",
    type=click.Choice(list(DIFFICULTIES)),
    help="How much momentum and flows tell in simulated data: as in real markets, twice, or three times as much "
    "(default: teaching).",
)
@click.option("--http", "port", type=click.IntRange(0, 65535), metavar="PORT", help="Serve over HTTP; 0: a free port.")
def command(pack: str, difficulty: str | None, port: int | None) -> None:
    """Serve market data over MCP, on standard input and output or over HTTP."""
    from agent.market.server import serve

    with failures(as_json=False):
        if difficulty and pack != "vn-sim":
            raise UsageError(f"--difficulty is of simulated data, and the pack {pack} is real", hint="leave it out")
        try:
            serve(pack, port, difficulty)
        except FileNotFoundError as error:
            raise UsageError(str(error)) from None
        except OSError as error:
            hint = "choose another port; 0 picks a free one"
            raise UsageError(f"port {port} cannot be used: {error.strerror}", hint=hint) from None
