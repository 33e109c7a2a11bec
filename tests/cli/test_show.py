"""advisor runs show: one run as page, drawing, picture and table."""

from __future__ import annotations

import csv
import os
import pty
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cli.advisor import ADVISOR, advisor, with_broken_heatmap

DEFECT = "hint:  this is a defect of the program; ADVISOR_DEBUG=1 shows where it happened"
BYTES = {
    "--html": b"<!DOCTYPE html>",
    "--svg": b"<svg xmlns=",
    "--png": b"\x89PNG\r\n\x1a\n",
    "--csv": b"sector,action,",
}


def show(run: Path, *arguments: str, **options: object) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*ADVISOR, "runs", "show", str(run), *arguments], capture_output=True, check=False, **options)  # type: ignore[call-overload]


@pytest.mark.parametrize("kind", BYTES)
def test_an_export_goes_to_a_pipe_or_to_a_file(kind: str, planned: Path, tmp_path: Path) -> None:
    piped = show(planned, kind)
    assert (piped.returncode, piped.stderr, piped.stdout[: len(BYTES[kind])]) == (0, b"", BYTES[kind])
    written = show(planned, kind, "-o", str(tmp_path / "out"))
    assert (written.returncode, written.stdout, (tmp_path / "out").read_bytes()) == (0, b"", piped.stdout)


@pytest.mark.parametrize("where", ["&-", "/dev/full"])
@pytest.mark.parametrize("arguments", [*([kind] for kind in BYTES), ["--format", "envelope"], ["--format", "table"]])
def test_what_cannot_be_written_to_standard_output_is_told(arguments: list[str], where: str, planned: Path) -> None:
    done = redirected(where, "runs", "show", str(planned), *arguments)
    why = "Bad file descriptor" if where == "&-" else "No space left on device"
    assert (done.returncode, done.stderr) == (1, f"error: standard output cannot be written: {why}\n")


def test_a_file_is_written_where_standard_output_and_stderr_are_closed(planned: Path, tmp_path: Path) -> None:
    done = redirected("&- 2>&-", "runs", "show", str(planned), "--csv", "-o", str(tmp_path / "out"))
    assert done.returncode == 0 and (tmp_path / "out").read_bytes() == show(planned, "--csv").stdout
    assert redirected("&- 2>&-", "runs", "show", "no-such-run").returncode == 2


def redirected(where: str, *words: str) -> subprocess.CompletedProcess[str]:
    """A command whose standard output a shell sends somewhere."""
    command = ["sh", "-c", f'exec "$@" >{where}', "sh", *ADVISOR, *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_the_page_made_anew_is_the_one_that_lies_there(planned: Path) -> None:
    assert show(planned, "--html").stdout == (planned / "page.html").read_bytes()


@pytest.mark.parametrize("kind", ["--html", "--svg"])
def test_a_palette_gives_other_colours(kind: str, planned: Path) -> None:
    assert b"#4ca866" in show(planned, kind, "--palette", "vn").stdout
    assert show(planned, kind, "--palette", "cvd").stdout == show(planned, kind).stdout


def test_the_table_has_a_line_for_each_sector(planned: Path) -> None:
    lines = list(csv.DictReader(show(planned, "--csv").stdout.decode().splitlines()))
    assert len(lines) == 19
    assert lines[0]["action"] == "overweight" and 0 < float(lines[0]["confidence"]) < 1
    assert all(float(line["get_sector_heatmap.performance.3M.percent"]) for line in lines)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("--png", "--svg"), "--png and --svg exclude each other"),
        (("--open", "--format", "table"), "--open and --format exclude each other"),
        (("--csv", "--palette", "vn"), "--palette is about colours"),
        (("--palette", "vn"), "--palette is about colours"),
        (("-o", "x"), "-o is about exports"),
        (("--csv", "-o", "no/such/folder/x.csv"), "no/such/folder/x.csv cannot be written: No such file or directory"),
    ],
)
def test_what_does_not_go_together_is_refused(arguments: tuple[str, ...], error: str, planned: Path) -> None:
    done = advisor("runs", "show", str(planned), *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: {error}\nhint: ")


def test_a_terminal_is_not_sent_a_picture(planned: Path) -> None:
    ours, theirs = pty.openpty()
    done = subprocess.run(
        [*ADVISOR, "runs", "show", str(planned), "--png"], stdout=theirs, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(theirs)
    os.close(ours)
    assert done.returncode == 2
    assert done.stderr == (
        "error: a picture is nothing for a terminal\nhint:  name a file, -o run.png, or use a pipe\n"
    )


@pytest.fixture
def browser(tmp_path: Path) -> tuple[dict[str, str], Path]:
    """An environment whose browser notes what it is opened with, and that note."""
    note, program = tmp_path / "opened", tmp_path / "browser"
    program.write_text(f'#!/bin/sh\necho "$1" > {note}.part && mv {note}.part {note}\n', encoding="utf-8")
    program.chmod(0o755)
    return {"BROWSER": f"{program} %s"}, note


def test_open_shows_the_page_in_the_browser(planned: Path, browser: tuple[dict[str, str], Path]) -> None:
    env, note = browser
    done = advisor("runs", "show", str(planned), "--open", env=env)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert note.read_text(encoding="utf-8") == f"{(planned / 'page.html').as_uri()}\n"


def test_without_a_browser_the_address_of_the_page_is_printed(planned: Path) -> None:
    done = advisor(
        "runs", "show", str(planned), "--open", env={"BROWSER": "no-such-browser", "PATH": "", "DISPLAY": ""}
    )
    assert (done.returncode, done.stdout) == (1, f"{(planned / 'page.html').as_uri()}\n")
    assert done.stderr == "no browser was found; this is where the page lies:\n"


def test_a_run_whose_page_is_gone_says_how_to_make_one(planned: Path, tmp_path: Path) -> None:
    shutil.copytree(planned, tmp_path / "run")
    (tmp_path / "run" / "page.html").unlink()
    done = advisor("runs", "show", str(tmp_path / "run"), "--open")
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: run {planned.name} has no page\nhint:  advisor runs show")


@pytest.mark.parametrize("kind", BYTES)
def test_a_run_that_stopped_before_its_answer_can_be_exported(kind: str, planned: Path, tmp_path: Path) -> None:
    lines = (planned / "log.jsonl").read_bytes().splitlines(keepends=True)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "log.jsonl").write_bytes(b"".join(lines[: len(lines) // 2]))
    done = show(tmp_path / "run", kind)
    assert (done.returncode, done.stdout[: len(BYTES[kind])]) == (0, BYTES[kind])


@pytest.mark.parametrize("arguments", [("show",), ("replay", "-q")])
def test_defect_in_what_is_shown_is_told_as_one(arguments: tuple[str, ...], planned: Path) -> None:
    done = with_broken_heatmap("runs", *arguments, str(planned))
    assert (done.returncode, done.stderr.splitlines()) == (1, ["error: LookupError: planted", DEFECT])
    assert "Overweight" in done.stdout.title(), "what was shown before stays"


def test_defect_in_what_is_shown_has_a_traceback_where_that_is_wanted(planned: Path) -> None:
    done = with_broken_heatmap("runs", "show", str(planned), env=os.environ | {"ADVISOR_DEBUG": "1"})
    assert done.returncode == 1 and "Traceback" in done.stderr
