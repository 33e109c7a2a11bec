"""What belongs to what: the best assignment of rows to columns, and the longest common subsequence."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction


def assign(weights: Sequence[Sequence[Fraction]]) -> list[int | None]:
    """Each row's column, or None, such that no column is taken twice and the sum of the weights is greatest.

    `weights`: rows of equal length, none of them negative. The Hungarian method with potentials, which takes the
    rows one after the other: O(rows² · columns). Columns of weight 0 stand in where there are fewer of them than rows.
    """
    rows, real = len(weights), len(weights[0]) if weights else 0
    columns = range(1, max(rows, real) + 1)
    row_of = [0] * (len(columns) + 1)
    of_rows, of_columns = [Fraction(0)] * (rows + 1), [Fraction(0)] * (len(columns) + 1)
    for row in range(1, rows + 1):
        row_of[0], column = row, 0
        slack: dict[int, Fraction] = {}
        before: dict[int, int] = {}
        visited = [0]
        while row_of[column]:
            at = row_of[column]
            for each in (each for each in columns if each not in visited):
                weight = weights[at - 1][each - 1] if each <= real else Fraction(0)
                reduced = -weight - of_rows[at] - of_columns[each]
                if each not in slack or reduced < slack[each]:
                    slack[each], before[each] = reduced, column
            column = min((each for each in columns if each not in visited), key=lambda each: slack[each])
            step = slack[column]
            for each in visited:
                of_rows[row_of[each]] += step
                of_columns[each] -= step
            slack = {each: value - step for each, value in slack.items() if each not in visited}
            visited.append(column)
        while column:
            row_of[column], column = row_of[before[column]], before[column]
    column_of = {row_of[column]: column - 1 for column in columns if column <= real}
    return [column_of.get(row) for row in range(1, rows + 1)]


def common(one: Sequence[str], other: Sequence[str]) -> int:
    """Length of the longest common subsequence."""
    best = [0] * (len(other) + 1)
    for item in one:
        before = best
        best = [0]
        for at, each in enumerate(other):
            best.append(before[at] + 1 if item == each else max(best[at], before[at + 1]))
    return best[-1]
