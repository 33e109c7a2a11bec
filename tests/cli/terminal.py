"""The command on a terminal of its own, 80 columns wide: what is typed there, keys included, and what it shows."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path
from types import TracebackType

from tests.cli.advisor import ADVISOR

UP, CTRL_C, CTRL_D = "\x1b[A", "\x03", "\x04"
_CODES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")
_TAKE = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"


class Terminal:
    def __init__(self, *arguments: str, cwd: Path, env: dict[str, str] | None = None) -> None:
        self._here, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.process = subprocess.Popen(
            [sys.executable, "-c", _TAKE, *ADVISOR, *arguments],
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            start_new_session=True,
            cwd=cwd,
            env=os.environ | {"TERM": "xterm", "COLUMNS": "80"} | (env or {}),
        )
        os.close(terminal)
        self._shown = ""

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._here)

    def type(self, text: str) -> None:
        os.write(self._here, text.encode())

    def interrupt(self) -> None:
        """Ctrl-C while it waits for what is typed."""
        self.wait_for_its_wait()
        self.type(CTRL_C)

    def terminate(self) -> None:
        """SIGTERM while it waits for what is typed."""
        self.wait_for_its_wait()
        self.process.terminate()

    def wait_for_its_wait(self) -> None:
        """A signal that comes a moment before that, Python sees only after what is typed."""
        while Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()[0] != "S":
            pass

    def until(self, text: str) -> str:
        """What it showed up to this text, without codes of colour and cursor."""
        while text not in self._shown:
            self._shown += _CODES.sub("", os.read(self._here, 65536).decode())
        before, _, self._shown = self._shown.partition(text)
        return before + text

    def ends(self) -> tuple[int, str]:
        """Exit code, and the rest of what it showed."""
        try:
            while piece := os.read(self._here, 65536):
                self._shown += _CODES.sub("", piece.decode())
        except OSError:
            pass  # nobody holds the other end any more
        return self.process.wait(), self._shown
