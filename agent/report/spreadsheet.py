"""A run as CSV (RFC 4180, UTF-8): a line for each sector, with what is recommended for it and its figures.

Headings of figures are `tool.metric.lookback.unit`; what is not known of them is empty between its dots.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any

from agent.comparison import recommendations_of
from agent.report.heatmap import Column, heatmap_of
from agent.report.markup import cleaned
from agent.result import RunResult

HEAD = ("sector", "action", "confidence", "rationale", "as_of", "run", "labels")
_FORMULA = tuple("=+-@＝＋－＠")
"""What makes a formula of a text in spreadsheets; some leave out blanks before it, and a tab before anything."""


def table(result: RunResult) -> str:
    """Recommended sectors first, in the order of the answer, then the others that have figures."""
    heatmap = heatmap_of(result.figures, result.taxonomy.key)
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\r\n")
    writer.writerow([*HEAD, *(cell(_heading(column)) for column in heatmap.columns)])
    about = [cell(each) for each in (result.as_of or "", result.run_id, "; ".join(result.labels))]
    figures = {row.key: ["" if cell.value is None else cell.value for cell in row.cells] for row in heatmap.rows}
    none = [""] * len(heatmap.columns)
    advised = recommendations_of(result.answer) or []
    named = [heatmap.key_of(str(given.get("sector_name", ""))) for given in advised]
    for key, given in zip(named, advised, strict=True):
        writer.writerow([*_advice(given), *about, *figures.get(key, none)])
    for row in heatmap.rows:
        if row.key not in named:
            writer.writerow([cell(row.sector), "", "", "", *about, *figures[row.key]])
    return lines.getvalue()


def _heading(column: Column) -> str:
    return ".".join((column.tool, column.metric, column.lookback or "", column.unit or ""))


def _advice(given: Mapping[str, Any]) -> Iterator[str | float]:
    for key in ("sector_name", "action", "confidence_score", "rationale"):
        yield cell(given.get(key, ""))


def cell(value: Any) -> str | float:
    """A number as it is, and else a text that is no formula in any spreadsheet, whatever a server or a model wrote."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    text = cleaned("" if value is None else str(value))
    return f"'{text}" if text.startswith("\t") or text.lstrip().startswith(_FORMULA) else text
