"""What is wrong with somebody's files: gathered from all of them, and told at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from itertools import chain, zip_longest

TOLD = 12
"""How many problems are told; the rest is counted."""


class FolderError(ValueError):
    """A folder that cannot be served. `problems` are told, each with its file, line and column; `count` is of all."""

    def __init__(self, folder: object, problems: list[str], count: int) -> None:
        rest = [f"and {count - len(problems):,} more"] if count > len(problems) else []
        said = f"{count:,} problems" if count > 1 else "a problem"
        super().__init__("\n  ".join([f"{said} with the data in {folder}:", *problems, *rest]))
        self.problems = problems
        self.count = count


class Problems:
    """A collection that stays small, however much is wrong."""

    def __init__(self) -> None:
        self.count = 0
        self._told: dict[tuple[str, str], list[str]] = {}

    def add(self, file: str, text: str, *, line: int | None = None, column: str = "") -> None:
        self.count += 1
        told = self._told.setdefault((file, column), [])
        if len(told) < TOLD:
            place = file if line is None else f"{file}:{line}"
            told.append(": ".join(filter(None, (place, column, text))))

    def of(self, file: str) -> bool:
        """Whether the file has any."""
        return any(name == file for name, _ in self._told)

    def require_none(self, folder: object) -> None:
        """Raises FolderError. Each column has its turn, so that one with many problems does not hide the others."""
        if self.count:
            turns = chain.from_iterable(zip_longest(*self._told.values()))
            chosen = set([text for text in turns if text is not None][:TOLD])
            told = [text for texts in self._told.values() for text in texts if text in chosen]
            raise FolderError(folder, told[:TOLD], self.count)


def meant(given: str, options: Iterable[str]) -> str:
    """'; did you mean …?' where an option is near, else what there is."""
    options = list(options)
    near = {option.casefold(): option for option in options}
    if close := difflib.get_close_matches(given.casefold()[:80], near, n=1):
        return f"; did you mean {near[close[0]]!r}?"
    shown = ", ".join(options[:TOLD]) + (", …" if len(options) > TOLD else "")
    return f"; there is {shown}" if options else ""
