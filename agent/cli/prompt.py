"""A line from whoever sits at the terminal: with editing, and with what was asked before at the arrow keys."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from types import ModuleType

KEPT = 1000
"""Lines of a history."""


class Prompt:
    """Lines are kept in a file that only its user may read. Where there is no `readline`, they are read plainly."""

    def __init__(self, history: Path) -> None:
        self._history = history
        self._readline: ModuleType | None = None
        try:
            import readline
        except ImportError:
            return
        self._readline = readline
        readline.set_auto_history(False)
        lines = self._lines()
        for line in lines[-KEPT:]:
            readline.add_history(line)
        if len(lines) > 2 * KEPT:
            self._write(lines[-KEPT:], os.O_TRUNC)

    def read(self, words: str) -> str | None:
        """What was typed; empty where a line was begun and given up. None at the end: Ctrl-D, or Ctrl-C on an empty
        line.
        """
        try:
            line = input(words)
        except EOFError:
            print()
            return None
        except KeyboardInterrupt:
            print()
            return "" if self._readline and self._readline.get_line_buffer() else None
        self._keep(" ".join(line.split()))
        return line.strip()

    def _keep(self, line: str) -> None:
        if not line or self._readline is None:
            return
        newest = self._readline.get_current_history_length()
        if newest and self._readline.get_history_item(newest) == line:
            return
        self._readline.add_history(line)
        self._write([line], os.O_APPEND)

    def _lines(self) -> list[str]:
        with suppress(OSError):
            return self._history.read_text(encoding="utf-8", errors="replace").splitlines()
        return []

    def _write(self, lines: list[str], how: int) -> None:
        """A history that cannot be written is kept for this chat only."""
        with suppress(OSError):
            self._history.parent.mkdir(parents=True, exist_ok=True)
            file = os.open(self._history, os.O_WRONLY | os.O_CREAT | how, 0o600)
            with open(file, "w", encoding="utf-8", errors="replace") as opened:
                opened.writelines(f"{line}\n" for line in lines)
