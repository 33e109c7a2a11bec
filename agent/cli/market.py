"""advisor market: the embedded server."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agent.cli import echo_json, failures, tell
from agent.errors import UsageError
from agent.market.server import PACKS
from agent.market.vn_parameters import DIFFICULTIES

if TYPE_CHECKING:
    from agent.market.folder import Market


@click.command()
@click.option("--pack", type=click.Choice(PACKS), show_default=PACKS[0], help="Simulated, or real data.")
@click.option(
    "--difficulty",
    type=click.Choice(list(DIFFICULTIES)),
    help="How strongly simulated data are planted: the drift that momentum and flows tell of, once, twice, or three "
    "times (default: teaching).",
)
@click.option(
    "--data",
    "folder",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Your own CSV files instead; docs/data.md says what stands in them.",
)
@click.option("--check", is_flag=True, help="Say what the folder holds and which tools it feeds; serve nothing.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), show_default="text", help="Of --check.")
@click.option("--http", "port", type=click.IntRange(0, 65535), metavar="PORT", help="Serve over HTTP; 0: a free port.")
def command(
    pack: str | None, difficulty: str | None, folder: Path | None, check: bool, form: str | None, port: int | None
) -> None:
    """Serve market data over MCP, on standard input and output or over HTTP."""
    from agent.market.server import serve

    with failures(as_json=form == "json"):
        _require_sense(pack, difficulty, folder, check, form, port)
        market = _load(folder, form) if folder else None
        if market and check:
            _show(market, folder, form)
            return
        try:
            serve(market.pack if market else pack or PACKS[0], port, difficulty)
        except FileNotFoundError as error:
            raise UsageError(str(error)) from None
        except OSError as error:
            hint = "choose another port; 0 picks a free one"
            raise UsageError(f"port {port} cannot be used: {error.strerror}", hint=hint) from None


def _require_sense(
    pack: str | None, difficulty: str | None, folder: Path | None, check: bool, form: str | None, port: int | None
) -> None:
    if pack and folder:
        raise UsageError("--pack and --data are two markets", hint="leave one of them out")
    if difficulty and (folder or pack == "us-real"):
        market = f"the folder {folder}" if folder else f"the pack {pack}"
        raise UsageError(f"--difficulty is of the simulated pack vn-sim, not of {market}", hint="leave it out")
    if check and folder is None:
        raise UsageError("--check looks at a folder, and none is named", hint="add --data FOLDER")
    if check and port is not None:
        raise UsageError("--check serves nothing, so --http has no meaning", hint="leave one of them out")
    if form and not check:
        raise UsageError("--format is of --check", hint="add --check, or leave it out")


def _load(folder: Path, form: str | None) -> Market:
    """Problems of the folder are told in a few lines; as JSON, each with its place."""
    from agent.market import folder as folders
    from agent.market.folder_problems import FolderError

    try:
        return folders.load(folder)
    except FolderError as error:
        known = UsageError(str(error), hint="docs/data.md says what stands in which file")
        if form == "json":
            problems = [problem._asdict() for problem in error.problems]
            about = {"folder": str(folder), "count": error.count, "problems": problems}
            echo_json({"ok": False, "error": known.to_json(), "run": None} | about)
            tell(known)
            sys.exit(known.exit_code)
        raise known from None


def _show(market: Market, folder: Path | None, form: str | None) -> None:
    from agent.market.folder_check import facts

    about = facts(market)
    if form == "json":
        echo_json({"ok": True, "folder": str(folder)} | about)
        return
    click.echo(f"{folder}: fine")
    for title, text in _lines(about):
        click.echo(f"  {title:<11} {text}")


def _lines(about: dict[str, Any]) -> list[tuple[str, str]]:
    gap = about["longest_gap"]
    lines = [
        ("market", f"{about['name']}, {about['kind']} data, {about['rhythm']}"),
        ("rows", ", ".join(f"{file} {rows:,}" for file, rows in about["rows"].items())),
        ("returns", f"{about['returns']:,}, {about['first']} to {about['last']}"),
        ("sectors", f"{len(about['sectors'])}: {', '.join(about['sectors'])}"),
        ("tickers", f"{about['tickers']:,}" if about["tickers"] else ""),
        ("benchmark", about["benchmark"]),
        ("macro", f"{', '.join(about['indicators'])} of {', '.join(about['regions'])}" if about["regions"] else ""),
        ("longest gap", f"{gap['days']} days, {gap['from']} to {gap['to']}"),
        ("largest move", _move(about["largest_move"])),
        *(("look at", f"{_move(each)}: is it right?") for each in about["look_at"]),
        *_lookbacks(about),
        ("tools", ", ".join(about["tools"])),
        *((("not offered"), f"{tool}: {needs}") for tool, needs in about["not_offered"].items()),
    ]
    return [(title, text) for title, text in lines if text]


def _move(move: dict[str, Any]) -> str:
    return f"{move['percent']:+.2f} %, {move['name']} on {move['date']}"


def _lookbacks(about: dict[str, Any]) -> list[tuple[str, str]]:
    """How far back can be asked, and what needs more."""
    reached = [name for name, lookback in about["lookbacks"].items() if lookback["reached"]]
    short = [
        f"{name} needs {lookback['needs']} returns: not yet"
        for name, lookback in about["lookbacks"].items()
        if not lookback["reached"]
    ]
    return [("lookbacks", "; ".join(filter(None, (", ".join(reached), *short))))]
