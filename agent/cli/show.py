"""advisor runs show: one run again, for the terminal, for scripts, or as page, picture, drawing or table."""

from __future__ import annotations

import sys
import webbrowser
from pathlib import Path

import click

from agent.cli import echo_json, failures
from agent.errors import UsageError
from agent.gathering import current, read_run
from agent.result import RunResult
from agent.runs import store

FORMATS = ["table", "answer", "envelope"]
DRAWN = ("html", "svg", "png")
EXPORTS = (*DRAWN, "csv")


@click.command("show")
@click.argument("run")
@click.option("--format", "form", type=click.Choice(FORMATS), help="How it is printed.  [default: table]")
@click.option("--html", is_flag=True, help="Its page, made anew.")
@click.option("--svg", is_flag=True, help="Recommendations, heatmap and rotation as one drawing.")
@click.option("--png", is_flag=True, help="The same as a picture.")
@click.option("--csv", is_flag=True, help="A line for each sector: recommendation and figures.")
@click.option("--open", is_flag=True, help="Open its page in the browser.")
@click.option("--palette", type=click.Choice(["cvd", "vn"]), help="Blue and orange, or green and red.  [default: cvd]")
@click.option(
    "-o", "--out", "output", type=click.Path(path_type=Path), metavar="FILE", help="Write there, not to stdout."
)
def command(run: str, form: str | None, palette: str | None, output: Path | None, **given: bool) -> None:
    """Show one RUN again from its log: an id, the beginning or end of one, its folder, or `last`."""
    with failures(as_json=form not in (None, "table")):
        kind = _chosen(form, palette, output, given)
        result = current(read_run(store.find(run)))
        content = export(result, kind, palette or "cvd") if kind in EXPORTS else b""
        if output:
            _write(content, output)
        if kind == "open":
            _open(result)
    if kind in EXPORTS and not output:
        click.echo(content, nl=False)
    elif kind == "table":
        from agent.report import result_view

        result_view.show_result(result, calls=True)
    elif kind in FORMATS:
        echo_json(result.to_json(kind))


def _chosen(form: str | None, palette: str | None, output: Path | None, given: dict[str, bool]) -> str:
    """What is wanted: a format, a kind of export, or `open`. Raises UsageError."""
    chosen = [f"--{name}" for name, is_given in given.items() if is_given] + (["--format"] if form else [])
    if len(chosen) > 1:
        raise UsageError(f"{' and '.join(chosen)} exclude each other", hint="name one of them")
    kind = form or next((name for name, is_given in given.items() if is_given), FORMATS[0])
    if palette and kind not in DRAWN:
        raise UsageError("--palette is about colours", hint="it goes with --html, --svg or --png")
    if output and kind not in EXPORTS:
        raise UsageError("-o is about exports", hint="it goes with --html, --svg, --png or --csv")
    if kind == "png" and not output and sys.stdout.isatty():
        raise UsageError("a picture is nothing for a terminal", hint="name a file, -o run.png, or use a pipe")
    return kind


def export(result: RunResult, kind: str, palette: str) -> bytes:
    """`kind` is one of EXPORTS, `palette` a key of PALETTES."""
    if kind == "csv":
        from agent.report import spreadsheet

        return spreadsheet.table(result).encode()
    from agent.report.palettes import PALETTES

    colours = PALETTES[palette]
    if kind == "html":
        from agent.report import page

        return page.render(result, colours).encode()
    from agent.report import drawing, picture

    drawn = drawing.draw(result, colours)
    return picture.png(drawn) if kind == "png" else drawn.encode()


def _write(content: bytes, output: Path) -> None:
    try:
        output.write_bytes(content)
    except OSError as error:
        hint = "name a file in a folder that is there"
        raise UsageError(f"{output} cannot be written: {error.strerror}", hint=hint) from None


def _open(result: RunResult) -> None:
    page = result.page
    if page is None or not page.is_file():
        raise UsageError(
            f"run {result.run_id} has no page", hint=f"advisor runs show {result.run_id} --html -o page.html makes one"
        )
    if not webbrowser.open(page.as_uri()):
        click.echo("no browser was found; this is where the page lies:", err=True)
        click.echo(page.as_uri())
        sys.exit(1)
