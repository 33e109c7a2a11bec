"""One run as one HTML page: nothing to load, nothing to install, the same bytes for the same result.

Whatever a tool, a server or a model said is text here, never markup: it is escaped, the content security
policy lets only our own script run and lets nothing be fetched, and characters that could hide or reorder
text are replaced.
"""

from __future__ import annotations

from agent.report import footnotes, heatmap
from agent.report.markup import asset, template
from agent.report.page.advice import Advice
from agent.report.page.course import Course
from agent.report.page.head import Head
from agent.report.page.table import Table
from agent.report.page.texts import Room, Texts
from agent.report.palettes import CVD, Palette
from agent.result import ADVICE, RunResult

LIMIT = 150_000
"""Bytes of the largest page."""

# The first that keeps the page within LIMIT is used: previews go first, the answer last.
_ROOMS = (
    Room(text=2000, preview=300, entries=60, columns=30),
    Room(text=2000, preview=120, entries=60, columns=30),
    Room(text=800, preview=60, entries=40, columns=25),
    Room(text=200, preview=40, entries=20, columns=15),
    Room(text=60, preview=20, entries=10, columns=8),
    Room(text=24, preview=16, entries=8, columns=6),
)


def render(result: RunResult, palette: Palette = CVD) -> str:
    """The page of a run, finished or not: at most LIMIT bytes of UTF-8, the same for equal results."""
    style = f"{asset('run.css')}\n{asset('rotation.css')}"
    page_of = template("page.html", style=style, script=asset("page.js"), palette=palette)
    cells, evidence, page = heatmap.heatmap_of(result.figures, result.taxonomy.key), footnotes.evidence_of(result), ""
    for room in _ROOMS:
        texts = Texts(result, room)
        page = page_of.render(
            notice=texts.say(ADVICE),
            say=texts.say,
            texts=texts,
            result=result,
            view=Head(result, cells, texts),
            advice=Advice(result, cells, evidence, texts),
            table=Table(result, cells, texts),
            course=Course(result, evidence, texts),
        )
        if len(page.encode()) <= LIMIT:
            break
    return page
