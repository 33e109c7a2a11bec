"""advisor runs diff: two runs side by side."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from agent.cli import echo, failures, printing
from agent.cli.options import format_option
from agent.errors import UsageError
from agent.foreign import json_text


@click.command("diff")
@click.argument("before")
@click.argument("after")
@format_option("table", "json")
@click.option("--html", is_flag=True, help="As one page that loads nothing.")
@click.option("-o", "--out", metavar="FILE", type=click.Path(path_type=Path), help="Write page or JSON there.")
def command(before: str, after: str, form: str, html: bool, out: Path | None) -> None:
    """Say what changed from the run BEFORE to the run AFTER, and which figures may explain it.

    A run is named by its id, the beginning or end of one, its folder, or `last`.
    """
    as_json = form == "json"
    with failures(as_json=as_json):
        from agent.diff.whole import Side, compare
        from agent.report import diff_page, diff_table, diff_text
        from agent.report.words import words
        from agent.runs import store

        _require_one_form(as_json, html, out)
        compared = compare(*(Side.read(store.find(name)) for name in (before, after)))
        say = words(compared.after.result.language)
        if html:
            _write(diff_page.render(compared, say), out)
        elif as_json:
            said = {"verdict": diff_text.verdict(compared, words("en"))} | compared.to_json()
            _write(json_text(said, indent=2) + "\n", out)
        else:
            with printing():
                diff_table.show(compared, say)


def _require_one_form(as_json: bool, html: bool, out: Path | None) -> None:
    """Raises UsageError."""
    if html and as_json:
        raise UsageError("--html and --format json exclude each other", hint="name one of them")
    if out and not (html or as_json):
        raise UsageError("-o is about a page or JSON", hint="add --html or --format json")
    if html and not out and sys.stdout.isatty():
        raise UsageError("a page is not for a terminal", hint="name a file for it: -o diff.html")


def _write(text: str, out: Path | None) -> None:
    """Raises UsageError for a file that cannot be written."""
    if out is None:
        echo(text, nl=False)
        return
    try:
        out.write_bytes(text.encode())
    except OSError as error:
        hint = "name a file in a folder that is there"
        raise UsageError(f"{out} cannot be written: {error.strerror}", hint=hint) from None
    click.echo(f"written: {out}", err=True)
