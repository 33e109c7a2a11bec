"""One run as one SVG that stands alone: no script, no font and no picture from elsewhere, the same bytes for the same
result. Whatever a tool, a server or a model said is text here, never markup.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from markupsafe import escape

from agent.comparison import confidence_text, probability, recommendations_of
from agent.report import drawn_heatmap, rotation_chart
from agent.report.about import horizon_text, reason_text, span_text
from agent.report.heatmap import NO_FIGURE, Heatmap, framed, heatmap_of
from agent.report.lettering import fitted, plain, width, wrapped
from agent.report.markup import asset
from agent.report.names import SectorNames
from agent.report.palettes import CVD, Palette
from agent.report.rotation import rotation_of
from agent.report.svg import Box, glyph, number, rect, text
from agent.report.words import Words, words
from agent.result import ADVICE, SIMULATED, RunResult

WIDTH = 1200
MARGIN = 48
ROOM = WIDTH - 2 * MARGIN
MOST_ADVICE = 24
FONTS = "'Noto Sans','Segoe UI',Roboto,'Helvetica Neue','Liberation Sans',Arial,sans-serif"
_PAPER = {
    "paper": "#ffffff",
    "card": "#ffffff",
    "ink": "#191c20",
    "quiet": "#5b626b",
    "line": "#e2e4e7",
    "bad": "#a3231c",
    "bad-soft": "#fbeeed",
    "tag": "#ffd633",
    "sans": FONTS,
}
_ACROSS = 3
_CARD_HEIGHT, _CARD_GAP = 58.0, 16.0


def draw(result: RunResult, palette: Palette = CVD) -> str:
    """The drawing of a run, finished or not: WIDTH wide, and as high as what it holds."""
    sheet = _Sheet(result, palette)
    sheet.head()
    sheet.failure()
    sheet.advice()
    sheet.heatmap()
    sheet.rotation()
    return sheet.svg()


def _style(palette: Palette) -> str:
    """The classes with their colours written out: not every program that draws knows CSS variables."""
    colours = asdict(palette.light)
    known = _PAPER | {"up": colours["rising"], "down": colours["falling"], "on-fill": colours["ink"]}
    css = f"{asset('drawing.css')}\n{asset('rotation.css')}"
    return re.sub(r"var\(--([\w-]+)\)", lambda match: known[match[1]], css)


class _Sheet:
    """Sections one below another; `y` is where the next one begins."""

    def __init__(self, result: RunResult, palette: Palette) -> None:
        self.result, self.palette = result, palette
        self.say: Words = words(result.language)
        self.names = SectorNames.of(result)
        self.y = 40.0
        self.parts: list[str] = []
        self._table: Heatmap = heatmap_of(result.figures, self.names.taxonomy.key)

    def head(self) -> None:
        """Labels, question, and what the answer is about."""
        x = float(MARGIN)
        labels = [self.say(label) for label in self.result.labels]
        for label in (fitted(plain(each), 400, 13, bold=True) for each in labels):
            wide = (width(label, 13, bold=True) + len(label) * 0.8) + 24
            if x + wide > WIDTH - MARGIN:
                break
            self.parts.append(rect("tag", Box(x, self.y, x + wide, self.y + 28)))
            self.parts.append(text("tag-text", x + 12, self.y + 18.5, label))
            x += wide + 10
        self.y += 66 if labels else 22
        question = plain(self.result.question) or self.say("A run without a question")
        for line in wrapped(question, ROOM, 27, most=3, bold=True):
            self.parts.append(text("title", MARGIN, self.y, line))
            self.y += 36
        x = float(MARGIN)
        for name, fact in self._facts():
            said = fitted(plain(fact), 400, 14)
            wide = max(width(said, 14, bold=True), width(name, 12))
            if x + wide > WIDTH - MARGIN:
                break
            self.parts.append(text("quiet small", x, self.y, name))
            self.parts.append(text("strong", x, self.y + 18, said))
            x += wide + 40
        self.y += 60

    def _facts(self) -> Iterator[tuple[str, str]]:
        yield self.say("As of"), self.result.as_of or self.say("not set")
        yield self.say("Data observed"), span_text(self.result.observed, self.say) or self.say("no dated figures")
        if horizon := horizon_text(self.result, self.say):
            yield self.say("Horizon"), horizon
        yield self.say("Model"), self.result.model or NO_FIGURE
        yield self.say("Agent"), self.result.agent_name or NO_FIGURE

    def failure(self) -> None:
        if self.result.ok:
            return
        reason = wrapped(plain(reason_text(self.result, self.say)), ROOM - 48, 13, most=4)
        high = 46 + 19 * len(reason)
        self.parts.append(rect("bad-soft", Box(MARGIN, self.y, WIDTH - MARGIN, self.y + high)))
        self.parts.append(rect("bad", Box(MARGIN, self.y, MARGIN + 4, self.y + high)))
        self.parts.append(text("heading bad", MARGIN + 24, self.y + 30, self.say("There is no valid answer")))
        for at, line in enumerate(reason):
            self.parts.append(text("reason", MARGIN + 24, self.y + 53 + 19 * at, line))
        self.y += high + 40

    def advice(self) -> None:
        given = recommendations_of(self.result.answer)
        if not given:
            return
        self.heading("Recommendations")
        wide = (ROOM - (_ACROSS - 1) * _CARD_GAP) / _ACROSS
        for at, each in enumerate(given[:MOST_ADVICE]):
            line, place = divmod(at, _ACROSS)
            x, y = MARGIN + place * (wide + _CARD_GAP), self.y + line * (_CARD_HEIGHT + _CARD_GAP)
            self.parts += self._card(each, x, y, wide)
        lines = -(-len(given[:MOST_ADVICE]) // _ACROSS)
        self.y += lines * (_CARD_HEIGHT + _CARD_GAP)
        if len(given) > MOST_ADVICE:
            self.note(self.say("Not shown: {what}.", what=len(given) - MOST_ADVICE))
        self.y += 30

    def _card(self, given: Mapping[str, Any], x: float, y: float, wide: float) -> Iterator[str]:
        action, confidence = plain(given.get("action", NO_FIGURE)), given.get("confidence_score")
        share, told = probability(confidence), plain(confidence_text(confidence))
        sector = plain(self.names(str(given.get("sector_name", NO_FIGURE))))
        said = fitted(f"{self.say(action)} · {told}", wide - 50, 13)
        yield rect("frame", Box(x, y, x + wide, y + _CARD_HEIGHT))
        yield glyph(action, x + 20, y + 20)
        yield text("sector-name", x + 36, y + 25, fitted(sector, wide - 48, 14.5, bold=True))
        yield text("quiet", x + 36, y + 44, said)
        if share is not None:
            start, end = x + 36 + width(said, 13) + 14, x + wide - 16
            if end - start > 30:
                yield rect("track", Box(start, y + 37, end, y + 42))
                yield rect("share", Box(start, y + 37, start + (end - start) * share, y + 42))

    def heatmap(self) -> None:
        self.heading("Sector heatmap")
        if not self._table.rows:
            self.note(self.say("No tool of this run delivered a figure for a sector."))
            self.y += 30
            return
        advised = recommendations_of(self.result.answer) or () if self.result.ok else ()
        rows = framed(self._table, advised, drawn_heatmap.MOST_ROWS)
        manner = drawn_heatmap.Manner(self.palette, self.say, self.names)
        drawn = drawn_heatmap.draw(self._table, rows, manner, MARGIN, self.y, ROOM)
        self.parts += drawn.parts
        self.y = drawn.bottom + 52

    def rotation(self) -> None:
        found = rotation_of(self.result.figures, self._table)
        if found is None:
            return
        self.heading("Relative rotation")
        self.note(plain(found.told(self.say)))
        left = (WIDTH - rotation_chart.WIDTH) / 2
        body = rotation_chart.body(found, self.say, self.names)
        self.parts.append(f'<g class="rotation" transform="translate({number(left)} {number(self.y)})">\n{body}\n</g>')
        self.y += rotation_chart.HEIGHT + 4
        self.note(self.say("Filled: ahead and gaining, or behind and losing. Hollow: turning."))
        self.y += 10

    def heading(self, words: str) -> None:
        self.parts.append(text("heading", MARGIN, self.y, self.say(words)))
        self.y += 22

    def note(self, said: str) -> None:
        for line in wrapped(said, ROOM, 12.5, most=2):
            self.y += 4
            self.parts.append(text("note", MARGIN, self.y, line))
            self.y += 16

    def svg(self) -> str:
        """All of it, with the notice at its foot, and the mark of simulated data across it."""
        self.y += 24
        foot = text("strong", MARGIN, self.y, self.say(ADVICE))
        run = text("quiet small", WIDTH - MARGIN, self.y, plain(self.result.run_id), "end")
        high = number(self.y + 36)
        title = escape(plain(self.result.question) or "Sector Advisor")
        head = [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="drawing" width="{WIDTH}" height="{high}" '
            f'viewBox="0 0 {WIDTH} {high}" role="img">',
            f"<title>{title}</title>",
            f"<style>{_style(self.palette)}</style>",
            f'<rect class="paper" width="{WIDTH}" height="{high}"/>',
        ]
        return "\n".join([*head, *self.parts, *self._watermarks(), foot, run, "</svg>"]) + "\n"

    def _watermarks(self) -> Iterator[str]:
        """So many that each part that somebody cuts out has one."""
        if SIMULATED in self.result.labels:
            for y in range(360, max(int(self.y) - 160, 361), 520):
                turn = f"translate({WIDTH // 2} {y}) rotate(-18)"
                yield f'<text class="watermark" transform="{turn}" text-anchor="middle">{self.say("SIMULATED")}</text>'
