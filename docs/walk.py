"""Walks the README's first ten minutes: `python docs/walk.py` says where a step's output is no longer the printed one,
`--write` prints it anew.

Blocks of the language `console` are run one after the other, in an empty folder and on a terminal of 100 columns; a
block whose language is followed by a file's name is written to that file first. `console head=N` shows the first N
lines of what each command prints.
"""

from __future__ import annotations

import argparse
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
from fcntl import ioctl
from pathlib import Path

README = Path(__file__).parent.parent / "README.md"
BLOCK = re.compile(r"^```(\w+) ?([^\n]*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
COLUMNS = 100
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07|\r")
STANDING = [
    (re.compile(r"\b\d{8}-\d{9}-[0-9a-f]{4}\b"), "20261129-101500000-5eed"),
    (re.compile(r"file://\S+/([\w.-]+\.html)"), r"file:///…/\1"),
    (re.compile(r"\b\d+\.\d+ s\b"), "0.5 s"),
]
"""What is another at each run, and what stands for it."""


def walked(text: str, programs: Path) -> str:
    """The page with the output of each step as it is now. `programs`: the folder with `advisor` and `python`."""
    with tempfile.TemporaryDirectory() as folder:
        env = {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "ADVISOR_HOME": f"{folder}/home", "HOME": folder}
        env |= {"TERM": "xterm", "NO_COLOR": "1", "LANG": "C.UTF-8"}
        place = Path(folder, "desk")
        place.mkdir()
        return BLOCK.sub(lambda match: _block(match, place, env), text)


def _block(match: re.Match[str], place: Path, env: dict[str, str]) -> str:
    language, about, body = match.groups()
    if language != "console":
        if about:
            (place / about).write_text(body, encoding="utf-8")
        return match[0]
    lines: list[str] = []
    head = int(about.removeprefix("head=")) if about else None
    for command in (line.removeprefix("$ ") for line in body.splitlines() if line.startswith("$ ")):
        printed = _lines(command, place, env)
        lines += [f"$ {command}", *printed[:head], *(["…"] if head and len(printed) > head else [])]
    return "\n".join([f"```{language}{' ' + about if about else ''}", *lines, "```"])


def _lines(command: str, place: Path, env: dict[str, str]) -> list[str]:
    """Without colours, and with what is another at each run replaced."""
    text = ESCAPES.sub("", shown(command, place, env)).replace(str(place.parent), "~")
    for pattern, standing in STANDING:
        text = pattern.sub(standing, text)
    return [line.rstrip() for line in text.rstrip().splitlines()]


def shown(command: str, place: Path, env: dict[str, str], columns: int = COLUMNS) -> str:
    """What a terminal is sent by it, without its progress on stderr. Raises SystemExit when it fails."""
    ours, theirs = pty.openpty()
    ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    with tempfile.TemporaryFile() as stderr:
        process = subprocess.Popen(["bash", "-c", command], cwd=place, env=env, stdout=theirs, stderr=stderr)
        os.close(theirs)
        said = b""
        while chunk := _read(ours):
            said += chunk
        os.close(ours)
        if status := process.wait():
            stderr.seek(0)
            raise SystemExit(f"{command}: exit status {status}\n{stderr.read().decode()}")
    return said.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux: the other side is closed
        return b""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=Path, default=Path(sys.executable).parent)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    text = README.read_text(encoding="utf-8")
    now = walked(text, given.programs.absolute())
    if given.write:
        README.write_text(now, encoding="utf-8")
    elif now != text:
        import difflib

        lines = difflib.unified_diff(text.splitlines(), now.splitlines(), "printed", "now", lineterm="")
        raise SystemExit("\n".join(lines))


if __name__ == "__main__":
    main()
