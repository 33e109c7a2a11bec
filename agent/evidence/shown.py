"""What a model was shown, for its numbers to be looked up in: figures that were not cut away, and words in texts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain, pairwise

from agent import data
from agent.evidence.lexicon import vocabulary
from agent.evidence.mentions import is_vietnamese, mentions_of
from agent.figures import Figure
from agent.result import Call, RunResult
from agent.tools.content import unframed

LONGEST_NAME = 5
"""Words of a sector's name at most."""
LONGEST_TEXT = 40_000
"""Characters of a text that is looked through."""
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_NAME = re.compile(r"[\s>*•|-]*([^\W\d_][^\d:|,;()=+%]*?)\s*(?:[:|,;(=+%]|[-–−](?=\s*\d)|(?=\s[+-]?\d)|$)")


def shown(result: RunResult) -> list[Figure]:
    """The figures of a run that its model was shown, and the numbers in texts that are of no table.

    Of a result that was cut, only what its text still holds.
    """
    cut = {call.id: _numbers_in(call.shown) for call in result.calls if call.shown and _is_cut(call.shown)}
    figures = [each for each in result.figures if each.call not in cut or each.value in cut[each.call]]
    read = {each.call for each in result.figures}
    texts = (call for call in result.calls if call.id not in read and not call.is_error and call.data is None)
    return [*figures, *chain.from_iterable(map(_in_text, texts))]


def _is_cut(text: str) -> bool:
    notice = data.words("cut", missing="\0", all="\0").split("\0")
    return all(piece in text for piece in notice)


def _numbers_in(text: str) -> set[float]:
    return {float(number) for number in _NUMBER.findall(text)}


def _in_text(call: Call) -> Iterator[Figure]:
    """Each number of a text: of what its line begins with, where that is a name, and measured as the words before the
    number say, or those behind it where there are none before."""
    text = unframed(call.shown or "")[:LONGEST_TEXT]
    language = "vi" if is_vietnamese(text) else "en"
    for at, line in enumerate(text.splitlines(), 1):
        numbers = [each for each in mentions_of(line, language, []) if each.why is None]
        name, begins = _name_of(line)
        edges = [begins, *chain.from_iterable((each.start, each.end) for each in numbers), len(line)]
        gaps = [line[start:end] for start, end in list(pairwise(edges))[::2]]
        for number, before, behind in zip(numbers, gaps, gaps[1:], strict=False):
            metric = _words(before) or _words(re.split("[,;|]", behind)[0]) or "text"
            yield Figure(
                name, metric, number.value, number.unit.name, None, None, call.offered_as, call.id, f"line {at}"
            )


def _name_of(line: str) -> tuple[str | None, int]:
    """What a line is about, and where that ends: its first words, where they are none of the vocabulary's."""
    found = _NAME.match(line)
    if found is None or len(found[1].split()) > LONGEST_NAME or vocabulary().cues(found[1]):
        return None, 0
    return found[1], found.end()


def _words(text: str) -> str:
    return " ".join(re.findall(r"[^\W\d_]+", text)[-8:])
