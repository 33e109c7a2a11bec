"""What is written of a server that was tried; the servers themselves are tried by `make real-servers` alone."""

from __future__ import annotations

from pathlib import Path

from tests.real_servers.catalogue import Candidate
from tests.real_servers.run import BEGIN, END, PAGE, keep, table, tried


def test_table_replaces_what_stood_between_the_marks_of_the_page_and_nothing_else(tmp_path: Path) -> None:
    page = tmp_path / "servers.md"
    page.write_text(PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    keep(page, "| new |")
    keep(page, "| newer |")
    before, after = PAGE.read_text(encoding="utf-8").split(BEGIN)[0], PAGE.read_text(encoding="utf-8").split(END)[1]
    assert page.read_text(encoding="utf-8") == f"{before}{BEGIN}\n\n| newer |\n{END}{after}"


def test_row_of_a_server_that_cannot_be_opened_says_why_in_one_line(tmp_path: Path) -> None:
    programs = tmp_path / "pypi" / "some-server" / "bin"
    programs.mkdir(parents=True)
    for name, does in [("python", "echo 1.2"), ("some-server", "echo 'no key | no data' >&2; exit 3")]:
        (programs / name).write_text(f"#!/bin/sh\n{does}\n", encoding="utf-8")
        (programs / name).chmod(0o755)
    result = tried(Candidate("some", "pypi", ["some-server"], ["some-server"], "none", {}), tmp_path)
    said = r"`not opened: it ended before it was ready; no key \| no data`"
    assert table([result]).splitlines()[2:] == [f"| some-server | 1.2 | stdio |  |  |  |  |  |  | {said} |"]
