"""`advisor init` on a terminal of its own."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
from pathlib import Path

from tests.cli.advisor import ADVISOR

PROMPT = b"nothing for all that only read: "


class Terminal:
    """The command on a terminal: what it shows on stderr, what is typed, and what it prints on stdout."""

    def __init__(self, *arguments: str) -> None:
        self._here, terminal = pty.openpty()
        self.process = subprocess.Popen(
            [*ADVISOR, "init", *arguments], stdin=terminal, stdout=subprocess.PIPE, stderr=terminal
        )
        os.close(terminal)
        self.shown = b""

    def asks(self) -> str:
        """What it showed before its next question."""
        before = len(self.shown)
        while not self.shown.endswith(PROMPT):
            self.shown += os.read(self._here, 65536)
        return self.shown[before:].decode()

    def type(self, text: bytes) -> None:
        self.shown += b"\n"
        os.write(self._here, text)

    def interrupt(self) -> None:
        """Ctrl-C while it waits for what is typed: a moment earlier, Python would see it after that only."""
        while Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()[0] != "S":
            pass
        self.process.send_signal(signal.SIGINT)

    def ends(self) -> tuple[int, str]:
        """Exit code and stdout."""
        assert self.process.stdout
        with self.process.stdout as stdout:
            said = stdout.read().decode()
        while True:
            try:
                self.shown += os.read(self._here, 65536)
            except OSError:
                break
        os.close(self._here)
        return self.process.wait(), said
