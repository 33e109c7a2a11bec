"""A text → its sentences, each with its cues and with where its clauses end."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise

from agent.evidence.cells import Figures
from agent.evidence.lexicon import Cue

_SENTENCE = re.compile(
    r"(?:(?<!\bvs)(?<!\bno)(?<!\bca)(?<!\bapprox)(?<!e\.g)(?<!i\.e)(?<!p\.a)[.!?…]+[\"”’)\]]*\s+|\n\s*)", re.IGNORECASE
)
_BREAK = re.compile(r"[;:()\[\]—|]|,(?!\d)|(?<=\s)[–-](?=\s)|(?<!\d),(?=\d)")


class Sentence:
    """`text`: all of the text; `breaks`: where one clause ends and where the next begins."""

    def __init__(self, text: str, start: int, end: int, cues: Sequence[Cue], breaks: Sequence[tuple[int, int]]) -> None:
        self.text, self.start, self.end = text, start, end
        self._cues, self._cue_starts = cues, [cue.start for cue in cues]
        self._breaks, self._break_starts = breaks, [each[0] for each in breaks]
        self.sectors = tuple(dict.fromkeys(str(cue.value) for cue in cues if cue.kind == "entity"))
        self.kinds = frozenset(cue.kind for cue in cues)

    def cues(self, start: int, end: int) -> list[Cue]:
        found = self._cues[bisect_left(self._cue_starts, start) : bisect_left(self._cue_starts, end)]
        return [cue for cue in found if cue.end <= end]

    def breaks(self, start: int, end: int) -> list[tuple[int, int]]:
        found = self._breaks[bisect_left(self._break_starts, start) : bisect_left(self._break_starts, end)]
        return [each for each in found if each[1] <= end]

    def clause_end(self, start: int) -> int:
        at = bisect_left(self._break_starts, start)
        return self._break_starts[at] if at < len(self._breaks) else self.end


def sentences(text: str, figures: Figures) -> tuple[list[Sentence], list[tuple[int, int]]]:
    """Its sentences, and where names stand that hold digits."""
    cues = figures.lexicon.cues(text)
    bounds = [0, *(found.end() for found in _SENTENCE.finditer(text)), len(text)]
    broken = [found.span() for found in _BREAK.finditer(text)] + [cue[:2] for cue in cues if cue.kind == "break"]
    broken.sort()
    found, cue_at, break_at = [], 0, 0
    for start, end in pairwise(bounds):
        first_cue, first_break = cue_at, break_at
        while cue_at < len(cues) and cues[cue_at].start < end:
            cue_at += 1
        while break_at < len(broken) and broken[break_at][0] < end:
            break_at += 1
        found.append(Sentence(text, start, end, cues[first_cue:cue_at], broken[first_break:break_at]))
    names = {
        cue[:2] for cue in cues if cue.kind in ("entity", "topic") and any(map(str.isdigit, text[cue[0] : cue[1]]))
    }
    return found, sorted(names)
