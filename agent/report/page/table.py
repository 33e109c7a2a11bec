"""What a run's page shows of its figures: the heatmap, the rotation of sectors, and the figures of no sector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from itertools import groupby
from types import SimpleNamespace

from markupsafe import Markup, escape

from agent.comparison import recommendations_of
from agent.figures import Figure, latest
from agent.report import heatmap, rotation_chart
from agent.report.footnotes import LONGEST_POINTER
from agent.report.heatmap import NO_FIGURE, Cell, Column, Heatmap, detail, label, unit_label
from agent.report.page.texts import Texts
from agent.report.rotation import Rotation, rotation_of
from agent.result import RunResult


class Table:
    def __init__(self, result: RunResult, cells: Heatmap, texts: Texts) -> None:
        self._result, self._heatmap, self._texts, self._say = result, cells, texts, texts.say

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        return self._heatmap.columns[: self._texts.room.columns]

    @property
    def heads(self) -> list[tuple[str, str]]:
        """Name and detail of each column."""
        return [(self._label(each.metric), self._detail(each)) for each in self.columns]

    def _label(self, metric: str) -> str:
        return self._texts.short(self._say(label(metric)))

    def _detail(self, column: Column) -> str:
        told = detail(column.lookback, column.unit, self._say)
        return self._texts.short(told) if told else ""

    @property
    def groups(self) -> list[tuple[str, int]]:
        """Neighbouring columns of one tool: its name and how many they are."""
        tools = groupby(column.tool for column in self.columns)
        return [(self._texts.short(tool), len([*columns])) for tool, columns in tools]

    @cached_property
    def rows(self) -> list[tuple[str, str, str, Markup]]:
        """Key of the sector, its mark, its name, cells."""
        given = recommendations_of(self._result.answer) or ()
        texts = self._texts
        return [
            (row.key, texts.mark(row.key), texts.sector(row.sector), self._cells(row.cells))
            for row, _ in heatmap.framed(self._heatmap, given, texts.room.entries)
        ]

    def _cells(self, cells: Sequence[Cell]) -> Markup:
        """Written here, since a template takes several times as long for hundreds of them."""
        lines = []
        for cell in cells[: self._texts.room.columns]:
            number = f' class="{cell.shade}" data-v="{cell.value}"' if cell.shade else ""
            # What is not escaped is our own: shades, numbers and how they are printed.
            lines.append(f'<td{number} title="{self._origin(cell)}">{cell.text}</td>')
        return Markup("\n".join(lines))

    def _origin(self, cell: Cell) -> str:
        """Where its number stood, escaped."""
        if cell.value is None or cell.source is None:
            return self._no_figure
        pointer = self._texts.text(cell.source.pointer, LONGEST_POINTER)
        return f"{self._whence[cell.source.observed_at, cell.source.call]} {escape(pointer)}".rstrip()

    @cached_property
    def _no_figure(self) -> Markup:
        return escape(self._say("no figure"))

    @cached_property
    def _whence(self) -> dict[tuple[str | None, str], Markup]:
        """Day and call: a few texts for hundreds of cells."""
        places = {(figure.observed_at, figure.call) for figure in self._result.figures}
        return {(day, call): self._told_whence(day, call) for day, call in places}

    def _told_whence(self, day: str | None, call: str) -> Markup:
        number = self._say("call {number}", number=self._texts.numbers.get(call, "?"))
        return escape(f"{self._texts.short(day)} · {number}")

    @cached_property
    def left_out(self) -> str:
        rows, columns = self._texts.more(self._heatmap.rows), len(self._heatmap.columns) - len(self.columns)
        told = [self._say("{count} more rows", count=rows)] if rows else []
        return ", ".join([*told, self._say("{count} more columns", count=columns)] if columns else told)

    @cached_property
    def _rotation(self) -> Rotation | None:
        found = rotation_of(self._result.figures, self._heatmap)
        if found is None:
            return None
        texts = self._texts
        tracks = [replace(each, key=texts.mark(each.key), sector=texts.sector(each.sector)) for each in found.tracks]
        return replace(found, tracks=tuple(tracks))

    @cached_property
    def rotation(self) -> Markup | None:
        return None if self._rotation is None else rotation_chart.svg(self._rotation, self._say)

    @property
    def rotation_basis(self) -> str:
        """What the chart sets against what, and how many sectors it leaves out."""
        assert self._rotation is not None
        return self._texts.text(self._rotation.told(self._say), 300)

    @cached_property
    def market(self) -> list[SimpleNamespace]:
        """Figures of no sector, the newest of each; what stood in one object is one line."""
        loose = [figure for figure in self._result.figures if figure.sector is None and figure.ticker is None]
        newest = latest(loose, heatmap.column_key).values()
        objects = groupby(newest, lambda each: (each.call, each.pointer.rpartition("/")[0]))
        return [self._market_line(*group) for _, group in objects]

    def _market_line(self, first: Figure, *others: Figure) -> SimpleNamespace:
        further = []
        for each in others:
            name = each.metric.removeprefix(first.metric).strip().replace("_", " ")
            unit = each.unit if each.unit != first.unit else None
            further.append(f"{self._say(name)} {self._measured(each, unit, plus=name == 'change')}")
        return SimpleNamespace(
            name=self._label(first.metric),
            value=self._texts.short(self._measured(first, first.unit)),
            lookback=self._texts.short(first.lookback) if first.lookback else "",
            further=self._texts.text(" · ".join(further), 200),
            observed=self._texts.short(first.observed_at),
            tool=self._texts.short(first.tool),
        )

    def _measured(self, figure: Figure, unit: str | None, *, plus: bool = False) -> str:
        """A number in its unit, which one that is missing does not have."""
        value = heatmap.finite(figure)
        if value is None:
            return NO_FIGURE
        number = heatmap.number_text(value, 0 if abs(value) >= 1000 else heatmap.decimals_of(value), plus=plus)
        return f"{number} {self._say(unit_label(unit))}".strip()
