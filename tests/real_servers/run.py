"""Servers that other people wrote, opened, listed and called by `advisor tools`; what came of it goes into the docs.

    python -m tests.real_servers.run [NAME …]

Installs each from npm or PyPI into the user's cache, where it stays: remove that folder for newer versions. With names,
only these are tried, and the table is printed and not kept. Exits 1 when a server could not be opened.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from agent import agentfile
from agent.errors import ServerError
from agent.events import ServerOpened
from agent.tools.survey import surveyed
from tests.conformance import npm
from tests.real_servers.catalogue import CANDIDATES, Candidate, Unusable, agent_file

PAGE = Path(__file__).parent.parent.parent / "docs" / "servers.md"
BEGIN, END = "<!-- real servers: begin -->", "<!-- real servers: end -->"
HEAD = ["server", "version", "transport", "protocol", "opened in", "tools", "tokens", "rewritten", "set aside", "call"]
LONGEST = 110
"""Characters of a server's words that are shown."""


@dataclass(frozen=True)
class Tried:
    candidate: Candidate
    version: str = ""
    problem: str = ""
    opened: ServerOpened | None = None
    rows: tuple[dict[str, Any], ...] = ()
    called: str = ""

    def cells(self) -> list[str]:
        name = self.candidate.packages[0].rpartition("/")[2]
        if self.opened is None:
            return [name, self.version, self.candidate.transport, *[""] * (len(HEAD) - 4), shown(self.problem)]
        tools, tokens = sum(bool(row["offered_as"]) for row in self.rows), sum(row["tokens"] or 0 for row in self.rows)
        counts = [str(tools), f"{tokens:,}", self._with("rewritten"), self._with("unusable")]
        return [
            name, self.version, self.opened.transport, self.opened.protocol, f"{self.opened.seconds:.1f} s", *counts,
            f"`{self.candidate.tool}`: {self.called}",
        ]  # fmt: skip

    def _with(self, kind: str) -> str:
        return str(sum(any(each["kind"] == kind for each in row["differences"]) for row in self.rows))


def tried(candidate: Candidate, cache: Path) -> Tried:
    try:
        version = candidate.installed(cache)
    except Unusable as error:
        return Tried(candidate, problem=f"not installed: {error}")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place, "files")
        folder.mkdir()
        (folder / "hello.txt").write_text("hello\n", encoding="utf-8")
        try:
            with candidate.block(cache, folder) as block:
                file = Path(place, "agent.json")
                file.write_text(agent_file(candidate, block), encoding="utf-8")
                rows = _advisor(place, "tools")
                opened = asyncio.run(_opened(file))
                called = _called(place, candidate, folder)
        except ServerError as error:
            said = error.failure.stderr.strip().splitlines()[-1:]
            return Tried(candidate, version, problem=f"not opened: {'; '.join([error.failure.reason, *said])}")
        except Unusable as error:
            return Tried(candidate, version, problem=f"not opened: {error}")
    return Tried(candidate, version, "", opened, tuple(rows), called)


async def _opened(file: Path) -> ServerOpened:
    """What is said of a server that is open. Raises ServerError."""
    async with surveyed(agentfile.load(str(file))) as survey:
        for error in survey.down:
            raise error
        return survey.opened[0]


def _called(place: str, candidate: Candidate, folder: Path) -> str:
    """What came of the call, in a few words of the server's own."""
    arguments = json.dumps(candidate.arguments).replace("{folder}", str(folder))
    said = _advisor(place, "tools", "call", candidate.tool, arguments)
    if "result" not in said:
        return f"failed {shown(said['error']['message'])}"
    words = " ".join(each.get("text", each["type"]) for each in said["result"]["content"])
    return f"{'result' if said['ok'] else 'error'} {shown(words)}"


def shown(words: str) -> str:
    """Somebody's words in a cell of a table."""
    line = " ".join(words.split()).replace("|", "\\|").replace("`", "'")
    return f"`{line if len(line) <= LONGEST else line[:LONGEST].rstrip() + ' …'}`"


def _advisor(place: str, *arguments: str) -> Any:
    """What a command prints; its warnings are for whoever runs this."""
    command = [sys.executable, "-m", "agent", *arguments, "-c", "agent.json", "--format", "json"]
    return json.loads(subprocess.run(command, cwd=place, stdout=subprocess.PIPE, check=False).stdout)


def table(results: list[Tried]) -> str:
    lines = [HEAD, ["---"] * len(HEAD), *(each.cells() for each in results)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def keep(page: Path, made: str) -> None:
    """Put the table between the page's marks."""
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n\n{made}\n{END}{after}", encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [each.name for each in CANDIDATES]
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"only these, of {', '.join(names)}")
    options = parser.parse_args()
    if unknown := set(options.names) - set(names):
        parser.error(f"no server is called {', '.join(sorted(unknown))}")
    results = []
    for candidate in CANDIDATES:
        if not options.names or candidate.name in options.names:
            results.append(tried(candidate, npm.CACHE / "real-servers"))
            print(f"{candidate.name}: {'open' if results[-1].opened else results[-1].problem}", flush=True)
    made = f"Tried on {date.today().isoformat()}.\n\n{table(results)}"
    if options.names:
        print(made)
    else:
        keep(PAGE, made)
        print(f"written to {PAGE}")
    return 0 if all(each.opened for each in results) else 1


if __name__ == "__main__":
    sys.exit(main())
