"""What is wrong with somebody's files: gathered from all of them, and told at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, zip_longest
from typing import NamedTuple

TOLD = 12
"""How many lines are told; the rest is counted."""
FEW = 3
"""Problems of one kind in one column that are told each by itself; of more, the first."""
KEPT = 100_000
"""How many problems are kept, for whoever reads them as JSON; the rest is counted."""


class Problem(NamedTuple):
    file: str
    line: int | None
    column: str
    message: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return ": ".join(filter(None, (place, self.column, self.message)))


class FolderError(ValueError):
    """A folder that cannot be served. `lines` are told; `problems` are those that were kept, `count` is of all."""

    def __init__(self, folder: object, lines: list[str], problems: list[Problem], count: int) -> None:
        said = f"{count:,} problems" if count > 1 else "a problem"
        super().__init__("\n  ".join([f"{said} with the data in {folder}:", *lines]))
        self.lines = lines
        self.problems = problems
        self.count = count


@dataclass
class _Kind:
    """Problems alike of one column: the first few, and how many there are."""

    first: list[Problem] = field(default_factory=list)
    count: int = 0

    def lines(self) -> list[tuple[str, int]]:
        """What is told of it, and of how many problems each line tells."""
        if self.count <= FEW:
            return [(str(each), 1) for each in self.first]
        file, line, column, message = self.first[0]
        where = "the first" if line is None else f"first at line {line}"
        return [(": ".join(filter(None, (file, column, f"{self.count:,} times, {where}", message))), self.count)]


class Problems:
    """A collection that stays small, however much is wrong."""

    def __init__(self) -> None:
        self.count = 0
        self._kept: list[Problem] = []
        self._kinds: dict[tuple[str, str], dict[str, _Kind]] = {}

    def add(self, file: str, text: str, *, line: int | None = None, column: str = "", kind: str = "") -> None:
        """kind: what problems of one systematic mistake have in common; without it, each is told by itself."""
        problem = Problem(file, line, column, text)
        same = self._kinds.setdefault((file, column), {}).setdefault(kind or text, _Kind())
        self.count += 1
        same.count += 1
        if same.count <= FEW:
            same.first.append(problem)
        if self.count <= KEPT:
            self._kept.append(problem)

    def of(self, file: str) -> bool:
        """Whether the file has any."""
        return any(name == file for name, _ in self._kinds)

    def require_none(self, folder: object) -> None:
        """Raises FolderError."""
        if self.count:
            told = list(self._told())
            rest = self.count - sum(count for _, count in told)
            lines = [line for line, _ in told] + ([f"and {rest:,} more"] if rest else [])
            raise FolderError(folder, lines, self._kept, self.count)

    def _told(self) -> Iterator[tuple[str, int]]:
        """Each column has its turn, so that one with many problems does not hide the others."""
        columns = [list(chain.from_iterable(kind.lines() for kind in kinds.values())) for kinds in self._kinds.values()]
        turns = [each for each in chain.from_iterable(zip_longest(*columns)) if each is not None]
        chosen = set(turns[:TOLD])
        return (each for column in columns for each in column if each in chosen)


def meant(given: str, options: Iterable[str]) -> str:
    """'; did you mean …?' where an option is near, else what there is."""
    options = list(options)
    near = {option.casefold(): option for option in options}
    if close := difflib.get_close_matches(given.casefold()[:80], near, n=1):
        return f"; did you mean {near[close[0]]!r}?"
    shown = ", ".join(options[:TOLD]) + (", …" if len(options) > TOLD else "")
    return f"; there is {shown}" if options else ""
