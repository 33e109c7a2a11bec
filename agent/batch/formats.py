"""A jobs file as YAML, JSON, JSON Lines or CSV → one mapping as a batch file has it, and where each value stands."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

from agent import source
from agent.errors import SpecError
from agent.source import Address, Position, Source

HINT = "nothing was started; correct this and run the command again"
MAPPINGS = (".yaml", ".yml", ".json", ".json5")
LINES = (".jsonl", ".ndjson")
JOB_COLUMNS = ("id", "question", "as_of", "agent", "model")
_CELL = re.compile(r'(?:"(?:[^"]|"")*")?[^,]*(?:,|\Z)')

Cell: TypeAlias = tuple[str, Position]


def refused(problems: list[str]) -> SpecError:
    """At the place of the first problem."""
    return SpecError(problems, where=problems[0].partition(": ")[0], hint=HINT)


def read(path: Path) -> Source:
    """The value is a mapping; jobs of a bare list, of JSON Lines and of CSV stand under its `jobs`.

    Raises SpecError: with every bad line of JSON Lines or CSV, or with the first problem of YAML or JSON.
    """
    name = str(path)
    if path.suffix not in (*MAPPINGS, *LINES, ".csv"):
        raise refused([f"{name}: a jobs file ends in {', '.join((*MAPPINGS, *LINES))} or .csv"])
    text = source.text_of(path, hint=HINT)
    if path.suffix == ".csv":
        return _of_csv(text, name)
    return _of_lines(text, name) if path.suffix in LINES else _of_mapping(text, name)


def _of_mapping(text: str, name: str) -> Source:
    try:
        given = source.read_text(text, name)
    except SpecError as error:
        raise refused(error.problems) from None
    if isinstance(given.value, dict):
        return given
    if not isinstance(given.value, list):
        raise refused([f"{given.where(())}: a jobs file is a mapping of keys, or a list of jobs"])
    bare = Source(name, {"jobs": given.value}, {(): given.positions[()]})
    _place(given, bare, ("jobs",))
    return bare


def _of_lines(text: str, name: str) -> Source:
    jobs: list[object] = []
    all_lines = Source(name, {"jobs": jobs})
    problems = []
    for before, line in enumerate(text.split("\n")):
        if not line.strip():
            continue
        try:
            given = source.read_text(line, name)
        except SpecError as error:
            problems += [_moved(problem, name, before) for problem in error.problems]
            continue
        _place(given, all_lines, ("jobs", len(jobs)), before)
        jobs.append(given.value)
    if problems:
        raise refused(problems)
    return all_lines


def _moved(problem: str, name: str, lines: int) -> str:
    """A problem of a line that was read alone, told at the line's own place."""
    line, rest = problem.removeprefix(f"{name}:").split(":", 1)
    return f"{name}:{int(line) + lines}:{rest}"


def _place(part: Source, whole: Source, at: Address, lines: int = 0) -> None:
    """Add a part's positions to the whole, which has the part at `at`, and `lines` lines before it."""
    for here, there in ((part.positions, whole.positions), (part.keys, whole.keys)):
        there.update({(*at, *address): (line + lines, column) for address, (line, column) in here.items()})


def _of_csv(text: str, name: str) -> Source:
    """The first record names the columns; those that are no key of a job are its vars. An empty cell says nothing."""
    jobs: list[dict[str, object]] = []
    table = Source(name, {"jobs": jobs})
    records = _records(text, name)
    header = next(records, [])
    columns = [column for column, _ in header]
    if len(columns) == 1 and ";" in columns[0]:
        raise refused([f"{name}:1:1: the cells are separated by ';': save the table with commas"])
    problems = [
        f"{name}:{line}:{at}: {column}: this column stands there already"
        for index, (column, (line, at)) in enumerate(header)
        if column and column in columns[:index]
    ]
    for cells in records:
        given = [(columns[index] if index < len(columns) else "", *cell) for index, cell in enumerate(cells) if cell[0]]
        problems += [
            f"{name}:{line}:{at}: {cell!r} stands in a column without a name"
            for column, cell, (line, at) in given
            if not column
        ]
        _add_row(table, jobs, given)
    if problems:
        raise refused(problems)
    return table


def _add_row(table: Source, jobs: list[dict[str, object]], cells: list[tuple[str, str, Position]]) -> None:
    """`cells`: (column, text, position)."""
    job: Address = ("jobs", len(jobs))
    table.positions[job] = (cells[0][2][0], 1)
    for column, _, position in cells:
        address = (*job, column) if column in JOB_COLUMNS else (*job, "vars", column)
        table.positions[address] = table.keys[address] = position
    variables = {column: text for column, text, _ in cells if column not in JOB_COLUMNS}
    given = {column: text for column, text, _ in cells if column in JOB_COLUMNS}
    jobs.append(given | ({"vars": variables} if variables else {}))


def _records(text: str, name: str) -> Iterator[list[Cell]]:
    """The records that are not empty: their cells, without the blanks around them, and where they begin."""
    lines = list(io.StringIO(text))
    reader = csv.reader(lines, strict=True)
    before = 0
    try:
        for record in reader:
            starts = _starts("".join(lines[before : reader.line_num]))
            cells = [
                (cell.strip(), (before + line, column)) for cell, (line, column) in zip(record, starts, strict=False)
            ]
            if any(cell for cell, _ in cells):
                yield cells
            before = reader.line_num
    except csv.Error as error:
        raise refused([f"{name}:{before + 1}:1: not CSV: {error}"]) from None


def _starts(record: str) -> Iterator[Position]:
    """Where the cells of a record begin, in its own lines and columns."""
    for found in _CELL.finditer(record):
        before = record[: found.start()]
        yield before.count("\n") + 1, len(before) - before.rfind("\n")
